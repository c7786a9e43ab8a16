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
from orders.services.imports import get_import

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


# Each statement walks from the import's orders by key lookups that the planner cannot turn into joins (scalar
# subqueries, OFFSET 0): on tables that were filled a second ago it knows no numbers, and a join of 50,000 orders
# as nested scans took ten minutes.
_MINE = """
WITH mine AS MATERIALIZED (
  SELECT DISTINCT order_id FROM orders_channelorder
  WHERE tenant_id = %(tenant)s AND import_ref = %(import)s AND order_id IS NOT NULL
)
"""

_ORDERS = (
    _MINE
    + """
SELECT status, count(*), sum(units)::bigint FROM (
  SELECT
    (SELECT o.status FROM orders_order o WHERE o.tenant_id = %(tenant)s AND o.id = mine.order_id) AS status,
    (SELECT coalesce(sum(l.quantity), 0) FROM orders_orderline l
     WHERE l.tenant_id = %(tenant)s AND l.order_id = mine.order_id) AS units
  FROM mine
) found GROUP BY status
"""
)

_PARCELS = (
    _MINE
    + """
SELECT count(*), coalesce(sum(p.shipped), 0)::bigint
FROM mine CROSS JOIN LATERAL (
  SELECT (
    SELECT sum(m.quantity) FROM inventory_move m
    WHERE m.tenant_id = %(tenant)s AND m.document_id = p.id AND m.kind = %(ship)s AND m.to_balance_id IS NULL
  ) AS shipped
  FROM warehouse_parcel p WHERE p.tenant_id = %(tenant)s AND p.ref = mine.order_id OFFSET 0
) p
"""
)

_FINDINGS = (
    _MINE
    + """
SELECT f.code, count(*)
FROM mine CROSS JOIN LATERAL (
  SELECT DISTINCT f.code FROM orders_finding f
  WHERE f.tenant_id = %(tenant)s AND f.order_id = mine.order_id AND f.stops AND f.cleared_at IS NULL OFFSET 0
) f
GROUP BY f.code ORDER BY f.code
"""
)

_STOPPED_ROWS = (
    _MINE
    + """
SELECT l.source_row, o.number, coalesce(
         (SELECT s.code FROM inventory_sku s WHERE s.tenant_id = %(tenant)s AND s.id = l.sku_id), l.external_code
       ), l.quantity, o.id,
       (SELECT string_agg(DISTINCT f.code, ' ') FROM orders_finding f
        WHERE f.tenant_id = %(tenant)s AND f.order_id = o.id AND f.stops AND f.cleared_at IS NULL)
FROM mine CROSS JOIN LATERAL (
  SELECT o.id, o.number FROM orders_order o
  WHERE o.tenant_id = %(tenant)s AND o.id = mine.order_id AND o.status = %(stopped)s OFFSET 0
) o CROSS JOIN LATERAL (
  SELECT l.source_row, l.sku_id, l.external_code, l.quantity FROM orders_orderline l
  WHERE l.tenant_id = %(tenant)s AND l.order_id = o.id AND l.source_row > %(after)s OFFSET 0
) l
ORDER BY l.source_row LIMIT %(limit)s
"""
)

_PROBLEMS = """
SELECT code, count(*), sum(units)::bigint FROM orders_importproblem
WHERE tenant_id = %(tenant)s AND import_doc_id = %(import)s AND code <> '' GROUP BY code ORDER BY code
"""


@dataclass(frozen=True, slots=True)
class ProblemSummary:
    """The problem list in numbers.  `set_aside`: rows that need nobody; `codes`: rows by what is wrong."""

    rows: int
    set_aside: int
    units: int
    codes: Mapping[str, int]


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


def summarise_problems(import_id: int) -> ProblemSummary:
    """The problem list of an import in numbers; cheap, for pages that are asked for while the job runs."""
    found = _named(_PROBLEMS, import_id)
    return ProblemSummary(
        rows=sum(n for _code, n, _units in found),
        set_aside=sum(n for code, n, _units in found if code in SET_ASIDE),
        units=sum(units for _code, _n, units in found),
        codes={code: n for code, n, _units in found},
    )


def result(import_id: int) -> ImportResult:
    """The sum of an import, for the tenant in scope.  Raises NotFound."""
    counts = get_import(import_id).counts
    rows_total, input_units = db.rows(
        "SELECT rows_total, input_units FROM orders_import WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        import_id,
    )[0]
    by_status = {status: (orders, units) for status, orders, units in _named(_ORDERS, import_id)}
    parcels, shipped = _named(_PARCELS, import_id, ship=MoveKind.SHIP.value)[0]
    problems = summarise_problems(import_id)
    units = {OrderStatus(status): n for status, (_orders, n) in by_status.items()}
    stopped, cancelled = units.get(OrderStatus.STOPPED, 0), units.get(OrderStatus.CANCELLED, 0)
    elsewhere = int(counts.get("elsewhere_units", 0))
    # What left the building, of whatever order, is shipped; the rest of those orders is still open.
    under_way = (OrderStatus.DISPATCHING, OrderStatus.FULFILLING, OrderStatus.SHIPPED)
    still_open = sum(units.get(status, 0) for status in under_way) - shipped
    placed = shipped + still_open + problems.units + stopped + cancelled + elsewhere
    return ImportResult(
        import_id=import_id,
        rows=rows_total,
        input_units=input_units,
        shipped_units=shipped,
        open_units=still_open,
        problem_units=problems.units + stopped,
        refused_units=problems.units,
        stopped_units=stopped,
        cancelled_units=cancelled,
        elsewhere_units=elsewhere,
        difference=input_units - placed,
        orders=sum(orders for orders, _units in by_status.values()),
        shipped_orders=by_status.get(OrderStatus.SHIPPED, (0, 0))[0],
        stopped_orders=by_status.get(OrderStatus.STOPPED, (0, 0))[0],
        parcels=parcels,
        problems=problems.rows,
        set_aside=problems.set_aside,
        created=int(counts.get("created", 0)),
        unchanged=int(counts.get("unchanged", 0)),
        changed=int(counts.get("changed", 0)),
        codes=problems.codes,
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
