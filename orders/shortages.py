"""What paid orders lack: told to those who buy."""

from collections.abc import Sequence

from core import db
from core.tenancy import current_tenant
from orders.models import OrderStatus
from orders.services.planning import STOCK_SHORT

# Parameters: tenant, code, status, facilities.
_SHORT = """
    SELECT o.facility_id, l.sku_id, least(sum(greatest(l.quantity - l.withdrawn - coalesce(p.units, 0), 0)), 2147483647)::int
    FROM (SELECT DISTINCT tenant_id, order_id FROM orders_finding
        WHERE tenant_id = %s AND code = %s AND cleared_at IS NULL AND stops) f
    JOIN orders_order o ON o.tenant_id = f.tenant_id AND o.id = f.order_id
    JOIN orders_orderline l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    LEFT JOIN LATERAL (
        SELECT sum(x.quantity) AS units FROM warehouse_parcel w
        JOIN warehouse_parcelline x ON x.tenant_id = w.tenant_id AND x.parcel_id = w.id AND x.ref = l.id
        WHERE w.tenant_id = o.tenant_id AND w.ref = coalesce(o.merged_into_id, o.id) AND w.status <> 5) p ON true
    WHERE o.status = %s AND o.facility_id = ANY (%s::bigint[]) AND l.sku_id IS NOT NULL AND l.quantity > l.withdrawn
    GROUP BY 1, 2
"""


def list_short(facility_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    """(facility, SKU) -> units of orders that stand still because stock is short.

    All their lines, without what is in parcels: what is there of the goods of an order that does not go in part is not promised either.
    """
    found = db.rows(_SHORT, current_tenant(), STOCK_SHORT, int(OrderStatus.STOPPED), db.array(facility_ids))
    return {(row[0], row[1]): row[2] for row in found}
