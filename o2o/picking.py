"""What a store takes from which shelf for an order it has won."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core import db
from core.tenancy import current_tenant
from inventory.queries import first_sellable, list_shelves
from inventory.rules import fefo

# What is allocated (a balance, no reservation) and what is only promised.  Parameters: (tenant, order_ref,
# facility) twice.
HELD = """
    SELECT a.balance_id, a.id, a.owner_ref, NULL, NULL, a.quantity, p.ship_by, a.line_ref FROM warehouse_parcel p
    JOIN inventory_allocation a ON a.tenant_id = p.tenant_id AND a.owner_ref = p.id
    WHERE p.tenant_id = %s AND p.ref = %s AND p.facility_id = %s
    UNION ALL
    SELECT NULL, r.id, r.owner_ref, r.sku_id, r.min_expires_on, r.quantity, p.ship_by, r.line_ref FROM warehouse_parcel p
    JOIN inventory_reservation r ON r.tenant_id = p.tenant_id AND r.owner_ref = p.id
    WHERE p.tenant_id = %s AND p.ref = %s AND p.facility_id = %s AND p.status = 1
    ORDER BY 7, 3, 8, 2
"""
WORDS = """
    SELECT b.id, n.id, n.code, s.id, s.name, s.unit, l.id, l.code, l.expires_on FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    WHERE b.tenant_id = %s AND b.id = ANY (%s::bigint[]) ORDER BY n.sequence, n.code, s.code, l.expires_on, l.id
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
    """What is allocated, and what would be allocated now for the rest, in the order of the walk.  Locks
    nothing.
    """
    place = (current_tenant(), order_ref, facility_id)
    totals: dict[int, int] = defaultdict(int)
    promised = []
    for balance_id, id_, owner, sku_id, day, units, *_order in db.rows(HELD, *place, *place):
        if balance_id is None:
            promised.append((id_, owner, sku_id, day, units))
        else:
            totals[balance_id] += units
    for take in _planned(facility_id, promised):
        totals[take.balance_id] += take.quantity
    found = db.rows(WORDS, current_tenant(), db.array(sorted(totals))) if totals else []
    return [
        StorePick(bin_id, bin_code, sku_id, name, unit, lot_id, lot, expires_on, totals[balance_id])
        for balance_id, bin_id, bin_code, sku_id, name, unit, lot_id, lot, expires_on in found
    ]


def _planned(facility_id: int, promised: Sequence[tuple[int, int, int, date, int]]) -> Sequence[fefo.Take]:
    if not promised:
        return ()
    floor = first_sellable()
    wants = [
        fefo.Want(id_, owner, sku_id, max(day, floor), units) for id_, owner, sku_id, day, units in promised
    ]
    return fefo.allocate(wants, list_shelves(facility_id, {want.sku_id for want in wants})).takes


def plan_code(picks: Sequence[StorePick]) -> str:
    """A short code of lots and units, "" of nothing (not of bins: a unit in its tote is still the same
    unit).
    """
    if not picks:
        return ""
    units: dict[int, int] = {}
    for pick in picks:
        units[pick.lot_id] = units.get(pick.lot_id, 0) + pick.quantity
    text = ",".join(f"{lot_id}:{units[lot_id]}" for lot_id in sorted(units))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
