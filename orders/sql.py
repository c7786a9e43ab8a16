"""Statements of orders that are longer than a line."""

# How many orders wait in each queue, counted up to a bound, so that a page costs the same on any day.
# late: the most urgent stopped orders that are past their deadline.  A queue that names a finding code counts its open findings.
QUEUE_COUNTS = """
    WITH late AS (
        SELECT o.id FROM orders_order o WHERE o.tenant_id = %(tenant)s AND o.status = 1 AND o.ship_by < %(now)s
        AND o.merged_into_id IS NULL
        AND (%(all)s OR o.facility_id = ANY (%(facilities)s::bigint[])) ORDER BY o.ship_by, o.id LIMIT %(most)s),
    late_codes AS (
        SELECT f.code, count(*)::int AS orders FROM late JOIN orders_finding f ON f.tenant_id = %(tenant)s AND f.order_id = late.id
        AND f.stops AND f.cleared_at IS NULL GROUP BY f.code),
    floor AS (
        SELECT DISTINCT p.status, p.ref FROM warehouse_parcel p WHERE p.tenant_id = %(tenant)s AND p.status IN (2, 3)
        AND (%(all)s OR p.facility_id = ANY (%(facilities)s::bigint[]))
        AND p.wave_id IN (SELECT w.id FROM warehouse_wave w WHERE w.tenant_id = %(tenant)s AND w.status < 3))
    SELECT 'stopped', count(*)::int, (SELECT count(*)::int FROM late) FROM (
        SELECT FROM orders_order o WHERE o.tenant_id = %(tenant)s AND o.status = 1 AND o.merged_into_id IS NULL
        AND (%(all)s OR o.facility_id = ANY (%(facilities)s::bigint[])) LIMIT %(most)s) x
    UNION ALL SELECT 'dispatching', count(*)::int, 0 FROM (
        SELECT FROM orders_order o WHERE o.tenant_id = %(tenant)s AND o.status = 2 AND o.merged_into_id IS NULL
        AND (%(all)s OR o.facility_id = ANY (%(facilities)s::bigint[])) LIMIT %(most)s) x
    UNION ALL SELECT 'waiting', count(*)::int, 0 FROM (
        SELECT FROM orders_order o WHERE o.tenant_id = %(tenant)s AND o.status = 3 AND o.merged_into_id IS NULL
        AND (%(all)s OR o.facility_id = ANY (%(facilities)s::bigint[]))
        AND EXISTS (SELECT FROM warehouse_parcel p WHERE p.tenant_id = o.tenant_id AND p.ref = o.id AND p.status = 1)
        LIMIT %(most)s) x
    UNION ALL SELECT 'picking', count(*)::int, 0 FROM floor WHERE status = 2
    UNION ALL SELECT 'picked', count(*)::int, 0 FROM floor WHERE status = 3
    UNION ALL SELECT c.code, (SELECT count(*)::int FROM (
        SELECT FROM orders_finding f WHERE f.tenant_id = %(tenant)s AND f.code = c.code AND f.stops AND f.cleared_at IS NULL
        AND (%(all)s OR EXISTS (SELECT FROM orders_order o WHERE o.tenant_id = f.tenant_id AND o.id = f.order_id
            AND o.facility_id = ANY (%(facilities)s::bigint[]))) LIMIT %(most)s) x), coalesce(l.orders, 0)
    FROM unnest(%(codes)s::text[]) c(code) LEFT JOIN late_codes l ON l.code = c.code
"""

# Channel, facility, kinds, units, and the first lines by name, of each order: (tenant, orders).  Not joined where the page is read: a
# join to a small table makes the planner forget that it needs 50 rows only.
CARDS = """
    SELECT o.id, c.name, c.handover, f.name, n.kinds, n.units, h.names, h.units,
        (SELECT count(*)::int FROM orders_order m WHERE m.tenant_id = o.tenant_id AND m.merged_into_id = o.id), g.number
    FROM orders_order o
    LEFT JOIN orders_order g ON g.tenant_id = o.tenant_id AND g.id = o.merged_into_id
    JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
    JOIN inventory_facility f ON f.tenant_id = o.tenant_id AND f.id = o.facility_id
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT coalesce(l.sku_id::text, l.external_code))::int AS kinds, coalesce(sum(l.quantity), 0)::bigint AS units
        FROM orders_orderline l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) n
    CROSS JOIN LATERAL (
        SELECT array_agg(coalesce(s.name, x.external_code)::text ORDER BY x.id) AS names, array_agg(x.quantity ORDER BY x.id) AS units
        FROM (SELECT l.tenant_id, l.id, l.sku_id, l.external_code, l.quantity FROM orders_orderline l
            WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id ORDER BY l.id LIMIT 4) x
        LEFT JOIN inventory_sku s ON s.tenant_id = x.tenant_id AND s.id = x.sku_id) h
    WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[])
"""

# (tenant, orders): what an order was when it was looked at.  Any finding opened or cleared, any step, makes another one.
STAMPS = """
    SELECT o.id, o.version || '.' || coalesce(bit_xor(f.id), 0) FROM orders_order o
    LEFT JOIN orders_finding f ON f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.cleared_at IS NULL
    WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[]) GROUP BY o.id, o.version
"""

# (tenant, orders): how far the parcels of each order are
STAGES = """
    SELECT p.ref, p.status, p.handover, count(*)::int FROM warehouse_parcel p
    WHERE p.tenant_id = %s AND p.ref = ANY (%s::bigint[]) AND p.status <> 5 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

# Lines of orders with their goods: (tenant, orders, limit)
LINES = """
    SELECT l.id, l.sku_id, l.external_code, coalesce(s.code, ''), coalesce(s.name, ''), coalesce(s.unit, ''), s.weight_g,
        coalesce(s.parcel_rule, 1), l.quantity, l.unit_price_minor, s.length_mm, s.width_mm, s.height_mm, s.case_quantity,
        coalesce(s.shipping_class, ''), l.kind, l.amount_minor, b.name
    FROM orders_orderline l LEFT JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    LEFT JOIN inventory_bundle b ON b.tenant_id = l.tenant_id AND b.id = l.bundle_id
    WHERE l.tenant_id = %s AND l.order_id = ANY (%s::bigint[]) ORDER BY l.id LIMIT %s
"""

# Parcels of one order with their wave: (tenant, order, limit)
PARCELS = """
    SELECT p.id, p.facility_id, p.status, p.handover, p.weight_g, p.carton_no, p.carton_of, p.reason, p.tracking_number, p.created_at,
        p.shipped_at, p.wave_id, w.code, w.created_at, p.slot, c.name, p.freight_minor, p.cod_minor,
        ARRAY(SELECT json_build_array(l.ref, s.name, l.quantity) FROM warehouse_parcelline l
            JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
            WHERE l.tenant_id = p.tenant_id AND l.parcel_id = p.id ORDER BY l.id)
    FROM warehouse_parcel p LEFT JOIN warehouse_wave w ON w.tenant_id = p.tenant_id AND w.id = p.wave_id
    LEFT JOIN warehouse_carrier c ON c.tenant_id = p.tenant_id AND c.id = p.carrier_id
    WHERE p.tenant_id = %s AND p.ref = %s ORDER BY p.status = 5, p.id LIMIT %s
"""

# (tenant, order, tenant, order): every version of its channel orders, newest first
VERSIONS = """
    SELECT c.external_number, c.version, c.state, c.received_at, c.import_ref FROM orders_channelorder c
    WHERE c.tenant_id = %s AND c.order_id = %s
    UNION ALL
    SELECT c.external_number, v.version, NULL, v.received_at, NULL FROM orders_channelorder c
    JOIN orders_channelorderversion v ON v.tenant_id = c.tenant_id AND v.channel_order_id = c.id
    WHERE c.tenant_id = %s AND c.order_id = %s
    ORDER BY 4 DESC, 2 DESC LIMIT 50
"""

# (tenant, order): its rounds through the stores, with the offers of each
ROUNDS = """
    SELECT d.id, d.status, d.started_at, d.ended_at, w.name, f.round, min(f.offered_at), count(f.id)::int
    FROM o2o_dispatch d LEFT JOIN o2o_offer f ON f.tenant_id = d.tenant_id AND f.dispatch_id = d.id
    LEFT JOIN inventory_facility w ON w.tenant_id = d.tenant_id AND w.id = d.winner_id
    WHERE d.tenant_id = %s AND d.order_ref = %s GROUP BY d.id, d.status, d.started_at, d.ended_at, w.name, f.round ORDER BY d.id, f.round
"""

# Orders by a number of a channel or by a parcel: (tenant, number, tenant, parcel)
FIND = """
    SELECT id FROM (
        (SELECT c.order_id AS id FROM orders_channelorder c WHERE c.tenant_id = %s AND c.external_number >= %s
            AND c.external_number <= %s ORDER BY c.external_number LIMIT 50)
        UNION SELECT p.ref FROM warehouse_parcel p WHERE p.tenant_id = %s AND p.id = %s) x WHERE id IS NOT NULL ORDER BY id LIMIT 50
"""

# (tenant, audit rules): orders in which each found something in the last 7 and 30 days
RULE_COUNTS = """
    SELECT f.rule_id, count(DISTINCT f.order_id) FILTER (WHERE f.opened_at >= now() - interval '7 days'), count(DISTINCT f.order_id)
    FROM orders_finding f WHERE f.tenant_id = %s AND f.rule_id = ANY (%s::bigint[]) AND f.opened_at >= now() - interval '30 days'
    GROUP BY f.rule_id
"""

# Colleagues, shops and places that orders can be narrowed to: (tenant, tenant, tenant, all facilities, facilities)
CHOICES = """
    (SELECT 'person', u.id, u.name FROM core_membership m JOIN core_user u ON u.id = m.user_id WHERE m.tenant_id = %s AND m.is_active
        ORDER BY u.name, u.id LIMIT 300)
    UNION ALL (SELECT 'channel', c.id, c.name FROM orders_channel c WHERE c.tenant_id = %s ORDER BY c.name, c.id LIMIT 300)
    UNION ALL (SELECT 'facility', f.id, f.name FROM inventory_facility f WHERE f.tenant_id = %s
        AND (%s OR f.id = ANY (%s::bigint[])) ORDER BY f.kind, f.name, f.id LIMIT 300)
"""

# What lies around one order, in one trip: what people did with it, the orders that it travels with, and colleagues.
# (tenant, order, tenant, order, its leader or itself, the same, tenant)
AROUND = """
    (SELECT 'deed', a.at, a.actor_id, a.action, a.detail::text, NULL::bigint, NULL::boolean FROM core_auditentry a
        WHERE a.tenant_id = %s AND a.object_id = %s AND a.object_kind = 'order'
            AND a.action IN ('hold', 'assign', 'note', 'unmask', 'ready_now', 'ready_now_back')
        ORDER BY a.at DESC, a.id DESC LIMIT 50)
    UNION ALL (SELECT 'order', NULL, o.id, o.number, c.name, o.amount_minor, o.merged_into_id IS NULL FROM orders_order o
        JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
        WHERE o.tenant_id = %s AND o.id <> %s AND (o.id = %s OR o.merged_into_id = %s)
        ORDER BY o.merged_into_id IS NULL DESC, o.id LIMIT 100)
    UNION ALL (SELECT 'person', NULL, u.id, u.name, NULL, NULL, m.is_active FROM core_membership m JOIN core_user u ON u.id = m.user_id
        WHERE m.tenant_id = %s ORDER BY u.name, u.id LIMIT 500)
"""

# Orders as a file says them, one row each, the latest deadline first; {chosen}: a statement that gives their ids.  (tenant, its parameters,
# limit)
EXPORT = """
    SELECT o.number, c.name, o.status, g.number, ARRAY(SELECT DISTINCT f.code FROM orders_finding f WHERE f.tenant_id = o.tenant_id
            AND f.order_id = o.id AND f.cleared_at IS NULL AND f.stops ORDER BY f.code), o.receiver_mask,
        l.names, l.units, l.minor, o.currency, o.charge_minor, o.discount_minor, o.amount_minor, o.cod_minor, p.name, u.name, o.note,
        o.remark, o.seller_remark, o.placed_at, o.ship_by, o.shipped_at, ARRAY(SELECT w.tracking_number FROM warehouse_parcel w
            WHERE w.tenant_id = o.tenant_id AND w.ref = o.id AND w.status <> 5 AND w.tracking_number IS NOT NULL ORDER BY w.id)
    FROM orders_order o
    JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
    JOIN inventory_facility p ON p.tenant_id = o.tenant_id AND p.id = o.facility_id
    LEFT JOIN core_user u ON u.id = o.assignee_id
    LEFT JOIN orders_order g ON g.tenant_id = o.tenant_id AND g.id = o.merged_into_id
    CROSS JOIN LATERAL (
        SELECT array_agg(coalesce(s.name, x.external_code) || ' ×' || x.quantity ORDER BY x.id) AS names,
            coalesce(sum(x.quantity), 0)::bigint AS units,
            coalesce(sum(coalesce(x.amount_minor, x.quantity * x.unit_price_minor)), 0)::bigint AS minor
        FROM orders_orderline x LEFT JOIN inventory_sku s ON s.tenant_id = x.tenant_id AND s.id = x.sku_id
        WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id) l
    WHERE o.tenant_id = %s AND o.id IN ({chosen}) ORDER BY o.ship_by DESC, o.id DESC LIMIT %s
"""
