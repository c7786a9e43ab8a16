"""Allocated units on their way: from their bin into a tote, and out of the building."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory import sql
from inventory.models import Balance, BinKind, MoveKind
from inventory.queries import held_balances
from inventory.services.ledger import MoveRow, find_or_make_balances, write_moves


@dataclass(frozen=True, slots=True)
class PickResult:
    """Allocations now in their tote, units moved, and owners left where they were because an open hold covers their lot."""

    allocations: tuple[int, ...]
    units: int
    held_owners: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Open:
    id: int
    owner_ref: int
    balance_id: int
    quantity: int
    facility_id: int
    sku_id: int
    lot_id: int
    kind: int


def pick(
    *,
    totes: Mapping[int, int],
    document_id: int,
    allocation_ids: Sequence[int] | None = None,
    actor_id: int | None = None,
) -> PickResult:
    """Move owners' allocated units from their bins into their totes, still allocated.

    `totes`: owner -> tote bin; `document_id`: what confirmed it.  One ledger row for each (bin, lot, tote).  `allocation_ids` narrows to
    some of them.  What already lies in a tote is left alone, so a repeated confirmation moves nothing.  Owners touched by an open hold
    are skipped whole.  Locks the balances by id; holds are read under that lock.
    """
    only = None if allocation_ids is None else set(allocation_ids)
    found = [
        a for a in _allocations(list(totes)) if a.kind != BinKind.TOTE and (only is None or a.id in only)
    ]
    if not found:
        return PickResult((), 0, ())
    db.lock(
        Rank.STOCK, Balance, "id", "id = ANY (%s::bigint[])", db.array(sorted({a.balance_id for a in found}))
    )
    held = held_balances(sorted({a.balance_id for a in found}))
    skipped = {a.owner_ref for a in found if a.balance_id in held}
    picked = [a for a in found if a.owner_ref not in skipped]
    into = find_or_make_balances((a.facility_id, totes[a.owner_ref], a.sku_id, a.lot_id) for a in picked)
    moves: dict[tuple[int, int], int] = defaultdict(int)
    for a in picked:
        moves[a.balance_id, into[totes[a.owner_ref], a.lot_id]] += a.quantity
    write_moves(
        [
            MoveRow(MoveKind.PICK, quantity, *sides, document_id, is_allocated=True)
            for sides, quantity in moves.items()
        ],
        actor_id=actor_id,
    )
    db.execute(
        "UPDATE inventory_allocation a SET balance_id = u.balance_id FROM unnest(%s::bigint[], %s::bigint[]) u(id, balance_id)"
        " WHERE a.tenant_id = %s AND a.id = u.id",
        db.array([a.id for a in picked]),
        db.array([into[totes[a.owner_ref], a.lot_id] for a in picked]),
        current_tenant(),
    )
    return PickResult(tuple(a.id for a in picked), sum(a.quantity for a in picked), tuple(sorted(skipped)))


def ship(*, owner_refs: Sequence[int], actor_id: int | None = None) -> int:
    """Owners' units leave the building: one ledger row an allocation, with the lot; returns units.

    The caller has made sure that all of them lie in totes and that no hold stops them (`held_owners`), after locking their balances
    through `lock_owned`.  Nothing is decided here, so nothing travels: the rows are copied inside the database, and a move takes the id
    of the allocation it ends.
    """
    tenant_id, owners = current_tenant(), db.array(owner_refs)
    db.rows(sql.SHIP_MOVES, int(MoveKind.SHIP), actor_id, tenant_id, owners)
    gone = db.rows(
        "WITH gone AS (DELETE FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])"
        " RETURNING balance_id, quantity) SELECT balance_id, sum(quantity)::int, count(*)::int FROM gone GROUP BY 1 ORDER BY 1",
        tenant_id,
        owners,
    )
    db.execute(
        "UPDATE inventory_balance b SET on_hand = b.on_hand - u.units, allocated = b.allocated - u.units, seq = b.seq + u.moves"
        " FROM unnest(%s::bigint[], %s::int[], %s::int[]) u(id, units, moves) WHERE b.tenant_id = %s AND b.id = u.id",
        *(db.array([row[k] for row in gone]) for k in range(3)),
        tenant_id,
    )
    return sum(row[1] for row in gone)


def lock_owned(owner_refs: Sequence[int]) -> set[int]:
    """Lock the balances that hold these owners' units, by id; returns the owners that an open hold stops (read under the lock)."""
    tenant_id = current_tenant()
    pairs = db.rows(
        "SELECT DISTINCT balance_id, owner_ref FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])",
        tenant_id,
        db.array(owner_refs),
    )
    ids = sorted({balance_id for balance_id, _ in pairs})
    db.lock(Rank.STOCK, Balance, "id", "id = ANY (%s::bigint[])", db.array(ids))
    held = held_balances(ids)
    return {owner for balance_id, owner in pairs if balance_id in held}


def _allocations(owner_refs: Sequence[int]) -> list[_Open]:
    found = db.rows(
        "SELECT a.id, a.owner_ref, a.balance_id, a.quantity, b.facility_id, b.sku_id, b.lot_id, n.kind FROM inventory_allocation a"
        " JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id"
        " JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
        " WHERE a.tenant_id = %s AND a.owner_ref = ANY (%s::bigint[]) ORDER BY a.id",
        current_tenant(),
        db.array(owner_refs),
    )
    return [_Open(*row) for row in found]
