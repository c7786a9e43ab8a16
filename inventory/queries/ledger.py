"""The ledger of more than one balance: of a SKU, a lot or a bin, newest first, with the running balance of all of them together.

A move has its number (`seq`) in each balance it touches and what was left there (`after`).  Instants grow with the numbers of a balance,
so the last move of each balance before any instant is found by halving, and the group's balance at that instant is the sum of what those
moves left.  Nothing newer or older than the page is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core import db
from core.tenancy import current_tenant

SCAN = 500  # moves looked through for a page of one kind or document; the next page goes on from there

_GROUPS = {
    "SKU": "b.facility_id = ANY (%s::bigint[]) AND b.sku_id = %s",
    "LOT": "b.facility_id = ANY (%s::bigint[]) AND b.lot_id = %s",
    "BIN": "b.facility_id = ANY (%s::bigint[]) AND b.bin_id = %s",
}

_MEMBERS = "SELECT b.id, b.seq, b.on_hand FROM inventory_balance b WHERE b.tenant_id = %s AND {group}"
_AFTER = """
    coalesce((SELECT m.to_after FROM inventory_move m WHERE m.tenant_id = %s AND m.to_balance_id = t.id AND m.to_seq = t.seq),
             (SELECT m.from_after FROM inventory_move m WHERE m.tenant_id = %s AND m.from_balance_id = t.id AND m.from_seq = t.seq), 0)
"""

# (tenant, facilities, id of the group, tenant, tenant) -> balance, its last number, units now, what the last move left
_NOW = f"SELECT t.id, t.seq, t.on_hand, {_AFTER} FROM ({_MEMBERS}) t"

# (tenant, facilities, id of the group, instant, move, tenant, instant, move, tenant, tenant, tenant) -> the same as of before a move
_BEFORE = f"""
    WITH RECURSIVE members AS MATERIALIZED ({_MEMBERS}),
    search(id, low, high, on_hand) AS (
        SELECT id, 0, seq, on_hand FROM members
        UNION ALL
        SELECT s.id, CASE WHEN p.is_before THEN s.middle ELSE s.low END,
            CASE WHEN p.is_before THEN s.high ELSE s.middle - 1 END, s.on_hand
        FROM (SELECT *, (low + high + 1) / 2 AS middle FROM search WHERE low < high) s,
            LATERAL (SELECT (m.at, m.id) < (%s, %s) AS is_before FROM inventory_move m
                     WHERE m.tenant_id = %s AND m.from_balance_id = s.id AND m.from_seq = s.middle
                     UNION ALL
                     SELECT (m.at, m.id) < (%s, %s) FROM inventory_move m
                     WHERE m.tenant_id = %s AND m.to_balance_id = s.id AND m.to_seq = s.middle) p)
    SELECT t.id, t.seq, t.on_hand, {_AFTER} FROM (SELECT id, high AS seq, on_hand FROM search WHERE low = high) t
"""

_MOVE = "m.tenant_id, m.id, m.at, m.kind, m.quantity, m.from_balance_id, m.to_balance_id, m.document_id, m.actor_id, m.reason"
_BIN = """(SELECT n.code FROM inventory_balance b JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    WHERE b.tenant_id = m.tenant_id AND b.id = m.{side}_balance_id)"""

# (balance_ids, numbers, tenant, limit, tenant, limit, limit) -> the newest moves of these balances up to these numbers.  Names are looked
# up row by row (LIMIT 1 keeps it so), by a column: under row-level security no index serves a comparison with coalesce().
_MOVES = f"""
    WITH tops(id, seq) AS (SELECT * FROM unnest(%s::bigint[], %s::int[])),
    sides AS (
        SELECT o.* FROM tops t, LATERAL (SELECT {_MOVE}, -m.quantity AS change FROM inventory_move m
            WHERE m.tenant_id = %s AND m.from_balance_id = t.id AND m.from_seq <= t.seq ORDER BY m.from_seq DESC LIMIT %s) o
        UNION ALL
        SELECT i.* FROM tops t, LATERAL (SELECT {_MOVE}, m.quantity FROM inventory_move m
            WHERE m.tenant_id = %s AND m.to_balance_id = t.id AND m.to_seq <= t.seq ORDER BY m.to_seq DESC LIMIT %s) i),
    newest AS (SELECT {_MOVE}, sum(m.change)::int AS change, coalesce(m.from_balance_id, m.to_balance_id) AS balance_id
        FROM sides m GROUP BY {_MOVE} ORDER BY m.at DESC, m.id DESC LIMIT %s)
    SELECT m.id, m.at, m.change, m.kind, m.quantity, {_BIN.format(side="from")}, {_BIN.format(side="to")}, g.sku, g.lot, m.document_id,
        (SELECT u.name FROM core_user u WHERE u.id = m.actor_id), m.reason
    FROM newest m, LATERAL (SELECT s.code AS sku, l.code AS lot FROM inventory_balance b
        JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
        JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
        WHERE b.tenant_id = m.tenant_id AND b.id = m.balance_id LIMIT 1) g
    ORDER BY m.at DESC, m.id DESC
"""


class GroupKind(StrEnum):
    SKU = "SKU"
    LOT = "LOT"
    BIN = "BIN"


@dataclass(frozen=True, slots=True)
class Group:
    """All balances of a SKU, a lot or a bin at these facilities."""

    kind: GroupKind
    id: int
    facility_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the ledger: before this move (an instant, and an id for those of the same instant)."""

    at: datetime
    move_id: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which moves are shown.  The running balance counts all of them."""

    kind: int | None = None
    document_id: int | None = None
    since: datetime | None = None

    @property
    def is_sparse(self) -> bool:
        return self.kind is not None or self.document_id is not None


@dataclass(frozen=True, slots=True)
class GroupMove:
    """One move as the group saw it: `change` is 0 when it stayed inside, `after` is what the group had then."""

    id: int
    at: datetime
    change: int
    kind: int
    quantity: int
    from_bin: str | None
    to_bin: str | None
    sku_code: str
    lot_code: str
    document_id: int
    actor_name: str | None
    reason: str
    after: int

    @property
    def before(self) -> int:
        return self.after - self.change


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """`on_hand`: units there now; `ledger`: what the last moves before the page left; `older`: where the next page begins."""

    rows: Sequence[GroupMove]
    on_hand: int
    ledger: int
    older: Moment | None


def list_group_ledger(
    group: Group, *, before: Moment | None = None, wanted: Filter | None = None, limit: int
) -> LedgerPage:
    """Up to `limit` moves before a moment, newest first; two statements, three with a document.

    Looking for one kind or document it reads SCAN moves and may show few or none of them: `older` goes on where it stopped.
    """
    wanted = wanted or Filter()
    if before is None and wanted.document_id is not None:
        before = _after_document(wanted.document_id)
    tops = _tops(group, before)
    ledger = sum(row[3] for row in tops)
    on_hand = sum(row[2] for row in tops)
    tops = [row for row in tops if row[1]]
    size = (SCAN if wanted.is_sparse else limit) + 1
    tenant_id = current_tenant()
    ids, numbers = db.array([row[0] for row in tops]), db.array([row[1] for row in tops])
    found = db.rows(_MOVES, ids, numbers, tenant_id, size, tenant_id, size, size) if tops else []
    rows: list[GroupMove] = []
    left, last = ledger, None
    for row in found[: size - 1]:
        move = GroupMove(*[*row, left])
        if wanted.since is not None and move.at < wanted.since:
            return LedgerPage(rows, on_hand, ledger, None)
        left, last = left - move.change, move
        if _is_wanted(move, wanted):
            rows.append(move)
        if len(rows) == limit:
            break
    has_more = last is not None and last.id != found[-1][0]
    return LedgerPage(rows, on_hand, ledger, Moment(last.at, last.id) if last and has_more else None)


def _is_wanted(move: GroupMove, wanted: Filter) -> bool:
    return wanted.kind in (None, move.kind) and wanted.document_id in (None, move.document_id)


def _tops(group: Group, before: Moment | None) -> list[tuple[int, int, int, int]]:
    """Balance, the number of its last move before the moment, units now, what that move left."""
    tenant_id = current_tenant()
    members = tenant_id, db.array(group.facility_ids), group.id
    condition = _GROUPS[group.kind]
    if before is None:
        found = db.rows(_NOW.format(group=condition), tenant_id, tenant_id, *members)
    else:
        edge = before.at, before.move_id, tenant_id
        found = db.rows(_BEFORE.format(group=condition), *members, *edge, *edge, tenant_id, tenant_id)
    return found


def _after_document(document_id: int) -> Moment | None:
    """The place just after the newest move of a document: its moves are the first that are found."""
    found = db.rows(
        "SELECT at, id FROM inventory_move WHERE tenant_id = %s AND document_id = %s ORDER BY at DESC, id DESC LIMIT 1",
        current_tenant(),
        document_id,
    )
    return Moment(found[0][0], found[0][1] + 1) if found else None
