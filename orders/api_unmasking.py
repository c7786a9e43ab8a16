"""Receivers in clear over REST: a scope of its own, a reason, a row for each."""

from typing import Any

from django.http import HttpRequest
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import idempotency
from core.api.authentication import ApiKeyAuthentication, HasScope, caller
from core.api.fields import IdField, PlainText, WordField
from core.api.parsers import BoundedJSONParser
from core.api.views import CommandView
from core.tenancy import tenant
from orders.models import Order, UnmaskReason, UnmaskSource
from orders.services import revealing, unmasking
from orders.services.unmasking import Gap, Viewer

_HEARD = "_heard_of_receivers"


class UnmaskAsked(serializers.Serializer[Any]):
    """Orders whose receivers are to be seen, and why.  `note` is needed with OTHER."""

    order_ids = serializers.ListField(child=IdField(), min_length=1, max_length=unmasking.MOST)
    reason = WordField(UnmaskReason)
    note = PlainText(max_length=unmasking.LONGEST_NOTE, allow_blank=True, default="")


class PlainReceiver(serializers.Serializer[Any]):
    """Who gets it, in clear.  `is_masked`: the platform hides part of it all the same."""

    name = serializers.CharField()
    phone = serializers.CharField()
    province = serializers.CharField()
    city = serializers.CharField()
    district = serializers.CharField()
    street = serializers.CharField()
    is_masked = serializers.BooleanField()


class SeenOrder(serializers.Serializer[Any]):
    order_id = IdField()
    number = serializers.CharField()
    receiver = PlainReceiver(allow_null=True, help_text="null: nothing was shown, recorded or counted")
    source = WordField(UnmaskSource, allow_null=True)  # type: ignore[assignment]  # taken out of the class by DRF
    gap = WordField(Gap, allow_null=True, help_text="why nothing was shown, or not all")


class UnmaskAnswer(serializers.Serializer[Any]):
    orders = SeenOrder(many=True)
    left = serializers.IntegerField(help_text="other orders that this key may see today")
    limit = serializers.IntegerField()


class Unmask(CommandView):
    """Receivers of up to 100 orders in clear, all or none.  Needs the scope orders:unmask.

    Each order shown leaves an audit row; the merchant limits how many different orders a key sees a day (`409 unmask_limit`).  What only
    a platform has is asked there where its API allows it; else `gap` says why there is nothing.
    """

    scope_area = "orders"
    scope_action = "unmask"
    serializer_class = UnmaskAsked
    answer_class = UnmaskAnswer
    queryset = Order.objects.defer("receiver")
    seals_answer = True

    @classmethod
    def ahead(cls, request: HttpRequest, tenant_id: int) -> None:
        """Ask the platforms, unless this request has been answered before."""
        with tenant(tenant_id):
            asked = Request(request, parsers=[BoundedJSONParser()], authenticators=[ApiKeyAuthentication()])
            if not HasScope().has_permission(asked, cls):
                return
            key = idempotency.key_of(asked)
            if key is not None and idempotency.find_answered(caller(asked).key_id, key):
                return
            request.body  # noqa: B018  read once and kept, for the view to read again
            body = UnmaskAsked(data=asked.data)
            body.is_valid(raise_exception=True)
            unmasking.check_reason(body.validated_data["reason"], body.validated_data["note"])
            viewer = Viewer(key_id=caller(asked).key_id)
            questions = unmasking.list_questions(viewer=viewer, order_ids=body.validated_data["order_ids"])
        setattr(request, _HEARD, revealing.ask(tenant_id, questions))

    def post(self, request: Request) -> Response:
        body = self.body(request)
        done = unmasking.unmask(
            viewer=Viewer(key_id=caller(request).key_id),
            said=getattr(request._request, _HEARD, None),  # noqa: SLF001  as in ApiView
            **body,
        )
        return Response(UnmaskAnswer(done).data)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"
        return final


urlpatterns = [path("orders/unmask/", Unmask.as_view(), name="unmask_orders")]
