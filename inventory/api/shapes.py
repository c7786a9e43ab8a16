"""What stock looks like in JSON, in and out."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import INT4, IdField, PlainText, QuantityField, WordField, batch, refuse_twice
from inventory.models import BinKind, FacilityKind, HoldKind, MoveKind
from inventory.models.goods import ParcelRuleChoice

MAX_BATCH = 1_000


class Nothing(serializers.Serializer[Any]):
    """An empty body."""


class SkuRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()
    weight_g = serializers.IntegerField(allow_null=True)
    length_mm = serializers.IntegerField(allow_null=True)
    width_mm = serializers.IntegerField(allow_null=True)
    height_mm = serializers.IntegerField(allow_null=True)
    parcel_rule = WordField(ParcelRuleChoice)
    case_quantity = serializers.IntegerField(allow_null=True)
    shipping_class = serializers.CharField()
    shelf_life_days = serializers.IntegerField(allow_null=True)
    min_remaining_days = serializers.IntegerField()
    is_active = serializers.BooleanField()
    barcodes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


class SkuInputShape(serializers.Serializer[Any]):
    """A SKU as it is entered.  What is not given is unknown, and takes the place of what was known."""

    code = PlainText(max_length=64)
    name = PlainText(max_length=200)
    unit = PlainText(max_length=8, default="件")
    weight_g = QuantityField(allow_null=True, default=None)
    length_mm = QuantityField(allow_null=True, default=None)
    width_mm = QuantityField(allow_null=True, default=None)
    height_mm = QuantityField(allow_null=True, default=None)
    parcel_rule = WordField(ParcelRuleChoice, default=ParcelRuleChoice.NORMAL.value)
    case_quantity = QuantityField(min_value=2, allow_null=True, default=None)
    shipping_class = PlainText(max_length=20, allow_blank=True, default="")
    shelf_life_days = QuantityField(max_value=36_500, allow_null=True, default=None)
    min_remaining_days = QuantityField(min_value=0, max_value=36_500, default=0)
    barcodes = serializers.ListField(child=PlainText(max_length=64), max_length=20, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        sizes = [attrs[name] for name in ("length_mm", "width_mm", "height_mm")]
        if None in sizes and any(sizes):
            raise serializers.ValidationError({"length_mm": [_("长宽高要么都填，要么都不填。")]})
        if attrs["parcel_rule"] == ParcelRuleChoice.CASE_PACK and attrs["case_quantity"] is None:
            raise serializers.ValidationError({"case_quantity": [_("按箱规发货要填每箱几件。")]})
        return attrs


class SkuBatch(serializers.Serializer[Any]):
    skus = batch(SkuInputShape(), most=MAX_BATCH)

    def validate_skus(self, skus: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([sku["code"] for sku in skus], _("商家编码"))
        refuse_twice([code for sku in skus for code in sku["barcodes"]], _("条码"))
        return skus


class SkuBatchResult(serializers.Serializer[Any]):
    saved = serializers.IntegerField()
    ids = serializers.DictField(child=IdField(), help_text="code → id")


class LotRow(serializers.Serializer[Any]):
    id = IdField()
    sku_id = IdField()
    code = serializers.CharField()
    produced_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    received_on = serializers.DateField()
    supplier_lot = serializers.CharField()
    created_at = serializers.DateTimeField()


class FacilityRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    kind = WordField(FacilityKind)
    address = serializers.CharField()
    lat_e6 = serializers.IntegerField(allow_null=True)
    lng_e6 = serializers.IntegerField(allow_null=True)
    opens_at = serializers.TimeField(allow_null=True)
    closes_at = serializers.TimeField(allow_null=True)
    capacity = serializers.IntegerField()
    is_active = serializers.BooleanField()


class BinRow(serializers.Serializer[Any]):
    id = IdField()
    facility_id = IdField()
    code = serializers.CharField()
    zone = serializers.CharField()
    kind = WordField(BinKind)
    sequence = serializers.IntegerField()


class BalanceRow(serializers.Serializer[Any]):
    id = IdField()
    facility_id = IdField()
    bin_id = IdField()
    sku_id = IdField()
    lot_id = IdField()
    on_hand = serializers.IntegerField()
    allocated = serializers.IntegerField()
    seq = serializers.IntegerField()


class MoveRow(serializers.Serializer[Any]):
    id = IdField()
    kind = WordField(MoveKind)
    quantity = serializers.IntegerField()
    from_balance_id = IdField(allow_null=True)
    from_seq = serializers.IntegerField(allow_null=True)
    from_after = serializers.IntegerField(allow_null=True)
    to_balance_id = IdField(allow_null=True)
    to_seq = serializers.IntegerField(allow_null=True)
    to_after = serializers.IntegerField(allow_null=True)
    document_id = IdField()
    line_id = IdField(allow_null=True)
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class HoldRow(serializers.Serializer[Any]):
    id = IdField()
    kind = WordField(HoldKind)
    lot_id = IdField(allow_null=True)
    facility_id = IdField(allow_null=True)
    bin_id = IdField(allow_null=True)
    document = serializers.CharField()
    reason = serializers.CharField()
    opened_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)


class HoldOrder(serializers.Serializer[Any]):
    kind = WordField(HoldKind, default=HoldKind.HELD.value)
    document = PlainText(max_length=60)
    reason = PlainText(max_length=300)


class HoldResult(serializers.Serializer[Any]):
    hold_id = IdField()


class ReceiptLineRow(serializers.Serializer[Any]):
    id = IdField()
    lot_id = IdField()
    bin_id = IdField()
    quantity = serializers.IntegerField()


class ReceiptRow(serializers.Serializer[Any]):
    id = IdField()
    facility_id = IdField()
    reference = serializers.CharField()
    supplier = serializers.CharField()
    created_at = serializers.DateTimeField()
    lines = ReceiptLineRow(many=True)


class ReceiptLineShape(serializers.Serializer[Any]):
    """Units of one lot into one bin.  `sku`: merchant code or barcode; `bin`: its code.  No expiry date: never expires."""

    sku = PlainText(max_length=64)
    lot = PlainText(max_length=40)
    bin = PlainText(max_length=32)
    quantity = QuantityField()
    expires_on = serializers.DateField(allow_null=True, default=None)
    produced_on = serializers.DateField(allow_null=True, default=None)
    supplier_lot = PlainText(max_length=40, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        made, ends = attrs["produced_on"], attrs["expires_on"]
        if made is not None and ends is not None and made > ends:
            raise serializers.ValidationError({"produced_on": [_("生产日期晚于到期日。")]})
        return attrs


class ReceiptOrder(serializers.Serializer[Any]):
    reference = PlainText(max_length=60)
    facility = PlainText(max_length=32, help_text="code of the facility")
    supplier = PlainText(max_length=100, allow_blank=True, default="")
    lines = batch(ReceiptLineShape(), most=MAX_BATCH)

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(line["quantity"] for line in lines) > INT4:
            raise serializers.ValidationError(_("一张收货单的数量太大。"), code="too_many_units")
        return lines


class ReceiptResultRow(serializers.Serializer[Any]):
    receipt_id = IdField()
    units = serializers.IntegerField()
    is_new = serializers.BooleanField(
        help_text="false: this reference was received before, nothing was done again"
    )
