"""Statements of counts that are too long for a line.  Parameters are positional."""

# (by SKU?, sku_ids, tenant, facility, kinds, any zone?, zones, any bin?, bin_ids, also empty?, any day?, days, moved or not?)
# -> bin, SKU or NULL, in the order of the walk.  Moves that a count booked are no moves.
COUNTABLE_BINS = """
    WITH asked(by_sku, sku_ids) AS (SELECT %s, %s::bigint[])
    SELECT n.id, x.sku_id FROM asked, inventory_bin n
    CROSS JOIN LATERAL (
        SELECT DISTINCT b.sku_id FROM inventory_balance b, asked a WHERE a.by_sku AND b.tenant_id = n.tenant_id AND b.bin_id = n.id
            AND b.on_hand > 0 AND b.sku_id = ANY (a.sku_ids)
        UNION ALL SELECT NULL FROM asked a WHERE NOT a.by_sku) x
    CROSS JOIN LATERAL (
        SELECT max(t.started_at) AS at FROM inventory_counttask t WHERE t.tenant_id = n.tenant_id AND t.bin_id = n.id AND t.status = 5
            AND (t.sku_id IS NULL OR t.sku_id = x.sku_id)) last
    WHERE n.tenant_id = %s AND n.facility_id = %s AND n.is_active AND n.kind = ANY (%s::int[])
        AND (%s OR n.zone = ANY (%s::text[])) AND (%s OR n.id = ANY (%s::bigint[]))
        AND (%s OR EXISTS (SELECT FROM inventory_balance b WHERE b.tenant_id = n.tenant_id AND b.bin_id = n.id AND b.on_hand > 0))
        AND (%s OR coalesce(last.at, '-infinity') < clock_timestamp() - %s * interval '1 day')
        AND (%s OR EXISTS (SELECT FROM inventory_balance b, inventory_move m WHERE b.tenant_id = n.tenant_id AND b.bin_id = n.id
            AND (x.sku_id IS NULL OR b.sku_id = x.sku_id) AND m.tenant_id = b.tenant_id
            AND (m.to_balance_id = b.id OR m.from_balance_id = b.id) AND m.kind <> 8 AND m.at > coalesce(last.at, '-infinity')))
        AND NOT EXISTS (SELECT FROM inventory_counttask t JOIN inventory_stockcount c ON c.tenant_id = t.tenant_id AND c.id = t.count_id
            WHERE t.tenant_id = n.tenant_id AND t.bin_id = n.id AND c.status IN (0, 1) AND t.status <> 5
            AND (t.sku_id IS NULL OR x.sku_id IS NULL OR t.sku_id = x.sku_id))
    ORDER BY n.sequence, n.code, x.sku_id
"""

# (tenant, task, round, then arrays of id, lot, before, before_seq): the book when counting begins, again when it begins anew
BEGIN = """
    INSERT INTO inventory_countentry AS e (tenant_id, id, task_id, round, lot_id, before, before_seq)
    SELECT %s, u.id, %s, %s, u.lot_id, u.before, u.before_seq
    FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[]) u(id, lot_id, before, before_seq)
    ON CONFLICT (tenant_id, task_id, round, lot_id) DO UPDATE SET before = excluded.before, before_seq = excluded.before_seq
    WHERE e.counted IS NULL
"""

# (tenant, bin, any SKU?, sku, tenant, task) -> lot, on hand, seq: lots on the book, and lots that an earlier round spoke of
LISTED = """
    SELECT b.lot_id, b.on_hand, b.seq FROM inventory_balance b
    WHERE b.tenant_id = %s AND b.bin_id = %s AND (%s OR b.sku_id = %s) AND (b.on_hand > 0
        OR b.lot_id IN (SELECT e.lot_id FROM inventory_countentry e WHERE e.tenant_id = %s AND e.task_id = %s))
    ORDER BY b.lot_id
"""

# (task, round, started at, started at, tenant, bin, any SKU?, sku, lot_ids)
# -> lot, on hand, seq, in, out since counting began.  A lot that was not listed then had nothing on the book, so the hour tells.
SINCE = """
    SELECT b.lot_id, b.on_hand, b.seq, coalesce(i.units, 0)::int, coalesce(o.units, 0)::int
    FROM inventory_balance b
    LEFT JOIN inventory_countentry e ON e.tenant_id = b.tenant_id AND e.lot_id = b.lot_id AND e.task_id = %s AND e.round = %s
    CROSS JOIN LATERAL (SELECT sum(m.quantity) AS units FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.to_balance_id = b.id
        AND m.to_seq > coalesce(e.before_seq, 0) AND (e.id IS NOT NULL OR m.at >= %s)) i
    CROSS JOIN LATERAL (SELECT sum(m.quantity) AS units FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.from_balance_id = b.id
        AND m.from_seq > coalesce(e.before_seq, 0) AND (e.id IS NOT NULL OR m.at >= %s)) o
    WHERE b.tenant_id = %s AND b.bin_id = %s AND (%s OR b.sku_id = %s) AND (b.on_hand > 0 OR b.lot_id = ANY (%s::bigint[]))
"""

# (tenant, task, round, person, then arrays of id, lot, before, after, seq, in, out, counted, difference
HAND_IN = """
    INSERT INTO inventory_countentry AS e (tenant_id, id, task_id, round, counted_by, counted_at, lot_id, before, after, after_seq,
        moved_in, moved_out, counted, difference)
    SELECT %s, u.id, %s, %s, %s, clock_timestamp(), u.lot_id, u.before, u.after, u.after_seq, u.moved_in, u.moved_out, u.counted,
        u.difference
    FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[])
        u(id, lot_id, before, after, after_seq, moved_in, moved_out, counted, difference)
    ON CONFLICT (tenant_id, task_id, round, lot_id) DO UPDATE SET after = excluded.after, after_seq = excluded.after_seq,
        moved_in = excluded.moved_in, moved_out = excluded.moved_out, counted = excluded.counted, difference = excluded.difference,
        counted_by = excluded.counted_by, counted_at = excluded.counted_at
"""

# (tenant, task_ids) -> task, round, lot, before, after, after_seq, in, out, counted, in the order of the rounds
READINGS = """
    SELECT e.task_id, e.round, e.lot_id, e.before, e.after, e.after_seq, e.moved_in, e.moved_out, e.counted
    FROM inventory_countentry e WHERE e.tenant_id = %s AND e.task_id = ANY (%s::bigint[]) AND e.counted IS NOT NULL
    ORDER BY e.task_id, e.lot_id, e.round
"""

# (bin_ids, lot_ids, after_seqs, tenant) -> bin, lot, on hand, whether the book was corrected since, whether a paper waits that would:
# counts, adjustments and losses change the book and not the bin, so a difference found before them no longer stands
STANDING = """
    SELECT u.bin_id, u.lot_id, coalesce(b.on_hand, 0), EXISTS (
        SELECT FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.kind IN (4, 5, 8, 14)
            AND ((m.to_balance_id = b.id AND m.to_seq > u.after_seq) OR (m.from_balance_id = b.id AND m.from_seq > u.after_seq))),
        EXISTS (SELECT FROM inventory_adjustmentline al
            JOIN inventory_adjustment a ON a.tenant_id = al.tenant_id AND a.id = al.adjustment_id
            WHERE al.tenant_id = n.tenant_id AND a.status = 0 AND al.bin_id = u.bin_id AND al.lot_id = u.lot_id)
    FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) u(bin_id, lot_id, after_seq)
    JOIN inventory_bin n ON n.id = u.bin_id
    LEFT JOIN inventory_balance b ON b.tenant_id = n.tenant_id AND b.bin_id = u.bin_id AND b.lot_id = u.lot_id
    WHERE n.tenant_id = %s
"""

# (bin_ids, lot_ids, after_seqs or NULL, instant, tenant) -> codes of bin and lot whose book was corrected after a move of that number;
# without a number, after the instant.  Kinds as in STANDING.
CORRECTED = """
    SELECT n.code, l.code FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) u(bin_id, lot_id, after_seq)
    CROSS JOIN (SELECT %s::timestamptz AS at) since
    JOIN inventory_bin n ON n.id = u.bin_id
    JOIN inventory_lot l ON l.tenant_id = n.tenant_id AND l.id = u.lot_id
    JOIN inventory_balance b ON b.tenant_id = n.tenant_id AND b.bin_id = u.bin_id AND b.lot_id = u.lot_id
    WHERE n.tenant_id = %s AND EXISTS (
        SELECT FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.kind IN (4, 5, 8, 14)
            AND ((m.to_balance_id = b.id AND m.to_seq > coalesce(u.after_seq, 0))
                OR (m.from_balance_id = b.id AND m.from_seq > coalesce(u.after_seq, 0)))
            AND (u.after_seq IS NOT NULL OR m.at > since.at))
    ORDER BY n.sequence, n.code, l.code
"""
