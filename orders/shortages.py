"""What paid orders lack: told to those who buy."""

from collections.abc import Sequence

from core import db
from core.tenancy import current_tenant
from orders.models import OrderStatus
from orders.services.planning import STOCK_SHORT

# Parameters: tenant, code, status, facilities.
_SHORT = """
    SELECT o.facility_id, l.sku_id, least(sum(l.quantity - l.withdrawn), 2147483647)::int
    FROM (SELECT DISTINCT tenant_id, order_id FROM orders_finding
        WHERE tenant_id = %s AND code = %s AND cleared_at IS NULL AND stops) f
    JOIN orders_order o ON o.tenant_id = f.tenant_id AND o.id = f.order_id
    JOIN orders_orderline l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    WHERE o.status = %s AND o.facility_id = ANY (%s::bigint[]) AND l.sku_id IS NOT NULL AND l.quantity > l.withdrawn
    GROUP BY 1, 2
"""


def list_short(facility_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    """(facility, SKU) -> units of orders that stand still because stock is short.

    All their lines: an order is promised whole or not at all, so what is there of its other goods is not promised either.
    """
    found = db.rows(_SHORT, current_tenant(), STOCK_SHORT, int(OrderStatus.STOPPED), db.array(facility_ids))
    return {(row[0], row[1]): row[2] for row in found}
