"""What refunds are worth line by line: booked once when they are agreed, from the sums of all that were (after_sales.refunded)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant
from orders.models import RefundBooking
from orders.rules.after_sales import PaidLine, Refund, paid_of, refunded
from orders.rules.expanding import spread

_PAID = """
    SELECT l.order_id, o.amount_minor, l.id, coalesce(l.amount_minor, l.quantity * l.unit_price_minor), l.quantity
    FROM orders_orderline l JOIN orders_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
    WHERE l.tenant_id = %s AND l.order_id = ANY (%s::bigint[]) ORDER BY l.id
"""
# (tenant, orders): agreed refunds in the order in which they were, whole or line by line
_AGREED = """
    SELECT r.order_id, r.id, r.amount_minor, x.order_line_id, x.amount_minor FROM orders_refund r
    LEFT JOIN orders_refundline x ON x.tenant_id = r.tenant_id AND x.refund_id = r.id AND x.amount_minor IS NOT NULL
    WHERE r.tenant_id = %s AND r.order_id = ANY (%s::bigint[]) AND r.state IN (2, 3) ORDER BY r.decided_at, r.id
"""
_BOOKED = """
    SELECT r.order_id, b.order_line_id, sum(b.amount_minor)::bigint FROM orders_refundbooking b
    JOIN orders_refund r ON r.tenant_id = b.tenant_id AND r.id = b.refund_id
    WHERE b.tenant_id = %s AND r.order_id = ANY (%s::bigint[]) GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid for an order, and for each of its lines; `units`: line -> units sold."""

    amount_minor: int
    lines: tuple[PaidLine, ...]
    units: Mapping[int, int]

    def share(self, amount_minor: int, asked: Mapping[int, int]) -> dict[int, int]:
        """An amount over the lines it is asked for (line -> units), by what their units cost; nothing where they cost nothing."""
        each = {line.id: line.paid_minor for line in self.lines}
        weighing = {i: each[i] * n for i, n in asked.items() if each.get(i) and n}
        if not weighing or not amount_minor:
            return {}
        ids = sorted(weighing)
        # What a unit of a line costs, on one denominator for all of them.
        common = 1
        for i in ids:
            common *= self.units[i]
        weights = [weighing[i] * common // self.units[i] for i in ids]
        return {i: share for i, share in zip(ids, spread(amount_minor, weights), strict=True) if share}


def read_paid(order_ids: Iterable[int]) -> dict[int, Paid]:
    """What was paid for these orders."""
    costs: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    amounts: dict[int, int] = {}
    units: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for order_id, amount, line_id, cost, quantity in db.rows(_PAID, current_tenant(), db.array(order_ids)):
        amounts[order_id] = amount
        costs[order_id].append((line_id, cost))
        units[order_id][line_id] = quantity
    return {i: Paid(max(0, amount), paid_of(amount, costs[i]), units[i]) for i, amount in amounts.items()}


def list_claimed(order_ids: Sequence[int]) -> dict[int, int]:
    """Order -> money that is asked for, agreed or paid back."""
    found = db.rows(
        "SELECT order_id, sum(amount_minor)::bigint FROM orders_refund WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
        " AND state <> 4 GROUP BY 1",
        current_tenant(),
        db.array(order_ids),
    )
    return {order_id: int(minor) for order_id, minor in found}


def book(refund_ids: Sequence[int], order_ids: Sequence[int]) -> None:
    """Book refunds that were just agreed, of locked orders: the lines of an order have after it what all its refunds together mean.

    What was booked before is read, not worked out: a line that was taken apart since gives its share to its parts.
    """
    tenant_id, orders = current_tenant(), db.array(sorted(set(order_ids)))
    paid = read_paid(set(order_ids))
    booked: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for order_id, line_id, minor in db.rows(_BOOKED, tenant_id, orders):
        booked[order_id][line_id] = int(minor)
    parts: defaultdict[int, dict[int, list[Refund]]] = defaultdict(dict)
    for order_id, id_, amount, line_id, line_minor in db.rows(_AGREED, tenant_id, orders):
        one = Refund(id_, amount) if line_id is None else Refund(id_, line_minor, line_id)
        parts[order_id].setdefault(id_, []).append(one)
    new, rows, over = set(refund_ids), [], {}
    for order_id, found in parts.items():
        lines = paid[order_id].lines if order_id in paid else ()
        each = {line.id: line.paid_minor for line in lines}
        said = [one for id_, ones in found.items() if id_ not in new for one in ones]
        was_over = refunded(lines, said)[1]
        for id_ in (id_ for id_ in found if id_ in new):
            said += found[id_]
            now, now_over = refunded(lines, said)
            over[id_], was_over = now_over - was_over, now_over
            for line_id in sorted(now):
                minor = now[line_id] - booked[order_id][line_id]
                booked[order_id][line_id] = now[line_id]
                if minor:
                    rows.append((id_, line_id, minor, each[line_id]))
    _write(rows, {id_: minor for id_, minor in over.items() if minor})


def _write(rows: Sequence[tuple[int, int, int, int]], over: Mapping[int, int]) -> None:
    db.insert(
        RefundBooking,
        ["id", "refund", "order_line", "amount_minor", "paid_minor"],
        [(id_, *row) for id_, row in zip(db.new_ids(len(rows)), rows, strict=True)],
    )
    if over:
        db.execute(
            "UPDATE orders_refund r SET over_minor = u.minor FROM unnest(%s::bigint[], %s::bigint[]) u(id, minor)"
            " WHERE r.tenant_id = %s AND r.id = u.id",
            db.array(list(over)),
            db.array(list(over.values())),
            current_tenant(),
        )
