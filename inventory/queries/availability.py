"""What a channel could be promised now: the formula of reserve (rules.promise.available) for what the channel wants of its goods."""

from collections.abc import Mapping, Sequence
from datetime import date

from core import clock
from inventory.queries.shelf_life import read_shelf_lives
from inventory.queries.stock import list_available
from inventory.rules.shelf_life import Buyer
from inventory.sellable import minimum_expiry


def list_floors_for(
    sku_ids: Sequence[int], buyer: Buyer, *, leaves_on: date | None = None
) -> dict[int, date]:
    """SKU -> the minimum expiry of what leaves for this buyer on `leaves_on` (today).  One statement."""
    if not sku_ids:
        return {}
    lives = read_shelf_lives(
        sku_ids,
        () if buyer.channel_ref is None else (buyer.channel_ref,),
        () if buyer.customer_ref is None else (buyer.customer_ref,),
    )
    day = max(clock.today(), leaves_on or date.min)
    return {sku_id: minimum_expiry(day, lives.days(sku_id, buyer)) for sku_id in sku_ids}


def list_available_for(
    facility_ids: Sequence[int], sku_ids: Sequence[int], buyer: Buyer, *, leaves_on: date | None = None
) -> dict[tuple[int, int], int]:
    """(facility, SKU) -> units that reserve would accept now for this buyer, every pair named; three statements, however many.

    `leaves_on`: the latest day on which the goods would leave, from which the pipeline counts (an order of now and the channel's promise).
    """
    return list_at_floors(facility_ids, list_floors_for(sku_ids, buyer, leaves_on=leaves_on))


def list_at_floors(facility_ids: Sequence[int], floors: Mapping[int, date]) -> dict[tuple[int, int], int]:
    """The same for minimum expiries that are known: SKU -> its own.  Two statements."""
    return list_available(facility_ids, floors) if facility_ids and floors else {}
