"""Statements of the rounds that are too long for a line.  Parameters are positional."""

from inventory import sql as stock

# Lives of dispatches, for the clock: one index probe a tenant, whatever the number of open rounds.  -> tenant, seconds to the earliest
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

# (tenant, facility_ids, sku_ids)
PROMISED = """
    SELECT facility_id, sku_id, min_expires_on, quantity FROM inventory_promise
    WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[]) AND sku_id = ANY (%s::bigint[]) AND quantity > 0
"""

# (tenant, order_refs) -> what the orders' waiting parcels hold
WAITING_GOODS = """
    SELECT p.ref, p.min_expires_on, l.sku_id, sum(l.quantity)::int FROM warehouse_parcel p
    JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    WHERE p.tenant_id = %s AND p.ref = ANY (%s::bigint[]) AND p.status = 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
