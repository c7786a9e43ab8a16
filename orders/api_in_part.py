"""Part of an order now, the rest later, over REST: what would go, to send it, to take it back."""

from collections.abc import Sequence
from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField
from core.api.views import CommandView
from orders.services import in_part
from orders.services.in_part import LOOKED_AT, Part


class OrderIds(serializers.Serializer[Any]):
    order_ids = serializers.ListField(child=IdField(), allow_empty=False, max_length=LOOKED_AT)


class PartItem(serializers.Serializer[Any]):
    line_id = IdField()
    sku_id = IdField(help_text="0: not mapped yet")
    units = serializers.IntegerField()


class ParcelOfPart(serializers.Serializer[Any]):
    items = PartItem(many=True)
    weight_g = serializers.IntegerField(allow_null=True)
    carrier_id = IdField(allow_null=True)
    freight_minor = serializers.IntegerField(allow_null=True)


class OrderPart(serializers.Serializer[Any]):
    """What would become of one order: parcels that go now, units that wait, and what stops it."""

    order_id = IdField()
    number = serializers.CharField()
    parcels = ParcelOfPart(many=True)
    waits = PartItem(many=True)
    findings = serializers.ListField(child=serializers.CharField())


class OrderParts(serializers.Serializer[Any]):
    orders = OrderPart(many=True)


class PartDone(serializers.Serializer[Any]):
    """Orders that send what is there, those of which everything is there and goes, and those that stay as they are."""

    in_part = serializers.ListField(child=IdField())
    whole = serializers.ListField(child=IdField())
    stopped = serializers.ListField(child=IdField())


class PartBack(serializers.Serializer[Any]):
    order_ids = serializers.ListField(child=IdField())
    left = serializers.ListField(child=IdField(), help_text="nothing of these could be taken back")


class LookAtPart(CommandView):
    """What would go now of these stopped orders, by deadline, were they sent in part.  Nothing is changed."""

    scope_area = "orders"
    serializer_class = OrderIds
    answer_class = OrderParts

    def post(self, request: Request) -> Response:
        parts = in_part.preview(order_ids=self.body(request)["order_ids"])
        return Response(OrderParts({"orders": [_row(part) for part in parts]}).data)


class SendPart(CommandView):
    """Send what is there of these stopped orders, whatever their channel and the merchant say: the rest of each waits.

    Orders that something else than goods stops stay as they are.
    """

    scope_area = "orders"
    serializer_class = OrderIds
    answer_class = PartDone
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        done = in_part.go(order_ids=self.body(request)["order_ids"], actor_id=None)
        still = [i for i in done.stopped if i not in done.in_part]
        return Response(PartDone({"in_part": done.in_part, "whole": done.order_ids, "stopped": still}).data)


class TakePartBack(CommandView):
    """What has not left of these orders waits for the rest again."""

    scope_area = "orders"
    serializer_class = OrderIds
    answer_class = PartBack
    needs_idempotency_key = True

    def post(self, request: Request) -> Response:
        done = in_part.take_back(order_ids=self.body(request)["order_ids"], actor_id=None)
        return Response(PartBack(done).data)


def _row(part: Part) -> dict[str, Any]:
    return {
        "order_id": part.order_id,
        "number": part.number,
        "parcels": [
            {
                "items": _items((item.line_id, item.sku_id, item.quantity) for item in parcel.items),
                "weight_g": parcel.weight_g,
                "carrier_id": part.carriers[place].carrier_id if place < len(part.carriers) else None,
                "freight_minor": part.carriers[place].freight_minor if place < len(part.carriers) else None,
            }
            for place, parcel in enumerate(part.parcels)
        ],
        "waits": _items(part.waits),
        "findings": list(part.codes),
    }


def _items(found: Any) -> Sequence[dict[str, int]]:
    return [{"line_id": line, "sku_id": sku, "units": units} for line, sku, units in found]


urlpatterns = [
    path("orders/ready-now/", SendPart.as_view(), name="ready_now"),
    path("orders/ready-now/preview/", LookAtPart.as_view(), name="ready_now_preview"),
    path("orders/ready-now/back/", TakePartBack.as_view(), name="ready_now_back"),
]
