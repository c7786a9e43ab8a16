"""What people enter about counts: what is to be counted, and what was found."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeGuard

from django import forms
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import CHOICE, CODE_LONGEST, TEXT, WHOLE
from inventory.queries import BinCard, GoodsCard
from inventory.services.counted_lots import COUNTED_MOST, LINES_MOST, CountLine
from inventory.services.counts import CountScope

CODES_MOST = 1_000


class CountForm(forms.Form):
    """What is to be counted.  Nothing chosen is everything there."""

    facility = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("盘哪里"), coerce=int)
    name = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("叫什么"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("比如“十一月月盘”，可以不填。"),
    )
    zones = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("库区"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("几个都行，用空格隔开；空着是全部。"),
    )
    bins = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("只盘这些货位"),
        required=False,
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 3, "data-scan-field": ""}),
        help_text=gettext_lazy("货位编码，用空格或换行隔开；空着是全部。"),
    )
    skus = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("只盘这些商品"),
        required=False,
        max_length=70_000,
        widget=forms.Textarea(attrs={"rows": 3, "data-scan-field": ""}),
        help_text=gettext_lazy("编码或条码，用空格或换行隔开。填了就只盘它们在的货位，别的商品不数。"),
    )
    days = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("多少天没盘过的"),
        min_value=1,
        max_value=36_500,
        required=False,
    )
    moved_only = forms.BooleanField(label=gettext_lazy("只盘上次盘过以后动过的货位"), required=False)
    stocked_only = forms.BooleanField(label=gettext_lazy("账上空着的货位不盘"), required=False)

    def codes(self, name: str) -> list[str]:
        """The codes of one field as they were typed, each once."""
        return list(dict.fromkeys(str(self.cleaned_data.get(name, "")).replace("\0", "").split()))

    def scope(self, bins: Mapping[str, BinCard], goods: Mapping[str, GoodsCard]) -> CountScope | None:
        """The scope of a valid form; None when it names what nobody knows, which is then said at the field."""
        for name, known in (("bins", bins), ("skus", goods)):
            codes = self.codes(name)
            missing = [code for code in codes if code not in known]
            if len(codes) > CODES_MOST:
                self.add_error(name, _("一次最多 %(n)d 个。") % {"n": CODES_MOST})
            elif missing:
                self.add_error(name, _("没有：%(codes)s") % {"codes": "、".join(missing[:5])[:200]})
        if self.errors:
            return None
        return CountScope(
            zones=self.codes("zones"),
            bin_ids=[bins[code].id for code in self.codes("bins")],
            sku_ids=[goods[code].id for code in self.codes("skus")],
            days=self.cleaned_data["days"],
            moved_only=self.cleaned_data["moved_only"],
            stocked_only=self.cleaned_data["stocked_only"],
        )


class HandInForm(forms.Form):
    """What the handheld sends: every line is {sku, lot, quantity, expires_on}."""

    round = forms.IntegerField(min_value=1, max_value=32_000)
    lines = forms.JSONField(required=False)

    def clean_lines(self) -> Sequence[CountLine]:
        found = self.cleaned_data["lines"]
        if not isinstance(found, list) or len(found) > LINES_MOST:
            raise forms.ValidationError(_("没收全，再交一次。"))
        return [_line(one) for one in found]


def _line(value: Any) -> CountLine:
    """One line, or a refusal: what comes from a page is not believed."""
    if isinstance(value, dict):
        sku, lot, units = value.get("sku"), value.get("lot"), value.get("quantity")
        if (
            _is_whole(sku, (1 << 53) - 1)
            and _is_whole(units, COUNTED_MOST)
            and isinstance(lot, str)
            and 0 < len(lot) <= CODE_LONGEST
            and lot.isprintable()
        ):
            return CountLine(sku, lot[:40], units, _day(value.get("expires_on")))
    raise forms.ValidationError(_("没收全，再交一次。"))


def _is_whole(value: object, most: int) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= most


def _day(value: Any) -> date | None:
    try:
        return parse_date(value) if isinstance(value, str) and value else None
    except ValueError:
        raise forms.ValidationError(_("不是日期，比如 2028-04-01。")) from None


class ChosenForm(forms.Form):
    """Tasks chosen in a list, as the bulk bar posts them."""

    ids = forms.RegexField(regex=r"\A\d{1,16}(,\d{1,16}){0,499}\Z")

    def task_ids(self) -> list[int]:
        return [int(id_) for id_ in self.cleaned_data["ids"].split(",")]
