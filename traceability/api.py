"""Tracing over REST: a lot forward, to places and parcels; the equation that closes."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core import signing
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField, WordField
from core.api.pagination import Sort, bad_cursor, limit_of
from core.api.views import ApiView, RetrieveView, refuse_unknown
from inventory.models import BinKind, HoldKind, Lot
from traceability import queries
from warehouse.models import ParcelStatus

SALT = "traceability.api.left"
INSIDE_SHOWN = 500  # parcels in the building, the earliest deadlines


class TracedLotRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    sku_id = IdField()
    sku_code = serializers.CharField()
    supplier_lot = serializers.CharField()
    produced_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    received_on = serializers.DateField()


class EquationRow(serializers.Serializer[Any]):
    """received + made_here + returned + found = all the others."""

    received = serializers.IntegerField()
    made_here = serializers.IntegerField()
    returned = serializers.IntegerField()
    found = serializers.IntegerField()
    on_hand = serializers.IntegerField()
    in_transit = serializers.IntegerField()
    shipped = serializers.IntegerField()
    used_in_lots = serializers.IntegerField()
    sent_back = serializers.IntegerField()
    written_off = serializers.IntegerField()
    lost = serializers.IntegerField()
    difference = serializers.IntegerField()


class PlaceRow(serializers.Serializer[Any]):
    balance_id = IdField()
    facility_id = IdField()
    bin = serializers.CharField(source="bin_code")
    bin_kind = WordField(BinKind)
    on_hand = serializers.IntegerField()
    allocated = serializers.IntegerField()


class ReceiptOfLotRow(serializers.Serializer[Any]):
    receipt_id = IdField()
    reference = serializers.CharField()
    supplier = serializers.CharField()
    units = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class HoldOfLotRow(serializers.Serializer[Any]):
    id = IdField()
    kind = WordField(HoldKind)
    document = serializers.CharField()
    reason = serializers.CharField()
    opened_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)


class InsideRow(serializers.Serializer[Any]):
    parcel_id = IdField()
    order_id = IdField()
    order_number = serializers.CharField(allow_null=True)
    units = serializers.IntegerField()
    status = WordField(ParcelStatus)
    is_picked = serializers.BooleanField()
    ship_by = serializers.DateTimeField()


class LeftRow(serializers.Serializer[Any]):
    parcel_id = IdField()
    order_id = IdField()
    order_number = serializers.CharField(allow_null=True)
    receiver_mask = serializers.CharField(allow_null=True)
    units = serializers.IntegerField()
    tracking_number = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class TraceRow(serializers.Serializer[Any]):
    """A lot: where it came from and where it is.  Who has it: trace/lots/{id}/parcels/."""

    lot = TracedLotRow()
    equation = EquationRow()
    receipts = ReceiptOfLotRow(many=True)
    places = PlaceRow(many=True)
    holds = HoldOfLotRow(many=True)
    inside = InsideRow(many=True)


class TraceLot(RetrieveView):
    """Trace one lot, back to its receipts and forward to bins and parcels."""

    scope_area = "trace"
    row_class = TraceRow
    queryset = Lot.objects.all()

    def get(self, request: Request, pk: int) -> Response:
        """Everything about one lot."""
        lot, places = queries.get_lot(pk), queries.list_places(pk)
        equation = queries.get_equation(pk, places)
        found = {
            "lot": lot,
            "equation": asdict(equation) | {"difference": equation.difference},
            "receipts": queries.list_receipts(pk),
            "places": places,
            "holds": queries.list_holds(pk),
            "inside": queries.list_inside(pk, limit=INSIDE_SHOWN),
        }
        return Response(TraceRow(found).data)


class TraceParcels(ApiView):
    """Parcels that left with units of the lot, the newest first, with the units and the masked receiver."""

    scope_area = "trace"
    row_class = LeftRow
    sorts = {"-at": Sort("at", is_descending=True)}
    queryset = Lot.objects.all()

    def get(self, request: Request, pk: int) -> Response:
        """A page of parcels."""
        refuse_unknown(request)
        lot_id, limit = pk, limit_of(request)
        queries.get_lot(lot_id)
        rows = queries.list_left(lot_id, after=self._after(request, lot_id), limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        following = last and signing.dumps([lot_id, last.at.isoformat(), last.parcel_id], salt=SALT)
        return Response({"items": LeftRow(rows[:limit], many=True).data, "next": following})

    def _after(self, request: Request, lot_id: int) -> tuple[datetime, int] | None:
        text = request.query_params.get("cursor")
        if not text:
            return None
        try:
            of_lot, at, parcel_id = signing.loads(text, salt=SALT)
        except signing.BadSignature:
            raise bad_cursor() from None
        if of_lot != lot_id:
            raise bad_cursor()
        return datetime.fromisoformat(at), parcel_id


urlpatterns = [
    path("trace/lots/<int:pk>/", TraceLot.as_view(), name="trace_lot"),
    path("trace/lots/<int:pk>/parcels/", TraceParcels.as_view(), name="trace_lot_parcels"),
]
