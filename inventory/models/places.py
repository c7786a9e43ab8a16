"""Where stock is, and what must not move."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk


class FacilityKind(models.TextChoices):
    WAREHOUSE = "WAREHOUSE", _("仓库")
    STORE = "STORE", _("门店")


class Facility(TenantRow):
    """A place that holds stock.  Position in micro-degrees; opening hours in the tenant's time zone; `capacity` open store orders."""

    code = models.CharField(max_length=32, db_collation="C")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=FacilityKind.choices)
    address = models.CharField(max_length=200, db_default="", blank=True)
    lat_e6 = models.IntegerField(null=True)
    lng_e6 = models.IntegerField(null=True)
    opens_at = models.TimeField(null=True)
    closes_at = models.TimeField(null=True)
    capacity = models.IntegerField(db_default=20)
    is_active = models.BooleanField(db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="inventory_facility_code"),
            models.CheckConstraint(condition=Q(kind__in=FacilityKind.values), name="inventory_facility_kind"),
            models.CheckConstraint(
                condition=Q(lat_e6__isnull=True, lng_e6__isnull=True)
                | Q(lat_e6__isnull=False, lng_e6__isnull=False),
                name="inventory_facility_point",
            ),
        ]
        indexes = [models.Index(fields=["tenant_id", "lat_e6"], name="inventory_facility_lat")]

    def __str__(self) -> str:
        return self.name


class BinKind(models.IntegerChoices):
    """Says if what lies there may be promised: pick and storage yes, everything else no."""

    PICK = 0, _("拣货位")
    STORAGE = 1, _("存储位")
    RECEIVING = 2, _("收货区")
    TOTE = 3, _("周转箱")
    PUT_WALL = 4, _("播种格")
    PACKING = 5, _("打包台")
    QUARANTINE = 6, _("待检区")
    DAMAGED = 7, _("残次区")
    TRANSIT = 8, _("在途")  # one a facility: what is on the road to it


SELLING_KINDS = (BinKind.PICK, BinKind.STORAGE)


class Bin(TenantRow):
    facility = fk(Facility)
    code = models.CharField(max_length=32, db_collation="C")
    zone = models.CharField(max_length=20, db_default="", blank=True)
    kind = models.SmallIntegerField(choices=BinKind.choices, db_default=BinKind.PICK)
    sequence = models.IntegerField(db_default=0)  # the picker's walk
    is_active = models.BooleanField(db_default=True)  # an archived bin takes no more goods

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "facility", "code"], name="inventory_bin_code"),
            models.CheckConstraint(condition=Q(kind__in=BinKind.values), name="inventory_bin_kind"),
            models.UniqueConstraint(
                fields=["tenant_id", "facility"], name="inventory_bin_one_transit", condition=Q(kind=8)
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "facility", "sequence", "id"], name="inventory_bin_walk")
        ]

    def __str__(self) -> str:
        return self.code


class HoldKind(models.TextChoices):
    """Gravest last: a lot's shown status is its gravest open hold."""

    HELD = "HELD", _("冻结")
    QUARANTINE = "QUARANTINE", _("待检")
    RECALL = "RECALL", _("召回")


class Hold(TenantRow):
    """One reason why stock must not be sold.  Holds overlap; clearing one never touches another.

    Scope: a lot everywhere; a lot at one facility or in one bin; or everything at one facility or in one bin.
    """

    kind = models.CharField(max_length=10, choices=HoldKind.choices)
    lot = fk("inventory.Lot", null=True)
    facility = fk(Facility, null=True)
    bin = fk(Bin, null=True)
    sku = copied("inventory.Sku", null=True)  # the lot's
    document = models.CharField(max_length=60)
    reason = models.CharField(max_length=300)
    opened_by = models.BigIntegerField(null=True)
    opened_at = models.DateTimeField(db_default=ClockTimestamp())
    cleared_by = models.BigIntegerField(null=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=HoldKind.values), name="inventory_hold_kind"),
            models.CheckConstraint(
                condition=Q(lot__isnull=False) | Q(facility__isnull=False) | Q(bin__isnull=False),
                name="inventory_hold_scope",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "lot"], name="inventory_hold_open", condition=Q(cleared_at__isnull=True)
            )
        ]
