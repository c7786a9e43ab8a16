"""Papers that move stock inside the house: transfers, adjustments, counts."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk


class TransferStatus(models.IntegerChoices):
    DRAFT = 0, _("草稿")
    ON_THE_ROAD = 1, _("在途")
    ARRIVED = 2, _("已到")
    CANCELLED = 3, _("已取消")


class Transfer(TenantRow):
    """Goods from one facility to another.  On the road they lie in the other's bin of kind TRANSIT: counted, never sold."""

    number = models.CharField(max_length=24, db_collation="C")
    from_facility = fk("inventory.Facility")
    to_facility = fk("inventory.Facility")
    status = models.SmallIntegerField(choices=TransferStatus.choices, db_default=TransferStatus.DRAFT)
    note = models.CharField(max_length=200, db_default="", blank=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="inventory_transfer_number"),
            models.CheckConstraint(
                condition=Q(status__in=TransferStatus.values), name="inventory_transfer_status"
            ),
            models.CheckConstraint(
                condition=~Q(from_facility=F("to_facility")), name="inventory_transfer_two_places"
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_transfer_newest")]

    def __str__(self) -> str:
        return self.number


class TransferLine(TenantRow):
    """Units of one SKU to bring over."""

    transfer = fk(Transfer)
    sku = fk("inventory.Sku")
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "transfer", "sku"], name="inventory_transferline_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_transferline_quantity"),
        ]


class TransferItem(TenantRow):
    """Units of one lot that left one bin.  What arrived and what was lost never exceed what left."""

    transfer = fk(Transfer)
    lot = fk("inventory.Lot")
    from_bin = fk("inventory.Bin")
    sent = models.IntegerField()
    arrived = models.IntegerField(db_default=0)
    lost = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "transfer", "lot", "from_bin"], name="inventory_transferitem_once"
            ),
            models.CheckConstraint(
                condition=Q(sent__gt=0, arrived__gte=0, lost__gte=0) & Q(sent__gte=F("arrived") + F("lost")),
                name="inventory_transferitem_units",
            ),
        ]


class AdjustmentReason(models.IntegerChoices):
    DAMAGED = 1, _("破损")
    LOST = 2, _("丢失")
    FOUND = 3, _("多出来")
    EXPIRED = 4, _("过期报废")
    COUNT = 5, _("盘点")
    SENT_BACK = 6, _("退给供应商")
    OTHER = 9, _("其他")


class AdjustmentStatus(models.IntegerChoices):
    PENDING = 0, _("等人同意")
    POSTED = 1, _("已入账")
    REJECTED = 2, _("不同意")


class Adjustment(TenantRow):
    """Units that are there and should not be, or the other way round, with the reason.  Over the tenant's limit it waits for a second
    person; until then nothing moves.
    """

    number = models.CharField(max_length=24, db_collation="C")
    facility = fk("inventory.Facility")
    reason = models.SmallIntegerField(choices=AdjustmentReason.choices)
    note = models.CharField(max_length=200, db_default="", blank=True)
    status = models.SmallIntegerField(choices=AdjustmentStatus.choices)
    units = models.IntegerField()  # both ways added up: what the limit looks at
    value_minor = models.BigIntegerField(null=True)  # likewise, at cost; NULL when a cost is unknown
    count = fk("inventory.StockCount", null=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="inventory_adjustment_number"),
            models.CheckConstraint(
                condition=Q(status__in=AdjustmentStatus.values), name="inventory_adjustment_status"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=AdjustmentReason.values), name="inventory_adjustment_reason"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(created_by__isnull=True)
                | ~Q(decided_by=F("created_by")),
                name="inventory_adjustment_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_adjustment_newest"),
            models.Index(
                fields=["tenant_id", "created_at"],
                name="inventory_adjustment_pending",
                condition=Q(status=0),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class AdjustmentLine(TenantRow):
    """Units of one lot in one bin: more (positive) or fewer."""

    adjustment = fk(Adjustment)
    bin = fk("inventory.Bin")
    lot = fk("inventory.Lot")
    delta = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "adjustment", "bin", "lot"], name="inventory_adjustmentline_once"
            ),
            models.CheckConstraint(condition=~Q(delta=0), name="inventory_adjustmentline_delta"),
        ]


class CountStatus(models.IntegerChoices):
    OPEN = 0, _("盘点中")
    REVIEW = 1, _("等确认")
    POSTED = 2, _("已入账")
    CANCELLED = 3, _("已取消")


class StockCount(TenantRow):
    """Bins to be counted by people who do not see what the system thinks.  Nothing is frozen: moves during the count are known."""

    number = models.CharField(max_length=24, db_collation="C")
    facility = fk("inventory.Facility")
    name = models.CharField(max_length=60, db_default="", blank=True)
    status = models.SmallIntegerField(choices=CountStatus.choices, db_default=CountStatus.OPEN)
    is_blind = models.BooleanField(db_default=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="inventory_count_number"),
            models.CheckConstraint(condition=Q(status__in=CountStatus.values), name="inventory_count_status"),
        ]
        indexes = [models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_count_newest")]

    def __str__(self) -> str:
        return self.number


class CountTaskStatus(models.IntegerChoices):
    TODO = 0, _("没盘")
    COUNTING = 1, _("正在盘")
    RECOUNT = 2, _("要复盘")
    AGREED = 3, _("盘好了")
    DISPUTED = 4, _("等主管定")
    POSTED = 5, _("已入账")


class CountTask(TenantRow):
    """One bin, or one SKU in one bin, for one person at a time.  `round` 1 is the first count, 2 the recount; `place` is its turn in the
    walk.
    """

    count = fk(StockCount)
    bin = fk("inventory.Bin")
    sku = fk("inventory.Sku", null=True)
    status = models.SmallIntegerField(choices=CountTaskStatus.choices, db_default=CountTaskStatus.TODO)
    round = models.SmallIntegerField(db_default=1)
    counter_id = models.BigIntegerField(null=True)  # who has it now, or had it last
    started_at = models.DateTimeField(null=True)
    place = models.IntegerField(db_default=0)
    accepted_by = models.BigIntegerField(null=True)  # who took it as it was, though the counts do not agree

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "count", "bin", "sku"],
                name="inventory_counttask_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(status__in=CountTaskStatus.values), name="inventory_counttask_status"
            ),
            models.CheckConstraint(
                condition=~Q(status=1) | Q(started_at__isnull=False), name="inventory_counttask_started"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "count", "status", "place"], name="inventory_counttask_next"),
            models.Index(fields=["tenant_id", "count", "place", "id"], name="inventory_counttask_walk"),
            models.Index(fields=["tenant_id", "bin"], name="inventory_counttask_bin"),
        ]


class CountEntry(TenantRow):
    """One lot in one task and round: what was there on the books when counting began (`before`) and when the number was handed in
    (`after`), what moved meanwhile, and what was counted.  Never changed once counted, but for `difference`: what is booked, known when
    the task is agreed, in the entries of its last round.
    """

    task = fk(CountTask)
    round = models.SmallIntegerField()
    lot = copied("inventory.Lot")  # of a balance, or looked up when it was found
    before = models.IntegerField()
    after = models.IntegerField(null=True)
    counted = models.IntegerField(null=True)
    before_seq = models.IntegerField(db_default=0)  # the balance's number of moves then
    after_seq = models.IntegerField(null=True)
    moved_in = models.IntegerField(db_default=0)
    moved_out = models.IntegerField(db_default=0)
    difference = models.IntegerField(null=True)
    counted_by = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "task", "round", "lot"], name="inventory_countentry_once"
            ),
            models.CheckConstraint(
                condition=Q(before__gte=0)
                & (
                    Q(counted__isnull=True, after__isnull=True, counted_at__isnull=True)
                    | Q(counted__gte=0, after__gte=0, counted_at__isnull=False)
                ),
                name="inventory_countentry_whole",
            ),
        ]
