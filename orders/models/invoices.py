"""Invoices that buyers ask for.  The merchant's invoicing program issues them; here is what was asked and what came of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk
from orders.models.orders import Order


class InvoiceState(models.IntegerChoices):
    WAITING = 1, _("待开")
    ISSUED = 2, _("已开")
    TO_REVERSE = 3, _("要红冲")
    REVERSED = 4, _("已红冲")
    FAILED = 5, _("开不了")
    CANCELLED = 6, _("不用开了")


OPEN_INVOICES = (InvoiceState.WAITING, InvoiceState.ISSUED, InvoiceState.TO_REVERSE)


class InvoiceContent(models.IntegerChoices):
    DETAIL = 1, _("商品明细")
    CATEGORY = 2, _("商品类别")


class InvoiceRequest(TenantRow):
    """One invoice of one order.  `buyer` is sealed (title, tax number, e-mail); `mask` is what screens show of it.

    `problem`: why it cannot be issued as it was asked for, a code.  `number` and `issued_on` are the invoice's, `red_number` and
    `reversed_on` those of the one that reverses it (红字发票).
    """

    order = fk(Order)
    is_company = models.BooleanField()
    content = models.SmallIntegerField(choices=InvoiceContent.choices, db_default=InvoiceContent.DETAIL)
    amount_minor = models.BigIntegerField()
    buyer = models.BinaryField()
    mask = models.CharField(max_length=200)
    problem = models.CharField(max_length=20, db_default="", blank=True)
    note = models.CharField(max_length=200, db_default="", blank=True)
    state = models.SmallIntegerField(choices=InvoiceState.choices, db_default=InvoiceState.WAITING)
    number = models.CharField(max_length=32, db_default="", blank=True, db_collation="C")
    issued_on = models.DateField(null=True)
    red_number = models.CharField(max_length=32, db_default="", blank=True, db_collation="C")
    reversed_on = models.DateField(null=True)
    reason = models.CharField(max_length=200, db_default="", blank=True)
    asked_at = models.DateTimeField(db_default=ClockTimestamp())
    asked_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "order"],
                name="orders_invoicerequest_open",
                condition=Q(state__in=[1, 2, 3]),
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "number"], name="orders_invoicerequest_number", condition=~Q(number="")
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "red_number"],
                name="orders_invoicerequest_red",
                condition=~Q(red_number=""),
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=InvoiceState.values, content__in=InvoiceContent.values, amount_minor__gt=0
                ),
                name="orders_invoicerequest_sane",
            ),
            models.CheckConstraint(
                condition=Q(state=1, decided_at__isnull=True) | (~Q(state=1) & Q(decided_at__isnull=False)),
                name="orders_invoicerequest_decided",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=[2, 3, 4], issued_on__isnull=False) & ~Q(number=""))
                | Q(state__in=[1, 5, 6], issued_on__isnull=True, number=""),
                name="orders_invoicerequest_issued",
            ),
            models.CheckConstraint(
                condition=(Q(state=4, reversed_on__isnull=False) & ~Q(red_number=""))
                | (~Q(state=4) & Q(reversed_on__isnull=True, red_number="")),
                name="orders_invoicerequest_reversed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[5, 6]) | ~Q(reason=""), name="orders_invoicerequest_why"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "order"], name="orders_invoicerequest_order"),
            models.Index(fields=["tenant_id", "state", "asked_at", "id"], name="orders_invoicerequest_queue"),
            models.Index(fields=["tenant_id", "asked_at", "id"], name="orders_invoicerequest_newest"),
        ]
