"""Bins as papers meet them: whose they are, whether they may be filled, what may be taken out of them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.tenancy import current_tenant
from inventory.errors import UnknownPlace, WrongState
from inventory.models import Balance, BinKind
from inventory.services.promises import lock_anchors

WORK_KINDS = (BinKind.TOTE, BinKind.PUT_WALL, BinKind.PACKING)
"""Where units lie on their way to a parcel: what is allocated there leaves with its parcel or goes back through it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A bin as a paper needs it."""

    id: int
    code: str
    kind: BinKind
    is_active: bool


def require_bins(
    facility_id: int, bin_ids: AbstractSet[int], *, filled: AbstractSet[int] = frozenset()
) -> dict[int, Place]:
    """These bins of the facility.  Raises UnknownPlace for others, WrongState where an archived bin would be `filled` and for the bin
    of goods on the road, which belongs to transfers."""
    found = db.rows(
        "SELECT id, code, kind, is_active FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        facility_id,
        db.array(sorted(bin_ids)),
    )
    places = {id_: Place(id_, code, BinKind(kind), is_active) for id_, code, kind, is_active in found}
    if bin_ids - places.keys():
        raise UnknownPlace(_("这个仓库里没有这个货位。"), bin_ids=sorted(bin_ids - places.keys()))
    for place in places.values():
        if place.kind == BinKind.TRANSIT:
            raise WrongState(
                _("%(bin)s 里是路上的货，在调拨单里收。") % {"bin": place.code},
                code="in_transit",
                bin=place.code,
            )
        if place.id in filled and not place.is_active:
            raise WrongState(
                _("货位 %(bin)s 已停用，不能再放货。") % {"bin": place.code},
                code="bin_archived",
                bin=place.code,
            )
    return places


def spare_work_bins(facility_id: int, taken: Mapping[int, int], places: Mapping[int, Place]) -> None:
    """Units that belong to a parcel are not taken out of its tote by a paper: balance -> units `taken`, balance -> its bin.

    Locks anchors and balances where a work bin gives something (nothing otherwise).  Raises WrongState.
    """
    work = sorted(id_ for id_ in taken if places[id_].kind in WORK_KINDS)
    if not work:
        return
    skus = db.rows(
        "SELECT DISTINCT facility_id, sku_id FROM inventory_balance WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(sorted(taken)),
    )
    lock_anchors(skus)
    sku_ids = db.array(sorted({sku_id for _facility, sku_id in skus}))
    locked = db.lock(
        Rank.STOCK,
        Balance,
        "id, on_hand - allocated",
        "facility_id = %s AND sku_id = ANY (%s::bigint[])",
        facility_id,
        sku_ids,
    )
    free = dict(locked)
    for id_ in work:
        if taken[id_] > free[id_]:
            raise WrongState(
                _("%(bin)s 里有 %(n)d 件是包裹的货，先在波次里放回货位。")
                % {"bin": places[id_].code, "n": taken[id_] - free[id_]},
                code="in_work",
                bin=places[id_].code,
            )
