"""What people enter about goods."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import DecimalValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import CHOICE, CODE_LONGEST, MONEY, TEXT, WHOLE, refuse_control_characters
from inventory.models import UNITS_MOST
from inventory.models.goods import LotOrder, ParcelRuleChoice, Tracking
from inventory.rules.goods_table import BARCODES_MOST, read_barcodes
from inventory.rules.table_diff import Mistake
from inventory.services.catalogue import Kept, SkuInput


class SkuForm(forms.Form):
    """A SKU.  What is not known stays empty: empty is unknown, and a rule that needs it says so."""

    code = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("商家编码"),
        max_length=CODE_LONGEST,
        help_text=gettext_lazy("和店铺里的一样，建好后不能改。"),
        validators=[refuse_control_characters],
    )
    name = forms.CharField(error_messages=TEXT, label=gettext_lazy("名称"), max_length=200)
    spec = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("规格"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("和同款的区别，比如“红色 L”。"),
        validators=[refuse_control_characters],
    )
    product = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("产品编码"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("同一款的几个规格填同一个产品。先在“产品”里建。"),
    )
    category = forms.TypedChoiceField(
        error_messages=CHOICE, label=gettext_lazy("分类"), coerce=int, empty_value=None, required=False
    )
    unit = forms.CharField(error_messages=TEXT, label=gettext_lazy("单位"), max_length=8, initial="件")
    barcodes = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("条码"),
        required=False,
        help_text=gettext_lazy("几个都行，用空格或换行隔开。一扫是几件的，写成 条码*12。去掉的就不认了。"),
        widget=forms.Textarea(attrs={"rows": 2, "data-scan-field": ""}),
    )
    weight_g = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("重量（g）"),
        min_value=1,
        max_value=UNITS_MOST,
        required=False,
        help_text=gettext_lazy("不知道就空着，别填 0。"),
    )
    length_mm = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("长（mm）"),
        min_value=1,
        max_value=UNITS_MOST,
        required=False,
    )
    width_mm = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("宽（mm）"),
        min_value=1,
        max_value=UNITS_MOST,
        required=False,
    )
    height_mm = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("高（mm）"),
        min_value=1,
        max_value=UNITS_MOST,
        required=False,
    )
    parcel_rule = forms.TypedChoiceField(
        error_messages=CHOICE,
        label=gettext_lazy("大件规则"),
        coerce=int,
        choices=ParcelRuleChoice.choices,
        initial=ParcelRuleChoice.NORMAL,
    )
    case_quantity = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("每箱件数"),
        min_value=2,
        max_value=UNITS_MOST,
        required=False,
        help_text=gettext_lazy("只有“按箱规”要填。"),
    )
    tracking = forms.TypedChoiceField(
        error_messages=CHOICE,
        label=gettext_lazy("批次管理"),
        coerce=int,
        choices=Tracking.choices,
        initial=Tracking.LOT,
        required=False,
        help_text=gettext_lazy("有库存时不能改。"),
    )
    lot_order = forms.TypedChoiceField(
        error_messages=CHOICE,
        label=gettext_lazy("出库顺序"),
        coerce=int,
        choices=LotOrder.choices,
        initial=LotOrder.FEFO,
        required=False,
    )
    one_lot_per_parcel = forms.BooleanField(label=gettext_lazy("一个包裹里只放一个批次"), required=False)
    shipping_class = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("运输类别"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("比如“冷链”。类别不同的不装一个包裹。"),
        validators=[refuse_control_characters],
    )
    shelf_life_days = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("保质期（天）"),
        min_value=1,
        max_value=36_500,
        required=False,
    )
    shelf_life_months = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("保质期（月）"),
        min_value=1,
        max_value=1_200,
        required=False,
        help_text=gettext_lazy("按天或按月，只填一个。"),
    )
    min_remaining_days = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("发货时至少还剩（天）"),
        min_value=0,
        max_value=36_500,
        required=False,
        help_text=gettext_lazy("少于这么多天的批次不卖。"),
    )

    cost = forms.DecimalField(
        error_messages=MONEY,
        label=gettext_lazy("成本"),
        min_value=0,
        max_digits=15,
        required=False,
        help_text=gettext_lazy("一件的进价，不知道就空着。"),
    )

    def __init__(
        self,
        *args: Any,
        taken: Mapping[str, str] | None = None,
        is_new: bool = True,
        categories: Sequence[tuple[int, str]] = (),
        money_digits: int | None = None,
        **kwargs: Any,
    ) -> None:
        """`taken`: barcode → code of the SKU that has it; `money_digits`: None for who may not see costs."""
        super().__init__(*args, **kwargs)
        self.taken = dict(taken or {})
        self.is_new = is_new
        self.fields["category"].choices = [("", "—"), *categories]  # type: ignore[attr-defined]
        if money_digits is None:
            del self.fields["cost"]
        else:
            self.fields["cost"].decimal_places = money_digits  # type: ignore[attr-defined]
            self.fields["cost"].validators.append(DecimalValidator(15, money_digits))
        self.money_digits = money_digits
        if not is_new:
            self.fields["code"].disabled = True

    def barcode_list(self) -> Sequence[str]:
        """The barcodes of the post, without their units."""
        pieces = str(self.data.get(self.add_prefix("barcodes"), "")).split()
        return tuple(dict.fromkeys(piece.replace("×", "*").partition("*")[0] for piece in pieces))

    def clean_barcodes(self) -> Sequence[tuple[str, int]]:
        for code in self.barcode_list():
            refuse_control_characters(code)
            if len(code) > CODE_LONGEST:
                raise forms.ValidationError(_("条码 %(code)s… 太长，最多 64 个字。") % {"code": code[:20]})
            if code in self.taken:
                raise forms.ValidationError(
                    _("条码 %(code)s 已经是 %(sku)s 的了。") % {"code": code, "sku": self.taken[code]}
                )
        found = read_barcodes(str(self.data.get(self.add_prefix("barcodes"), "")))
        if found == Mistake.BARCODE_TWICE:
            raise forms.ValidationError(_("有条码写了两遍。"))
        if found == Mistake.TOO_LONG:
            raise forms.ValidationError(_("条码最多 %(n)d 个。") % {"n": BARCODES_MOST})
        if isinstance(found, Mistake):
            raise forms.ValidationError(_("条码写成 6901234567892，或 6901234567892*12。"))
        return [(code, units) for code, units in found]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        sizes = [data.get(name) for name in ("length_mm", "width_mm", "height_mm")]
        if any(sizes) and not all(sizes):
            self.add_error("length_mm", _("长、宽、高要么都填，要么都空着。"))
        if data.get("parcel_rule") == ParcelRuleChoice.CASE_PACK and not data.get("case_quantity"):
            self.add_error("case_quantity", _("按箱规发的商品，要填每箱几件。"))
        if data.get("shelf_life_days") and data.get("shelf_life_months"):
            self.add_error("shelf_life_months", _("按天或按月，只填一个。"))
        return data

    def sku(self, product_id: int | None) -> SkuInput:
        """The values of a valid form."""
        data = self.cleaned_data
        size = data["length_mm"], data["width_mm"], data["height_mm"]
        cost = data.get("cost")
        return SkuInput(
            code=data["code"],
            name=data["name"],
            weight_g=data["weight_g"],
            size_mm=size if all(size) else None,
            parcel_rule=data["parcel_rule"],
            case_quantity=data["case_quantity"],
            shipping_class=data["shipping_class"],
            shelf_life_days=data["shelf_life_days"],
            min_remaining_days=data["min_remaining_days"] or 0,
            unit=data["unit"],
            barcodes=tuple(data["barcodes"]),
            shelf_life_months=data["shelf_life_months"],
            spec=data["spec"],
            product_id=product_id,
            category_id=data["category"],
            tracking=Tracking.LOT if data["tracking"] == "" else data["tracking"],
            lot_order=LotOrder.FEFO if data["lot_order"] == "" else data["lot_order"],
            one_lot_per_parcel=data["one_lot_per_parcel"],
            cost_minor=Kept.KEPT if self.money_digits is None else _minor(cost, self.money_digits),
        )


def _minor(cost: Decimal | None, digits: int) -> int | None:
    return None if cost is None else int(cost.scaleb(digits))
