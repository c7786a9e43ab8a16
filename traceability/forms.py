"""What people enter on the worst day of the year."""

from django import forms
from django.utils.translation import gettext_lazy

from inventory.forms import TEXT


class HoldRestForm(forms.Form):
    """Why what is left of a lot must not move any more."""

    document = forms.CharField(error_messages=TEXT, label=gettext_lazy("召回单号"), max_length=60)
    reason = forms.CharField(error_messages=TEXT, label=gettext_lazy("原因"), max_length=300)
