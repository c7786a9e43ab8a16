"""Routing: which facility ships which order, decided for all waiting orders together.

The earliest deadline first, each order takes the facility it likes best among those that have all its goods and can hand over its
parcels. Where there is none, room is made: an order that could go elsewhere moves there, and so on along a chain, so that nobody loses
the last unit at his only facility to somebody who has two. Where that fails, and the tenant allows it, the order is divided over the
fewest facilities that have all of it together. Whoever is served stays served.

Laws: nothing is taken that is not there, for its minimum expiry, and no facility gets more parcels than it can hand over; at least as
many orders are served as one by one, without making room; where each order wants one unit of one SKU, of one minimum expiry, and is one
parcel, no plan serves more, and of all that serve as many this one serves the earliest deadlines; the order in which orders and
facilities are listed changes nothing.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from itertools import combinations
from operator import attrgetter
from typing import NamedTuple

from orders.rules.routing_stock import CAPACITY, Need, Stock, Units
from orders.rules.values import Fact

__all__ = ["Criterion", "FacilityFacts", "RouteDemand", "RoutePart", "RouteRules", "Routing", "route"]

ONLY_ONE_ALLOWED = "ONLY_ONE_ALLOWED"
ONLY_ONE_WITH_ALL = "ONLY_ONE_WITH_ALL"
BEST = "BEST"
"""The first criterion that told it from the next best is named in the facts; 0: none did, the lower id was taken."""
ROOM_MADE = "ROOM_MADE"
"""It is where it liked best of the facilities from which others could move away."""
MADE_ROOM = "MADE_ROOM"
"""It could go here as well, so that another order found its goods where it was."""
DIVIDED = "DIVIDED"
SHORT = "SHORT"
NOWHERE = "NOWHERE"
"""No facility may serve this order at all."""

MOST_CHOICES = 8
"""Facilities among which a divided order looks for the fewest."""
MOST_MOVES = 8
"""Orders that make room for one."""
LOOKED_AT = 4
"""Orders of one place that are asked to move to one other place."""


class Criterion(IntEnum):
    """What is liked about a facility; the numbers are stored."""

    NEAREST = 1
    PRIORITY = 2
    """The higher, the rather."""
    CHEAPEST = 3
    LEAST_LOADED = 4
    """The largest share of today's parcels still free."""


@dataclass(frozen=True, slots=True)
class RouteDemand:
    """One order that waits. `units`: (SKU, quantity), each SKU once, quantities positive. `floors`: SKU -> its minimum expiry where it is
    not `min_expires_on`. `facilities`: those that may ship it, in no order; None: any. `parcels`: how many it will be, as far as known.
    """

    id: int
    ship_by: datetime
    division_code: str
    units: Units
    min_expires_on: date
    floors: Mapping[int, date] = field(default_factory=dict)
    facilities: frozenset[int] | None = None
    parcels: int = 1


@dataclass(frozen=True, slots=True)
class FacilityFacts:
    """A facility that may ship. `regions`: prefixes of the divisions it serves; none: all. `parcels_left`: that it can still hand over
    today, None: any number; `parcels_a_day` is what a load is measured against. `cost_minor`: of handling a parcel.
    """

    id: int
    division_code: str = ""
    priority: int = 0
    regions: tuple[str, ...] = ()
    parcels_left: int | None = None
    parcels_a_day: int = 0
    cost_minor: int = 0


@dataclass(frozen=True, slots=True)
class RouteRules:
    """`criteria`: the first that tells two facilities apart decides. `distances_m`: (facility, division) -> metres; where one is not known
    for a division, how much of the codes is equal counts for all: district, city, province, great region. `freight_minor`:
    (facility, division) -> freight that goes into what is cheapest. `most_facilities`: one order may be divided over; 1: never.
    """

    criteria: tuple[Criterion, ...] = (Criterion.NEAREST, Criterion.PRIORITY)
    distances_m: Mapping[tuple[int, str], int] = field(default_factory=dict)
    freight_minor: Mapping[tuple[int, str], int] = field(default_factory=dict)
    most_facilities: int = 1


@dataclass(frozen=True, slots=True)
class RoutePart:
    """What one facility ships of an order."""

    facility_id: int
    units: Units


@dataclass(frozen=True, slots=True)
class Routing:
    """Where an order goes and why. `parts` is one, unless it is divided. Not `is_served`: it is short where it would have been liked best,
    and `parts` has that facility; empty where none may serve it. `dict(facts)` names numbers and ids.
    """

    order_id: int
    parts: tuple[RoutePart, ...]
    is_served: bool
    reason: str
    facts: tuple[tuple[str, Fact], ...]


_turn = attrgetter("ship_by", "id")
_Why = tuple[str, tuple[tuple[str, Fact], ...]]
_Node = tuple[int, int]
"""A facility's place, and a SKU or CAPACITY."""


class _Move(NamedTuple):
    at: int
    source: int
    target: int


def route(
    orders: Sequence[RouteDemand],
    facilities: Sequence[FacilityFacts],
    stock: Mapping[tuple[int, int], Sequence[tuple[date, int]]],
    rules: RouteRules | None,
) -> tuple[Routing, ...]:
    """Where each order goes, by deadline, then id; by the laws above. No rules, or nobody to choose from: nothing, at once.

    `stock`: (facility, SKU) -> (minimum expiry, units that can still be promised for it); what is missing is 0. It is what
    `inventory.rules.promise.available` says for the minima of these orders; the rule takes from it as a promise does.
    Costs orders × facilities × lines; a search for room costs at most facilities² × SKUs, and a place that was found to have no way
    out is not searched again.
    """
    if rules is None or not orders or not facilities:
        return ()
    line, places = sorted(orders, key=_turn), sorted(facilities, key=attrgetter("id"))
    plan = _Plan(line, places, stock, rules)
    plan.serve_all(_Mover(plan))
    if plan.is_moved and plan.left_over:
        # Large orders that were given room may have cost more small ones than they are: then nobody moves for them.
        plain = _Plan(line, places, stock, rules)
        plain.serve_all(None)
        if plain.served > plan.served:
            plan = plain
    return tuple([plan.routing(at) for at in range(len(line))])


class _Plan:
    """Orders and facilities by their place in line; what is taken; who is where and why."""

    def __init__(
        self,
        orders: Sequence[RouteDemand],
        facilities: Sequence[FacilityFacts],
        stock: Mapping[tuple[int, int], Sequence[tuple[date, int]]],
        rules: RouteRules,
    ) -> None:
        self.orders, self.facilities, self.rules = orders, facilities, rules
        self.stock = Stock([one.id for one in facilities], [one.parcels_left for one in facilities], stock)
        self.needs = [_need(order) for order in orders]
        self.is_loaded = Criterion.LEAST_LOADED in rules.criteria
        self.ranked: dict[tuple[str, frozenset[int] | None], list[int]] = {}
        self.keys: dict[str, list[tuple[int, ...]]] = {}
        self.at: list[int | None] = [None] * len(orders)
        self.why: list[_Why] = [(SHORT, ())] * len(orders)
        self.divided: dict[int, dict[int, Need]] = {}
        self.left_over: list[int] = []
        self.is_moved = False

    @property
    def served(self) -> int:
        return len(self.orders) - len(self.left_over)

    def options(self, order: RouteDemand) -> list[int]:
        """The facilities that may serve it, best first, load aside."""
        key = order.division_code, order.facilities
        found = self.ranked.get(key)
        if found is None:
            code = order.division_code
            keys = self.keys.get(code)
            if keys is None:
                keys = self.keys[code] = _keys(self.facilities, code, self.rules)
            found = [
                place
                for place, one in enumerate(self.facilities)
                if (order.facilities is None or one.id in order.facilities)
                and (not one.regions or code.startswith(one.regions))
            ]
            found.sort(key=keys.__getitem__)
            self.ranked[key] = found
        return found

    def serve_all(self, mover: "_Mover | None") -> None:
        for at in range(len(self.orders)):
            if self.serve(at):
                place = self.at[at]
                if mover is not None and place is not None:
                    mover.settle(at, place)
            elif (mover is None or not mover.serve(at)) and not self.divide(at):
                self.left_over.append(at)

    def serve(self, at: int) -> bool:
        """One order at the facility it likes best of those that have all."""
        order, need = self.orders[at], self.needs[at]
        options = self.options(order)
        fitting = self.stock.fitting(options, need)
        if not fitting:
            return False
        if self.is_loaded and len(fitting) > 1:
            fitting = sorted(fitting, key=lambda place: self.key(order, place))
        self.why[at] = self.reason(order, options, fitting)
        self.at[at] = fitting[0]
        self.stock.take(fitting[0], need)
        return True

    def key(self, order: RouteDemand, place: int) -> tuple[int, ...]:
        """What a facility is liked for, by criterion, then its id; less is better."""
        fixed = self.keys[order.division_code][place]
        if not self.is_loaded:
            return fixed
        load = self.stock.load(place, self.facilities[place].parcels_a_day)
        criteria = self.rules.criteria
        now = [
            load if one is Criterion.LEAST_LOADED else number
            for one, number in zip(criteria, fixed, strict=False)
        ]
        return (*now, fixed[-1])

    def reason(self, order: RouteDemand, options: Sequence[int], fitting: Sequence[int]) -> _Why:
        if len(fitting) == 1:
            return (ONLY_ONE_ALLOWED if len(options) == 1 else ONLY_ONE_WITH_ALL), (("of", len(options)),)
        first, second = self.key(order, fitting[0]), self.key(order, fitting[1])
        by = 0
        for criterion, mine, next_best in zip(self.rules.criteria, first, second, strict=False):
            if mine != next_best:
                by = int(criterion)
                break
        return BEST, (("by", by), ("of", len(fitting)), ("over", self.facilities[fitting[1]].id))

    def divide(self, at: int) -> bool:
        """Fewest facilities first, then the best liked; a SKU is divided only where none of them has all of it."""
        if self.rules.most_facilities < 2:
            return False
        order, need, stock = self.orders[at], self.needs[at], self.stock
        having = [place for place in self.options(order) if stock.has_any(place, need)][:MOST_CHOICES]
        for count in range(2, min(self.rules.most_facilities, len(having)) + 1):
            for places in combinations(having, count):
                parts = stock.parts(places, need)
                if parts is None:
                    continue
                for place, part in parts.items():
                    stock.take(place, part)
                self.divided[at] = parts
                self.why[at] = DIVIDED, (("over", len(parts)), ("of", len(having)))
                return True
        return False

    def routing(self, at: int) -> Routing:
        order, place = self.orders[at], self.at[at]
        if place is not None:
            part = RoutePart(self.facilities[place].id, order.units)
            return Routing(order.id, (part,), True, *self.why[at])
        if at in self.divided:
            parts = [
                RoutePart(self.facilities[place].id, tuple([(sku_id, units) for sku_id, units, _day in rows]))
                for place, (rows, _parcels) in self.divided[at].items()
            ]
            return Routing(order.id, tuple(parts), True, *self.why[at])
        options = self.options(order)
        if not options:
            return Routing(order.id, (), False, NOWHERE, (("of", len(self.facilities)),))
        best = RoutePart(self.facilities[options[0]].id, order.units)
        missing = self.stock.missing(options[0], self.needs[at])
        return Routing(order.id, (best,), False, SHORT, (("of", len(options)), ("skus", missing)))


class _Mover:
    """Makes room, so that one more order is served and nobody is not served any more.

    A node is something that a facility lacks: a SKU, or CAPACITY. An order there that could be elsewhere leads to what that other
    facility lacks for it; where it lacks nothing the chain ends, and everybody on it moves on by one. A node from which no chain ends
    never gets one later, because nothing is ever given back: it is not searched again.
    """

    def __init__(self, plan: _Plan) -> None:
        self.plan, self.stock = plan, plan.stock
        self.is_ready = False
        self.dead: set[_Node] = set()
        self.movable: list[dict[int, dict[int, list[int]]]] = [{} for _ in plan.facilities]
        self.moves: list[_Move] = []

    def serve(self, at: int) -> bool:
        """Places an order that fits nowhere, at the facility it likes best of those where room can be made."""
        if not self.is_ready:
            self.is_ready = True
            for other, place in enumerate(self.plan.at):
                if place is not None:
                    self.settle(other, place)
        plan, need = self.plan, self.plan.needs[at]
        for place in plan.options(plan.orders[at]):
            if self.stock.could(place, need) and self.clear(place, need):
                break
        else:
            return False
        self.stock.take(place, need)
        plan.at[at], plan.is_moved = place, True
        moved = tuple([plan.orders[move.at].id for move in self.moves])
        plan.why[at] = ROOM_MADE, (("moved", moved),)
        for move in self.moves:
            gone = plan.facilities[move.source].id
            plan.why[move.at] = MADE_ROOM, (("from", gone), ("for", plan.orders[at].id))
            self.settle(move.at, move.target)
        self.settle(at, place)
        self.moves = []
        return True

    def settle(self, at: int, place: int) -> None:
        """Remembers where an order could go from where it is now. What is remembered of before is skipped when it is met."""
        if not self.is_ready:
            return
        here, rows = self.movable[place], self.plan.needs[at].rows
        for target in self.plan.options(self.plan.orders[at]):
            if target != place:
                by_sku = here.setdefault(target, {})
                for sku_id, _units, _day in rows:
                    by_sku.setdefault(sku_id, []).append(at)

    def clear(self, place: int, need: Need) -> bool:
        """Moves orders away until the need fits; undoes it all where it cannot."""
        self.moves = []
        for _ in range(MOST_MOVES):
            lack = self.stock.lacking(place, need)
            if lack is None:
                return True
            if not self.free((place, lack)):
                break
        if self.stock.lacking(place, need) is None:
            return True
        self.undo(0)
        return False

    def free(self, start: _Node) -> bool:
        """Moves one order away from a node, along the shortest chain."""
        if start in self.dead:
            return False
        came: dict[_Node, tuple[_Node, int] | None] = {start: None}
        queue = [start]
        for node in queue:
            for at, target in self.leaving(node, came):
                lack = self.stock.lacking(target, self.plan.needs[at])
                if lack is None:
                    if self.shift(came, node, at, target):
                        return True
                    continue
                further = target, lack
                if further not in came and further not in self.dead:
                    came[further] = node, at
                    queue.append(further)
        if not self.moves:
            self.dead.update(came)
        return False

    def leaving(self, node: _Node, came: Container[_Node]) -> Iterator[tuple[int, int]]:
        """Orders of a node and where they could go, the latest deadlines first.

        Whoever comes to a full facility leads to all its orders, so that nobody has to come there again.
        """
        place, sku_id = node
        parcels_left = self.stock.parcels_left
        for target, by_sku in self.movable[place].items():
            full, is_full = (target, CAPACITY), parcels_left[target] == 0
            for waiting in list(by_sku.values()) if sku_id == CAPACITY else [by_sku.get(sku_id, [])]:
                if is_full and (full in came or full in self.dead):
                    break
                while waiting and self.plan.at[waiting[-1]] != place:
                    waiting.pop()
                for at in waiting[: -LOOKED_AT - 1 : -1]:
                    if self.plan.at[at] == place:
                        yield at, target

    def shift(
        self, came: Mapping[_Node, tuple[_Node, int] | None], node: _Node, at: int, target: int
    ) -> bool:
        """Everybody on the chain moves on by one, the last first."""
        mark = len(self.moves)
        while True:
            if not self.move(at, node[0], target):
                self.undo(mark)
                return False
            link = came[node]
            if link is None:
                return True
            target, (node, at) = node[0], link

    def move(self, at: int, source: int, target: int) -> bool:
        plan, need = self.plan, self.plan.needs[at]
        if plan.at[at] != source or self.stock.lacking(target, need) is not None:
            return False
        self.stock.give_back(source, need)
        self.stock.take(target, need)
        plan.at[at] = target
        self.moves.append(_Move(at, source, target))
        return True

    def undo(self, mark: int) -> None:
        while len(self.moves) > mark:
            at, source, target = self.moves.pop()
            self.stock.give_back(target, self.plan.needs[at])
            self.stock.take(source, self.plan.needs[at])
            self.plan.at[at] = source


def _need(order: RouteDemand) -> Need:
    day, floors = order.min_expires_on, order.floors
    if not floors:
        return Need(tuple([(sku_id, units, day) for sku_id, units in order.units]), order.parcels)
    rows = [(sku_id, units, floors.get(sku_id, day)) for sku_id, units in order.units]
    return Need(tuple(rows), order.parcels)


def _keys(facilities: Sequence[FacilityFacts], code: str, rules: RouteRules) -> list[tuple[int, ...]]:
    """What each facility is liked for by a receiver there, by criterion, then its id; less is better."""
    columns: list[list[int]] = []
    for criterion in rules.criteria:
        if criterion is Criterion.NEAREST:
            columns.append(_distances(facilities, code, rules))
        elif criterion is Criterion.PRIORITY:
            columns.append([-one.priority for one in facilities])
        elif criterion is Criterion.CHEAPEST:
            freight = [rules.freight_minor.get((one.id, code)) for one in facilities]
            known = [0 if minor is None or None in freight else minor for minor in freight]
            columns.append([one.cost_minor + minor for one, minor in zip(facilities, known, strict=True)])
        else:
            columns.append([0] * len(facilities))
    columns.append([one.id for one in facilities])
    return list(zip(*columns, strict=True))


def _distances(facilities: Sequence[FacilityFacts], code: str, rules: RouteRules) -> list[int]:
    """Metres where all are known, else steps of nearness, which do not mix with them."""
    metres = [rules.distances_m.get((one.id, code)) for one in facilities]
    known = [metre for metre in metres if metre is not None]
    return (
        known if len(known) == len(metres) else [_steps_apart(one.division_code, code) for one in facilities]
    )


def _steps_apart(one: str, other: str) -> int:
    """0 for the same district, then the same city, province, great region, country."""
    for steps, digits in enumerate((6, 4, 2, 1)):
        if len(one) >= digits and one[:digits] == other[:digits]:
            return steps
    return 4
