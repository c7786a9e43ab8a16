"""Transfers over REST."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row
from inventory.api import transfer_shapes as shapes
from inventory.models import Facility, Transfer, TransferStatus
from inventory.queries import list_bins_by_code
from inventory.queries.transfers import list_transfer_items, list_transfer_lines
from inventory.services import transfer_moves, transfers
from inventory.services.catalogue import find_sku_ids
from inventory.services.transfer_moves import Arrival, Loss, Pick
from inventory.services.transfers import TransferInput, TransferLineInput


class TransferFilter(Filters):
    number = filters.CharFilter()
    status = WordFilter(TransferStatus)
    from_facility = IdFilter()
    to_facility = IdFilter()


class _Transfers(ApiView):
    scope_area = "stock"
    row_class = shapes.TransferRow
    queryset = Transfer.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        ids = page_ids(rows)
        lines, items = list_transfer_lines(ids), list_transfer_items(ids)
        for row in rows:
            row.lines, row.items = lines[row.id], items[row.id]

    def shown(self, pk: int) -> Response:
        row = get_row(self.queryset, pk)
        self.fill([row])
        return Response(self.row_class(row).data)


class Transfers(_Transfers, ListView):
    """Goods from one facility to another.  POST makes a draft."""

    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    filterset_class = TransferFilter
    serializer_class = shapes.TransferShape
    answer_class = shapes.TransferRow
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        ids = transfers.create_transfers(transfers=[_read(self.body(request))], actor_id=None)
        return self.shown(ids[0])


class OneTransfer(_Transfers, RetrieveView):
    """One transfer: what was asked for, and what left, arrived and was lost by lot."""


class SendTransfer(_Transfers, CommandView):
    """Put a draft on the road, first expired first out, or the units in `picks`.  Sent twice: the second is refused."""

    serializer_class = shapes.SendShape
    answer_class = shapes.TransferRow

    def post(self, request: Request, pk: int) -> Response:
        asked = self.body(request)["picks"]
        paper: Any = get_row(self.queryset, pk)
        bins = _bins(paper.from_facility_id, [pick["bin"] for pick in asked], "picks")
        transfer_moves.send_transfer(
            transfer_id=pk,
            picks=[Pick(pick["lot_id"], bins[pick["bin"]], pick["quantity"]) for pick in asked],
            actor_id=None,
        )
        return self.shown(pk)


class ArriveTransfer(_Transfers, CommandView):
    """Book what came off the road, in as many parts as it comes, and what is lost, with the reason."""

    serializer_class = shapes.ArriveShape
    answer_class = shapes.TransferRow
    needs_idempotency_key = True

    def post(self, request: Request, pk: int) -> Response:
        asked = self.body(request)
        paper: Any = get_row(self.queryset, pk)
        bins = _bins(paper.to_facility_id, [one["bin"] for one in asked["arrivals"]], "arrivals")
        transfer_moves.arrive(
            transfer_id=pk,
            arrivals=[Arrival(one["lot_id"], bins[one["bin"]], one["quantity"]) for one in asked["arrivals"]],
            losses=[Loss(one["lot_id"], one["quantity"]) for one in asked["lost"]],
            reason=asked["reason"],
            actor_id=None,
        )
        return self.shown(pk)


class CancelTransfer(_Transfers, CommandView):
    """Void a draft, or call back what is on the road."""

    serializer_class = shapes.CancelShape
    answer_class = shapes.TransferRow

    def post(self, request: Request, pk: int) -> Response:
        code = self.body(request)["bin"]
        paper: Any = get_row(self.queryset, pk)
        bins = _bins(paper.from_facility_id, [code] if code else [], "bin")
        transfer_moves.cancel_transfer(transfer_id=pk, bin_id=bins.get(code), actor_id=None)
        return self.shown(pk)


def _bins(facility_id: int, codes: Sequence[str], place: str) -> dict[str, int]:
    """Bins by code.  Raises ValidationError that names every unknown one."""
    found = {code: card.id for code, card in list_bins_by_code(facility_id, codes).items()}
    words = [_("这个仓库里没有这个货位。")]
    errors: list[dict[str, Any]] = [{} if code in found else {"bin": words} for code in codes]
    if any(errors):
        raise ValidationError({place: words if place == "bin" else errors}, code="unknown")
    return found


def _read(asked: dict[str, Any]) -> TransferInput:
    names = ("from_facility", "to_facility")
    codes = [asked[name] for name in names]
    found = dict(Facility.objects.filter(code__in=codes, is_active=True).values_list("code", "id"))
    errors = {name: [_("没有这个仓库。")] for name in names if asked[name] not in found}
    if errors:
        raise ValidationError(errors, code="unknown")
    lines = asked["lines"]
    sku_ids = find_sku_ids([line["sku"] for line in lines])
    wrong = [{} if line["sku"] in sku_ids else {"sku": [_("没有这个商品。")]} for line in lines]
    if any(wrong):
        raise ValidationError({"lines": wrong}, code="unknown")
    return TransferInput(
        found[codes[0]],
        found[codes[1]],
        tuple(_lines(sku_ids, lines)),
        asked["note"],
    )


def _lines(sku_ids: dict[str, int], lines: Sequence[dict[str, Any]]) -> Iterable[TransferLineInput]:
    return (TransferLineInput(sku_ids[line["sku"]], line["quantity"]) for line in lines)


urlpatterns = [
    path("transfers/", Transfers.as_view(), name="transfers"),
    path("transfers/<int:pk>/", OneTransfer.as_view(), name="transfer"),
    path("transfers/<int:pk>/send/", SendTransfer.as_view(), name="transfer_send"),
    path("transfers/<int:pk>/arrive/", ArriveTransfer.as_view(), name="transfer_arrive"),
    path("transfers/<int:pk>/cancel/", CancelTransfer.as_view(), name="transfer_cancel"),
]
