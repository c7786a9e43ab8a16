"""What recipes and assemblies look like in JSON, in and out."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import IdField, PlainText, QuantityField, WordField, batch, refuse_twice
from inventory.api.paper_shapes import Caused
from inventory.models.bundles import AssemblyKind

MAX_BATCH = 1_000
MAX_PARTS = 50


class RecipePartRow(serializers.Serializer[Any]):
    sku_id = IdField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField(help_text="units in one kit")


class RecipeRow(serializers.Serializer[Any]):
    """A kit and what goes into one of it."""

    id = IdField(help_text="of the SKU")
    code = serializers.CharField()
    name = serializers.CharField()
    parts = RecipePartRow(many=True)


class RecipePartShape(serializers.Serializer[Any]):
    sku = PlainText(max_length=64, help_text="merchant code")
    quantity = QuantityField()


class RecipeShape(serializers.Serializer[Any]):
    sku = PlainText(max_length=64, help_text="merchant code of the kit")
    parts: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=RecipePartShape(),
        max_length=MAX_PARTS,
        help_text="exactly its parts; none: it is no kit any more",
    )

    def validate_parts(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([part["sku"] for part in parts], _("商家编码"))
        return parts


class RecipeBatch(serializers.Serializer[Any]):
    recipes = batch(RecipeShape(), most=MAX_BATCH)

    def validate_recipes(self, recipes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([recipe["sku"] for recipe in recipes], _("商家编码"))
        return recipes


class RecipeBatchResult(serializers.Serializer[Any]):
    saved = serializers.IntegerField()


class AssemblyPartRow(serializers.Serializer[Any]):
    """Units of one lot that went into the kits, or came out of them."""

    sku_id = IdField()
    sku = serializers.CharField()
    lot_id = IdField()
    lot = serializers.CharField()
    expires_on = serializers.DateField(allow_null=True)
    quantity = serializers.IntegerField()


class AssemblyRow(serializers.Serializer[Any]):
    id = IdField()
    number = serializers.CharField()
    facility_id = IdField()
    kind = WordField(AssemblyKind)
    sku_id = IdField()
    quantity = serializers.IntegerField(help_text="kits")
    lot_id = IdField(allow_null=True, help_text="of the kits")
    lot = serializers.CharField(allow_null=True)
    note = serializers.CharField()
    created_at = serializers.DateTimeField()
    parts = AssemblyPartRow(many=True)


class PartLotShape(serializers.Serializer[Any]):
    """Units of a part that must come from this lot.  A part that is named once is named for all its units."""

    sku = PlainText(max_length=64, help_text="merchant code or barcode of the part")
    lot = PlainText(max_length=40)
    quantity = QuantityField()


class AssembleOrder(serializers.Serializer[Any]):
    facility = PlainText(max_length=32, help_text="code of the facility")
    sku = PlainText(max_length=64, help_text="merchant code or barcode of the kit")
    quantity = QuantityField(help_text="kits")
    bin = PlainText(max_length=32, help_text="code of the bin that the kits are put into")
    lot = PlainText(
        max_length=40, allow_blank=True, default="", help_text="of the kits; empty: the number of the paper"
    )
    note = PlainText(max_length=200, allow_blank=True, default="")
    parts: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=PartLotShape(),
        default=list,
        max_length=MAX_BATCH,
        help_text="parts not named: first expired first out",
    )


class TakeApartOrder(serializers.Serializer[Any]):
    facility = PlainText(max_length=32, help_text="code of the facility")
    sku = PlainText(max_length=64, help_text="merchant code or barcode of the kit")
    lot = PlainText(max_length=40)
    from_bin = PlainText(max_length=32, help_text="code of the bin the kits are in")
    quantity = QuantityField(help_text="kits")
    to_bin = PlainText(max_length=32, help_text="code of the bin that the parts are put into")
    note = PlainText(max_length=200, allow_blank=True, default="")


class AssemblyMade(Caused):
    assembly_id = IdField()
    number = serializers.CharField()
    lot_id = IdField(help_text="of the kits")
