"""What transfers look like in JSON, in and out."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import IdField, PlainText, QuantityField, WordField, batch, refuse_twice
from inventory.models.documents import TransferStatus

MAX_BATCH = 1_000


class TransferLineRow(serializers.Serializer[Any]):
    sku_id = IdField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()


class TransferItemRow(serializers.Serializer[Any]):
    """Units of one lot that left one bin."""

    id = IdField()
    sku_id = IdField()
    sku = serializers.CharField()
    lot_id = IdField()
    lot = serializers.CharField()
    expires_on = serializers.DateField(allow_null=True)
    from_bin = serializers.CharField()
    sent = serializers.IntegerField()
    arrived = serializers.IntegerField()
    lost = serializers.IntegerField()


class TransferRow(serializers.Serializer[Any]):
    id = IdField()
    number = serializers.CharField()
    from_facility_id = IdField()
    to_facility_id = IdField()
    status = WordField(TransferStatus)
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    lines = TransferLineRow(many=True)
    items = TransferItemRow(many=True)


class TransferLineShape(serializers.Serializer[Any]):
    sku = PlainText(max_length=64, help_text="merchant code or barcode")
    quantity = QuantityField()


class TransferShape(serializers.Serializer[Any]):
    from_facility = PlainText(max_length=32, help_text="code of the facility that sends")
    to_facility = PlainText(max_length=32, help_text="code of the facility that receives")
    note = PlainText(max_length=200, allow_blank=True, default="")
    lines = batch(TransferLineShape(), most=MAX_BATCH)

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([line["sku"] for line in lines], _("商家编码"))
        return lines


class PickShape(serializers.Serializer[Any]):
    """Units that are to leave instead of the first expired."""

    lot_id = IdField()
    bin = PlainText(max_length=32, help_text="code of the bin")
    quantity = QuantityField()


class SendShape(serializers.Serializer[Any]):
    picks: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=PickShape(), default=list, max_length=MAX_BATCH
    )


class ArrivalShape(serializers.Serializer[Any]):
    lot_id = IdField()
    bin = PlainText(max_length=32, help_text="code of the bin at the receiving facility")
    quantity = QuantityField()


class LossShape(serializers.Serializer[Any]):
    lot_id = IdField()
    quantity = QuantityField()


class ArriveShape(serializers.Serializer[Any]):
    arrivals: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=ArrivalShape(), default=list, max_length=MAX_BATCH
    )
    lost: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=LossShape(), default=list, max_length=MAX_BATCH
    )
    reason = PlainText(max_length=200, allow_blank=True, default="", help_text="needed when units are lost")


class CancelShape(serializers.Serializer[Any]):
    bin = PlainText(
        max_length=32,
        allow_blank=True,
        default="",
        help_text="code of the sender's bin that takes the goods back; without it, the bins they left",
    )
