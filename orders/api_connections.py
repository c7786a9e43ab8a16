"""Connections and what is said back, over REST.  Credentials are given by a person on the page, never here, and never come out."""

from http import HTTPStatus
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField, WordField
from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import Sort
from core.api.views import CommandView, ListView, RetrieveView, get_row
from core.errors import Conflict
from inventory.api.shapes import Nothing
from orders.models import Connection, ConnectionState, RefundBack, ShipBack, ShipBackState
from orders.services import connections, refund_back, ship_back


class ConnectionRow(serializers.Serializer[Any]):
    """How a channel is reached and how it goes."""

    id = IdField()
    channel_id = IdField()
    state = WordField(ConnectionState)
    shop_name = serializers.CharField()
    hints = serializers.DictField(child=serializers.CharField(), help_text="the end of each credential")
    credentials_set_at = serializers.DateTimeField()
    pull_every_s = serializers.IntegerField()
    pulled_at = serializers.DateTimeField(allow_null=True, help_text="last without a failure")
    next_pull_at = serializers.DateTimeField()
    failures = serializers.IntegerField(help_text="in a row")
    error_code = serializers.CharField()
    error_words = serializers.CharField()
    orders_new = serializers.IntegerField()


class ShipBackRow(serializers.Serializer[Any]):
    """One parcel towards one channel order: whether the platform has its tracking number."""

    id = IdField()
    channel_id = IdField()
    channel_order_id = IdField()
    parcel_id = IdField()
    number = serializers.CharField()
    company = serializers.CharField(help_text="as the platform calls it")
    state = WordField(ShipBackState)
    attempts = serializers.IntegerField()
    next_at = serializers.DateTimeField()
    code = serializers.CharField()
    words = serializers.CharField(help_text="the platform's own")
    created_at = serializers.DateTimeField()
    said_at = serializers.DateTimeField(allow_null=True)


class ConnectionFilter(Filters):
    channel = IdFilter()


class ShipBackFilter(Filters):
    state = WordFilter(ShipBackState)
    channel = IdFilter()
    parcel = IdFilter()
    channel_order = IdFilter()


OPEN = Connection.objects.defer("credentials", "cursor")


class Connections(ListView):
    """Connections of channels to their platforms."""

    scope_area = "orders"
    row_class = ConnectionRow
    filterset_class = ConnectionFilter
    queryset = OPEN


class OneConnection(RetrieveView):
    """One connection."""

    scope_area = "orders"
    row_class = ConnectionRow
    queryset = OPEN


class RefundBackRow(serializers.Serializer[Any]):
    """A decision on a refund, towards the platform that asked for it."""

    id = IdField()
    refund_id = IdField()
    channel_id = IdField()
    is_agreed = serializers.BooleanField()
    state = WordField(ShipBackState)
    attempts = serializers.IntegerField()
    code = serializers.CharField(help_text="NO_REFUNDS: the platform cannot be told")
    words = serializers.CharField()
    created_at = serializers.DateTimeField()
    said_at = serializers.DateTimeField(allow_null=True)


class RefundBackFilter(Filters):
    state = WordFilter(ShipBackState)
    channel = IdFilter()
    refund = IdFilter()


class RefundBacks(ListView):
    """Decisions on refunds on their way to platforms."""

    scope_area = "orders"
    row_class = RefundBackRow
    filterset_class = RefundBackFilter
    sorts = {"id": Sort("id"), "-created_at": Sort("created_at", is_descending=True)}
    queryset = RefundBack.objects.all()


class OneRefundBack(RetrieveView):
    """One of them."""

    scope_area = "orders"
    row_class = RefundBackRow
    queryset = RefundBack.objects.all()


class RetryRefundBack(CommandView):
    """Say it again now.  What the platform has already, or cannot be told, is a conflict."""

    scope_area = "orders"
    serializer_class = Nothing
    answer_class = RefundBackRow
    queryset = RefundBack.objects.all()
    refusals = (HTTPStatus.CONFLICT,)

    def post(self, request: Request, pk: int) -> Response:
        get_row(RefundBack.objects.all(), pk)
        if not refund_back.retry(refund_back_ids=[pk]):
            raise Conflict(_("平台已经知道了，或者没法说。"), code="already_said", id=pk)
        return Response(RefundBackRow(get_row(RefundBack.objects.all(), pk)).data)


class PullConnection(CommandView):
    """Pull at once, whatever went wrong before; also the way out of a pause.  Answers with the connection as it is now."""

    scope_area = "orders"
    serializer_class = Nothing
    answer_class = ConnectionRow
    queryset = OPEN

    def post(self, request: Request, pk: int) -> Response:
        get_row(OPEN, pk)
        connections.pull_now(connection_id=pk, actor_id=None)
        return Response(ConnectionRow(get_row(OPEN, pk)).data)


class PauseConnection(CommandView):
    """Nothing is pulled or said until somebody goes on.  Answers with the connection as it is now."""

    scope_area = "orders"
    serializer_class = Nothing
    answer_class = ConnectionRow
    queryset = OPEN

    def post(self, request: Request, pk: int) -> Response:
        get_row(OPEN, pk)
        connections.pause(connection_id=pk, actor_id=None)
        return Response(ConnectionRow(get_row(OPEN, pk)).data)


class ShipBacks(ListView):
    """Tracking numbers on their way to platforms."""

    scope_area = "orders"
    row_class = ShipBackRow
    filterset_class = ShipBackFilter
    sorts = {
        "id": Sort("id"),
        "-created_at": Sort("created_at", is_descending=True),
    }
    queryset = ShipBack.objects.all()


class OneShipBack(RetrieveView):
    """One parcel towards one channel order."""

    scope_area = "orders"
    row_class = ShipBackRow
    queryset = ShipBack.objects.all()


class RetryShipBack(CommandView):
    """Say it again now.  What the platform has already is a conflict."""

    scope_area = "orders"
    serializer_class = Nothing
    answer_class = ShipBackRow
    queryset = ShipBack.objects.all()
    refusals = (HTTPStatus.CONFLICT,)

    def post(self, request: Request, pk: int) -> Response:
        get_row(ShipBack.objects.all(), pk)
        if not ship_back.retry(ship_back_ids=[pk]):
            raise Conflict(_("平台已经有这个运单号了。"), code="already_said", id=pk)
        return Response(ShipBackRow(get_row(ShipBack.objects.all(), pk)).data)


urlpatterns = [
    path("connections/", Connections.as_view(), name="connections"),
    path("connections/<int:pk>/", OneConnection.as_view(), name="connection"),
    path("connections/<int:pk>/pull/", PullConnection.as_view(), name="connection_pull"),
    path("connections/<int:pk>/pause/", PauseConnection.as_view(), name="connection_pause"),
    path("ship-backs/", ShipBacks.as_view(), name="ship_backs"),
    path("ship-backs/<int:pk>/", OneShipBack.as_view(), name="ship_back"),
    path("ship-backs/<int:pk>/retry/", RetryShipBack.as_view(), name="ship_back_retry"),
    path("refund-backs/", RefundBacks.as_view(), name="refund_backs"),
    path("refund-backs/<int:pk>/", OneRefundBack.as_view(), name="refund_back"),
    path("refund-backs/<int:pk>/retry/", RetryRefundBack.as_view(), name="refund_back_retry"),
]
