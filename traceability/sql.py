"""Statements of tracing that are too long for a line.  Parameters are positional.  Everything starts from a lot's balances (an index), and
its moves are entered by balance (two indexes): nothing walks the ledger."""

# Parameters: tenant, lot.
LOT = """
    SELECT l.id, l.code, l.expires_on, l.produced_on, l.received_on, l.supplier_lot, s.id, s.code, s.name, s.unit
    FROM inventory_lot l JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id WHERE l.tenant_id = %s AND l.id = %s
"""

# (tenant, lot, tenant, lot) -> direction, kind of move, units, over the border of the building
BORDER = """
    SELECT 'in', m.kind, sum(m.quantity)::bigint FROM inventory_balance b
    JOIN inventory_move m ON m.tenant_id = b.tenant_id AND m.to_balance_id = b.id AND m.from_balance_id IS NULL
    WHERE b.tenant_id = %s AND b.lot_id = %s GROUP BY 2
    UNION ALL
    SELECT 'out', m.kind, sum(m.quantity)::bigint FROM inventory_balance b
    JOIN inventory_move m ON m.tenant_id = b.tenant_id AND m.from_balance_id = b.id AND m.to_balance_id IS NULL
    WHERE b.tenant_id = %s AND b.lot_id = %s GROUP BY 2
"""

# Parameters: tenant, lot.
PLACES = """
    SELECT b.id, f.id, f.name, n.code, n.kind, b.on_hand, b.allocated FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_facility f ON f.tenant_id = b.tenant_id AND f.id = b.facility_id
    WHERE b.tenant_id = %s AND b.lot_id = %s AND b.on_hand > 0 ORDER BY f.kind DESC, f.code, n.kind, n.sequence, n.code
"""

# (tenant, lot, limit) -> parcels in the building that have units of the lot: in a bin still, or on a cart
INSIDE = """
    SELECT p.id, p.ref, o.number, o.receiver_mask, f.name, sum(a.quantity)::int, p.status, bool_or(n.kind = 3), p.tracking_number, p.ship_by
    FROM inventory_balance b
    JOIN inventory_allocation a ON a.tenant_id = b.tenant_id AND a.balance_id = b.id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN warehouse_parcel p ON p.tenant_id = a.tenant_id AND p.id = a.owner_ref
    JOIN inventory_facility f ON f.tenant_id = p.tenant_id AND f.id = p.facility_id
    LEFT JOIN orders_order o ON o.tenant_id = p.tenant_id AND o.id = p.ref
    WHERE b.tenant_id = %s AND b.lot_id = %s AND b.allocated > 0
    GROUP BY p.id, p.ref, o.number, o.receiver_mask, f.name, p.status, p.tracking_number, p.ship_by ORDER BY p.ship_by, p.id LIMIT %s
"""

# (tenant, lot, tenant, after instant, after instant, parcel, limit): newest first, beyond (instant, parcel); parcels and units in all
LEFT_PARCELS = """
    SELECT p.id, p.ref, o.number, o.receiver_mask, f.name, c.units, p.tracking_number, c.at, c.parcels_in_all, c.units_in_all
    FROM (SELECT m.document_id, sum(m.quantity)::int AS units, max(m.at) AS at, count(*) OVER ()::int AS parcels_in_all,
            sum(sum(m.quantity)) OVER ()::int AS units_in_all
        FROM inventory_balance b
        JOIN inventory_move m ON m.tenant_id = b.tenant_id AND m.from_balance_id = b.id AND m.kind = 3
        WHERE b.tenant_id = %s AND b.lot_id = %s GROUP BY 1) c
    JOIN warehouse_parcel p ON p.tenant_id = %s AND p.id = c.document_id
    JOIN inventory_facility f ON f.tenant_id = p.tenant_id AND f.id = p.facility_id
    LEFT JOIN orders_order o ON o.tenant_id = p.tenant_id AND o.id = p.ref
    WHERE %s::timestamptz IS NULL OR (c.at, p.id) < (%s::timestamptz, %s) ORDER BY c.at DESC, p.id DESC LIMIT %s
"""

# Parameters: tenant, lot.
RECEIPTS = """
    SELECT r.id, r.reference, r.supplier, f.name, n.code, l.quantity, u.name, r.created_at FROM inventory_receiptline l
    JOIN inventory_receipt r ON r.tenant_id = l.tenant_id AND r.id = l.receipt_id
    JOIN inventory_facility f ON f.tenant_id = r.tenant_id AND f.id = r.facility_id
    JOIN inventory_bin n ON n.tenant_id = l.tenant_id AND n.id = l.bin_id
    LEFT JOIN core_user u ON u.id = r.created_by
    WHERE l.tenant_id = %s AND l.lot_id = %s ORDER BY r.created_at DESC, l.id LIMIT 100
"""

# (tenant, lot, tenant, lot, tenant): lots that went into this one, and lots this one went into; one assembly after the other is one row
LINKS = """
    SELECT u.is_source, l.id, l.code, l.expires_on, s.id, s.code, s.name, s.unit, sum(u.units)::bigint, max(u.created_at) FROM (
        SELECT true AS is_source, k.from_lot_id AS lot_id, k.quantity AS units, a.created_at FROM inventory_lotlink k
        JOIN inventory_assembly a ON a.tenant_id = k.tenant_id AND a.id = k.assembly_id WHERE k.tenant_id = %s AND k.to_lot_id = %s
        UNION ALL
        SELECT false, k.to_lot_id, k.quantity, a.created_at FROM inventory_lotlink k
        JOIN inventory_assembly a ON a.tenant_id = k.tenant_id AND a.id = k.assembly_id WHERE k.tenant_id = %s AND k.from_lot_id = %s) u
    JOIN inventory_lot l ON l.tenant_id = %s AND l.id = u.lot_id
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 10 DESC, 2 LIMIT 200
"""

# (tenant, lot): holds of the lot, open ones first
HOLDS = """
    SELECT h.id, h.kind, h.document, h.reason, o.name, h.opened_at, c.name, h.cleared_at FROM inventory_hold h
    LEFT JOIN core_user o ON o.id = h.opened_by
    LEFT JOIN core_user c ON c.id = h.cleared_by
    WHERE h.tenant_id = %s AND h.lot_id = %s ORDER BY h.cleared_at IS NOT NULL, h.opened_at DESC, h.id LIMIT 100
"""

# Parameters: tenant, text, each.
LOTS_BY_CODE = """
    SELECT l.id, l.code, s.code, s.name, l.expires_on FROM inventory_lot l
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id WHERE l.tenant_id = %s AND l.code = %s ORDER BY s.code LIMIT 50
"""
LOTS_OF_SKU = """
    SELECT l.id, l.code, s.code, s.name, l.expires_on FROM inventory_sku s
    JOIN inventory_lot l ON l.tenant_id = s.tenant_id AND l.sku_id = s.id
    WHERE s.tenant_id = %s AND s.id = (SELECT id FROM (
        SELECT 0 AS place, k.id FROM inventory_sku k WHERE k.tenant_id = %s AND k.code = %s UNION ALL
        SELECT 1, c.sku_id FROM inventory_barcode c WHERE c.tenant_id = %s AND c.code = %s) x ORDER BY place LIMIT 1)
    ORDER BY l.expires_on NULLS LAST, l.code LIMIT 200
"""
ORDERS_BY_NUMBER = """
    SELECT DISTINCT o.id, o.number FROM orders_channelorder c JOIN orders_order o ON o.tenant_id = c.tenant_id AND o.id = c.order_id
    WHERE c.tenant_id = %s AND c.external_number = %s ORDER BY o.id LIMIT 50
"""
PARCELS_BY_TRACKING = "SELECT p.id, p.ref FROM warehouse_parcel p WHERE p.tenant_id = %s AND p.tracking_number = %s ORDER BY p.id LIMIT 50"
PARCEL_BY_ID = "SELECT p.id, p.ref FROM warehouse_parcel p WHERE p.tenant_id = %s AND p.id = %s"

# Parameters: tenant, order.
ORDER = """
    SELECT o.id, o.number, o.receiver_mask, o.status, c.name, o.placed_at, o.shipped_at FROM orders_order o
    JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id WHERE o.tenant_id = %s AND o.id = %s
"""

# (tenant, order) -> lots that left in its parcels
ORDER_LEFT = """
    SELECT p.id, p.tracking_number, p.status, f.name, s.code, s.name, s.unit, l.id, l.code, l.expires_on, l.supplier_lot,
           m.quantity, m.at, ''
    FROM warehouse_parcel p
    JOIN inventory_facility f ON f.tenant_id = p.tenant_id AND f.id = p.facility_id
    JOIN inventory_move m ON m.tenant_id = p.tenant_id AND m.document_id = p.id AND m.kind = 3
    JOIN inventory_balance b ON b.tenant_id = m.tenant_id AND b.id = m.from_balance_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE p.tenant_id = %s AND p.ref = %s ORDER BY p.id, s.code, l.code, m.id LIMIT 2000
"""

# (tenant, order) -> lots chosen for its parcels that are still in the building
ORDER_INSIDE = """
    SELECT p.id, p.tracking_number, p.status, f.name, s.code, s.name, s.unit, l.id, l.code, l.expires_on, l.supplier_lot, a.quantity,
           NULL::timestamptz, n.code
    FROM warehouse_parcel p
    JOIN inventory_facility f ON f.tenant_id = p.tenant_id AND f.id = p.facility_id
    JOIN inventory_allocation a ON a.tenant_id = p.tenant_id AND a.owner_ref = p.id
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE p.tenant_id = %s AND p.ref = %s ORDER BY p.id, s.code, l.code, a.id LIMIT 2000
"""

# (tenant, order) -> parcels whose lots are not chosen yet
ORDER_PROMISED = """
    SELECT p.id, p.status, s.code, s.name, s.unit, r.quantity, r.min_expires_on FROM warehouse_parcel p
    JOIN inventory_reservation r ON r.tenant_id = p.tenant_id AND r.owner_ref = p.id
    JOIN inventory_sku s ON s.tenant_id = r.tenant_id AND s.id = r.sku_id
    WHERE p.tenant_id = %s AND p.ref = %s ORDER BY p.id, s.code LIMIT 2000
"""
