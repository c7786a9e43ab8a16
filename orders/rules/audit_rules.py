"""A tenant's own audit rules: data in a closed vocabulary, compiled once a chunk, asked of every order.

A rule holds when all its conditions hold.  Rules do not see each other: their order changes nothing but the order of what is found.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from orders.rules.values import Finding, Order

__all__ = [
    "CONDITIONS",
    "MONEY",
    "RULE",
    "Checker",
    "Condition",
    "Extra",
    "Kind",
    "Need",
    "Problem",
    "Rule",
    "check_conditions",
    "compile_rules",
    "needs_of",
]

RULE = "RULE"
"""The code of what a tenant's rule finds; `detail` names the rule."""

MOST_WORDS, LONGEST_WORD, MOST_IDS, MOST_REGIONS = 50, 40, 500, 500
MOST_MINOR, MOST_G = 10**15, 10**9


class Need(StrEnum):
    """What must be read beside the order before a condition can be asked; `Checker.needs` has those in use."""

    WEIGHT = "weight"
    COST = "cost"
    BLOCKED = "blocked"
    SHELF = "shelf"
    CATEGORY = "category"


class Kind(StrEnum):
    """How the value of a condition is written."""

    MINOR = "minor"  # an amount in minor units of the rule's currency
    COUNT = "count"
    PERCENT = "percent"
    WORDS = "words"
    REGIONS = "regions"
    IDS = "ids"
    YES = "yes"
    HOURS = "hours"
    CURRENCY = "currency"


class Extra(NamedTuple):
    """What rules may ask of one order beside its `Order` value.  None: unknown, and then no condition about it holds.

    `hour`: of the day it was placed, in the tenant's zone.  `cost_minor`: of all its goods, in `currency`.  `shelf_days`: days left on
    the day it ships of the goods that would go first.  Only what `Checker.needs` names has to be read; the rest may stay empty.
    """

    channel_id: int
    currency: str
    division_code: str
    hour: int
    cod_minor: int = 0
    is_blocked: bool = False
    weight_g: int | None = None
    cost_minor: int | None = None
    shelf_days: int | None = None


class _Facts(NamedTuple):
    """What conditions are asked of: everything about one order that is a number, then the rest.  Unknown is beyond every limit."""

    amount: int
    charge: int
    cod: int
    lines: int
    units: int
    weight: int
    blocked: int
    shelf: int
    discount: int  # percent, rounded up
    margin: int  # percent, rounded down
    hour: int
    channel: int
    currency: str
    division: str
    remark: str
    seller_remark: str
    skus: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Range:
    """A condition that holds while a number lies between two others, both included: what most rules ask, and the cheapest to ask."""

    at: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class _Test:
    """Any other condition."""

    at: int
    holds: Callable[[Any], bool]


_Part = _Range | _Test
_Goods = Mapping[int, Collection[int]]
_AT = {name: place for place, name in enumerate(_Facts._fields)}
_END = 1 << 62  # beyond every number that a column holds
_Make = Callable[[Any, _Goods], _Part]


@dataclass(frozen=True, slots=True)
class Condition:
    """One word of the vocabulary: how its value is written, its bounds, what must be read for it, and how it is asked."""

    kind: Kind
    make: _Make
    least: int = 0
    most: int = MOST_MINOR
    need: Need | None = None


def _over(name: str) -> _Make:
    return lambda value, _goods: _Range(_AT[name], value + 1, _END)


def _under(name: str) -> _Make:
    return lambda value, _goods: _Range(_AT[name], -_END, value - 1)


def _is(name: str) -> _Make:
    return lambda value, _goods: _Range(_AT[name], 1, _END) if value else _Range(_AT[name], 0, 0)


def _has_words(name: str) -> _Make:
    def make(words: Sequence[str], _goods: _Goods) -> _Part:
        folded = tuple(word.strip().casefold() for word in words)

        def holds(said: str) -> bool:
            if not said:
                return False
            text = said.casefold()
            return any(word in text for word in folded)

        return _Test(_AT[name], holds)

    return make


def _regions(prefixes: Sequence[str], _goods: _Goods) -> _Part:
    starts = tuple(prefixes)
    return _Test(_AT["division"], lambda code: code.startswith(starts))


def _skus(ids: Iterable[int], _goods: _Goods) -> _Part:
    wanted = frozenset(ids)
    return _Test(_AT["skus"], lambda sku_ids: not wanted.isdisjoint(sku_ids))


def _categories(ids: Sequence[int], goods: _Goods) -> _Part:
    return _skus([sku_id for id_ in ids for sku_id in goods.get(id_, ())], goods)


def _channels(ids: Sequence[int], _goods: _Goods) -> _Part:
    return (
        _Range(_AT["channel"], ids[0], ids[0])
        if len(ids) == 1
        else _Test(_AT["channel"], frozenset(ids).__contains__)
    )


def _currency(value: str, _goods: _Goods) -> _Part:
    return _Test(_AT["currency"], value.__eq__)


def _hours(value: Mapping[str, int], _goods: _Goods) -> _Part:
    """From an hour up to another, over midnight where the second is not later."""
    first, end = value["from"], value["to"]
    if first < end:
        return _Range(_AT["hour"], first, end - 1)
    return _Test(_AT["hour"], lambda hour: hour >= first or hour < end)


CONDITIONS: Mapping[str, Condition] = {
    "channels": Condition(Kind.IDS, _channels),
    "is_cod": Condition(Kind.YES, _is("cod")),
    "is_blocked": Condition(Kind.YES, _is("blocked"), need=Need.BLOCKED),
    "amount_over": Condition(Kind.MINOR, _over("amount")),
    "amount_under": Condition(Kind.MINOR, _under("amount"), least=1),
    "charge_over": Condition(Kind.MINOR, _over("charge")),
    "currency": Condition(Kind.CURRENCY, _currency),
    "discount_over_percent": Condition(Kind.PERCENT, _over("discount"), most=100),
    "margin_under_percent": Condition(Kind.PERCENT, _under("margin"), least=-1_000, most=100, need=Need.COST),
    "lines_over": Condition(Kind.COUNT, _over("lines"), most=10_000),
    "units_over": Condition(Kind.COUNT, _over("units"), most=10_000_000),
    "weight_over_g": Condition(Kind.COUNT, _over("weight"), most=MOST_G, need=Need.WEIGHT),
    "shelf_days_under": Condition(Kind.COUNT, _under("shelf"), least=1, most=36_500, need=Need.SHELF),
    "hours": Condition(Kind.HOURS, _hours),
    "remark_has": Condition(Kind.WORDS, _has_words("remark")),
    "seller_remark_has": Condition(Kind.WORDS, _has_words("seller_remark")),
    "regions": Condition(Kind.REGIONS, _regions),
    "skus": Condition(Kind.IDS, _skus),
    "categories": Condition(Kind.IDS, _categories, need=Need.CATEGORY),
}
"""The whole vocabulary, in the order in which it is shown."""

MONEY = frozenset({"amount_over", "amount_under", "charge_over"})
"""What means nothing without a currency."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the conditions of a rule, and where: `at` is a condition, or "" for all of them."""

    at: str
    fault: str  # unknown, empty, type, range, region, long, many, no_currency, none
    least: int | None = None
    most: int | None = None


def check_conditions(conditions: object) -> tuple[Problem, ...]:
    """Everything that is wrong with the conditions of a rule as somebody wrote them; nothing: `compile_rules` takes them."""
    if not isinstance(conditions, dict):
        return (Problem("", "type"),)
    if not set(conditions) - {"currency"}:
        return (Problem("", "none"),)
    found = [Problem(str(name), "unknown") for name in conditions if name not in CONDITIONS]
    for name, spec in CONDITIONS.items():
        if name in conditions:
            problem = _CHECKS[spec.kind](name, conditions[name], spec)
            found += [problem] if problem else []
    if MONEY & conditions.keys() and "currency" not in conditions:
        found.append(Problem("currency", "no_currency"))
    return tuple(found)


def _check_number(name: str, value: object, spec: Condition) -> Problem | None:
    if type(value) is not int:
        return Problem(name, "type")
    return None if spec.least <= value <= spec.most else Problem(name, "range", spec.least, spec.most)


def _check_words(name: str, value: object, _spec: Condition) -> Problem | None:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return Problem(name, "type")
    if not value or not all(word.strip() for word in value):
        return Problem(name, "empty")
    if len(value) > MOST_WORDS:
        return Problem(name, "many", most=MOST_WORDS)
    is_long = any(len(word) > LONGEST_WORD for word in value)
    return Problem(name, "long", most=LONGEST_WORD) if is_long else None


def _check_regions(name: str, value: object, _spec: Condition) -> Problem | None:
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        return Problem(name, "type")
    if not value:
        return Problem(name, "empty")
    if len(value) > MOST_REGIONS:
        return Problem(name, "many", most=MOST_REGIONS)
    is_code = all(code.isascii() and code.isdigit() and len(code) in (2, 4, 6) for code in value)
    return None if is_code else Problem(name, "region")


def _check_ids(name: str, value: object, _spec: Condition) -> Problem | None:
    if not isinstance(value, list) or not all(type(id_) is int for id_ in value):
        return Problem(name, "type")
    if not value:
        return Problem(name, "empty")
    if len(value) > MOST_IDS:
        return Problem(name, "many", most=MOST_IDS)
    return None if all(0 < id_ < 1 << 53 for id_ in value) else Problem(name, "type")


def _check_yes(name: str, value: object, _spec: Condition) -> Problem | None:
    return None if isinstance(value, bool) else Problem(name, "type")


def _check_hours(name: str, value: object, _spec: Condition) -> Problem | None:
    if not isinstance(value, dict) or value.keys() != {"from", "to"}:
        return Problem(name, "type")
    if not all(type(hour) is int for hour in value.values()):
        return Problem(name, "type")
    is_hour = all(0 <= hour <= 23 for hour in value.values())
    return None if is_hour and value["from"] != value["to"] else Problem(name, "range", 0, 23)


def _check_currency(name: str, value: object, _spec: Condition) -> Problem | None:
    is_code = isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()
    return None if is_code else Problem(name, "type")


_CHECKS: Mapping[Kind, Callable[[str, Any, Condition], Problem | None]] = {
    Kind.MINOR: _check_number,
    Kind.COUNT: _check_number,
    Kind.PERCENT: _check_number,
    Kind.WORDS: _check_words,
    Kind.REGIONS: _check_regions,
    Kind.IDS: _check_ids,
    Kind.YES: _check_yes,
    Kind.HOURS: _check_hours,
    Kind.CURRENCY: _check_currency,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is stored.  `stops`: it holds the order; else it only marks it."""

    id: int
    name: str
    conditions: Mapping[str, Any]
    stops: bool = True


def needs_of(rules: Iterable[Rule]) -> frozenset[Need]:
    """What must be read beside the orders before these rules can be asked."""
    found = (CONDITIONS[name].need for rule in rules for name in rule.conditions if name in CONDITIONS)
    return frozenset(need for need in found if need is not None)


_Rest = tuple[_Part, ...]


class Checker:
    """Compiled rules.  Called with an order it says everything that they find, in the order of their ids.

    Law: a rule is found exactly if each of its conditions holds; no other rule has a say in it.
    """

    __slots__ = ("_asks_goods", "_asks_percents", "_ranged", "_tested", "needs")

    def __init__(self, rules: Sequence[tuple[Finding, Sequence[_Part]]], needs: frozenset[Need]) -> None:
        asked = {part.at for _finding, parts in rules for part in parts}
        self._asks_goods = _AT["skus"] in asked
        self._asks_percents = bool(asked & {_AT["discount"], _AT["margin"]})
        self._ranged: list[tuple[int, int, int, _Rest, int, Finding]] = []
        self._tested: list[tuple[int, Callable[[Any], bool], _Rest, int, Finding]] = []
        for place, (finding, parts) in enumerate(rules):
            # Ranges stand first: most orders are through with a rule after one of them.
            first, *rest = sorted(parts, key=lambda part: isinstance(part, _Test))
            if isinstance(first, _Range):
                self._ranged.append((first.at, first.least, first.most, tuple(rest), place, finding))
            else:
                self._tested.append((first.at, first.holds, tuple(rest), place, finding))
        self.needs = needs

    def __bool__(self) -> bool:
        return bool(self._ranged or self._tested)

    def __call__(self, order: Order, extra: Extra) -> tuple[Finding, ...]:
        if not self:
            return ()
        facts = self._facts(order, extra)
        found: list[tuple[int, Finding]] = []
        for at, least, most, rest, place, finding in self._ranged:
            if least <= facts[at] <= most and (not rest or _all_hold(rest, facts)):
                found.append((place, finding))
        for at, holds, rest, place, finding in self._tested:
            if holds(facts[at]) and (not rest or _all_hold(rest, facts)):
                found.append((place, finding))
        if not found:
            return ()
        found.sort()
        return tuple([finding for _place, finding in found])

    def _facts(self, order: Order, extra: Extra) -> tuple[Any, ...]:
        channel, currency, division, hour, cod, is_blocked, weight, cost, shelf = extra
        lines, units = order.lines, 0
        for line in lines:
            units += line.quantity
        discount, margin = _percents(order, cost) if self._asks_percents else (0, _END)
        return (
            order.amount_minor, order.charge_minor, cod, len(lines), units, -1 if weight is None else weight,
            is_blocked, _END if shelf is None else shelf, discount, margin, hour, channel, currency, division,
            order.remark, order.seller_remark,
            frozenset([line.sku_id for line in lines]) if self._asks_goods else (),
        )  # fmt: skip


def _all_hold(parts: Sequence[_Part], facts: Sequence[Any]) -> bool:
    return all(
        part.least <= facts[part.at] <= part.most if isinstance(part, _Range) else part.holds(facts[part.at])
        for part in parts
    )


def _percents(order: Order, cost_minor: int | None) -> tuple[int, int]:
    """Discount of what the goods would have cost without it, rounded up; what is left of what was paid for them, freight aside, after
    what they cost, rounded down.  So "over" and "under" a whole number say what exact fractions would.  Goods for nothing have no margin.
    """
    discount_minor = order.discount_minor
    paid = order.amount_minor - order.charge_minor
    full = paid + discount_minor
    rounded_up = -(-discount_minor * 100 // full) if full > 0 else _END
    discount = rounded_up if discount_minor > 0 else 0
    if cost_minor is None:
        return discount, _END
    return discount, (paid - cost_minor) * 100 // paid if paid > 0 else -_END


def compile_rules(rules: Iterable[Rule], goods_of_category: _Goods | None = None) -> Checker:
    """Rules as one thing to call for each order of a chunk; their conditions have passed `check_conditions`.

    `goods_of_category`: category -> SKUs of this chunk that lie in it or below it, where `needs_of` names categories.  A finding carries
    ("rule_id", id) and ("rule", name): one order may have several of them, one a rule.
    """
    ordered = sorted(rules, key=lambda rule: rule.id)
    goods = goods_of_category or {}
    compiled = [
        (
            Finding(RULE, (("rule_id", rule.id), ("rule", rule.name)), rule.stops),
            [
                spec.make(rule.conditions[name], goods)
                for name, spec in CONDITIONS.items()
                if name in rule.conditions
            ],
        )
        for rule in ordered
    ]
    return Checker([(finding, parts) for finding, parts in compiled if parts], needs_of(ordered))
