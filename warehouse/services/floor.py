"""What happens on the floor: picks are confirmed, parcels leave."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

from core import db, live, outbox
from core.db import Rank
from core.errors import Conflict
from core.services import accounts
from core.tenancy import current_tenant
from inventory.services import handling
from warehouse.errors import NotPickable, NoWave
from warehouse.models import Parcel, ParcelStatus, Wave, WaveStatus

ON_THE_FLOOR = (ParcelStatus.RELEASED, ParcelStatus.PICKED)
TRIES = 5
PARCELS_OF_WAVES = "wave_id = ANY (%s::bigint[])"


@dataclass(frozen=True, slots=True)
class Picked:
    """Parcels that lie on their cart whole, units moved, parcels that a hold keeps where they are, and parcels some of whose units were
    lost under them: they are not picked whole, and their order is told.
    """

    parcel_ids: tuple[int, ...]
    units: int
    held: tuple[int, ...]
    short: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shipped:
    """Parcels that left, their units, parcels that a hold stopped at the door, and parcels that miss units."""

    parcel_ids: tuple[int, ...]
    units: int
    held: tuple[int, ...]
    short: tuple[int, ...] = ()


def confirm_picks(*, wave_ids: Sequence[int], actor_id: int | None = None) -> Picked:
    """Everything of these waves is on its cart: a ledger move from each bin to each cart, whose document is the confirmation's entry in
    the audit trail.  Repeating it moves nothing.

    Locks the parcels, the waves, the balances.  Parcels whose lot is held stay as they are.
    """
    parcels, carts = _lock(wave_ids)
    waiting = {p.id: p.wave_id for p in parcels if p.status == ParcelStatus.RELEASED}
    if not waiting:
        return Picked((), 0, ())
    document = accounts.record(
        "pick", "wave", min(wave_ids), actor_id=actor_id, detail={"waves": sorted(wave_ids)}
    )
    done = handling.pick(
        totes={id_: carts[w] for id_, w in waiting.items()}, document_id=document, actor_id=actor_id
    )
    whole = _whole(parcels, waiting, done)
    _mark_picked(set(whole), parcels)
    short = tuple(i for i in waiting if i not in whole and i not in done.held_owners)
    return Picked(tuple(i for i in waiting if i in whole), done.units, done.held_owners, short)


def confirm_pick(*, wave_id: int, allocation_id: int, actor_id: int | None = None) -> Picked:
    """One instruction is done: its units are on the cart.  Sent twice, it counts once.

    Raises NoWave, NotPickable (not of this wave, or its lot is held).
    """
    parcels, carts = _lock([wave_id])
    if not carts:
        raise NoWave(_("没有这个波次。"), wave_id=wave_id)
    waiting = {p.id: p.wave_id for p in parcels if p.status == ParcelStatus.RELEASED}
    owner = db.rows(
        "SELECT owner_ref FROM inventory_allocation WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        allocation_id,
    )
    if not owner or owner[0][0] not in {p.id for p in parcels}:
        raise NotPickable(_("这一条不在这个波次里，可能已经取消。"), allocation_id=allocation_id)
    if owner[0][0] not in waiting:
        return Picked((), 0, ())
    parcel_id = owner[0][0]
    done = handling.pick(
        totes={parcel_id: carts[wave_id]},
        document_id=wave_id,
        allocation_ids=[allocation_id],
        actor_id=actor_id,
    )
    if done.aged_owners:
        raise NotPickable(
            _("这个批次过了能卖的日子，放回原位。"), code="lot_expired", allocation_id=allocation_id
        )
    if done.held_owners:
        raise NotPickable(_("这个批次已冻结，放回原位。"), code="lot_held", allocation_id=allocation_id)
    whole = _whole(parcels, [parcel_id], done)
    _mark_picked(whole, parcels)
    return Picked(tuple(whole), done.units, ())


def _whole(parcels: Sequence["_OnCart"], ids: Iterable[int], done: handling.PickResult) -> set[int]:
    """Parcels among `ids` all of whose units lie on the cart."""
    units = {p.id: p.units for p in parcels}
    return {id_ for id_ in ids if done.in_totes.get(id_, 0) == units[id_]}


def ship(*, wave_ids: Sequence[int], actor_id: int | None = None) -> Shipped:
    """Picked parcels of these waves leave the building: one ledger row an allocation, with its lot.  Repeating it ships nothing.

    Locks the parcels, the waves, the balances; holds are read under the balances' lock, and what is held stays.  Says ParcelsShipped.
    """
    parcels, _carts = _lock(wave_ids)
    ready = {p.id: p.units for p in parcels if p.status == ParcelStatus.PICKED}
    if not ready:
        return Shipped((), 0, ())
    owned = handling.lock_owned(list(ready))
    held = tuple(sorted(owned.held))
    whole = {id_ for id_, units in ready.items() if owned.in_totes[id_] == units}
    leaving = [id_ for id_ in ready if id_ in whole and id_ not in owned.held]
    short = tuple(id_ for id_ in ready if id_ not in whole and id_ not in owned.held)
    if not leaving:
        return Shipped((), 0, held, short)
    units = handling.ship(owner_refs=leaving, actor_id=actor_id)
    left = db.rows(
        "UPDATE warehouse_parcel SET status = %s, shipped_at = clock_timestamp()"
        " WHERE tenant_id = %s AND id = ANY (%s::bigint[]) RETURNING ref",
        int(ParcelStatus.SHIPPED),
        current_tenant(),
        db.array(leaving),
    )
    _close_waves(set(leaving), parcels)
    outbox.emit("ParcelsShipped", {"parcel_ids": leaving, "order_refs": sorted({row[0] for row in left})})
    return Shipped(tuple(leaving), units, held, short)


class _OnCart(NamedTuple):
    """A parcel of a wave, under its lock."""

    id: int
    wave_id: int  # 0: none yet
    status: int
    units: int
    ref: int


def _lock(
    wave_ids: Sequence[int], where: str = PARCELS_OF_WAVES, *params: str
) -> tuple[list[_OnCart], dict[int, int]]:
    """The waves' parcels (or more, by `where`), and each wave's cart; parcels locked before waves."""
    columns = "id, wave_id, status, units, ref"
    parcels = db.lock(Rank.PARCEL, Parcel, columns, where, *(params or [db.array(wave_ids)]))
    waves = db.lock(Rank.WAVE, Wave, "id, tote_id", "id = ANY (%s::bigint[])", db.array(wave_ids))
    return [_OnCart(id_, wave or 0, *rest) for id_, wave, *rest in parcels], dict(waves)


def _mark_picked(parcel_ids: Collection[int], parcels: Sequence[_OnCart]) -> None:
    if not parcel_ids:
        return
    db.execute(
        "UPDATE warehouse_parcel SET status = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        int(ParcelStatus.PICKED),
        current_tenant(),
        db.array(list(parcel_ids)),
    )
    busy = {p.wave_id for p in parcels if p.status == ParcelStatus.RELEASED and p.id not in parcel_ids}
    _set_status({p.wave_id for p in parcels} - busy, WaveStatus.PICKED)


def _close_waves(gone: Collection[int], parcels: Sequence[_OnCart]) -> None:
    busy = {p.wave_id for p in parcels if p.status in ON_THE_FLOOR and p.id not in gone}
    _set_status({p.wave_id for p in parcels} - busy, WaveStatus.SHIPPED)


def reopen(*, parcel_ids: Sequence[int]) -> list[int]:
    """Picked parcels that were given other lots, because some of theirs were lost on the cart, are to be picked again; returns them.

    Locks the parcels, their waves, the balances.
    """
    parcels, _carts = _lock(_waves_of(parcel_ids))
    asked = set(parcel_ids)
    picked = {p.id: p for p in parcels if p.id in asked and p.status == ParcelStatus.PICKED}
    owned = handling.lock_owned(list(picked))
    again = [id_ for id_, p in picked.items() if owned.units[id_] == p.units != owned.in_totes[id_]]
    if again:
        db.execute(
            "UPDATE warehouse_parcel SET status = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            int(ParcelStatus.RELEASED),
            current_tenant(),
            db.array(again),
        )
        db.execute(
            "UPDATE warehouse_wave SET status = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            int(WaveStatus.RELEASED),
            current_tenant(),
            db.array(sorted({picked[id_].wave_id for id_ in again})),
        )
        live.push(current_tenant(), "wave", sorted({picked[id_].wave_id for id_ in again}))
    return again


def _waves_of(parcel_ids: Sequence[int]) -> list[int]:
    found = db.rows(
        "SELECT DISTINCT wave_id FROM warehouse_parcel WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND wave_id IS NOT NULL",
        current_tenant(),
        db.array(parcel_ids),
    )
    return [row[0] for row in found]


def cancel_short(*, parcel_ids: Sequence[int]) -> list[int]:
    """Parcels on the floor that lost units under them are cancelled; returns the orders they serve.

    What they still have in bins is for sale again, what lies on the cart is nobody's until it is put back.  A parcel that has all its
    units, or has left, stays.  Locks the parcels, their waves, the anchors, the balances.  Says ParcelsCancelled.
    """
    parcels, _carts = _lock(_waves_of(parcel_ids))
    asked = set(parcel_ids)
    on_the_floor = {p.id: p.units for p in parcels if p.id in asked and p.status in ON_THE_FLOOR}
    handling.lock_places(list(on_the_floor))
    owned = handling.lock_owned(list(on_the_floor))
    return _cancel(parcels, {id_ for id_, units in on_the_floor.items() if owned.units[id_] != units})


def intercept(*, order_refs: Sequence[int]) -> list[int]:
    """Every parcel of these orders that has not left is cancelled, planned or on the floor; the orders that had one.

    What it has in bins or was promised is for sale again, what lies on the cart is nobody's until it is put back.  Nobody picks, packs
    or ships it any more.  Locks the parcels of the orders and of their waves at once, the waves, the anchors, the balances.  Says
    ParcelsCancelled.
    """
    for _try in range(TRIES):
        found = db.rows(
            "SELECT DISTINCT wave_id FROM warehouse_parcel WHERE tenant_id = %s AND ref = ANY (%s::bigint[]) AND wave_id IS NOT NULL"
            " AND status = ANY (%s::int[])",
            current_tenant(),
            db.array(order_refs),
            db.array(list(map(int, ON_THE_FLOOR))),
        )
        with suppress(_JoinedAWave), db.savepoint():
            return _intercept(order_refs, [row[0] for row in found])
    raise Conflict(_("包裹正在进波次，稍后再试。"), code="parcels_moving")


class _JoinedAWave(Exception):
    """A parcel got into a wave between the look and the lock: what was locked is let go, and the look is taken again."""


def _intercept(order_refs: Sequence[int], wave_ids: Sequence[int]) -> list[int]:
    where = f"({PARCELS_OF_WAVES} OR ref = ANY (%s::bigint[]))"
    parcels, _carts = _lock(wave_ids, where, db.array(wave_ids), db.array(order_refs))
    asked = set(order_refs)
    theirs = {p.id for p in parcels if p.ref in asked and p.status < ParcelStatus.SHIPPED}
    if any(p.id in theirs and p.wave_id and p.wave_id not in wave_ids for p in parcels):
        raise _JoinedAWave
    return _cancel(parcels, theirs)


def _cancel(parcels: Sequence[_OnCart], gone: Collection[int]) -> list[int]:
    """Parcels, their waves locked with them, are no more; the orders they served."""
    if not gone:
        return []
    ids = sorted(gone)
    handling.give_back(ids)
    refs = db.rows(
        "UPDATE warehouse_parcel SET status = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[]) RETURNING ref",
        int(ParcelStatus.CANCELLED),
        current_tenant(),
        db.array(ids),
    )
    left = [p for p in parcels if p.id not in gone]
    busy = {p.wave_id for p in left if p.status == ParcelStatus.RELEASED}
    picked = {p.wave_id for p in left if p.status == ParcelStatus.PICKED}
    touched = {p.wave_id for p in parcels if p.id in gone and p.wave_id}
    _set_status((touched & picked) - busy, WaveStatus.PICKED)
    _set_status(touched - picked - busy, WaveStatus.SHIPPED)
    outbox.emit("ParcelsCancelled", {"parcel_ids": ids})
    return sorted({row[0] for row in refs})


def _set_status(wave_ids: Collection[int], status: WaveStatus) -> None:
    """The waves are locked, and the parcels' statuses are known under their locks: nothing to look up again."""
    db.execute(
        "UPDATE warehouse_wave SET status = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND status < %s",
        int(status),
        current_tenant(),
        db.array(sorted(wave_ids)),
        int(status),
    )
    live.push(current_tenant(), "wave", sorted(wave_ids))
