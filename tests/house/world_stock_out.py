"""A row of everything about the stock that channels are told, written straight into the tables."""

from django.db import models

from core import db
from inventory.models import Sku
from orders.models import Channel, LevelState, Listing, StockLevel, StockOut, StockStrategy

Ids = dict[type[models.Model], int]


def make_stock_out(ids: Ids) -> None:
    """A channel that is not told just now, what it lists, how much of it, and the number."""
    channel, sku = ids[Channel], ids[Sku]
    _keep(ids, StockOut(channel_id=channel, is_on=False))
    _keep(ids, Listing(channel_id=channel, sku_id=sku, item="700", variant="1"))
    _keep(ids, StockStrategy(channel_id=channel, sku_id=sku, share=50))
    parts = {"reservable": 9, "waiting": 1, "kept_back": 0, "set_aside": 0, "part": [1, 2], "fixed": 5}
    _keep(
        ids,
        StockLevel(
            channel_id=channel, sku_id=sku, units=4, said_units=3, parts=parts, state=LevelState.REFUSED,
            marked_at=None, code="gone", words="no such item",
        ),
    )  # fmt: skip


def _keep(ids: Ids, row: models.Model) -> None:
    row.pk = db.new_id()
    row.save(force_insert=True)
    ids[type(row)] = row.pk
