"""The one place that writes moves and the balances they explain.

Every change: lock the balances by id, number the moves (`seq`) and note what was left (`after`), change the balances.  A move's two sides
stand in one row, so a unit cannot be lost between them.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory.errors import BadQuantity
from inventory.models import UNITS_MOST, Balance, Move, MoveKind


@dataclass(frozen=True, slots=True)
class MoveRow:
    """Units of one lot from one balance to another; None is the world outside.  `is_allocated`: they are promised and stay so.
    `reason`: of this move, where it is not the one of the whole paper.
    """

    kind: MoveKind
    quantity: int
    from_balance: int | None
    to_balance: int | None
    document_id: int
    line_id: int | None = None
    is_allocated: bool = False
    reason: str = ""


@dataclass(slots=True)
class _State:
    on_hand: int
    seq: int
    in_units: int = 0
    allocated_delta: int = 0


def find_or_make_balances(places: Iterable[tuple[int, int, int, int]]) -> Mapping[tuple[int, int], int]:
    """(bin, lot) -> balance id, for places (facility, bin, sku, lot).  Missing rows are made empty."""
    wanted = sorted(set(places))
    keys = {(p[1], p[3]) for p in wanted}
    found = _balances(keys)
    if len(found) < len(wanted):
        missing = [p for p in wanted if (p[1], p[3]) not in found]
        columns = [db.array([p[i] for p in missing]) for i in range(4)]
        db.execute(
            "INSERT INTO inventory_balance (tenant_id, id, facility_id, bin_id, sku_id, lot_id)"
            " SELECT %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) u"
            " ON CONFLICT (tenant_id, facility_id, sku_id, bin_id, lot_id) DO NOTHING",
            current_tenant(),
            db.array(db.new_ids(len(missing))),
            *columns,
        )
        found = _balances(keys)
    return found


def _balances(wanted: AbstractSet[tuple[int, int]]) -> dict[tuple[int, int], int]:
    found = db.rows(
        "SELECT bin_id, lot_id, id FROM inventory_balance"
        " WHERE tenant_id = %s AND lot_id = ANY (%s::bigint[]) AND bin_id = ANY (%s::bigint[])",
        current_tenant(),
        db.array({lot_id for _, lot_id in wanted}),
        db.array({bin_id for bin_id, _ in wanted}),
    )
    return {(bin_id, lot_id): id_ for bin_id, lot_id, id_ in found if (bin_id, lot_id) in wanted}


def write_moves(moves: Sequence[MoveRow], *, actor_id: int | None, reason: str = "") -> None:
    """Lock the balances by id, write the moves in the given order, change the balances.

    The database refuses (IntegrityError) what would leave fewer units than nothing, or fewer than are allocated.  Raises BadQuantity for
    more units than a balance can count.
    """
    if not moves:
        return
    ids = sorted({i for m in moves for i in (m.from_balance, m.to_balance) if i is not None})
    locked = db.lock(Rank.STOCK, Balance, "id, on_hand, seq", "id = ANY (%s::bigint[])", db.array(ids))
    before = {id_: on_hand for id_, on_hand, _ in locked}
    states = {id_: _State(on_hand, seq) for id_, on_hand, seq in locked}
    rows = [
        _numbered(id_, move, states, actor_id, reason)
        for id_, move in zip(db.new_ids(len(moves)), moves, strict=True)
    ]
    for id_, state in states.items():
        if state.on_hand > UNITS_MOST:
            raise BadQuantity(_("这个货位里这个批次已经有 %(n)d 件，再收就数不下了。") % {"n": before[id_]})
    db.insert_behind(
        Move,
        [
            "id",
            "kind",
            "quantity",
            "from_balance",
            "from_seq",
            "from_after",
            "to_balance",
            "to_seq",
            "to_after",
            "document_id",
            "line_id",
            "actor_id",
            "reason",
        ],
        rows,
    )
    _apply({id_: (s.on_hand - before[id_], s.allocated_delta, s.seq) for id_, s in states.items()})


def _numbered(
    id_: int, move: MoveRow, states: Mapping[int, _State], actor_id: int | None, reason: str
) -> tuple[object, ...]:
    sides: list[int | None] = []
    for balance_id, sign in ((move.from_balance, -1), (move.to_balance, 1)):
        if balance_id is None:
            sides += [None, None, None]
            continue
        state = states[balance_id]
        state.seq += 1
        state.on_hand += sign * move.quantity
        if move.is_allocated:
            state.allocated_delta += sign * move.quantity
        sides += [balance_id, state.seq, state.on_hand]
    return (
        id_,
        int(move.kind),
        move.quantity,
        *sides,
        move.document_id,
        move.line_id,
        actor_id,
        move.reason or reason,
    )


def _apply(changes: Mapping[int, tuple[int, int, int]]) -> None:
    ids = sorted(changes)
    db.execute(
        "UPDATE inventory_balance b SET on_hand = b.on_hand + u.on_hand, allocated = b.allocated + u.allocated, seq = u.seq"
        " FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[]) u(id, on_hand, allocated, seq)"
        " WHERE b.tenant_id = %s AND b.id = u.id",
        db.array(ids),
        *(db.array([changes[i][k] for i in ids]) for k in range(3)),
        current_tenant(),
    )
