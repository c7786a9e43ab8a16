"""Reads about places and the papers of the floor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from inventory import places_sql
from inventory.errors import UnknownDocument
from inventory.rules import put_away
from inventory.rules.put_away import EmptyBin, Stocked, Suggestion, Waiting
from inventory.sellable import first_sellable

PUT_AWAY_SHOWN = 200
EXPIRED_SHOWN = 500


@dataclass(frozen=True, slots=True)
class PutAwayLine:
    """Units of one lot in a receiving bin that nobody has, and the bin they should go to."""

    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_id: int
    lot_code: str
    expires_on: date | None
    from_bin_id: int
    from_bin: str
    quantity: int
    to_bin_id: int | None
    to_bin: str
    why: put_away.Why | None


@dataclass(frozen=True, slots=True)
class FacilityUse:
    """How much there is of a facility: bins in use and archived, SKUs and units in it."""

    bins: int
    archived_bins: int
    skus: int
    units: int


@dataclass(frozen=True, slots=True)
class BinUse:
    """What lies in a bin: units and kinds of goods; one of them by name when it is the only one."""

    units: int
    skus: int
    sku_code: str
    sku_name: str


@dataclass(frozen=True, slots=True)
class ExpiredRow:
    """Units of a lot that passed its last sellable day, in one bin."""

    facility_id: int
    bin_id: int
    bin_code: str
    bin_kind: int
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_id: int
    lot_code: str
    expires_on: date
    on_hand: int
    allocated: int
    cost_minor: int | None


@dataclass(frozen=True, slots=True)
class AdjustmentPaper:
    """The head of an adjustment, with the names that a page shows."""

    id: int
    number: str
    facility_id: int
    facility_name: str
    reason: int
    note: str
    status: int
    units: int
    value_minor: int | None
    count_number: str | None
    created_by: int | None
    created_name: str | None
    created_at: datetime
    decided_name: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """One line of an adjustment; `on_hand` is what lies there now."""

    bin_code: str
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_code: str
    expires_on: date | None
    delta: int
    on_hand: int
    cost_minor: int | None


@dataclass(frozen=True, slots=True)
class OpenHold:
    """An open hold with its scope in names; empty where the scope says nothing."""

    id: int
    kind: str
    facility_id: int | None
    facility_name: str | None
    bin_code: str | None
    sku_id: int | None
    sku_code: str | None
    sku_name: str | None
    lot_id: int | None
    lot_code: str | None
    document: str
    reason: str
    opened_name: str | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class LotInBin:
    """Units of one lot in one bin."""

    bin_id: int
    sku_id: int
    lot_id: int
    lot_code: str
    on_hand: int


def list_put_away(facility_id: int, *, limit: int = PUT_AWAY_SHOWN) -> tuple[list[PutAwayLine], bool]:
    """What waits in the receiving bins of a facility, first expired first, each with its bin; and whether there is more.  Three
    statements."""
    tenant_id = current_tenant()
    found = db.rows(places_sql.WAITING, tenant_id, facility_id, limit + 1)
    rows = found[:limit]
    waiting = [Waiting(row[0], row[4]) for row in rows]
    stocked = db.rows(
        places_sql.STOCKED_BINS, tenant_id, facility_id, db.array(sorted({one.sku_id for one in waiting}))
    )
    codes = {row[0]: row[4] for row in stocked}
    wanted = {one.sku_id for one in waiting} - {row[2] for row in stocked}
    empty = db.rows(places_sql.EMPTY_BINS, tenant_id, facility_id, len(wanted)) if wanted else []
    codes |= {row[0]: row[2] for row in empty}
    plan = put_away.suggest(
        waiting, [Stocked(*row[:4]) for row in stocked], [EmptyBin(row[0], row[1]) for row in empty]
    )
    return [_line(row, plan.get(Waiting(row[0], row[4])), codes) for row in rows], len(found) > limit


def _line(row: tuple[Any, ...], to: Suggestion | None, codes: dict[int, str]) -> PutAwayLine:
    home: tuple[Any, ...] = (to.bin_id, codes[to.bin_id], to.why) if to else (None, "", None)
    return PutAwayLine(*row, *home)


def list_facility_uses(facility_ids: Sequence[int]) -> dict[int, FacilityUse]:
    """Two statements."""
    tenant_id, ids = current_tenant(), db.array(facility_ids)
    bins = {row[0]: row[1:] for row in db.rows(places_sql.BINS_OF_FACILITIES, tenant_id, ids)}
    goods = {row[0]: row[1:] for row in db.rows(places_sql.GOODS_OF_FACILITIES, tenant_id, ids)}
    return {id_: FacilityUse(*bins.get(id_, (0, 0)), *goods.get(id_, (0, 0))) for id_ in facility_ids}


def list_bin_uses(bin_ids: Sequence[int]) -> dict[int, BinUse]:
    """What lies in these bins; bins with nothing are not named."""
    found = db.rows(places_sql.GOODS_OF_BINS, current_tenant(), db.array(bin_ids))
    return {row[0]: BinUse(*row[1:]) for row in found}


def list_zones(facility_id: int) -> list[str]:
    """The zones that its bins name, in order."""
    found = db.rows(
        "SELECT DISTINCT zone FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND zone <> '' ORDER BY 1",
        current_tenant(),
        facility_id,
    )
    return [row[0] for row in found]


def list_expired(facility_id: int, *, limit: int = EXPIRED_SHOWN) -> list[ExpiredRow]:
    """What is expired at a facility and no parcel's, the oldest first.  What "expired" means is first_sellable's to say."""
    found = db.rows(places_sql.EXPIRED, current_tenant(), facility_id, first_sellable(), limit)
    return [ExpiredRow(*row) for row in found]


def get_adjustment(adjustment_id: int) -> AdjustmentPaper:
    """Raises UnknownDocument, also for another tenant's."""
    found = db.rows(places_sql.ADJUSTMENT, current_tenant(), adjustment_id)
    if not found:
        raise UnknownDocument(_("没有这张调整单。"), adjustment_id=adjustment_id)
    return AdjustmentPaper(*found[0])


def list_adjustment_rows(adjustment_id: int) -> list[AdjustmentRow]:
    return [
        AdjustmentRow(*row) for row in db.rows(places_sql.ADJUSTMENT_LINES, current_tenant(), adjustment_id)
    ]


def count_pending(facility_ids: Sequence[int] | None) -> int:
    """Adjustments that wait for a second person."""
    return int(
        db.rows(
            "SELECT count(*) FROM inventory_adjustment WHERE tenant_id = %s AND status = 0"
            " AND (%s::bigint[] IS NULL OR facility_id = ANY (%s::bigint[]))",
            current_tenant(),
            *(None if facility_ids is None else db.array(facility_ids),) * 2,
        )[0][0]
    )


def list_open_holds(facility_ids: Sequence[int] | None, *, limit: int) -> list[OpenHold]:
    """Open holds that concern these facilities (all of them for None), the newest first."""
    ids = None if facility_ids is None else db.array(facility_ids)
    return [OpenHold(*row) for row in db.rows(places_sql.OPEN_HOLDS, current_tenant(), ids, ids, ids, limit)]


def find_lots(pairs: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """(SKU, lot code) -> lot id, for those that exist."""
    wanted = sorted(set(pairs))
    found = db.rows(
        "SELECT l.sku_id, l.code, l.id FROM inventory_lot l JOIN unnest(%s::bigint[], %s::text[]) u(sku_id, code)"
        " ON l.sku_id = u.sku_id AND l.code = u.code WHERE l.tenant_id = %s",
        db.array([sku_id for sku_id, _code in wanted]),
        db.array([code for _sku, code in wanted]),
        current_tenant(),
    )
    return {(sku_id, code): lot_id for sku_id, code, lot_id in found}


def list_lots_in_bins(bin_ids: Sequence[int], sku_ids: Sequence[int]) -> list[LotInBin]:
    """What lies in these bins of these goods, by bin, SKU and expiry."""
    found = db.rows(
        "SELECT b.bin_id, b.sku_id, b.lot_id, l.code, b.on_hand FROM inventory_balance b"
        " JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
        " WHERE b.tenant_id = %s AND b.bin_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) AND b.on_hand > 0"
        " ORDER BY b.bin_id, b.sku_id, coalesce(l.expires_on, '9999-12-31'), l.code",
        current_tenant(),
        db.array(bin_ids),
        db.array(sku_ids),
    )
    return [LotInBin(*row) for row in found]
