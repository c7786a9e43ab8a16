"""Who saw a receiver in clear: one row for each order that was shown, with why."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk
from orders.models.orders import Order


class UnmaskReason(models.TextChoices):
    DELIVERY = "DELIVERY", _("派送要联系买家")
    AFTER_SALES = "AFTER_SALES", _("处理售后")
    ADDRESS = "ADDRESS", _("核对、改地址")
    RISK = "RISK", _("疑似骗单、拒收")
    RECALL = "RECALL", _("召回通知买家")
    OTHER = "OTHER", _("别的（要写明）")


class UnmaskSource(models.IntegerChoices):
    """Where the plain words came from."""

    STORED = 1, _("订单里存着")
    PLATFORM = 2, _("问平台要的")


class Unmasking(TenantRow):
    """One order, shown in clear to one person or one key.  Append-only by grant.

    `day`: the merchant's calendar day, by which the limit counts.  `entry`: its row of the audit trail (`check_invariants` compares them).
    What was seen is not kept here.
    """

    order = fk(Order)
    user_id = models.BigIntegerField(null=True)  # of a person
    api_key = fk("core.ApiKey", null=True)  # of an integrator; one of the two
    entry = copied("core.AuditEntry")  # written by the same service, one statement before
    reason = models.CharField(max_length=12, choices=UnmaskReason.choices)
    note = models.CharField(max_length=200, db_default="", blank=True)
    source = models.SmallIntegerField(choices=UnmaskSource.choices)
    day = models.DateField()
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "entry"], name="orders_unmasking_once"),
            models.CheckConstraint(
                condition=Q(user_id__isnull=False, api_key__isnull=True)
                | Q(user_id__isnull=True, api_key__isnull=False),
                name="orders_unmasking_who",
            ),
            models.CheckConstraint(
                condition=Q(reason__in=UnmaskReason.values, source__in=UnmaskSource.values)
                & (~Q(reason=UnmaskReason.OTHER) | ~Q(note="")),
                name="orders_unmasking_why",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "at", "id"], name="orders_unmasking_at"),
            models.Index(fields=["tenant_id", "user_id", "at", "id"], name="orders_unmasking_person"),
            models.Index(fields=["tenant_id", "order", "at", "id"], name="orders_unmasking_order"),
            models.Index(fields=["tenant_id", "day", "user_id", "api_key"], name="orders_unmasking_day"),
        ]
