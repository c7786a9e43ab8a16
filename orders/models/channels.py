"""Where orders come from, and the orders as they came."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk


class Channel(TenantRow):
    """One shop on one platform.  `min_days`: shelf life a buyer must still have; `ship_within_h`: the promise, from payment."""

    code = models.CharField(max_length=32, db_collation="C")
    name = models.CharField(max_length=60)
    platform = models.CharField(max_length=20, db_default="file")
    facility = fk("inventory.Facility")
    currency = models.CharField(max_length=3, db_default="CNY")
    needs_address = models.BooleanField(db_default=True)
    is_o2o = models.BooleanField(db_default=False)
    handover = models.SmallIntegerField(db_default=0)
    min_days = models.IntegerField(db_default=0)
    ship_within_h = models.IntegerField(db_default=48)
    merge_group = models.CharField(
        max_length=32, db_default="", blank=True
    )  # shops whose orders may travel together
    carrier = fk("warehouse.Carrier", null=True)  # the one it insists on
    is_routed = models.BooleanField(
        db_default=False
    )  # any facility with a plan may ship; else `facility` does
    ready_now = models.BooleanField(null=True)  # short orders send what is there; empty: as the tenant says
    is_active = models.BooleanField(db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="orders_channel_code"),
            models.CheckConstraint(
                condition=models.Q(min_days__gte=0, ship_within_h__gt=0), name="orders_channel_sane"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ChannelState(models.IntegerChoices):
    """What the platform says of the order."""

    UNPAID = 0, _("待付款")
    PAID = 1, _("已付款")
    SHIPPED = 2, _("平台已发货")
    COMPLETED = 3, _("交易成功")
    CLOSED = 4, _("已关闭")
    DEPOSIT = 5, _("已付定金")


class ChannelOrder(TenantRow):
    """The order as the platform stated it, newest version; earlier ones lie in ChannelOrderVersion.  `raw` is sealed."""

    channel = copied(Channel)  # its order's
    external_number = models.CharField(max_length=64, db_collation="C")
    order = fk("orders.Order", null=True)
    state = models.SmallIntegerField(choices=ChannelState.choices, db_default=ChannelState.PAID)
    version = models.IntegerField(db_default=1)
    content_hash = models.BigIntegerField()
    raw = models.BinaryField()
    import_ref = models.BigIntegerField(null=True)
    received_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "external_number", "channel"], name="orders_channelorder_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant_id", "order"], name="orders_channelorder_order"),
            models.Index(
                fields=["tenant_id", "import_ref"],
                name="orders_channelorder_import",
                condition=models.Q(import_ref__isnull=False),
            ),
        ]


class ChannelOrderVersion(TenantRow):
    """An earlier version, as it was received.  Append-only by grant."""

    channel_order = fk(ChannelOrder)
    version = models.IntegerField()
    content_hash = models.BigIntegerField()
    raw = models.BinaryField()
    received_at = models.DateTimeField()
    superseded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "channel_order", "version"], name="orders_channelorderversion_once"
            )
        ]
