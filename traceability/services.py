"""Stop what is left of a lot, and say what that did."""

from collections.abc import Sequence
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant
from inventory.models import HoldKind
from inventory.services import holds
from inventory.services.promises import lock_anchors


@dataclass(frozen=True, slots=True)
class Stopped:
    """The hold that was opened; owners (parcels) whose promise gave way; owners that have units of the lot and stop where they are."""

    hold_id: int
    broken: Sequence[int]
    stopped: Sequence[int]


def hold_rest(*, lot_id: int, document: str, reason: str, actor_id: int | None) -> Stopped:
    """Hold a lot everywhere as a recall, and tell which parcels lose their goods.

    Locks the anchors of the lot's places (hold_lots takes them again), so what gave way is counted exactly: reservations there before the
    hold that are gone after it.  Raises UnknownGoods.
    """
    tenant_id = current_tenant()
    places = db.rows(
        "SELECT DISTINCT facility_id, sku_id FROM inventory_balance WHERE tenant_id = %s AND lot_id = %s AND on_hand > 0",
        tenant_id,
        lot_id,
    )
    lock_anchors(places)
    before = _promised(places)
    hold_id = holds.hold_lots(
        lot_ids=[lot_id], kind=HoldKind.RECALL, document=document, reason=reason, actor_id=actor_id
    )[0]
    broken = before - _promised(places)
    stopped = db.rows(
        "SELECT DISTINCT a.owner_ref FROM inventory_balance b"
        " JOIN inventory_allocation a ON a.tenant_id = b.tenant_id AND a.balance_id = b.id"
        " WHERE b.tenant_id = %s AND b.lot_id = %s AND b.allocated > 0 ORDER BY 1",
        tenant_id,
        lot_id,
    )
    return Stopped(hold_id, tuple(sorted({owner for _id, owner in broken})), tuple(row[0] for row in stopped))


def _promised(places: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """(reservation, owner) at these places."""
    found = db.rows(
        "SELECT r.id, r.owner_ref FROM inventory_reservation r JOIN unnest(%s::bigint[], %s::bigint[]) u(facility_id, sku_id)"
        " ON r.facility_id = u.facility_id AND r.sku_id = u.sku_id WHERE r.tenant_id = %s",
        db.array([place[0] for place in places]),
        db.array([place[1] for place in places]),
        current_tenant(),
    )
    return {(row[0], row[1]) for row in found}
