"""Deciding: audit, split and reserve for many orders at once, on values in memory.  Nothing here writes."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from core import options
from inventory.rules.lot_order import LotDemand
from inventory.rules.promise import Demand, PromisePlan
from inventory.sellable import Standing, read_standing
from inventory.services import allocations, promises
from orders import options as settings
from orders.models import ChannelState
from orders.rules import audit as audits
from orders.rules import hand_split, splitting
from orders.rules.audit import AuditContext, AuditRules
from orders.rules.carriers import Choice
from orders.rules.hand_split import Wanted
from orders.rules.remarks import Harmless
from orders.rules.values import CarrierLimit, Fact, Finding, Order, Sku
from warehouse.models import Handover

STOCK_SHORT = "STOCK_SHORT"
NO_CARRIER = "NO_CARRIER"  # nobody takes one of its parcels there
CHANNEL_CHANGED = "CHANNEL_CHANGED"
ADDRESS_CHANGED = "ADDRESS_CHANGED"  # the platform has another receiver since
HELD = "HELD"  # a person said: not now
PRESALE_WAITS = "PRESALE_WAITS"
REFUND_ASKED = "REFUND_ASKED"  # the buyer wants all of it back, and nobody has said yes or no
NOT_TO_SHIP = "NOT_TO_SHIP"  # the platform says: not paid yet, or shipped, finished, closed already


@dataclass(slots=True)
class Plan:
    """What was decided: findings and parcels by order, orders that stop, and the promises to be written for the others."""

    findings: dict[int, list[Finding]] = field(default_factory=dict)
    parcels: dict[int, tuple[splitting.ParcelPlan, ...]] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    demands: dict[int, list[Demand]] = field(default_factory=dict)  # by facility
    promised: dict[int, PromisePlan] = field(default_factory=dict)  # by facility
    lots: dict[int, dict[tuple[int, int], int]] = field(
        default_factory=dict
    )  # order -> (parcel's place, SKU) -> lot
    carriers: dict[int, tuple[Choice, ...]] = field(
        default_factory=dict
    )  # order -> who brings each of its parcels
    repeated: AbstractSet[int] = frozenset()  # keys of receivers that other orders go to as well
    standing: dict[int, Standing] = field(default_factory=dict)  # stock as it was seen ahead, by facility
    is_proved: bool = False  # decided under the locks of the stock rows

    def add(self, order_id: int, finding: Finding) -> None:
        self.findings.setdefault(order_id, []).append(finding)
        if finding.stops:
            self.stopped.add(order_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """How lines of one order were promised: SKU -> its minimum expiry where it is not the order's; (parcel's place, SKU) -> its lot."""

    floors: Mapping[int, date]
    lots: Mapping[tuple[int, int], int]


def audit_rules() -> AuditRules:
    """The tenant's rules."""
    stops = set(audits.STOPPING)
    if not options.get(settings.REMARK_STOPS):
        stops -= {audits.BUYER_REMARK, audits.SELLER_REMARK}
    if options.get(settings.DUPLICATE_STOPS):
        stops.add(audits.DUPLICATE_SUSPECTED)
    harmless = _harmless(tuple(map(str, options.get(settings.HARMLESS_REMARKS))))
    return AuditRules(options.get(settings.AMOUNT_LIMIT_MINOR) or None, frozenset(stops), harmless=harmless)


@lru_cache(maxsize=256)
def _harmless(phrases: tuple[str, ...]) -> Harmless:
    return Harmless(phrases)


def carrier_limit(handover: int) -> CarrierLimit:
    """What one parcel may be: the dock takes pallets, a carrier has its limits."""
    if handover == Handover.DOCK:
        return splitting.NO_LIMIT
    longest = options.get(settings.PARCEL_LONGEST_MM)
    return CarrierLimit(options.get(settings.PARCEL_LIMIT_G), None, longest or None)


def audit(plan: Plan, orders: Sequence[Order], skus: Mapping[int, Sku], context: AuditContext) -> None:
    """Every finding of every order, at once."""
    for order in orders:
        for finding in audits.audit(order, skus, context):
            plan.add(order.id, finding)


def check_state(plan: Plan, order_id: int, state: int) -> None:
    """Only what is paid and not shipped yet may be promised; nobody can wave anything else through."""
    if state != ChannelState.PAID:
        plan.add(order_id, Finding(NOT_TO_SHIP, (("state", int(state)),), stops=True))


def stop(plan: Plan, findings: Mapping[int, Sequence[Finding]]) -> None:
    """What is known of some orders already."""
    for order_id, found in findings.items():
        for finding in found:
            plan.add(order_id, finding)


def wait(plan: Plan, order_id: int, until: datetime) -> None:
    """A presale ships on its day, not before."""
    plan.add(order_id, Finding(PRESALE_WAITS, (("until", until.isoformat()),), stops=True))


def split(
    plan: Plan,
    orders: Iterable[Order],
    skus: Mapping[int, Sku],
    limits: Mapping[int, CarrierLimit],
    by_hand: Mapping[int, Wanted] | None = None,
) -> None:
    """Parcels of the orders that nothing stops; `limits` by order; `by_hand`: orders whose parcels a person wants so."""
    lone_rides_stop = options.get(settings.LONE_RIDES_STOP)
    for order in orders:
        if order.id in plan.stopped:
            continue
        result = None
        if by_hand and order.id in by_hand:
            result = hand_split.plan(order.lines, skus, by_hand[order.id], limits[order.id])
        if result is None:
            result = splitting.split(order.lines, skus, limits[order.id], lone_rides_stop=lone_rides_stop)
        for finding in result.findings:
            plan.add(order.id, finding)
        if order.id not in plan.stopped:
            plan.parcels[order.id] = result.parcels


def look(
    plan: Plan, orders: Iterable[Order], facility_of: Mapping[int, int], skus: Mapping[int, Sku]
) -> None:
    """Read the stock that `reserve` will ask for, ahead of it and without a lock; nothing where lots have to be set aside."""
    if any(sku.is_one_lot for sku in skus.values()):
        return
    wanted: dict[int, set[int]] = {}
    for order in orders:
        if order.id not in plan.stopped:
            wanted.setdefault(facility_of[order.id], set()).update([line.sku_id for line in order.lines])
    for facility_id in sorted(wanted):
        plan.standing[facility_id] = read_standing(facility_id, wanted[facility_id])


def reserve(
    plan: Plan,
    orders: Iterable[Order],
    facility_of: Mapping[int, int],
    skus: Mapping[int, Sku],
    *,
    locked: bool,
) -> None:
    """Promise stock to the orders that have parcels, whole or not at all, in the given order; the others get "stock short".

    Several facilities are taken by id.  Not `locked`: a guess, to be proved by `prove` at the end of the transaction.  Goods of which a
    parcel holds one lot cannot be guessed: their lots are set aside now, under the locks of all stock that is asked for.
    """
    by_facility: dict[int, list[Order]] = {}
    for order in orders:
        if order.id in plan.parcels:
            by_facility.setdefault(facility_of[order.id], []).append(order)
    one_lot = {sku_id for sku_id, sku in skus.items() if sku.is_one_lot}
    plan.is_proved = locked or bool(one_lot)
    for facility_id in sorted(by_facility):
        here = by_facility[facility_id]
        if one_lot:
            promises.lock_anchors((facility_id, line.sku_id) for order in here for line in order.lines)
            _set_lots_aside(plan, facility_id, here, one_lot)
        demands = [_demand(order, one_lot) for order in here if order.id in plan.parcels]
        plan.demands[facility_id] = demands
        promised = promises.plan(
            facility_id, demands, locked=plan.is_proved, seen=plan.standing.get(facility_id)
        )
        plan.promised[facility_id] = promised
        for short in promised.short:
            _stop_short(plan, facility_id, short.key, short.sku_id, short.wanted, short.available)


def _demand(order: Order, without: AbstractSet[int]) -> Demand:
    lines = [line for line in order.lines if line.sku_id not in without] if without else order.lines
    units = tuple([(line.sku_id, line.quantity) for line in lines])
    return Demand(order.id, order.min_expires_on, units, order.floors)


def _set_lots_aside(plan: Plan, facility_id: int, orders: Sequence[Order], one_lot: AbstractSet[int]) -> None:
    """Each parcel of these orders gets the lot of its goods that want one; an order without enough in one lot is short."""
    wanted: dict[int, dict[tuple[int, int], int]] = {}
    for order in orders:
        for place, parcel in enumerate(plan.parcels[order.id]):
            for item in parcel.items:
                if item.sku_id in one_lot:
                    parts = wanted.setdefault(order.id, {})
                    parts[place, item.sku_id] = parts.get((place, item.sku_id), 0) + item.quantity
    floors = {order.id: order for order in orders}
    demands = [
        LotDemand(
            id_,
            tuple(
                (sku_id, units, floors[id_].floors.get(sku_id, floors[id_].min_expires_on))
                for (_place, sku_id), units in parts.items()
            ),
        )
        for id_, parts in wanted.items()
    ]
    found = allocations.plan_lots(facility_id, demands)
    for id_, lots in found.lots.items():
        plan.lots[id_] = dict(zip(wanted[id_], lots, strict=True))
    for short in found.short:
        facts = (("one_lot", "yes"),)
        _stop_short(plan, facility_id, short.key, short.sku_id, short.wanted, short.most, facts)


def _stop_short(
    plan: Plan,
    facility_id: int,
    order_id: int,
    sku_id: int,
    wanted: int,
    available: int,
    more: tuple[tuple[str, Fact], ...] = (),
) -> None:
    plan.parcels.pop(order_id, None)
    plan.lots.pop(order_id, None)
    facts = (
        ("sku_id", sku_id),
        ("wanted", wanted),
        ("available", available),
        ("facility_id", facility_id),
        *more,
    )
    plan.add(order_id, Finding(STOCK_SHORT, facts, stops=True))


def list_terms(plan: Plan, orders: Iterable[Order]) -> dict[int, Terms]:
    """The orders whose lines were not all promised alike."""
    return {
        order.id: Terms(order.floors, plan.lots.get(order.id, {}))
        for order in orders
        if order.floors or order.id in plan.lots
    }


def prove(plan: Plan) -> None:
    """Lock the stock rows, last, and write the counters of what was guessed.  Raises GuessedWrong when stock changed meanwhile.

    What was decided under the locks holds: since then stock can only have grown (a receipt needs no anchor).
    """
    for facility_id in sorted(plan.demands):
        if plan.is_proved:
            promises.add_counters(facility_id, plan.promised[facility_id].added)
        else:
            promises.commit_plan(facility_id, plan.demands[facility_id], plan.promised[facility_id])
