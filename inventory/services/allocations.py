"""Allocate: choose lots and bins for promised goods, first expired first out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory.models import Allocation, Balance
from inventory.queries import first_sellable, list_shelves
from inventory.rules import fefo
from inventory.services.promises import add_counters, lock_anchors


@dataclass(frozen=True, slots=True)
class AllocationResult:
    """Owners that have their lots now, and owners that could not be served whole (they keep their promise)."""

    owners: tuple[int, ...]
    short: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Held:
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

    Locks the anchors, then the balances it takes from.  Units stay on hand in their bin, allocated.  By the promise law nothing is short
    unless a promise was broken or a lot passed its day a moment ago; such owners are named in `short` and left as they were.
    """
    owner_refs = list(owner_units)
    sku_ids = [
        row[0]
        for row in db.rows(
            "SELECT DISTINCT sku_id FROM inventory_reservation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])",
            current_tenant(),
            db.array(owner_refs),
        )
    ]
    lock_anchors((facility_id, sku_id) for sku_id in sku_ids)
    held = _reservations(facility_id, owner_refs)
    short = _incomplete(held, owner_units)
    by_id = {h.id: h for h in held}
    wants, plan = _choose(facility_id, sku_ids, held, short)
    if plan.short:
        short |= {by_id[key].owner_ref for key in plan.short}
        wants, plan = _choose(facility_id, sku_ids, held, short)
    _write(facility_id, plan.takes, {want.key: by_id[want.key] for want in wants})
    return AllocationResult(tuple(dict.fromkeys(want.owner for want in wants)), tuple(sorted(short)))


def _incomplete(held: Sequence[_Held], owner_units: Mapping[int, int]) -> set[int]:
    """Owners whose promise was broken, in part or whole: nothing of theirs may leave without the rest."""
    units: dict[int, int] = defaultdict(int)
    for h in held:
        units[h.owner_ref] += h.quantity
    return {owner for owner, wanted in owner_units.items() if units[owner] != wanted}


def _choose(
    facility_id: int, sku_ids: Sequence[int], held: Sequence[_Held], without: AbstractSet[int]
) -> tuple[list[fefo.Want], fefo.AllocationPlan]:
    floor = first_sellable()
    wants = [
        fefo.Want(h.id, h.owner_ref, h.sku_id, max(h.min_expires_on, floor), h.quantity)
        for h in held
        if h.owner_ref not in without
    ]
    return wants, fefo.allocate(wants, list_shelves(facility_id, sku_ids))


def _reservations(facility_id: int, owner_refs: Sequence[int]) -> list[_Held]:
    place = {owner: i for i, owner in enumerate(owner_refs)}
    found = db.rows(
        "SELECT id, owner_ref, line_ref, sku_id, min_expires_on, quantity, priority, ship_by FROM inventory_reservation"
        " WHERE tenant_id = %s AND facility_id = %s AND owner_ref = ANY (%s::bigint[])",
        current_tenant(),
        facility_id,
        db.array(owner_refs),
    )
    return sorted((_Held(*row) for row in found), key=lambda h: (place[h.owner_ref], h.line_ref, h.id))


def _write(facility_id: int, takes: Sequence[fefo.Take], held: Mapping[int, _Held]) -> None:
    if not held:
        return
    totals: dict[int, int] = defaultdict(int)
    for take in takes:
        totals[take.balance_id] += take.quantity
    db.insert(
        Allocation,
        ["id", "owner_ref", "line_ref", "balance", "quantity", "min_expires_on", "priority", "ship_by"],
        [
            (
                id_,
                h.owner_ref,
                h.line_ref,
                take.balance_id,
                take.quantity,
                h.min_expires_on,
                h.priority,
                h.ship_by,
            )
            for id_, take in zip(db.new_ids(len(takes)), takes, strict=True)
            for h in (held[take.key],)
        ],
    )
    db.execute(
        "DELETE FROM inventory_reservation WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(list(held)),
    )
    served: dict[tuple[int, date], int] = defaultdict(int)
    for h in held.values():
        served[h.sku_id, h.min_expires_on] -= h.quantity
    add_counters(facility_id, served)
    ids = sorted(totals)
    db.lock(Rank.STOCK, Balance, "id", "id = ANY (%s::bigint[])", db.array(ids))
    db.execute(
        "UPDATE inventory_balance b SET allocated = b.allocated + u.quantity FROM unnest(%s::bigint[], %s::int[]) u(id, quantity)"
        " WHERE b.tenant_id = %s AND b.id = u.id",
        db.array(ids),
        db.array([totals[i] for i in ids]),
        current_tenant(),
    )
