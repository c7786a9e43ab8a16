"""How the tenant's rules are said: each condition by name and as a part of a sentence, and what is wrong with one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import money_symbol, number
from orders.regions import write_regions
from orders.rules.audit_rules import CONDITIONS, Problem

LABELS = {
    "channels": gettext_lazy("店铺"),
    "is_cod": gettext_lazy("货到付款"),
    "is_blocked": gettext_lazy("在拦截名单里"),
    "amount_over": gettext_lazy("实付超过"),
    "amount_under": gettext_lazy("实付低于"),
    "charge_over": gettext_lazy("运费等超过"),
    "currency": gettext_lazy("币种"),
    "discount_over_percent": gettext_lazy("优惠超过（%）"),
    "margin_under_percent": gettext_lazy("毛利低于（%）"),
    "lines_over": gettext_lazy("明细行数超过"),
    "units_over": gettext_lazy("总件数超过"),
    "weight_over_g": gettext_lazy("总重超过（g）"),
    "shelf_days_under": gettext_lazy("发出时剩余效期少于（天）"),
    "hours": gettext_lazy("下单时段"),
    "remark_has": gettext_lazy("买家留言里有"),
    "seller_remark_has": gettext_lazy("卖家备注里有"),
    "regions": gettext_lazy("收件地区"),
    "skus": gettext_lazy("有这些商品"),
    "categories": gettext_lazy("有这些类目的商品"),
}
"""Each condition in the words of a form."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids in conditions are called; one that is not here is said as its number."""

    channels: Mapping[int, str] = field(default_factory=dict)
    skus: Mapping[int, str] = field(default_factory=dict)
    categories: Mapping[int, str] = field(default_factory=dict)


def sentence(conditions: Mapping[str, Any], names: Names) -> str:
    """The conditions of a rule in one line, in the order of the vocabulary."""
    currency = str(conditions.get("currency", "CNY"))
    parts = [
        _SAYS[name](conditions[name], names, currency)
        for name in CONDITIONS
        if name in conditions and name in _SAYS
    ]
    return _("，").join(parts)


_Say = Callable[[Any, Names, str], str]


def _money(text: Promise) -> _Say:
    return lambda value, _names, currency: str(text) % {"n": money_symbol(value, currency)}


def _count(text: Promise) -> _Say:
    return lambda value, _names, _currency: str(text) % {"n": number(value)}


def _list(text: Promise, called: Callable[[Names], Mapping[int, str]] | None = None) -> _Say:
    def say(value: Iterable[Any], names: Names, _currency: str) -> str:
        known = called(names) if called else {}
        return str(text) % {"what": _("、").join(str(known.get(one, one)) for one in value)}

    return say


def _either(yes: Promise, no: Promise) -> _Say:
    return lambda value, _names, _currency: str(yes if value else no)


def _hours(value: Mapping[str, int], _names: Names, _currency: str) -> str:
    return _("%(from)02d:00 到 %(to)02d:00 之间下单") % {"from": value["from"], "to": value["to"]}


_SAYS: Mapping[str, _Say] = {
    "channels": _list(gettext_lazy("店铺是%(what)s"), lambda names: names.channels),
    "is_cod": _either(gettext_lazy("货到付款"), gettext_lazy("不是货到付款")),
    "is_blocked": _either(
        gettext_lazy("买家或收件人在拦截名单里"), gettext_lazy("买家和收件人都不在拦截名单里")
    ),
    "amount_over": _money(gettext_lazy("实付超过 %(n)s")),
    "amount_under": _money(gettext_lazy("实付低于 %(n)s")),
    "charge_over": _money(gettext_lazy("运费等超过 %(n)s")),
    "discount_over_percent": _count(gettext_lazy("优惠超过 %(n)s%%")),
    "margin_under_percent": _count(gettext_lazy("毛利低于 %(n)s%%")),
    "lines_over": _count(gettext_lazy("超过 %(n)s 行")),
    "units_over": _count(gettext_lazy("超过 %(n)s 件")),
    "weight_over_g": _count(gettext_lazy("总重超过 %(n)s g")),
    "shelf_days_under": _count(gettext_lazy("发出时剩余效期少于 %(n)s 天")),
    "hours": _hours,
    "remark_has": _list(gettext_lazy("买家留言里有%(what)s")),
    "seller_remark_has": _list(gettext_lazy("卖家备注里有%(what)s")),
    "regions": lambda value, _names, _currency: _("寄往%(what)s") % {"what": write_regions(value)},
    "skus": _list(gettext_lazy("有商品%(what)s"), lambda names: names.skus),
    "categories": _list(gettext_lazy("有类目%(what)s"), lambda names: names.categories),
}


def fault(problem: Problem) -> str:
    """What is wrong with a condition, in words that name the place and what would be right."""
    place = str(LABELS.get(problem.at, problem.at))
    said = _FAULTS[problem.fault]
    return str(said) % {"place": place, "least": number(problem.least), "most": number(problem.most)}


_FAULTS: Mapping[str, Promise] = {
    "unknown": gettext_lazy("没有“%(place)s”这个条件。"),
    "type": gettext_lazy("“%(place)s”的写法不对。"),
    "empty": gettext_lazy("“%(place)s”是空的，填上或者去掉。"),
    "range": gettext_lazy("“%(place)s”超出能填的范围（%(least)s 到 %(most)s）。"),
    "region": gettext_lazy("“%(place)s”要写行政区划代码的前 2、4 或 6 位数字。"),
    "long": gettext_lazy("“%(place)s”里有词太长，一个最多 %(most)s 个字。"),
    "many": gettext_lazy("“%(place)s”太多，最多 %(most)s 个。"),
    "no_currency": gettext_lazy("写了金额就要写币种。"),
    "none": gettext_lazy("至少写一个条件，不然所有的单都会停下。"),
}
