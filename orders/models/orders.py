"""The ERP's own orders, and what stops them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk


class OrderStatus(models.IntegerChoices):
    STOPPED = 1, _("审单停下")
    DISPATCHING = 2, _("门店抢单中")
    FULFILLING = 3, _("仓库处理中")
    SHIPPED = 4, _("已发货")
    CANCELLED = 5, _("已取消")


class Order(TenantRow):
    """Made of one or more channel orders.  Money in minor units of `currency`; the receiver sealed, its mask for the screens."""

    number = models.CharField(max_length=64, db_collation="C")
    channel = fk("orders.Channel")
    facility = copied("inventory.Facility")  # the channel's, or the one routing chose
    status = models.SmallIntegerField(choices=OrderStatus.choices)
    priority = models.SmallIntegerField(db_default=0)
    receiver_key = models.BigIntegerField(null=True)
    receiver = models.BinaryField(null=True)
    receiver_mask = models.CharField(max_length=120, db_default="", blank=True)
    division_code = models.CharField(max_length=6, db_default="", blank=True)
    remark = models.TextField(db_default="", blank=True)
    seller_remark = models.TextField(db_default="", blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    charge_minor = models.BigIntegerField(db_default=0)
    discount_minor = models.BigIntegerField(db_default=0)
    min_expires_on = models.DateField()
    ship_by = models.DateTimeField()
    placed_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    shipped_at = models.DateTimeField(null=True)
    version = models.IntegerField(db_default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="orders_order_status"),
            models.CheckConstraint(
                condition=Q(status=4, shipped_at__isnull=False) | (~Q(status=4) & Q(shipped_at__isnull=True)),
                name="orders_order_shipped",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "status", "ship_by", "id"], name="orders_order_queue"),
            models.Index(
                fields=["tenant_id", "receiver_key"],
                name="orders_order_receiver",
                condition=Q(receiver_key__isnull=False),
            ),
        ]


class OrderLine(TenantRow):
    """SKU and quantity in base units.  Not mapped yet: `sku` is empty and `external_code` says what the platform calls it."""

    order = fk(Order)
    sku = fk("inventory.Sku", null=True)
    external_code = models.CharField(max_length=64, db_default="", blank=True)
    quantity = models.IntegerField()
    unit_price_minor = models.BigIntegerField()
    source_row = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_line_quantity"),
            models.CheckConstraint(condition=Q(unit_price_minor__gte=0), name="orders_line_price"),
            models.CheckConstraint(
                condition=Q(sku__isnull=False) | ~Q(external_code=""), name="orders_line_named"
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "order"], name="orders_line_order")]


class Finding(TenantRow):
    """One reason that stops an order, or is worth a look.  An order carries every finding at once."""

    order = fk(Order)
    code = models.CharField(max_length=32)
    detail = models.JSONField(db_default={})
    stops = models.BooleanField()
    opened_at = models.DateTimeField(db_default=ClockTimestamp())
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant_id", "order"], name="orders_finding_order"),
            models.Index(
                fields=["tenant_id", "code", "order"],
                name="orders_finding_open",
                condition=Q(cleared_at__isnull=True, stops=True),
            ),
        ]
