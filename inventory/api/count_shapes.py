"""What counts look like in JSON, in and out."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from core.api.fields import IdField, PlainText, QuantityField, WordField
from inventory.models import AdjustmentStatus, CountStatus, CountTaskStatus
from inventory.rules.counting import Finding
from inventory.services.counted_lots import LINES_MOST
from inventory.services.counts import TASKS_MOST

CODES_MOST = 1_000


class Word(serializers.CharField):
    """The word of a rule's finding."""

    def to_representation(self, value: Any) -> str:
        return str(getattr(value, "value", value))


class CountRow(serializers.Serializer[Any]):
    id = IdField()
    number = serializers.CharField()
    facility_id = IdField()
    name = serializers.CharField()
    status = WordField(CountStatus)
    tasks = serializers.IntegerField()
    tasks_done = serializers.IntegerField()
    tasks_disputed = serializers.IntegerField(help_text="counted three times and still not the same")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class CountOrder(serializers.Serializer[Any]):
    """What is counted; everything given must hold.  With `skus` a task is one SKU in one bin, else a whole bin."""

    facility = PlainText(max_length=32, help_text="code of the facility")
    name = PlainText(max_length=60, allow_blank=True, default="")
    zones = serializers.ListField(child=PlainText(max_length=20), max_length=CODES_MOST, default=list)
    bins = serializers.ListField(child=PlainText(max_length=32), max_length=CODES_MOST, default=list)
    skus = serializers.ListField(child=PlainText(max_length=64), max_length=CODES_MOST, default=list)
    not_counted_for_days = QuantityField(allow_null=True, default=None, max_value=36_500)
    moved_only = serializers.BooleanField(
        default=False, help_text="bins with moves since they were counted last"
    )
    stocked_only = serializers.BooleanField(
        default=False, help_text="leave out bins that are empty on the book"
    )


class CountMade(serializers.Serializer[Any]):
    count_id = IdField()
    number = serializers.CharField()
    tasks = serializers.IntegerField(max_value=TASKS_MOST)


class CountTaskRow(serializers.Serializer[Any]):
    """A task without its numbers: whoever counts must not learn what the book says."""

    id = IdField()
    count_id = IdField()
    bin_id = IdField()
    sku_id = IdField(allow_null=True)
    status = WordField(CountTaskStatus)
    round = serializers.IntegerField()
    place = serializers.IntegerField(help_text="turn in the walk")
    started_at = serializers.DateTimeField(allow_null=True)


class NextTaskOrder(serializers.Serializer[Any]):
    bin = PlainText(
        max_length=32,
        allow_blank=True,
        default="",
        help_text="only this bin; without it the next of the walk",
    )


class TaskInHand(serializers.Serializer[Any]):
    """`task` null: nothing is left to count."""

    task = CountTaskRow(allow_null=True)


class CountLineShape(serializers.Serializer[Any]):
    """Units of one lot that were found.  A lot nobody knows is made; goods with a shelf life then need `expires_on`."""

    sku = PlainText(max_length=64, help_text="merchant code or barcode")
    lot = PlainText(max_length=40)
    quantity = QuantityField(min_value=0)
    expires_on = serializers.DateField(allow_null=True, default=None)
    produced_on = serializers.DateField(allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        made, ends = attrs["produced_on"], attrs["expires_on"]
        if made is not None and ends is not None and made > ends:
            raise serializers.ValidationError({"produced_on": [_("生产日期晚于到期日。")]})
        return attrs


class HandInOrder(serializers.Serializer[Any]):
    """Everything that lies in the bin.  No lines: it is empty.  A lot on the book that is not named is 0."""

    round = QuantityField(max_value=32_000)
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=CountLineShape(), allow_empty=True, max_length=LINES_MOST
    )


class HandInResult(serializers.Serializer[Any]):
    status = WordField(CountTaskStatus, help_text="RECOUNT: another round, better by somebody else")
    is_new = serializers.BooleanField(help_text="false: it was handed in before, nothing was done again")


class LotCountRow(serializers.Serializer[Any]):
    """One lot: the book at the latest count, the numbers of the rounds, what is or would be added to the book."""

    sku = serializers.CharField(source="sku_code")
    lot = serializers.CharField(source="lot_code")
    lot_id = IdField()
    book = serializers.IntegerField()
    counts = serializers.ListField(child=serializers.IntegerField(), source="numbers")
    finding = Word(help_text=", ".join(word.value for word in Finding))
    difference = serializers.IntegerField()


class CountResultRow(CountTaskRow):
    bin = serializers.CharField(source="bin_code")
    lots = LotCountRow(many=True)


class TaskChoice(serializers.Serializer[Any]):
    task_ids = serializers.ListField(child=IdField(), allow_empty=False, max_length=CODES_MOST)


class TasksChanged(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


class PostOrder(serializers.Serializer[Any]):
    leave_rest = serializers.BooleanField(default=False, help_text="bins that are not agreed stay uncounted")


class AgainRow(serializers.Serializer[Any]):
    bin = serializers.CharField(source="bin_code")
    lot = serializers.CharField(source="lot_code")
    why = serializers.CharField()


class CountAdjustmentRow(serializers.Serializer[Any]):
    adjustment_id = IdField()
    number = serializers.CharField()
    status = WordField(AdjustmentStatus)


class PostedCount(serializers.Serializer[Any]):
    """`adjustment` null: nothing differed.  `again`: bins that are counted once more; the count stays open for them."""

    tasks = serializers.IntegerField()
    adjustment = CountAdjustmentRow(allow_null=True)
    again = AgainRow(many=True)
