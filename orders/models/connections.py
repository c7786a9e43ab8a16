"""A shop's connection to its platform, orders that could not be read, and what is said back of each parcel."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk
from orders.models.after_sales import Refund
from orders.models.channels import Channel, ChannelOrder


class ConnectionState(models.IntegerChoices):
    ACTIVE = 1, _("在拉单")
    PAUSED = 2, _("停了")
    REFUSED = 3, _("授权不对")


class Connection(TenantRow):
    """How a channel is reached.  `credentials` are sealed and leave only towards the platform; `hints` are their last characters.

    `cursor`: all that changed before it is stored.  A run of pulling holds `lease_token` until `lease_until`, one of saying back
    `say_token`, one of saying what became of refunds `refund_token`; before `quiet_until` nothing is asked of this shop.  `next_say_at`
    and `next_refund_at` are the earliest thing to say, null when there is none.
    """

    channel = fk(Channel)
    state = models.SmallIntegerField(choices=ConnectionState.choices, db_default=ConnectionState.ACTIVE)
    address = models.CharField(max_length=200, db_default="", blank=True)  # of a shop that has its own
    credentials = models.BinaryField()
    hints = models.JSONField(db_default={})
    credentials_set_at = models.DateTimeField(db_default=ClockTimestamp())
    shop_name = models.CharField(max_length=60, db_default="", blank=True)  # as the platform says
    companies = models.JSONField(db_default={})  # our carrier's code -> the platform's; "" for every other
    pull_every_s = models.IntegerField(db_default=120)
    pull_from = models.DateTimeField()
    cursor = models.TextField(db_default="", blank=True)
    lease_token = models.BigIntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    next_pull_at = models.DateTimeField(db_default=ClockTimestamp())
    tried_at = models.DateTimeField(null=True)
    pulled_at = models.DateTimeField(null=True)  # last without a failure
    failures = models.IntegerField(db_default=0)  # in a row
    error_code = models.CharField(max_length=64, db_default="", blank=True)
    error_words = models.CharField(max_length=500, db_default="", blank=True)
    orders_new = models.BigIntegerField(db_default=0)
    say_token = models.BigIntegerField(null=True)
    say_lease_until = models.DateTimeField(null=True)
    next_say_at = models.DateTimeField(null=True)
    say_failures = models.IntegerField(db_default=0)
    refund_token = models.BigIntegerField(null=True)
    refund_lease_until = models.DateTimeField(null=True)
    next_refund_at = models.DateTimeField(null=True)
    refund_failures = models.IntegerField(db_default=0)
    quiet_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "channel"], name="orders_connection_channel"),
            models.CheckConstraint(
                condition=Q(state__in=ConnectionState.values, pull_every_s__gte=30),
                name="orders_connection_sane",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "next_pull_at"],
                name="orders_connection_due",
                condition=Q(state=ConnectionState.ACTIVE),
            )
        ]


class PullProblem(TenantRow):
    """An order of the platform that could not be read.  `raw` is sealed; it is cleared when the order is read after all."""

    connection = fk(Connection)
    external_number = models.CharField(max_length=64, db_collation="C")
    words = models.CharField(max_length=500)
    raw = models.BinaryField()
    seen_at = models.DateTimeField(db_default=ClockTimestamp())
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "connection", "external_number"], name="orders_pullproblem_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "connection", "seen_at"],
                name="orders_pullproblem_open",
                condition=Q(cleared_at__isnull=True),
            )
        ]


class ShipBackState(models.IntegerChoices):
    WAITING = 1, _("等回传")
    SENT = 2, _("已回传")
    REFUSED = 3, _("平台没收")
    UNSAID = 4, _("说不出去")


class ShipBack(TenantRow):
    """One parcel that left, towards one channel order: whether the platform has its tracking number, and what it said."""

    channel = copied(Channel)  # the channel order's
    channel_order = fk(ChannelOrder)
    parcel = copied("warehouse.Parcel")  # read in the transaction that writes it
    number = models.CharField(max_length=40, db_default="", blank=True)
    company = models.CharField(max_length=40, db_default="", blank=True)
    state = models.SmallIntegerField(choices=ShipBackState.choices, db_default=ShipBackState.WAITING)
    attempts = models.IntegerField(db_default=0)
    next_at = models.DateTimeField(db_default=ClockTimestamp())
    code = models.CharField(max_length=64, db_default="", blank=True)
    words = models.CharField(max_length=500, db_default="", blank=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    said_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "channel_order", "parcel"], name="orders_shipback_once"
            ),
            models.CheckConstraint(condition=Q(state__in=ShipBackState.values), name="orders_shipback_state"),
            models.CheckConstraint(
                condition=~Q(state=ShipBackState.SENT) | (Q(said_at__isnull=False) & ~Q(number="")),
                name="orders_shipback_said",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "created_at", "id"], name="orders_shipback_newest"),
            models.Index(fields=["tenant_id", "state", "created_at", "id"], name="orders_shipback_list"),
            models.Index(
                fields=["tenant_id", "channel", "next_at", "id"],
                name="orders_shipback_due",
                condition=Q(state=ShipBackState.WAITING),
            ),
            models.Index(fields=["tenant_id", "parcel"], name="orders_shipback_parcel"),
        ]


class RefundBack(TenantRow):
    """What the merchant decided about a refund of a platform, towards that platform: whether it has it, and what it said."""

    channel = copied(Channel)  # the refund's
    refund = fk(Refund)
    is_agreed = models.BooleanField()
    state = models.SmallIntegerField(choices=ShipBackState.choices, db_default=ShipBackState.WAITING)
    attempts = models.IntegerField(db_default=0)
    next_at = models.DateTimeField(db_default=ClockTimestamp())
    code = models.CharField(max_length=64, db_default="", blank=True)
    words = models.CharField(max_length=500, db_default="", blank=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    said_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "refund"], name="orders_refundback_once"),
            models.CheckConstraint(
                condition=Q(state__in=ShipBackState.values), name="orders_refundback_state"
            ),
            models.CheckConstraint(
                condition=~Q(state=ShipBackState.SENT) | Q(said_at__isnull=False),
                name="orders_refundback_said",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "channel", "next_at"],
                name="orders_refundback_due",
                condition=Q(state=ShipBackState.WAITING),
            ),
            models.Index(fields=["tenant_id", "created_at", "id"], name="orders_refundback_newest"),
        ]
