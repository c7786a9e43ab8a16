"""Warehouses and stores: made, changed, archived instead of deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.errors import Conflict, Invalid
from core.services import accounts
from core.tenancy import current_tenant
from inventory import places_sql
from inventory.errors import UnknownPlace
from inventory.models import Facility, FacilityKind

LAT_MOST, LNG_MOST = 90_000_000, 180_000_000


class FacilityInUse(Conflict):
    """Something is still there or on its way.  Fields: what (kind of thing -> how much), papers (kind -> the first numbers)."""

    code = "facility_in_use"


@dataclass(frozen=True, slots=True)
class FacilityInput:
    """A facility as it is entered.  `point_e6`: latitude and longitude in micro-degrees; hours in the tenant's time zone."""

    code: str
    name: str
    kind: FacilityKind = FacilityKind.WAREHOUSE
    address: str = ""
    point_e6: tuple[int, int] | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    capacity: int = 20


def save_facilities(facilities: Sequence[FacilityInput], *, actor_id: int | None) -> dict[str, int]:
    """Make these facilities or bring them up to date, by code; code -> id.  The kind of one that is there stays what it is.

    Raises Invalid (naming the code) for a position off the globe, or opening hours with one end.
    """
    for one in facilities:
        _check(one)
    made = db.rows(
        "INSERT INTO inventory_facility (tenant_id, id, code, name, kind, address, lat_e6, lng_e6, opens_at, closes_at, capacity)"
        " SELECT %s, u.* FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::time[],"
        " %s::time[], %s::int[]) u ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name, address = excluded.address,"
        " lat_e6 = excluded.lat_e6, lng_e6 = excluded.lng_e6, opens_at = excluded.opens_at, closes_at = excluded.closes_at,"
        " capacity = excluded.capacity RETURNING code, id",
        current_tenant(),
        db.array(db.new_ids(len(facilities))),
        db.array([one.code for one in facilities]),
        db.array([one.name for one in facilities]),
        db.array([one.kind.value for one in facilities]),
        db.array([one.address for one in facilities]),
        db.array([one.point_e6[0] if one.point_e6 else None for one in facilities]),
        db.array([one.point_e6[1] if one.point_e6 else None for one in facilities]),
        db.array([one.opens_at for one in facilities]),
        db.array([one.closes_at for one in facilities]),
        db.array([one.capacity for one in facilities]),
    )
    ids = {code: int(id_) for code, id_ in made}
    accounts.record(
        "save", "facility", min(ids.values()), actor_id=actor_id, detail={"codes": sorted(ids)[:100]}
    )
    return ids


def archive_facility(*, facility_id: int, actor_id: int | None) -> None:
    """It is offered nowhere any more; its history stays.  Locks the facility.  Raises UnknownPlace, FacilityInUse that says what is still
    there: stock, promises, and which transfers, purchase orders, counts and adjustments are not done."""
    _lock(facility_id)
    tenant_id = current_tenant()
    place = (tenant_id, facility_id)
    found = db.rows(places_sql.FACILITY_IN_USE, *place, *place, *place, facility_id, *place, *place, *place)
    if found:
        words = {
            "stock": _("%(n)d 件货"),
            "promises": _("%(n)d 件占用"),
            "transfers": _("%(n)d 张没完的调拨单"),
            "purchases": _("%(n)d 张没完的采购单"),
            "counts": _("%(n)d 张没完的盘点单"),
            "adjustments": _("%(n)d 张等人同意的调整单"),
        }
        told = "、".join(_name(words[why] % {"n": count}, count, numbers) for why, count, numbers in found)
        raise FacilityInUse(
            _("没有停用：还有%(what)s。") % {"what": told},
            what={why: count for why, count, _numbers in found},
            papers={why: numbers for why, _count, numbers in found if numbers},
        )
    _set_active(facility_id, False, actor_id)


def _name(what: str, count: int, numbers: Sequence[str] | None) -> str:
    """Papers are named by their numbers, the first of many."""
    if not numbers:
        return what
    told = "、".join(numbers) + ("…" if count > len(numbers) else "")
    return _("%(what)s（%(numbers)s）") % {"what": what, "numbers": told}


def restore_facility(*, facility_id: int, actor_id: int | None) -> None:
    """It is in use again.  Raises UnknownPlace."""
    _lock(facility_id)
    _set_active(facility_id, True, actor_id)


def _check(one: FacilityInput) -> None:
    if one.point_e6 and not (abs(one.point_e6[0]) <= LAT_MOST and abs(one.point_e6[1]) <= LNG_MOST):
        raise Invalid(
            _("%(code)s 的经纬度不对。") % {"code": one.code}, code="bad_position", facility=one.code
        )
    if (one.opens_at is None) != (one.closes_at is None):
        raise Invalid(
            _("%(code)s 的开门和关门时间要么都填，要么都空着。") % {"code": one.code},
            code="bad_hours",
            facility=one.code,
        )


def _lock(facility_id: int) -> None:
    if not db.lock(Rank.DOCUMENT, Facility, "id", "id = %s", facility_id):
        raise UnknownPlace(_("没有这个仓库。"), facility_id=facility_id)


def _set_active(facility_id: int, is_active: bool, actor_id: int | None) -> None:
    db.execute(
        "UPDATE inventory_facility SET is_active = %s WHERE tenant_id = %s AND id = %s",
        is_active,
        current_tenant(),
        facility_id,
    )
    accounts.record("restore" if is_active else "archive", "facility", facility_id, actor_id=actor_id)
