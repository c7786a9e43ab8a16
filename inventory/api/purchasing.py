"""Suppliers, purchase orders, safety stock and proposals over REST."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from core import clock
from core.api.fields import to_minor
from core.api.filters import Filters, FlagFilter, IdFilter, WordFilter
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row, refuse_unknown
from inventory.api import purchasing_shapes as shapes
from inventory.api.shapes import Nothing
from inventory.models import Facility, PurchaseOrder, PurchaseStatus, SafetyStock, Supplier
from inventory.queries import list_facilities
from inventory.queries.purchases import find_currency, list_purchase_lines
from inventory.queries.replenishing import list_last_bought
from inventory.services import proposals, purchasing, safety, suppliers
from inventory.services.catalogue import find_sku_ids
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput
from inventory.services.safety import SafetyInput
from inventory.services.suppliers import SupplierInput
from inventory.shortages import list_short


class SupplierFilter(Filters):
    code = filters.CharFilter()
    is_active = FlagFilter()


class Suppliers(ListView):
    """Who brings goods.  POST makes suppliers or brings them up to date, by code: all of them or none."""

    scope_area = "stock"
    row_class = shapes.SupplierRow
    filterset_class = SupplierFilter
    sorts = {"code": Sort("code"), "id": Sort("id")}
    queryset = Supplier.objects.all()
    serializer_class = shapes.SupplierBatch
    answer_class = shapes.SupplierBatchResult
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        rows = [SupplierInput(**one) for one in self.body(request)["suppliers"]]
        ids = suppliers.save_suppliers(rows, actor_id=None)
        return Response(shapes.SupplierBatchResult({"saved": len(ids), "ids": ids}).data)


class OneSupplier(RetrieveView):
    """One supplier."""

    scope_area = "stock"
    row_class = shapes.SupplierRow
    queryset = Supplier.objects.all()


class _SetSupplier(CommandView):
    scope_area = "stock"
    serializer_class = Nothing
    answer_class = shapes.SupplierRow
    queryset = Supplier.objects.none()
    is_active = False

    def post(self, request: Request, pk: int) -> Response:
        suppliers.set_active([pk], is_active=self.is_active, actor_id=None)
        return Response(shapes.SupplierRow(get_row(Supplier.objects.all(), pk)).data)


class ArchiveSupplier(_SetSupplier):
    """Nobody orders from this supplier any more; its papers stay."""


class RestoreSupplier(_SetSupplier):
    """Take an archived supplier back."""

    is_active = True


class PurchaseFilter(Filters):
    number = filters.CharFilter()
    status = WordFilter(PurchaseStatus)
    supplier = IdFilter()
    facility = IdFilter()
    is_overdue = FlagFilter(method="by_overdue")

    def by_overdue(
        self, queryset: QuerySet[PurchaseOrder], name: str, value: bool
    ) -> QuerySet[PurchaseOrder]:
        late = {"status": PurchaseStatus.OPEN, "expected_on__lt": clock.today()}
        return queryset.filter(**late) if value else queryset.exclude(**late)


class _Purchases(ApiView):
    scope_area = "stock"
    row_class = shapes.PurchaseRow
    queryset = PurchaseOrder.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        lines, currency = list_purchase_lines(page_ids(rows)), find_currency()
        for row in rows:
            row.lines = [
                {
                    "id": line.id,
                    "sku_id": line.sku_id,
                    "sku": line.sku,
                    "quantity": line.quantity,
                    "received": line.received,
                    "price_minor": line.price_minor,
                    "currency": currency,
                }
                for line in lines[row.id]
            ]

    def shown(self, pk: int) -> Response:
        row = get_row(self.queryset, pk)
        self.fill([row])
        return Response(self.row_class(row).data)


class Purchases(_Purchases, ListView):
    """What suppliers were asked to bring.  POST makes one order, as a draft or open at once."""

    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    filterset_class = PurchaseFilter
    serializer_class = shapes.PurchaseShape
    answer_class = shapes.PurchaseRow
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        purchase = _read(asked)
        ids = purchasing.create_purchases(purchases=[purchase], is_open=asked["is_open"], actor_id=None)
        return self.shown(ids[0])


class OnePurchase(_Purchases, RetrieveView):
    """One purchase order with its lines."""


class _ChangePurchase(_Purchases, CommandView):
    serializer_class = Nothing
    answer_class = shapes.PurchaseRow
    change: Callable[..., Any]

    def post(self, request: Request, pk: int) -> Response:
        type(self).change(purchase_ids=[pk], actor_id=None)
        return self.shown(pk)


class OpenPurchase(_ChangePurchase):
    """A draft becomes open: goods may come for it."""

    change = purchasing.open_purchases


class ClosePurchase(_ChangePurchase):
    """No more will come for this open order, whatever is missing."""

    change = purchasing.close_purchases


class CancelPurchase(_ChangePurchase):
    """The order is void.  One that goods have come for can only be closed."""

    change = purchasing.cancel_purchases


def _read(asked: dict[str, Any]) -> PurchaseInput:
    supplier = Supplier.objects.filter(code=asked["supplier"], is_active=True).first()
    facility = Facility.objects.filter(code=asked["facility"], is_active=True).first()
    if supplier is None:
        raise ValidationError({"supplier": [_("没有这个供应商，或者已经停用。")]}, code="unknown")
    if facility is None:
        raise ValidationError({"facility": [_("没有这个仓库。")]}, code="unknown")
    sku_ids = find_sku_ids([line["sku"] for line in asked["lines"]])
    errors = [{} if line["sku"] in sku_ids else {"sku": [_("没有这个商品。")]} for line in asked["lines"]]
    if any(errors):
        raise ValidationError({"lines": errors}, code="unknown")
    currency = find_currency()
    lines = tuple(
        PurchaseLineInput(
            sku_ids[line["sku"]],
            line["quantity"],
            None if line["price"] is None else to_minor(line["price"], currency),
        )
        for line in asked["lines"]
    )
    return PurchaseInput(supplier.id, facility.id, lines, asked["expected_on"], asked["note"])


class SafetyFilter(Filters):
    facility = IdFilter()
    sku = IdFilter()


class SafetyStocks(ListView):
    """Units wanted at each place.  POST sets them, by facility and SKU: all of them or none."""

    scope_area = "stock"
    row_class = shapes.SafetyRow
    filterset_class = SafetyFilter
    queryset = SafetyStock.objects.all()
    serializer_class = shapes.SafetyBatch
    answer_class = shapes.SafetyBatchResult
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        rows = self.body(request)["rows"]
        facilities = dict(Facility.objects.values_list("code", "id"))
        sku_ids = find_sku_ids([row["sku"] for row in rows])
        errors = [
            {
                **({} if row["facility"] in facilities else {"facility": [_("没有这个仓库。")]}),
                **({} if row["sku"] in sku_ids else {"sku": [_("没有这个商品。")]}),
            }
            for row in rows
        ]
        if any(errors):
            raise ValidationError({"rows": errors}, code="unknown")
        changed = safety.save_safety(
            rows=[
                SafetyInput(facilities[r["facility"]], sku_ids[r["sku"]], r["minimum"], r["target"])
                for r in rows
            ],
            actor_id=None,
        )
        return Response(shapes.SafetyBatchResult({"changed": changed}).data)


class Proposals(ApiView):
    """What to buy now, the most urgent first: everything, in one answer."""

    scope_area = "stock"
    row_class = shapes.ProposalList
    queryset = SafetyStock.objects.none()

    def get(self, request: Request) -> Response:
        refuse_unknown(request)
        facility_ids = [card.id for card in list_facilities()]
        found = proposals.propose(facility_ids=facility_ids, short=list_short(facility_ids))
        last = list_last_bought(one.need.sku_id for one in found)
        items = [
            {
                "facility_id": one.need.facility_id,
                "sku_id": one.need.sku_id,
                "available": one.need.available,
                "on_order": one.need.on_order,
                "on_the_road": one.need.on_the_road,
                "short": one.need.short,
                "minimum": one.need.minimum,
                "target": one.need.target,
                "missing": one.missing,
                "quantity": one.quantity,
                "supplier_id": last[one.need.sku_id].supplier_id if one.need.sku_id in last else None,
            }
            for one in found
        ]
        return Response(shapes.ProposalList({"items": items}).data)


urlpatterns = [
    path("suppliers/", Suppliers.as_view(), name="suppliers"),
    path("suppliers/<int:pk>/", OneSupplier.as_view(), name="supplier"),
    path("suppliers/<int:pk>/archive/", ArchiveSupplier.as_view(), name="supplier_archive"),
    path("suppliers/<int:pk>/restore/", RestoreSupplier.as_view(), name="supplier_restore"),
    path("purchases/", Purchases.as_view(), name="purchases"),
    path("purchases/<int:pk>/", OnePurchase.as_view(), name="purchase"),
    path("purchases/<int:pk>/open/", OpenPurchase.as_view(), name="purchase_open"),
    path("purchases/<int:pk>/close/", ClosePurchase.as_view(), name="purchase_close"),
    path("purchases/<int:pk>/cancel/", CancelPurchase.as_view(), name="purchase_cancel"),
    path("purchase-proposals/", Proposals.as_view(), name="purchase_proposals"),
    path("safety-stock/", SafetyStocks.as_view(), name="safety_stock"),
]
