"""What stock looks like in JSON, in and out."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import INT4, IdField, PlainText, QuantityField, WordField, batch, refuse_twice
from inventory.models import HoldKind, MoveKind
from inventory.models.goods import LotOrder, ParcelRuleChoice, Tracking

MAX_BATCH = 1_000


class Nothing(serializers.Serializer[Any]):
    """An empty body."""


class SkuRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    spec = serializers.CharField()
    product = serializers.CharField(source="product.code", allow_null=True, help_text="code")
    category = serializers.CharField(
        source="category.path", allow_null=True, help_text='path, as "食品/饼干"'
    )
    unit = serializers.CharField()
    weight_g = serializers.IntegerField(allow_null=True)
    length_mm = serializers.IntegerField(allow_null=True)
    width_mm = serializers.IntegerField(allow_null=True)
    height_mm = serializers.IntegerField(allow_null=True)
    parcel_rule = WordField(ParcelRuleChoice)
    case_quantity = serializers.IntegerField(allow_null=True)
    shipping_class = serializers.CharField()
    tracking = WordField(Tracking)
    lot_order = WordField(LotOrder)
    one_lot_per_parcel = serializers.BooleanField()
    shelf_life_days = serializers.IntegerField(allow_null=True)
    shelf_life_months = serializers.IntegerField(allow_null=True)
    min_remaining_days = serializers.IntegerField()
    is_active = serializers.BooleanField(help_text="false: archived")
    barcodes = serializers.ListField(child=serializers.CharField())
    barcode_quantities = serializers.DictField(
        child=serializers.IntegerField(), help_text="barcode → units behind one scan, where it is not one"
    )
    created_at = serializers.DateTimeField()


class SkuInputShape(serializers.Serializer[Any]):
    """A SKU as it is entered.  What is not given is unknown, and takes the place of what was known; only `barcodes` and `cost` are left
    as they are when they are not given, and whether it is archived is not entered here.
    """

    code = PlainText(max_length=64)
    name = PlainText(max_length=200)
    spec = PlainText(max_length=60, allow_blank=True, default="")
    product = PlainText(max_length=64, allow_null=True, default=None, help_text="code; made when it is new")
    category = PlainText(
        max_length=120, allow_null=True, default=None, help_text='path, as "食品/饼干"; made when it is new'
    )
    unit = PlainText(max_length=8, default="件")
    weight_g = QuantityField(allow_null=True, default=None)
    length_mm = QuantityField(allow_null=True, default=None)
    width_mm = QuantityField(allow_null=True, default=None)
    height_mm = QuantityField(allow_null=True, default=None)
    parcel_rule = WordField(ParcelRuleChoice, default=ParcelRuleChoice.NORMAL.value)
    case_quantity = QuantityField(min_value=2, allow_null=True, default=None)
    shipping_class = PlainText(max_length=20, allow_blank=True, default="")
    tracking = WordField(Tracking, default=Tracking.LOT.value)
    lot_order = WordField(LotOrder, default=LotOrder.FEFO.value)
    one_lot_per_parcel = serializers.BooleanField(default=False)
    shelf_life_days = QuantityField(max_value=36_500, allow_null=True, default=None)
    shelf_life_months = QuantityField(max_value=1_200, allow_null=True, default=None)
    min_remaining_days = QuantityField(min_value=0, max_value=36_500, default=0)
    cost = serializers.DecimalField(
        max_digits=15, decimal_places=3, min_value=Decimal(0), allow_null=True, required=False,
        help_text="in the merchant's currency; it is not given out",
    )  # fmt: skip
    barcodes = serializers.ListField(
        child=PlainText(max_length=64), max_length=20, required=False, help_text="exactly these"
    )
    barcode_quantities = serializers.DictField(
        child=QuantityField(),
        required=False,
        help_text="barcode → units behind one scan, where it is not one",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        sizes = [attrs[name] for name in ("length_mm", "width_mm", "height_mm")]
        if None in sizes and any(sizes):
            raise serializers.ValidationError({"length_mm": [_("长宽高要么都填，要么都不填。")]})
        if attrs["parcel_rule"] == ParcelRuleChoice.CASE_PACK and attrs["case_quantity"] is None:
            raise serializers.ValidationError({"case_quantity": [_("按箱规发货要填每箱几件。")]})
        if attrs["shelf_life_days"] is not None and attrs["shelf_life_months"] is not None:
            raise serializers.ValidationError({"shelf_life_months": [_("保质期按天或按月，只填一个。")]})
        if stray := attrs.get("barcode_quantities", {}).keys() - set(attrs.get("barcodes", ())):
            text = _("barcodes 里没有 %(code)s。") % {"code": min(stray)}
            raise serializers.ValidationError({"barcode_quantities": [text]})
        return attrs


class SkuBatch(serializers.Serializer[Any]):
    skus = batch(SkuInputShape(), most=MAX_BATCH)

    def validate_skus(self, skus: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([sku["code"] for sku in skus], _("商家编码"))
        refuse_twice([code for sku in skus for code in sku.get("barcodes", ())], _("条码"))
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
    purchase_id = IdField(allow_null=True)
    created_at = serializers.DateTimeField()
    lines = ReceiptLineRow(many=True)


class ReceiptLineShape(serializers.Serializer[Any]):
    """Units of one lot into one bin.  `sku`: merchant code or barcode; `bin`: its code.

    `lot`: a serial number for goods that have them; may be empty for goods without lots.  No expiry date: by the production date and the
    shelf life; goods without a shelf life never expire.
    """

    sku = PlainText(max_length=64)
    lot = PlainText(max_length=40, allow_blank=True, default="")
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
    purchase = PlainText(
        max_length=24,
        allow_blank=True,
        default="",
        help_text="number of the purchase order that these goods are for",
    )
    accept_over = serializers.BooleanField(
        default=False,
        help_text="true: book more than was ordered; false: refuse it as `over_delivered`, naming every SKU",
    )
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
    over_units = serializers.IntegerField(help_text="units beyond the purchase order")
    is_order_closed = serializers.BooleanField(
        help_text="true: the purchase order was filled by this delivery"
    )
