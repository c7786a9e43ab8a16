"""What people enter to put a lot's dates right."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import DATE, TEXT, refuse_control_characters
from inventory.rules import expiry


class LotDatesForm(forms.Form):
    """What is true of a lot, and how it came that something else was written."""

    produced_on = forms.DateField(
        error_messages=DATE,
        label=gettext_lazy("生产日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("空着：不知道。"),
    )
    expires_on = forms.DateField(
        error_messages=DATE,
        label=gettext_lazy("到期日"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("空着：不过期。"),
    )
    supplier_lot = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("供应商批号"),
        max_length=40,
        required=False,
        validators=[refuse_control_characters],
    )
    reason = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("为什么改"),
        max_length=300,
        validators=[refuse_control_characters],
        help_text=gettext_lazy("比如：收货时看错了年份。"),
    )

    def clean(self) -> dict[str, Any] | None:
        known = self.cleaned_data
        if not expiry.is_possible(known.get("produced_on"), known.get("expires_on")):
            self.add_error("expires_on", _("到期日在生产日期前面。"))
        return known
