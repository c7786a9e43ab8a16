"""Orders that are short send what is there now, where they may (rules/ready_now.py): planned beside the others, after them.

Whole orders come first; what they leave goes to the short ones, the earliest deadline first.  Such an order stays stopped, with the
finding that says what it waits for, and has parcels of the units that go.  Where nobody is short, or nobody may, this costs nothing.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from core import options
from inventory.rules import promise
from inventory.rules.promise import Demand, Promised, PromisePlan, Supply
from inventory.sellable import read_standing
from orders import options as settings
from orders.rules import audit, splitting
from orders.rules import ready_now as rule
from orders.rules.carriers import CarrierFacts
from orders.rules.values import CarrierLimit, Finding, Line, Order, Sku
from orders.services import carriers, planning
from orders.services.carriers import Job
from orders.services.planning import Plan

SHORT_OF = frozenset({planning.STOCK_SHORT})
"""What stops an order that may go in part."""
OF_THE_REST = SHORT_OF | {
    planning.PRESALE_WAITS,
    planning.NO_CARRIER,
    audit.SKU_UNMAPPED,
    audit.WEIGHT_UNKNOWN,
    splitting.SIZE_UNKNOWN,
    splitting.OVER_CARRIER_LIMIT,
    splitting.CASE_QUANTITY_UNKNOWN,
    splitting.RIDES_WITH_NOTHING,
}
"""What may stop the rest of an order while its first parcels wait for a wave: it is about goods, not about the order."""


def fill(
    plan: Plan,
    ordered: Sequence[Order],
    jobs: Mapping[int, Job],
    hands: Sequence[CarrierFacts],
    skus: Mapping[int, Sku],
) -> None:
    """After `planning.reserve`: parcels of what is there for the orders that are short and may go in part.

    Under the locks of the plan, where it has them; else a guess like the rest of it, proved with it.  One statement a facility where the
    stock was not seen ahead, none otherwise.
    """
    if not plan.stopped:
        return
    short = [one for one in ordered if one.id in plan.stopped and is_short(plan.findings.get(one.id, ()))]
    asked = [one for one in short if may_go(jobs[one.id])]
    at: defaultdict[int, list[Order]] = defaultdict(list)
    for one in asked:
        at[jobs[one.id].head.facility_id].append(one)
    limits = carriers.limits(hands, {one.id: jobs[one.id] for one in asked}) if asked else {}
    for facility_id in sorted(at):
        _fill_place(plan, facility_id, at[facility_id], jobs, hands, skus, limits)


def is_short(findings: Collection[Finding]) -> bool:
    """Whether nothing but goods that are not there stops an order with these findings."""
    return rule.is_partly({one.code for one in findings if one.stops}, SHORT_OF)


def may_go(job: Job) -> bool:
    """Whether this order may go in part.  One whose money is collected at the door may not: the first parcel would ask for all of it."""
    if job.head.cod_minor:
        return False
    decided = json.loads(job.head.decided) if job.head.decided else None
    return rule.may_go(decided, job.channel.ready_now, options.get(settings.READY_NOW))


class _Left:
    """What a facility can still promise beside a plan."""

    def __init__(self, supplies: Sequence[Supply], promised: Sequence[Promised], plan: PromisePlan) -> None:
        self.supplies: defaultdict[int, list[Supply]] = defaultdict(list)
        self.promised: defaultdict[int, list[Promised]] = defaultdict(list)
        for supply in supplies:
            self.supplies[supply.sku_id].append(supply)
        for row in promised:
            self.promised[row.sku_id].append(row)
        self.plan = plan
        for (sku_id, day), units in plan.added.items():
            self.promised[sku_id].append(Promised(sku_id, day, units))

    def of(self, order: Order) -> dict[int, int]:
        """SKU -> units, for the days of this order."""
        return {
            sku_id: promise.available(self.supplies[sku_id], self.promised[sku_id], day_of(order, sku_id))
            for sku_id in {line.sku_id for line in order.lines}
        }

    def take(self, order: Order, lines: Sequence[Line]) -> Demand:
        """These lines of the order are promised too."""
        units: dict[int, int] = {}
        for line in lines:
            units[line.sku_id] = units.get(line.sku_id, 0) + line.quantity
        added = dict(self.plan.added)
        for sku_id, n in units.items():
            day = day_of(order, sku_id)
            self.promised[sku_id].append(Promised(sku_id, day, n))
            added[sku_id, day] = added.get((sku_id, day), 0) + n
        self.plan = PromisePlan((*self.plan.granted, order.id), self.plan.short, added)
        return Demand(order.id, order.min_expires_on, tuple(units.items()), order.floors)


def day_of(order: Order, sku_id: int) -> date:
    """The minimum expiry of a SKU in an order."""
    return order.floors.get(sku_id, order.min_expires_on)


def _fill_place(
    plan: Plan,
    facility_id: int,
    orders: Sequence[Order],
    jobs: Mapping[int, Job],
    hands: Sequence[CarrierFacts],
    skus: Mapping[int, Sku],
    limits: Mapping[int, CarrierLimit],
) -> None:
    seen = None if plan.is_proved else plan.standing.get(facility_id)
    if seen is None:
        seen = read_standing(facility_id, {line.sku_id for one in orders for line in one.lines})
    left = _Left(seen.supplies, seen.promised, plan.promised[facility_id])
    parts: list[Demand] = []
    for order in orders:
        now = rule.take_ready(order.lines, left.of(order), skus).now
        if now and _pack(plan, order, now, jobs, hands, skus, limits[order.id]):
            parts.append(left.take(order, now))
    if parts:
        plan.demands[facility_id] = [*plan.demands[facility_id], *parts]
        plan.promised[facility_id] = left.plan


def _pack(
    plan: Plan,
    order: Order,
    now: Sequence[Line],
    jobs: Mapping[int, Job],
    hands: Sequence[CarrierFacts],
    skus: Mapping[int, Sku],
    limit: CarrierLimit,
) -> bool:
    """Parcels of these lines, and who brings them; False, and nothing planned, where they make none."""
    made = splitting.split(now, skus, limit, lone_rides_stop=options.get(settings.LONE_RIDES_STOP))
    if any(one.stops for one in made.findings):
        return False
    part = Plan(parcels={order.id: made.parcels})
    carriers.choose(part, hands, jobs, skus)
    if order.id not in part.parcels:
        return False
    plan.parcels[order.id] = made.parcels
    plan.carriers.pop(order.id, None)
    plan.carriers.update(part.carriers)
    return True
