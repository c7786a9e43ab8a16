"""Dispatches over REST: the rounds of stores, and a store's grab."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField, PlainText, WordField
from core.api.filters import Filters, FlagFilter, IdFilter
from core.api.pagination import BY_ID, Sort, page_ids
from core.api.problems import of_refusal
from core.api.views import ApiView, CommandView, ListView, RetrieveView, get_row
from inventory.models import Facility
from o2o.models import Dispatch, DispatchStatus, Offer, OfferStatus
from o2o.services.grabs import grab


class OfferRow(serializers.Serializer[Any]):
    id = IdField()
    dispatch_id = IdField()
    facility_id = IdField()
    round = serializers.IntegerField()
    distance_m = serializers.IntegerField()
    status = WordField(OfferStatus)
    reason = serializers.CharField()
    offered_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class DispatchRow(serializers.Serializer[Any]):
    """One order's way through the stores' rounds."""

    id = IdField()
    order_id = IdField(source="order_ref")
    order_number = serializers.CharField()
    fallback_facility_id = IdField(source="facility_id")
    status = WordField(DispatchStatus)
    round = serializers.IntegerField()
    deadline = serializers.DateTimeField(allow_null=True)
    winner_facility_id = IdField(source="winner_id", allow_null=True)
    reason = serializers.CharField()
    version = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    offers = OfferRow(many=True)


class DispatchFilter(Filters):
    order = IdFilter(field_name="order_ref")
    is_open = FlagFilter(method="by_open")

    def by_open(self, queryset: Any, name: str, value: bool) -> Any:
        open_now = {"status": DispatchStatus.OFFERING.value}
        return queryset.filter(**open_now) if value else queryset.exclude(**open_now)


class _Dispatches(ApiView):
    scope_area = "o2o"
    row_class = DispatchRow
    queryset = Dispatch.objects.defer("rules")

    def fill(self, rows: Sequence[Any]) -> None:
        found: defaultdict[int, list[Offer]] = defaultdict(list)
        for offer in Offer.objects.filter(dispatch__in=page_ids(rows)).order_by("round", "distance_m", "id"):
            found[offer.dispatch_id].append(offer)
        for row in rows:
            row.offers = found[row.id]


class Dispatches(_Dispatches, ListView):
    """Dispatches with their offers, the newest first."""

    filterset_class = DispatchFilter
    sorts = {"-started_at": Sort("started_at", is_descending=True), **BY_ID}


class OneDispatch(_Dispatches, RetrieveView):
    """One dispatch with its offers."""


class OfferFilter(Filters):
    dispatch = IdFilter()
    facility = IdFilter()
    is_open = FlagFilter(method="by_open")

    def by_open(self, queryset: Any, name: str, value: bool) -> Any:
        open_now = {"status": OfferStatus.OPEN.value}
        return queryset.filter(**open_now) if value else queryset.exclude(**open_now)


class Offers(ListView):
    """Offers to stores: `facility` with `is_open=true` is what a store may grab now."""

    scope_area = "o2o"
    row_class = OfferRow
    filterset_class = OfferFilter
    queryset = Offer.objects.all()


class OneOffer(RetrieveView):
    """One offer."""

    scope_area = "o2o"
    row_class = OfferRow
    queryset = Offer.objects.all()


class GrabOrder(serializers.Serializer[Any]):
    facility = PlainText(max_length=32, help_text="code of the store")


class GrabAnswer(serializers.Serializer[Any]):
    dispatch_id = IdField()
    order_id = IdField(source="order_ref")
    facility_id = IdField()
    is_repeat = serializers.BooleanField(help_text="this store had won before")


class GrabDispatch(CommandView):
    """The store takes the order.  Exactly one store wins; the others get a 409 that says why."""

    scope_area = "o2o"
    serializer_class = GrabOrder
    answer_class = GrabAnswer
    queryset = Dispatch.objects.none()

    def post(self, request: Request, pk: int) -> Response:
        get_row(Dispatch.objects.defer("rules"), pk)
        store = Facility.objects.filter(code=self.body(request)["facility"]).first()
        if store is None:
            raise serializers.ValidationError({"facility": [_("没有这个门店。")]}, code="unknown")
        done = grab(dispatch_id=pk, facility_id=store.id, actor_id=None)
        if done.refusal is not None:
            return of_refusal(
                done.refusal
            )  # an answer, not an exception: that the offer is closed must commit
        return Response(GrabAnswer(done).data)


urlpatterns = [
    path("dispatches/", Dispatches.as_view(), name="dispatches"),
    path("dispatches/<int:pk>/", OneDispatch.as_view(), name="dispatch"),
    path("dispatches/<int:pk>/grab/", GrabDispatch.as_view(), name="dispatch_grab"),
    path("offers/", Offers.as_view(), name="offers"),
    path("offers/<int:pk>/", OneOffer.as_view(), name="offer"),
]
