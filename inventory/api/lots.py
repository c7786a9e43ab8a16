"""One lot over REST, and its dates put right."""

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import PlainText
from core.api.views import RetrieveView, get_row
from inventory.api.shapes import LotRow
from inventory.models import Lot
from inventory.services.lot_dates import KEPT, LotCorrection, correct_lots


class LotDates(serializers.Serializer[Any]):
    """What is true of the lot.  What is not given stays as it was."""

    produced_on = serializers.DateField(allow_null=True, required=False, help_text="null: not known")
    expires_on = serializers.DateField(allow_null=True, required=False, help_text="null: it never expires")
    supplier_lot = PlainText(max_length=40, allow_blank=True, required=False)
    reason = PlainText(max_length=300, help_text="kept in the audit trail")


class OneLot(RetrieveView):
    """One lot.  PATCH puts its dates right, everywhere from the answer on; promises that no longer fit give way."""

    scope_area = "stock"
    row_class = LotRow
    serializer_class = LotDates
    answer_class = LotRow
    queryset = Lot.objects.all()

    def patch(self, request: Request, pk: int) -> Response:
        lot, asked = get_row(self.get_queryset(), pk), self.body(request)
        names = ("produced_on", "expires_on", "supplier_lot")
        one = LotCorrection(lot.pk, *(asked.get(name, KEPT) for name in names))
        correct_lots(corrections=[one], reason=asked["reason"], may_extend=True, actor_id=None)
        return Response(LotRow(get_row(self.get_queryset(), pk)).data)


urlpatterns = [path("lots/<int:pk>/", OneLot.as_view(), name="lot")]
