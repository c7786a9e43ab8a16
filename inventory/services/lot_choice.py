"""Which lots serve which wants: first expired first out, unless a SKU wants it otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core import db
from core.tenancy import current_tenant
from inventory.models import LotOrder
from inventory.queries import first_sellable, list_promised
from inventory.rules import fefo, lot_order
from inventory.rules.fefo import AllocationPlan, Shelf, Want
from inventory.rules.lot_order import Manner
from inventory.rules.promise import Promised

MANNERS = """
    SELECT id, lot_order, one_lot_per_parcel FROM inventory_sku
    WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND (lot_order <> 0 OR one_lot_per_parcel)
"""
LOTS_OF = "SELECT id, lot_id FROM inventory_balance WHERE tenant_id = %s AND id = ANY (%s::bigint[])"


def list_manners(sku_ids: Iterable[int]) -> dict[int, Manner]:
    """SKU -> how its lots are chosen, for those that are not simply first expired first out.  One statement."""
    found = db.rows(MANNERS, current_tenant(), db.array(sorted(set(sku_ids))))
    return {sku_id: Manner(order == LotOrder.FIFO, is_one_lot) for sku_id, order, is_one_lot in found}


def choose(
    facility_id: int, wants: Sequence[Want], shelves: Sequence[Shelf], manners: Mapping[int, Manner]
) -> AllocationPlan:
    """Lots for promised wants, each SKU in its manner (those not in `manners`: first expired first out).

    Under the anchors' locks.  No statement while every SKU is simply first expired first out, else one.
    """
    if not manners:
        return fefo.allocate(wants, shelves)
    plain = fefo.allocate([want for want in wants if want.sku_id not in manners], shelves)
    other = lot_order.allocate(
        [want for want in wants if want.sku_id in manners],
        [shelf for shelf in shelves if shelf.sku_id in manners],
        list_promised_now(facility_id, manners),
        manners,
    )
    return AllocationPlan((*plain.takes, *other.takes), {**plain.short, **other.short})


def choose_within_lots(
    wants: Sequence[Want], lot_of: Mapping[int, int], shelves: Iterable[Shelf]
) -> AllocationPlan:
    """Bins for wants whose lot is fixed (`lot_of`: want -> lot); short where the lot has no more."""
    return fefo.allocate(
        [replace(want, sku_id=lot_of[want.key]) for want in wants],
        [replace(shelf, sku_id=shelf.lot_id) for shelf in shelves],
    )


def choose_again(wants: Sequence[Want], had: Mapping[int, int], shelves: Sequence[Shelf]) -> AllocationPlan:
    """Other units for wants that lost theirs (`had`: want -> its old balance): first expired first out, but of goods of which a parcel
    holds one lot only units of that lot.  One statement, two for such goods.
    """
    manners = list_manners({want.sku_id for want in wants})
    fixed = [want for want in wants if want.sku_id in manners and manners[want.sku_id].is_one_lot]
    if not fixed:
        return fefo.allocate(wants, shelves)
    keys = {want.key for want in fixed}
    lots = dict(db.rows(LOTS_OF, current_tenant(), db.array({had[key] for key in keys})))
    plain = fefo.allocate([want for want in wants if want.key not in keys], shelves)
    same = choose_within_lots(fixed, {key: lots[had[key]] for key in keys}, shelves)
    return AllocationPlan((*plain.takes, *same.takes), {**plain.short, **same.short})


def list_promised_now(facility_id: int, sku_ids: Iterable[int]) -> list[Promised]:
    """Promises with the minimum that counts today: what is past its last sellable day serves nobody."""
    floor = first_sellable()
    return [
        replace(row, min_expires_on=max(row.min_expires_on, floor))
        for row in list_promised(facility_id, sku_ids)
    ]
