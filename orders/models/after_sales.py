"""What comes after a sale: money that goes back, goods that come back, and orders that are sent in the place of others."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk
from orders.models.channels import Channel
from orders.models.orders import Order, OrderLine


class RefundState(models.IntegerChoices):
    REQUESTED = 1, _("等同意")
    AGREED = 2, _("等退款")
    DONE = 3, _("已退款")
    REFUSED = 4, _("没同意")


class Refund(TenantRow):
    """Money of an order that its buyer wants back.  `external_id`: the platform's id of it, or our own number when a person asked.

    `is_whole`: everything is asked for.  `over_minor`: the part of the amount that is more than was paid, booked on no line.
    """

    channel = copied(Channel)  # the order's
    order = fk(Order)
    external_id = models.CharField(max_length=64, db_collation="C")
    amount_minor = models.BigIntegerField()
    over_minor = models.BigIntegerField(db_default=0)
    is_whole = models.BooleanField(db_default=False)
    reason = models.CharField(max_length=200, db_default="", blank=True)
    state = models.SmallIntegerField(choices=RefundState.choices, db_default=RefundState.REQUESTED)
    asked_at = models.DateTimeField(db_default=ClockTimestamp())
    asked_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "channel", "external_id"], name="orders_refund_once"
            ),
            models.CheckConstraint(condition=Q(state__in=RefundState.values), name="orders_refund_state"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0, over_minor__gte=0, over_minor__lte=F("amount_minor")),
                name="orders_refund_amount",
            ),
            models.CheckConstraint(
                condition=Q(state=1, decided_at__isnull=True) | (~Q(state=1) & Q(decided_at__isnull=False)),
                name="orders_refund_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "order"], name="orders_refund_order"),
            models.Index(fields=["tenant_id", "state", "asked_at", "id"], name="orders_refund_queue"),
            models.Index(fields=["tenant_id", "asked_at", "id"], name="orders_refund_newest"),
        ]


class RefundLine(TenantRow):
    """Units that a refund asks for.  `withdrawn` of them never left and are out of the order, `late` had left: they have to come back.

    `amount_minor`: the part of the refund that is asked for this line; null when it is asked for the order as a whole.
    """

    refund = fk(Refund)
    order_line = fk(OrderLine)
    withdrawn = models.IntegerField(db_default=0)
    late = models.IntegerField(db_default=0)
    amount_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "refund", "order_line"], name="orders_refundline_once"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn__gte=0, late__gte=0), name="orders_refundline_units"
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "order_line"], name="orders_refundline_line")]


class RefundBooking(TenantRow):
    """What an agreed refund changes for one line: a cent may go from one line to another.  `paid_minor`: what was paid for the line."""

    refund = fk(Refund)
    order_line = fk(OrderLine)
    amount_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "refund", "order_line"], name="orders_refundbooking_once"
            ),
            models.CheckConstraint(
                condition=~Q(amount_minor=0) & Q(paid_minor__gte=0), name="orders_refundbooking_sane"
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "order_line"], name="orders_refundbooking_line")]


class ReturnState(models.IntegerChoices):
    EXPECTED = 1, _("等寄回")
    UNKNOWN = 2, _("无主件")
    RECEIVED = 3, _("待检")
    CLOSED = 4, _("已处理")
    CANCELLED = 5, _("已取消")


class Return(TenantRow):
    """A parcel that comes back.  An unknown one (无主件) has no order until somebody finds whose it is.

    `parcel`: the one its goods left in, where that is known.  `tracking_number`: of the way back, folded as scanned.
    """

    number = models.CharField(max_length=32, db_collation="C")
    order = fk(Order, null=True)
    refund = fk(Refund, null=True)
    parcel = copied("warehouse.Parcel", null=True)
    facility = fk("inventory.Facility", null=True)  # where it came in
    tracking_number = models.CharField(max_length=40, db_default="", blank=True, db_collation="C")
    state = models.SmallIntegerField(choices=ReturnState.choices, db_default=ReturnState.EXPECTED)
    reason = models.CharField(max_length=200, db_default="", blank=True)
    note = models.CharField(max_length=500, db_default="", blank=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    created_by = models.BigIntegerField(null=True)
    received_at = models.DateTimeField(null=True)
    received_by = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="orders_return_number"),
            models.UniqueConstraint(
                fields=["tenant_id", "refund"], name="orders_return_refund", condition=Q(refund__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "tracking_number"],
                name="orders_return_tracking",
                condition=~Q(tracking_number="") & ~Q(state=5),
            ),
            models.CheckConstraint(condition=Q(state__in=ReturnState.values), name="orders_return_state"),
            models.CheckConstraint(
                condition=Q(order__isnull=False) | Q(state__in=[2, 5]), name="orders_return_owned"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[2, 3, 4]) | Q(received_at__isnull=False, facility__isnull=False),
                name="orders_return_received",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "order"], name="orders_return_order"),
            models.Index(fields=["tenant_id", "state", "created_at", "id"], name="orders_return_queue"),
            models.Index(fields=["tenant_id", "created_at", "id"], name="orders_return_newest"),
        ]


class LotProof(models.IntegerChoices):
    SENT = 1, _("就是发出的批次")
    OTHER = 2, _("不是发出的批次")
    NOT_KNOWN = 3, _("批次不清")


class ReturnItem(TenantRow):
    """Units of one lot that came back.  They lie in quarantine until somebody has looked: `good` went back for sale, `damaged` aside.

    `order_line`: what they were sold as; null for goods the order does not have.
    """

    return_doc = fk(Return)
    order_line = fk(OrderLine, null=True)
    sku = copied("inventory.Sku")  # the lot's
    lot = fk("inventory.Lot")
    bin = fk("inventory.Bin")
    proof = models.SmallIntegerField(choices=LotProof.choices)
    units = models.IntegerField()
    good = models.IntegerField(db_default=0)
    damaged = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(units__gt=0, good__gte=0, damaged__gte=0, units__gte=F("good") + F("damaged")),
                name="orders_returnitem_units",
            ),
            models.CheckConstraint(condition=Q(proof__in=LotProof.values), name="orders_returnitem_proof"),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "return_doc"], name="orders_returnitem_return"),
            models.Index(fields=["tenant_id", "order_line"], name="orders_returnitem_line"),
        ]


class FollowKind(models.IntegerChoices):
    EXCHANGE = 1, _("换货")
    RESHIP = 2, _("补发")


class FollowUp(TenantRow):
    """An order that is sent in the place of what was wrong with another one, for nothing.  `request`: whoever asked names it once."""

    order = fk(Order)
    first_order = fk(Order)
    return_doc = fk(Return, null=True)
    kind = models.SmallIntegerField(choices=FollowKind.choices)
    place = models.IntegerField()
    request = models.CharField(max_length=64, db_collation="C")
    reason = models.CharField(max_length=200, db_default="", blank=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "request"], name="orders_followup_once"),
            models.UniqueConstraint(fields=["tenant_id", "order"], name="orders_followup_order"),
            models.UniqueConstraint(
                fields=["tenant_id", "first_order", "place"], name="orders_followup_place"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=FollowKind.values, place__gt=0), name="orders_followup_sane"
            ),
        ]
