"""What people enter about transfers."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import CHOICE, TEXT


class TransferForm(forms.Form):
    """The head of a transfer."""

    from_facility = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("从哪里"), coerce=int)
    to_facility = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("到哪里"), coerce=int)
    note = forms.CharField(error_messages=TEXT, label=gettext_lazy("备注"), max_length=200, required=False)
    paper = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_to_facility(self) -> int:
        to_facility = int(self.cleaned_data["to_facility"])
        if to_facility == self.cleaned_data.get("from_facility"):
            raise forms.ValidationError(_("从哪里和到哪里是同一个仓库。"))
        return to_facility


class ArriveForm(forms.Form):
    """What came off the road goes into one bin; what is lost has a reason.  `seen`: units settled when the page was shown."""

    bin = forms.CharField(error_messages=TEXT, label=gettext_lazy("放进货位"), max_length=32, required=False)
    reason = forms.CharField(
        error_messages=TEXT, label=gettext_lazy("丢了的原因"), max_length=200, required=False
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
