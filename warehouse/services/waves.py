"""Waves: planned parcels get a cart, their lots and bins, and go to the floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db, live, outbox
from core.db import Rank
from core.tenancy import current_tenant
from inventory.models import Bin, BinKind
from inventory.services import allocations
from warehouse.errors import NoTote
from warehouse.models import Parcel, ParcelStatus, Wave, WaveStatus
from warehouse.services.parcels import give_back

SIZE = 50  # parcels on one cart
STAGING = "STAGING"
LAST = 1_000_000  # after every cart in the walk

FREE_CARTS = (
    "facility_id = %s AND kind = 3 AND code <> 'STAGING' AND NOT EXISTS (SELECT FROM warehouse_wave w"
    " WHERE w.tenant_id = inventory_bin.tenant_id AND w.tote_id = inventory_bin.id AND w.status < 3)"
)


@dataclass(frozen=True, slots=True)
class Released:
    """Waves made, parcels in them, and parcels whose lots were gone after all (they go back to their orders)."""

    wave_ids: tuple[int, ...]
    parcel_ids: tuple[int, ...]
    short: tuple[int, ...] = ()


def release(
    *,
    facility_id: int,
    limit: int,
    size: int = SIZE,
    parcel_ids: Sequence[int] | None = None,
    bulk_tote: int | None = None,
) -> Released:
    """Claim up to `limit` planned parcels (earliest deadline first; or these), allocate their lots first expired first out, and put them
    on carts of `size`; or, handled in bulk, all on the staging area `bulk_tote`.

    Parcels claimed elsewhere are skipped.  Locks parcels, carts, anchors, balances, in that order, each of them at once: what short
    parcels give back is locked with what the others take.  No free cart: nothing is released.
    """
    if bulk_tote is None:
        free = db.rows(
            f"SELECT count(*) FROM inventory_bin WHERE tenant_id = %s AND {FREE_CARTS}",
            current_tenant(),
            facility_id,
        )
        limit = min(limit, free[0][0] * size)
    claimed = _claim(facility_id, limit, parcel_ids)
    if not claimed:
        return Released((), ())
    wanted = -(-len(claimed) // size)
    carts = _claim_carts(facility_id, wanted) if bulk_tote is None else [bulk_tote] * wanted
    if not carts:
        return Released((), ())
    claimed = dict(list(claimed.items())[: len(carts) * size])
    result = allocations.allocate(facility_id=facility_id, owner_units=claimed)
    if result.short:
        give_back(result.short)
        outbox.emit("PromisesBroken", {"facility_id": facility_id, "owner_refs": list(result.short)})
    short = set(result.short)
    ready = [id_ for id_ in claimed if id_ not in short]
    wave_ids = _write(facility_id, ready, carts, size, is_bulk=bulk_tote is not None)
    if wave_ids:
        outbox.emit("WavesReleased", {"wave_ids": wave_ids})
        live.push(current_tenant(), "wave", wave_ids)
    return Released(tuple(wave_ids), tuple(ready), result.short)


def get_bulk_tote(facility_id: int) -> int:
    """The staging area where pallets stand between picking and shipping; made when it is first asked for."""
    for _try in range(2):
        found = db.rows(
            "SELECT id FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND code = %s",
            current_tenant(),
            facility_id,
            STAGING,
        )
        if found:
            return int(found[0][0])
        db.execute(
            "INSERT INTO inventory_bin (tenant_id, id, facility_id, code, kind, sequence) VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, facility_id, code) DO NOTHING",
            current_tenant(),
            db.new_id(),
            facility_id,
            STAGING,
            int(BinKind.TOTE),
            LAST,
        )
    raise NoTote(_("没有可用的周转箱。"), facility_id=facility_id)


def _claim(facility_id: int, limit: int, parcel_ids: Sequence[int] | None) -> dict[int, int]:
    if limit <= 0:
        return {}
    where = "facility_id = %s AND wave_id IS NULL AND status = %s"
    params: list[object] = [facility_id, int(ParcelStatus.PLANNED)]
    if parcel_ids is not None:
        where += " AND id = ANY (%s::bigint[])"
        params.append(db.array(parcel_ids))
    return dict(db.claim(Rank.PARCEL, Parcel, "id, units", where, *params, order="ship_by, id", limit=limit))


def _claim_carts(facility_id: int, wanted: int) -> list[int]:
    """Free carts, locked.  Looked at again under the lock: one that another release took a moment ago still looked free before."""
    claimed = db.claim(Rank.WAVE, Bin, "id", FREE_CARTS, facility_id, order="sequence, id", limit=wanted)
    carts = [row[0] for row in claimed]
    taken = db.rows(
        "SELECT tote_id FROM warehouse_wave WHERE tenant_id = %s AND tote_id = ANY (%s::bigint[]) AND status < %s",
        current_tenant(),
        db.array(carts),
        int(WaveStatus.SHIPPED),
    )
    return [cart for cart in carts if (cart,) not in taken]


def _write(
    facility_id: int, parcel_ids: Sequence[int], carts: Sequence[int], size: int, *, is_bulk: bool
) -> list[int]:
    if not parcel_ids:
        return []
    wave_ids = list(db.new_ids(-(-len(parcel_ids) // size)))
    today = clock.today()
    db.insert_behind(
        Wave,
        ["id", "facility", "code", "status", "tote", "is_bulk", "parcel_count"],
        [
            (
                id_,
                facility_id,
                _code(id_, today),
                int(WaveStatus.RELEASED),
                cart,
                is_bulk,
                min(size, len(parcel_ids) - i * size),
            )
            for i, (id_, cart) in enumerate(zip(wave_ids, carts, strict=False))
        ],
    )
    db.execute_behind(
        len(parcel_ids),
        "UPDATE warehouse_parcel p SET wave_id = u.wave_id, slot = u.slot, status = %s FROM unnest(%s::bigint[], %s::bigint[], %s::int[])"
        " u(id, wave_id, slot) WHERE p.tenant_id = %s AND p.id = u.id",
        int(ParcelStatus.RELEASED),
        db.array(list(parcel_ids)),
        db.array([wave_ids[i // size] for i in range(len(parcel_ids))]),
        db.array([i % size + 1 for i in range(len(parcel_ids))]),
        current_tenant(),
    )
    return wave_ids


def _code(wave_id: int, today: date) -> str:
    """Short enough to say aloud; the merchant's day and the last digits of the id."""
    return f"W{today:%m%d}-{wave_id % 10_000:04}"
