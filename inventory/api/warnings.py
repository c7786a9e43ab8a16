"""Warnings over REST: what is past its day or near it, short, lying too long, or will not sell in time."""

from typing import Any

from django.core import signing
from django.db.models import QuerySet
from django.urls import path
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField
from core.api.filters import Filters, IdFilter
from core.api.pagination import Sort, bad_cursor, limit_of
from core.api.views import ApiView, refuse_unknown
from inventory.models import Lot
from inventory.queries import list_facilities
from inventory.queries.warnings import Place, Wanted, WarningKind, list_category_ids, list_warnings

SALT = "inventory.api.warnings"


class StockWarningRow(serializers.Serializer[Any]):
    """One lot at one facility; of LOW_STOCK one SKU there, without a lot."""

    kind = serializers.ChoiceField(choices=[(kind.value, kind.value) for kind in WarningKind])
    facility_id = IdField()
    sku_id = IdField()
    sku = serializers.CharField(source="sku_code")
    lot_id = IdField(allow_null=True)
    lot = serializers.CharField(source="lot_code")
    units = serializers.IntegerField(help_text="on hand in bins that sell; of LOW_STOCK available")
    at_risk = serializers.IntegerField(
        help_text="units the warning is about; SELLING_OUT: will be left; LOW_STOCK: missing"
    )
    days = serializers.IntegerField(
        allow_null=True, help_text="days of sale left, negative when past; AGEING: days since it came"
    )
    stage = serializers.IntegerField(
        allow_null=True, help_text="the tenant's stage in days that it has reached"
    )
    minimum = serializers.IntegerField(allow_null=True)
    shipped = serializers.IntegerField(allow_null=True, help_text="units that left in the last 28 days")
    expires_on = serializers.DateField(allow_null=True)
    received_on = serializers.DateField(allow_null=True)


class StockWarningFilter(Filters):
    kind = filters.ChoiceFilter(choices=[(kind.value, kind.value) for kind in WarningKind], required=True)
    facility = IdFilter(method="by_view")
    category = filters.CharFilter(method="by_view", max_length=120)
    stage = IdFilter(method="by_view")

    def by_view(self, queryset: QuerySet[Lot], name: str, value: object) -> QuerySet[Lot]:
        """The view reads the values: warnings come from no one table."""
        return queryset


class StockWarnings(ApiView):
    """One kind of warning, the worst first.  `category` takes what lies below it along; `stage` that many days or worse."""

    scope_area = "stock"
    row_class = StockWarningRow
    filterset_class = StockWarningFilter
    sorts = {"days": Sort("days")}
    queryset = Lot.objects.all()

    def get(self, request: Request) -> Response:
        """A page of warnings."""
        refuse_unknown(request, StockWarningFilter.base_filters)
        asked = StockWarningFilter(data=request.query_params, queryset=Lot.objects.none())
        if not asked.is_valid():
            raise serializers.ValidationError(asked.errors)
        words, limit = asked.form.cleaned_data, limit_of(request)
        kind = WarningKind(words["kind"])
        ids = [card.id for card in list_facilities(None)]
        facility_id = words["facility"]
        wanted = Wanted(
            ids if facility_id is None else [int(facility_id)],
            list_category_ids(words["category"]) if words["category"] else None,
            None if words["stage"] is None else int(words["stage"]),
        )
        rows = list_warnings(kind, wanted, beyond=self._beyond(request, kind), limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        following = last and signing.dumps([kind.value, last.key, last.id], salt=SALT)
        return Response({"items": StockWarningRow(rows[:limit], many=True).data, "next": following})

    def _beyond(self, request: Request, kind: WarningKind) -> Place | None:
        text = request.query_params.get("cursor")
        if not text:
            return None
        try:
            sealed_kind, key, row_id = signing.loads(text, salt=SALT)
        except (signing.BadSignature, ValueError):
            raise bad_cursor() from None
        if sealed_kind != kind.value:
            raise bad_cursor()
        return Place(key, row_id)


urlpatterns = [path("stock-warnings/", StockWarnings.as_view(), name="stock_warnings")]
