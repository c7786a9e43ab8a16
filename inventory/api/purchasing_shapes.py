"""What suppliers, purchase orders, safety stock and proposals look like in JSON, in and out."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import IdField, MoneyField, PlainText, QuantityField, WordField, batch, refuse_twice
from inventory.models.purchases import PurchaseStatus

MAX_BATCH = 1_000


class SupplierRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    contact = serializers.CharField()
    phone = serializers.CharField()
    lead_days = serializers.IntegerField(allow_null=True)
    is_active = serializers.BooleanField()


class SupplierShape(serializers.Serializer[Any]):
    """A supplier as it is entered.  `lead_days`: from order to door."""

    code = PlainText(max_length=32)
    name = PlainText(max_length=100)
    contact = PlainText(max_length=60, allow_blank=True, default="")
    phone = PlainText(max_length=30, allow_blank=True, default="")
    lead_days = QuantityField(min_value=0, max_value=365, allow_null=True, default=None)


class SupplierBatch(serializers.Serializer[Any]):
    suppliers = batch(SupplierShape(), most=MAX_BATCH)

    def validate_suppliers(self, suppliers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([one["code"] for one in suppliers], _("供应商编码"))
        return suppliers


class SupplierBatchResult(serializers.Serializer[Any]):
    saved = serializers.IntegerField()
    ids = serializers.DictField(child=IdField(), help_text="code → id")


class PurchaseLineRowShape(serializers.Serializer[Any]):
    id = IdField()
    sku_id = IdField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    received = serializers.IntegerField()
    price = MoneyField(source="price_minor", allow_null=True)
    currency = serializers.CharField()


class PurchaseRow(serializers.Serializer[Any]):
    id = IdField()
    number = serializers.CharField()
    supplier_id = IdField()
    facility_id = IdField()
    status = WordField(PurchaseStatus)
    expected_on = serializers.DateField(allow_null=True)
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    lines = PurchaseLineRowShape(many=True)


class PurchaseLineShape(serializers.Serializer[Any]):
    """Units of one SKU.  `sku`: merchant code or barcode; `price`: of one unit, in the tenant's currency."""

    sku = PlainText(max_length=64)
    quantity = QuantityField()
    price = serializers.DecimalField(
        max_digits=15, decimal_places=3, min_value=0, allow_null=True, default=None
    )


class PurchaseShape(serializers.Serializer[Any]):
    supplier = PlainText(max_length=32, help_text="code of the supplier")
    facility = PlainText(max_length=32, help_text="code of the facility")
    expected_on = serializers.DateField(allow_null=True, default=None)
    note = PlainText(max_length=200, allow_blank=True, default="")
    is_open = serializers.BooleanField(default=False, help_text="true: ordered at once; false: a draft")
    lines = batch(PurchaseLineShape(), most=MAX_BATCH)

    def validate_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([line["sku"] for line in lines], _("商家编码"))
        return lines


class SafetyRow(serializers.Serializer[Any]):
    id = IdField()
    facility_id = IdField()
    sku_id = IdField()
    minimum = serializers.IntegerField()
    target = serializers.IntegerField()


class SafetyShape(serializers.Serializer[Any]):
    """Below `minimum` available units a place is too thin; a proposal fills up to `target`.  Both 0: nothing is wanted any more."""

    facility = PlainText(max_length=32, help_text="code of the facility")
    sku = PlainText(max_length=64, help_text="merchant code or barcode")
    minimum = QuantityField(min_value=0)
    target = QuantityField(min_value=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["target"] < attrs["minimum"]:
            raise serializers.ValidationError({"target": [_("补到不能小于最低。")]})
        return attrs


class SafetyBatch(serializers.Serializer[Any]):
    rows = batch(SafetyShape(), most=MAX_BATCH)


class SafetyBatchResult(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


class ProposalRow(serializers.Serializer[Any]):
    """`quantity` units to buy; `missing` of them are needed, the rest fills the last case."""

    facility_id = IdField()
    sku_id = IdField()
    available = serializers.IntegerField()
    on_order = serializers.IntegerField()
    on_the_road = serializers.IntegerField()
    short = serializers.IntegerField()
    minimum = serializers.IntegerField()
    target = serializers.IntegerField()
    missing = serializers.IntegerField()
    quantity = serializers.IntegerField()
    supplier_id = IdField(allow_null=True)


class ProposalList(serializers.Serializer[Any]):
    items = ProposalRow(many=True)
