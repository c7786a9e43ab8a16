"""Statements of the warehouse that are too long for a line.  Parameters are positional."""

# (tenant, wave_ids) -> wave, parcels by status, units, earliest deadline of what has not left
WAVE_COUNTS = """
    SELECT p.wave_id, count(*) FILTER (WHERE p.status = 2)::int, count(*) FILTER (WHERE p.status = 3)::int,
           count(*) FILTER (WHERE p.status = 4)::int, coalesce(sum(p.units), 0)::int,
           min(p.ship_by) FILTER (WHERE p.status IN (2, 3))
    FROM warehouse_parcel p WHERE p.tenant_id = %s AND p.wave_id = ANY (%s::bigint[]) GROUP BY 1
"""

# (status, limit, tenant, facility_ids) -> facility, parcels that wait for a wave (counted up to the limit), earliest deadline, free carts
WAITING = """
    SELECT f.id, q.parcels, q.ship_by,
        (SELECT count(*)::int FROM inventory_bin n WHERE n.tenant_id = f.tenant_id AND n.facility_id = f.id AND n.kind = 3
            AND n.code <> 'STAGING'
            AND NOT EXISTS (SELECT FROM warehouse_wave w WHERE w.tenant_id = n.tenant_id AND w.tote_id = n.id AND w.status < 3))
    FROM inventory_facility f, LATERAL (SELECT count(*)::int AS parcels, min(c.ship_by) AS ship_by FROM (
        SELECT p.ship_by FROM warehouse_parcel p WHERE p.tenant_id = f.tenant_id AND p.facility_id = f.id AND p.wave_id IS NULL
        AND p.status = %s ORDER BY p.ship_by, p.id LIMIT %s) c) q
    WHERE f.tenant_id = %s AND f.id = ANY (%s::bigint[])
"""

_PICK = """
    SELECT a.id, p.id, p.wave_id, p.slot, p.status, a.line_ref, s.id, s.code, s.name, s.unit, l.id, l.code, l.expires_on, n.id, n.code,
           n.sequence, a.quantity, n.kind = 3, EXISTS (SELECT FROM inventory_hold h WHERE h.tenant_id = b.tenant_id AND h.cleared_at IS NULL
               AND (h.lot_id IS NULL OR h.lot_id = b.lot_id) AND (h.facility_id IS NULL OR h.facility_id = b.facility_id)
               AND (h.bin_id IS NULL OR h.bin_id = b.bin_id))
    FROM warehouse_parcel p
    JOIN inventory_allocation a ON a.tenant_id = p.tenant_id AND a.owner_ref = p.id
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
"""

# Parameters: tenant, wave, limit.
PICKS_OF_WAVE = f"{_PICK} WHERE p.tenant_id = %s AND p.wave_id = %s ORDER BY p.slot, p.id, a.id LIMIT %s"

# Parameters: tenant, parcel.
PICKS_OF_PARCEL = f"{_PICK} WHERE p.tenant_id = %s AND p.id = %s ORDER BY a.id"

# Parameters: tenant, allocation, wave.
ONE_PICK = f"{_PICK} WHERE a.tenant_id = %s AND a.id = %s AND p.wave_id = %s"

# (tenant, parcel_ids) -> what left: parcel, line, sku, lot, units
SHIPPED_LINES = """
    SELECT m.document_id, m.line_id, s.id, s.code, s.name, s.unit, l.code, l.expires_on, m.quantity, m.at FROM inventory_move m
    JOIN inventory_balance b ON b.tenant_id = m.tenant_id AND b.id = m.from_balance_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE m.tenant_id = %s AND m.document_id = ANY (%s::bigint[]) AND m.kind = 3 ORDER BY m.document_id, m.line_id, m.id
"""

# (tenant, parcel_ids) -> parcel, line, sku, units ordered
LINES = """
    SELECT pl.parcel_id, pl.id, s.id, s.code, s.name, s.unit, pl.quantity FROM warehouse_parcelline pl
    JOIN inventory_sku s ON s.tenant_id = pl.tenant_id AND s.id = pl.sku_id
    WHERE pl.tenant_id = %s AND pl.parcel_id = ANY (%s::bigint[]) ORDER BY pl.parcel_id, pl.id
"""

# (tenant, bin, sku, lot) -> other lots of the SKU in the same bin
OTHER_LOTS = """
    SELECT l.code, l.expires_on FROM inventory_balance b JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    WHERE b.tenant_id = %s AND b.bin_id = %s AND b.sku_id = %s AND b.lot_id <> %s AND b.on_hand > 0 ORDER BY l.expires_on NULLS LAST, l.code
"""

# (tenant, codes) -> lots of that code, with their goods and whether an open hold names them
LOTS_BY_CODE = """
    SELECT l.id, l.code, l.expires_on, s.id, s.code, s.name, EXISTS (SELECT FROM inventory_hold h WHERE h.tenant_id = l.tenant_id
        AND h.lot_id = l.id AND h.cleared_at IS NULL) FROM inventory_lot l
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id WHERE l.tenant_id = %s AND l.code = ANY (%s::text[])
"""
