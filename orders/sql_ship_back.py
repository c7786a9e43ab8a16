"""Statements about what is said back to platforms.  Parameters are positional."""

# (tenant, parcels) -> channel, channel order, parcel, tracking number: who has goods in parcels that left, where the channel is connected;
# platforms know nothing of an order that is sent in the place of another
MAKE = """
    SELECT DISTINCT c.channel_id, c.id, p.id, p.tracking_number FROM warehouse_parcel p
    JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    JOIN orders_orderline o ON o.tenant_id = l.tenant_id AND o.id = l.ref
    JOIN orders_channelorder c ON c.tenant_id = o.tenant_id AND c.order_id = o.order_id
    JOIN orders_connection n ON n.tenant_id = c.tenant_id AND n.channel_id = c.channel_id
    WHERE p.tenant_id = %s AND p.id = ANY (%s::bigint[]) AND p.status = 4
        AND NOT EXISTS (SELECT FROM orders_followup f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.order_id) ORDER BY 2, 3
"""

# (tenant, channel, most): channel orders with something due, the longest waiting first
DUE = """
    SELECT channel_order_id FROM orders_shipback
    WHERE tenant_id = %s AND channel_id = %s AND state = 1 AND next_at <= clock_timestamp()
    GROUP BY channel_order_id ORDER BY min(next_at), channel_order_id LIMIT %s
"""

# (tenant, channel orders) -> id, number, raw, order
ORDERS = """
    SELECT id, external_number, raw, order_id FROM orders_channelorder WHERE tenant_id = %s AND id = ANY (%s::bigint[])
"""

# (tenant, channel orders): all their parcels that left, in the order they left, with the places and units of each in the raw order
BOXES = """
    SELECT s.channel_order_id, s.parcel_id, s.id, s.state,
        CASE WHEN s.state = 2 THEN s.number ELSE coalesce(p.tracking_number, '') END, k.code,
        ARRAY(SELECT json_build_array(o.source_row, l.quantity) FROM warehouse_parcelline l
            JOIN orders_orderline o ON o.tenant_id = l.tenant_id AND o.id = l.ref
            WHERE l.tenant_id = s.tenant_id AND l.parcel_id = s.parcel_id AND o.order_id = c.order_id AND o.source_row IS NOT NULL
            ORDER BY l.id),
        s.state = 1 AND s.next_at <= clock_timestamp()
    FROM orders_shipback s JOIN orders_channelorder c ON c.tenant_id = s.tenant_id AND c.id = s.channel_order_id
    JOIN warehouse_parcel p ON p.tenant_id = s.tenant_id AND p.id = s.parcel_id
    LEFT JOIN warehouse_carrier k ON k.tenant_id = p.tenant_id AND k.id = p.carrier_id
    WHERE s.tenant_id = %s AND s.channel_order_id = ANY (%s::bigint[]) ORDER BY s.channel_order_id, p.shipped_at, s.parcel_id
"""

# (tenant, orders) -> order, units of its lines that have not left; the lines of a merged order travel in the other one's parcels
UNITS_LEFT = """
    SELECT a.id, (SELECT sum(o.quantity - o.withdrawn) FROM orders_orderline o WHERE o.tenant_id = a.tenant_id AND o.order_id = a.id)::int
        - coalesce((SELECT sum(l.quantity) FROM warehouse_parcel p
            JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
            JOIN orders_orderline o ON o.tenant_id = l.tenant_id AND o.id = l.ref AND o.order_id = a.id
            WHERE p.tenant_id = a.tenant_id AND p.ref = coalesce(a.merged_into_id, a.id) AND p.status = 4), 0)::int
    FROM orders_order a WHERE a.tenant_id = %s AND a.id = ANY (%s::bigint[])
"""
