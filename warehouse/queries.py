"""Reads of the warehouse that pages and others call.  Every function costs a constant number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core import db
from core.tenancy import current_tenant
from warehouse import sql
from warehouse.models import Parcel, ParcelStatus, Wave, WaveStatus
from warehouse.rules.waves import PickTask, pick_order

COUNT_MOST = 2_000  # waiting parcels are counted up to here: nobody releases more at once
RECENT_WAVES = 40
PICKS_MOST = 2_000  # a wave for a cart has far fewer; one that is handled in bulk has more than anybody reads
PARCELS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class WaveCounts:
    """Parcels of one wave by how far they are, units, and the earliest deadline of what has not left (None: everything has)."""

    picking: int = 0
    picked: int = 0
    shipped: int = 0
    units: int = 0
    ship_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Parcels of a facility that wait for a wave; `parcels` stops counting at COUNT_MOST."""

    facility_id: int
    parcels: int
    ship_by: datetime | None
    free_carts: int


@dataclass(frozen=True, slots=True)
class Pick:
    """One instruction: units of one lot from one bin for one parcel.  `bin_code` is the cart's once `is_in_cart`."""

    allocation_id: int
    parcel_id: int
    wave_id: int
    slot: int
    parcel_status: int
    line_ref: int
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_id: int
    lot_code: str
    expires_on: date | None
    bin_id: int
    bin_code: str
    sequence: int
    quantity: int
    is_in_cart: bool
    is_held: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Units of a SKU that a parcel was planned with."""

    parcel_id: int
    line_id: int
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """Units of a lot that left in a parcel, from the ledger."""

    parcel_id: int
    line_id: int | None
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_code: str
    expires_on: date | None
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class LotCard:
    """A lot found by its code; codes are unique with their SKU only, so there may be several."""

    id: int
    code: str
    expires_on: date | None
    sku_id: int
    sku_code: str
    sku_name: str
    is_held: bool


def list_open_waves(facility_ids: Sequence[int]) -> list[Wave]:
    """Waves that have not left; there are never more than carts."""
    found = Wave.objects.filter(status__lt=WaveStatus.SHIPPED, facility_id__in=facility_ids)
    return list(found.select_related("tote").order_by("created_at", "id")[:500])


def count_waves(wave_ids: Sequence[int]) -> dict[int, WaveCounts]:
    """How far each wave is."""
    found = db.rows(sql.WAVE_COUNTS, current_tenant(), db.array(wave_ids))
    return {row[0]: WaveCounts(*row[1:]) for row in found}


def list_waiting(facility_ids: Sequence[int]) -> list[Waiting]:
    """What could be released where."""
    found = db.rows(
        sql.WAITING, int(ParcelStatus.PLANNED), COUNT_MOST, current_tenant(), db.array(facility_ids)
    )
    return [Waiting(*row) for row in found]


def list_picks(wave_id: int) -> list[Pick]:
    """Instructions of a wave, also those that are done, by slot; the first PICKS_MOST."""
    return [Pick(*row) for row in db.rows(sql.PICKS_OF_WAVE, current_tenant(), wave_id, PICKS_MOST)]


def list_picks_of_parcel(parcel_id: int) -> list[Pick]:
    return [Pick(*row) for row in db.rows(sql.PICKS_OF_PARCEL, current_tenant(), parcel_id)]


def find_pick(wave_id: int, allocation_id: int) -> Pick | None:
    found = db.rows(sql.ONE_PICK, current_tenant(), allocation_id, wave_id)
    return Pick(*found[0]) if found else None


def walk(picks: Iterable[Pick]) -> list[Pick]:
    """What is still to be taken, in the order of the picker's walk."""
    open_picks = {
        pick.allocation_id: pick
        for pick in picks
        if not pick.is_in_cart and pick.parcel_status == ParcelStatus.RELEASED
    }
    tasks = (PickTask(pick.allocation_id, pick.sequence, pick.bin_id) for pick in open_picks.values())
    return [open_picks[id_] for id_ in pick_order(tasks)]


def list_lines(parcel_ids: Sequence[int]) -> dict[int, list[Line]]:
    """Parcel -> what it was planned with."""
    found: dict[int, list[Line]] = defaultdict(list)
    for row in db.rows(sql.LINES, current_tenant(), db.array(parcel_ids)):
        found[row[0]].append(Line(*row))
    return found


def list_shipped_lines(parcel_ids: Sequence[int]) -> dict[int, list[ShippedLine]]:
    """Parcel -> what left in it, by lot."""
    found: dict[int, list[ShippedLine]] = defaultdict(list)
    for row in db.rows(sql.SHIPPED_LINES, current_tenant(), db.array(parcel_ids)):
        found[row[0]].append(ShippedLine(*row))
    return found


def list_other_lots(pick: Pick) -> list[tuple[str, date | None]]:
    """Other lots of the same goods in the bin of an instruction: while there are any, a plain barcode proves nothing."""
    found = db.rows(sql.OTHER_LOTS, current_tenant(), pick.bin_id, pick.sku_id, pick.lot_id)
    return [(row[0], row[1]) for row in found]


def list_lots_by_code(codes: Iterable[str]) -> list[LotCard]:
    found = db.rows(sql.LOTS_BY_CODE, current_tenant(), db.array(sorted(set(codes))))
    return [LotCard(*row) for row in found]


def list_parcels_of_wave(wave_id: int) -> list[Parcel]:
    """The first PARCELS_SHOWN of a wave, by slot."""
    return list(Parcel.objects.defer("label").filter(wave_id=wave_id).order_by("slot", "id")[:PARCELS_SHOWN])


def list_parcels_on_floor(facility_ids: Sequence[int], limit: int) -> list[Parcel]:
    """Parcels in open waves, earliest deadline first."""
    open_waves = [wave.id for wave in list_open_waves(facility_ids)]
    found = (
        Parcel.objects.defer("label")
        .select_related("wave")
        .filter(wave_id__in=open_waves, status__in=(ParcelStatus.RELEASED, ParcelStatus.PICKED))
    )
    return list(found.order_by("ship_by", "id")[:limit])


def list_parcels_just_shipped(facility_ids: Sequence[int], limit: int) -> list[Parcel]:
    """Parcels of the newest waves that left, newest first; older ones are found through their waves."""
    newest = (
        Wave.objects.filter(facility_id__in=facility_ids)
        .order_by("-created_at", "-id")
        .values_list("id", flat=True)[:RECENT_WAVES]
    )
    found = (
        Parcel.objects.defer("label")
        .select_related("wave")
        .filter(wave_id__in=list(newest), status=ParcelStatus.SHIPPED)
    )
    return list(found.order_by("-shipped_at", "id")[:limit])
