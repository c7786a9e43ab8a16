"""What products, categories and bundles look like in JSON, in and out."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import IdField, PlainText, QuantityField, batch, refuse_twice

MAX_BATCH = 1_000


class ProductRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    brand = serializers.CharField()


class ProductShape(serializers.Serializer[Any]):
    """A product as it is entered."""

    code = PlainText(max_length=64)
    name = PlainText(max_length=200)
    brand = PlainText(max_length=60, allow_blank=True, default="")


class ProductBatch(serializers.Serializer[Any]):
    products = batch(ProductShape(), most=MAX_BATCH)

    def validate_products(self, products: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([one["code"] for one in products], _("产品编码"))
        return products


class Saved(serializers.Serializer[Any]):
    saved = serializers.IntegerField()
    ids = serializers.DictField(child=IdField(), help_text="code → id")


class CategoryRow(serializers.Serializer[Any]):
    id = IdField()
    path = serializers.CharField(help_text='its place from the top, as "食品/饼干"')


class CategoryBatch(serializers.Serializer[Any]):
    paths = serializers.ListField(child=PlainText(max_length=120), allow_empty=False, max_length=MAX_BATCH)


class CategoryRename(serializers.Serializer[Any]):
    path = PlainText(max_length=120, help_text="what lies below moves along")


class PartRow(serializers.Serializer[Any]):
    sku_id = IdField()
    sku = serializers.CharField(source="code")
    quantity = serializers.IntegerField()


class BundleRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    is_cartons = serializers.BooleanField(help_text="one product in several cartons")
    is_active = serializers.BooleanField(help_text="false: archived")
    parts = PartRow(many=True)


class PartShape(serializers.Serializer[Any]):
    sku = PlainText(max_length=64, help_text="merchant code")
    quantity = QuantityField(max_value=100_000)


class BundleShape(serializers.Serializer[Any]):
    """A bundle as it is entered, with exactly its parts."""

    code = PlainText(max_length=64)
    name = PlainText(max_length=200)
    is_cartons = serializers.BooleanField(default=False)
    parts = batch(PartShape(), most=50)

    def validate_parts(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([part["sku"] for part in parts], _("商家编码"))
        return parts


class BundleBatch(serializers.Serializer[Any]):
    bundles = batch(BundleShape(), most=MAX_BATCH)

    def validate_bundles(self, bundles: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([one["code"] for one in bundles], _("组合编码"))
        return bundles


class Codes(serializers.Serializer[Any]):
    codes = serializers.ListField(child=PlainText(max_length=64), allow_empty=False, max_length=MAX_BATCH)


class Changed(serializers.Serializer[Any]):
    changed = serializers.IntegerField(help_text="how many were otherwise before")
