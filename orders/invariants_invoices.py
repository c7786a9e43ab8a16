"""Laws of invoices: one that is asked for or stands for an order, and never more than was paid."""

from core.invariants import Invariant, register

# state 1: waiting, 2: issued, 3: to be reversed.  One that has to be reversed may be more than is left: that is why
OPEN = """
    SELECT order_id, count(*) FROM orders_invoicerequest WHERE state IN (1, 2, 3)
    GROUP BY tenant_id, order_id HAVING count(*) > 1
"""

AMOUNTS = """
    SELECT i.id, i.order_id, i.amount_minor, o.amount_minor AS paid, coalesce(r.minor, 0) AS refunded FROM orders_invoicerequest i
    JOIN orders_order o ON o.tenant_id = i.tenant_id AND o.id = i.order_id
    LEFT JOIN (SELECT tenant_id, order_id, sum(amount_minor) AS minor FROM orders_refund WHERE state IN (2, 3) GROUP BY 1, 2) r
        ON r.tenant_id = i.tenant_id AND r.order_id = i.order_id
    WHERE (i.state IN (1, 2) AND i.amount_minor > greatest(0, o.amount_minor - coalesce(r.minor, 0)))
        OR (i.state = 3 AND i.amount_minor > o.amount_minor)
"""

register(
    Invariant("orders.invoice_open", "an order has at most one invoice that is asked for or stands", OPEN),
    Invariant(
        "orders.invoice_amounts",
        "an invoice is never more than was paid less what went back, or it has to be reversed",
        AMOUNTS,
    ),
)
