"""What a tenant wants to be true of its stock, and what it is told when it is not."""

from django.db import models
from django.db.models import F, Q

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class ShelfLifeRule(TenantRow):
    """Days that goods must still last when they leave, for a SKU, a category, a channel, a customer, or several of these together.

    Empty means any.  `channel_ref` and `customer_ref` are opaque here.  The strictest of all rules that apply holds, unless one that
    applies `replaces` the others (a shop for short-dated goods).
    """

    sku = fk("inventory.Sku", null=True)
    category = fk("inventory.Category", null=True)
    channel_ref = models.BigIntegerField(null=True)
    customer_ref = models.BigIntegerField(null=True)
    min_days = models.IntegerField()
    replaces = models.BooleanField(db_default=False)
    note = models.CharField(max_length=100, db_default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "sku", "category", "channel_ref", "customer_ref"],
                name="inventory_shelfliferule_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(min_days__gte=0), name="inventory_shelfliferule_days"),
        ]


class SafetyStock(TenantRow):
    """Below `minimum` available units a warning is raised; a proposal fills up to `target`."""

    facility = fk("inventory.Facility")
    sku = fk("inventory.Sku")
    minimum = models.IntegerField()
    target = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "facility", "sku"], name="inventory_safetystock_place"
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=0, target__gte=F("minimum")), name="inventory_safetystock_sane"
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "sku"], name="inventory_safetystock_sku")]


class StockDigest(TenantRow):
    """What the morning of one day had to say: counts and the first rows of every warning."""

    day = models.DateField()
    content = models.JSONField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "day"], name="inventory_stockdigest_day")]
