"""What people enter on the floor."""

from django import forms
from django.utils.translation import gettext_lazy

from core.api.fields import MAX_ID
from inventory.forms import CHOICE, WHOLE
from inventory.models import UNITS_MOST

RELEASE_MOST = 500  # parcels at once: ten carts, and one short transaction


class ReleaseForm(forms.Form):
    """Send parcels to the floor, the most urgent first."""

    facility = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("仓库"), coerce=int)
    parcels = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("多少个包裹"),
        min_value=1,
        max_value=RELEASE_MOST,
        initial=50,
    )


class ScanForm(forms.Form):
    """One scan for one instruction.  `scan` is made by the device, so that a repeat can be told from a second scan."""

    allocation = forms.IntegerField(min_value=1, max_value=MAX_ID)
    text = forms.CharField(max_length=200, strip=False)
    scan = forms.CharField(max_length=64, required=False)


class ShortForm(forms.Form):
    """The bin has only `units` of what one instruction asks for, or so many are damaged.  `paper`: came with the list."""

    allocation = forms.IntegerField(min_value=1, max_value=MAX_ID)
    what = forms.ChoiceField(choices=[("short", "short"), ("damaged", "damaged")])
    units = forms.IntegerField(min_value=0, max_value=UNITS_MOST)
    paper = forms.IntegerField(min_value=1, max_value=MAX_ID)
