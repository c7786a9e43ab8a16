"""The minimum expiry of every line, before stock is promised: how long goods must still last for this channel and this receiver."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from core import clock
from inventory.queries import minimum_expiry
from inventory.queries.shelf_life import ShelfLives, read_shelf_lives
from inventory.rules.shelf_life import Buyer
from orders.rules.values import Line, Sku
from orders.services.reading import ChannelFacts


class Floors:
    """What was read for some channels and SKUs; each pair of day and number of days becomes a date once."""

    def __init__(self, lives: ShelfLives | None, skus: Mapping[int, Sku]) -> None:
        self._lives = lives
        self._skus = skus
        self._is_plain = lives is None and not any(sku.min_days for sku in skus.values())
        self._today = clock.today()
        self._dates: dict[tuple[date, int], date] = {}

    def of(
        self, channel: ChannelFacts, customer_ref: int | None, leaves_on: date, lines: Iterable[Line]
    ) -> tuple[date, dict[int, date]]:
        """An order's minimum expiry, the strictest of its lines, and the SKUs that want less: SKU -> its own.

        Counted from the day the goods leave at the latest, and never from a day that has passed.
        """
        if self._is_plain:
            return self._date(leaves_on, channel.min_days), {}
        buyer = Buyer(channel.id, customer_ref, channel.min_days)
        days = {line.sku_id: self._days(line.sku_id, buyer) for line in lines if line.sku_id}
        most = max(days.values(), default=channel.min_days)
        return self._date(leaves_on, most), {
            sku_id: self._date(leaves_on, wanted) for sku_id, wanted in days.items() if wanted != most
        }

    def _days(self, sku_id: int, buyer: Buyer) -> int:
        if self._lives is None:
            return max(buyer.channel_days, self._skus[sku_id].min_days)
        return self._lives.days(sku_id, buyer)

    def _date(self, leaves_on: date, days: int) -> date:
        key = leaves_on, days
        if key not in self._dates:
            self._dates[key] = minimum_expiry(max(self._today, leaves_on), days)
        return self._dates[key]


def read_floors(
    channels: Sequence[ChannelFacts], skus: Mapping[int, Sku], customer_refs: Iterable[int | None]
) -> Floors:
    """One statement for a tenant that has rules of its own, none for the others."""
    if not any(channel.has_shelf_rules for channel in channels):
        return Floors(None, skus)
    customers = [ref for ref in customer_refs if ref is not None]
    return Floors(read_shelf_lives(skus, [channel.id for channel in channels], customers), skus)
