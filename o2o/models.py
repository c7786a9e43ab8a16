"""Orders on their way through the stores' rounds."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class DispatchStatus(models.TextChoices):
    OFFERING = "OFFERING", _("抢单中")
    WON = "WON", _("已抢")
    FALLBACK = "FALLBACK", _("转仓")
    CANCELLED = "CANCELLED", _("已取消")


class Dispatch(TenantRow):
    """State and deadline in one row: while it is offered it has a deadline, so it cannot be forgotten; it ends exactly once."""

    order_ref = models.BigIntegerField()
    order_number = models.CharField(max_length=64)
    facility = fk("inventory.Facility")  # the fallback warehouse, which keeps the reservation meanwhile
    status = models.CharField(max_length=10, choices=DispatchStatus.choices)
    round = models.SmallIntegerField()
    deadline = models.DateTimeField(null=True)
    winner = fk("inventory.Facility", null=True)
    won_by = models.BigIntegerField(null=True)
    lat_e6 = models.IntegerField()
    lng_e6 = models.IntegerField()
    rules = models.JSONField()  # the tenant's rounds as they were at the start
    reason = models.CharField(max_length=200, db_default="", blank=True)
    version = models.IntegerField(db_default=1)
    started_at = models.DateTimeField(db_default=ClockTimestamp())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DispatchStatus.values), name="o2o_dispatch_status"),
            models.CheckConstraint(
                condition=Q(status="OFFERING", deadline__isnull=False, ended_at__isnull=True)
                | (~Q(status="OFFERING") & Q(deadline__isnull=True, ended_at__isnull=False)),
                name="o2o_dispatch_deadline",
            ),
            models.CheckConstraint(
                condition=Q(status="WON", winner__isnull=False) | (~Q(status="WON") & Q(winner__isnull=True)),
                name="o2o_dispatch_winner",
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "order_ref"],
                condition=Q(status__in=["OFFERING", "WON"]),
                name="o2o_dispatch_one_live",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "deadline"], name="o2o_dispatch_due", condition=Q(status="OFFERING")
            ),
            models.Index(fields=["tenant_id", "order_ref"], name="o2o_dispatch_order"),
            models.Index(fields=["tenant_id", "started_at", "id"], name="o2o_dispatch_newest"),
        ]


class OfferStatus(models.TextChoices):
    OPEN = "OPEN", _("等抢")
    WON = "WON", _("抢到")
    LOST = "LOST", _("被抢走")
    EXPIRED = "EXPIRED", _("过时")
    CLOSED = "CLOSED", _("已关闭")


class Offer(TenantRow):
    """One store asked in one round.  A tap counts only while the store's own offer is open."""

    dispatch = fk(Dispatch)
    facility = fk("inventory.Facility")
    round = models.SmallIntegerField()
    distance_m = models.IntegerField()
    status = models.CharField(max_length=8, choices=OfferStatus.choices, db_default=OfferStatus.OPEN)
    reason = models.CharField(max_length=200, db_default="", blank=True)
    offered_at = models.DateTimeField(db_default=ClockTimestamp())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "dispatch", "facility"], name="o2o_offer_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "dispatch"], condition=Q(status="WON"), name="o2o_offer_one_winner"
            ),
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="o2o_offer_status"),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "facility"], name="o2o_offer_open", condition=Q(status="OPEN")),
            models.Index(fields=["tenant_id", "facility", "offered_at"], name="o2o_offer_day"),
        ]
