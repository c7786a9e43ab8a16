"""After the grab: the store picks and hands over, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from o2o.errors import LotsChanged, NoDispatch, NotWon, SharedWave
from o2o.models import DispatchStatus
from o2o.picking import list_picks, plan_code
from o2o.services import rows
from warehouse.errors import NoTote, NotPickable
from warehouse.models import ParcelStatus
from warehouse.services import floor, waves

ON_FLOOR = (ParcelStatus.RELEASED, ParcelStatus.PICKED)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Parcels that left, their units, and parcels whose lots were gone after all (their promises gave way,
    the order stops).

    `is_repeat`: everything had left before.
    """

    parcel_ids: tuple[int, ...]
    units: int
    short: tuple[int, ...] = ()
    is_repeat: bool = False


def hand_over(*, dispatch_id: int, actor_id: int | None, expected: str = "") -> HandedOver:
    """The winner's goods leave the store: lots chosen first expired first out, picked onto a cart, shipped.
    Said twice, it counts once.

    `expected` is the code of the plan that the clerk was shown (o2o.picking.plan_code); when the lots differ
    by now, nothing is done. Locks the dispatch, the parcels, a cart, the stock.  Raises NoDispatch, NotWon,
    LotsChanged, SharedWave, warehouse's NoTote, and NotPickable when a hold stops a lot.
    """
    found = rows.lock([dispatch_id])
    if not found:
        raise NoDispatch(_("没有这一单。"), dispatch_id=dispatch_id)
    order_ref, facility_id = found[0][1], _winner(dispatch_id)
    if found[0][2] != DispatchStatus.WON or facility_id is None:
        raise NotWon(_("这一单还不是您店里的。"), dispatch_id=dispatch_id)
    parcels = _parcels(order_ref, facility_id)
    if not any(status in (ParcelStatus.PLANNED, *ON_FLOOR) for _id, status, _wave in parcels):
        done = tuple(id_ for id_, status, _wave in parcels if status == ParcelStatus.SHIPPED)
        if not done:
            raise NotPickable(_("这一单的包裹取消了，货放回原位。"), dispatch_id=dispatch_id)
        return HandedOver(done, 0, is_repeat=True)
    planned = [id_ for id_, status, _wave in parcels if status == ParcelStatus.PLANNED]
    wave_ids, short = _release(facility_id, planned)
    open_waves = sorted(
        {*wave_ids, *(wave for _id, status, wave in parcels if status in ON_FLOOR and wave is not None)}
    )
    if not open_waves:
        return HandedOver((), 0, short)
    _refuse_shared(open_waves, {id_ for id_, _status, _wave in parcels})
    if expected and not short and expected != plan_code(list_picks(order_ref, facility_id)):
        raise LotsChanged(_("要拿的批次变了，看一眼新的再交。"), dispatch_id=dispatch_id)
    with db.own_rows():
        picked = floor.confirm_picks(wave_ids=open_waves, actor_id=actor_id)
    if not picked.held:
        with db.own_rows():
            shipped = floor.ship(wave_ids=open_waves, actor_id=actor_id)
        if shipped.short:
            raise NotPickable(
                _("这一单缺货了，等一下再看，货先放回原位。"), code="parcel_short", dispatch_id=dispatch_id
            )
        if not shipped.held:
            rows.record("hand_over", dispatch_id, actor_id, facility_id=facility_id)
            return HandedOver(shipped.parcel_ids, shipped.units, short)
    raise NotPickable(_("这个批次已冻结，放回原位，等通知。"), code="lot_held", dispatch_id=dispatch_id)


def _winner(dispatch_id: int) -> int | None:
    found = db.rows(
        "SELECT winner_id FROM o2o_dispatch WHERE tenant_id = %s AND id = %s", current_tenant(), dispatch_id
    )
    return found[0][0]  # type: ignore[no-any-return]


def _parcels(order_ref: int, facility_id: int) -> list[tuple[int, int, int | None]]:
    return db.rows(
        "SELECT id, status, wave_id FROM warehouse_parcel WHERE tenant_id = %s AND ref = %s AND facility_id = %s ORDER BY id",
        current_tenant(),
        order_ref,
        facility_id,
    )


def _release(facility_id: int, planned: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(waves, short parcels).  Raises NoTote when the store has no free cart."""
    if not planned:
        return (), ()
    released = waves.release(facility_id=facility_id, limit=len(planned), parcel_ids=planned)
    if not released.wave_ids and not released.short:
        raise NoTote(_("没有空的周转箱。先交出一单，或加一个周转箱。"), facility_id=facility_id)
    return released.wave_ids, released.short


def _refuse_shared(wave_ids: Sequence[int], mine: set[int]) -> None:
    """A wave with other orders' parcels is handed over on the picking screen, where each of them is looked
    at.
    """
    found = db.rows(
        "SELECT p.id, w.code FROM warehouse_parcel p JOIN warehouse_wave w ON w.tenant_id = p.tenant_id AND w.id = p.wave_id"
        " WHERE p.tenant_id = %s AND p.wave_id = ANY (%s::bigint[]) AND p.status <> %s",
        current_tenant(),
        db.array(wave_ids),
        int(ParcelStatus.CANCELLED),
    )
    shared = Counter(code for id_, code in found if id_ not in mine)
    if shared:
        wave = min(shared)
        raise SharedWave(_("这一单和别的单一起在波次 %(wave)s 里拣，去那里交。") % {"wave": wave}, wave=wave)
