"""Stock over REST: the catalogue, lots, balances, the ledger, holds, receipts."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import path
from django_filters import rest_framework as filters
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import Filters, FlagFilter, IdFilter, WordFilter
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row
from inventory.api import shapes
from inventory.api.commands import receive_goods, save_catalogue
from inventory.models import (
    Balance,
    Barcode,
    Category,
    Facility,
    Hold,
    HoldKind,
    Lot,
    Move,
    Product,
    Receipt,
    ReceiptLine,
    Sku,
)
from inventory.services import holds


class SkuFilter(Filters):
    code = filters.CharFilter()
    barcode = filters.CharFilter(method="by_barcode")
    category = filters.CharFilter(method="by_category", help_text="path")
    product = filters.CharFilter(method="by_product", help_text="code")
    is_active = FlagFilter()

    def by_barcode(self, queryset: QuerySet[Sku], name: str, value: str) -> QuerySet[Sku]:
        return queryset.filter(Exists(Barcode.objects.filter(sku=OuterRef("id"), code=value)))

    def by_category(self, queryset: QuerySet[Sku], name: str, value: str) -> QuerySet[Sku]:
        return queryset.filter(category__in=Category.objects.filter(path=value).values("id"))

    def by_product(self, queryset: QuerySet[Sku], name: str, value: str) -> QuerySet[Sku]:
        return queryset.filter(product__in=Product.objects.filter(code=value).values("id"))


class _Skus(ApiView):
    scope_area = "stock"
    row_class = shapes.SkuRow
    queryset = Sku.objects.select_related("product", "category")

    def fill(self, rows: Sequence[Any]) -> None:
        found: defaultdict[int, dict[str, int]] = defaultdict(dict)
        barcodes = Barcode.objects.filter(sku__in=page_ids(rows)).order_by("code")
        for sku_id, code, units in barcodes.values_list("sku_id", "code", "quantity"):
            found[sku_id][code] = units
        for row in rows:
            row.barcodes = list(found[row.id])
            row.barcode_quantities = {code: units for code, units in found[row.id].items() if units != 1}


class Skus(_Skus, ListView):
    """The catalogue.  POST makes SKUs or brings them up to date, by code, up to 1,000 at once: all of them or none."""

    sorts = {"code": Sort("code"), "id": Sort("id")}
    filterset_class = SkuFilter
    serializer_class = shapes.SkuBatch
    answer_class = shapes.SkuBatchResult
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        ids = save_catalogue(self.body(request)["skus"])
        return Response(shapes.SkuBatchResult({"saved": len(ids), "ids": ids}).data)


class OneSku(_Skus, RetrieveView):
    """One SKU with its barcodes."""


class LotFilter(Filters):
    sku = IdFilter()
    code = filters.CharFilter()


class Lots(ListView):
    """Lots of goods.  `code` is unique with its SKU."""

    scope_area = "stock"
    row_class = shapes.LotRow
    filterset_class = LotFilter
    queryset = Lot.objects.all()


class HoldLot(CommandView):
    """Stop a lot everywhere, from the answer on: nothing of it is promised, picked or shipped."""

    scope_area = "stock"
    serializer_class = shapes.HoldOrder
    answer_class = shapes.HoldResult
    queryset = Lot.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        lot = get_row(Lot.objects.all(), pk)
        asked = self.body(request)
        (hold_id,) = holds.hold_lots(
            lot_ids=[lot.pk],
            kind=HoldKind(asked["kind"]),
            document=asked["document"],
            reason=asked["reason"],
            actor_id=None,
        )
        return Response({"hold_id": hold_id}, status=status.HTTP_200_OK)


class BalanceFilter(Filters):
    facility = IdFilter()
    sku = IdFilter(method="by_sku")
    lot = IdFilter()
    bin = IdFilter()

    def by_sku(self, queryset: QuerySet[Balance], name: str, value: int) -> QuerySet[Balance]:
        """With all facilities beside it the index of places serves; through the lots it would be a join."""
        return queryset.filter(
            sku_id=value, facility_id__in=list(Facility.objects.values_list("id", flat=True))
        )


class Balances(ListView):
    """Units of one lot in one bin."""

    scope_area = "stock"
    row_class = shapes.BalanceRow
    filterset_class = BalanceFilter
    queryset = Balance.objects.all()


class OneBalance(RetrieveView):
    """One balance."""

    scope_area = "stock"
    row_class = shapes.BalanceRow
    queryset = Balance.objects.all()


class MoveFilter(Filters):
    document = IdFilter(field_name="document_id")
    from_balance = IdFilter()
    to_balance = IdFilter()


class Moves(ListView):
    """The ledger: one row a movement, both sides in it.  With `from_balance` or `to_balance` in the order of their numbers."""

    scope_area = "stock"
    row_class = shapes.MoveRow
    filterset_class = MoveFilter
    sorts = {
        "from_seq": Sort("from_seq", needs=("from_balance",), unless=("to_balance",)),
        "to_seq": Sort("to_seq", needs=("to_balance",), unless=("from_balance",)),
        "id": Sort("id"),
    }
    queryset = Move.objects.all()


class OneMove(RetrieveView):
    """One movement."""

    scope_area = "stock"
    row_class = shapes.MoveRow
    queryset = Move.objects.all()


class HoldFilter(Filters):
    lot = IdFilter()
    kind = WordFilter(HoldKind)
    is_open = FlagFilter(method="by_open")

    def by_open(self, queryset: QuerySet[Hold], name: str, value: bool) -> QuerySet[Hold]:
        return queryset.filter(cleared_at__isnull=value)


class Holds(ListView):
    """Reasons why stock is not sold; they overlap."""

    scope_area = "stock"
    row_class = shapes.HoldRow
    filterset_class = HoldFilter
    queryset = Hold.objects.all()


class OneHold(RetrieveView):
    """One hold."""

    scope_area = "stock"
    row_class = shapes.HoldRow
    queryset = Hold.objects.all()


class ClearHold(CommandView):
    """Clear this hold and no other."""

    scope_area = "stock"
    serializer_class = shapes.Nothing
    answer_class = shapes.HoldRow
    queryset = Hold.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        holds.clear_hold(hold_id=pk, actor_id=None)
        return Response(shapes.HoldRow(get_row(Hold.objects.all(), pk)).data)


class ReceiptFilter(Filters):
    reference = filters.CharFilter()


class _Receipts(ApiView):
    scope_area = "stock"
    row_class = shapes.ReceiptRow
    queryset = Receipt.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        found: defaultdict[int, list[ReceiptLine]] = defaultdict(list)
        for line in ReceiptLine.objects.filter(receipt__in=page_ids(rows)).order_by("id"):
            found[line.receipt_id].append(line)
        for row in rows:
            row.lines = found[row.id]


class Receipts(_Receipts, ListView):
    """Deliveries.  POST books one into stock; the same reference again changes nothing and gives the first one's number."""

    filterset_class = ReceiptFilter
    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    serializer_class = shapes.ReceiptOrder
    answer_class = shapes.ReceiptResultRow
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        return Response(shapes.ReceiptResultRow(receive_goods(self.body(request))).data)


class OneReceipt(_Receipts, RetrieveView):
    """One delivery with its lines."""


urlpatterns = [
    path("skus/", Skus.as_view(), name="skus"),
    path("skus/<int:pk>/", OneSku.as_view(), name="sku"),
    path("lots/", Lots.as_view(), name="lots"),
    path("lots/<int:pk>/hold/", HoldLot.as_view(), name="lot_hold"),
    path("balances/", Balances.as_view(), name="balances"),
    path("balances/<int:pk>/", OneBalance.as_view(), name="balance"),
    path("moves/", Moves.as_view(), name="moves"),
    path("moves/<int:pk>/", OneMove.as_view(), name="move"),
    path("holds/", Holds.as_view(), name="holds"),
    path("holds/<int:pk>/", OneHold.as_view(), name="hold"),
    path("holds/<int:pk>/clear/", ClearHold.as_view(), name="hold_clear"),
    path("receipts/", Receipts.as_view(), name="receipts"),
    path("receipts/<int:pk>/", OneReceipt.as_view(), name="receipt"),
]
