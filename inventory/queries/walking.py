"""Long lists of stock, a page at a time, at any size and whatever the planner knows of it.

A list of balances or lots keeps the order of one table (SKUs by code, lots by expiry, bins by code).  A page takes the first ids of that
table beyond its cursor as an array, and then the balances of these ids: two index scans that no missing statistics can turn into a walk of
one table for every row of another.  Where filters leave too few of them, a second statement asks of the whole table which ids have
anything at all, by hashed look-ups: it costs one pass over the tenant's balances, once, and nothing per row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from core import db
from core.tenancy import current_tenant

LOTS_AHEAD = 4  # so many lots are looked at for one that is shown: some are used up


@dataclass(frozen=True, slots=True)
class Order:
    """The table whose order a list keeps, the balance's column that leads there, and the key; unknown keys come last both ways."""

    table: str
    column: str
    key: str
    is_nullable: bool = False


BY_SKU = Order("inventory_sku", "sku_id", "code")
BY_BIN = Order("inventory_bin", "bin_id", "code")
BY_LOT = Order("inventory_lot", "lot_id", "code")
BY_EXPIRY = Order("inventory_lot", "lot_id", "expires_on", is_nullable=True)


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a page begins: a row of the ordering table by key and id, and of its balances the one with this id (lists of balances)."""

    key: str | date | None
    id: int
    balance_id: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Which way a page is read: the list ascends or not, `is_back` towards its first page; at most `limit` rows."""

    is_ascending: bool
    is_back: bool
    edge: Edge | None
    limit: int

    @property
    def is_up(self) -> bool:
        return self.is_ascending != self.is_back

    @property
    def way(self) -> str:
        return "ASC" if self.is_up else "DESC"


@dataclass(slots=True)
class Conditions:
    """What a row must be, as SQL with parameters by name: of the balance (alias b) and of the ordering table (alias d)."""

    facility_ids: Sequence[int]
    of_balance: list[str] = field(default_factory=list)
    of_order: list[str] = field(default_factory=list)
    params: dict[str, object] = field(default_factory=dict)


class Found(NamedTuple):
    """A balance of a page."""

    id: int
    facility_id: int
    bin_id: int
    sku_id: int
    lot_id: int
    on_hand: int
    allocated: int


_BALANCES = """
    SELECT c.size, x.* FROM (SELECT cardinality(ids) AS size FROM chunk) c LEFT JOIN LATERAL (
        SELECT b.id, b.facility_id, b.bin_id, b.sku_id, b.lot_id, b.on_hand, b.allocated,
            array_position((SELECT ids FROM chunk), b.{column}) AS place
        FROM inventory_balance b WHERE b.{column} = ANY ((SELECT ids FROM chunk)::bigint[]) AND {condition} {rest}
        ORDER BY place, b.id {way} LIMIT %(limit)s) x ON true
    ORDER BY x.place, x.id {way}
"""
_OWNERS = """
    SELECT c.size, x.* FROM (SELECT cardinality(ids) AS size FROM chunk) c LEFT JOIN LATERAL (
        SELECT b.{column}, array_position((SELECT ids FROM chunk), b.{column}) AS place
        FROM inventory_balance b WHERE b.{column} = ANY ((SELECT ids FROM chunk)::bigint[]) AND {condition} {rest}
        GROUP BY b.{column} ORDER BY place LIMIT %(limit)s) x ON true
    ORDER BY x.place
"""


def walk_balances(order: Order, wanted: Conditions, step: Step) -> list[Found]:
    """The page's balances in the order of the walk (backwards: the nearest first); one statement, two where filters leave few."""
    rest = ""
    if step.edge is not None:
        beyond = ">" if step.is_up else "<"
        rest = f"AND (b.{order.column} <> %(edge_id)s OR b.id {beyond} %(edge_balance)s)"
    found = _walk(_BALANCES, order, wanted, step, rest, ahead=1)
    return [Found(*row[:-1]) for row in found]


def walk_lots(order: Order, wanted: Conditions, step: Step) -> list[int]:
    """The page's lots, of which some balance is as wanted; the same way, in as many statements."""
    rest = f"AND b.{order.column} <> %(edge_id)s" if step.edge is not None else ""
    return [row[0] for row in _walk(_OWNERS, order, wanted, step, rest, ahead=LOTS_AHEAD)]


def _walk(
    statement: str, order: Order, wanted: Conditions, step: Step, rest: str, *, ahead: int
) -> list[tuple[Any, ...]]:
    params: dict[str, Any] = {
        **wanted.params,
        "tenant": current_tenant(),
        "facilities": db.array(wanted.facility_ids),
        "limit": step.limit,
        "chunk": step.limit * ahead + 1,
    }
    if step.edge is not None:
        params |= {"edge_key": step.edge.key, "edge_id": step.edge.id, "edge_balance": step.edge.balance_id}
    text = statement.format(column=order.column, condition=_of_balance(wanted), rest=rest, way=step.way)
    found = named_rows(f"{_chunk(order, wanted, step, is_sparse=False)} {text}", params)
    rows = [row[1:] for row in found if row[1] is not None]
    if len(rows) >= step.limit or found[0][0] < params["chunk"]:
        return rows
    found = named_rows(
        f"{_chunk(order, wanted, step, is_sparse=True)} {text}", {**params, "chunk": step.limit + 1}
    )
    return [row[1:] for row in found if row[1] is not None]


def named_rows(statement: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement with parameters by name returns."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _of_balance(wanted: Conditions) -> str:
    own = "b.tenant_id = %(tenant)s AND b.facility_id = ANY (%(facilities)s::bigint[])"
    return " AND ".join([own, *wanted.of_balance])


def _chunk(order: Order, wanted: Conditions, step: Step, *, is_sparse: bool) -> str:
    """The first ids of the ordering table from the edge on, as one array; `is_sparse`: only those that have a balance as wanted.

    `IN (…) IS TRUE` is hashed once; as a plain IN it would become a join.
    """
    tests = ["d.tenant_id = %(tenant)s", *wanted.of_order]
    if step.edge is not None:
        tests.append(_from(order, step, step.edge))
    if is_sparse:
        tests.append(
            f"(d.id IN (SELECT b.{order.column} FROM inventory_balance b WHERE {_of_balance(wanted)})) IS TRUE"
        )
    nulls = f" NULLS {'FIRST' if step.is_back else 'LAST'}" if order.is_nullable else ""
    return (
        f"WITH chunk(ids) AS MATERIALIZED (SELECT ARRAY(SELECT d.id FROM {order.table} d WHERE {' AND '.join(tests)}"
        f" ORDER BY d.{order.key} {step.way}{nulls}, d.id {step.way} LIMIT %(chunk)s))"
    )


def _from(order: Order, step: Step, edge: Edge) -> str:
    """The edge's own row and what lies beyond it, in a form that an index on the key can start from."""
    way = ">" if step.is_up else "<"
    if edge.key is None:
        ties = f"(d.{order.key} IS NULL AND d.id {way}= %(edge_id)s)"
        return f"({ties} OR d.{order.key} IS NOT NULL)" if step.is_back else ties
    known = f"(d.{order.key}, d.id) {way}= (%(edge_key)s, %(edge_id)s)"
    return f"({known} OR d.{order.key} IS NULL)" if order.is_nullable and not step.is_back else known
