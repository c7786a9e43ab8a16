"""Tracing over REST: a lot forward, to places and parcels; the equation that closes."""

from dataclasses import asdict
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField, WordField
from core.api.views import RetrieveView
from inventory.models import BinKind, HoldKind, Lot
from traceability import queries
from warehouse.models import ParcelStatus

SHOWN = 500  # parcels that left; the newest


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


class LeftPart(serializers.Serializer[Any]):
    """All that left, counted; `newest` are the last parcels of them."""

    parcels = serializers.IntegerField()
    units = serializers.IntegerField()
    newest = LeftRow(many=True)


class TraceRow(serializers.Serializer[Any]):
    """A lot: where it came from, where it is, who has it.  Receivers are masked."""

    lot = TracedLotRow()
    equation = EquationRow()
    receipts = ReceiptOfLotRow(many=True)
    places = PlaceRow(many=True)
    holds = HoldOfLotRow(many=True)
    inside = InsideRow(many=True)
    left = LeftPart()


class TraceLot(RetrieveView):
    """Trace one lot, back to its receipts and forward to bins and parcels."""

    scope_area = "trace"
    row_class = TraceRow
    queryset = Lot.objects.all()

    def get(self, request: Request, pk: int) -> Response:
        """Everything about one lot."""
        lot, places = queries.get_lot(pk), queries.list_places(pk)
        equation = queries.get_equation(pk, places)
        parcels, units = queries.count_left(pk)
        newest = queries.list_left(pk, after=None, limit=SHOWN)
        found = {
            "lot": lot,
            "equation": asdict(equation) | {"difference": equation.difference},
            "receipts": queries.list_receipts(pk),
            "places": places,
            "holds": queries.list_holds(pk),
            "inside": queries.list_inside(pk)[: queries.INSIDE_SHOWN],
            "left": {"parcels": parcels, "units": units, "newest": newest},
        }
        return Response(TraceRow(found).data)


urlpatterns = [path("trace/lots/<int:pk>/", TraceLot.as_view(), name="trace_lot")]
