"""Goods made of goods: bundles that exist on paper only, and kits that people really assemble."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class Bundle(TenantRow):
    """Sold as one, stocked as several.  Its parts are SKUs and a bundle is none, so there is no second level.

    `is_cartons`: one product in several cartons; its parts are shipped together and labelled "carton 1 of 2".
    """

    code = models.CharField(max_length=64, db_collation="C")  # no SKU has it: check_invariants looks
    name = models.CharField(max_length=200)
    is_cartons = models.BooleanField(db_default=False)
    is_active = models.BooleanField(db_default=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "code"], name="inventory_bundle_code")]

    def __str__(self) -> str:
        return self.code


class BundlePart(TenantRow):
    bundle = fk(Bundle)
    sku = fk("inventory.Sku")
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "bundle", "sku"], name="inventory_bundlepart_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_bundlepart_quantity"),
        ]
        indexes = [models.Index(fields=["tenant_id", "sku"], name="inventory_bundlepart_sku")]


class RecipePart(TenantRow):
    """`quantity` units of `part` go into one unit of `sku`, which is assembled and stocked.  Kits may hold kits, never themselves."""

    sku = fk("inventory.Sku")
    part = fk("inventory.Sku")
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "sku", "part"], name="inventory_recipepart_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_recipepart_quantity"),
            models.CheckConstraint(condition=~Q(part=F("sku")), name="inventory_recipepart_self"),
        ]
        indexes = [models.Index(fields=["tenant_id", "part"], name="inventory_recipepart_part")]


class AssemblyKind(models.IntegerChoices):
    ASSEMBLE = 1, _("组装")
    TAKE_APART = 2, _("拆开")


class Assembly(TenantRow):
    """Kits made of their parts, or taken apart again: done when it is written."""

    number = models.CharField(max_length=24, db_collation="C")
    facility = fk("inventory.Facility")
    kind = models.SmallIntegerField(choices=AssemblyKind.choices)
    sku = fk("inventory.Sku")
    quantity = models.IntegerField()
    note = models.CharField(max_length=200, db_default="", blank=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="inventory_assembly_number"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_assembly_quantity"),
            models.CheckConstraint(condition=Q(kind__in=AssemblyKind.values), name="inventory_assembly_kind"),
        ]
        indexes = [models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_assembly_newest")]

    def __str__(self) -> str:
        return self.number


class LotLink(TenantRow):
    """Genealogy: `quantity` units of one lot went into `made` units of another.  Never changed, never deleted."""

    assembly = fk(Assembly)
    from_lot = fk("inventory.Lot")
    to_lot = fk("inventory.Lot")
    quantity = models.IntegerField()
    made = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, made__gt=0), name="inventory_lotlink_quantity"
            ),
            models.CheckConstraint(condition=~Q(from_lot=F("to_lot")), name="inventory_lotlink_self"),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "assembly"], name="inventory_lotlink_assembly"),
            models.Index(fields=["tenant_id", "from_lot"], name="inventory_lotlink_from"),
            models.Index(fields=["tenant_id", "to_lot"], name="inventory_lotlink_to"),
        ]
