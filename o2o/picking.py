"""What a store takes from which shelf for an order it has won."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core import db
from core.tenancy import current_tenant
from inventory.queries import first_sellable, list_shelves
from inventory.rules import fefo

ALLOCATED = """
    SELECT b.bin_id, b.sku_id, b.lot_id, sum(a.quantity)::int FROM warehouse_parcel p
    JOIN inventory_allocation a ON a.tenant_id = p.tenant_id AND a.owner_ref = p.id
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    WHERE p.tenant_id = %s AND p.ref = %s AND p.facility_id = %s GROUP BY 1, 2, 3
"""
RESERVED = """
    SELECT r.id, r.owner_ref, r.sku_id, r.min_expires_on, r.quantity FROM warehouse_parcel p
    JOIN inventory_reservation r ON r.tenant_id = p.tenant_id AND r.owner_ref = p.id
    WHERE p.tenant_id = %s AND p.ref = %s AND p.facility_id = %s AND p.status = 1
    ORDER BY p.ship_by, p.id, r.line_ref, r.id
"""
WORDS = """
    SELECT u.bin_id, u.lot_id, s.id, s.name, s.unit, l.code, l.expires_on, n.code
    FROM unnest(%s::bigint[], %s::bigint[]) u(bin_id, lot_id)
    JOIN inventory_bin n ON n.tenant_id = %s AND n.id = u.bin_id
    JOIN inventory_lot l ON l.tenant_id = n.tenant_id AND l.id = u.lot_id
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    ORDER BY n.sequence, n.code, s.code, l.expires_on, l.id
"""


@dataclass(frozen=True, slots=True)
class StorePick:
    """One instruction: so many units of this lot from this bin.  `expires_on` None: does not expire."""

    bin_id: int
    bin: str
    sku_id: int
    name: str
    unit: str
    lot_id: int
    lot: str
    expires_on: date | None
    quantity: int


def list_picks(order_ref: int, facility_id: int) -> list[StorePick]:
    """What is allocated, and what would be allocated now for the rest, in the order of the walk.  Locks nothing."""
    totals = {
        (bin_id, lot_id): units
        for bin_id, _sku, lot_id, units in db.rows(ALLOCATED, current_tenant(), order_ref, facility_id)
    }
    for place, units in _planned(order_ref, facility_id):
        totals[place] = totals.get(place, 0) + units
    found = db.rows(
        WORDS, db.array([p[0] for p in totals]), db.array([p[1] for p in totals]), current_tenant()
    )
    return [
        StorePick(bin_id, bin_code, sku_id, name, unit, lot_id, lot, expires_on, totals[bin_id, lot_id])
        for bin_id, lot_id, sku_id, name, unit, lot, expires_on, bin_code in found
    ]


def _planned(order_ref: int, facility_id: int) -> list[tuple[tuple[int, int], int]]:
    held = db.rows(RESERVED, current_tenant(), order_ref, facility_id)
    if not held:
        return []
    floor = first_sellable()
    wants = [fefo.Want(id_, owner, sku_id, max(day, floor), units) for id_, owner, sku_id, day, units in held]
    shelves = list_shelves(facility_id, {want.sku_id for want in wants})
    plan = fefo.allocate(wants, shelves)
    bins = dict(
        db.rows(
            "SELECT id, bin_id FROM inventory_balance WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted({take.balance_id for take in plan.takes})),
        )
    )
    lots = {shelf.balance_id: shelf.lot_id for shelf in shelves}
    return [((bins[take.balance_id], lots[take.balance_id]), take.quantity) for take in plan.takes]


def plan_code(picks: Sequence[StorePick]) -> str:
    """A short code of lots and units, "" of nothing (not of bins: a unit in its tote is still the same unit)."""
    if not picks:
        return ""
    units: dict[int, int] = {}
    for pick in picks:
        units[pick.lot_id] = units.get(pick.lot_id, 0) + pick.quantity
    text = ",".join(f"{lot_id}:{units[lot_id]}" for lot_id in sorted(units))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
