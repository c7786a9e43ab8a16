"""What people enter about goods."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import CHOICE, CODE_LONGEST, TEXT, UNITS_MOST, WHOLE, refuse_control_characters
from inventory.models.goods import ParcelRuleChoice
from inventory.services.catalogue import SkuInput


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
    unit = forms.CharField(error_messages=TEXT, label=gettext_lazy("单位"), max_length=8, initial="件")
    barcodes = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("条码"),
        required=False,
        help_text=gettext_lazy("几个都行，用空格或换行隔开。"),
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
    shelf_life_days = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("保质期（天）"),
        min_value=1,
        max_value=36_500,
        required=False,
    )
    min_remaining_days = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("发货时至少还剩（天）"),
        min_value=0,
        max_value=36_500,
        required=False,
        help_text=gettext_lazy("少于这么多天的批次不卖。"),
    )

    def __init__(
        self, *args: Any, taken: Mapping[str, str] | None = None, is_new: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.taken = dict(taken or {})  # barcode -> code of the SKU that has it
        self.is_new = is_new
        if not is_new:
            self.fields["code"].disabled = True

    def barcode_list(self) -> Sequence[str]:
        return tuple(dict.fromkeys(str(self.data.get(self.add_prefix("barcodes"), "")).split()))

    def clean_barcodes(self) -> Sequence[str]:
        found = self.barcode_list()
        for code in found:
            refuse_control_characters(code)
            if len(code) > CODE_LONGEST:
                raise forms.ValidationError(_("条码 %(code)s… 太长，最多 64 个字。") % {"code": code[:20]})
            if code in self.taken:
                raise forms.ValidationError(
                    _("条码 %(code)s 已经是 %(sku)s 的了。") % {"code": code, "sku": self.taken[code]}
                )
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        sizes = [data.get(name) for name in ("length_mm", "width_mm", "height_mm")]
        if any(sizes) and not all(sizes):
            self.add_error("length_mm", _("长、宽、高要么都填，要么都空着。"))
        if data.get("parcel_rule") == ParcelRuleChoice.CASE_PACK and not data.get("case_quantity"):
            self.add_error("case_quantity", _("按箱规发的商品，要填每箱几件。"))
        return data

    def sku(self) -> SkuInput:
        """The values of a valid form."""
        data = self.cleaned_data
        size = data["length_mm"], data["width_mm"], data["height_mm"]
        return SkuInput(
            code=data["code"],
            name=data["name"],
            weight_g=data["weight_g"],
            size_mm=size if all(size) else None,
            parcel_rule=data["parcel_rule"],
            case_quantity=data["case_quantity"],
            shelf_life_days=data["shelf_life_days"],
            min_remaining_days=data["min_remaining_days"] or 0,
            unit=data["unit"],
            barcodes=tuple(data["barcodes"]),
        )
