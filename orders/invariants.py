"""Laws of orders: nothing lost between what came in and what leaves, nothing stuck without a reason."""

from core.invariants import Invariant, register
from orders import (  # noqa: F401  their laws are registered with these
    invariants_after_sales,
    invariants_invoices,
    invariants_unmasking,
)
from orders.services.ready_now import OF_THE_REST

# parcel status 5: cancelled.  order status: 1 stopped, 2 dispatching, 3 fulfilling, 4 shipped, 5 cancelled
# A stopped order may have lost some of its parcels while others had left; it is planned for the rest on release.
# An order that travels with others (merged_into) has its goods in its leader's parcels, and its leader's status.
UNITS = """
    WITH packed AS (
        SELECT l.tenant_id, p.ref AS leader_id, l.ref AS line_id, sum(l.quantity) AS units
        FROM warehouse_parcelline l JOIN warehouse_parcel p ON p.tenant_id = l.tenant_id AND p.id = l.parcel_id
        WHERE p.status <> 5 GROUP BY 1, 2, 3),
    lines AS (
        SELECT l.tenant_id, l.order_id, coalesce(o.merged_into_id, o.id) AS leader_id, l.id AS line_id, l.quantity - l.withdrawn AS units
        FROM orders_orderline l JOIN orders_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
        WHERE EXISTS (SELECT FROM warehouse_parcel p
            WHERE p.tenant_id = l.tenant_id AND p.ref = coalesce(o.merged_into_id, o.id) AND p.status <> 5))
    SELECT coalesce(l.order_id, p.leader_id) AS order_id, coalesce(l.line_id, p.line_id) AS line_id,
        coalesce(l.units, 0) AS ordered, coalesce(p.units, 0) AS packed
    FROM lines l FULL JOIN packed p USING (tenant_id, leader_id, line_id)
    LEFT JOIN orders_order o
        ON o.tenant_id = coalesce(l.tenant_id, p.tenant_id) AND o.id = coalesce(l.leader_id, p.leader_id)
    WHERE coalesce(p.units, 0) > coalesce(l.units, 0)
        OR (coalesce(p.units, 0) < coalesce(l.units, 0) AND o.status <> 1)
"""

GOODS = """
    SELECT l.id, l.sku_id, o.sku_id AS sku_of_order FROM warehouse_parcelline l
    JOIN orders_orderline o ON o.tenant_id = l.tenant_id AND o.id = l.ref WHERE o.sku_id IS DISTINCT FROM l.sku_id
"""

PARCELS_MISSING = """
    SELECT o.id, o.number, o.status FROM orders_order o WHERE o.status IN (2, 3, 4) AND NOT EXISTS (
        SELECT FROM warehouse_parcel p WHERE p.tenant_id = o.tenant_id AND p.ref = coalesce(o.merged_into_id, o.id)
        AND p.status <> 5)
"""

SHIPPED_EARLY = """
    SELECT o.id, o.number, p.id AS parcel_id, p.status FROM orders_order o
    JOIN warehouse_parcel p ON p.tenant_id = o.tenant_id AND p.ref = o.id WHERE o.status = 4 AND p.status NOT IN (4, 5)
"""

STUCK = """
    SELECT o.id, o.number FROM orders_order o WHERE o.status = 1 AND o.merged_into_id IS NULL AND NOT EXISTS (
        SELECT FROM orders_finding f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.stops
        AND f.cleared_at IS NULL)
"""

# What is there of an order that waits for the rest may leave before it (services/ready_now.py): while nothing stops it but its goods.
STOPPED_PARCELS = f"""
    SELECT o.id, o.number, o.status, p.id AS parcel_id FROM orders_order o
    JOIN warehouse_parcel p ON p.tenant_id = o.tenant_id AND p.ref = o.id
    WHERE (o.status = 1 AND p.status = 0) OR (o.status = 5 AND p.status IN (0, 1, 2, 3))
        OR (o.status = 1 AND p.status = 1 AND EXISTS (
            SELECT FROM orders_finding f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.stops AND f.cleared_at IS NULL
            AND f.code NOT IN ({", ".join(f"'{code}'" for code in sorted(OF_THE_REST))})))
"""

# An order that stands still with parcels for a wave waits for units that no parcel has: else it would have gone on.
COLLECTED = """
    SELECT p.tenant_id, p.ref AS order_id, sum(p.cod_minor) AS parcels_minor FROM warehouse_parcel p
    WHERE p.status <> 5 AND p.cod_minor > 0 GROUP BY p.tenant_id, p.ref
    HAVING sum(p.cod_minor) > (SELECT sum(o.cod_minor) FROM orders_order o WHERE o.tenant_id = p.tenant_id
        AND (o.id = p.ref OR o.merged_into_id = p.ref))
"""
IN_PART = """
    WITH going AS (
        SELECT DISTINCT o.tenant_id, o.id, o.number FROM orders_order o
        JOIN warehouse_parcel p ON p.tenant_id = o.tenant_id AND p.ref = o.id AND p.status = 1 WHERE o.status = 1)
    SELECT g.id, g.number, n.units AS ordered, k.units AS packed FROM going g
    CROSS JOIN LATERAL (SELECT sum(l.quantity - l.withdrawn) AS units FROM orders_order m
        JOIN orders_orderline l ON l.tenant_id = m.tenant_id AND l.order_id = m.id
        WHERE m.tenant_id = g.tenant_id AND (m.id = g.id OR m.merged_into_id = g.id)) n
    CROSS JOIN LATERAL (SELECT sum(l.quantity) AS units FROM warehouse_parcel p
        JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
        WHERE p.tenant_id = g.tenant_id AND p.ref = g.id AND p.status <> 5) k
    WHERE k.units >= n.units
"""

ORPHANS = """
    SELECT o.id, o.number FROM orders_order o WHERE NOT EXISTS (
        SELECT FROM orders_channelorder c WHERE c.tenant_id = o.tenant_id AND c.order_id = o.id)
"""

CHANNELS = """
    SELECT c.id, c.channel_id, o.channel_id AS channel_of_order FROM orders_channelorder c
    JOIN orders_order o ON o.tenant_id = c.tenant_id AND o.id = c.order_id WHERE c.channel_id <> o.channel_id
"""

EMPTY = """
    SELECT o.id, o.number FROM orders_order o WHERE o.status IN (2, 3, 4) AND NOT EXISTS (
        SELECT FROM orders_orderline l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id)
"""

# One proof for the group, one place it leaves from, and no leader that follows another.
GROUPS = """
    SELECT o.id, o.number, o.merged_into_id AS leader_id FROM orders_order o
    JOIN orders_order l ON l.tenant_id = o.tenant_id AND l.id = o.merged_into_id
    WHERE l.merged_into_id IS NOT NULL OR o.facility_id <> l.facility_id OR o.currency <> l.currency OR o.status <> l.status
        OR (o.receiver_key IS NOT NULL AND l.receiver_key IS NOT NULL AND o.receiver_key <> l.receiver_key
            AND (o.receiver_token = '' OR l.receiver_token = ''))
"""

BUNDLES = """
    SELECT l.order_id, l.bundle_group, min(l.bundle_id) AS bundle_id FROM orders_orderline l WHERE l.bundle_group IS NOT NULL
    GROUP BY l.tenant_id, l.order_id, l.bundle_group
    HAVING min(l.bundle_id) <> max(l.bundle_id) OR bool_or(l.amount_minor IS NULL) OR bool_or(l.bundle_id IS NULL)
"""

register(
    Invariant(
        "orders.groups",
        "orders that travel together share receiver, facility, currency and status, and have one leader",
        GROUPS,
    ),
    Invariant("orders.bundles", "parts of a bundle name it and have their share of what it cost", BUNDLES),
    Invariant(
        "orders.units",
        "units of an order's lines are the units of its parcels; of a stopped order at most",
        UNITS,
    ),
    Invariant("orders.goods", "a parcel line holds the goods of its order line", GOODS),
    Invariant("orders.parcels", "an order that passed its audit has parcels", PARCELS_MISSING),
    Invariant("orders.shipped", "an order is shipped when all its parcels are", SHIPPED_EARLY),
    Invariant("orders.reason", "a stopped order has an open finding that stops it", STUCK),
    Invariant(
        "orders.stopped",
        "a stopped order has no parcel waiting for a wave, unless only goods it waits for stop it; a cancelled one none on its way",
        STOPPED_PARCELS,
    ),
    Invariant(
        "orders.in_part",
        "a stopped order with parcels waiting for a wave has units that are in no parcel",
        IN_PART,
    ),
    Invariant(
        "orders.collected", "the parcels of an order collect no more at the door than it asks", COLLECTED
    ),
    Invariant("orders.origin", "every order comes from a channel order", ORPHANS),
    Invariant("orders.channel", "a channel order's channel is its order's", CHANNELS),
    Invariant("orders.lines", "an order that passed its audit has lines", EMPTY),
)
