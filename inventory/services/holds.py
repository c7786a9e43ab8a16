"""Hold and clear: rows that overlap; clearing one never touches another."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import StockHeld, UnknownGoods, UnknownPlace
from inventory.models import Balance, Hold, HoldKind
from inventory.services.promises import lock_anchors, settle_promises


@dataclass(frozen=True, slots=True)
class PlaceToHold:
    """Everything at one facility or in one bin of it; of one lot only, when it is named."""

    facility_id: int
    bin_id: int | None = None
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class LotsStopped:
    """The holds that were opened, in the order of the lots, and owners whose promise gave way."""

    hold_ids: tuple[int, ...]
    broken_owners: tuple[int, ...]


def hold_lots(
    *, lot_ids: Sequence[int], kind: HoldKind, document: str, reason: str, actor_id: int | None
) -> tuple[int, ...]:
    """Stop these lots everywhere; returns the holds' ids, in the order of `lot_ids`.  As stop_lots."""
    return stop_lots(lot_ids=lot_ids, kind=kind, document=document, reason=reason, actor_id=actor_id).hold_ids


def stop_lots(
    *, lot_ids: Sequence[int], kind: HoldKind, document: str, reason: str, actor_id: int | None
) -> LotsStopped:
    """Stop these lots everywhere, and say what that broke.

    One short transaction: it locks the anchors of the SKUs at every facility that has or had them, then the lots' balances, also empty
    ones, so that goods which come into them wait.  From its commit no reserve and no allocate counts these units, and a pick or a shipment
    that is under way has committed before it; the next ones read the hold under their own lock.  Promises that no longer fit give way
    (PromisesBroken).  A facility that receives such a lot for the first time in this moment has no row to lock: LotsHeld, and promises
    there are settled after the commit.  Raises UnknownGoods.
    """
    lots = _skus_of_lots(lot_ids)
    places = db.rows(
        "SELECT DISTINCT facility_id, sku_id FROM inventory_balance WHERE tenant_id = %s AND lot_id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(lot_ids),
    )
    lock_anchors(places)
    db.lock(Rank.STOCK, Balance, "id", "lot_id = ANY (%s::bigint[])", db.array(sorted(lots)))
    ids = tuple(db.new_ids(len(lot_ids)))
    db.insert(
        Hold,
        ["id", "kind", "lot", "sku", "document", "reason", "opened_by"],
        [
            (id_, kind.value, lot_id, lots[lot_id], document, reason, actor_id)
            for id_, lot_id in zip(ids, lot_ids, strict=True)
        ],
    )
    broken: set[int] = set()
    for facility_id in sorted({place[0] for place in places}):
        broken |= set(
            settle_promises(facility_id, [sku_id for facility, sku_id in places if facility == facility_id])
        )
    accounts.record(
        "hold",
        "lot",
        lot_ids[0],
        actor_id=actor_id,
        detail={"lots": list(lot_ids), "document": document, "reason": reason},
    )
    outbox.emit("LotsHeld", {"lot_ids": list(lot_ids), "hold_ids": list(ids)})
    return LotsStopped(ids, tuple(sorted(broken)))


def hold_places(
    *, places: Sequence[PlaceToHold], kind: HoldKind, document: str, reason: str, actor_id: int | None
) -> tuple[int, ...]:
    """Stop what lies at these places, now and later, until each hold is cleared; their ids, in the order of `places`.

    Like hold_lots: locks the anchors of the SKUs that lie there, then their balances; promises that no longer fit give way
    (PromisesBroken).  What is allocated stays allocated: picks read the hold under their own lock and leave it.
    Raises UnknownPlace, UnknownGoods.
    """
    skus = _skus_of_lots([place.lot_id for place in places if place.lot_id is not None])
    _require_places(places)
    covered = _covered(places)
    lock_anchors((facility_id, sku_id) for facility_id, sku_id, _balance in covered)
    db.lock(Rank.STOCK, Balance, "id", "id = ANY (%s::bigint[])", db.array([row[2] for row in covered]))
    ids = tuple(db.new_ids(len(places)))
    db.insert(
        Hold,
        ["id", "kind", "lot", "facility", "bin", "sku", "document", "reason", "opened_by"],
        [
            (
                id_,
                kind.value,
                one.lot_id,
                one.facility_id,
                one.bin_id,
                None if one.lot_id is None else skus[one.lot_id],
                document,
                reason,
                actor_id,
            )
            for id_, one in zip(ids, places, strict=True)
        ],
    )
    touched: dict[int, set[int]] = defaultdict(set)
    for facility_id, sku_id, _balance in covered:
        touched[facility_id].add(sku_id)
    for facility_id in sorted(touched):
        settle_promises(facility_id, touched[facility_id])
    accounts.record(
        "hold",
        "facility",
        places[0].facility_id,
        actor_id=actor_id,
        detail={"holds": list(ids), "document": document, "reason": reason},
    )
    outbox.emit(
        "PlacesHeld", {"hold_ids": list(ids), "facility_ids": sorted({one.facility_id for one in places})}
    )
    return ids


def clear_hold(*, hold_id: int, actor_id: int | None) -> None:
    """Clear this hold and nothing else.  Raises UnknownGoods when there is none, StockHeld when it is cleared already."""
    found = db.rows(
        "UPDATE inventory_hold SET cleared_at = clock_timestamp(), cleared_by = %s WHERE tenant_id = %s AND id = %s AND cleared_at IS NULL"
        " RETURNING lot_id",
        actor_id,
        current_tenant(),
        hold_id,
    )
    if not found:
        if db.rows(
            "SELECT 1 FROM inventory_hold WHERE tenant_id = %s AND id = %s", current_tenant(), hold_id
        ):
            raise StockHeld(_("这条冻结已经解除了。"), code="hold_cleared", hold_id=hold_id)
        raise UnknownGoods(_("没有这条冻结。"), code="hold_not_found", hold_id=hold_id)
    accounts.record("clear", "hold", hold_id, actor_id=actor_id)
    lot_ids = [row[0] for row in found if row[0] is not None]
    outbox.emit("HoldsCleared", {"hold_ids": [hold_id], "lot_ids": lot_ids})


def _skus_of_lots(lot_ids: Sequence[int]) -> dict[int, int]:
    lots = dict(
        db.rows(
            "SELECT id, sku_id FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted(set(lot_ids))),
        )
    )
    if set(lot_ids) - lots.keys():
        raise UnknownGoods(_("没有这个批次。"), lot_ids=sorted(set(lot_ids) - lots.keys()))
    return lots


def _require_places(places: Sequence[PlaceToHold]) -> None:
    tenant_id = current_tenant()
    facilities = {one.facility_id for one in places}
    known = db.rows(
        "SELECT id FROM inventory_facility WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        tenant_id,
        db.array(sorted(facilities)),
    )
    if facilities - {row[0] for row in known}:
        raise UnknownPlace(_("没有这个仓库。"))
    bins = {(one.facility_id, one.bin_id) for one in places if one.bin_id is not None}
    there = db.rows(
        "SELECT facility_id, id FROM inventory_bin WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        tenant_id,
        db.array(sorted(bin_id for _facility, bin_id in bins)),
    )
    if bins - set(there):
        raise UnknownPlace(_("这个仓库里没有这个货位。"))


def _covered(places: Sequence[PlaceToHold]) -> list[tuple[int, int, int]]:
    """(facility, SKU, balance) of what lies there."""
    return db.rows(
        "SELECT b.facility_id, b.sku_id, b.id FROM inventory_balance b WHERE b.tenant_id = %s AND b.on_hand > 0"
        " AND b.facility_id = ANY (%s::bigint[])"
        " AND EXISTS (SELECT FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) p(facility_id, bin_id, lot_id)"
        " WHERE p.facility_id = b.facility_id AND (p.bin_id IS NULL OR p.bin_id = b.bin_id) AND (p.lot_id IS NULL OR p.lot_id = b.lot_id))"
        " ORDER BY b.id",
        current_tenant(),
        db.array(sorted({one.facility_id for one in places})),
        db.array([one.facility_id for one in places]),
        db.array([one.bin_id for one in places]),
        db.array([one.lot_id for one in places]),
    )
