"""Hold and clear: rows that overlap; clearing one never touches another."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from core import db, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import StockHeld, UnknownGoods
from inventory.models import Balance, Hold, HoldKind
from inventory.services.promises import lock_anchors, settle_promises


def hold_lots(
    *, lot_ids: Sequence[int], kind: HoldKind, document: str, reason: str, actor_id: int | None
) -> tuple[int, ...]:
    """Stop these lots everywhere; returns the holds' ids, in the order of `lot_ids`.

    One short transaction: it locks the anchors of the SKUs at every facility that has them, then the lots' balances.  So from its commit
    no reserve and no allocate counts these units, and a pick or a shipment that is under way has committed before it; the next ones read
    the hold under their own lock.  Promises that no longer fit give way (PromisesBroken).  Raises UnknownGoods.
    """
    tenant_id = current_tenant()
    lots = dict(
        db.rows(
            "SELECT id, sku_id FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            tenant_id,
            db.array(lot_ids),
        )
    )
    if set(lot_ids) - lots.keys():
        raise UnknownGoods(_("没有这个批次。"), lot_ids=sorted(set(lot_ids) - lots.keys()))
    places = db.rows(
        "SELECT DISTINCT facility_id, sku_id FROM inventory_balance WHERE tenant_id = %s AND lot_id = ANY (%s::bigint[]) AND on_hand > 0",
        tenant_id,
        db.array(lot_ids),
    )
    lock_anchors(places)
    db.lock(Rank.STOCK, Balance, "id", "lot_id = ANY (%s::bigint[]) AND on_hand > 0", db.array(sorted(lots)))
    ids = tuple(db.new_ids(len(lot_ids)))
    db.insert(
        Hold,
        ["id", "kind", "lot", "sku", "document", "reason", "opened_by"],
        [
            (id_, kind.value, lot_id, lots[lot_id], document, reason, actor_id)
            for id_, lot_id in zip(ids, lot_ids, strict=True)
        ],
    )
    for facility_id in sorted({place[0] for place in places}):
        settle_promises(facility_id, [sku_id for facility, sku_id in places if facility == facility_id])
    accounts.record(
        "hold",
        "lot",
        lot_ids[0],
        actor_id=actor_id,
        detail={"lots": list(lot_ids), "document": document, "reason": reason},
    )
    outbox.emit("LotsHeld", {"lot_ids": list(lot_ids), "hold_ids": list(ids)})
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
    outbox.emit("HoldsCleared", {"hold_ids": [hold_id], "lot_ids": [found[0][0]]})
