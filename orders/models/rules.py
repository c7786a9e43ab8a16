"""What a tenant decided about orders once, so that nobody has to decide it order by order: rules are rows."""

from django.db import models
from django.db.models import Q

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class AuditRule(TenantRow):
    """Stops (or only marks) orders that meet all its conditions.  `conditions`: see orders.rules.audit_rules, which reads them.

    A rule is never deleted: findings name it.
    """

    name = models.CharField(max_length=60)
    conditions = models.JSONField(db_default={})
    stops = models.BooleanField(db_default=True)
    is_active = models.BooleanField(db_default=True)
    changed_by = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "name"], name="orders_auditrule_name")]

    def __str__(self) -> str:
        return self.name


class GiftRule(TenantRow):
    """Goods that go along for nothing.  `conditions`: see orders.rules.gifts.  `most_units`: all that there is to give; null: no end."""

    name = models.CharField(max_length=60)
    conditions = models.JSONField(db_default={})
    sku = fk("inventory.Sku")
    quantity = models.IntegerField()
    priority = models.SmallIntegerField(db_default=0)
    is_exclusive = models.BooleanField(db_default=False)
    is_once_per_buyer = models.BooleanField(db_default=False)
    most_units = models.IntegerField(null=True)
    given_units = models.IntegerField(db_default=0)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    is_active = models.BooleanField(db_default=True)
    changed_by = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "name"], name="orders_giftrule_name"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_giftrule_quantity"),
            models.CheckConstraint(
                condition=Q(most_units__isnull=True)
                | Q(given_units__gte=0, given_units__lte=models.F("most_units")),
                name="orders_giftrule_most",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GiftGiven(TenantRow):
    """One order got its gift.  Written once an order and rule, so that nothing is given twice whatever runs again."""

    rule = fk(GiftRule)
    order = fk("orders.Order")
    buyer_key = models.BigIntegerField(null=True)  # set where the rule gives once a buyer
    units = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "rule", "order"], name="orders_giftgiven_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "rule", "buyer_key"],
                name="orders_giftgiven_buyer",
                condition=Q(buyer_key__isnull=False),
            ),
        ]


class FacilityPlan(TenantRow):
    """How a facility takes part in routing.  `regions`: prefixes of division codes it serves, none means all.

    `daily_parcels`: what it can hand over in a day; null: any number.  Facilities without a plan serve only the channels that name them.
    """

    facility = fk("inventory.Facility")
    priority = models.SmallIntegerField(db_default=0)
    regions = models.JSONField(db_default=[])
    daily_parcels = models.IntegerField(null=True)
    cost_minor = models.BigIntegerField(db_default=0)  # of handling one parcel
    is_active = models.BooleanField(db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "facility"], name="orders_facilityplan_once"),
            models.CheckConstraint(
                condition=Q(daily_parcels__isnull=True) | Q(daily_parcels__gte=0),
                name="orders_facilityplan_parcels",
            ),
        ]


class Blocked(TenantRow):
    """Somebody whose orders a person wants to see first.  `key`: fingerprint of a receiver or of a buyer's account."""

    key = models.BigIntegerField()
    mask = models.CharField(max_length=120, db_default="", blank=True)
    reason = models.CharField(max_length=200)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "key"], name="orders_blocked_once")]
