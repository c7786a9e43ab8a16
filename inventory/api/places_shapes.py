"""What places look like in JSON, in and out."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import INT4, IdField, PlainText, QuantityField, WordField, batch, refuse_twice
from inventory.models import BinKind, FacilityKind
from inventory.rules.bin_pattern import LONGEST, MOST
from inventory.services.facilities import LAT_MOST, LNG_MOST

MAX_BATCH = 1_000


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


class FacilityInputShape(serializers.Serializer[Any]):
    """A facility as it is entered.  The kind of one that is there stays what it is."""

    code = PlainText(max_length=32)
    name = PlainText(max_length=60)
    kind = WordField(FacilityKind, default=FacilityKind.WAREHOUSE.value)
    address = PlainText(max_length=200, allow_blank=True, default="")
    lat_e6 = serializers.IntegerField(allow_null=True, default=None, min_value=-LAT_MOST, max_value=LAT_MOST)
    lng_e6 = serializers.IntegerField(allow_null=True, default=None, min_value=-LNG_MOST, max_value=LNG_MOST)
    opens_at = serializers.TimeField(allow_null=True, default=None)
    closes_at = serializers.TimeField(allow_null=True, default=None)
    capacity = QuantityField(min_value=0, max_value=10_000, default=20)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["lat_e6"] is None) != (attrs["lng_e6"] is None):
            raise serializers.ValidationError({"lat_e6": [_("纬度和经度要么都填，要么都空着。")]})
        if (attrs["opens_at"] is None) != (attrs["closes_at"] is None):
            raise serializers.ValidationError({"opens_at": [_("开门和关门时间要么都填，要么都空着。")]})
        return attrs


class FacilityBatch(serializers.Serializer[Any]):
    facilities = batch(FacilityInputShape(), most=MAX_BATCH)

    def validate_facilities(self, facilities: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([one["code"] for one in facilities], _("编码"))
        return facilities


class FacilityBatchResult(serializers.Serializer[Any]):
    saved = serializers.IntegerField()
    ids = serializers.DictField(child=IdField(), help_text="code → id")


class BinRow(serializers.Serializer[Any]):
    id = IdField()
    facility_id = IdField()
    code = serializers.CharField()
    zone = serializers.CharField()
    kind = WordField(BinKind)
    sequence = serializers.IntegerField()
    is_active = serializers.BooleanField()


class BinInputShape(serializers.Serializer[Any]):
    code = PlainText(max_length=LONGEST)
    kind = WordField(BinKind, default=BinKind.PICK.value)
    zone = PlainText(max_length=20, allow_blank=True, default="")
    sequence = QuantityField(min_value=0, max_value=INT4, default=0)


class BinBatch(serializers.Serializer[Any]):
    """New bins of one facility.  A code that is there already refuses all of them."""

    facility = PlainText(max_length=32, help_text="code of the facility")
    bins = batch(BinInputShape(), most=MOST)

    def validate_bins(self, bins: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([one["code"] for one in bins], _("货位"))
        return bins


class BinPatternOrder(serializers.Serializer[Any]):
    """Bins by pattern: `A-{01..12}-{1..4}`.  `is_preview` makes nothing and says what would be made."""

    facility = PlainText(max_length=32, help_text="code of the facility")
    pattern = PlainText(max_length=100)
    kind = WordField(BinKind, default=BinKind.PICK.value)
    zone = PlainText(max_length=20, allow_blank=True, default="")
    first_sequence = QuantityField(
        min_value=0, max_value=INT4, allow_null=True, default=None, help_text="null: behind all others"
    )
    step = QuantityField(max_value=1_000, default=10)
    is_serpentine = serializers.BooleanField(default=False, help_text="every second aisle is walked back")
    is_preview = serializers.BooleanField(default=False)


class BinPatternResult(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    first = serializers.CharField()
    last = serializers.CharField()
    clashes = serializers.ListField(child=serializers.CharField(), help_text="codes that are there already")
    is_made = serializers.BooleanField()


class BinsMade(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    ids = serializers.DictField(child=IdField(), help_text="code → id")


class BinChoice(serializers.Serializer[Any]):
    facility = PlainText(max_length=32, help_text="code of the facility")
    bins = serializers.ListField(child=PlainText(max_length=LONGEST), allow_empty=False, max_length=MOST)

    def validate_bins(self, bins: list[str]) -> list[str]:
        refuse_twice(bins, _("货位"))
        return bins


class BinChangeOrder(BinChoice):
    """What becomes of the bins; null leaves it.  With `first_sequence` they are numbered in the order named, `step` apart."""

    kind = WordField(BinKind, allow_null=True, default=None)
    zone = PlainText(max_length=20, allow_blank=True, allow_null=True, default=None)
    first_sequence = QuantityField(min_value=0, max_value=INT4, allow_null=True, default=None)
    step = QuantityField(max_value=1_000, default=10)


class BinsChanged(serializers.Serializer[Any]):
    bins = serializers.IntegerField()
    reallocated_units = serializers.IntegerField(help_text="allocated units that got other lots")
    short_owners = serializers.IntegerField(help_text="parcels that lost units, with no other lot to give")
    broken_owners = serializers.IntegerField(help_text="parcels whose promise no longer fits")


class Count(serializers.Serializer[Any]):
    bins = serializers.IntegerField()


class PutAwayRow(serializers.Serializer[Any]):
    """Goods that wait in a receiving bin, and where they should go; null where no bin is left."""

    sku_id = IdField()
    lot_id = IdField()
    from_bin_id = IdField()
    quantity = serializers.IntegerField()
    to_bin_id = IdField(allow_null=True)
    to_bin = serializers.CharField(allow_null=True)
    why = serializers.CharField(allow_null=True, help_text="SAME_LOT, SAME_SKU or EMPTY")


class PutAwayList(serializers.Serializer[Any]):
    items = PutAwayRow(many=True)
    is_cut = serializers.BooleanField(help_text="there are more than are listed")
