"""Statements about the stock that channels are told.  Parameters are positional; %s is the tenant first unless said otherwise."""

# Which SKUs a fact speaks of: key of its payload -> statement of (tenant, ids)
SKUS_OF = {
    "order_ids": "SELECT DISTINCT sku_id FROM orders_orderline WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
    " AND sku_id IS NOT NULL",
    "parcel_ids": "SELECT DISTINCT sku_id FROM warehouse_parcelline WHERE tenant_id = %s AND parcel_id = ANY (%s::bigint[])",
    "lot_ids": "SELECT DISTINCT sku_id FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
    "bin_ids": "SELECT DISTINCT sku_id FROM inventory_balance WHERE tenant_id = %s AND bin_id = ANY (%s::bigint[])",
    "hold_ids": """
        SELECT DISTINCT b.sku_id FROM inventory_hold h JOIN inventory_balance b ON b.tenant_id = h.tenant_id AND b.on_hand > 0
        AND (b.lot_id = h.lot_id OR h.lot_id IS NULL AND b.facility_id = h.facility_id AND (h.bin_id IS NULL OR b.bin_id = h.bin_id))
        WHERE h.tenant_id = %s AND h.id = ANY (%s::bigint[])""",
    "receipt_id": """
        SELECT DISTINCT l.sku_id FROM inventory_receiptline r JOIN inventory_lot l ON l.tenant_id = r.tenant_id AND l.id = r.lot_id
        WHERE r.tenant_id = %s AND r.receipt_id = ANY (%s::bigint[])""",
    "adjustment_ids": """
        SELECT DISTINCT l.sku_id FROM inventory_adjustmentline a JOIN inventory_lot l ON l.tenant_id = a.tenant_id AND l.id = a.lot_id
        WHERE a.tenant_id = %s AND a.adjustment_id = ANY (%s::bigint[])""",
    "transfer_id": """
        SELECT DISTINCT l.sku_id FROM inventory_transferitem i JOIN inventory_lot l ON l.tenant_id = i.tenant_id AND l.id = i.lot_id
        WHERE i.tenant_id = %s AND i.transfer_id = ANY (%s::bigint[])""",
}
SKUS_OF["return_ids"] = (
    "SELECT DISTINCT sku_id FROM orders_returnitem WHERE tenant_id = %s AND return_doc_id = ANY (%s::bigint[])"
)
SKUS_OF["order_refs"], SKUS_OF["owner_refs"] = SKUS_OF["order_ids"], SKUS_OF["parcel_ids"]

# (tenant, SKUs) -> facility, SKU, units of paid orders that stand still there and are in no parcel.  An order that the platform calls
# unpaid, shipped, finished or closed is not one of them; one whose deposit is paid is.
WAITING = """
    SELECT o.facility_id, l.sku_id, least(sum(greatest(l.quantity - l.withdrawn - coalesce(p.units, 0), 0)), 2147483647)::int
    FROM orders_order o JOIN orders_orderline l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
    LEFT JOIN LATERAL (
        SELECT sum(x.quantity) AS units FROM warehouse_parcel w
        JOIN warehouse_parcelline x ON x.tenant_id = w.tenant_id AND x.parcel_id = w.id AND x.ref = l.id
        WHERE w.tenant_id = o.tenant_id AND w.ref = coalesce(o.merged_into_id, o.id) AND w.status <> 5) p ON true
    WHERE o.tenant_id = %s AND o.status = 1 AND l.sku_id = ANY (%s::bigint[]) AND NOT EXISTS (
        SELECT FROM orders_finding f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.code = 'NOT_TO_SHIP'
        AND f.cleared_at IS NULL AND f.detail ->> 'state' <> '5')
    GROUP BY 1, 2
"""

# (tenant, orders) -> channel, SKU, units that were ordered beyond what could be promised
OVERSOLD = """
    SELECT o.channel_id, (f.detail ->> 'sku_id')::bigint,
        sum((f.detail ->> 'wanted')::int - greatest((f.detail ->> 'available')::int, 0))::int
    FROM orders_finding f JOIN orders_order o ON o.tenant_id = f.tenant_id AND o.id = f.order_id
    WHERE f.tenant_id = %s AND f.order_id = ANY (%s::bigint[]) AND f.code = 'STOCK_SHORT' AND f.cleared_at IS NULL
    AND f.detail ? 'wanted' GROUP BY 1, 2 ORDER BY 1, 2
"""

# (SKU, channel), with the channel's own row before the one for all of its SKUs: (tenant, channels, SKUs)
STRATEGIES = """
    SELECT channel_id, sku_id, share, fixed, kept_back FROM orders_stockstrategy
    WHERE tenant_id = %s AND channel_id = ANY (%s::bigint[]) AND (sku_id IS NULL OR sku_id = ANY (%s::bigint[]))
"""

# (ids, units, parts, whether to say it anew, tenant): the new numbers.  What the platform has already asks for nothing.
WRITE = """
    UPDATE orders_stocklevel l SET units = u.units, parts = u.parts::jsonb, computed_at = clock_timestamp(), marked_at = NULL,
        state = CASE WHEN u.units = l.said_units AND NOT u.is_again THEN 2 WHEN u.units = l.units AND l.state = 3 THEN 3 ELSE 1 END,
        due_at = CASE WHEN u.units = l.said_units AND NOT u.is_again THEN NULL
            WHEN u.units = l.units AND l.due_at IS NOT NULL THEN l.due_at ELSE clock_timestamp() END,
        changed_at = CASE WHEN u.units = l.said_units AND NOT u.is_again THEN NULL
            ELSE coalesce(l.changed_at, l.marked_at, clock_timestamp()) END,
        attempts = CASE WHEN u.units = l.units THEN l.attempts ELSE 0 END
    FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::boolean[]) u(id, units, parts, is_again)
    WHERE l.tenant_id = %s AND l.id = u.id
        AND (l.marked_at IS NOT NULL OR l.units IS DISTINCT FROM u.units OR l.parts <> u.parts::jsonb OR u.is_again)
"""

# (tenant, channel, most): what is due, the longest waiting first
DUE = """
    SELECT l.id, l.units, ARRAY(SELECT json_build_array(g.item, g.variant) FROM orders_listing g WHERE g.tenant_id = l.tenant_id
        AND g.channel_id = l.channel_id AND g.sku_id = l.sku_id ORDER BY g.id)
    FROM orders_stocklevel l WHERE l.tenant_id = %s AND l.channel_id = %s AND l.due_at <= clock_timestamp() AND l.units IS NOT NULL
    ORDER BY l.due_at, l.id LIMIT %s
"""

# (ids, units, is taken, is refused, code, words, tenant) -> delay in ms of those that were taken
KEEP = """
    UPDATE orders_stocklevel l SET
        said_units = CASE WHEN u.is_taken THEN u.units ELSE l.said_units END,
        said_at = CASE WHEN u.is_taken THEN clock_timestamp() ELSE l.said_at END,
        delay_ms = CASE WHEN u.is_taken THEN extract(epoch FROM clock_timestamp() - coalesce(l.changed_at, l.computed_at)) * 1000
            ELSE l.delay_ms END,
        state = CASE WHEN u.is_taken AND l.units = u.units THEN 2 WHEN u.is_refused AND l.units = u.units THEN 3 ELSE 1 END,
        due_at = CASE WHEN u.is_taken AND l.units = u.units THEN NULL WHEN u.is_taken OR l.units <> u.units THEN clock_timestamp()
            ELSE clock_timestamp() + least(2 ^ least(l.attempts, 12) * 60, 21600) * interval '1 second' END,
        changed_at = CASE WHEN u.is_taken AND l.units = u.units THEN NULL WHEN u.is_taken THEN l.computed_at ELSE l.changed_at END,
        attempts = CASE WHEN u.is_taken THEN 0 ELSE l.attempts + 1 END, code = u.code, words = u.words,
        oversold_units = CASE WHEN u.is_taken THEN 0 ELSE l.oversold_units END
    FROM unnest(%s::bigint[], %s::int[], %s::boolean[], %s::boolean[], %s::text[], %s::text[])
        u(id, units, is_taken, is_refused, code, words)
    WHERE l.tenant_id = %s AND l.id = u.id RETURNING CASE WHEN u.is_taken THEN l.delay_ms END
"""

# As sys: seconds to the earliest look of each tenant
NEXT_LOOKS = """
    SELECT tenant_id, extract(epoch FROM min(look_at) - clock_timestamp())::float8 FROM orders_stockout WHERE is_on GROUP BY tenant_id
"""

# As sys: (tenant, channel) with something to say
SAY_DUE = """
    SELECT t.tenant_id, t.channel_id FROM orders_stockout t
    JOIN orders_connection c ON c.tenant_id = t.tenant_id AND c.channel_id = t.channel_id AND c.state = 1
    WHERE t.is_on AND t.next_at <= clock_timestamp() AND {is_free} AND {is_quiet} ORDER BY t.next_at LIMIT %s
"""
