"""What channels are told of stock: what they list, by which strategy, the newest number of each, and how saying it goes."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk
from orders.models.channels import Channel


class StockOut(TenantRow):
    """A channel whose stock we say.  `look_at`: when its numbers are computed again at the latest; a fact that moves stock makes it now.

    `next_at`: when there is something to say, null when there is none.  A run of saying holds `lease_token` until `lease_until`.
    """

    channel = fk(Channel)
    is_on = models.BooleanField(db_default=True)
    every_s = models.IntegerField(db_default=15)  # between two runs of saying, at least
    look_at = models.DateTimeField(db_default=ClockTimestamp())
    swept_at = models.DateTimeField(null=True)  # last time all of its SKUs were computed
    next_at = models.DateTimeField(null=True)
    said_at = models.DateTimeField(null=True)  # last run without a failure
    lease_token = models.BigIntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    failures = models.IntegerField(db_default=0)  # in a row
    error_code = models.CharField(max_length=64, db_default="", blank=True)
    error_words = models.CharField(max_length=500, db_default="", blank=True)
    said_count = models.BigIntegerField(db_default=0)  # numbers that the platform took
    delay_ms_sum = models.BigIntegerField(
        db_default=0
    )  # from the change to the platform's yes, over all of them
    delay_ms_most = models.BigIntegerField(db_default=0)
    missed_count = models.BigIntegerField(db_default=0)  # differences that no fact had told of
    oversold_units = models.BigIntegerField(db_default=0)  # ordered beyond what was there

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "channel"], name="orders_stockout_channel"),
            models.CheckConstraint(condition=Q(every_s__gte=0), name="orders_stockout_every"),
        ]


class Listing(TenantRow):
    """Goods as a channel lists them: the platform's item, and its variant where it has several, and the SKU that is shipped for it."""

    channel = fk(Channel)
    sku = fk("inventory.Sku")
    item = models.CharField(max_length=64, db_collation="C")
    variant = models.CharField(max_length=64, db_default="", blank=True, db_collation="C")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "channel", "item", "variant"], name="orders_listing_once"
            ),
            models.CheckConstraint(condition=~Q(item=""), name="orders_listing_item"),
        ]
        indexes = [models.Index(fields=["tenant_id", "channel", "sku"], name="orders_listing_sku")]


class StockStrategy(TenantRow):
    """How much of the pool a channel may say it has, of one SKU or (`sku` empty) of all it has no row for."""

    channel = fk(Channel)
    sku = fk("inventory.Sku", null=True)
    share = models.SmallIntegerField(db_default=100)  # percent
    fixed = models.IntegerField(null=True)  # units instead of a share
    kept_back = models.IntegerField(db_default=0)  # units never said

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "channel", "sku"],
                name="orders_stockstrategy_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(share__gte=0, share__lte=100, kept_back__gte=0)
                & (Q(fixed__isnull=True) | Q(fixed__gte=0)),
                name="orders_stockstrategy_sane",
            ),
        ]


class LevelState(models.IntegerChoices):
    WAITING = 1, _("等上传")
    SAID = 2, _("已上传")
    REFUSED = 3, _("平台没收")


class StockLevel(TenantRow):
    """The newest number of one SKU at one channel: a change that comes before the last one was said takes its place.

    `marked_at`: something moved since the number was computed.  `changed_at`: since when the platform has another number than we.
    `parts`: the formula, as `orders.rules.stock_out.Level` has it.
    """

    channel = copied(Channel)  # its listing's
    sku = copied("inventory.Sku")
    units = models.IntegerField(null=True)
    parts = models.JSONField(db_default={})
    computed_at = models.DateTimeField(null=True)
    marked_at = models.DateTimeField(null=True, db_default=ClockTimestamp())
    state = models.SmallIntegerField(choices=LevelState.choices, db_default=LevelState.WAITING)
    due_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    said_units = models.IntegerField(null=True)
    said_at = models.DateTimeField(null=True)
    delay_ms = models.BigIntegerField(null=True)
    attempts = models.IntegerField(db_default=0)
    code = models.CharField(max_length=64, db_default="", blank=True)
    words = models.CharField(max_length=500, db_default="", blank=True)
    oversold_units = models.IntegerField(db_default=0)  # since the platform took a number last

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "channel", "sku"], name="orders_stocklevel_once"),
            models.CheckConstraint(
                condition=Q(state__in=LevelState.values)
                & (Q(units__isnull=True) | Q(units__gte=0))
                & (Q(said_units__isnull=True) | Q(said_units__gte=0)),
                name="orders_stocklevel_sane",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "sku"], name="orders_stocklevel_sku"),
            models.Index(
                fields=["tenant_id", "sku"],
                name="orders_stocklevel_marked",
                condition=Q(marked_at__isnull=False),
            ),
            models.Index(
                fields=["tenant_id", "channel", "due_at", "id"],
                name="orders_stocklevel_due",
                condition=Q(due_at__isnull=False),
            ),
            models.Index(fields=["tenant_id", "channel", "id"], name="orders_stocklevel_list"),
        ]
