"""Goods coming in."""

from django.db import models
from django.db.models import Q

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk


class Receipt(TenantRow):
    facility = fk("inventory.Facility")
    reference = models.CharField(max_length=60)
    supplier = models.CharField(max_length=100, db_default="", blank=True)  # as the delivery note names it
    purchase = fk("inventory.PurchaseOrder", null=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "reference"], name="inventory_receipt_reference")
        ]
        indexes = [
            models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_receipt_newest"),
            models.Index(
                fields=["tenant_id", "purchase"],
                name="inventory_receipt_purchase",
                condition=Q(purchase__isnull=False),
            ),
        ]


class ReceiptLine(TenantRow):
    receipt = fk(Receipt)
    lot = fk("inventory.Lot")
    bin = fk("inventory.Bin")
    quantity = models.IntegerField()
    purchase_line = copied(
        "inventory.PurchaseLine", null=True
    )  # one of the receipt's purchase, locked when it is counted up

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_receiptline_quantity")
        ]
        indexes = [
            models.Index(fields=["tenant_id", "receipt"], name="inventory_receiptline_receipt"),
            models.Index(fields=["tenant_id", "lot"], name="inventory_receiptline_lot"),
        ]
