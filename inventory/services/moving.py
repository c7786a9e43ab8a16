"""Stock moves for any reason but a pick or a shipment: what was promised to somebody is never silently taken.

The one entry for every paper that moves units: adjustments, counts, write-offs, transfers, put-away, kits.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, outbox
from core.db import Rank
from core.tenancy import current_tenant
from inventory import sql
from inventory.errors import StockShort
from inventory.models import Allocation, Balance
from inventory.models.places import SELLING_KINDS, BinKind
from inventory.queries import first_sellable, list_shelves
from inventory.rules import displacing, fefo
from inventory.rules.displacing import Displaced, Given, Out
from inventory.services.ledger import MoveRow, write_moves
from inventory.services.lot_choice import choose_again
from inventory.services.promises import lock_anchors, settle_promises


@dataclass(frozen=True, slots=True)
class Moved:
    """What a movement cost others: units given other lots, owners who lost units of theirs on the floor, owners whose promise broke."""

    reallocated: int = 0
    short_owners: tuple[int, ...] = ()
    broken_owners: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A balance under its lock."""

    id: int
    facility_id: int
    sku_id: int
    lot_id: int
    on_hand: int
    allocated: int
    kind: int
    bin_code: str
    lot_code: str


def move_stock(
    *, facility_id: int, moves: Sequence[MoveRow], actor_id: int | None, reason: str = ""
) -> Moved:
    """Write moves out of, into and inside one facility; a move may lead to a bin of another one (goods on the road).

    Units nobody has go first.  Where a bin must give allocated ones, the weakest allocations are taken: they follow their units into
    another bin that sells, else they get other lots first expired first out, else their owners are short (AllocationsBroken); units
    lost off a cart are told too (PickedUnitsLost).  Promises that no longer fit give way (PromisesBroken), all in this transaction.
    Locks the anchors of the SKUs, then all their balances at the facility, by id.  Raises StockShort, naming the bin, when a bin has not
    the units.
    """
    touched = [i for move in moves for i in (move.from_balance, move.to_balance) if i is not None]
    places = _lock(facility_id, touched, [m.from_balance for m in moves if m.from_balance is not None])
    outs = _outs(moves, places)
    displaced = _displace(outs, places)
    _take_allocated(displaced)
    write_moves(moves, actor_id=actor_id, reason=reason)
    _carry(displaced)
    return _settle(facility_id, displaced, places, {places[out.balance_id].sku_id for out in outs})


def move_away(*, facility_id: int, balance_ids: Sequence[int]) -> Moved:
    """What is allocated on these balances may not leave any more: it gets other lots as in move_stock.  The units stay where they are.

    Locks like move_stock.
    """
    places = _lock(facility_id, balance_ids, balance_ids)
    outs = [Out(id_, places[id_].allocated) for id_ in sorted(set(balance_ids)) if places[id_].allocated]
    displaced = _displace(outs, places)
    _take_allocated(displaced)
    return _settle(facility_id, displaced, places, {places[out.balance_id].sku_id for out in outs})


def move_unfit(*, facility_id: int, lot_ids: Sequence[int]) -> Moved:
    """Allocations of these lots that want a later expiry date than the lot has, or whose lot may not be sold any more, get other lots as
    in move_stock.  The units stay where they are, also in a tote, where they are nobody's until a bin move puts them back.

    Locks like move_stock.  A pick that ran meanwhile may have made a balance that is not locked: what lies there waits for the next look.
    """
    tenant_id, lots = current_tenant(), db.array(sorted(set(lot_ids)))
    ids = [
        row[0]
        for row in db.rows(
            "SELECT id FROM inventory_balance WHERE tenant_id = %s AND facility_id = %s AND lot_id = ANY (%s::bigint[]) AND on_hand > 0",
            tenant_id,
            facility_id,
            lots,
        )
    ]
    places = _lock(facility_id, ids, ids)
    found = [row for row in db.rows(sql.UNFIT, tenant_id, lots, first_sellable()) if row[3] in places]
    displaced = displacing.give_up(Given(*row[:8]) for row in found)
    _take_allocated(displaced)
    return _settle(
        facility_id, displaced, places, {places[given.balance_id].sku_id for given in displaced.freed}
    )


def _settle(
    facility_id: int, displaced: Displaced, places: Mapping[int, _Place], sku_ids: AbstractSet[int]
) -> Moved:
    on_carts = sorted({g.owner_ref for g in displaced.freed if places[g.balance_id].kind == BinKind.TOTE})
    if on_carts:
        outbox.emit("PickedUnitsLost", {"facility_id": facility_id, "owner_refs": on_carts})
    sku_of = {place.id: place.sku_id for place in places.values()}
    reallocated, short = reallocate(facility_id, displaced.freed, sku_of=sku_of)
    broken = settle_promises(facility_id, sorted(sku_ids)) if sku_ids else ()
    return Moved(reallocated, short, broken)


def reallocate(
    facility_id: int, freed: Sequence[Given], *, sku_of: Mapping[int, int]
) -> tuple[int, tuple[int, ...]]:
    """Other units for allocations that lost theirs, the strongest first; (units given, owners that stay short).

    First expired first out; goods of which a parcel holds one lot get units of the lot they had, in another bin, or none.
    Under the anchors' and balances' locks.  Work on the floor goes before promises: what it takes may break some, so the caller settles.
    """
    if not freed:
        return 0, ()
    floor = first_sellable()
    wants = [
        fefo.Want(n, g.owner_ref, sku_of[g.balance_id], max(g.min_expires_on, floor), g.quantity)
        for n, g in enumerate(freed)
    ]
    had = {n: g.balance_id for n, g in enumerate(freed)}
    plan = choose_again(wants, had, list_shelves(facility_id, {want.sku_id for want in wants}))
    db.insert(
        Allocation,
        ["id", "owner_ref", "line_ref", "balance", "quantity", "min_expires_on", "priority", "ship_by"],
        [
            (id_, g.owner_ref, g.line_ref, take.balance_id, take.quantity, g.min_expires_on, g.priority, g.ship_by)
            for id_, take in zip(db.new_ids(len(plan.takes)), plan.takes, strict=True)
            for g in (freed[take.key],)
        ],
    )  # fmt: skip
    _add_allocated((take.balance_id, take.quantity) for take in plan.takes)
    short = tuple(sorted({freed[key].owner_ref for key in plan.short}))
    if short:
        outbox.emit("AllocationsBroken", {"facility_id": facility_id, "owner_refs": list(short)})
    return sum(take.quantity for take in plan.takes), short


def _lock(facility_id: int, touched: Iterable[int], giving: Iterable[int]) -> dict[int, _Place]:
    """Every balance that may have to give or to take, locked at once by id, so that no later lock goes backwards."""
    tenant_id = current_tenant()
    skus = sorted(
        row[0]
        for row in db.rows(
            "SELECT DISTINCT sku_id FROM inventory_balance WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            tenant_id,
            db.array(sorted(set(giving))),
        )
    )
    lock_anchors((facility_id, sku_id) for sku_id in skus)
    locked = db.lock(
        Rank.STOCK,
        Balance,
        "id",
        "(id = ANY (%s::bigint[]) OR (facility_id = %s AND sku_id = ANY (%s::bigint[])))",
        db.array(sorted(set(touched))),
        facility_id,
        db.array(skus),
    )
    found = db.rows(
        "SELECT b.id, b.facility_id, b.sku_id, b.lot_id, b.on_hand, b.allocated, n.kind, n.code, l.code FROM inventory_balance b"
        " JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
        " JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
        " WHERE b.tenant_id = %s AND b.id = ANY (%s::bigint[])",
        tenant_id,
        db.array([row[0] for row in locked]),
    )
    return {row[0]: _Place(*row) for row in found}


def _outs(moves: Sequence[MoveRow], places: Mapping[int, _Place]) -> list[Out]:
    """What each balance gives, and into which bins that sell its allocations may follow.  Raises StockShort."""
    total: dict[int, int] = defaultdict(int)
    into: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for move in moves:
        if move.from_balance is None:
            continue
        total[move.from_balance] += move.quantity
        here = places[move.from_balance]
        there = None if move.to_balance is None else places[move.to_balance]
        if there and there.kind in SELLING_KINDS and there.facility_id == here.facility_id:
            into[here.id][there.id] += move.quantity
    for id_, units in total.items():
        place = places[id_]
        if units > place.on_hand:
            raise StockShort(
                _("货位 %(bin)s 批次 %(lot)s 只有 %(have)d 件，拿不出 %(want)d 件。")
                % {"bin": place.bin_code, "lot": place.lot_code, "have": place.on_hand, "want": units},
                bin=place.bin_code,
                lot=place.lot_code,
                have=place.on_hand,
                want=units,
            )
    return [
        Out(id_, max(0, units - (places[id_].on_hand - places[id_].allocated)), tuple(into[id_].items()))
        for id_, units in sorted(total.items())
    ]


def _displace(outs: Sequence[Out], places: Mapping[int, _Place]) -> Displaced:
    needed = [out for out in outs if out.allocated_units]
    if not needed:
        return Displaced()
    found = db.rows(
        "SELECT id, owner_ref, line_ref, balance_id, quantity, min_expires_on, priority, ship_by FROM inventory_allocation"
        " WHERE tenant_id = %s AND balance_id = ANY (%s::bigint[])",
        current_tenant(),
        db.array([out.balance_id for out in needed]),
    )
    return displacing.displace(needed, [Given(*row) for row in found])


def _take_allocated(displaced: Displaced) -> None:
    """Allocations give way before their units move: the database refuses a balance with more allocated than there is."""
    tenant_id = current_tenant()
    if displaced.reduced:
        ids = sorted(displaced.reduced)
        db.execute(
            "UPDATE inventory_allocation a SET quantity = u.quantity FROM unnest(%s::bigint[], %s::int[]) u(id, quantity)"
            " WHERE a.tenant_id = %s AND a.id = u.id",
            db.array(ids),
            db.array([displaced.reduced[i] for i in ids]),
            tenant_id,
        )
    if displaced.ended:
        db.execute(
            "DELETE FROM inventory_allocation WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            tenant_id,
            db.array(sorted(displaced.ended)),
        )
    _add_allocated((balance_id, -units) for balance_id, units in displaced.taken.items())


def _carry(displaced: Displaced) -> None:
    """Allocations that follow their units into another bin of the same lot."""
    carried = displaced.carried
    db.insert(
        Allocation,
        ["id", "owner_ref", "line_ref", "balance", "quantity", "min_expires_on", "priority", "ship_by"],
        [
            (id_, g.owner_ref, g.line_ref, g.balance_id, g.quantity, g.min_expires_on, g.priority, g.ship_by)
            for id_, g in zip(db.new_ids(len(carried)), carried, strict=True)
        ],
    )
    _add_allocated((g.balance_id, g.quantity) for g in carried)


def _add_allocated(changes: Iterable[tuple[int, int]]) -> None:
    sums: dict[int, int] = defaultdict(int)
    for balance_id, units in changes:
        sums[balance_id] += units
    if sums:
        ids = sorted(sums)
        db.execute(
            "UPDATE inventory_balance b SET allocated = b.allocated + u.units FROM unnest(%s::bigint[], %s::int[]) u(id, units)"
            " WHERE b.tenant_id = %s AND b.id = u.id",
            db.array(ids),
            db.array([sums[i] for i in ids]),
            current_tenant(),
        )
