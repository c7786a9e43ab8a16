"""Set-based writing: ids from blocks, one parameter per column, locks spelled once and in one order."""

import os
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from itertools import chain
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from core import behind
from core.tenancy import LOCK_TIMEOUT, current_scope

BLOCK = 10_000  # increment of the sequence core_id_block; all ids stay below 2**53, so JavaScript reads them exactly


class _Blocks:
    """Unused ids of this process.  Gaps after a restart are harmless; a forked child must not hand out its parent's."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.spare: list[range] = []

    def have(self, count: int) -> None:
        with self.guard:
            self._have(count)

    def _have(self, count: int) -> None:
        missing = count - sum(map(len, self.spare))
        if missing > 0:
            starts = rows("SELECT nextval('core_id_block') FROM generate_series(1, %s)", -(-missing // BLOCK))
            self.spare.extend(range(start, start + BLOCK) for (start,) in starts)

    def take(self, count: int) -> list[range]:
        with self.guard:
            self._have(count)
            taken: list[range] = []
            while count:
                block = self.spare[0]
                taken.append(block[:count])
                count -= len(taken[-1])
                self.spare[0] = block[len(taken[-1]) :]
                if not self.spare[0]:
                    self.spare.pop(0)
            return taken


_blocks = _Blocks()


def forget_ids() -> None:
    """Drop the ids held by this process (after fork, or when the database changed under it)."""
    _blocks.__init__()  # type: ignore[misc]  # a fresh guard too: the parent may have held it at the fork


os.register_at_fork(after_in_child=forget_ids)


def have_ids(count: int) -> None:
    """See that the next `count` ids cost no statement."""
    _blocks.have(count)


def new_ids(count: int) -> Sequence[int]:
    """`count` ids nobody else has, ascending within a block.  At most one statement, none while the block lasts."""
    if count <= 0:
        return ()
    taken = _blocks.take(count)
    return taken[0] if len(taken) == 1 else list(chain.from_iterable(taken))


def new_id() -> int:
    return new_ids(1)[0]


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Run one statement and fetch everything it returns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def execute(sql: str, *params: Any) -> int:
    """Run one statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return int(cursor.rowcount)


_PLAIN = {int, bool, Decimal, date}  # their str() needs no quotes inside an array literal
_PLAIN_OR_NULL = _PLAIN | {type(None)}


def array(values: Iterable[object]) -> str:
    """A PostgreSQL array literal as one string, so that the driver quotes once instead of adapting every element."""
    items = values if isinstance(values, list | tuple) else list(values)
    kinds = set(map(type, items))
    if kinds <= _PLAIN:
        return "{" + ",".join(map(str, items)) + "}"
    if kinds == {str}:
        text = '","'.join(items)  # type: ignore[arg-type]
        if "\\" not in text and text.count('"') == 2 * (len(items) - 1):
            return '{"' + text + '"}'
    if kinds == {datetime}:
        return '{"' + '","'.join(map(str, items)) + '"}'
    if kinds <= _PLAIN_OR_NULL:
        return "{" + ",".join(["NULL" if item is None else str(item) for item in items]) + "}"
    return "{" + ",".join(map(_element, items)) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if type(value) in _PLAIN:
        return str(value)
    if isinstance(value, IntEnum):
        return str(int(value))
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def base64(value: bytes) -> str:
    """Bytes as an array element: half the length of the driver's hexadecimal, decoded by the statement."""
    return b64encode(value).decode()


BEHIND_FROM_ROWS = 250  # fewer are stored sooner than another thread could begin


def execute_behind(rows_concerned: int, sql: str, *params: Any) -> None:
    """As execute, for a statement whose outcome nobody needs: the server works on it while Python goes on (core.behind).

    What it raises comes up at the next statement, the end of a savepoint, or the end of the transaction.
    """
    scope = current_scope()
    if rows_concerned >= BEHIND_FROM_ROWS or (scope.behind is not None and scope.behind.is_busy):
        behind.put(scope, sql, params)
    else:
        execute(sql, *params)


def insert_behind(model: type[Model], names: Sequence[str], values: Sequence[tuple[Any, ...]]) -> None:
    """As insert; see execute_behind."""
    if values:
        sql, params = _insert_statement(model, names, list(zip(*values, strict=True)))
        execute_behind(len(values), sql, current_scope().tenant_id, *params)


def insert(model: type[Model], names: Sequence[str], values: Sequence[tuple[Any, ...]]) -> None:
    """INSERT … SELECT FROM unnest(arrays): one statement and one parameter per column, for the tenant in scope.

    `names` are model field names (a foreign key by its field name); `values` are rows in that order.  24,000 rows/s against 6,000 by
    bulk_create: the driver adapts one string per column.  bytes go as base64, JSON as text.
    """
    if not values:
        return
    sql, params = _insert_statement(model, names, list(zip(*values, strict=True)))
    execute(sql, current_scope().tenant_id, *params)


def _insert_statement(
    model: type[Model], names: Sequence[str], columns: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """The statement and its parameters in their order.  A column that says the same in every row travels once, not as an array."""
    fields = [model._meta.get_field(name) for name in names]
    picks, arrays, aliases, once, many = [], [], [], [], []
    for i, (field, column) in enumerate(zip(fields, columns, strict=True)):
        kind = _kind(field)
        carrier, read = ("text", _AS_TEXT[kind]) if kind in _AS_TEXT else (kind, "{}")
        if i and _is_one(column):
            picks.append(read.format(f"%s::{carrier}"))
            once.append(_scalar(column[0], kind))
        else:
            picks.append(read.format(f"c{i}"))
            aliases.append(f"c{i}")
            arrays.append(f"%s::{carrier}[]")
            many.append(
                array([None if v is None else base64(v) for v in column] if kind == "bytea" else column)
            )
    targets = ", ".join(f'"{field.column}"' for field in fields)  # type: ignore[union-attr]
    target = f'INSERT INTO "{model._meta.db_table}" (tenant_id, {targets})'
    return (
        f"{target} SELECT %s, {', '.join(picks)} FROM unnest({', '.join(arrays)}) u({', '.join(aliases)})",
        [*once, *many],
    )


def _is_one(column: Sequence[Any]) -> bool:
    """The ends are compared first: a column of ids is given up at once."""
    first = column[0]
    return first == column[-1] and type(first) is type(column[-1]) and column.count(first) == len(column)


def _scalar(value: Any, kind: str) -> Any:
    if kind == "bytea" and value is not None:
        return base64(value)
    return int(value) if isinstance(value, IntEnum) else value


_AS_TEXT = {"bytea": "decode({}, 'base64')", "jsonb": "{}::jsonb"}


def _kind(field: Any) -> str:
    kind = str(field.rel_db_type(connection) if field.is_relation else field.db_type(connection))
    return "text" if kind.startswith("varchar") else kind


class Rank(IntEnum):
    """The one order in which locks are taken.  Inside a rank: ascending key.  Several facilities: by id."""

    JOB = 0
    DOCUMENT = 10  # imports, receipts: what a person works on
    ORDER = 20
    DISPATCH = 30
    PARCEL = 40
    WAVE = 50
    STOCK = 60  # promise anchors, then balances
    EVENT = 90


class LockOrder(RuntimeError):
    """A lock of a lower rank was asked for after one of a higher rank: two such programs can wait for each other for ever."""


def lock(
    rank: Rank, model: type[Model], columns: str, where: str, *params: object, order: str = "id"
) -> list[tuple[Any, ...]]:
    """Lock rows in one total order and return their columns, for the tenant in scope.

    NO KEY UPDATE: key checks of other writers are not blocked.  Lock by ids only and compare the status in Python: a status in the
    WHERE makes the planner walk the backlog.  Raises LockOrder against the rank, OperationalError after core.tenancy.LOCK_TIMEOUT.
    """
    scope = _descend(rank)
    return rows(
        f'SELECT {columns} FROM "{model._meta.db_table}" WHERE tenant_id = %s AND {where} ORDER BY {order} FOR NO KEY UPDATE',
        scope.tenant_id,
        *params,
    )


def lock_sql(rank: Rank, sql: str, *params: object) -> list[tuple[Any, ...]]:
    """A named statement that locks (its own ORDER BY … FOR NO KEY UPDATE), under the same rank check."""
    _descend(rank)
    return rows(sql, *params)


def claim(
    rank: Rank, model: type[Model], columns: str, where: str, *params: object, order: str = "id", limit: int
) -> list[tuple[Any, ...]]:
    """Pick up work nobody else has: like lock(), but rows locked elsewhere are skipped.  Never for balances."""
    scope = _descend(rank)
    return rows(
        f'SELECT {columns} FROM "{model._meta.db_table}" WHERE tenant_id = %s AND {where}'
        f" ORDER BY {order} LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
        scope.tenant_id,
        *params,
        limit,
    )


def _descend(rank: Rank) -> Any:
    scope = current_scope()
    if rank < scope.rank:
        raise LockOrder(f"{rank.name} asked for after {Rank(scope.rank).name}")
    scope.rank = rank
    return scope


@contextmanager
def savepoint() -> Iterator[None]:
    """Work that may be undone alone.  Undone, its locks are given back and its promises (a nudge after the commit) are forgotten, so
    ranks and memory are again what they were before."""
    scope = current_scope()
    reached, memo = scope.rank, dict(scope.memo)
    try:
        with transaction.atomic(), scope.settled():
            yield
    except BaseException:
        scope.rank, scope.memo = reached, memo
        raise


@contextmanager
def own_rows() -> Iterator[None]:
    """Lets a service that locks from the top follow another one in the same transaction, on rows that are ours already.

    Inside, ranks start anew, and a lock that somebody else holds is not waited for: who does not wait can be in no circle of waiting
    programs.  Raises OperationalError when a row is not ours after all.
    """
    scope = current_scope()
    reached, scope.rank = scope.rank, -1
    execute("SET LOCAL lock_timeout = '20ms'")
    try:
        yield
    finally:
        scope.rank = max(reached, scope.rank)
    execute(
        f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"
    )  # a refusal undoes the transaction or savepoint, and the setting with it
