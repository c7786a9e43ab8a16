"""What people enter about goods and stock."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.models import HoldKind
from inventory.models.goods import ParcelRuleChoice
from inventory.services.catalogue import SkuInput

UNITS_MOST = 2**31 - 1
CODE_LONGEST = 64

TEXT = {"required": gettext_lazy("要填。"), "max_length": gettext_lazy("太长，最多 %(limit_value)d 个字。")}
WHOLE = {
    "required": gettext_lazy("要填。"),
    "invalid": gettext_lazy("要填整数。"),
    "min_value": gettext_lazy("不能小于 %(limit_value)s。"),
    "max_value": gettext_lazy("不能大于 %(limit_value)s。"),
}
DATE = {"invalid": gettext_lazy("不是日期，比如 2028-04-01。")}
CHOICE = {"required": gettext_lazy("要选一个。"), "invalid_choice": gettext_lazy("没有这个选项，重新选。")}


def refuse_control_characters(text: str) -> None:
    """A code is typed, scanned or pasted; what cannot be seen must not be kept in it."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise forms.ValidationError(_("里面有看不见的字符，重新输入一遍。"))


class HoldForm(forms.Form):
    """Stop one lot, for a reason that whoever meets it can read."""

    lot = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("批次"), coerce=int)
    kind = forms.ChoiceField(
        error_messages=CHOICE,
        label=gettext_lazy("为什么停"),
        choices=[
            (HoldKind.HELD.value, gettext_lazy("冻结")),
            (HoldKind.QUARANTINE.value, gettext_lazy("待检")),
        ],
    )
    reason = forms.CharField(error_messages=TEXT, label=gettext_lazy("原因"), max_length=300)
    document = forms.CharField(error_messages=TEXT, label=gettext_lazy("单据"), max_length=60, required=False)


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


class ReceiptForm(forms.Form):
    """The head of a delivery.  The same delivery note twice is received once."""

    facility = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("收进哪里"), coerce=int)
    reference = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("到货单号"),
        max_length=60,
        help_text=gettext_lazy("同一个单号只收一次，重复提交不会多收。"),
    )
    supplier = forms.CharField(
        error_messages=TEXT, label=gettext_lazy("供应商"), max_length=100, required=False
    )


class ReceiptLineForm(forms.Form):
    """One line: units of one lot into one bin.  Either date will do when the SKU's shelf life is known."""

    goods = forms.CharField(
        error_messages=TEXT, label=gettext_lazy("编码或条码"), max_length=CODE_LONGEST, required=False
    )
    lot = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("批次"),
        max_length=40,
        required=False,
        validators=[refuse_control_characters],
    )
    produced_on = forms.DateField(
        error_messages=DATE,
        label=gettext_lazy("生产日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    expires_on = forms.DateField(
        error_messages=DATE,
        label=gettext_lazy("到期日"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    quantity = forms.IntegerField(
        error_messages=WHOLE, label=gettext_lazy("数量"), min_value=1, max_value=UNITS_MOST, required=False
    )
    bin = forms.CharField(error_messages=TEXT, label=gettext_lazy("货位"), max_length=32, required=False)

    def is_blank(self) -> bool:
        """An untouched line is no line."""
        return not any(str(self.data.get(self.add_prefix(name), "")).strip() for name in self.fields)

    def clean_expires_on(self) -> date | None:
        expires, produced = self.cleaned_data.get("expires_on"), self.cleaned_data.get("produced_on")
        if expires and produced and expires < produced:
            raise forms.ValidationError(_("到期日在生产日期前面。"))
        return expires


ReceiptLines = forms.formset_factory(ReceiptLineForm, extra=1, max_num=200, absolute_max=200)
