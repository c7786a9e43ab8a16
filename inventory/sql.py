"""Statements of stock that are too long for a line.  Parameters are positional."""

# A balance sells: its bin's kind sells, no open hold covers it, its lot's day allows.  Expects aliases b, n, l.
# Parameter: the first expiry date that is still sellable (inventory.queries.first_sellable).
SELLS = """
    n.kind IN (0, 1) AND coalesce(l.expires_on, '9999-12-31') >= %s
    AND NOT EXISTS (SELECT FROM inventory_hold h WHERE h.tenant_id = b.tenant_id AND h.cleared_at IS NULL
        AND (h.lot_id IS NULL OR h.lot_id = b.lot_id) AND (h.facility_id IS NULL OR h.facility_id = b.facility_id)
        AND (h.bin_id IS NULL OR h.bin_id = b.bin_id))
"""

_STOCK = """
    FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
"""

# (tenant, balance_ids) -> balances among them that an open hold covers
HELD_BALANCES = """
    SELECT DISTINCT b.id FROM inventory_balance b JOIN inventory_hold h ON h.tenant_id = b.tenant_id AND h.cleared_at IS NULL
        AND (h.lot_id IS NULL OR h.lot_id = b.lot_id) AND (h.facility_id IS NULL OR h.facility_id = b.facility_id)
        AND (h.bin_id IS NULL OR h.bin_id = b.bin_id)
    WHERE b.tenant_id = %s AND b.id = ANY (%s::bigint[])
"""

# (tenant, facility_ids, sku_ids, anchor date): which pairs have their anchor
ANCHORS = """
    SELECT facility_id, sku_id FROM inventory_promise
    WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[]) AND sku_id = ANY (%s::bigint[]) AND min_expires_on = %s
"""

# The same, locked by facility, then SKU
LOCK_ANCHORS = f"{ANCHORS} ORDER BY facility_id, sku_id FOR NO KEY UPDATE"

# ship: one ledger row an allocation, numbered under the lock of its balance.  (kind, actor, tenant, owner_refs)
SHIP_MOVES = """
    INSERT INTO inventory_move (tenant_id, id, kind, quantity, from_balance_id, from_seq, from_after, document_id, line_id, actor_id)
    SELECT a.tenant_id, a.id, %s, a.quantity, a.balance_id, b.seq + row_number() OVER w, b.on_hand - sum(a.quantity) OVER w,
           a.owner_ref, a.line_ref, %s
    FROM inventory_allocation a JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    WHERE a.tenant_id = %s AND a.owner_ref = ANY (%s::bigint[])
    WINDOW w AS (PARTITION BY a.balance_id ORDER BY a.id)
    RETURNING 1
"""

# Pages.

_HELD = """EXISTS (SELECT FROM inventory_hold h WHERE h.tenant_id = b.tenant_id AND h.cleared_at IS NULL
        AND (h.lot_id IS NULL OR h.lot_id = b.lot_id) AND (h.facility_id IS NULL OR h.facility_id = b.facility_id)
        AND (h.bin_id IS NULL OR h.bin_id = b.bin_id))"""

# Which group of inventory.queries.StockRow a balance is in.  Expired goes before held: clearing the hold would not bring those units
# back.  Parameters: first sellable day, twice.
_GROUP = f"""CASE WHEN {SELLS} THEN 'sells' WHEN n.kind NOT IN (0, 1) THEN 'elsewhere'
                WHEN coalesce(l.expires_on, '9999-12-31') < %s THEN 'expired' ELSE 'held' END"""

# (first sellable day, first sellable day, tenant, facility_ids, sku_ids) -> facility, sku, group, expiry, units, allocated
STOCK_GROUPS = f"""
    SELECT b.facility_id, b.sku_id,
           {_GROUP} AS stock_group,
           coalesce(l.expires_on, '9999-12-31'), sum(b.on_hand)::int, sum(b.allocated)::int {_STOCK}
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) AND b.on_hand > 0
    GROUP BY 1, 2, 3, 4
"""

# SUPPLIES for several facilities: (tenant, facility_ids, sku_ids, first sellable day) -> facility, sku, expiry, units
SUPPLIES_OF_MANY = f"""
    SELECT b.facility_id, b.sku_id, coalesce(l.expires_on, '9999-12-31'), sum(b.on_hand - b.allocated)::int {_STOCK}
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) AND b.on_hand > b.allocated AND {SELLS}
    GROUP BY 1, 2, 3
"""

# (first sellable day, first sellable day, tenant, facility_ids, sku): the last move of a balance is found by the number the balance carries
BALANCES_OF_SKU = f"""
    SELECT b.id, b.facility_id, n.code, n.kind, b.lot_id, l.code, l.expires_on, l.produced_on, l.received_on,
           b.on_hand, b.allocated,
           {_GROUP} AS stock_group, {_HELD} AS is_held,
           coalesce((SELECT m.to_after FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.to_balance_id = b.id
                     AND m.to_seq = b.seq),
                    (SELECT m.from_after FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.from_balance_id = b.id
                     AND m.from_seq = b.seq), 0) {_STOCK}
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = %s AND b.on_hand > 0
    ORDER BY coalesce(l.expires_on, '9999-12-31'), l.code, b.facility_id, n.sequence, n.code
"""

# Parameters: tenant, balance.
ONE_BALANCE = """
    SELECT b.id, b.facility_id, f.name, n.code, n.kind, b.sku_id, s.code, s.name, s.unit, b.lot_id, l.code, l.expires_on, b.on_hand,
           b.allocated, b.seq
    FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    JOIN inventory_facility f ON f.tenant_id = b.tenant_id AND f.id = b.facility_id
    WHERE b.tenant_id = %s AND b.id = %s
"""

_OUT = "m.tenant_id, m.id, m.from_balance_id, m.from_seq, -m.quantity, m.from_after"
_IN = "m.tenant_id, m.id, m.to_balance_id, m.to_seq, m.quantity, m.to_after"
_WHY = "m.kind, m.document_id, m.actor_id, m.reason, m.at"
_SIDES = "m(tenant_id, id, balance_id, seq, change, after, kind, document_id, actor_id, reason, at)"
_NAMED = """
    SELECT m.id, m.balance_id, m.seq, m.change, m.after, m.kind, m.document_id, r.reference, u.name, m.reason, m.at, l.code, n.code FROM m
    JOIN inventory_balance b ON b.tenant_id = m.tenant_id AND b.id = m.balance_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    LEFT JOIN inventory_receipt r ON r.tenant_id = m.tenant_id AND r.id = m.document_id
    LEFT JOIN core_user u ON u.id = m.actor_id
"""

# (tenant, balance, seq, limit, tenant, balance, seq, limit, limit) -> the moves of one balance below a number, newest first
LEDGER = f"""
    WITH {_SIDES} AS (
        (SELECT {_OUT}, {_WHY} FROM inventory_move m
         WHERE m.tenant_id = %s AND m.from_balance_id = %s AND m.from_seq < %s ORDER BY m.from_seq DESC LIMIT %s)
        UNION ALL
        (SELECT {_IN}, {_WHY} FROM inventory_move m
         WHERE m.tenant_id = %s AND m.to_balance_id = %s AND m.to_seq < %s ORDER BY m.to_seq DESC LIMIT %s))
    {_NAMED} ORDER BY m.seq DESC LIMIT %s
"""

# (tenant, facility_ids, sku, tenant, limit, tenant, limit, limit) -> the newest moves of the balances where a SKU lies
RECENT_MOVES = f"""
    WITH places(id) AS (SELECT b.id FROM inventory_balance b
        WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = %s AND b.on_hand > 0 LIMIT 500),
    {_SIDES} AS (
        SELECT o.* FROM places, LATERAL (SELECT {_OUT}, {_WHY} FROM inventory_move m
            WHERE m.tenant_id = %s AND m.from_balance_id = places.id ORDER BY m.from_seq DESC LIMIT %s) o
        UNION ALL
        SELECT i.* FROM places, LATERAL (SELECT {_IN}, {_WHY} FROM inventory_move m
            WHERE m.tenant_id = %s AND m.to_balance_id = places.id ORDER BY m.to_seq DESC LIMIT %s) i)
    {_NAMED} ORDER BY m.at DESC, m.id DESC, m.change LIMIT %s
"""

_HOLD = """
    SELECT h.id, h.kind, h.lot_id, l.code, h.facility_id, n.code, h.document, h.reason, u.name, h.opened_at, h.cleared_at
    FROM inventory_hold h
    LEFT JOIN core_user u ON u.id = h.opened_by
    LEFT JOIN inventory_lot l ON l.tenant_id = h.tenant_id AND l.id = h.lot_id
    LEFT JOIN inventory_bin n ON n.tenant_id = h.tenant_id AND n.id = h.bin_id
"""

# Parameters: tenant, lot_ids, facility_ids.
OPEN_HOLDS = f"""
    {_HOLD} WHERE h.tenant_id = %s AND h.cleared_at IS NULL AND (h.lot_id IS NULL OR h.lot_id = ANY (%s::bigint[]))
    AND (h.facility_id IS NULL OR h.facility_id = ANY (%s::bigint[]))
    ORDER BY array_position(ARRAY['RECALL', 'QUARANTINE', 'HELD'], h.kind::text), h.opened_at, h.id LIMIT 200
"""

# Parameters: tenant, hold.
ONE_HOLD = f"{_HOLD} WHERE h.tenant_id = %s AND h.id = %s"

# (tenant, facility_ids, first sellable day, tenant, facility_ids, tenant, first sellable day) -> SKUs with something held or
# expired, or with more promised than what is sellable
PROBLEM_SKUS = f"""
    SELECT b.sku_id {_STOCK} WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.on_hand > 0 AND n.kind IN (0, 1)
        AND (coalesce(l.expires_on, '9999-12-31') < %s OR {_HELD})
    UNION
    SELECT p.sku_id FROM (SELECT q.facility_id, q.sku_id, sum(q.quantity) AS units FROM inventory_promise q
        WHERE q.tenant_id = %s AND q.facility_id = ANY (%s::bigint[]) AND q.quantity > 0 GROUP BY 1, 2) p
    WHERE p.units > (SELECT coalesce(sum(b.on_hand - b.allocated), 0) {_STOCK}
        WHERE b.tenant_id = %s AND b.facility_id = p.facility_id AND b.sku_id = p.sku_id AND b.on_hand > b.allocated AND {SELLS})
"""

# (tenant, codes, tenant, codes): barcodes first, merchant codes after them
GOODS_BY_CODE = """
    SELECT 0 AS place, b.code, s.id, s.code, s.name, s.unit, s.shelf_life_days, s.shelf_life_months FROM inventory_barcode b
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id WHERE b.tenant_id = %s AND b.code = ANY (%s::text[])
    UNION ALL
    SELECT 1, s.code, s.id, s.code, s.name, s.unit, s.shelf_life_days, s.shelf_life_months FROM inventory_sku s
    WHERE s.tenant_id = %s AND s.code = ANY (%s::text[]) ORDER BY 1
"""
