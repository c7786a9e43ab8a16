"""Refunds, returns and parcels in the place of others, over REST."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from core.api.fields import IdField, MoneyField, PlainText, QuantityField, WordField, batch, to_minor
from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import Sort, page_ids
from core.api.views import CommandView, ListView, RetrieveView, get_row
from inventory.api.shapes import Nothing
from orders.models import (
    FollowKind,
    LotProof,
    Order,
    OrderLine,
    Refund,
    RefundLine,
    RefundState,
    Return,
    ReturnItem,
    ReturnState,
)
from orders.rules.after_sales import Withdrawn
from orders.services import following, refunds, returns
from orders.services.refunds import RefundInput

LINES_MOST = 500


class RefundLineRow(serializers.Serializer[Any]):
    order_line_id = IdField()
    withdrawn = serializers.IntegerField(help_text="units that never left, and are out of the order")
    late = serializers.IntegerField(help_text="units that had left: they have to come back")


class RefundRow(serializers.Serializer[Any]):
    """Money of an order that its buyer wants back, and what that did to its goods."""

    id = IdField()
    order_id = IdField()
    channel_id = IdField()
    external_id = serializers.CharField()
    currency = serializers.CharField()
    amount = MoneyField(source="amount_minor")
    over = MoneyField(source="over_minor", help_text="more than was paid")
    is_whole = serializers.BooleanField()
    reason = serializers.CharField()
    state = WordField(RefundState)
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    lines = RefundLineRow(many=True)


class AskedLine(serializers.Serializer[Any]):
    line_id = IdField()
    units = QuantityField(required=False, allow_null=True, default=None, help_text="null: all of it")


class RefundAsked(serializers.Serializer[Any]):
    """A refund as a platform or a shop asks for it.  The same external id of one channel is one refund."""

    order_id = IdField()
    external_id = PlainText(max_length=64)
    amount = serializers.DecimalField(max_digits=18, decimal_places=3, min_value=0)
    is_whole = serializers.BooleanField(default=False)
    lines = AskedLine(many=True, default=(), help_text="empty, and not whole: money only")
    reason = PlainText(max_length=200, allow_blank=True, default="")
    state = WordField(RefundState, default=RefundState.REQUESTED, help_text="not REFUSED")


class ReturnItemRow(serializers.Serializer[Any]):
    id = IdField()
    order_line_id = IdField(allow_null=True, help_text="null: goods that the order does not have")
    sku_id = IdField()
    lot_id = IdField()
    proof = WordField(LotProof)
    units = serializers.IntegerField()
    good = serializers.IntegerField()
    damaged = serializers.IntegerField()


class ReturnRow(serializers.Serializer[Any]):
    """A parcel that comes back, with what came in it."""

    id = IdField()
    number = serializers.CharField()
    order_id = IdField(allow_null=True, help_text="null: nobody knows whose it is")
    refund_id = IdField(allow_null=True)
    parcel_id = IdField(allow_null=True)
    facility_id = IdField(allow_null=True)
    tracking_number = serializers.CharField()
    state = WordField(ReturnState)
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    items = ReturnItemRow(many=True)


class ReturnAnnounced(serializers.Serializer[Any]):
    """How an order's goods come back."""

    order_id = IdField()
    tracking_number = PlainText(max_length=40)
    reason = PlainText(max_length=200, allow_blank=True, default="")


class FollowGoods(serializers.Serializer[Any]):
    code = PlainText(max_length=64)
    units = QuantityField()


class FollowAsked(serializers.Serializer[Any]):
    """Goods in the place of what was wrong.  The same `request` is the same order."""

    order_id = IdField()
    kind = WordField(FollowKind)
    goods = batch(FollowGoods(), most=LINES_MOST)
    request = PlainText(max_length=60)
    reason = PlainText(max_length=200, allow_blank=True, default="")
    return_id = IdField(required=False, allow_null=True, default=None)


class Followed(serializers.Serializer[Any]):
    order_id = IdField()
    number = serializers.CharField()
    is_new = serializers.BooleanField()


class RefundFilter(Filters):
    order = IdFilter()
    state = WordFilter(RefundState)


class ReturnFilter(Filters):
    order = IdFilter()
    state = WordFilter(ReturnState)


REFUNDS = Refund.objects.all()


class _Refunds:
    scope_area: ClassVar[str] = "orders"

    def fill(self, rows: Sequence[Any]) -> None:
        """Lines and currencies of a whole page, a statement each."""
        currencies = dict(
            Order.objects.filter(id__in=[row.order_id for row in rows]).values_list("id", "currency")
        )
        lines: dict[int, list[RefundLine]] = {}
        for line in RefundLine.objects.filter(refund__in=page_ids(rows)).order_by("id"):
            lines.setdefault(line.refund_id, []).append(line)
        for row in rows:
            row.lines = lines.get(row.id, [])
            row.currency = currencies[row.order_id]


def _refund(pk: int) -> Any:
    row = get_row(REFUNDS, pk)
    _Refunds().fill([row])
    return RefundRow(row).data


class Refunds(_Refunds, ListView):
    """Refunds.  POST asks for one: what has not left the building stays, and the rest of the order goes on."""

    row_class = RefundRow
    serializer_class = RefundAsked
    answer_class = RefundRow
    filterset_class = RefundFilter
    refusals = (HTTPStatus.CONFLICT,)
    sorts = {"id": Sort("id"), "-asked_at": Sort("asked_at", is_descending=True)}
    queryset = REFUNDS

    def post(self, request: Request) -> Response:
        body = self.body(request)
        order: Any = get_row(Order.objects.defer("receiver"), body["order_id"])
        if body["state"] == RefundState.REFUSED:
            raise ValidationError({"state": [_("没同意的退款不用推。")]}, code="refused")
        asked = {line["line_id"]: line["units"] for line in body["lines"]}
        own = OrderLine.objects.filter(order=order.id, id__in=list(asked)).values_list("id", flat=True)
        if asked.keys() - set(own):
            raise ValidationError({"lines": [_("这张单没有这一行。")]}, code="unknown")
        one = RefundInput(
            order.id,
            body["external_id"],
            to_minor(body["amount"], order.currency),
            () if body["is_whole"] else tuple(Withdrawn(id_, units=n) for id_, n in asked.items()),
            body["is_whole"],
            body["reason"],
            RefundState(body["state"]),
        )
        done = refunds.ask(refunds=[one])
        return Response(_refund(done.refund_ids[order.id, one.external_id]))


class OneRefund(_Refunds, RetrieveView):
    """One refund."""

    row_class = RefundRow
    queryset = REFUNDS


class _Answer(CommandView):
    scope_area = "orders"
    serializer_class = Nothing
    answer_class = RefundRow
    queryset = REFUNDS
    refusals = (HTTPStatus.CONFLICT,)
    service: ClassVar[Any]

    def post(self, request: Request, pk: int) -> Response:
        get_row(REFUNDS, pk)
        type(self).service(refund_ids=[pk], actor_id=None)
        return Response(_refund(pk))


class AgreeRefund(_Answer):
    """The merchant agrees.  Agreed already: nothing changes."""

    service = staticmethod(refunds.agree)


class FinishRefund(_Answer):
    """The money is back with the buyer."""

    service = staticmethod(refunds.finish)


class RefuseRefund(_Answer):
    """The merchant does not agree: what was kept back goes on."""

    service = staticmethod(refunds.refuse)


class _Returns:
    scope_area: ClassVar[str] = "orders"

    def fill(self, rows: Sequence[Any]) -> None:
        """Items of a whole page in one statement."""
        items: dict[int, list[ReturnItem]] = {}
        for item in ReturnItem.objects.filter(return_doc__in=page_ids(rows)).order_by("id"):
            items.setdefault(item.return_doc_id, []).append(item)
        for row in rows:
            row.items = items.get(row.id, [])


class Returns(_Returns, ListView):
    """Returns.  POST says by which tracking number an order's goods come back."""

    row_class = ReturnRow
    serializer_class = ReturnAnnounced
    answer_class = ReturnRow
    filterset_class = ReturnFilter
    sorts = {"id": Sort("id"), "-created_at": Sort("created_at", is_descending=True)}
    queryset = Return.objects.all()

    def post(self, request: Request) -> Response:
        body = self.body(request)
        get_row(Order.objects.defer("receiver"), body["order_id"])
        row = get_row(Return.objects.all(), returns.announce(**body))
        self.fill([row])
        return Response(ReturnRow(row).data)


class OneReturn(_Returns, RetrieveView):
    """One return."""

    row_class = ReturnRow
    queryset = Return.objects.all()


class FollowUps(CommandView):
    """Send goods in the place of what was wrong with an order, for nothing, through the same pipeline."""

    scope_area = "orders"
    serializer_class = FollowAsked
    answer_class = Followed
    queryset = Order.objects.defer("receiver")
    refusals = (HTTPStatus.NOT_FOUND,)

    def post(self, request: Request) -> Response:
        body = self.body(request)
        made = following.follow(
            order_id=body["order_id"],
            kind=FollowKind(body["kind"]),
            goods=[(one["code"], one["units"]) for one in body["goods"]],
            request=f"api-{body['request']}",
            reason=body["reason"],
            return_id=body["return_id"],
        )
        return Response(Followed(made).data)


urlpatterns = [
    path("refunds/", Refunds.as_view(), name="refunds"),
    path("refunds/<int:pk>/", OneRefund.as_view(), name="refund"),
    path("refunds/<int:pk>/agree/", AgreeRefund.as_view(), name="refund_agree"),
    path("refunds/<int:pk>/finish/", FinishRefund.as_view(), name="refund_finish"),
    path("refunds/<int:pk>/refuse/", RefuseRefund.as_view(), name="refund_refuse"),
    path("returns/", Returns.as_view(), name="returns"),
    path("returns/<int:pk>/", OneReturn.as_view(), name="return"),
    path("follow-ups/", FollowUps.as_view(), name="follow_ups"),
]
