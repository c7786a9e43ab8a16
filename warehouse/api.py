"""The warehouse over REST: parcels and waves."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField, PlainText, QuantityField, WordField, batch
from core.api.filters import Filters, IdFilter, WordFilter
from core.api.pagination import Sort, page_ids
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row, refuse_unknown
from inventory.models import Allocation, Facility
from inventory.services.lot_changes import change_lot, list_offers
from warehouse.models import Carrier, Handover, Parcel, ParcelLine, ParcelStatus, Wave, WaveStatus
from warehouse.services import floor, tracking, waves
from warehouse.services.carriers import NoCarrier

MAX_RELEASE = 5_000
MAX_NUMBERS = 1_000


class ParcelLineRow(serializers.Serializer[Any]):
    id = IdField()
    sku_id = IdField()
    order_line_id = IdField(source="ref")
    quantity = serializers.IntegerField()


class ParcelRow(serializers.Serializer[Any]):
    """What gets one waybill.  The receiver is not in it: labels are printed by the warehouse."""

    id = IdField()
    order_id = IdField(source="ref")
    facility_id = IdField()
    wave_id = IdField(allow_null=True)
    slot = serializers.IntegerField(allow_null=True)
    status = WordField(ParcelStatus)
    handover = WordField(Handover)
    units = serializers.IntegerField()
    weight_g = serializers.IntegerField(allow_null=True)
    carton_no = serializers.IntegerField()
    carton_of = serializers.IntegerField()
    reason = serializers.CharField()
    ship_by = serializers.DateTimeField()
    tracking_number = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    shipped_at = serializers.DateTimeField(allow_null=True)
    lines = ParcelLineRow(many=True)


class ParcelFilter(Filters):
    order = IdFilter(field_name="ref")
    wave = IdFilter()
    queue_of = IdFilter(method="by_queue", help_text="id of a facility: its parcels that no wave has yet")

    def by_queue(self, queryset: Any, name: str, value: int) -> Any:
        return queryset.filter(facility=value, wave__isnull=True)


class _Parcels(ApiView):
    scope_area = "warehouse"
    row_class = ParcelRow
    queryset = Parcel.objects.defer("label")

    def fill(self, rows: Sequence[Any]) -> None:
        found: defaultdict[int, list[ParcelLine]] = defaultdict(list)
        for line in ParcelLine.objects.filter(parcel__in=page_ids(rows)).order_by("id"):
            found[line.parcel_id].append(line)
        for row in rows:
            row.lines = found[row.id]


class Parcels(_Parcels, ListView):
    """Parcels with their lines."""

    filterset_class = ParcelFilter
    sorts = {"ship_by": Sort("ship_by", needs=("queue_of",)), "id": Sort("id", unless=("queue_of",))}


class OneParcel(_Parcels, RetrieveView):
    """One parcel with its lines."""


class WaveRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    facility_id = IdField()
    tote_id = IdField()
    status = WordField(WaveStatus)
    parcel_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class WaveFilter(Filters):
    facility = IdFilter()
    status = WordFilter(WaveStatus)


class WaveOrder(serializers.Serializer[Any]):
    """Release up to `limit` parcels of a facility's queue, earliest deadline first, `size` to a cart."""

    facility = PlainText(max_length=32, help_text="code of the facility")
    limit = QuantityField(max_value=MAX_RELEASE, default=1_000)
    size = QuantityField(max_value=200, default=waves.SIZE)


class WaveResult(serializers.Serializer[Any]):
    wave_ids = serializers.ListField(child=IdField())
    parcel_ids = serializers.ListField(child=IdField())
    short_parcel_ids = serializers.ListField(child=IdField(), source="short")


class Waves(ListView):
    """Parcels picked together.  POST releases waves."""

    scope_area = "warehouse"
    row_class = WaveRow
    filterset_class = WaveFilter
    serializer_class = WaveOrder
    answer_class = WaveResult
    needs_idempotency_key = True
    sorts = {
        "-created_at": Sort("created_at", is_descending=True, needs=("facility",)),
        "id": Sort("id"),
    }
    queryset = Wave.objects.all()

    def post(self, request: Request) -> Response:
        asked = self.body(request)
        facility = Facility.objects.filter(code=asked["facility"]).first()
        if facility is None:
            raise serializers.ValidationError({"facility": [_("没有这个仓库。")]}, code="unknown")
        done = waves.release(facility_id=facility.id, limit=asked["limit"], size=asked["size"])
        return Response(WaveResult(done).data)


class OneWave(RetrieveView):
    """One wave."""

    scope_area = "warehouse"
    row_class = WaveRow
    queryset = Wave.objects.all()


class Nothing(serializers.Serializer[Any]):
    """An empty body."""


class FloorResult(serializers.Serializer[Any]):
    """Parcels done, units moved, and parcels that an open hold keeps where they are."""

    parcel_ids = serializers.ListField(child=IdField())
    units = serializers.IntegerField()
    held_parcel_ids = serializers.ListField(child=IdField(), source="held")


class _FloorCommand(CommandView):
    scope_area = "warehouse"
    serializer_class = Nothing
    answer_class = FloorResult
    queryset = Wave.objects.none()


class PickWave(_FloorCommand):
    """Everything of this wave lies on its cart.  Repeated, it moves nothing."""

    def post(self, request: Request, pk: int) -> Response:
        wave = get_row(Wave.objects.all(), pk)
        return Response(FloorResult(floor.confirm_picks(wave_ids=[wave.pk])).data)


class ShipWave(_FloorCommand):
    """The picked parcels of this wave leave the building.  Repeated, it ships nothing."""

    def post(self, request: Request, pk: int) -> Response:
        wave = get_row(Wave.objects.all(), pk)
        return Response(FloorResult(floor.ship(wave_ids=[wave.pk])).data)


class NumberRow(serializers.Serializer[Any]):
    """A parcel's tracking number; without a carrier's code the one that was chosen for it stays."""

    parcel_id = IdField()
    tracking_number = PlainText(max_length=tracking.LONGEST)
    carrier = PlainText(max_length=32, required=False, default="")


class Numbers(serializers.Serializer[Any]):
    numbers = batch(NumberRow(), most=MAX_NUMBERS)


class NumbersResult(serializers.Serializer[Any]):
    """Parcels that changed; saying the same again changes none."""

    parcel_ids = serializers.ListField(child=IdField())


class TrackingNumbers(CommandView):
    """Give parcels their tracking numbers, all of them or none."""

    scope_area = "warehouse"
    serializer_class = Numbers
    answer_class = NumbersResult
    queryset = Parcel.objects.none()

    def post(self, request: Request) -> Response:
        rows = self.body(request)["numbers"]
        codes = {row["carrier"] for row in rows if row["carrier"]}
        carriers = dict(Carrier.objects.filter(code__in=codes).values_list("code", "id"))
        for place, row in enumerate(rows):
            if row["carrier"] and row["carrier"] not in carriers:
                raise NoCarrier(_("没有这家快递。"), carrier=row["carrier"], row=place)
        wanted = [
            tracking.NumberInput(row["parcel_id"], row["tracking_number"], carriers.get(row["carrier"]))
            for row in rows
        ]
        return Response(
            NumbersResult({"parcel_ids": tracking.set_numbers(numbers=wanted, actor_id=None)}).data
        )


class AllocationRow(serializers.Serializer[Any]):
    """Units of one lot in one bin that a parcel's line has."""

    id = IdField()
    parcel_id = IdField(source="owner_ref")
    parcel_line_id = IdField(source="line_ref")
    balance_id = IdField()
    quantity = serializers.IntegerField()
    min_expires_on = serializers.DateField(
        help_text="the parcel wants goods that expire on this day or later"
    )


class AllocationFilter(Filters):
    parcel = IdFilter(field_name="owner_ref")


class _Allocations(ApiView):
    scope_area = "warehouse"
    row_class = AllocationRow
    queryset = Allocation.objects.all()


class Allocations(_Allocations, ListView):
    """What is allocated: which lot, from which bin, for which parcel."""

    filterset_class = AllocationFilter


class OneAllocation(_Allocations, RetrieveView):
    """One allocation."""


class LotOfferRow(serializers.Serializer[Any]):
    """A bin that has the same goods, and what stands against taking them there."""

    balance_id = IdField()
    lot_id = IdField()
    lot_code = serializers.CharField()
    expires_on = serializers.DateField(allow_null=True, help_text="null: it never expires")
    bin_code = serializers.CharField()
    available = serializers.IntegerField(help_text="units there that nobody has")
    is_current = serializers.BooleanField(help_text="the units are taken from here now")
    refusal = serializers.CharField(
        help_text="why change-lot would refuse it, for people; empty: it would not"
    )


class LotOfferList(serializers.Serializer[Any]):
    items = LotOfferRow(many=True)


class LotOffers(ApiView):
    """The lots and bins that these units could be taken from instead, first expired first, each judged as change-lot would judge it now;
    at most 200."""

    scope_area = "warehouse"
    row_class = LotOfferRow
    queryset = Allocation.objects.all()

    @extend_schema(responses=LotOfferList)
    def get(self, request: Request, pk: int) -> Response:
        """Not a promise: change-lot looks again."""
        refuse_unknown(request)
        offers = list_offers(get_row(self.get_queryset(), pk).pk)
        return Response(LotOfferList({"items": offers}).data)


class LotChange(serializers.Serializer[Any]):
    balance_id = IdField(help_text="the balance of the same goods at the same facility to take them from")


class ChangeLot(CommandView):
    """Take these units from another lot or bin, unless a promise would lose its goods.  To the one it has already: nothing is done."""

    scope_area = "warehouse"
    serializer_class = LotChange
    answer_class = AllocationRow
    queryset = Allocation.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        allocation = get_row(Allocation.objects.all(), pk)
        change_lot(allocation_id=allocation.pk, to_balance_id=self.body(request)["balance_id"], actor_id=None)
        return Response(AllocationRow(get_row(Allocation.objects.all(), pk)).data)


urlpatterns = [
    path("allocations/", Allocations.as_view(), name="allocations"),
    path("allocations/<int:pk>/", OneAllocation.as_view(), name="allocation"),
    path("allocations/<int:pk>/lots/", LotOffers.as_view(), name="allocation_lots"),
    path("allocations/<int:pk>/change-lot/", ChangeLot.as_view(), name="allocation_change_lot"),
    path("parcels/", Parcels.as_view(), name="parcels"),
    path("parcels/tracking-numbers/", TrackingNumbers.as_view(), name="tracking_numbers"),
    path("parcels/<int:pk>/", OneParcel.as_view(), name="parcel"),
    path("waves/", Waves.as_view(), name="waves"),
    path("waves/<int:pk>/", OneWave.as_view(), name="wave"),
    path("waves/<int:pk>/pick/", PickWave.as_view(), name="wave_pick"),
    path("waves/<int:pk>/ship/", ShipWave.as_view(), name="wave_ship"),
]
