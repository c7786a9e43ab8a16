"""Reads for the dispatch board and the store's phone; others may call them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from o2o import sql
from o2o.errors import NoDispatch
from o2o.models import DispatchStatus
from o2o.options import round_rules
from o2o.rules.places import box_around
from o2o.rules.rounds import Point, distance_m

LIST = 60
AROUND = 1.3  # the map shows a little more than the farthest store asked
SHOWN_STORES = 40


@dataclass(frozen=True, slots=True)
class Today:
    """The day in numbers.  `first_left_s`: until the next deadline; seconds to a grab: median and 95 %."""

    now: datetime
    running: int
    first_left_s: float | None
    started: int
    won: int
    won_first: int
    won_second: int
    fell_back: int
    cancelled: int
    median_s: float | None
    slow_s: float | None


@dataclass(frozen=True, slots=True)
class Running:
    """A dispatch in a round: `left_s` of `total_s` seconds, `stores` may still take it."""

    id: int
    order_number: str
    round: int
    left_s: float
    total_s: int
    stores: int
    order_ref: int


@dataclass(frozen=True, slots=True)
class Ended:
    id: int
    order_number: str
    status: str
    round: int
    took_s: float
    winner: str | None
    warehouse: str
    reason: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class OfferSeen:
    facility_id: int
    store: str
    lat_e6: int
    lng_e6: int
    round: int
    distance_m: int
    status: str
    reason: str
    offered_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DispatchSeen:
    """One dispatch with everything that is known of it."""

    id: int
    order_ref: int
    order_number: str
    status: str
    round: int
    left_s: float | None
    warehouse: str
    winner: str | None
    reason: str
    point: Point
    rules: Any
    started_at: datetime
    ended_at: datetime | None
    offers: tuple[OfferSeen, ...] = ()

    @property
    def rounds(self) -> int:
        return len(self.rules)

    @property
    def is_running(self) -> bool:
        return self.status == DispatchStatus.OFFERING

    @property
    def total_s(self) -> int:
        return seconds_of(self.rules, self.round)


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of one SKU in an order."""

    sku_id: int
    name: str
    unit: str
    quantity: int


def seconds_of(rules: Any, round_number: int) -> int:
    """How long a round of a dispatch lasts, by its snapshot."""
    value = json.loads(rules) if isinstance(rules, str) else rules
    found = value[round_number - 1] if isinstance(value, list) and 0 < round_number <= len(value) else {}
    return int(found.get("seconds", 60))


def read_today() -> Today:
    """Counts of the tenant's day so far.  One statement."""
    tenant_id = current_tenant()
    return Today(*db.rows(sql.TODAY, tenant_id, tenant_id, tenant_id)[0])


def list_running() -> list[Running]:
    """Dispatches in a round, the one whose time runs out next first."""
    return [
        Running(id_, number, round_number, left_s, seconds_of(rules, round_number), stores, ref)
        for id_, number, round_number, left_s, rules, stores, ref in db.rows(
            sql.RUNNING, current_tenant(), LIST
        )
    ]


def list_ended(status: str = "") -> list[Ended]:
    """Dispatches that ended, of those started in the last two days, the latest first; of one status, or
    all.
    """
    wanted = (
        [status] if status else [each.value for each in DispatchStatus if each != DispatchStatus.OFFERING]
    )
    return [Ended(*row) for row in db.rows(sql.ENDED, current_tenant(), wanted, LIST)]


def goods_of(order_refs: Sequence[int]) -> Mapping[int, list[Goods]]:
    """order_ref -> what it holds, by SKU.  One statement; a missing order holds nothing."""
    found: dict[int, list[Goods]] = defaultdict(list)
    for ref, *row in db.rows(sql.GOODS_OF, current_tenant(), db.array(order_refs)):
        found[ref].append(Goods(*row))
    return found


def due_of(order_refs: Sequence[int]) -> Mapping[int, datetime]:
    """order_ref -> when its goods are promised to leave, for those that have not left.  One statement."""
    return dict(db.rows(sql.DUE, current_tenant(), db.array(order_refs)))


def get_dispatch(dispatch_id: int) -> DispatchSeen:
    """One dispatch with its offers, nearest first by round.  Two statements.  Raises NoDispatch."""
    found = db.rows(sql.DISPATCH, current_tenant(), dispatch_id)
    if not found:
        raise NoDispatch(_("没有这一单。"), dispatch_id=dispatch_id)
    (
        id_,
        ref,
        number,
        status,
        round_number,
        left_s,
        warehouse,
        winner,
        why,
        lat,
        lng,
        rules,
        started,
        ended,
    ) = found[0]
    offers = tuple(OfferSeen(*row) for row in db.rows(sql.OFFERS, current_tenant(), dispatch_id))
    rounds = json.loads(rules) if isinstance(rules, str) else rules
    return DispatchSeen(
        id_, ref, number, status, round_number, left_s, warehouse, winner, why, Point(lat, lng),
        rounds if isinstance(rounds, list) else [], started, ended, offers,
    )  # fmt: skip


def rounds_seen(dispatch: DispatchSeen) -> list[tuple[int, list[OfferSeen]]]:
    """The rounds that asked somebody, the latest first."""
    found: dict[int, list[OfferSeen]] = defaultdict(list)
    for offer in dispatch.offers:
        found[offer.round].append(offer)
    return sorted(found.items(), reverse=True)


def stores_around(dispatch: DispatchSeen) -> list[tuple[str, int, int, int]]:
    """(name, lat, lng, metres) of stores near the order that were not asked, for the map.  One statement."""
    asked = {offer.facility_id for offer in dispatch.offers}
    reach = round(AROUND * max([2_000, *(offer.distance_m for offer in dispatch.offers)]))
    box = box_around([dispatch.point], reach)
    found = db.rows(
        sql.AROUND,
        current_tenant(),
        box.south_e6,
        box.north_e6,
        box.west_e6,
        box.east_e6,
        db.array(sorted(asked)),
    )
    point = dispatch.point
    near = [(name, lat, lng, distance_m(point.lat_e6, point.lng_e6, lat, lng)) for name, lat, lng in found]
    return sorted((row for row in near if row[3] <= reach), key=lambda row: row[3])[:SHOWN_STORES]


def reach_of_rounds(dispatch: DispatchSeen) -> list[tuple[int, int]]:
    """(round, metres): how far each round that asked somebody reached: its radius, or its farthest store."""
    rules = round_rules(dispatch.rules) if dispatch.rules else ()
    reach = []
    for number, offers in sorted(rounds_seen(dispatch)):
        radius_m = rules[number - 1].radius_m if number <= len(rules) else None
        reach.append((number, radius_m or max(offer.distance_m for offer in offers)))
    return reach
