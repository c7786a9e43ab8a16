"""Rounds from start to end.  A dispatch's row lock guards its offers too: whoever changes one holds the
other.

Lock: dispatches by id, then parcels, then stock.  A dispatch ends exactly once: WON, FALLBACK or CANCELLED.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from core import db, options, outbox
from core.db import Rank
from core.errors import Invalid
from core.tenancy import current_tenant
from o2o.errors import NoDispatch
from o2o.market import Wants, read_market, read_stock, waiting_goods
from o2o.models import Dispatch, DispatchStatus, Offer, OfferStatus
from o2o.options import ROUNDS, round_rules
from o2o.rules.rounds import Point, RoundRule, Step, StepKind, next_step
from o2o.services import rows
from o2o.services.grabs import GrabResult, grab
from o2o.services.handovers import HandedOver, hand_over
from o2o.services.rows import SOLD_OUT
from warehouse.services import parcels as warehouse_parcels

__all__ = [
    "Advanced", "Cancelled", "DispatchStart", "GrabResult", "HandedOver", "advance_due", "cancel", "decline", "grab",
    "hand_over", "list_due", "send_to_warehouse", "settle_offers", "start",
]  # fmt: skip

log = logging.getLogger(__name__)

DECLINE_REASONS = ("busy", "no_stock", "closing", "too_far", "other")


@dataclass(frozen=True, slots=True)
class DispatchStart:
    """One order to offer.  `facility_id` is the warehouse that keeps its reservation; `units` are (SKU,
    quantity); `floors` are the SKUs whose minimum expiry is not the order's.
    """

    order_ref: int
    order_number: str
    facility_id: int
    lat_e6: int
    lng_e6: int
    units: tuple[tuple[int, int], ...]
    min_expires_on: date
    floors: Mapping[int, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advanced:
    """Dispatches that went into their next round, and those that fell back; the latest deadline was
    `late_s` seconds ago.
    """

    offered: tuple[int, ...]
    fell_back: tuple[int, ...]
    late_s: float

    @property
    def moved(self) -> int:
        return len(self.offered) + len(self.fell_back)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Orders whose rounds were ended here, and orders that a store has won already: those are intercepted
    at the store.
    """

    order_refs: tuple[int, ...]
    won: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Due:
    id: int
    order_ref: int
    round: int
    point: Point
    rules: tuple[RoundRule, ...]


def start(*, starts: Sequence[DispatchStart]) -> tuple[int, ...]:
    """Offer orders to the stores of their first round; the order_refs that are with the stores now.

    An order that no store of any round could take is not among them: the caller sends it to the warehouse.
    Said again, an order whose rounds run is not offered twice.  Locks nothing; a constant number of
    statements.  Raises Invalid for rounds that cannot be meant.
    """
    if not starts:
        return ()
    snapshot = options.get(ROUNDS)
    rules = round_rules(snapshot)
    wants = {s.order_ref: _wants(s) for s in starts}
    points = {s.order_ref: Point(s.lat_e6, s.lng_e6) for s in starts}
    market = read_market(points.values(), rules, wants.values())
    steps = {
        ref: next_step(0, rules, point, market.stores(wants[ref]), frozenset())
        for ref, point in points.items()
    }
    made = _insert(
        [s for s in starts if steps[s.order_ref].kind == StepKind.OFFER], steps, json.dumps(snapshot)
    )
    _write_offers([(made[ref], steps[ref]) for ref in made])
    rows.tell(list(made.values()))
    return tuple(made.keys() | _live(set(wants) - made.keys()))


def _wants(start: DispatchStart) -> Wants:
    if not start.floors:
        return ((start.min_expires_on, _summed(start.units)),)
    by_day: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for sku_id, quantity in start.units:
        by_day[start.floors.get(sku_id, start.min_expires_on)].append((sku_id, quantity))
    return tuple((day, _summed(by_day[day])) for day in sorted(by_day))


def _summed(units: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    totals: dict[int, int] = defaultdict(int)
    for sku_id, quantity in units:
        totals[sku_id] += quantity
    return tuple(sorted(totals.items()))


def _insert(starts: Sequence[DispatchStart], steps: Mapping[int, Step], rules: str) -> dict[int, int]:
    """New dispatches, order_ref -> id; an order that is with the stores already is left alone."""
    if not starts:
        return {}
    columns: list[list[object]] = [
        [s.order_ref for s in starts], [s.order_number for s in starts], [s.facility_id for s in starts],
        [s.lat_e6 for s in starts], [s.lng_e6 for s in starts],
        [steps[s.order_ref].round_number for s in starts], [steps[s.order_ref].seconds for s in starts],
    ]  # fmt: skip
    found = db.rows(
        "INSERT INTO o2o_dispatch (tenant_id, id, order_ref, order_number, facility_id, lat_e6, lng_e6, round, deadline,"
        " status, rules) SELECT %s, u.id, u.ref, u.number, u.facility, u.lat, u.lng, u.round,"
        " clock_timestamp() + u.seconds * interval '1 second', 'OFFERING', %s::jsonb"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::int[], %s::int[], %s::smallint[], %s::int[])"
        " u(id, ref, number, facility, lat, lng, round, seconds)"
        " ON CONFLICT (tenant_id, order_ref) WHERE status IN ('OFFERING', 'WON') DO NOTHING RETURNING order_ref, id",
        current_tenant(),
        rules,
        db.array(db.new_ids(len(starts))),
        *(db.array(column) for column in columns),
    )
    return dict(found)


def _live(order_refs: set[int]) -> set[int]:
    if not order_refs:
        return set()
    return {
        row[0]
        for row in db.rows(
            "SELECT order_ref FROM o2o_dispatch WHERE tenant_id = %s AND order_ref = ANY (%s::bigint[])"
            " AND status IN ('OFFERING', 'WON')",
            current_tenant(),
            db.array(sorted(order_refs)),
        )
    }


def _write_offers(steps: Sequence[tuple[int, Step]]) -> None:
    flat = [(id_, step.round_number, plan) for id_, step in steps for plan in step.offers]
    db.insert(
        Offer,
        ["id", "dispatch", "facility", "round", "distance_m"],
        [
            (offer_id, id_, plan.facility_id, round_number, plan.distance_m)
            for offer_id, (id_, round_number, plan) in zip(db.new_ids(len(flat)), flat, strict=True)
        ],
    )


def decline(*, dispatch_id: int, facility_id: int, reason: str, actor_id: int | None) -> None:
    """A store passes.  When nobody of the round is left, the next one is due at once.  Said again, or too
    late, it changes nothing.

    Locks the dispatch.  `reason` is one of DECLINE_REASONS.
    """
    if not rows.lock([dispatch_id]):
        raise NoDispatch(_("没有这一单。"), dispatch_id=dispatch_id)
    why = reason if reason in DECLINE_REASONS else "other"
    if not rows.close_offers({(dispatch_id, facility_id): why}):
        return
    rows.record("decline", dispatch_id, actor_id, facility_id=facility_id, reason=why)
    rows.hurry([dispatch_id])
    rows.tell([dispatch_id])


def advance_due(*, limit: int, dispatch_ids: Sequence[int] | None = None) -> Advanced:
    """Move dispatches whose deadline has passed: into the next round that asks somebody, or to the warehouse.

    Claims up to `limit`, earliest first (of these, when named); what another sweep holds is skipped, so any
    number of sweeps may run and any may be killed: a transition is one transaction.  Constant statements for
    the batch.  Says DispatchesFellBack.
    """
    # statement_timestamp is stable, so the index is walked to here and no further
    where, params = "status = 'OFFERING' AND deadline <= statement_timestamp()", []
    if dispatch_ids is not None:
        where, params = f"{where} AND id = ANY (%s::bigint[])", [db.array(dispatch_ids)]
    claimed = db.claim(
        Rank.DISPATCH,
        Dispatch,
        "id, order_ref, round, lat_e6, lng_e6, rules, extract(epoch FROM clock_timestamp() - deadline)::float8",
        where,
        *params,
        order="deadline, id",
        limit=limit,
    )
    if not claimed:
        return Advanced((), (), 0.0)
    due = [_Due(row[0], row[1], row[2], Point(row[3], row[4]), _rules(row[5])) for row in claimed]
    rows.close_all([d.id for d in due])
    steps = _next_steps(due)
    going = [d for d in due if steps[d.id].kind == StepKind.OFFER]
    _open_rounds([(d.id, steps[d.id]) for d in going])
    ending = [d for d in due if steps[d.id].kind == StepKind.FALLBACK]
    _fall_back({d.id: d.order_ref for d in ending}, "")
    rows.tell([d.id for d in due])
    return Advanced(tuple(d.id for d in going), tuple(d.id for d in ending), max(row[6] for row in claimed))


def list_due(*, limit: int) -> list[int]:
    """Dispatches whose deadline has passed, the earliest first.  Locks nothing."""
    found = db.rows(
        "SELECT id FROM o2o_dispatch WHERE tenant_id = %s AND status = 'OFFERING'"
        " AND deadline <= statement_timestamp() ORDER BY deadline, id LIMIT %s",
        current_tenant(),
        limit,
    )
    return [row[0] for row in found]


def _rules(snapshot: object) -> tuple[RoundRule, ...]:
    """The rounds as they were at the start.  What cannot be read asks nobody: the order must not be stuck."""
    value = json.loads(snapshot) if isinstance(snapshot, str) else snapshot
    try:
        return round_rules(value if isinstance(value, list) else [])
    except Invalid:
        log.exception("rounds of a dispatch cannot be read")
        return ()


def _next_steps(due: Sequence[_Due]) -> dict[int, Step]:
    """What each dispatch does next, among stores that were never asked for it."""
    goods = waiting_goods([d.order_ref for d in due])
    asked: dict[int, set[int]] = defaultdict(set)
    for id_, facility_id in db.rows(
        "SELECT dispatch_id, facility_id FROM o2o_offer WHERE tenant_id = %s AND dispatch_id = ANY (%s::bigint[])",
        current_tenant(),
        db.array([d.id for d in due]),
    ):
        asked[id_].add(facility_id)
    open_ended = [d for d in due if d.round < len(d.rules)]
    left = [rule for d in open_ended for rule in d.rules[d.round :]]
    market = read_market([d.point for d in open_ended], left, goods.values()) if open_ended else None
    return {
        d.id: next_step(
            d.round,
            d.rules,
            d.point,
            market.stores(goods.get(d.order_ref, ())) if market else (),
            asked[d.id],
        )
        for d in due
    }


def _open_rounds(steps: Sequence[tuple[int, Step]]) -> None:
    if not steps:
        return
    db.execute(
        "UPDATE o2o_dispatch d SET round = u.round, version = d.version + 1,"
        " deadline = clock_timestamp() + u.seconds * interval '1 second'"
        " FROM unnest(%s::bigint[], %s::smallint[], %s::int[]) u(id, round, seconds) WHERE d.tenant_id = %s AND d.id = u.id",
        db.array([id_ for id_, _step in steps]),
        db.array([step.round_number for _id, step in steps]),
        db.array([step.seconds for _id, step in steps]),
        current_tenant(),
    )
    _write_offers(steps)


def _fall_back(orders: Mapping[int, int], reason: str) -> None:
    """End locked dispatches (id -> order_ref): the warehouse that kept the reservation ships.  Locks
    parcels.
    """
    if not orders:
        return
    rows.end(list(orders), DispatchStatus.FALLBACK, reason)
    warehouse_parcels.release_waiting(order_refs=sorted(orders.values()))
    outbox.emit("DispatchesFellBack", {"dispatch_ids": list(orders), "order_refs": list(orders.values())})


def send_to_warehouse(*, dispatch_id: int, actor_id: int | None) -> bool:
    """A person ends the rounds now: the warehouse ships.  False when they had ended already.  Locks the
    dispatch, then parcels.
    """
    found = [row for row in rows.lock([dispatch_id]) if row[2] == DispatchStatus.OFFERING]
    if not found:
        return False
    rows.close_all([dispatch_id])
    _fall_back({dispatch_id: found[0][1]}, "by_hand")
    rows.record("send_to_warehouse", dispatch_id, actor_id)
    rows.tell([dispatch_id])
    return True


def cancel(*, order_refs: Sequence[int], reason: str) -> Cancelled:
    """The orders changed (refund, hold, address, quantity): their rounds end before a grab can count.

    Locks the dispatches.  Says DispatchesCancelled.  Orders that a store has won are named in `won` and left
    as they are.
    """
    found = db.lock(
        Rank.DISPATCH,
        Dispatch,
        "id, order_ref, status",
        "order_ref = ANY (%s::bigint[])",
        db.array(sorted(set(order_refs))),
    )
    running = {id_: ref for id_, ref, status in found if status == DispatchStatus.OFFERING}
    if running:
        rows.close_all(list(running), OfferStatus.CLOSED, "cancelled")
        rows.end(list(running), DispatchStatus.CANCELLED, reason[:200])
        outbox.emit(
            "DispatchesCancelled", {"dispatch_ids": list(running), "order_refs": list(running.values())}
        )
        rows.tell(list(running))
    won = tuple(sorted(ref for _id, ref, status in found if status == DispatchStatus.WON))
    return Cancelled(tuple(sorted(running.values())), won)


def settle_offers(*, facility_ids: Sequence[int]) -> int:
    """After stock left these stores: close their open offers that no longer fit, with the reason; how many.

    Locks the dispatches concerned, then reads the stock.  Where nobody of a round is left, the next one is
    due at once.
    """
    pairs = db.rows(
        "SELECT dispatch_id, facility_id FROM o2o_offer WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[])"
        " AND status = 'OPEN'",
        current_tenant(),
        db.array(sorted(set(facility_ids))),
    )
    locked = {
        id_: ref
        for id_, ref, status in rows.lock(sorted({id_ for id_, _f in pairs}))
        if status == DispatchStatus.OFFERING
    }
    if not locked:
        return 0
    goods = waiting_goods(list(locked.values()))
    stock = read_stock(facility_ids, goods.values())
    gone = {
        (id_, facility_id): SOLD_OUT
        for id_, facility_id in pairs
        if id_ in locked and not stock.has_stock(facility_id, goods.get(locked[id_], ()))
    }
    closed = rows.close_offers(gone)
    rows.hurry(sorted({id_ for id_, _f in gone}))
    rows.tell(sorted({id_ for id_, _f in gone}))
    return closed
