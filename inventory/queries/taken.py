"""Who has the units of a SKU: what is allocated to whom, what is promised to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core import db
from core.tenancy import current_tenant

# (tenant, facility_ids, sku, instant, id, limit): allocations lie on a SKU's balances; only what is on its way has one
_ALLOCATED = """
    SELECT a.id, a.owner_ref, a.quantity, a.ship_by, a.min_expires_on, b.facility_id, l.code, n.code
    FROM inventory_allocation a JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    WHERE a.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = %s AND (a.ship_by, a.id) > (%s, %s)
    ORDER BY a.ship_by, a.id LIMIT %s
"""

# The same parameters.
_PROMISED = """
    SELECT r.id, r.owner_ref, r.quantity, r.ship_by, r.min_expires_on, r.facility_id, NULL, NULL FROM inventory_reservation r
    WHERE r.tenant_id = %s AND r.facility_id = ANY (%s::bigint[]) AND r.sku_id = %s AND (r.ship_by, r.id) > (%s, %s)
    ORDER BY r.ship_by, r.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class TakenRow:
    """Units that an owner (a parcel) has.  Promised ones have no lot and no bin yet."""

    id: int
    owner_ref: int
    quantity: int
    ship_by: datetime
    min_expires_on: date
    facility_id: int
    lot_code: str | None
    bin_code: str | None


def list_taken(
    facility_ids: Sequence[int],
    sku_id: int,
    *,
    is_allocated: bool,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[TakenRow]:
    """Who has units of a SKU, the earliest deadline first; one statement."""
    edge = after or ("-infinity", 0)
    statement = _ALLOCATED if is_allocated else _PROMISED
    params = current_tenant(), db.array(facility_ids), sku_id, *edge, limit
    return [TakenRow(*row) for row in db.rows(statement, *params)]
