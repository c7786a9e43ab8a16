"""How many days goods must still last when they leave: what a SKU, its category, the channel and the customer want.

The strictest of everything that applies holds.  A rule that `replaces` (a shop for short-dated goods) stands instead of all the others,
the SKU's and the channel's own numbers among them; of several such rules the most specific one stands.  Pure; days are days in the
tenant's time zone; what a number of days means as a date is said in inventory/rules/expiry.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShelfLifeRule:
    """One rule of the tenant.  None names nothing and so fits all; `category` is a path and fits what lies below it too."""

    id: int
    min_days: int
    replaces: bool = False
    sku_id: int | None = None
    category: str | None = None
    channel_ref: int | None = None
    customer_ref: int | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """A SKU as the rules see it.  `category` is its path, empty for none; `own_days` its own minimum."""

    sku_id: int
    category: str = ""
    own_days: int = 0


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who the goods are for; None is nobody in particular, so only rules that name none apply.  `channel_days`: the channel's own."""

    channel_ref: int | None = None
    customer_ref: int | None = None
    channel_days: int = 0


def min_days(goods: Goods, buyer: Buyer, rules: Iterable[ShelfLifeRule]) -> int:
    """Days that the goods must still last for this buyer, 0 or more.

    Law: without a replacing rule among those that apply, the answer is the greatest of the SKU's own days, the channel's own days and the
    days of the rules that apply; with one, it is the days of the most specific replacing rule and of nothing else.  The order in which
    the rules come changes nothing.
    """
    strictest = max(goods.own_days, buyer.channel_days, 0)
    instead: tuple[tuple[int, int, int], int] | None = None
    for rule in rules:
        if not applies(rule, goods, buyer):
            continue
        if rule.replaces:
            found = specificity(rule), rule.min_days
            instead = found if instead is None else max(instead, found)
        else:
            strictest = max(strictest, rule.min_days)
    return strictest if instead is None else instead[1]


def applies(rule: ShelfLifeRule, goods: Goods, buyer: Buyer) -> bool:
    """Whether everything that the rule names is true of these goods and this buyer."""
    return (
        (rule.sku_id is None or rule.sku_id == goods.sku_id)
        and (rule.category is None or _lies_in(goods.category, rule.category))
        and (rule.channel_ref is None or rule.channel_ref == buyer.channel_ref)
        and (rule.customer_ref is None or rule.customer_ref == buyer.customer_ref)
    )


def specificity(rule: ShelfLifeRule) -> tuple[int, int, int]:
    """Sorts the more specific rule last: how many things it names, then whether one is the SKU, then how deep its category lies.

    Of rules that are equally specific the stricter one wins.
    """
    named = (rule.sku_id, rule.category, rule.channel_ref, rule.customer_ref)
    depth = 0 if rule.category is None else 1 + rule.category.count("/")
    return sum(one is not None for one in named), int(rule.sku_id is not None), depth


def _lies_in(category: str, path: str) -> bool:
    return category == path or category.startswith(f"{path}/")
