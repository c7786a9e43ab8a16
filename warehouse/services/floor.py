"""What happens on the floor: picks are confirmed, parcels leave."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, live, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory.services import handling
from warehouse.errors import NotPickable, NoWave
from warehouse.models import Parcel, ParcelStatus, Wave, WaveStatus

PARCELS_OF_WAVES = "wave_id = ANY (%s::bigint[])"


@dataclass(frozen=True, slots=True)
class Picked:
    """Parcels that lie on their cart whole, units moved, and parcels that a hold keeps where they are."""

    parcel_ids: tuple[int, ...]
    units: int
    held: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shipped:
    """Parcels that left, their units, and parcels that a hold stopped at the door."""

    parcel_ids: tuple[int, ...]
    units: int
    held: tuple[int, ...]


def confirm_picks(*, wave_ids: Sequence[int], actor_id: int | None = None) -> Picked:
    """Everything of these waves is on its cart: a ledger move from each bin to each cart, whose document is the confirmation's entry in
    the audit trail.  Repeating it moves nothing.

    Locks the parcels, the waves, the balances.  Parcels whose lot is held stay as they are.
    """
    parcels, carts = _lock(wave_ids)
    waiting = {id_: wave_id for id_, wave_id, status in parcels if status == ParcelStatus.RELEASED}
    if not waiting:
        return Picked((), 0, ())
    document = accounts.record(
        "pick", "wave", min(wave_ids), actor_id=actor_id, detail={"waves": sorted(wave_ids)}
    )
    done = handling.pick(
        totes={id_: carts[w] for id_, w in waiting.items()}, document_id=document, actor_id=actor_id
    )
    whole = tuple(id_ for id_ in waiting if id_ not in set(done.held_owners))
    _mark_picked(set(whole), parcels)
    return Picked(whole, done.units, done.held_owners)


def confirm_pick(*, wave_id: int, allocation_id: int, actor_id: int | None = None) -> Picked:
    """One instruction is done: its units are on the cart.  Sent twice, it counts once.

    Raises NoWave, NotPickable (not of this wave, or its lot is held).
    """
    parcels, carts = _lock([wave_id])
    if not carts:
        raise NoWave(_("没有这个波次。"), wave_id=wave_id)
    waiting = {id_: wave_id for id_, _wave, status in parcels if status == ParcelStatus.RELEASED}
    owner = db.rows(
        "SELECT owner_ref FROM inventory_allocation WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        allocation_id,
    )
    if not owner or owner[0][0] not in {id_ for id_, _wave, _status in parcels}:
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
    if done.held_owners:
        raise NotPickable(_("这个批次已冻结，放回原位。"), code="lot_held", allocation_id=allocation_id)
    left = db.rows(
        "SELECT count(*) FROM inventory_allocation a JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id"
        " WHERE a.tenant_id = %s AND a.owner_ref = %s AND b.bin_id <> %s",
        current_tenant(),
        parcel_id,
        carts[wave_id],
    )[0][0]
    whole = () if left else (parcel_id,)
    _mark_picked(set(whole), parcels)
    return Picked(whole, done.units, ())


def ship(*, wave_ids: Sequence[int], actor_id: int | None = None) -> Shipped:
    """Picked parcels of these waves leave the building: one ledger row an allocation, with its lot.  Repeating it ships nothing.

    Locks the parcels, the waves, the balances; holds are read under the balances' lock, and what is held stays.  Says ParcelsShipped.
    """
    parcels, _carts = _lock(wave_ids)
    ready = [id_ for id_, _wave, status in parcels if status == ParcelStatus.PICKED]
    if not ready:
        return Shipped((), 0, ())
    held = handling.lock_owned(ready)
    leaving = [id_ for id_ in ready if id_ not in held]
    if not leaving:
        return Shipped((), 0, tuple(sorted(held)))
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
    return Shipped(tuple(leaving), units, tuple(sorted(held)))


def _lock(wave_ids: Sequence[int]) -> tuple[list[tuple[int, int, int]], dict[int, int]]:
    """(parcel, wave, status) of the waves' parcels, and each wave's cart; parcels locked before waves."""
    parcels = db.lock(Rank.PARCEL, Parcel, "id, wave_id, status", PARCELS_OF_WAVES, db.array(wave_ids))
    waves = db.lock(Rank.WAVE, Wave, "id, tote_id", "id = ANY (%s::bigint[])", db.array(wave_ids))
    return parcels, dict(waves)


def _mark_picked(parcel_ids: Collection[int], parcels: Sequence[tuple[int, int, int]]) -> None:
    if not parcel_ids:
        return
    db.execute(
        "UPDATE warehouse_parcel SET status = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        int(ParcelStatus.PICKED),
        current_tenant(),
        db.array(list(parcel_ids)),
    )
    busy = {
        wave_id
        for id_, wave_id, status in parcels
        if status == ParcelStatus.RELEASED and id_ not in parcel_ids
    }
    _set_status({wave_id for _, wave_id, _ in parcels} - busy, WaveStatus.PICKED)


def _close_waves(gone: Collection[int], parcels: Sequence[tuple[int, int, int]]) -> None:
    on_the_floor = (ParcelStatus.RELEASED, ParcelStatus.PICKED)
    busy = {wave_id for id_, wave_id, status in parcels if status in on_the_floor and id_ not in gone}
    _set_status({wave_id for _, wave_id, _ in parcels} - busy, WaveStatus.SHIPPED)


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
