"""Deciding: audit, split and reserve for many orders at once, on values in memory.  Nothing here writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core import options
from inventory.rules.promise import Demand, PromisePlan
from inventory.services import promises
from orders import options as settings
from orders.models import ChannelState
from orders.rules import audit as audits
from orders.rules import splitting
from orders.rules.audit import AuditContext, AuditRules
from orders.rules.values import CarrierLimit, Finding, Order, Sku
from warehouse.models import Handover

STOCK_SHORT = "STOCK_SHORT"
CHANNEL_CHANGED = "CHANNEL_CHANGED"
NOT_TO_SHIP = "NOT_TO_SHIP"  # the platform says: not paid yet, or shipped, finished, closed already


@dataclass(slots=True)
class Plan:
    """What was decided: findings and parcels by order, orders that stop, and the promises to be written for the others."""

    findings: dict[int, list[Finding]] = field(default_factory=dict)
    parcels: dict[int, tuple[splitting.ParcelPlan, ...]] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    demands: dict[int, list[Demand]] = field(default_factory=dict)  # by facility
    promised: dict[int, PromisePlan] = field(default_factory=dict)  # by facility
    is_proved: bool = False  # decided under the locks of the stock rows

    def add(self, order_id: int, finding: Finding) -> None:
        self.findings.setdefault(order_id, []).append(finding)
        if finding.stops:
            self.stopped.add(order_id)


def audit_rules() -> AuditRules:
    """The tenant's rules."""
    stops = set(audits.STOPPING)
    if not options.get(settings.REMARK_STOPS):
        stops -= {audits.BUYER_REMARK, audits.SELLER_REMARK}
    if options.get(settings.DUPLICATE_STOPS):
        stops.add(audits.DUPLICATE_SUSPECTED)
    return AuditRules(options.get(settings.AMOUNT_LIMIT_MINOR) or None, frozenset(stops))


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


def split(
    plan: Plan, orders: Iterable[Order], skus: Mapping[int, Sku], limits: Mapping[int, CarrierLimit]
) -> None:
    """Parcels of the orders that nothing stops; `limits` by order."""
    lone_rides_stop = options.get(settings.LONE_RIDES_STOP)
    for order in orders:
        if order.id in plan.stopped:
            continue
        result = splitting.split(order.lines, skus, limits[order.id], lone_rides_stop=lone_rides_stop)
        for finding in result.findings:
            plan.add(order.id, finding)
        if order.id not in plan.stopped:
            plan.parcels[order.id] = result.parcels


def reserve(plan: Plan, orders: Iterable[Order], facility_of: Mapping[int, int], *, locked: bool) -> None:
    """Promise stock to the orders that have parcels, whole or not at all, in the given order; the others get "stock short".

    Several facilities are taken by id.  Not `locked`: a guess, to be proved by `prove` at the end of the transaction.
    """
    for order in orders:
        if order.id in plan.parcels:
            demand = Demand(
                order.id, order.min_expires_on, tuple((line.sku_id, line.quantity) for line in order.lines)
            )
            plan.demands.setdefault(facility_of[order.id], []).append(demand)
    plan.is_proved = locked
    for facility_id in sorted(plan.demands):
        promised = promises.plan(facility_id, plan.demands[facility_id], locked=locked)
        plan.promised[facility_id] = promised
        for short in promised.short:
            plan.parcels.pop(short.key, None)
            facts = (
                ("sku_id", short.sku_id),
                ("wanted", short.wanted),
                ("available", short.available),
                ("facility_id", facility_id),
            )
            plan.add(short.key, Finding(STOCK_SHORT, facts, stops=True))


def prove(plan: Plan) -> None:
    """Lock the stock rows, last, and write the counters of what was guessed.  Raises GuessedWrong when stock changed meanwhile.

    What was decided under the locks holds: since then stock can only have grown (a receipt needs no anchor).
    """
    for facility_id in sorted(plan.demands):
        if plan.is_proved:
            promises.add_counters(facility_id, plan.promised[facility_id].added)
        else:
            promises.commit_plan(facility_id, plan.demands[facility_id], plan.promised[facility_id])
