"""Orders over REST: what came in, what is stuck and why."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import path
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import Sort, page_ids
from core.api.views import ApiView, ListView, RetrieveView
from orders import api_shapes as shapes
from orders.api_after_sales import urlpatterns as after_sales_urlpatterns
from orders.api_commands import push_orders
from orders.api_connections import urlpatterns as connection_urlpatterns
from orders.api_imports import ImportProblems, Imports, OneImport
from orders.api_in_part import urlpatterns as in_part_urlpatterns
from orders.api_invoices import urlpatterns as invoice_urlpatterns
from orders.api_rules import urlpatterns as rule_urlpatterns
from orders.api_stock import urlpatterns as stock_urlpatterns
from orders.api_stock_out import urlpatterns as stock_out_urlpatterns
from orders.api_unmasking import urlpatterns as unmasking_urlpatterns
from orders.models import (
    Channel,
    ChannelOrder,
    Finding,
    Order,
    OrderLine,
    OrderStatus,
)

SEALED = ("receiver", "receiver_key")


class OrderFilter(Filters):
    status = WordFilter(OrderStatus)
    external_number = filters.CharFilter(method="by_number", help_text="of one of its channel orders")
    finding = filters.CharFilter(method="by_finding", help_text="code of an open finding that stops it")

    def by_number(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(id__in=ChannelOrder.objects.filter(external_number=value).values("order_id"))

    def by_finding(self, queryset: Any, name: str, value: str) -> Any:
        stopping = Finding.objects.filter(
            order=OuterRef("id"), code=value, cleared_at__isnull=True, stops=True
        )
        return queryset.filter(Exists(stopping))


class _Orders(ApiView):
    scope_area = "orders"
    row_class = shapes.OrderRow
    queryset = Order.objects.defer(*SEALED)

    def fill(self, rows: Sequence[Any]) -> None:
        ids = page_ids(rows)
        lines: defaultdict[int, list[OrderLine]] = defaultdict(list)
        findings: defaultdict[int, list[Finding]] = defaultdict(list)
        for line in OrderLine.objects.filter(order__in=ids).order_by("id"):
            lines[line.order_id].append(line)
        for finding in Finding.objects.filter(order__in=ids).order_by("id"):
            findings[finding.order_id].append(finding)
        for row in rows:
            row.findings = findings[row.id]
            row.lines = lines[row.id]
            for line in row.lines:
                line.currency = row.currency


class Orders(_Orders, ListView):
    """Orders with lines and findings, with `status` in the order of their deadline.

    POST takes up to 1,000 channel orders of one channel, all of them or none, and carries each as far as a machine can.  The same
    external number again changes neither price nor quantity.
    """

    filterset_class = OrderFilter
    serializer_class = shapes.OrderBatch
    answer_class = shapes.OrderBatchResult
    needs_idempotency_key = True
    sorts = {
        "ship_by": Sort("ship_by", needs=("status",)),
        "-ship_by": Sort("ship_by", is_descending=True, needs=("status",)),
        "id": Sort("id", unless=("status",)),
    }

    def post(self, request: Request) -> Response:
        batch = self.body(request)
        return Response(shapes.OrderBatchResult(push_orders(batch["channel"], batch["orders"])).data)


class OneOrder(_Orders, RetrieveView):
    """One order with lines and findings."""


class ChannelFilter(Filters):
    code = filters.CharFilter()


class Channels(ListView):
    """Shops on platforms."""

    scope_area = "orders"
    row_class = shapes.ChannelRow
    filterset_class = ChannelFilter
    sorts = {"code": Sort("code"), "id": Sort("id")}
    queryset = Channel.objects.all()


class OneChannel(RetrieveView):
    """One shop."""

    scope_area = "orders"
    row_class = shapes.ChannelRow
    queryset = Channel.objects.all()


class ChannelOrderFilter(Filters):
    external_number = filters.CharFilter()
    order = IdFilter()
    import_id = IdFilter(field_name="import_ref")


class ChannelOrders(ListView):
    """Orders as the platform stated them, newest version, without the raw text."""

    scope_area = "orders"
    row_class = shapes.ChannelOrderRow
    filterset_class = ChannelOrderFilter
    queryset = ChannelOrder.objects.defer("raw")


class OneChannelOrder(RetrieveView):
    """One channel order."""

    scope_area = "orders"
    row_class = shapes.ChannelOrderRow
    queryset = ChannelOrder.objects.defer("raw")


urlpatterns = [
    path("orders/", Orders.as_view(), name="orders"),
    path("orders/<int:pk>/", OneOrder.as_view(), name="order"),
    path("channels/", Channels.as_view(), name="channels"),
    path("channels/<int:pk>/", OneChannel.as_view(), name="channel"),
    path("channel-orders/", ChannelOrders.as_view(), name="channel_orders"),
    path("channel-orders/<int:pk>/", OneChannelOrder.as_view(), name="channel_order"),
    path("imports/", Imports.as_view(), name="imports"),
    path("imports/<int:pk>/", OneImport.as_view(), name="import"),
    path("imports/<int:import_id>/problems/", ImportProblems.as_view(), name="import_problems"),
    *after_sales_urlpatterns,
    *in_part_urlpatterns,
    *invoice_urlpatterns,
    *rule_urlpatterns,
    *connection_urlpatterns,
    *stock_urlpatterns,
    *stock_out_urlpatterns,
    *unmasking_urlpatterns,
]
