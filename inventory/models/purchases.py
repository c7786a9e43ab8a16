"""Goods that are expected: suppliers and thin purchase orders."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class Supplier(TenantRow):
    code = models.CharField(max_length=32, db_collation="C")
    name = models.CharField(max_length=100)
    contact = models.CharField(max_length=60, db_default="", blank=True)
    phone = models.CharField(max_length=30, db_default="", blank=True)
    lead_days = models.SmallIntegerField(null=True)  # from order to door
    is_active = models.BooleanField(db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="inventory_supplier_code"),
            models.CheckConstraint(
                condition=Q(lead_days__isnull=True) | Q(lead_days__gte=0), name="inventory_supplier_lead"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PurchaseStatus(models.IntegerChoices):
    DRAFT = 0, _("草稿")
    OPEN = 1, _("等到货")
    CLOSED = 2, _("已收齐")
    CANCELLED = 3, _("已取消")


class PurchaseOrder(TenantRow):
    """What a supplier was asked to bring.  Receipts count against its lines; it closes when nothing is open, or by hand when no more
    will come.
    """

    number = models.CharField(max_length=24, db_collation="C")
    supplier = fk(Supplier)
    facility = fk("inventory.Facility")
    status = models.SmallIntegerField(choices=PurchaseStatus.choices, db_default=PurchaseStatus.DRAFT)
    expected_on = models.DateField(null=True)
    note = models.CharField(max_length=200, db_default="", blank=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="inventory_purchase_number"),
            models.CheckConstraint(
                condition=Q(status__in=PurchaseStatus.values), name="inventory_purchase_status"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_purchase_newest"),
            models.Index(
                fields=["tenant_id", "facility"], name="inventory_purchase_open", condition=Q(status=1)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class PurchaseLine(TenantRow):
    """Units of one SKU that are expected.  `received` may pass `quantity`: over-delivery is seen, not hidden."""

    purchase = fk(PurchaseOrder)
    sku = fk("inventory.Sku")
    quantity = models.IntegerField()
    received = models.IntegerField(db_default=0)
    price_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "purchase", "sku"], name="inventory_purchaseline_once"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, received__gte=0), name="inventory_purchaseline_units"
            ),
            models.CheckConstraint(
                condition=Q(price_minor__isnull=True) | Q(price_minor__gte=0),
                name="inventory_purchaseline_price",
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "sku"], name="inventory_purchaseline_sku")]
