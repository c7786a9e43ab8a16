"""Invoices that buyers ask for, over REST: asked, noted as issued, failed or reversed.  They are issued elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, ClassVar

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField, MoneyField, PlainText, WordField, batch
from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import Sort
from core.api.views import CommandView, ListView, RetrieveView, get_row
from orders.api_commands import wish_of
from orders.api_shapes import InvoiceWishShape, TitleKind
from orders.models import InvoiceContent, InvoiceRequest, InvoiceState, Order
from orders.services import invoice_buyers, invoices
from orders.services.invoices import MOST, InvoiceInput, Moved, Numbered

REQUESTS = InvoiceRequest.objects.defer("buyer")


class InvoiceRow(serializers.Serializer[Any]):
    """An invoice that a buyer asked for.  The buyer is masked where it is a person; `POST invoice-requests/buyers/` says it in clear."""

    id = IdField()
    order_id = IdField()
    kind = WordField(TitleKind)
    buyer_mask = serializers.CharField(source="mask")
    content = WordField(InvoiceContent)
    currency = serializers.CharField()
    amount = MoneyField(source="amount_minor")
    problem = serializers.CharField(help_text="why it cannot be issued as it was asked for; empty: it can")
    note = serializers.CharField()
    state = WordField(InvoiceState)
    number = serializers.CharField()
    issued_on = serializers.DateField(allow_null=True)
    red_number = serializers.CharField()
    reversed_on = serializers.DateField(allow_null=True)
    reason = serializers.CharField()
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class InvoiceAsked(InvoiceWishShape):
    """An invoice of one order; one order has one that is asked for or stands."""

    order_id = IdField()


class NumberedShape(serializers.Serializer[Any]):
    id = IdField()
    number = PlainText(max_length=40)
    on = serializers.DateField(help_text="the day on the invoice")


class IssuedShape(serializers.Serializer[Any]):
    invoices = batch(NumberedShape(), most=MOST)


class ReversedShape(IssuedShape):
    asks_again = serializers.BooleanField(
        default=False, help_text="ask anew for what may still be invoiced, for the same buyer"
    )


class GivenUpShape(serializers.Serializer[Any]):
    ids = serializers.ListField(child=IdField(), allow_empty=False, max_length=MOST)
    reason = PlainText(max_length=200)


class ChosenShape(serializers.Serializer[Any]):
    ids = serializers.ListField(child=IdField(), allow_empty=False, max_length=MOST)


class MovedRow(serializers.Serializer[Any]):
    """`ids` changed, `left` were as they should be already, `again` are new ones in the place of reversed ones."""

    ids = serializers.ListField(child=IdField(), source="request_ids")
    left = serializers.ListField(child=IdField())
    again = serializers.ListField(child=IdField())


class BuyerRow(serializers.Serializer[Any]):
    id = IdField()
    title = serializers.CharField()
    tax_number = serializers.CharField()
    email = serializers.CharField()


class BuyersRow(serializers.Serializer[Any]):
    buyers = BuyerRow(many=True)


class InvoiceFilter(Filters):
    order = IdFilter()
    state = WordFilter(InvoiceState)


class _Requests:
    scope_area: ClassVar[str] = "orders"

    def fill(self, rows: Sequence[Any]) -> None:
        """Currencies of a whole page in one statement."""
        currencies = dict(
            Order.objects.filter(id__in=[row.order_id for row in rows]).values_list("id", "currency")
        )
        for row in rows:
            row.currency = currencies[row.order_id]
            row.kind = TitleKind.COMPANY if row.is_company else TitleKind.PERSON


class InvoiceRequests(_Requests, ListView):
    """Invoices that buyers asked for.  POST asks for one of a paid order; what cannot be issued is refused."""

    row_class = InvoiceRow
    serializer_class = InvoiceAsked
    answer_class = InvoiceRow
    filterset_class = InvoiceFilter
    refusals = (HTTPStatus.CONFLICT,)
    sorts = {"id": Sort("id"), "-asked_at": Sort("asked_at", is_descending=True)}
    queryset = REQUESTS

    def post(self, request: Request) -> Response:
        body = self.body(request)
        order: Any = get_row(Order.objects.defer("receiver"), body["order_id"])
        made = invoices.ask(asked=[InvoiceInput(order.id, wish_of(body, order.currency))])
        row = get_row(REQUESTS, made[order.id])
        self.fill([row])
        return Response(InvoiceRow(row).data)


class OneInvoiceRequest(_Requests, RetrieveView):
    """One of them."""

    row_class = InvoiceRow
    queryset = REQUESTS


class _Move(CommandView):
    scope_area = "orders"
    answer_class = MovedRow
    queryset = REQUESTS
    refusals = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

    def move(self, body: Mapping[str, Any]) -> Moved:
        raise NotImplementedError

    def post(self, request: Request) -> Response:
        return Response(MovedRow(self.move(self.body(request))).data)


def _numbered(body: Mapping[str, Any]) -> list[Numbered]:
    return [Numbered(one["id"], one["number"], one["on"]) for one in body["invoices"]]


class IssueInvoices(_Move):
    """The invoicing program issued these, with these numbers: all of them or none is noted.  The same again changes nothing."""

    serializer_class = IssuedShape

    def move(self, body: Mapping[str, Any]) -> Moved:
        return invoices.issue(issued=_numbered(body), actor_id=None)


class ReverseInvoices(_Move):
    """These were reversed (红冲), with the numbers of the red ones."""

    serializer_class = ReversedShape

    def move(self, body: Mapping[str, Any]) -> Moved:
        return invoices.reverse(reversed_=_numbered(body), asks_again=body["asks_again"], actor_id=None)


class FailInvoices(_Move):
    """These cannot be issued, and why."""

    serializer_class = GivenUpShape

    def move(self, body: Mapping[str, Any]) -> Moved:
        return invoices.fail(request_ids=body["ids"], reason=body["reason"], actor_id=None)


class CancelInvoices(_Move):
    """Nobody wants these any more."""

    serializer_class = GivenUpShape

    def move(self, body: Mapping[str, Any]) -> Moved:
        return invoices.cancel(request_ids=body["ids"], reason=body["reason"], actor_id=None)


class InvoiceBuyers(CommandView):
    """Buyers in clear, for the program that issues their invoices.  Who asked, and for which, is kept."""

    scope_area = "orders"
    serializer_class = ChosenShape
    answer_class = BuyersRow
    queryset = REQUESTS
    refusals = (HTTPStatus.NOT_FOUND,)

    def post(self, request: Request) -> Response:
        found = invoice_buyers.list_buyers(request_ids=self.body(request)["ids"], actor_id=None)
        rows = [{"id": id_, **asdict(wish)} for id_, wish in found.items()]
        return Response(BuyersRow({"buyers": rows}).data)


urlpatterns = [
    path("invoice-requests/", InvoiceRequests.as_view(), name="invoice_requests"),
    path("invoice-requests/issue/", IssueInvoices.as_view(), name="invoices_issue"),
    path("invoice-requests/reverse/", ReverseInvoices.as_view(), name="invoices_reverse"),
    path("invoice-requests/fail/", FailInvoices.as_view(), name="invoices_fail"),
    path("invoice-requests/cancel/", CancelInvoices.as_view(), name="invoices_cancel"),
    path("invoice-requests/buyers/", InvoiceBuyers.as_view(), name="invoice_buyers"),
    path("invoice-requests/<int:pk>/", OneInvoiceRequest.as_view(), name="invoice_request"),
]
