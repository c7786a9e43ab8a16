"""Allocate: choose lots and bins for promised goods, first expired first out or as the SKU wants it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory.models import Allocation, Balance, LotOrder
from inventory.queries import first_sellable, list_shelves
from inventory.rules import fefo, lot_order
from inventory.rules.lot_order import LotDemand, LotPlan, Manner
from inventory.services.lot_choice import choose, choose_within_lots, list_manners, list_promised_now
from inventory.services.promises import GuessedWrong, add_counters, lock_anchors

# (tenant, tenant, owners, tenant, tenant, owners) -> the SKUs that these owners have promised, and how their lots are chosen; then those
# of which they have lots set aside
OWNED_SKUS = """
    SELECT id, lot_order, one_lot_per_parcel, true FROM inventory_sku WHERE tenant_id = %s AND id = ANY (ARRAY(
        SELECT DISTINCT sku_id FROM inventory_reservation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])))
    UNION ALL SELECT DISTINCT sku_id, 0::smallint, false, false FROM inventory_balance WHERE tenant_id = %s AND id = ANY (ARRAY(
        SELECT balance_id FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])))
"""


@dataclass(frozen=True, slots=True)
class AllocationResult:
    """Owners that have their lots now, and owners that could not be served whole (they keep their promise)."""

    owners: tuple[int, ...]
    short: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LotRow:
    """Units of one line that were set aside with their lot."""

    owner_ref: int
    line_ref: int
    sku_id: int
    lot_id: int
    min_expires_on: date
    quantity: int
    priority: int
    ship_by: datetime


class _Held(NamedTuple):  # ten thousand at once: a row as it came, not copied field by field
    id: int
    owner_ref: int
    line_ref: int
    sku_id: int
    min_expires_on: date
    quantity: int
    priority: int
    ship_by: datetime


def allocate(*, facility_id: int, owner_units: Mapping[int, int]) -> AllocationResult:
    """Give these owners' reservations their lots and bins, in the order of `owner_units` (owner -> units it must have, whole).

    Locks the anchors of all that the owners have, then, at once, the balances it takes from and those in which short owners have lots set
    aside, so that the caller may give these back without a lock that goes backwards.  Units stay on hand in their bin, allocated; what an
    owner was allocated when it was promised (goods of one lot) counts.  By the promise law nothing is short unless a promise was broken or
    a lot passed its day a moment ago, or no single lot is enough for goods that want one; such owners are named in `short` and left as
    they were.
    """
    owner_refs, tenant_id = list(owner_units), current_tenant()
    owners = tenant_id, tenant_id, db.array(owner_refs)
    skus = db.rows(OWNED_SKUS, *owners, *owners)
    lock_anchors((facility_id, row[0]) for row in skus)
    sku_ids = [row[0] for row in skus if row[3]]
    manners = {id_: Manner(order == LotOrder.FIFO, one) for id_, order, one, _ in skus if order or one}
    held = _reservations(facility_id, owner_refs)
    short = _incomplete(held, owner_units)
    by_id = {h.id: h for h in held}
    wants, plan = _choose(facility_id, sku_ids, held, short, manners)
    while plan.short:
        short |= {by_id[key].owner_ref for key in plan.short}
        wants, plan = _choose(facility_id, sku_ids, held, short, manners)
    aside = _set_aside(short) if len(sku_ids) < len(skus) else ()
    _write(facility_id, plan.takes, {want.key: by_id[want.key] for want in wants}, aside)
    return AllocationResult(tuple(owner for owner in owner_refs if owner not in short), tuple(sorted(short)))


def plan_lots(facility_id: int, demands: Sequence[LotDemand]) -> LotPlan:
    """Sets lots aside for goods that cannot be promised without them, whole demands, first come first served.

    Under the anchors' locks, which the caller has; then the answer holds until `allocate_to_lots` writes it in the same transaction.
    """
    sku_ids = {sku_id for demand in demands for sku_id, _units, _day in demand.parts}
    manners = dict.fromkeys(sku_ids, Manner(is_one_lot=True)) | list_manners(sku_ids)
    floor = first_sellable()
    asked = [
        replace(demand, parts=tuple((sku, units, max(day, floor)) for sku, units, day in demand.parts))
        for demand in demands
    ]
    return lot_order.plan_lots(
        asked, list_shelves(facility_id, sku_ids), list_promised_now(facility_id, sku_ids), manners
    )


def allocate_to_lots(facility_id: int, rows: Sequence[LotRow]) -> None:
    """Write what `plan_lots` has set aside, in the bins of each lot, those that empty first.

    Under the same locks; locks the balances.  Raises GuessedWrong when a lot has not the units after all.
    """
    if not rows:
        return
    wants = [
        fefo.Want(n, r.owner_ref, r.sku_id, max(r.min_expires_on, first_sellable()), r.quantity)
        for n, r in enumerate(rows)
    ]
    lots = {n: row.lot_id for n, row in enumerate(rows)}
    plan = choose_within_lots(wants, lots, list_shelves(facility_id, {row.sku_id for row in rows}))
    if plan.short:
        raise GuessedWrong
    _insert(plan.takes, dict(enumerate(rows)))
    _take(plan.takes)


def _incomplete(held: Sequence[_Held], owner_units: Mapping[int, int]) -> set[int]:
    """Owners whose promise was broken, in part or whole: nothing of theirs may leave without the rest."""
    units: dict[int, int] = defaultdict(int)
    for h in held:
        units[h.owner_ref] += h.quantity
    missing = {owner for owner, wanted in owner_units.items() if units[owner] != wanted}
    if missing:  # goods of one lot have theirs already
        for owner, count in db.rows(
            "SELECT owner_ref, sum(quantity)::int FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])"
            " GROUP BY 1",
            current_tenant(),
            db.array(missing),
        ):
            units[owner] += count
    return {owner for owner in missing if units[owner] != owner_units[owner]}


def _choose(
    facility_id: int,
    sku_ids: Sequence[int],
    held: Sequence[_Held],
    without: AbstractSet[int],
    manners: Mapping[int, Manner],
) -> tuple[list[fefo.Want], fefo.AllocationPlan]:
    floor = first_sellable()
    wants = [
        fefo.Want(h.id, h.owner_ref, h.sku_id, max(h.min_expires_on, floor), h.quantity)
        for h in held
        if h.owner_ref not in without
    ]
    return wants, choose(facility_id, wants, list_shelves(facility_id, sku_ids), manners)


def _reservations(facility_id: int, owner_refs: Sequence[int]) -> list[_Held]:
    place = {owner: i for i, owner in enumerate(owner_refs)}
    found = db.rows(
        "SELECT id, owner_ref, line_ref, sku_id, min_expires_on, quantity, priority, ship_by FROM inventory_reservation"
        " WHERE tenant_id = %s AND facility_id = %s AND owner_ref = ANY (%s::bigint[])",
        current_tenant(),
        facility_id,
        db.array(owner_refs),
    )
    return sorted(map(_Held._make, found), key=lambda h: (place[h.owner_ref], h.line_ref, h.id))


def _set_aside(owners: AbstractSet[int]) -> list[int]:
    """Balances in which these owners have units already.  Under the anchors' locks, so nothing of theirs gets another bin."""
    found = db.rows(
        "SELECT DISTINCT balance_id FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])",
        current_tenant(),
        db.array(sorted(owners)),
    )
    return [row[0] for row in found]


def _write(
    facility_id: int, takes: Sequence[fefo.Take], held: Mapping[int, _Held], aside: Sequence[int]
) -> None:
    if not held:
        return
    _insert(takes, held)
    db.execute(
        "DELETE FROM inventory_reservation WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(list(held)),
    )
    served: dict[tuple[int, date], int] = defaultdict(int)
    for h in held.values():
        served[h.sku_id, h.min_expires_on] -= h.quantity
    add_counters(facility_id, served)
    _take(takes, aside)


def _insert(takes: Sequence[fefo.Take], asked: Mapping[int, _Held] | Mapping[int, LotRow]) -> None:
    """The rows of what was taken for whom."""
    db.insert_behind(
        Allocation,
        ["id", "owner_ref", "line_ref", "balance", "quantity", "min_expires_on", "priority", "ship_by"],
        [
            (
                id_,
                r.owner_ref,
                r.line_ref,
                take.balance_id,
                take.quantity,
                r.min_expires_on,
                r.priority,
                r.ship_by,
            )
            for id_, take in zip(db.new_ids(len(takes)), takes, strict=True)
            for r in (asked[take.key],)
        ],
    )


def _take(takes: Sequence[fefo.Take], aside: Sequence[int] = ()) -> None:
    """Lock the balances, by id, those of `aside` with them, and count the units on them."""
    totals: dict[int, int] = defaultdict(int)
    for take in takes:
        totals[take.balance_id] += take.quantity
    ids = sorted(totals)
    db.lock(Rank.STOCK, Balance, "id", "id = ANY (%s::bigint[])", db.array(sorted({*ids, *aside})))
    db.execute(
        "UPDATE inventory_balance b SET allocated = b.allocated + u.quantity FROM unnest(%s::bigint[], %s::int[]) u(id, quantity)"
        " WHERE b.tenant_id = %s AND b.id = u.id",
        db.array(ids),
        db.array([totals[i] for i in ids]),
        current_tenant(),
    )
