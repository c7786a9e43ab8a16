"""Over REST: how long goods must still last for whom, and what a channel could be promised now."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import clock
from core.api.fields import IdField, PlainText, batch
from core.api.filters import Filters, IdFilter
from core.api.pagination import Sort, page_ids
from core.api.views import CommandView, ListView, RetrieveView, get_row
from core.errors import Invalid
from inventory.api.shapes import Nothing
from inventory.models import Category, Facility, ShelfLifeRule, Sku
from inventory.queries.availability import list_at_floors, list_floors_for
from inventory.rules.shelf_life import Buyer
from inventory.services.catalogue import find_sku_ids
from inventory.services.shelf_life import MOST_DAYS, RuleInput, remove_rule, save_rules
from orders.models import Channel, Order
from orders.services.reading import get_channel

MAX_RULES = 1_000
MAX_PLACES = 50


class RuleRow(serializers.Serializer[Any]):
    id = IdField()
    sku_id = IdField(allow_null=True)
    category_id = IdField(allow_null=True)
    channel_id = IdField(source="channel_ref", allow_null=True)
    customer = serializers.IntegerField(
        source="customer_ref", allow_null=True, help_text="receiver of an order, as a keyed hash"
    )
    min_days = serializers.IntegerField()
    replaces = serializers.BooleanField()
    note = serializers.CharField()


class RuleShape(serializers.Serializer[Any]):
    """What it does not name it does not ask about.  `customer_of`: number of an order; the rule is for its receiver."""

    min_days = serializers.IntegerField(min_value=0, max_value=MOST_DAYS)
    replaces = serializers.BooleanField(
        default=False, help_text="stands instead of all other rules, the SKU's and the channel's own too"
    )
    sku = PlainText(max_length=64, allow_null=True, default=None, help_text="merchant code or barcode")
    category = PlainText(max_length=120, allow_null=True, default=None, help_text="path; counts below it too")
    channel = PlainText(max_length=32, allow_null=True, default=None, help_text="code of the channel")
    customer_of = PlainText(max_length=64, allow_null=True, default=None)
    note = PlainText(max_length=100, allow_blank=True, default="")


class RuleBatch(serializers.Serializer[Any]):
    rules = batch(RuleShape(), most=MAX_RULES)


class RuleBatchResult(serializers.Serializer[Any]):
    ids = serializers.ListField(child=IdField(), help_text="in the order of the rules")


class RuleFilter(Filters):
    sku = IdFilter()
    category = IdFilter()
    channel = IdFilter(field_name="channel_ref")


class Rules(ListView):
    """Rules about remaining shelf life.  POST sets up to 1,000; one that names the same things as an older one changes it."""

    scope_area = "stock"
    row_class = RuleRow
    filterset_class = RuleFilter
    queryset = ShelfLifeRule.objects.all()
    serializer_class = RuleBatch
    answer_class = RuleBatchResult
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        ids = save_rules(rules=read_rules(self.body(request)["rules"]), actor_id=None)
        return Response({"ids": ids})


class OneRule(RetrieveView):
    """One rule."""

    scope_area = "stock"
    row_class = RuleRow
    queryset = ShelfLifeRule.objects.all()


class RemoveRule(CommandView):
    """The rule counts no longer for what is promised from now on.  Answers with what it said."""

    scope_area = "stock"
    serializer_class = Nothing
    answer_class = RuleRow
    queryset = ShelfLifeRule.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        was = RuleRow(get_row(ShelfLifeRule.objects.all(), pk)).data
        remove_rule(rule_id=pk, actor_id=None)
        return Response(was)


def read_rules(asked: Sequence[Mapping[str, Any]]) -> list[RuleInput]:
    """From codes to ids.  Raises ValidationError that names every place."""
    skus = find_sku_ids([row["sku"] for row in asked if row["sku"]])
    paths = {row["category"] for row in asked if row["category"]}
    categories = dict(Category.objects.filter(path__in=paths).values_list("path", "id"))
    codes = {row["channel"] for row in asked if row["channel"]}
    channels = dict(Channel.objects.filter(code__in=codes).values_list("code", "id"))
    numbers = {row["customer_of"] for row in asked if row["customer_of"]}
    customers = dict(
        Order.objects.filter(number__in=numbers, receiver_key__isnull=False).values_list(
            "number", "receiver_key"
        )
    )
    known: dict[str, tuple[Mapping[str, int | None], str]] = {
        "sku": (skus, _("没有这个商品。")),
        "category": (categories, _("没有这个类目。")),
        "channel": (channels, _("没有这个店铺。")),
        "customer_of": (customers, _("没有这张单，或者它的收件人是打了码的。")),
    }
    errors = [
        {name: [text] for name, (found, text) in known.items() if row[name] and row[name] not in found}
        for row in asked
    ]
    if any(errors):
        raise serializers.ValidationError({"rules": errors}, code="unknown")
    return [
        RuleInput(
            row["min_days"],
            row["replaces"],
            skus.get(row["sku"]),
            categories.get(row["category"]),
            channels.get(row["channel"]),
            customers.get(row["customer_of"]),
            row["note"],
        )
        for row in asked
    ]


class AvailabilityPlace(serializers.Serializer[Any]):
    facility_id = IdField()
    available = serializers.IntegerField()


class AvailabilityRow(serializers.Serializer[Any]):
    sku_id = IdField(source="id")
    sku = serializers.CharField(source="code")
    min_expires_on = serializers.DateField(
        help_text="what an order of now would be promised expires then or later"
    )
    places = AvailabilityPlace(many=True)


class AvailabilityFilter(Filters):
    sku = IdFilter(field_name="id")
    code = filters.CharFilter()
    facility = IdFilter(method="elsewhere", help_text=f"needed when there are more than {MAX_PLACES}")
    channel = IdFilter(method="elsewhere", help_text="its shelf life rules and its latest ship date count")

    def elsewhere(self, queryset: QuerySet[Sku], name: str, value: int) -> QuerySet[Sku]:
        return queryset


class Availability(ListView):
    """What could be promised now, by SKU and facility: as many units as an order of this moment would be granted, and not one more.

    The same function as the reservation itself.  Goods of which a parcel holds one lot only are granted lot by lot: for them it is
    what is free in all lots together.
    """

    scope_area = "stock"
    row_class = AvailabilityRow
    filterset_class = AvailabilityFilter
    sorts = {"code": Sort("code"), "id": Sort("id")}
    queryset = Sku.objects.filter(is_active=True)

    def fill(self, rows: Sequence[Any]) -> None:
        asked = self.request.query_params
        places = _places(asked.get("facility"))
        channel = get_channel(int(asked["channel"])) if asked.get("channel") else None
        buyer = Buyer(channel.id, None, channel.min_days) if channel else Buyer()
        leaves_on = clock.day_of(clock.now() + timedelta(hours=channel.ship_within_h)) if channel else None
        ids = page_ids(rows)
        floors = list_floors_for(ids, buyer, leaves_on=leaves_on)
        units = list_at_floors(places, floors)
        for row in rows:
            row.min_expires_on = floors[row.id]
            row.places = [{"facility_id": place, "available": units[place, row.id]} for place in places]


def _places(asked: str | None) -> list[int]:
    if asked:
        return [int(get_row(Facility.objects.all(), int(asked)).pk)]
    ids = list(
        Facility.objects.filter(is_active=True)
        .order_by("code")
        .values_list("id", flat=True)[: MAX_PLACES + 1]
    )
    if len(ids) > MAX_PLACES:
        raise Invalid(
            _("仓库和门店超过 %(n)d 个，用 facility 指定一个。") % {"n": MAX_PLACES}, code="facility_needed"
        )
    return ids


urlpatterns = [
    path("shelf-life-rules/", Rules.as_view(), name="shelf_life_rules"),
    path("shelf-life-rules/<int:pk>/", OneRule.as_view(), name="shelf_life_rule"),
    path("shelf-life-rules/<int:pk>/remove/", RemoveRule.as_view(), name="shelf_life_rule_remove"),
    path("availability/", Availability.as_view(), name="availability"),
]
