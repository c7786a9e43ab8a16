"""Allocated units on their way: from their bin into a tote, and out of the building."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory import sql
from inventory.models import Balance, BinKind, MoveKind
from inventory.queries import stopped_balances
from inventory.services.ledger import MoveRow, find_or_make_balances, write_moves
from inventory.services.promises import lock_anchors, unreserve

LOTS_OF = "SELECT lot_id FROM inventory_balance WHERE tenant_id = %s AND id = ANY (%s::bigint[])"

# (tenant, owners) twice -> facility, SKU, whether units are set aside there
OWNED_PLACES = """
    SELECT DISTINCT facility_id, sku_id, false FROM inventory_reservation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])
    UNION ALL
    SELECT DISTINCT b.facility_id, b.sku_id, true FROM inventory_allocation a
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    WHERE a.tenant_id = %s AND a.owner_ref = ANY (%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class PickResult:
    """Allocations now in their tote, units moved, owners left where they were because of an open hold or a day that has passed
    (`aged_owners`: only for that), and how many units each owner has in totes now: fewer than it should have means that some were lost
    under it.
    """

    allocations: tuple[int, ...]
    units: int
    held_owners: tuple[int, ...]
    aged_owners: tuple[int, ...] = ()
    in_totes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owned:
    """What owners have, read under the locks of their balances: all units, those that lie in totes, and owners that a hold, or a lot
    past its day, stops.
    """

    units: Mapping[int, int]
    in_totes: Mapping[int, int]
    held: frozenset[int]


class _Open(NamedTuple):
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
    some of them.  What already lies in a tote is left alone, so a repeated confirmation moves nothing.  Owners touched by an open
    hold, or a lot past its last sellable day, are skipped whole.  Locks the balances by id, those in the totes with those in the bins;
    holds are read under that lock.
    """
    only = None if allocation_ids is None else set(allocation_ids)
    locked = set(lock_owned_balances(list(totes), into=totes.values()))
    here = _allocations(list(totes))
    # What was given another balance while the locks were waited for is left for the next time: that balance is not locked.
    loose = [a for a in here if a.kind != BinKind.TOTE and a.balance_id in locked]
    found = [a for a in loose if only is None or a.id in only]
    in_totes: dict[int, int] = defaultdict(int)
    for a in here:
        in_totes[a.owner_ref] += a.quantity if a.kind == BinKind.TOTE else 0
    if not found:
        return PickResult((), 0, (), in_totes=in_totes)
    stopped = stopped_balances(sorted({a.balance_id for a in found}))
    skipped = {a.owner_ref for a in found if a.balance_id in stopped}
    held = {a.owner_ref for a in found if stopped.get(a.balance_id)}
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
    for a in picked:
        in_totes[a.owner_ref] += a.quantity
    units = sum(a.quantity for a in picked)
    aged = tuple(sorted(skipped - held))
    return PickResult(tuple(a.id for a in picked), units, tuple(sorted(skipped)), aged, in_totes)


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


def lock_owned(owner_refs: Sequence[int]) -> Owned:
    """Lock the balances that hold these owners' units, by id, and read under the locks what each has and which holds stop it.

    Units that were given another balance while the locks were waited for do not count as in totes: the caller leaves their owner for
    the next time.
    """
    tenant_id, ids = current_tenant(), lock_owned_balances(owner_refs)
    rows = db.rows(
        "SELECT owner_ref, balance_id, sum(quantity)::int FROM inventory_allocation WHERE tenant_id = %s"
        " AND owner_ref = ANY (%s::bigint[]) GROUP BY 1, 2",
        tenant_id,
        db.array(owner_refs),
    )
    totes = {
        row[0]
        for row in db.rows(
            "SELECT b.id FROM inventory_balance b JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
            " WHERE b.tenant_id = %s AND b.id = ANY (%s::bigint[]) AND n.kind = %s",
            tenant_id,
            db.array(ids),
            int(BinKind.TOTE),
        )
    }
    stopped = stopped_balances(ids)
    units: dict[int, int] = dict.fromkeys(owner_refs, 0)
    in_totes = dict(units)
    for owner, balance_id, count in rows:
        units[owner] += count
        in_totes[owner] += count if balance_id in totes else 0
    return Owned(units, in_totes, frozenset(owner for owner, balance_id, _ in rows if balance_id in stopped))


def lock_owned_balances(owner_refs: Sequence[int], *, into: Iterable[int] = ()) -> list[int]:
    """Lock the balances that hold these owners' units, by id; returns them.  What they hold is read in the next statement.

    `into`: bins to which the units go: what lies there of the same lots is locked in the same order, and not returned.
    """
    tenant_id, bins = current_tenant(), sorted(set(into))
    ids = [
        row[0]
        for row in db.rows(
            "SELECT DISTINCT balance_id FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])"
            " ORDER BY balance_id",
            tenant_id,
            db.array(owner_refs),
        )
    ]
    where = "id = ANY (%s::bigint[])"
    params: list[object] = [db.array(ids)]
    if bins:
        where = f"({where} OR (bin_id = ANY (%s::bigint[]) AND lot_id = ANY (ARRAY({LOTS_OF}))))"
        params += [db.array(bins), tenant_id, db.array(ids)]
    db.lock(Rank.STOCK, Balance, "id", where, *params)
    return ids


def lock_places(owner_refs: Sequence[int]) -> bool:
    """Lock the anchors of all that these owners have, promised or set aside: no paper gives them other bins until the commit.

    Whether anything is set aside.  Before their balances are locked.
    """
    owners = current_tenant(), db.array(owner_refs)
    found = db.rows(OWNED_PLACES, *owners, *owners)
    lock_anchors((facility_id, sku_id) for facility_id, sku_id, _ in found)
    return any(is_set_aside for *_place, is_set_aside in found)


def give_back(owner_refs: Sequence[int]) -> int:
    """All that these owners have, promised or set aside, is for whoever asks next; returns units.

    Locks the anchors at once, then the balances, by id.
    """
    is_set_aside = lock_places(owner_refs)
    units = unreserve(owner_refs)
    return units + unallocate(owner_refs) if is_set_aside else units


def unallocate(owner_refs: Sequence[int]) -> int:
    """Give back what these owners have been allocated, wherever it lies; returns units.

    What lies in a bin is for sale again at once; what lies in a tote is nobody's, and is put back by a bin move.  Locks the balances.
    """
    tenant_id = current_tenant()
    lock_owned_balances(owner_refs)
    gone = db.rows(
        "WITH gone AS (DELETE FROM inventory_allocation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])"
        " RETURNING balance_id, quantity) SELECT balance_id, sum(quantity)::int FROM gone GROUP BY 1 ORDER BY 1",
        tenant_id,
        db.array(owner_refs),
    )
    db.execute(
        "UPDATE inventory_balance b SET allocated = b.allocated - u.units FROM unnest(%s::bigint[], %s::int[]) u(id, units)"
        " WHERE b.tenant_id = %s AND b.id = u.id",
        db.array([row[0] for row in gone]),
        db.array([row[1] for row in gone]),
        tenant_id,
    )
    return sum(row[1] for row in gone)


def _allocations(owner_refs: Sequence[int]) -> list[_Open]:
    found = db.rows(
        "SELECT a.id, a.owner_ref, a.balance_id, a.quantity, b.facility_id, b.sku_id, b.lot_id, n.kind FROM inventory_allocation a"
        " JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id"
        " JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
        " WHERE a.tenant_id = %s AND a.owner_ref = ANY (%s::bigint[]) ORDER BY a.id",
        current_tenant(),
        db.array(owner_refs),
    )
    return list(map(_Open._make, found))
