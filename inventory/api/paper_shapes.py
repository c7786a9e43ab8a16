"""What the papers of the floor look like in JSON: bin moves, adjustments, holds of places."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import INT4, IdField, PlainText, QuantityField, WordField, batch
from inventory.models import AdjustmentReason, AdjustmentStatus, HoldKind

MAX_BATCH = 1_000


class BinMoveLineShape(serializers.Serializer[Any]):
    """`sku`: merchant code or barcode; bins and lot by their codes."""

    sku = PlainText(max_length=64)
    lot = PlainText(max_length=40)
    quantity = QuantityField()
    from_bin = PlainText(max_length=32)
    to_bin = PlainText(max_length=32)


class BinMoveOrder(serializers.Serializer[Any]):
    facility = PlainText(max_length=32, help_text="code of the facility")
    note = PlainText(max_length=200, allow_blank=True, default="")
    lines = batch(BinMoveLineShape(), most=MAX_BATCH)


class Caused(serializers.Serializer[Any]):
    """What a movement cost others."""

    reallocated_units = serializers.IntegerField(help_text="allocated units that got other lots")
    short_owners = serializers.IntegerField(help_text="parcels that lost units, with no other lot to give")
    broken_owners = serializers.IntegerField(help_text="parcels whose promise no longer fits")


class BinMoveResultRow(Caused):
    document_id = IdField(help_text="the `document` of its moves in the ledger")
    units = serializers.IntegerField()


class AdjustmentLineShape(serializers.Serializer[Any]):
    """Units of one lot in one bin, more (positive) or fewer.  A lot that is not known is made, where units are more."""

    sku = PlainText(max_length=64)
    lot = PlainText(max_length=40)
    bin = PlainText(max_length=32)
    delta = serializers.IntegerField(min_value=-INT4, max_value=INT4)
    expires_on = serializers.DateField(allow_null=True, default=None, help_text="of a new lot; null: never")


class AdjustmentOrder(serializers.Serializer[Any]):
    facility = PlainText(max_length=32, help_text="code of the facility")
    reason = WordField(AdjustmentReason)
    note = PlainText(max_length=200, allow_blank=True, default="")
    lines = batch(AdjustmentLineShape(), most=MAX_BATCH)

    def validate_reason(self, reason: int) -> int:
        if reason == AdjustmentReason.COUNT:
            raise serializers.ValidationError(_("盘点的调整由盘点单自己做。"), code="count_only")
        return reason


class AdjustmentLineRow(serializers.Serializer[Any]):
    id = IdField()
    bin_id = IdField()
    lot_id = IdField()
    delta = serializers.IntegerField()


class AdjustmentRow(serializers.Serializer[Any]):
    id = IdField()
    number = serializers.CharField()
    facility_id = IdField()
    reason = WordField(AdjustmentReason)
    status = WordField(AdjustmentStatus)
    note = serializers.CharField()
    units = serializers.IntegerField(help_text="both ways added up")
    count_id = IdField(allow_null=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    lines = AdjustmentLineRow(many=True)


class AdjustmentMade(Caused):
    adjustment_id = IdField()
    number = serializers.CharField()
    status = WordField(
        AdjustmentStatus, help_text="PENDING: over the limit; a second person decides on its page"
    )


class HoldPlaceShape(serializers.Serializer[Any]):
    """Everything at one facility, or in one bin of it; with `sku` and `lot` only that lot."""

    facility = PlainText(max_length=32)
    bin = PlainText(max_length=32, allow_null=True, default=None)
    sku = PlainText(max_length=64, allow_null=True, default=None)
    lot = PlainText(max_length=40, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["sku"] is None) != (attrs["lot"] is None):
            raise serializers.ValidationError({"lot": [_("商品和批次要么都填，要么都空着。")]})
        return attrs


class HoldPlacesOrder(serializers.Serializer[Any]):
    kind = WordField(HoldKind, default=HoldKind.HELD.value)
    document = PlainText(max_length=60)
    reason = PlainText(max_length=300)
    places = batch(HoldPlaceShape(), most=100)


class HoldPlacesResult(serializers.Serializer[Any]):
    hold_ids = serializers.ListField(child=IdField())
