"""What a rule would have stopped: asked of the orders of the last days, bounded, nothing written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from core import clock, db
from core.tenancy import current_tenant
from orders.models import OrderStatus
from orders.rules.audit_rules import Rule
from orders.rules.values import Line, Order, Sku
from orders.services import checking, reading
from orders.services.checking import Sight

MOST_ORDERS, CHUNK = 20_000, 4_000
MOST_DAYS, FIRST = 30, 50

# Orders placed since an instant, the latest deadline first, up to a bound: from the index of the queues, one status after the other, since
# a deadline is never before the order.  (tenant, statuses, tenant, since, since, limit, limit)
SINCE = """
    SELECT o.* FROM unnest(%s::smallint[]) s(status) CROSS JOIN LATERAL (
        SELECT o.id, o.channel_id, o.facility_id, o.currency, o.division_code, o.placed_at, o.cod_minor, o.buyer_key, o.receiver_key,
            o.remark, o.seller_remark, o.amount_minor, o.charge_minor, o.discount_minor, o.min_expires_on, o.ship_by
        FROM orders_order o WHERE o.tenant_id = %s AND o.status = s.status AND o.ship_by >= %s AND o.placed_at >= %s
        ORDER BY o.ship_by DESC, o.id DESC LIMIT %s) o
    ORDER BY o.ship_by DESC, o.id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class DryRun:
    """How many orders were looked at and how many the rule finds something in; `first`: those with the latest deadline."""

    looked_at: int
    found: int
    first: tuple[int, ...]
    is_cut: bool  # there were more than MOST_ORDERS
    since: datetime


def dry_run(*, rule: Rule, days: int) -> DryRun:
    """Ask a rule (its conditions have passed the check) of the orders of the last days, up to MOST_DAYS.

    What it asks of stock and of the list of blocked people is as it is now.  Reads only; a constant number of statements for each CHUNK.
    """
    since = clock.now() - timedelta(days=min(max(1, days), MOST_DAYS))
    statuses = [int(status) for status in OrderStatus if status != OrderStatus.CANCELLED]
    rows = db.rows(
        SINCE, db.array(statuses), current_tenant(), since, since, MOST_ORDERS + 1, MOST_ORDERS + 1
    )
    is_cut, rows = len(rows) > MOST_ORDERS, rows[:MOST_ORDERS]
    first: list[int] = []
    found = 0
    for start in range(0, len(rows), CHUNK):
        chunk, skus = _with_lines([_read(row) for row in rows[start : start + CHUNK]])
        hits = checking.find(chunk, skus, [rule])
        found += len(hits)
        first += [order.id for order, _sight in chunk if order.id in hits][: FIRST - len(first)]
    return DryRun(len(rows), found, tuple(first), is_cut, since)


def _read(row: Sequence[Any]) -> tuple[Order, Sight]:
    """An order without its lines yet; the columns of SINCE."""
    id_, channel_id, facility_id, currency, division_code, placed_at, cod_minor, buyer_key, *rest = row
    receiver_key, remark, seller_remark, amount, charge, discount, min_expires_on, ship_by = rest
    return (
        Order(
            id_, receiver_key, remark, seller_remark, amount, charge, discount, min_expires_on, ship_by,
            has_address=True, needs_address=False, lines=(),
        ),
        Sight(channel_id, facility_id, currency, division_code, placed_at, cod_minor, buyer_key),
    )  # fmt: skip


def _with_lines(chunk: Sequence[tuple[Order, Sight]]) -> tuple[list[tuple[Order, Sight]], dict[int, Sku]]:
    """The orders of a chunk with their lines; the SKUs of all.  Two statements."""
    stored = reading.list_lines([order.id for order, _sight in chunk])
    lines = {
        id_: tuple([Line(x.id, x.sku_id or 0, x.quantity, x.unit_price_minor) for x in found])
        for id_, found in stored.items()
    }
    skus = reading.get_skus({line.sku_id for found in lines.values() for line in found if line.sku_id})
    return [(replace(order, lines=lines.get(order.id, ())), sight) for order, sight in chunk], skus
