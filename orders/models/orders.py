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
    """Made of one or more channel orders.  Money in minor units of `currency`; the receiver sealed, its mask for the screens.

    `merged_into`: its lines travel in that order's parcels; the row itself stays as it was, so that parting them again is exact.
    `decided`: why the machine chose what it chose, by step, where it had a choice.
    """

    number = models.CharField(max_length=64, db_collation="C")
    channel = fk("orders.Channel")
    facility = copied("inventory.Facility")  # the channel's, or the one routing chose
    status = models.SmallIntegerField(choices=OrderStatus.choices)
    priority = models.SmallIntegerField(db_default=0)
    receiver_key = models.BigIntegerField(null=True)
    receiver = models.BinaryField(null=True)
    receiver_mask = models.CharField(max_length=120, db_default="", blank=True)
    receiver_token = models.TextField(db_default="", blank=True)  # the platform's id of a receiver it hides
    buyer_key = models.BigIntegerField(null=True)  # fingerprint of the account that bought
    division_code = models.CharField(max_length=6, db_default="", blank=True)
    remark = models.TextField(db_default="", blank=True)
    seller_remark = models.TextField(db_default="", blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    charge_minor = models.BigIntegerField(db_default=0)
    discount_minor = models.BigIntegerField(db_default=0)
    cod_minor = models.BigIntegerField(db_default=0)  # to be collected at the door
    min_expires_on = models.DateField()
    ship_by = models.DateTimeField()
    placed_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    wait_until = models.DateTimeField(null=True)  # presale: not before the promised day
    shipped_at = models.DateTimeField(null=True)
    merged_into = fk("orders.Order", null=True)
    decided = models.JSONField(null=True)
    assignee_id = models.BigIntegerField(null=True)
    note = models.CharField(max_length=500, db_default="", blank=True)
    version = models.IntegerField(db_default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="orders_order_status"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=models.F("id")),
                name="orders_order_merged",
            ),
            models.CheckConstraint(condition=Q(cod_minor__gte=0), name="orders_order_cod"),
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
            models.Index(
                fields=["tenant_id", "receiver_token"],
                name="orders_order_token",
                condition=~Q(receiver_token=""),
            ),
            models.Index(
                fields=["tenant_id", "merged_into"],
                name="orders_order_members",
                condition=Q(merged_into__isnull=False),
            ),
        ]


class LineKind(models.IntegerChoices):
    SOLD = 0, _("卖出")
    GIFT = 1, _("赠品")


class OrderLine(TenantRow):
    """SKU and quantity in base units.  Not mapped yet: `sku` is empty and `external_code` says what the platform calls it, `external_item`
    and `external_variant` under which of its own ids it sells it, where it said so.

    Parts of a bundle share `bundle_group` and name the bundle; what the bundle cost is spread over them in `amount_minor`, which is
    empty where it is quantity × price.  `withdrawn`: units of `quantity` that a refund took out before they left.
    """

    order = fk(Order)
    sku = fk("inventory.Sku", null=True)
    external_code = models.CharField(max_length=64, db_default="", blank=True)
    external_item = models.CharField(max_length=64, db_default="", blank=True, db_collation="C")
    external_variant = models.CharField(max_length=64, db_default="", blank=True, db_collation="C")
    quantity = models.IntegerField()
    unit_price_minor = models.BigIntegerField()
    source_row = models.IntegerField(null=True)
    kind = models.SmallIntegerField(choices=LineKind.choices, db_default=LineKind.SOLD)
    amount_minor = models.BigIntegerField(null=True)
    bundle = fk("inventory.Bundle", null=True)
    bundle_group = models.BigIntegerField(null=True)
    gift_rule_id = models.BigIntegerField(null=True)
    withdrawn = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_line_quantity"),
            models.CheckConstraint(
                condition=Q(withdrawn__gte=0, withdrawn__lte=models.F("quantity")),
                name="orders_line_withdrawn",
            ),
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
    rule_id = models.BigIntegerField(null=True)  # of AuditRule, when one found it

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant_id", "rule_id", "opened_at"],
                name="orders_finding_rule",
                condition=Q(rule_id__isnull=False),
            ),
            models.Index(fields=["tenant_id", "order"], name="orders_finding_order"),
            models.Index(
                fields=["tenant_id", "code", "order"],
                name="orders_finding_open",
                condition=Q(cleared_at__isnull=True, stops=True),
            ),
        ]
