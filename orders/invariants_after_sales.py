"""Laws of what comes after a sale: no money beyond what was paid, no unit that left twice or came back twice."""

from core.invariants import Invariant, register

# refund state 2: agreed, 3: done, 4: refused
WITHDRAWN = """
    SELECT l.order_id, l.id, l.withdrawn, coalesce(x.units, 0) AS asked FROM orders_orderline l
    LEFT JOIN (SELECT x.tenant_id, x.order_line_id, sum(x.withdrawn) AS units FROM orders_refundline x
        JOIN orders_refund r ON r.tenant_id = x.tenant_id AND r.id = x.refund_id WHERE r.state <> 4 GROUP BY 1, 2) x
        ON x.tenant_id = l.tenant_id AND x.order_line_id = l.id
    WHERE l.withdrawn <> coalesce(x.units, 0)
"""

OWN_LINES = """
    SELECT r.id, r.order_id, l.order_id AS order_of_line FROM orders_refund r
    JOIN (SELECT tenant_id, refund_id, order_line_id FROM orders_refundline UNION ALL
        SELECT tenant_id, refund_id, order_line_id FROM orders_refundbooking) x ON x.tenant_id = r.tenant_id AND x.refund_id = r.id
    JOIN orders_orderline l ON l.tenant_id = x.tenant_id AND l.id = x.order_line_id WHERE l.order_id <> r.order_id
"""

BOOKED = """
    SELECT r.id, r.amount_minor, r.over_minor, r.state, coalesce(b.minor, 0) AS booked FROM orders_refund r
    LEFT JOIN (SELECT tenant_id, refund_id, sum(amount_minor) AS minor FROM orders_refundbooking GROUP BY 1, 2) b
        ON b.tenant_id = r.tenant_id AND b.refund_id = r.id
    WHERE coalesce(b.minor, 0) <> CASE WHEN r.state IN (2, 3) THEN r.amount_minor - r.over_minor ELSE 0 END
"""

PAID = """
    SELECT r.order_id, sum(b.amount_minor) AS refunded, o.amount_minor AS paid FROM orders_refundbooking b
    JOIN orders_refund r ON r.tenant_id = b.tenant_id AND r.id = b.refund_id
    JOIN orders_order o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    GROUP BY r.tenant_id, r.order_id, o.amount_minor HAVING sum(b.amount_minor) NOT BETWEEN 0 AND greatest(0, o.amount_minor)
"""

PAID_LINES = """
    SELECT b.order_line_id, sum(b.amount_minor) AS refunded, max(b.paid_minor) AS paid FROM orders_refundbooking b
    GROUP BY b.tenant_id, b.order_line_id HAVING sum(b.amount_minor) NOT BETWEEN 0 AND max(b.paid_minor)
"""

RETURNED = """
    SELECT i.order_line_id, i.units AS returned, coalesce(s.units, 0) AS shipped FROM (
        SELECT tenant_id, order_line_id, sum(units) AS units FROM orders_returnitem WHERE order_line_id IS NOT NULL GROUP BY 1, 2) i
    LEFT JOIN (SELECT l.tenant_id, l.ref, sum(l.quantity) AS units FROM warehouse_parcelline l
        JOIN warehouse_parcel p ON p.tenant_id = l.tenant_id AND p.id = l.parcel_id WHERE p.status = 4 GROUP BY 1, 2) s
        ON s.tenant_id = i.tenant_id AND s.ref = i.order_line_id
    WHERE i.units > coalesce(s.units, 0)
"""

RETURN_MOVES = """
    SELECT i.id, i.units, coalesce(m.came, 0) AS came, i.good + i.damaged AS looked_at, coalesce(m.went, 0) AS went
    FROM orders_returnitem i LEFT JOIN (
        SELECT tenant_id, line_id, sum(quantity) FILTER (WHERE kind = 7) AS came, sum(quantity) FILTER (WHERE kind = 6) AS went
        FROM inventory_move WHERE line_id IS NOT NULL AND kind IN (6, 7) GROUP BY 1, 2) m
        ON m.tenant_id = i.tenant_id AND m.line_id = i.id
    WHERE i.units <> coalesce(m.came, 0) OR i.good + i.damaged <> coalesce(m.went, 0)
"""

RETURN_LINES = """
    SELECT i.id, d.order_id, l.order_id AS order_of_line, l.sku_id AS sku_of_line, i.sku_id FROM orders_returnitem i
    JOIN orders_return d ON d.tenant_id = i.tenant_id AND d.id = i.return_doc_id
    JOIN orders_orderline l ON l.tenant_id = i.tenant_id AND l.id = i.order_line_id
    WHERE d.order_id IS DISTINCT FROM l.order_id OR l.sku_id IS DISTINCT FROM i.sku_id
"""

register(
    Invariant(
        "orders.withdrawn", "what is out of a line is what refunds that stand took out of it", WITHDRAWN
    ),
    Invariant("orders.refund_lines", "a refund's lines are its order's", OWN_LINES),
    Invariant(
        "orders.refund_booked", "an agreed refund is booked on the lines to the cent, another not", BOOKED
    ),
    Invariant("orders.refunds", "no more goes back for an order than was paid", PAID),
    Invariant("orders.refunded_lines", "no more goes back for a line than was paid for it", PAID_LINES),
    Invariant("orders.returned", "no more units of a line come back than left", RETURNED),
    Invariant("orders.return_moves", "every unit of a return is in the ledger", RETURN_MOVES),
    Invariant("orders.return_lines", "what came back for a line is its goods, of its order", RETURN_LINES),
)
