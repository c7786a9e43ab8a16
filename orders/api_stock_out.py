"""Over REST: what channels are told of stock.  A shop without a connection may be read here by whoever serves it."""

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField, PlainText, WordField, batch
from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import Sort
from core.api.views import CommandView, ListView, RetrieveView, get_row
from inventory.api.shapes import Nothing
from inventory.models import UNITS_MOST
from inventory.services.catalogue import find_sku_ids
from orders.models import Channel, LevelState, Listing, StockLevel, StockOut, StockStrategy
from orders.services import stock_saying, stock_setup
from orders.services.stock_setup import ListingInput, StrategyInput

MOST = 1_000


class StockLevelRow(serializers.Serializer[Any]):
    """What one channel may say it has of one SKU, how that came about, and whether the platform has it."""

    id = IdField()
    channel_id = IdField()
    sku_id = IdField()
    units = serializers.IntegerField(allow_null=True, help_text="null: not computed yet")
    parts = serializers.DictField(
        help_text="reservable − waiting − kept_back − set_aside, times part, at most fixed"
    )
    computed_at = serializers.DateTimeField(allow_null=True)
    state = WordField(LevelState)
    said_units = serializers.IntegerField(allow_null=True, help_text="what the platform took last")
    said_at = serializers.DateTimeField(allow_null=True)
    delay_ms = serializers.IntegerField(allow_null=True, help_text="from the change to the platform's yes")
    attempts = serializers.IntegerField()
    code = serializers.CharField()
    words = serializers.CharField(help_text="the platform's own")
    oversold_units = serializers.IntegerField(help_text="ordered beyond what was there since said_at")


class StockOutRow(serializers.Serializer[Any]):
    """One channel that is told of stock, and how that goes."""

    id = IdField()
    channel_id = IdField()
    is_on = serializers.BooleanField()
    every_s = serializers.IntegerField()
    said_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="in a row")
    error_code = serializers.CharField()
    error_words = serializers.CharField()
    said_count = serializers.IntegerField()
    delay_ms_sum = serializers.IntegerField()
    delay_ms_most = serializers.IntegerField()
    missed_count = serializers.IntegerField(help_text="differences that no fact had told of")
    oversold_units = serializers.IntegerField()


class ListingRow(serializers.Serializer[Any]):
    """Goods as a channel lists them."""

    id = IdField()
    channel_id = IdField()
    sku_id = IdField()
    item = serializers.CharField(help_text="as the platform numbers it")
    variant = serializers.CharField(help_text="empty where the item has none")


class StrategyRow(serializers.Serializer[Any]):
    """How much of the pool a channel may say it has."""

    id = IdField()
    channel_id = IdField()
    sku_id = IdField(allow_null=True, help_text="null: all SKUs without a row of their own")
    share = serializers.IntegerField(help_text="percent")
    fixed = serializers.IntegerField(allow_null=True, help_text="units, instead of a share")
    kept_back = serializers.IntegerField()


class ListingShape(serializers.Serializer[Any]):
    channel = PlainText(max_length=32, help_text="code of the channel")
    sku = PlainText(max_length=64, help_text="merchant code or barcode")
    item = PlainText(max_length=64)
    variant = PlainText(max_length=64, allow_blank=True, default="")


class ListingBatch(serializers.Serializer[Any]):
    listings = batch(ListingShape(), most=MOST)


class StrategyShape(serializers.Serializer[Any]):
    channel = PlainText(max_length=32, help_text="code of the channel")
    sku = PlainText(max_length=64, allow_null=True, default=None, help_text="null: all")
    share = serializers.IntegerField(min_value=0, max_value=100, default=100)
    fixed = serializers.IntegerField(min_value=0, max_value=UNITS_MOST, allow_null=True, default=None)
    kept_back = serializers.IntegerField(min_value=0, max_value=UNITS_MOST, default=0)


class StrategyBatch(serializers.Serializer[Any]):
    strategies = batch(StrategyShape(), most=MOST)


class StockOutChanged(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


class LevelFilter(Filters):
    state = WordFilter(LevelState)
    channel = IdFilter()
    sku = IdFilter()


class PlaceFilter(Filters):
    channel = IdFilter()
    sku = IdFilter()


class StockLevels(ListView):
    """What channels are told of stock."""

    scope_area = "stock"
    row_class = StockLevelRow
    filterset_class = LevelFilter
    sorts = {"id": Sort("id")}
    queryset = StockLevel.objects.all()


class OneStockLevel(RetrieveView):
    """One number."""

    scope_area = "stock"
    row_class = StockLevelRow
    queryset = StockLevel.objects.all()


class StockOuts(ListView):
    """Channels that are told of stock."""

    scope_area = "stock"
    row_class = StockOutRow
    queryset = StockOut.objects.all()


class OneStockOut(RetrieveView):
    """One channel that is told of stock."""

    scope_area = "stock"
    row_class = StockOutRow
    queryset = StockOut.objects.all()


class SayStock(CommandView):
    """Compute and say everything of this channel again, at once.  Answers with the channel as it is now."""

    scope_area = "stock"
    serializer_class = Nothing
    answer_class = StockOutRow
    queryset = StockOut.objects.all()

    def post(self, request: Request, pk: int) -> Response:
        out: Any = get_row(StockOut.objects.all(), pk)
        stock_saying.say_now(channel_id=out.channel_id, actor_id=None)
        return Response(StockOutRow(get_row(StockOut.objects.all(), pk)).data)


class Listings(ListView):
    """Goods as channels list them.  POST saves up to 1,000; a listing that is known gets the SKU that is named now."""

    scope_area = "stock"
    row_class = ListingRow
    filterset_class = PlaceFilter
    queryset = Listing.objects.all()
    serializer_class = ListingBatch
    answer_class = StockOutChanged
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)["listings"]
        channels, skus = _ids("listings", asked)
        rows = [
            ListingInput(channels[row["channel"]], skus[row["sku"]], row["item"], row["variant"])
            for row in asked
        ]
        return Response({"changed": stock_setup.save_listings(listings=rows, actor_id=None)})


class OneListing(RetrieveView):
    """One listing."""

    scope_area = "stock"
    row_class = ListingRow
    queryset = Listing.objects.all()


class RemoveListing(CommandView):
    """It is listed there no more.  Answers with what it said."""

    scope_area = "stock"
    serializer_class = Nothing
    answer_class = ListingRow
    queryset = Listing.objects.all()

    def post(self, request: Request, pk: int) -> Response:
        was = ListingRow(get_row(Listing.objects.all(), pk)).data
        stock_setup.remove_listings(listing_ids=[pk], actor_id=None)
        return Response(was)


class Strategies(ListView):
    """How much channels may say they have.  POST sets up to 1,000, by channel and SKU."""

    scope_area = "stock"
    row_class = StrategyRow
    filterset_class = PlaceFilter
    queryset = StockStrategy.objects.all()
    serializer_class = StrategyBatch
    answer_class = StockOutChanged
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)["strategies"]
        channels, skus = _ids("strategies", asked)
        rows = [
            StrategyInput(
                channels[row["channel"]],
                skus[row["sku"]] if row["sku"] else None,
                row["share"],
                row["fixed"],
                row["kept_back"],
            )
            for row in asked
        ]
        stock_setup.save_strategies(strategies=rows, actor_id=None)
        return Response({"changed": len(rows)})


def _ids(name: str, asked: list[dict[str, Any]]) -> tuple[dict[str, int], dict[str, int]]:
    """Channels and SKUs by code.  Raises ValidationError that names every place."""
    skus = find_sku_ids([row["sku"] for row in asked if row["sku"]])
    channels = dict(
        Channel.objects.filter(code__in={row["channel"] for row in asked}).values_list("code", "id")
    )
    errors: list[dict[str, list[str]]] = [
        ({"channel": [_("没有这个店铺。")]} if row["channel"] not in channels else {})
        | ({"sku": [_("没有这个商品。")]} if row["sku"] and row["sku"] not in skus else {})
        for row in asked
    ]
    if any(errors):
        raise serializers.ValidationError({name: errors}, code="unknown")
    return channels, dict(skus)


urlpatterns = [
    path("stock-levels/", StockLevels.as_view(), name="stock_levels"),
    path("stock-levels/<int:pk>/", OneStockLevel.as_view(), name="stock_level"),
    path("stock-outs/", StockOuts.as_view(), name="stock_outs"),
    path("stock-outs/<int:pk>/", OneStockOut.as_view(), name="stock_out"),
    path("stock-outs/<int:pk>/say/", SayStock.as_view(), name="stock_out_say"),
    path("listings/", Listings.as_view(), name="listings"),
    path("listings/<int:pk>/", OneListing.as_view(), name="listing"),
    path("listings/<int:pk>/remove/", RemoveListing.as_view(), name="listing_remove"),
    path("stock-strategies/", Strategies.as_view(), name="stock_strategies"),
]
