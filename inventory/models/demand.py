"""What stock is promised to: first a quantity at a facility, later a lot in a bin."""

from django.db import models
from django.db.models import Q

from core.tenancy import TenantRow, copied, fk


class Promise(TenantRow):
    """Units promised at (facility, SKU) whose lot must expire on `min_expires_on` or later; the lot is not chosen yet.

    The row with the earliest date there is (rules' ANCHOR) is the anchor: locked first, so that new dates serialise.
    """

    facility = fk("inventory.Facility")
    sku = fk("inventory.Sku")
    min_expires_on = models.DateField()
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "facility", "sku", "min_expires_on"], name="inventory_promise_place"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="inventory_promise_sane"),
        ]


class Reservation(TenantRow):
    """One line's share of the promises.  Gone when it is allocated or given back; the promise counts exactly these rows."""

    owner_ref = models.BigIntegerField()  # who asked (a parcel): opaque here
    line_ref = models.BigIntegerField()
    facility = copied("inventory.Facility")
    sku = copied("inventory.Sku")
    min_expires_on = models.DateField()
    quantity = models.IntegerField()
    priority = models.SmallIntegerField(db_default=0)  # higher keeps longer
    ship_by = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_reservation_quantity")
        ]
        indexes = [
            models.Index(fields=["tenant_id", "owner_ref"], name="inventory_reservation_owner"),
            models.Index(fields=["tenant_id", "facility", "sku"], name="inventory_reservation_place"),
        ]


class Allocation(TenantRow):
    """Units of one balance for one line: in its bin, later in its tote.  Gone when shipped; the ledger keeps the story."""

    owner_ref = models.BigIntegerField()
    line_ref = models.BigIntegerField()
    balance = copied(
        "inventory.Balance"
    )  # always of a row that is locked in the same transaction, and never deleted
    quantity = models.IntegerField()
    min_expires_on = models.DateField()
    priority = models.SmallIntegerField(db_default=0)
    ship_by = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_allocation_quantity")
        ]
        # Only what is on its way lies here, so reading it by balance (recall, count) may walk it; an index on the balance would make
        # every pick rewrite all of a row's index entries.
        indexes = [models.Index(fields=["tenant_id", "owner_ref"], name="inventory_allocation_owner")]
