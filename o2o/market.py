"""The stores of a tenant as the rounds see them now: read in a constant number of statements, however many
orders ask.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core import db
from core.tenancy import current_tenant
from inventory.queries import first_sellable
from inventory.rules import promise
from inventory.rules.promise import Demand, Promised, Supply
from o2o import sql
from o2o.rules.places import box_around, is_open
from o2o.rules.rounds import Point, RoundRule, Store

Wants = tuple[tuple[date, tuple[tuple[int, int], ...]], ...]
"""What one order needs: (minimum expiry, ((SKU, units), …)), sorted, so that equal orders are asked about
once.
"""


@dataclass(frozen=True, slots=True)
class _Place:
    id: int
    lat_e6: int
    lng_e6: int
    capacity_left: int


class Market:
    """Open stores with capacity left, and the stock they could promise.  Nothing is locked: an offer takes
    nothing.
    """

    def __init__(self, places: Sequence[_Place], sku_ids: Iterable[int]) -> None:
        self.places = places
        self.supplies: dict[int, list[Supply]] = defaultdict(list)
        self.promised: dict[int, list[Promised]] = defaultdict(list)
        self.known: dict[Wants, tuple[Store, ...]] = {}
        ids, skus = db.array([place.id for place in places]), db.array(sorted(set(sku_ids)))
        for facility_id, *row in db.rows(sql.SUPPLIES, current_tenant(), ids, skus, first_sellable()):
            self.supplies[facility_id].append(Supply(*row))
        for facility_id, *row in db.rows(sql.PROMISED, current_tenant(), ids, skus):
            self.promised[facility_id].append(Promised(*row))

    def stores(self, wants: Wants) -> tuple[Store, ...]:
        """The stores that could serve an order with these wants."""
        if wants not in self.known:
            self.known[wants] = tuple(
                Store(
                    place.id,
                    place.lat_e6,
                    place.lng_e6,
                    open=True,
                    has_stock=True,
                    capacity_left=place.capacity_left,
                )
                for place in self.places
                if self.has_stock(place.id, wants)
            )
        return self.known[wants]

    def has_stock(self, facility_id: int, wants: Wants) -> bool:
        """Whether reserve would accept the order there now: the promise rule itself, never a second
        formula.
        """
        supplies = self.supplies.get(facility_id)
        if not supplies or not wants:
            return False
        demands = [Demand(key, day, units) for key, (day, units) in enumerate(wants)]
        return not promise.plan_promises(demands, supplies, self.promised.get(facility_id, ())).short


def read_market(points: Iterable[Point], rules: Iterable[RoundRule], wants: Iterable[Wants]) -> Market:
    """The stores within reach of any of the points by any of the rules.  Four statements, and two a
    transaction for its settings.
    """
    radii = [rule.radius_m for rule in rules]
    radius_m = None if None in radii else max((each for each in radii if each is not None), default=0)
    box = box_around(points, radius_m)
    found = db.rows(sql.STORES, current_tenant(), box.south_e6, box.north_e6, box.west_e6, box.east_e6)
    open_now = [row for row in found if is_open(row[3], row[4], row[6])]
    return Market(_with_capacity(open_now), _skus(wants))


def read_stock(facility_ids: Iterable[int], wants: Iterable[Wants]) -> Market:
    """These stores, open or not, only to ask what stock they have.  Two statements."""
    return Market([_Place(id_, 0, 0, 1) for id_ in sorted(set(facility_ids))], _skus(wants))


def waiting_goods(order_refs: Sequence[int]) -> Mapping[int, Wants]:
    """What the parcels of these orders hold that still wait for a store.  One statement."""
    found: dict[int, dict[date, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for ref, day, sku_id, quantity in db.rows(sql.WAITING_GOODS, current_tenant(), db.array(order_refs)):
        found[ref][day].append((sku_id, quantity))
    return {ref: tuple((day, tuple(units)) for day, units in days.items()) for ref, days in found.items()}


def _with_capacity(rows: Sequence[tuple[Any, ...]]) -> list[_Place]:
    ids = db.array([row[0] for row in rows])
    busy = dict(db.rows(sql.OPEN_ORDERS, current_tenant(), ids, current_tenant(), ids))
    places = [_Place(row[0], row[1], row[2], row[5] - busy.get(row[0], 0)) for row in rows]
    return [place for place in places if place.capacity_left > 0]


def _skus(wants: Iterable[Wants]) -> set[int]:
    return {sku_id for each in wants for _day, units in each for sku_id, _units in units}
