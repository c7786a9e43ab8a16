"""From what is missing to draft purchase orders."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from core import clock, db
from core.db import Rank
from inventory.errors import UnknownSupplier
from inventory.models import Supplier
from inventory.queries.replenishing import Place, list_last_bought, list_proposals
from inventory.rules.replenishing import Proposal
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput, create_purchases


def propose(*, facility_ids: Sequence[int], short: Mapping[Place, int]) -> tuple[Proposal, ...]:
    """What to buy for these facilities; `short`: (facility, SKU) -> paid units that could not be promised.  Reads only."""
    return list_proposals(facility_ids, short)


def order_proposals(
    *,
    chosen: Mapping[Place, int | None],
    short: Mapping[Place, int],
    default_supplier_id: int | None,
    actor_id: int | None,
) -> list[int]:
    """Draft orders for the chosen places, one a supplier and facility, each SKU from whom it was bought last; the drafts' ids.

    `chosen`: (facility, SKU) -> units, None for what is proposed.  What is no longer proposed is left out, so the same click twice makes
    one set of drafts: the suppliers are locked first, and drafts count as on order.  SKUs that were never bought go to
    `default_supplier_id`.  Raises UnknownSupplier when one has no supplier and no default was given; then nothing is done.
    """
    guess = list_last_bought(place[1] for place in chosen)
    suppliers = {one.supplier_id for one in guess.values()} | {default_supplier_id or 0}
    db.lock(Rank.DOCUMENT, Supplier, "id", "id = ANY (%s::bigint[])", db.array(sorted(suppliers)))
    facility_ids = sorted({place[0] for place in chosen})
    wanted = {
        (one.need.facility_id, one.need.sku_id): one.quantity for one in list_proposals(facility_ids, short)
    }
    orders: dict[tuple[int, int], list[PurchaseLineInput]] = defaultdict(list)
    for place, units in sorted(chosen.items()):
        if place not in wanted:
            continue
        last = guess.get(place[1])
        supplier_id = last.supplier_id if last else default_supplier_id
        if supplier_id is None:
            raise UnknownSupplier(_("有商品从来没买过，不知道找谁。先选一个默认供应商。"), sku_id=place[1])
        line = PurchaseLineInput(place[1], units or wanted[place], last.price_minor if last else None)
        orders[supplier_id, place[0]].append(line)
    if not orders:
        return []
    return create_purchases(
        purchases=[
            PurchaseInput(
                supplier_id, facility_id, tuple(lines), note=_("按建议 %(day)s") % {"day": clock.today()}
            )
            for (supplier_id, facility_id), lines in sorted(orders.items())
        ],
        actor_id=actor_id,
    )
