"""What came of a file, counted in the tables and not by the job: the numbers must agree with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from core import db
from core.tenancy import current_tenant
from inventory.models import MoveKind
from orders.importing.problems import SET_ASIDE
from orders.models import OrderStatus
from orders.services.imports import as_json, get_import

EXPORT_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Every unit of the file, in its place.

    input = shipped + open + problem + cancelled + elsewhere + difference, where problem = refused (units of
    listed rows) + stopped (units of orders that a finding stops), open = on its way to shipping, elsewhere
    = orders that were here before from another source.
    """

    import_id: int
    rows: int
    input_units: int
    shipped_units: int
    open_units: int
    problem_units: int
    refused_units: int
    stopped_units: int
    cancelled_units: int
    elsewhere_units: int
    difference: int
    orders: int
    shipped_orders: int
    stopped_orders: int
    parcels: int
    problems: int
    set_aside: int
    created: int
    unchanged: int
    changed: int
    codes: Mapping[str, int]
    findings: Mapping[str, int]
    defaults: Mapping[str, Any]


_ORDERS = """
WITH mine AS (
  SELECT DISTINCT order_id FROM orders_channelorder
  WHERE tenant_id = %(tenant)s AND import_ref = %(import)s AND order_id IS NOT NULL
), units AS (
  SELECT o.id, o.status, (
    SELECT coalesce(sum(l.quantity), 0) FROM orders_orderline l
    WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id
  ) AS units
  FROM orders_order o JOIN mine ON mine.order_id = o.id WHERE o.tenant_id = %(tenant)s
)
SELECT status, count(*), sum(units)::bigint FROM units GROUP BY status
"""

_SHIPPED = """
SELECT count(DISTINCT p.id), coalesce(sum(m.quantity), 0)::bigint
FROM (
  SELECT DISTINCT order_id FROM orders_channelorder
  WHERE tenant_id = %(tenant)s AND import_ref = %(import)s AND order_id IS NOT NULL
) mine
JOIN warehouse_parcel p ON p.tenant_id = %(tenant)s AND p.ref = mine.order_id
JOIN inventory_move m ON m.tenant_id = %(tenant)s AND m.document_id = p.id
  AND m.kind = %(ship)s AND m.to_balance_id IS NULL
"""

_PARCELS = """
SELECT count(*)
FROM (
  SELECT DISTINCT order_id FROM orders_channelorder
  WHERE tenant_id = %(tenant)s AND import_ref = %(import)s AND order_id IS NOT NULL
) mine
JOIN warehouse_parcel p ON p.tenant_id = %(tenant)s AND p.ref = mine.order_id
"""

_PROBLEMS = """
SELECT code, count(*), sum(units)::bigint FROM orders_importproblem
WHERE tenant_id = %(tenant)s AND import_doc_id = %(import)s AND code <> '' GROUP BY code ORDER BY code
"""

_FINDINGS = """
SELECT f.code, count(DISTINCT f.order_id)
FROM (
  SELECT DISTINCT order_id FROM orders_channelorder
  WHERE tenant_id = %(tenant)s AND import_ref = %(import)s AND order_id IS NOT NULL
) mine
JOIN orders_finding f ON f.tenant_id = %(tenant)s AND f.order_id = mine.order_id
  AND f.stops AND f.cleared_at IS NULL
GROUP BY f.code ORDER BY f.code
"""

_STOPPED_ROWS = """
SELECT l.source_row, o.number, coalesce(s.code, l.external_code), l.quantity, o.id,
       (SELECT string_agg(DISTINCT f.code, ' ') FROM orders_finding f
        WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.stops AND f.cleared_at IS NULL)
FROM (
  SELECT DISTINCT order_id FROM orders_channelorder
  WHERE tenant_id = %(tenant)s AND import_ref = %(import)s AND order_id IS NOT NULL
) mine
JOIN orders_order o ON o.tenant_id = %(tenant)s AND o.id = mine.order_id AND o.status = %(stopped)s
JOIN orders_orderline l ON l.tenant_id = %(tenant)s AND l.order_id = o.id AND l.source_row > %(after)s
LEFT JOIN inventory_sku s ON s.tenant_id = %(tenant)s AND s.id = l.sku_id
ORDER BY l.source_row LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class StoppedRow:
    """A row of the file whose order stands still; `findings` says why."""

    row: int
    number: str
    code: str
    units: int
    order_id: int
    findings: tuple[str, ...]


def _named(sql: str, import_id: int, **more: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"tenant": current_tenant(), "import": import_id, **more})
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def result(import_id: int) -> ImportResult:
    """The sum of an import, for the tenant in scope.  Raises NotFound."""
    file = get_import(import_id)
    counts = as_json(file.counts)
    rows_total, input_units = db.rows(
        "SELECT rows_total, input_units FROM orders_import WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        import_id,
    )[0]
    by_status = {OrderStatus(status): (orders, units) for status, orders, units in _named(_ORDERS, import_id)}
    shipped_parcels_units = _named(_SHIPPED, import_id, ship=MoveKind.SHIP.value)[0][1]
    problems = _named(_PROBLEMS, import_id)
    units = {status: n for status, (_orders, n) in by_status.items()}
    refused = sum(n for _code, _rows, n in problems)
    stopped, cancelled = units.get(OrderStatus.STOPPED, 0), units.get(OrderStatus.CANCELLED, 0)
    elsewhere = int(counts.get("elsewhere_units", 0))
    on_the_way = units.get(OrderStatus.DISPATCHING, 0) + units.get(OrderStatus.FULFILLING, 0)
    shipped_orders, shipped_units = by_status.get(OrderStatus.SHIPPED, (0, 0))
    partly = shipped_parcels_units - shipped_units  # parcels that left before the rest of their order
    placed = shipped_parcels_units + (on_the_way - partly) + refused + stopped + cancelled + elsewhere
    return ImportResult(
        import_id=import_id,
        rows=rows_total,
        input_units=input_units,
        shipped_units=shipped_parcels_units,
        open_units=on_the_way - partly,
        problem_units=refused + stopped,
        refused_units=refused,
        stopped_units=stopped,
        cancelled_units=cancelled,
        elsewhere_units=elsewhere,
        difference=input_units - placed,
        orders=sum(orders for orders, _units in by_status.values()),
        shipped_orders=shipped_orders,
        stopped_orders=by_status.get(OrderStatus.STOPPED, (0, 0))[0],
        parcels=_named(_PARCELS, import_id)[0][0],
        problems=sum(n for _code, n, _units in problems),
        set_aside=sum(n for code, n, _units in problems if code in SET_ASIDE),
        created=int(counts.get("created", 0)),
        unchanged=int(counts.get("unchanged", 0)),
        changed=int(counts.get("changed", 0)),
        codes={code: n for code, n, _units in problems},
        findings=dict(_named(_FINDINGS, import_id)),
        defaults=counts.get("defaults") or {},
    )


def list_stopped_rows(import_id: int, *, after: int = 0, limit: int = 50) -> list[StoppedRow]:
    """Rows of the file whose orders stand still, by row number, beyond row `after`."""
    found = _named(_STOPPED_ROWS, import_id, after=after, limit=limit, stopped=OrderStatus.STOPPED.value)
    return [
        StoppedRow(row, number, code, units, order_id, tuple((codes or "").split()))
        for row, number, code, units, order_id, codes in found
    ]


def list_problem_rows(import_id: int, *, after: int = 0, limit: int = EXPORT_ROWS) -> list[tuple[Any, ...]]:
    """(row, column, value, code, units, order number, stops) of the problem list, by row number, beyond row
    `after`.
    """
    return db.rows(
        'SELECT row_number, "column", value, code, units, external_number, stops FROM orders_importproblem'
        " WHERE tenant_id = %s AND import_doc_id = %s AND code <> '' AND row_number > %s ORDER BY"
        " row_number LIMIT %s",
        current_tenant(),
        import_id,
        after,
        limit,
    )


def export_rows(import_id: int) -> Iterator[list[tuple[Any, ...]]]:
    """The whole problem list in bounded parts."""
    after = 0
    while part := list_problem_rows(import_id, after=after):
        yield part
        after = part[-1][0]
