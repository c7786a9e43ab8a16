"""Statements about places that are too long for a line.  Parameters are positional."""

from inventory import sql

# (tenant, bin_ids, sku_ids, tenant) -> allocations of these SKUs in these bins, ended; the last column is the SKU
FREE_ALLOCATIONS = """
    DELETE FROM inventory_allocation a USING inventory_balance b
    WHERE b.tenant_id = %s AND b.bin_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) AND b.allocated > 0
      AND a.tenant_id = %s AND a.balance_id = b.id
    RETURNING a.id, a.owner_ref, a.line_ref, a.balance_id, a.quantity, a.min_expires_on, a.priority, a.ship_by, b.sku_id
"""

# (fixed kinds, tenant, facility, bin_ids, selling kinds) -> what lies in those of the bins that do not sell: SKU, balance, whether
# allocated units must leave: in totes and the like they are on their way
STOPPED_GOODS = """
    SELECT b.sku_id, b.id, b.allocated > 0 AND n.kind <> ALL (%s::int[]) FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    WHERE b.tenant_id = %s AND b.facility_id = %s AND b.bin_id = ANY (%s::bigint[]) AND b.on_hand > 0 AND n.kind <> ALL (%s::int[])
"""

# (tenant, bin_ids) three times -> bins that something still needs: code, why, units
BINS_IN_USE = """
    SELECT n.code, 'stock', sum(b.on_hand)::bigint FROM inventory_bin n
    JOIN inventory_balance b ON b.tenant_id = n.tenant_id AND b.bin_id = n.id AND b.on_hand > 0
    WHERE n.tenant_id = %s AND n.id = ANY (%s::bigint[]) GROUP BY n.code
    UNION ALL
    SELECT DISTINCT n.code, 'count', 0 FROM inventory_bin n
    JOIN inventory_counttask t ON t.tenant_id = n.tenant_id AND t.bin_id = n.id
    JOIN inventory_stockcount c ON c.tenant_id = t.tenant_id AND c.id = t.count_id AND c.status IN (0, 1)
    WHERE n.tenant_id = %s AND n.id = ANY (%s::bigint[])
    UNION ALL
    SELECT DISTINCT n.code, 'adjustment', 0 FROM inventory_bin n
    JOIN inventory_adjustmentline l ON l.tenant_id = n.tenant_id AND l.bin_id = n.id
    JOIN inventory_adjustment a ON a.tenant_id = l.tenant_id AND a.id = l.adjustment_id AND a.status = 0
    WHERE n.tenant_id = %s AND n.id = ANY (%s::bigint[])
    ORDER BY 1, 2
"""

# (tenant, facility; transfers ask for it twice) -> why a facility cannot be archived: why, units or papers, the first papers' numbers
FACILITY_IN_USE = """
    SELECT 'stock', sum(b.on_hand)::bigint, NULL::text[] FROM inventory_balance b
    WHERE b.tenant_id = %s AND b.facility_id = %s AND b.on_hand > 0 HAVING count(*) > 0
    UNION ALL
    SELECT 'promises', sum(p.quantity)::bigint, NULL FROM inventory_promise p
    WHERE p.tenant_id = %s AND p.facility_id = %s AND p.quantity > 0 HAVING count(*) > 0
    UNION ALL
    SELECT 'transfers', count(*), (array_agg(t.number ORDER BY t.number))[1:3] FROM inventory_transfer t
    WHERE t.tenant_id = %s AND (t.from_facility_id = %s OR t.to_facility_id = %s) AND t.status IN (0, 1) HAVING count(*) > 0
    UNION ALL
    SELECT 'purchases', count(*), (array_agg(o.number ORDER BY o.number))[1:3] FROM inventory_purchaseorder o
    WHERE o.tenant_id = %s AND o.facility_id = %s AND o.status IN (0, 1) HAVING count(*) > 0
    UNION ALL
    SELECT 'counts', count(*), (array_agg(c.number ORDER BY c.number))[1:3] FROM inventory_stockcount c
    WHERE c.tenant_id = %s AND c.facility_id = %s AND c.status IN (0, 1) HAVING count(*) > 0
    UNION ALL
    SELECT 'adjustments', count(*), (array_agg(a.number ORDER BY a.number))[1:3] FROM inventory_adjustment a
    WHERE a.tenant_id = %s AND a.facility_id = %s AND a.status = 0 HAVING count(*) > 0
"""

# (tenant, facility, limit) -> what lies in receiving bins and is nobody's, first expired first
WAITING = """
    SELECT b.sku_id, s.code, s.name, s.unit, b.lot_id, l.code, l.expires_on, n.id, n.code, b.on_hand - b.allocated
    FROM inventory_bin n
    JOIN inventory_balance b ON b.tenant_id = n.tenant_id AND b.bin_id = n.id AND b.on_hand > b.allocated
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE n.tenant_id = %s AND n.facility_id = %s AND n.kind = 2
    ORDER BY coalesce(l.expires_on, '9999-12-31'), s.code, l.code, n.sequence, n.id LIMIT %s
"""

# (tenant, facility, sku_ids) -> bins that sell and have these goods: bin, sequence, SKU, lot, code
STOCKED_BINS = """
    SELECT n.id, n.sequence, b.sku_id, b.lot_id, n.code FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id AND n.kind IN (0, 1) AND n.is_active
    WHERE b.tenant_id = %s AND b.facility_id = %s AND b.sku_id = ANY (%s::bigint[]) AND b.on_hand > 0
"""

# (tenant, facility, limit) -> the first bins on the walk that sell and have nothing
EMPTY_BINS = """
    SELECT n.id, n.sequence, n.code FROM inventory_bin n
    WHERE n.tenant_id = %s AND n.facility_id = %s AND n.kind IN (0, 1) AND n.is_active
      AND NOT EXISTS (SELECT FROM inventory_balance b WHERE b.tenant_id = n.tenant_id AND b.bin_id = n.id AND b.on_hand > 0)
    ORDER BY n.sequence, n.id LIMIT %s
"""

# Parameters: tenant, facility_ids, each.
BINS_OF_FACILITIES = """
    SELECT facility_id, count(*) FILTER (WHERE is_active), count(*) FILTER (WHERE NOT is_active) FROM inventory_bin
    WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[]) GROUP BY 1
"""
GOODS_OF_FACILITIES = """
    SELECT facility_id, count(DISTINCT sku_id), sum(on_hand)::bigint FROM inventory_balance
    WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[]) AND on_hand > 0 GROUP BY 1
"""

# (tenant, bin_ids) -> bin, units, kinds of goods, code and name of the only one
GOODS_OF_BINS = """
    SELECT b.bin_id, sum(b.on_hand)::bigint, count(DISTINCT b.sku_id), min(s.code), min(s.name) FROM inventory_balance b
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE b.tenant_id = %s AND b.bin_id = ANY (%s::bigint[]) AND b.on_hand > 0 GROUP BY 1
"""

# (tenant, facility, first sellable day, limit): not what lies in totes and the like, nor on the road, nor what waits to be written off
# (status 0 is PENDING, reason 4 EXPIRED)
EXPIRED = f"""
    SELECT b.facility_id, n.id, n.code, n.kind, s.id, s.code, s.name, s.unit, l.id, l.code, l.expires_on, b.on_hand, b.allocated,
           s.cost_minor
    FROM inventory_balance b
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id AND n.kind NOT IN (3, 4, 5, 8)
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE b.tenant_id = %s AND b.facility_id = %s AND {sql.EXPIRED} AND b.on_hand > 0 AND NOT EXISTS (
        SELECT FROM inventory_adjustment a JOIN inventory_adjustmentline x ON x.tenant_id = a.tenant_id AND x.adjustment_id = a.id
        WHERE a.tenant_id = b.tenant_id AND a.facility_id = b.facility_id AND a.status = 0 AND a.reason = 4
          AND x.bin_id = b.bin_id AND x.lot_id = b.lot_id)
    ORDER BY l.expires_on, s.code, l.code, n.sequence, n.id LIMIT %s
"""

# Parameters: tenant, adjustment, each.
ADJUSTMENT = """
    SELECT a.id, a.number, a.facility_id, f.name, a.reason, a.note, a.status, a.units, a.value_minor, c.number, a.created_by, u.name,
           a.created_at, d.name, a.decided_at
    FROM inventory_adjustment a
    JOIN inventory_facility f ON f.tenant_id = a.tenant_id AND f.id = a.facility_id
    LEFT JOIN inventory_stockcount c ON c.tenant_id = a.tenant_id AND c.id = a.count_id
    LEFT JOIN core_user u ON u.id = a.created_by
    LEFT JOIN core_user d ON d.id = a.decided_by
    WHERE a.tenant_id = %s AND a.id = %s
"""
ADJUSTMENT_LINES = """
    SELECT n.code, s.id, s.code, s.name, s.unit, l.code, l.expires_on, x.delta, coalesce(b.on_hand, 0), s.cost_minor
    FROM inventory_adjustmentline x
    JOIN inventory_bin n ON n.tenant_id = x.tenant_id AND n.id = x.bin_id
    JOIN inventory_lot l ON l.tenant_id = x.tenant_id AND l.id = x.lot_id
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    LEFT JOIN inventory_balance b ON b.tenant_id = x.tenant_id AND b.facility_id = n.facility_id AND b.sku_id = l.sku_id
        AND b.bin_id = x.bin_id AND b.lot_id = x.lot_id
    WHERE x.tenant_id = %s AND x.adjustment_id = %s ORDER BY x.id LIMIT 1000
"""

# (tenant, facility_ids or NULL three times, limit): a hold of a lot everywhere concerns whoever has some of it
OPEN_HOLDS = """
    SELECT h.id, h.kind, h.facility_id, f.name, n.code, s.id, s.code, s.name, h.lot_id, l.code, h.document, h.reason, u.name, h.opened_at
    FROM inventory_hold h
    LEFT JOIN inventory_facility f ON f.tenant_id = h.tenant_id AND f.id = h.facility_id
    LEFT JOIN inventory_bin n ON n.tenant_id = h.tenant_id AND n.id = h.bin_id
    LEFT JOIN inventory_lot l ON l.tenant_id = h.tenant_id AND l.id = h.lot_id
    LEFT JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    LEFT JOIN core_user u ON u.id = h.opened_by
    WHERE h.tenant_id = %s AND h.cleared_at IS NULL AND (%s::bigint[] IS NULL OR h.facility_id = ANY (%s::bigint[])
        OR (h.facility_id IS NULL AND EXISTS (SELECT FROM inventory_balance b WHERE b.tenant_id = h.tenant_id AND b.lot_id = h.lot_id
            AND b.facility_id = ANY (%s::bigint[]) AND b.on_hand > 0)))
    ORDER BY h.opened_at DESC, h.id DESC LIMIT %s
"""
