"""What people enter when goods come in."""

from datetime import date

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import CHOICE, CODE_LONGEST, DATE, TEXT, WHOLE, refuse_control_characters
from inventory.models import UNITS_MOST


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
    supplier_lot = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("供应商批号"),
        max_length=40,
        required=False,
        validators=[refuse_control_characters],
    )
    quantity = forms.IntegerField(
        error_messages=WHOLE, label=gettext_lazy("数量"), min_value=1, max_value=UNITS_MOST, required=False
    )
    bin = forms.CharField(error_messages=TEXT, label=gettext_lazy("货位"), max_length=32, required=False)

    def is_blank(self) -> bool:
        """An untouched line is no line."""
        names = [name for name in self.fields if name != "bin"]  # copied from the line before
        return not any(str(self.data.get(self.add_prefix(name), "")).strip() for name in names)

    def clean_expires_on(self) -> date | None:
        expires, produced = self.cleaned_data.get("expires_on"), self.cleaned_data.get("produced_on")
        if expires and produced and expires < produced:
            raise forms.ValidationError(_("到期日在生产日期前面。"))
        return expires


ReceiptLines = forms.formset_factory(ReceiptLineForm, extra=1, max_num=200, absolute_max=200)
