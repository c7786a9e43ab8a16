"""Statements of the rounds that are too long for a line.  Parameters are positional."""

from inventory import sql as stock

# Lives of dispatches, for the clock: one index probe a tenant, whatever the number of open rounds.  ->
# tenant, seconds to the earliest
NEXT_DEADLINES = """
    WITH RECURSIVE t AS (
        (SELECT tenant_id, deadline FROM o2o_dispatch WHERE status = 'OFFERING' ORDER BY tenant_id, deadline LIMIT 1)
        UNION ALL
        SELECT n.tenant_id, n.deadline FROM t, LATERAL (
            SELECT d.tenant_id, d.deadline FROM o2o_dispatch d
            WHERE d.status = 'OFFERING' AND d.tenant_id > t.tenant_id ORDER BY d.tenant_id, d.deadline LIMIT 1) n)
    SELECT tenant_id, extract(epoch FROM deadline - clock_timestamp())::float8 FROM t
"""

# (tenant, south, north, west, east) -> store, position, hours, capacity, the time of day there
STORES = """
    SELECT f.id, f.lat_e6, f.lng_e6, f.opens_at, f.closes_at, f.capacity, (clock_timestamp() AT TIME ZONE t.timezone)::time
    FROM inventory_facility f JOIN core_tenant t ON t.id = f.tenant_id
    WHERE f.tenant_id = %s AND f.lat_e6 BETWEEN %s AND %s AND f.lng_e6 BETWEEN %s AND %s AND f.kind = 'STORE' AND f.is_active
"""

# (tenant, facility_ids) twice -> store, orders that it has won and not handed over
OPEN_ORDERS = """
    SELECT facility_id, count(DISTINCT ref)::int FROM (
        SELECT p.facility_id, p.ref FROM warehouse_parcel p
        WHERE p.tenant_id = %s AND p.facility_id = ANY (%s::bigint[]) AND p.wave_id IS NULL AND p.status = 1
        UNION ALL
        SELECT p.facility_id, p.ref FROM warehouse_wave w JOIN warehouse_parcel p ON p.tenant_id = w.tenant_id AND p.wave_id = w.id
        WHERE w.tenant_id = %s AND w.facility_id = ANY (%s::bigint[]) AND w.status < 3 AND p.status IN (2, 3)) open
    GROUP BY 1
"""

# inventory.queries.list_supplies for many facilities: (tenant, facility_ids, sku_ids, first sellable day)
SUPPLIES = f"""
    SELECT b.facility_id, b.sku_id, coalesce(l.expires_on, '9999-12-31'), sum(b.on_hand - b.allocated)::int
    FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) AND b.on_hand > b.allocated
      AND {stock.SELLS}
    GROUP BY 1, 2, 3
"""

# inventory.queries.list_promised for many facilities.  Parameters: tenant, facility_ids, sku_ids.
PROMISED = """
    SELECT facility_id, sku_id, min_expires_on, quantity FROM inventory_promise
    WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[]) AND sku_id = ANY (%s::bigint[]) AND quantity > 0
"""

# (tenant, order_refs) -> what the orders' waiting parcels hold
WAITING_GOODS = """
    SELECT p.ref, coalesce(r.min_expires_on, p.min_expires_on), l.sku_id, sum(l.quantity)::int FROM warehouse_parcel p
    JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    LEFT JOIN inventory_reservation r ON r.tenant_id = p.tenant_id AND r.owner_ref = p.id AND r.line_ref = l.id
    WHERE p.tenant_id = %s AND p.ref = ANY (%s::bigint[]) AND p.status = 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

_DAY = """(SELECT date_trunc('day', clock_timestamp() AT TIME ZONE t.timezone) AT TIME ZONE t.timezone
           FROM core_tenant t WHERE t.id = %s)"""

# Parameters: tenant, three times.
TODAY = f"""
    SELECT clock_timestamp(), live.n, live.left_s, day.* FROM (
        SELECT count(*)::int AS n, extract(epoch FROM min(deadline) - clock_timestamp())::float8 AS left_s
        FROM o2o_dispatch WHERE tenant_id = %s AND status = 'OFFERING') live, (
        SELECT count(*)::int, count(*) FILTER (WHERE status = 'WON')::int,
            count(*) FILTER (WHERE status = 'WON' AND round = 1)::int,
            count(*) FILTER (WHERE status = 'WON' AND round = 2)::int,
            count(*) FILTER (WHERE status = 'FALLBACK')::int, count(*) FILTER (WHERE status = 'CANCELLED')::int,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at))
                FILTER (WHERE status = 'WON')::float8,
            percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at))
                FILTER (WHERE status = 'WON')::float8
        FROM o2o_dispatch WHERE tenant_id = %s AND started_at >= {_DAY}) day
"""

# Parameters: tenant, limit.
RUNNING = """
    SELECT d.id, d.order_number, d.round, greatest(0, extract(epoch FROM d.deadline - clock_timestamp()))::float8, d.rules,
        (SELECT count(*) FROM o2o_offer o
         WHERE o.tenant_id = d.tenant_id AND o.dispatch_id = d.id AND o.status = 'OPEN')::int, d.order_ref
    FROM o2o_dispatch d WHERE d.tenant_id = %s AND d.status = 'OFFERING' ORDER BY d.deadline, d.id LIMIT %s
"""

# Parameters: tenant, statuses, limit.
ENDED = """
    SELECT d.id, d.order_number, d.status, d.round, extract(epoch FROM d.ended_at - d.started_at)::float8, w.name, f.name,
        d.reason, d.ended_at
    FROM o2o_dispatch d JOIN inventory_facility f ON f.tenant_id = d.tenant_id AND f.id = d.facility_id
    LEFT JOIN inventory_facility w ON w.tenant_id = d.tenant_id AND w.id = d.winner_id
    WHERE d.tenant_id = %s AND d.status = ANY (%s) AND d.started_at >= statement_timestamp() - interval '2 days'
    ORDER BY d.ended_at DESC, d.id LIMIT %s
"""

# Parameters: tenant, order_refs.
GOODS_OF = """
    SELECT p.ref, s.id, s.name, s.unit, sum(l.quantity)::int FROM warehouse_parcel p
    JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    WHERE p.tenant_id = %s AND p.ref = ANY (%s::bigint[]) GROUP BY p.ref, s.id, s.name, s.unit, s.code ORDER BY s.code
"""

# Parameters: tenant, dispatch.
DISPATCH = """
    SELECT d.id, d.order_ref, d.order_number, d.status, d.round,
        greatest(0, extract(epoch FROM d.deadline - clock_timestamp()))::float8, f.name, w.name, d.reason, d.lat_e6, d.lng_e6,
        d.rules, d.started_at, d.ended_at
    FROM o2o_dispatch d JOIN inventory_facility f ON f.tenant_id = d.tenant_id AND f.id = d.facility_id
    LEFT JOIN inventory_facility w ON w.tenant_id = d.tenant_id AND w.id = d.winner_id
    WHERE d.tenant_id = %s AND d.id = %s
"""

# Parameters: tenant, dispatch.
OFFERS = """
    SELECT o.facility_id, f.name, f.lat_e6, f.lng_e6, o.round, o.distance_m, o.status, o.reason, o.offered_at, o.closed_at
    FROM o2o_offer o JOIN inventory_facility f ON f.tenant_id = o.tenant_id AND f.id = o.facility_id
    WHERE o.tenant_id = %s AND o.dispatch_id = %s ORDER BY o.round, o.distance_m, o.id
"""

# Parameters: tenant, south, north, west, east, facility_ids to leave out.
AROUND = """
    SELECT f.name, f.lat_e6, f.lng_e6 FROM inventory_facility f
    WHERE f.tenant_id = %s AND f.lat_e6 BETWEEN %s AND %s AND f.lng_e6 BETWEEN %s AND %s AND f.kind = 'STORE'
      AND f.is_active AND NOT f.id = ANY (%s::bigint[])
"""

# A store's open offers, the one whose time runs out next first.  Parameters: tenant, facility, limit.
STORE_OFFERS = """
    SELECT d.id, d.order_number, d.round, extract(epoch FROM d.deadline - clock_timestamp())::float8, d.rules, o.distance_m,
        d.order_ref
    FROM o2o_offer o JOIN o2o_dispatch d ON d.tenant_id = o.tenant_id AND d.id = o.dispatch_id
    WHERE o.tenant_id = %s AND o.facility_id = %s AND o.status = 'OPEN' AND d.deadline > statement_timestamp()
    ORDER BY d.deadline, d.id LIMIT %s
"""

# What a store has won and not handed over, the earliest promise first.  Parameters: (tenant, facility) twice.
STORE_TO_HAND_OVER = """
    SELECT d.id, d.order_number, d.order_ref, min(open.ship_by) FROM (
        SELECT p.tenant_id, p.ref, p.ship_by FROM warehouse_parcel p
        WHERE p.tenant_id = %s AND p.facility_id = %s AND p.wave_id IS NULL AND p.status = 1
        UNION ALL
        SELECT p.tenant_id, p.ref, p.ship_by FROM warehouse_wave w
        JOIN warehouse_parcel p ON p.tenant_id = w.tenant_id AND p.wave_id = w.id
        WHERE w.tenant_id = %s AND w.facility_id = %s AND w.status < 3 AND p.status IN (2, 3)) open
    JOIN o2o_dispatch d ON d.tenant_id = open.tenant_id AND d.order_ref = open.ref AND d.status = 'WON'
    GROUP BY d.id, d.order_number, d.order_ref ORDER BY 4, 1
"""

# A store's day: asked, won.  Parameters: facility, tenant, tenant.
STORE_TODAY = f"""
    SELECT count(*)::int, count(*) FILTER (WHERE o.status = 'WON')::int, clock_timestamp() FROM o2o_dispatch d
    JOIN o2o_offer o ON o.tenant_id = d.tenant_id AND o.dispatch_id = d.id AND o.facility_id = %s
    WHERE d.tenant_id = %s AND d.started_at >= {_DAY}
"""

# What one store sees of one dispatch.  Parameters: facility, tenant, dispatch.
STORE_DISPATCH = """
    SELECT d.id, d.order_ref, d.order_number, d.status, d.round, d.rules, d.winner_id, w.name,
        extract(epoch FROM d.deadline - clock_timestamp())::float8,
        extract(epoch FROM clock_timestamp() - d.ended_at)::float8, o.status, o.reason, o.distance_m,
        (SELECT count(*) FROM o2o_offer x
         WHERE x.tenant_id = d.tenant_id AND x.dispatch_id = d.id AND x.status = 'OPEN')::int,
        p.ship_by, p.label, coalesce(p.are_shipped, false), clock_timestamp()
    FROM o2o_dispatch d JOIN o2o_offer o ON o.tenant_id = d.tenant_id AND o.dispatch_id = d.id AND o.facility_id = %s
    LEFT JOIN inventory_facility w ON w.tenant_id = d.tenant_id AND w.id = d.winner_id
    LEFT JOIN LATERAL (
        SELECT min(ship_by) AS ship_by, (array_agg(label ORDER BY id) FILTER (WHERE label IS NOT NULL))[1] AS label,
            bool_and(status = 4) AS are_shipped
        FROM warehouse_parcel WHERE tenant_id = d.tenant_id AND ref = d.order_ref AND status <> 5) p ON true
    WHERE d.tenant_id = %s AND d.id = %s
"""

# The goods that wait, with the first bin of the walk that has some.  Parameters: facility, tenant, order_ref.
STORE_LINES = """
    SELECT coalesce(r.min_expires_on, p.min_expires_on), s.id, s.name, s.unit, sum(l.quantity)::int, coalesce((
        SELECT n.code FROM inventory_balance b JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
        WHERE b.tenant_id = s.tenant_id AND b.facility_id = %s AND b.sku_id = s.id AND b.on_hand > b.allocated
          AND n.kind IN (0, 1) ORDER BY n.sequence, n.code LIMIT 1), '')
    FROM warehouse_parcel p
    JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    LEFT JOIN inventory_reservation r ON r.tenant_id = p.tenant_id AND r.owner_ref = p.id AND r.line_ref = l.id
    WHERE p.tenant_id = %s AND p.ref = %s AND p.status = 0
    GROUP BY 1, s.tenant_id, s.id, s.name, s.unit, s.code ORDER BY s.code, 1
"""

# The earliest promise of what has not left, by order.  Parameters: tenant, order_refs.
DUE = """
    SELECT ref, min(ship_by) FROM warehouse_parcel
    WHERE tenant_id = %s AND ref = ANY (%s::bigint[]) AND status < 4 AND ship_by IS NOT NULL GROUP BY ref
"""
