"""Stop what is left of a lot, and say what that did."""

from collections.abc import Sequence
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant
from inventory.models import HoldKind
from inventory.services import holds


@dataclass(frozen=True, slots=True)
class Stopped:
    """The hold that was opened; owners (parcels) whose promise gave way; owners that have units of the lot and stop where they are."""

    hold_id: int
    broken: Sequence[int]
    stopped: Sequence[int]


def hold_rest(*, lot_id: int, document: str, reason: str, actor_id: int | None) -> Stopped:
    """Hold a lot everywhere as a recall, and tell which parcels lose their goods.

    Locks as holds.stop_lots.  Raises UnknownGoods.
    """
    held = holds.stop_lots(
        lot_ids=[lot_id], kind=HoldKind.RECALL, document=document, reason=reason, actor_id=actor_id
    )
    stopped = db.rows(
        "SELECT DISTINCT a.owner_ref FROM inventory_balance b"
        " JOIN inventory_allocation a ON a.tenant_id = b.tenant_id AND a.balance_id = b.id"
        " WHERE b.tenant_id = %s AND b.lot_id = %s AND b.allocated > 0 ORDER BY 1",
        current_tenant(),
        lot_id,
    )
    return Stopped(held.hold_ids[0], held.broken_owners, tuple(row[0] for row in stopped))
