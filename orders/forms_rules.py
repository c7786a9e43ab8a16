"""Forms of the tenant's rules: what stops an order, where orders ship from, who brings them and for how much."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import exponent, major
from inventory.models import Category
from inventory.services.catalogue import find_sku_ids
from orders.queries import Choices
from orders.regions import read_regions, write_regions
from orders.rules.audit_rules import CONDITIONS, MONEY, Kind
from orders.wording_rules import LABELS

CURRENCIES = ("CNY", "HKD", "TWD", "USD", "EUR", "GBP", "JPY")
EITHER = [("", gettext_lazy("不管")), ("yes", gettext_lazy("是")), ("no", gettext_lazy("不是"))]
DAYS = [(7, gettext_lazy("最近 7 天")), (14, gettext_lazy("最近 14 天")), (30, gettext_lazy("最近 30 天"))]
_BETWEEN = re.compile(r"[\n,，、;；]+")
MOST_MONEY = 10**12


def words_of(text: str) -> list[str]:
    """Words written in a row, each once."""
    return list(dict.fromkeys(word.strip() for word in _BETWEEN.split(text) if word.strip()))


def _number(name: str, *, least: int | None = None) -> forms.IntegerField:
    spec = CONDITIONS[name]
    return forms.IntegerField(
        label=LABELS[name],
        required=False,
        min_value=spec.least if least is None else least,
        max_value=spec.most,
    )


def _money(name: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=LABELS[name], required=False, min_value=0, max_value=MOST_MONEY, decimal_places=3
    )


def _either(name: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=LABELS[name], required=False, choices=EITHER)


def _words(name: str, help_text: Any) -> forms.CharField:
    return forms.CharField(label=LABELS[name], required=False, max_length=2_000, help_text=help_text)


_ANY_WORD = gettext_lazy("几个词用顿号隔开，有一个就算。")
_HOURS = [("", "—"), *((str(hour), f"{hour:02d}:00") for hour in range(24))]


class NamesGoods(forms.Form):
    """Fields `skus` and `categories`, written as codes and paths, become ids."""

    def clean_skus(self) -> list[int]:
        codes = words_of(self.cleaned_data["skus"])
        found = find_sku_ids(codes) if codes else {}
        missing = [code for code in codes if code not in found]
        if missing:
            raise forms.ValidationError(_("没有 %(code)s 这个商品。") % {"code": missing[0]})
        return sorted({found[code] for code in codes})

    def clean_categories(self) -> list[int]:
        paths = words_of(self.cleaned_data["categories"])
        found = dict(Category.objects.filter(path__in=paths).values_list("path", "id")) if paths else {}
        missing = [path for path in paths if path not in found]
        if missing:
            raise forms.ValidationError(_("没有“%(path)s”这个类目。") % {"path": missing[0]})
        return [found[path] for path in paths]


class AuditRuleForm(NamesGoods):
    """A rule.  What is left empty is not asked about; all that is filled in must be so."""

    name = forms.CharField(label=gettext_lazy("规则叫什么"), max_length=60)
    stops = forms.ChoiceField(
        label=gettext_lazy("碰到了"),
        choices=[("yes", gettext_lazy("停下，等人看")), ("no", gettext_lazy("只标出来，照样走"))],
        initial="yes",
    )
    amount_over = _money("amount_over")
    amount_under = _money("amount_under")
    charge_over = _money("charge_over")
    currency = forms.ChoiceField(label=LABELS["currency"], choices=[(c, c) for c in CURRENCIES])
    discount_over_percent = _number("discount_over_percent")
    margin_under_percent = _number("margin_under_percent")
    is_cod = _either("is_cod")
    lines_over = _number("lines_over")
    units_over = _number("units_over")
    weight_over_g = _number("weight_over_g")
    shelf_days_under = _number("shelf_days_under")
    skus = _words("skus", gettext_lazy("商家编码或条码，用顿号隔开，有一个就算。"))
    categories = _words("categories", gettext_lazy("写全路径，像“食品/饼干”；它下面的也算。"))
    remark_has = _words("remark_has", _ANY_WORD)
    seller_remark_has = _words("seller_remark_has", _ANY_WORD)
    regions = _words("regions", gettext_lazy("省、市名或区划代码，用顿号隔开，有一个就算。"))
    is_blocked = _either("is_blocked")
    hour_from = forms.ChoiceField(label=gettext_lazy("从几点起下单"), required=False, choices=_HOURS)
    hour_to = forms.ChoiceField(label=gettext_lazy("到几点为止"), required=False, choices=_HOURS)
    channels = forms.TypedMultipleChoiceField(
        label=LABELS["channels"], required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    SECTIONS = (
        (gettext_lazy("钱"), (
            "amount_over", "amount_under", "charge_over", "currency", "discount_over_percent", "margin_under_percent", "is_cod",
        )),
        (gettext_lazy("货"), ("lines_over", "units_over", "weight_over_g", "shelf_days_under", "skus", "categories")),
        (gettext_lazy("人和地方"), ("remark_has", "seller_remark_has", "regions", "is_blocked")),
        (gettext_lazy("店铺和时间"), ("hour_from", "hour_to", "channels")),
    )  # fmt: skip

    def __init__(self, choices: Choices, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["channels"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101  narrows the type
        field.choices = list(choices.channels.items())

    @property
    def sections(self) -> list[tuple[Any, list[Any]]]:
        """The fields of each part of the form, without those that name no choice."""
        return [
            (title, [self[name] for name in names if name != "channels" or self.fields[name].choices])  # type: ignore[attr-defined]
            for title, names in self.SECTIONS
        ]

    def clean_regions(self) -> list[str]:
        return clean_regions(self.cleaned_data["regions"])

    def clean(self) -> None:
        hours = [bool(self.cleaned_data.get(name)) for name in ("hour_from", "hour_to")]
        if hours[0] != hours[1]:
            self.add_error("hour_to", _("两个钟点都要选，或者都不选。"))

    def conditions(self) -> dict[str, Any]:
        """What the service takes; only after is_valid()."""
        data, made = self.cleaned_data, dict[str, Any]()
        currency = data["currency"]
        for name, spec in CONDITIONS.items():
            value = data.get(name)
            if value in (None, "", []) or spec.kind == Kind.CURRENCY:
                continue
            if spec.kind == Kind.MINOR:
                value = int(value.scaleb(exponent(currency)))
            elif spec.kind == Kind.WORDS:
                value = words_of(value)
            elif spec.kind == Kind.YES:
                value = value == "yes"
            made[name] = value
        if MONEY & made.keys():
            made["currency"] = currency
        if data["hour_from"]:
            made["hours"] = {"from": int(data["hour_from"]), "to": int(data["hour_to"])}
        return made

    @classmethod
    def initial_of(
        cls,
        conditions: Mapping[str, Any],
        skus: Mapping[int, str],
        categories: Mapping[int, str],
        currency: str,
    ) -> dict[str, Any]:
        """What the fields show of a stored rule; `skus` and `categories` by id."""
        currency = conditions.get("currency", currency)
        shown: dict[str, Any] = {"currency": currency}
        for name, value in conditions.items():
            kind = CONDITIONS[name].kind
            if kind == Kind.MINOR:
                shown[name] = major(value, currency)
            elif kind == Kind.WORDS:
                shown[name] = "、".join(value)
            elif kind == Kind.YES:
                shown[name] = "yes" if value else "no"
            elif kind == Kind.REGIONS:
                shown[name] = write_regions(value)
            elif kind == Kind.HOURS:
                shown |= {"hour_from": str(value["from"]), "hour_to": str(value["to"])}
            elif name in ("skus", "categories"):
                called = skus if name == "skus" else categories
                shown[name] = "、".join(called.get(id_, str(id_)) for id_ in value)
            else:
                shown[name] = value
        return shown


def clean_regions(text: str) -> list[str]:
    """Prefixes of what is written.  Raises ValidationError for the first word that is no place."""
    prefixes, unknown = read_regions(text)
    if unknown:
        raise forms.ValidationError(_("不认得“%(word)s”是哪里。") % {"word": unknown[0]})
    return prefixes


class FacilityPlanForm(forms.Form):
    """How a facility takes part in routing."""

    priority = forms.IntegerField(
        label=gettext_lazy("优先级"),
        min_value=-1_000,
        max_value=1_000,
        initial=0,
        help_text=gettext_lazy("大的先发。"),
    )
    regions = forms.CharField(
        label=gettext_lazy("只发这些地方"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("省、市名或区划代码，用顿号隔开；空着是全国。"),
    )
    daily_parcels = forms.IntegerField(
        label=gettext_lazy("一天最多几个包裹"),
        required=False,
        min_value=0,
        max_value=10_000_000,
        help_text=gettext_lazy("空着不限。"),
    )
    cost = forms.DecimalField(
        label=gettext_lazy("一个包裹的操作费"),
        min_value=0,
        max_value=MOST_MONEY,
        decimal_places=3,
        initial=Decimal(0),
    )
    is_active = forms.BooleanField(label=gettext_lazy("参加分仓"), required=False, initial=True)

    def clean_regions(self) -> list[str]:
        return clean_regions(self.cleaned_data["regions"])


class CarrierForm(forms.Form):
    """A carrier and the most that one parcel may be with it."""

    code = forms.CharField(label=gettext_lazy("代号"), max_length=32)
    name = forms.CharField(label=gettext_lazy("快递名"), max_length=60)
    weight_g = forms.IntegerField(
        label=gettext_lazy("最重（g）"), required=False, min_value=1, max_value=10_000_000
    )
    longest_mm = forms.IntegerField(
        label=gettext_lazy("最长边（mm）"), required=False, min_value=1, max_value=100_000
    )
    volume_mm3 = forms.IntegerField(
        label=gettext_lazy("最大体积（mm³）"), required=False, min_value=1, max_value=10**15
    )
    shipping_classes = forms.CharField(
        label=gettext_lazy("还能运的类别"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("普通货之外的，像冷链、易碎，用顿号隔开。"),
    )
    priority = forms.IntegerField(
        label=gettext_lazy("优先级"),
        min_value=-1_000,
        max_value=1_000,
        initial=0,
        help_text=gettext_lazy("大的先用。"),
    )
    takes_cod = forms.BooleanField(label=gettext_lazy("能货到付款"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("在用"), required=False, initial=True)

    def clean_shipping_classes(self) -> list[str]:
        return words_of(self.cleaned_data["shipping_classes"])


PRICE_FIELDS = ("region", "is_served", "first_g", "first", "step_g", "step", "cod")


def read_prices(posted: Mapping[str, Sequence[str]], currency: str) -> list[dict[str, Any]]:
    """The rows of a price table as they were typed, without the empty ones.  Raises ValidationError whose params name the row.

    A row is empty when it names no first price; the region of the first such row that has one is everywhere.
    """
    rows = zip(*(posted.get(name, []) for name in PRICE_FIELDS), strict=False)
    return [
        _read_price(number, dict(zip(PRICE_FIELDS, row, strict=True)), currency)
        for number, row in enumerate(rows, 1)
        if any(text.strip() for name, text in zip(PRICE_FIELDS, row, strict=True) if name != "is_served")
    ]


def _read_price(number: int, row: Mapping[str, str], currency: str) -> dict[str, Any]:
    prefixes, unknown = read_regions(row["region"])
    if unknown or len(prefixes) > 1:
        text = _("第 %(row)d 行的地区“%(word)s”要是一个省、一个市，或区划代码；空着是全国。")
        raise forms.ValidationError(text, params={"row": number, "word": row["region"]})
    made: dict[str, Any] = {"region": prefixes[0] if prefixes else "", "is_served": row["is_served"] != "no"}
    for name in ("first_g", "step_g"):
        made[name] = _whole(number, row[name] or "1000")
    for name in ("first", "step", "cod"):
        made[f"{name}_minor"] = _minor(number, row[name] or "0", currency)
    return made


def _whole(number: int, text: str) -> int:
    try:
        return forms.IntegerField(min_value=1, max_value=10_000_000).clean(text.strip())  # type: ignore[no-any-return]
    except forms.ValidationError:
        raise forms.ValidationError(
            _("第 %(row)d 行的“%(text)s”不是重量，写整数克。"), params={"row": number, "text": text}
        ) from None


def _minor(number: int, text: str, currency: str) -> int:
    digits = exponent(currency)
    try:
        value: Decimal = forms.DecimalField(min_value=0, max_value=MOST_MONEY, decimal_places=digits).clean(
            text.strip()
        )
    except forms.ValidationError:
        raise forms.ValidationError(
            _("第 %(row)d 行的“%(text)s”不是价钱。"), params={"row": number, "text": text}
        ) from None
    return int(value.scaleb(digits))
