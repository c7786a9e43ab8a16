"""Gifts (赠品): goods that go along for nothing, decided once an order.

Orders take their turn by the time they were paid, then id; in each, rules by priority, the higher first, then id. A rule gives at most
once an order: all of its units or none. An exclusive rule never gives beside another. Once a buyer means once, ever; a buyer that nobody
knows gets nothing from such a rule, for nobody could say whether it was the first time.

Laws: no rule gives more than there is to give; what was given stays as it was; deciding again, with what was given, gives the same; orders
decided in several calls, in their turn, get what they get in one; the order in which orders, rules and gifts are listed changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

__all__ = ["CONDITIONS", "Gift", "GiftOrder", "GiftRule", "Given", "gifts", "read_conditions"]


@dataclass(frozen=True, slots=True)
class GiftOrder:
    """One channel order, as far as gifts go by it. `units`: (SKU, quantity) of what was bought; a SKU may be named twice. `buyer_key` None:
    not known. `amount_minor`: what was paid for it.
    """

    id: int
    channel_id: int
    buyer_key: int | None
    paid_at: datetime
    amount_minor: int
    currency: str
    units: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class GiftRule:
    """`quantity` units of `sku_id` for orders that meet all conditions; None, or empty: not asked. Paid from `starts_at`, before `ends_at`.
    Amounts are included and mean the rule's `currency`. `skus` and `categories`: the units bought of any of them, together, are at least
    `min_units`; without either, the units of all. `is_per_multiple`: once for each full `min_units`. `most_units`: all that there is to
    give of this rule.
    """

    id: int
    sku_id: int
    quantity: int
    priority: int = 0
    from_minor: int | None = None
    to_minor: int | None = None
    currency: str = "CNY"
    skus: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    min_units: int = 1
    is_per_multiple: bool = False
    channels: frozenset[int] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    most_units: int | None = None
    is_exclusive: bool = False
    is_once_per_buyer: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """A gift that is written down. `buyer_key` where the rule gives once a buyer."""

    rule_id: int
    order_id: int
    buyer_key: int | None
    units: int


@dataclass(frozen=True, slots=True)
class Gift:
    """What an order gets by a rule. Not `is_new`: it has it already."""

    order_id: int
    rule_id: int
    sku_id: int
    units: int
    buyer_key: int | None
    is_new: bool


_turn = attrgetter("paid_at", "id")


def gifts(
    orders: Sequence[GiftOrder],
    rules: Sequence[GiftRule],
    given: Iterable[Given] = (),
    *,
    given_units: Mapping[int, int] | None = None,
    categories: Mapping[int, frozenset[int]] | None = None,
    stock: Mapping[int, int] | None = None,
) -> tuple[Gift, ...]:
    """What each order gets, by its turn, then by rule. No rules: nothing, at once. Costs orders × rules.

    `given`: gifts of these orders, and of their buyers where a rule gives once a buyer. `given_units`: rule -> units given so far to
    anybody; a rule that is not named gave what `given` says. `categories`: SKU -> its category and those above it. `stock`: SKU -> units
    that may be given away; a SKU that is not named has no end.
    """
    if not rules or not orders:
        return ()
    desk = _Desk(rules, tuple(given), given_units or {}, categories or {}, stock or {})
    found: list[Gift] = []
    for order in sorted(orders, key=_turn):
        found += desk.decide(order)
    return tuple(found)


class _Desk:
    """What is left to give, and who has had what."""

    def __init__(
        self,
        rules: Sequence[GiftRule],
        given: Sequence[Given],
        given_units: Mapping[int, int],
        categories: Mapping[int, frozenset[int]],
        stock: Mapping[int, int],
    ) -> None:
        self.rules = sorted(rules, key=lambda rule: (-rule.priority, rule.id))
        self.categories, self.stock = categories, dict(stock)
        counted: dict[int, int] = {}
        self.had: dict[int, dict[int, Given]] = {}
        self.buyers: set[tuple[int, int]] = set()
        for one in given:
            counted[one.rule_id] = counted.get(one.rule_id, 0) + one.units
            self.had.setdefault(one.order_id, {})[one.rule_id] = one
            if one.buyer_key is not None:
                self.buyers.add((one.rule_id, one.buyer_key))
        self.left = {
            rule.id: rule.most_units - given_units.get(rule.id, counted.get(rule.id, 0))
            for rule in rules
            if rule.most_units is not None
        }
        self.exclusive = {rule.id for rule in rules if rule.is_exclusive}
        self.by_channel: dict[int, list[GiftRule]] = {}

    def decide(self, order: GiftOrder) -> list[Gift]:
        had = self.had.get(order.id, {})
        rules = self.by_channel.get(order.channel_id)
        if rules is None:
            rules = self.by_channel[order.channel_id] = [
                rule for rule in self.rules if not rule.channels or order.channel_id in rule.channels
            ]
        new: list[Gift] = []
        if self.exclusive.isdisjoint(had):
            for rule in rules:
                if rule.id in had or (rule.is_exclusive and (had or new)):
                    continue
                units = self.units(order, rule)
                if units and self.take(order, rule, units):
                    buyer_key = order.buyer_key if rule.is_once_per_buyer else None
                    new.append(Gift(order.id, rule.id, rule.sku_id, units, buyer_key, is_new=True))
                    if rule.is_exclusive:
                        break
        if not had:
            return new
        kept = [
            Gift(order.id, rule.id, rule.sku_id, had[rule.id].units, had[rule.id].buyer_key, is_new=False)
            for rule in self.rules
            if rule.id in had
        ]
        places = {rule.id: place for place, rule in enumerate(self.rules)}
        return sorted(kept + new, key=lambda gift: places[gift.rule_id])

    def units(self, order: GiftOrder, rule: GiftRule) -> int:
        """How much the rule gives for this order if there is no end to it; 0 where a condition does not hold."""
        amount_minor = order.amount_minor
        if rule.from_minor is not None and (
            amount_minor < rule.from_minor or order.currency != rule.currency
        ):
            return 0
        if rule.to_minor is not None and (amount_minor > rule.to_minor or order.currency != rule.currency):
            return 0
        if rule.starts_at is not None and order.paid_at < rule.starts_at:
            return 0
        if rule.ends_at is not None and order.paid_at >= rule.ends_at:
            return 0
        bought = 0
        if rule.skus or rule.categories:
            for sku_id, quantity in order.units:
                if sku_id in rule.skus or (
                    rule.categories and not rule.categories.isdisjoint(self.categories.get(sku_id, ()))
                ):
                    bought += quantity
        else:
            for _sku_id, quantity in order.units:
                bought += quantity
        if bought < rule.min_units or bought <= 0:
            return 0
        return rule.quantity * (bought // rule.min_units) if rule.is_per_multiple else rule.quantity

    def take(self, order: GiftOrder, rule: GiftRule, units: int) -> bool:
        """Counts a gift where there is enough left and the buyer has not had it."""
        buyer = None
        if rule.is_once_per_buyer:
            if order.buyer_key is None or (rule.id, order.buyer_key) in self.buyers:
                return False
            buyer = rule.id, order.buyer_key
        left = self.left.get(rule.id)
        in_stock = self.stock.get(rule.sku_id)
        if (left is not None and left < units) or (in_stock is not None and in_stock < units):
            return False
        if left is not None:
            self.left[rule.id] = left - units
        if in_stock is not None:
            self.stock[rule.sku_id] = in_stock - units
        if buyer is not None:
            self.buyers.add(buyer)
        return True


@dataclass(frozen=True, slots=True)
class _Word:
    """How the value of a condition is written, and how small a number, or how short a list, may be."""

    kind: type
    least: int = 0


CONDITIONS: Mapping[str, _Word] = {
    "from_minor": _Word(int),
    "to_minor": _Word(int),
    "currency": _Word(str),
    "skus": _Word(list, 1),
    "categories": _Word(list, 1),
    "min_units": _Word(int, 1),
    "is_per_multiple": _Word(bool),
    "channels": _Word(list, 1),
}
"""The words that a rule's stored conditions may have: the names of GiftRule's fields."""


def read_conditions(conditions: Mapping[str, object]) -> Mapping[str, object]:
    """Stored conditions as keyword arguments of GiftRule: `GiftRule(id, sku, quantity, **read_conditions(...))`.

    Raises ValueError, naming the word, for one that is unknown or has a value of another kind. Lists are of ids.
    """
    found: dict[str, object] = {}
    for name, value in conditions.items():
        word = CONDITIONS.get(name)
        if word is None or type(value) is not word.kind:
            raise ValueError(name)
        if isinstance(value, list):
            if len(value) < word.least or not all(type(id_) is int for id_ in value):
                raise ValueError(name)
            found[name] = frozenset(value)
            continue
        if type(value) is int and value < word.least:
            raise ValueError(name)
        if isinstance(value, str) and not (len(value) == 3 and value.isascii() and value.isupper()):
            raise ValueError(name)
        found[name] = value
    return found
