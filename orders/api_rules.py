"""Rules of a tenant over REST: audit rules, gift rules, carriers with their prices, and how facilities take part in routing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import path
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import BIGINT, INT4, IdField, InstantField, PlainText, QuantityField, batch
from core.api.filters import Filters, IdFilter
from core.api.pagination import Sort, page_ids
from core.api.views import ApiView, ListView, RetrieveView
from orders.models import AuditRule, FacilityPlan, GiftRule
from orders.services.gift_rules import GiftRuleInput, save_gift_rules
from orders.services.rules import AuditRuleInput, FacilityPlanInput, save_audit_rules, save_facility_plans
from warehouse.models import Carrier, CarrierPrice
from warehouse.services.carriers import CarrierInput, PriceInput, save_carriers

MAX_RULES, MAX_PRICES = 200, 500
INT2 = 1_000
WITHOUT_ID = "leave it out to make a new one"


@extend_schema_field(OpenApiTypes.OBJECT)
class ConditionsField(serializers.DictField):
    """Conditions in the vocabulary of docs/rules: each name once, all of them must hold."""


class Ids(serializers.Serializer[Any]):
    ids = serializers.ListField(child=IdField(), help_text="in the order of the body")


class AuditRuleRow(serializers.Serializer[Any]):
    id = IdField()
    name = serializers.CharField()
    conditions = ConditionsField()
    stops = serializers.BooleanField()
    is_active = serializers.BooleanField()
    changed_at = serializers.DateTimeField()


class AuditRuleShape(serializers.Serializer[Any]):
    """Amounts in minor units of `currency`, which stands among the conditions whenever an amount does."""

    id = IdField(required=False, help_text=WITHOUT_ID)
    name = PlainText(max_length=60)
    conditions = ConditionsField(
        help_text='{"amount_over": 500000, "currency": "CNY", "regions": ["54", "65"]}'
    )
    stops = serializers.BooleanField(default=True, help_text="false: the order is only marked")
    is_active = serializers.BooleanField(default=True)


class AuditRuleBatch(serializers.Serializer[Any]):
    rules = batch(AuditRuleShape(), most=MAX_RULES)


class ActiveFilter(Filters):
    is_active = filters.BooleanFilter()


class AuditRules(ListView):
    """Audit rules.  POST makes and changes up to 200, all of them or none; they count for the orders that come from now on."""

    scope_area = "orders"
    row_class = AuditRuleRow
    filterset_class = ActiveFilter
    queryset = AuditRule.objects.all()
    serializer_class = AuditRuleBatch
    answer_class = Ids
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        rules = [AuditRuleInput(**row) for row in self.body(request)["rules"]]
        return Response({"ids": save_audit_rules(rules=rules, actor_id=None)})


class OneAuditRule(RetrieveView):
    """One audit rule."""

    scope_area = "orders"
    row_class = AuditRuleRow
    queryset = AuditRule.objects.all()


class GiftRuleRow(serializers.Serializer[Any]):
    id = IdField()
    name = serializers.CharField()
    sku_id = IdField()
    quantity = serializers.IntegerField()
    conditions = ConditionsField()
    priority = serializers.IntegerField()
    is_exclusive = serializers.BooleanField()
    is_once_per_buyer = serializers.BooleanField()
    most_units = serializers.IntegerField(allow_null=True)
    given_units = serializers.IntegerField()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    is_active = serializers.BooleanField()


class GiftRuleShape(serializers.Serializer[Any]):
    """`conditions`: from_minor, to_minor, currency, skus, categories, min_units, is_per_multiple, channels."""

    id = IdField(required=False, help_text=WITHOUT_ID)
    name = PlainText(max_length=60)
    sku_id = IdField()
    quantity = QuantityField(default=1)
    conditions = ConditionsField(default=dict)
    priority = serializers.IntegerField(default=0, min_value=-INT2, max_value=INT2)
    is_exclusive = serializers.BooleanField(default=False)
    is_once_per_buyer = serializers.BooleanField(default=False)
    most_units = serializers.IntegerField(
        default=None, allow_null=True, min_value=0, max_value=2_000_000_000, help_text="null: no end"
    )
    starts_at = InstantField(default=None, allow_null=True)
    ends_at = InstantField(default=None, allow_null=True)
    is_active = serializers.BooleanField(default=True)


class GiftRuleBatch(serializers.Serializer[Any]):
    rules = batch(GiftRuleShape(), most=MAX_RULES)


class GiftRules(ListView):
    """Gift rules.  POST makes and changes up to 200, all of them or none; what a rule has given stays counted."""

    scope_area = "orders"
    row_class = GiftRuleRow
    filterset_class = ActiveFilter
    queryset = GiftRule.objects.all()
    serializer_class = GiftRuleBatch
    answer_class = Ids
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        rules = [GiftRuleInput(**row) for row in self.body(request)["rules"]]
        return Response({"ids": save_gift_rules(rules=rules, actor_id=None)})


class OneGiftRule(RetrieveView):
    """One gift rule."""

    scope_area = "orders"
    row_class = GiftRuleRow
    queryset = GiftRule.objects.all()


class PlanRow(serializers.Serializer[Any]):
    id = IdField()
    facility_id = IdField()
    priority = serializers.IntegerField()
    regions = serializers.ListField(child=serializers.CharField())
    daily_parcels = serializers.IntegerField(allow_null=True)
    cost_minor = serializers.IntegerField(help_text="of one parcel, in the tenant's currency")
    is_active = serializers.BooleanField()


class PlanShape(serializers.Serializer[Any]):
    facility_id = IdField()
    priority = serializers.IntegerField(default=0, min_value=-INT2, max_value=INT2)
    regions = serializers.ListField(
        child=PlainText(max_length=6), default=list, max_length=500, help_text="prefixes of division codes"
    )
    daily_parcels = serializers.IntegerField(default=None, allow_null=True, min_value=0, max_value=INT4)
    cost_minor = serializers.IntegerField(default=0, min_value=0, max_value=BIGINT)
    is_active = serializers.BooleanField(default=True)


class PlanBatch(serializers.Serializer[Any]):
    plans = batch(PlanShape(), most=MAX_RULES)


class PlanFilter(ActiveFilter):
    facility = IdFilter()


class FacilityPlans(ListView):
    """How facilities take part in routing, one plan each.  POST sets up to 200."""

    scope_area = "orders"
    row_class = PlanRow
    filterset_class = PlanFilter
    queryset = FacilityPlan.objects.all()
    serializer_class = PlanBatch
    answer_class = Ids
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        plans = [FacilityPlanInput(**row) for row in self.body(request)["plans"]]
        return Response({"ids": save_facility_plans(plans=plans, actor_id=None)})


class OneFacilityPlan(RetrieveView):
    """One plan."""

    scope_area = "orders"
    row_class = PlanRow
    queryset = FacilityPlan.objects.all()


class PriceShape(serializers.Serializer[Any]):
    """So much up to `first_g`, so much for each step begun; the longest prefix counts, "" is everywhere."""

    region = PlainText(max_length=6, allow_blank=True, default="")
    is_served = serializers.BooleanField(default=True)
    first_g = QuantityField(default=1_000)
    first_minor = serializers.IntegerField(default=0, min_value=0, max_value=BIGINT)
    step_g = QuantityField(default=1_000)
    step_minor = serializers.IntegerField(default=0, min_value=0, max_value=BIGINT)
    cod_minor = serializers.IntegerField(default=0, min_value=0, max_value=BIGINT)


class CarrierRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    weight_g = serializers.IntegerField(allow_null=True)
    volume_mm3 = serializers.IntegerField(allow_null=True)
    longest_mm = serializers.IntegerField(allow_null=True)
    takes_cod = serializers.BooleanField()
    shipping_classes = serializers.ListField(child=serializers.CharField())
    priority = serializers.IntegerField()
    is_active = serializers.BooleanField()
    prices = PriceShape(many=True)


class CarrierShape(serializers.Serializer[Any]):
    """Limits null: none.  `prices` left out: the table stays as it is."""

    id = IdField(required=False, help_text=WITHOUT_ID)
    code = PlainText(max_length=32)
    name = PlainText(max_length=60)
    weight_g = QuantityField(default=None, allow_null=True)
    volume_mm3 = serializers.IntegerField(default=None, allow_null=True, min_value=1, max_value=BIGINT)
    longest_mm = QuantityField(default=None, allow_null=True)
    takes_cod = serializers.BooleanField(default=False)
    shipping_classes = serializers.ListField(child=PlainText(max_length=20), default=list, max_length=20)
    priority = serializers.IntegerField(default=0, min_value=-INT2, max_value=INT2)
    is_active = serializers.BooleanField(default=True)
    prices: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=PriceShape(), required=False, max_length=MAX_PRICES
    )


class CarrierBatch(serializers.Serializer[Any]):
    carriers = batch(CarrierShape(), most=MAX_RULES)


class _Carriers(ApiView):
    scope_area = "orders"
    row_class = CarrierRow
    queryset = Carrier.objects.all()

    def fill(self, rows: Sequence[Any]) -> None:
        prices: defaultdict[int, list[CarrierPrice]] = defaultdict(list)
        for price in CarrierPrice.objects.filter(carrier__in=page_ids(rows)).order_by("region", "id"):
            prices[price.carrier_id].append(price)
        for row in rows:
            row.prices = prices[row.id]


class CarrierFilter(ActiveFilter):
    code = filters.CharFilter()


class Carriers(_Carriers, ListView):
    """Carriers with their price tables.  POST makes and changes up to 200, for the parcels to come."""

    filterset_class = CarrierFilter
    serializer_class = CarrierBatch
    answer_class = Ids
    needs_idempotency_key = True
    sorts = {"code": Sort("code"), "id": Sort("id")}

    def post(self, request: Request) -> Response:
        carriers = [_carrier(row) for row in self.body(request)["carriers"]]
        return Response({"ids": save_carriers(carriers=carriers, actor_id=None)})


def _carrier(row: Mapping[str, Any]) -> CarrierInput:
    prices = row.get("prices")
    read = None if prices is None else [PriceInput(**price) for price in prices]
    return CarrierInput(**{**row, "prices": read})


class OneCarrier(_Carriers, RetrieveView):
    """One carrier."""


urlpatterns = [
    path("audit-rules/", AuditRules.as_view(), name="audit_rules"),
    path("audit-rules/<int:pk>/", OneAuditRule.as_view(), name="audit_rule"),
    path("gift-rules/", GiftRules.as_view(), name="gift_rules"),
    path("gift-rules/<int:pk>/", OneGiftRule.as_view(), name="gift_rule"),
    path("facility-plans/", FacilityPlans.as_view(), name="facility_plans"),
    path("facility-plans/<int:pk>/", OneFacilityPlan.as_view(), name="facility_plan"),
    path("carriers/", Carriers.as_view(), name="carriers"),
    path("carriers/<int:pk>/", OneCarrier.as_view(), name="carrier"),
]
