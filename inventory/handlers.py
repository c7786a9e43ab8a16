"""What stock does when it has said a fact itself: the second look, after the commit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from core import db
from core.tenancy import current_tenant
from inventory.mailing import mail_digest
from inventory.queries.digests import get_digest
from inventory.services.bins import settle_stopped
from inventory.services.lot_dates import settle_shortened
from inventory.services.promises import settle_promises


def on_lots_held(payload: Mapping[str, Any]) -> None:
    """A facility that received the lot for the first time in the instant of the hold was not locked by it: its promises are settled now.

    Whoever looks after the hold's commit sees it, so promises that count on the lot were given before, and this look waits for them at
    the anchor.  What was allocated stays where it is: picks and shipments read holds under their own locks.
    """
    places = db.rows(
        "SELECT DISTINCT facility_id, sku_id FROM inventory_balance WHERE tenant_id = %s AND lot_id = ANY (%s::bigint[]) AND on_hand > 0",
        current_tenant(),
        db.array(payload["lot_ids"]),
    )
    _settle(places)


def on_lots_shortened(payload: Mapping[str, Any]) -> None:
    """A facility that received the lot in the instant in which its date was brought forward was not locked: it is settled now."""
    settle_shortened(lot_ids=payload["lot_ids"])


def on_bins_stopped_selling(payload: Mapping[str, Any]) -> None:
    """Goods that came to a bin in the instant in which it stopped selling were not seen: what was promised of them is settled now."""
    settle_stopped(facility_id=payload["facility_id"], bin_ids=payload["bin_ids"])


def on_places_held(payload: Mapping[str, Any]) -> None:
    """Goods that came to the place in the instant of the hold were not seen by it: what was promised of them is settled now."""
    places = db.rows(
        "SELECT DISTINCT b.facility_id, b.sku_id FROM inventory_hold h JOIN inventory_balance b ON b.tenant_id = h.tenant_id"
        " AND b.facility_id = h.facility_id AND (h.bin_id IS NULL OR b.bin_id = h.bin_id) AND (h.lot_id IS NULL OR b.lot_id = h.lot_id)"
        " WHERE h.tenant_id = %s AND h.id = ANY (%s::bigint[]) AND b.on_hand > 0",
        current_tenant(),
        db.array(payload["hold_ids"]),
    )
    _settle(places)


def _settle(places: Iterable[tuple[Any, ...]]) -> None:
    """(facility, SKU) pairs, facility by facility."""
    skus: dict[int, list[int]] = defaultdict(list)
    for facility_id, sku_id in places:
        skus[facility_id].append(sku_id)
    for facility_id in sorted(skus):
        settle_promises(facility_id, skus[facility_id])


def on_stock_digest_written(payload: Mapping[str, Any]) -> None:
    """The morning's warnings go to those who look after stock."""
    digest = get_digest(payload["digest_id"])
    mail_digest(digest.day, digest.content)
