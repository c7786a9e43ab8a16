"""What people enter about places."""

from datetime import time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.bin_words import pattern_words
from inventory.forms.words import CHOICE, TEXT, WHOLE, refuse_control_characters
from inventory.models import UNITS_MOST, BinKind, FacilityKind
from inventory.rules.bin_pattern import BadPattern, list_walk, read_pattern
from inventory.services.facilities import FacilityInput

KINDS = [(int(kind), kind.label) for kind in BinKind if kind != BinKind.TRANSIT]
KEEP = ("", gettext_lazy("不改"))
DEGREES = {
    "invalid": gettext_lazy("要填度数，比如 31.230416。"),
    "min_value": gettext_lazy("不能小于 %(limit_value)s。"),
    "max_value": gettext_lazy("不能大于 %(limit_value)s。"),
    "max_decimal_places": gettext_lazy("最多六位小数。"),
    "max_digits": gettext_lazy("最多六位小数。"),
    "max_whole_digits": gettext_lazy("最多三位整数。"),
}
HOUR = {"invalid": gettext_lazy("不是时间，比如 09:30。")}


def _degrees(label: Any, most: int) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=9,
        decimal_places=6,
        min_value=-most,
        max_value=most,
        error_messages=DEGREES,
    )


def _hour(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, error_messages=HOUR, widget=widget)


class FacilityForm(forms.Form):
    """A warehouse or a store.  Its code and kind are fixed once it is there."""

    code = forms.CharField(
        label=gettext_lazy("编码"),
        max_length=32,
        error_messages=TEXT,
        validators=[refuse_control_characters],
        help_text=gettext_lazy("建好后不能改。"),
    )
    name = forms.CharField(label=gettext_lazy("名称"), max_length=60, error_messages=TEXT)
    kind = forms.ChoiceField(label=gettext_lazy("类型"), choices=FacilityKind.choices, error_messages=CHOICE)
    address = forms.CharField(label=gettext_lazy("地址"), max_length=200, required=False, error_messages=TEXT)
    latitude = _degrees(gettext_lazy("纬度"), 90)
    longitude = _degrees(gettext_lazy("经度"), 180)
    opens_at = _hour(gettext_lazy("开门"))
    closes_at = _hour(gettext_lazy("关门"))
    capacity = forms.IntegerField(
        label=gettext_lazy("同时接几单"),
        min_value=0,
        max_value=10_000,
        initial=20,
        error_messages=WHOLE,
        help_text=gettext_lazy("门店手上最多有几个没交出去的订单。"),
    )

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            for name in ("code", "kind"):
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (data.get("latitude") is None) != (data.get("longitude") is None) and not self.errors:
            self.add_error("latitude", _("纬度和经度要么都填，要么都空着。"))
        if bool(data.get("opens_at")) != bool(data.get("closes_at")) and not self.errors:
            self.add_error("opens_at", _("开门和关门时间要么都填，要么都空着。"))
        return data

    def facility(self) -> FacilityInput:
        """The values of a valid form."""
        data = self.cleaned_data
        latitude: Decimal | None = data["latitude"]
        longitude: Decimal | None = data["longitude"]
        opens_at: time | None = data["opens_at"]
        closes_at: time | None = data["closes_at"]
        point = None
        if latitude is not None and longitude is not None:
            point = int(latitude.scaleb(6)), int(longitude.scaleb(6))
        return FacilityInput(
            code=data["code"],
            name=data["name"],
            kind=FacilityKind(data["kind"]),
            address=data["address"],
            point_e6=point,
            opens_at=opens_at,
            closes_at=closes_at,
            capacity=data["capacity"],
        )


class BinPatternForm(forms.Form):
    """Bins by pattern, in walking order."""

    pattern = forms.CharField(
        label=gettext_lazy("编号规则"),
        max_length=100,
        error_messages=TEXT,
        initial="A-{01..12}-{1..4}",
        help_text=gettext_lazy("{01..12} 是从 01 到 12，{A..F} 是从 A 到 F，最后一段变得最快。"),
    )
    kind = forms.TypedChoiceField(
        label=gettext_lazy("类型"), choices=KINDS, coerce=int, error_messages=CHOICE
    )
    zone = forms.CharField(label=gettext_lazy("库区"), max_length=20, required=False, error_messages=TEXT)
    first_sequence = forms.IntegerField(
        label=gettext_lazy("拣货顺序从"),
        min_value=0,
        max_value=UNITS_MOST,
        required=False,
        error_messages=WHOLE,
        help_text=gettext_lazy("空着就排在现有货位后面。"),
    )
    step = forms.IntegerField(
        label=gettext_lazy("每个隔"), min_value=1, max_value=1_000, initial=10, error_messages=WHOLE
    )
    is_serpentine = forms.BooleanField(
        label=gettext_lazy("蛇形走：第一段是巷道，每隔一条巷道反着走"), required=False
    )

    def clean_pattern(self) -> str:
        text = str(self.cleaned_data["pattern"]).strip()
        try:
            read_pattern(text)
        except BadPattern as problem:
            raise forms.ValidationError(pattern_words(problem)) from None
        return text

    def walk(self) -> list[str]:
        """The codes of a valid form in walking order."""
        pattern = read_pattern(self.cleaned_data["pattern"])
        return list_walk(pattern, is_serpentine=self.cleaned_data["is_serpentine"])


class BinChangeForm(forms.Form):
    """What becomes of the chosen bins; empty fields leave it."""

    kind = forms.TypedChoiceField(
        label=gettext_lazy("类型"),
        choices=[KEEP, *KINDS],
        coerce=int,
        empty_value=None,
        required=False,
        error_messages=CHOICE,
    )
    zone = forms.CharField(
        label=gettext_lazy("库区"),
        max_length=20,
        required=False,
        error_messages=TEXT,
        help_text=gettext_lazy("空着不改；要清掉库区，填一个减号 -。"),
    )
    first_sequence = forms.IntegerField(
        label=gettext_lazy("拣货顺序从"),
        min_value=0,
        max_value=UNITS_MOST,
        required=False,
        error_messages=WHOLE,
        help_text=gettext_lazy("空着不改；填了就按现在的先后重新编。"),
    )
    step = forms.IntegerField(
        label=gettext_lazy("每个隔"), min_value=1, max_value=1_000, initial=10, error_messages=WHOLE
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and data["kind"] is None and not data["zone"] and data["first_sequence"] is None:
            raise forms.ValidationError(_("一样都没改。"))
        return data
