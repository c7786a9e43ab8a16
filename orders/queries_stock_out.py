"""Reads of the stock that channels are told.  Each costs a constant number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from core import db
from core.tenancy import current_tenant
from orders.models import Channel, Listing, StockLevel, StockOut, StockStrategy

COUNT_MOST = 10_000
# (tenant, tenant, tenant): channel -> numbers, those that wait, those that were refused, up to COUNT_MOST
_COUNTS = f"""
    SELECT s.channel_id, n.rows, n.waiting, n.refused FROM orders_stockout s CROSS JOIN LATERAL (
        SELECT count(*)::int AS rows, count(*) FILTER (WHERE l.state = 1)::int AS waiting,
            count(*) FILTER (WHERE l.state = 3)::int AS refused
        FROM (SELECT x.state FROM orders_stocklevel x WHERE x.tenant_id = s.tenant_id AND x.channel_id = s.channel_id
            LIMIT {COUNT_MOST}) l) n
    WHERE s.tenant_id = %s
"""


@dataclass(frozen=True, slots=True)
class Counts:
    rows: int = 0
    waiting: int = 0
    refused: int = 0


def list_outs() -> list[tuple[Channel, StockOut | None, Counts]]:
    """Channels by name, whether they are told of stock, and how far that is.  Three statements."""
    outs = {row.channel_id: row for row in StockOut.objects.all()}
    counts = {row[0]: Counts(*row[1:]) for row in db.rows(_COUNTS, current_tenant())}
    channels = Channel.objects.filter(is_active=True).order_by("name", "id")[:300]
    return [(channel, outs.get(channel.id), counts.get(channel.id, Counts())) for channel in channels]


def find_out(channel_id: int) -> StockOut | None:
    return StockOut.objects.filter(channel_id=channel_id).first()


def find_general(channel_id: int) -> StockStrategy | None:
    """The strategy of all SKUs that have no row of their own."""
    return StockStrategy.objects.filter(channel_id=channel_id, sku__isnull=True).first()


def list_own(channel_id: int, sku_ids: Sequence[int]) -> dict[int, StockStrategy]:
    """SKU -> its own strategy, of those that have one."""
    rows = StockStrategy.objects.filter(channel_id=channel_id, sku_id__in=sku_ids)
    return {row.sku_id: row for row in rows if row.sku_id is not None}


def list_listings(channel_id: int, sku_ids: Sequence[int]) -> dict[int, list[Listing]]:
    """SKU -> what the platform calls it, in the order it was said."""
    found: dict[int, list[Listing]] = defaultdict(list)
    for row in Listing.objects.filter(channel_id=channel_id, sku_id__in=sku_ids).order_by("id"):
        found[row.sku_id].append(row)
    return found


def list_levels(channel_id: int) -> QuerySet[StockLevel]:
    return StockLevel.objects.filter(channel_id=channel_id).select_related("sku")
