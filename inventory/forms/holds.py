"""What people enter to stop stock."""

from django import forms
from django.utils.translation import gettext_lazy

from inventory.forms.words import CHOICE, TEXT
from inventory.models import HoldKind


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
