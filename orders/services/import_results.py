"""What came of a file, counted in the tables and not by the job: the numbers must agree with it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import db
from core.tenancy import current_tenant
from inventory.models import MoveKind
from orders.importing.problems import SET_ASIDE
from orders.models import OrderStatus
from orders.services.import_known import get_import

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


PART = 10_000  # ids in one statement

_PROBLEMS = """
SELECT code, count(*), sum(units)::bigint FROM orders_importproblem
WHERE tenant_id = %s AND import_doc_id = %s AND code <> '' GROUP BY code ORDER BY code
"""


@dataclass(frozen=True, slots=True)
class ProblemSummary:
    """The problem list in numbers.  `set_aside`: rows that need nobody; `codes`: rows by what is wrong."""

    rows: int
    set_aside: int
    units: int
    codes: Mapping[str, int]

    @property
    def to_look_at(self) -> int:
        return self.rows - self.set_aside


@dataclass(frozen=True, slots=True)
class StoppedRow:
    """A row of the file whose order stands still; `findings` says why."""

    row: int
    number: str
    code: str
    units: int
    order_id: int
    findings: tuple[str, ...]


class _Orders:
    """The orders that came with an import, read by lists of ids.

    Never by joins: of a tenant that was filled a second ago the planner knows nothing, believes in one row, and
    a join became a scan of all lines for each order (two minutes for 10,000 orders).  With a list of ids the
    worst it can choose is one scan.
    """

    def __init__(self, import_id: int) -> None:
        found = db.rows(
            "SELECT DISTINCT order_id FROM orders_channelorder"
            " WHERE tenant_id = %s AND import_ref = %s AND order_id IS NOT NULL",
            current_tenant(),
            import_id,
        )
        self.ids: list[int] = sorted(order_id for (order_id,) in found)
        self.by_status: dict[OrderStatus, list[int]] = {}
        for order_id, status in _by_ids(
            "SELECT id, status FROM orders_order WHERE tenant_id = %s AND id = ANY (%s::bigint[])", self.ids
        ):
            self.by_status.setdefault(OrderStatus(status), []).append(order_id)

    def units(self, status: OrderStatus) -> int:
        """Units of the lines of orders in this status."""
        sql = (
            "SELECT coalesce(sum(quantity), 0)::bigint FROM orders_orderline"
            " WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
        )
        return sum(units for (units,) in _by_ids(sql, self.by_status.get(status, [])))

    def shipped(self) -> tuple[int, int]:
        """(parcels, units that left the building), from the ledger."""
        parcels = [
            parcel_id
            for (parcel_id,) in _by_ids(
                "SELECT id FROM warehouse_parcel WHERE tenant_id = %s AND ref = ANY (%s::bigint[])", self.ids
            )
        ]
        sql = (
            "SELECT coalesce(sum(quantity), 0)::bigint FROM inventory_move"
            " WHERE tenant_id = %s AND document_id = ANY (%s::bigint[]) AND kind = %s AND to_balance_id IS NULL"
        )
        return len(parcels), sum(units for (units,) in _by_ids(sql, parcels, MoveKind.SHIP.value))

    def findings(self) -> dict[str, int]:
        """How many orders each open finding stops."""
        sql = (
            "SELECT code, count(DISTINCT order_id) FROM orders_finding"
            " WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND stops AND cleared_at IS NULL GROUP BY code"
        )
        counted: Counter[str] = Counter()
        for code, orders in _by_ids(sql, self.by_status.get(OrderStatus.STOPPED, [])):
            counted[code] += orders
        return dict(sorted(counted.items()))


def _by_ids(sql: str, ids: Sequence[int], *more: object) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), PART):
        yield from db.rows(sql, current_tenant(), db.array(ids[start : start + PART]), *more)


def summarise_problems(import_id: int) -> ProblemSummary:
    """The problem list of an import in numbers; cheap, for pages that are asked for while the job runs."""
    found = db.rows(_PROBLEMS, current_tenant(), import_id)
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
    orders, problems = _Orders(import_id), summarise_problems(import_id)
    parcels, shipped = orders.shipped()
    stopped, cancelled = orders.units(OrderStatus.STOPPED), orders.units(OrderStatus.CANCELLED)
    elsewhere = int(counts.get("elsewhere_units", 0))
    # What left the building, of whatever order, is shipped; the rest of those orders is still open.
    under_way = (OrderStatus.DISPATCHING, OrderStatus.FULFILLING, OrderStatus.SHIPPED)
    still_open = sum(map(orders.units, under_way)) - shipped
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
        orders=len(orders.ids),
        shipped_orders=len(orders.by_status.get(OrderStatus.SHIPPED, [])),
        stopped_orders=len(orders.by_status.get(OrderStatus.STOPPED, [])),
        parcels=parcels,
        problems=problems.rows,
        set_aside=problems.set_aside,
        created=int(counts.get("created", 0)),
        unchanged=int(counts.get("unchanged", 0)),
        changed=int(counts.get("changed", 0)),
        codes=problems.codes,
        findings=orders.findings(),
        defaults=counts.get("defaults") or {},
    )


def list_stopped_rows(import_id: int, *, after: int = 0, limit: int = 50) -> list[StoppedRow]:
    """Rows of the file whose orders stand still, by row number, beyond row `after`."""
    sql = (
        "SELECT source_row, order_id, sku_id, external_code, quantity FROM orders_orderline"
        " WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND source_row > %s ORDER BY source_row LIMIT %s"
    )
    stopped = _Orders(import_id).by_status.get(OrderStatus.STOPPED, [])
    lines = sorted(_by_ids(sql, stopped, after, limit), key=lambda line: int(line[0]))[:limit]
    order_ids = sorted({line[1] for line in lines})
    numbers = dict(
        _by_ids(
            "SELECT id, number FROM orders_order WHERE tenant_id = %s AND id = ANY (%s::bigint[])", order_ids
        )
    )
    skus = dict(
        _by_ids(
            "SELECT id, code FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            sorted({line[2] for line in lines if line[2]}),
        )
    )
    findings: dict[int, set[str]] = {}
    for order_id, code in _by_ids(
        "SELECT order_id, code FROM orders_finding"
        " WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND stops AND cleared_at IS NULL",
        order_ids,
    ):
        findings.setdefault(order_id, set()).add(code)
    return [
        StoppedRow(
            row,
            numbers[order_id],
            skus.get(sku_id, external),
            units,
            order_id,
            tuple(sorted(findings.get(order_id, ()))),
        )
        for row, order_id, sku_id, external, units in lines
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
