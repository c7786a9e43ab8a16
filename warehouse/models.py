"""Parcels and the waves that pick them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk


class WaveStatus(models.IntegerChoices):
    RELEASED = 1, _("待拣")
    PICKED = 2, _("已拣完")
    SHIPPED = 3, _("已发完")


class Wave(TenantRow):
    """Parcels picked together onto one cart (`tote`: a bin of kind TOTE; a parcel's slot is its place on it).

    A cart is one open wave's alone, unless the wave is handled in bulk (`is_bulk`): then the tote is the staging area of the pallets.
    """

    facility = fk("inventory.Facility")
    code = models.CharField(max_length=20)
    status = models.SmallIntegerField(choices=WaveStatus.choices, db_default=WaveStatus.RELEASED)
    tote = fk("inventory.Bin")
    is_bulk = models.BooleanField(db_default=False)
    parcel_count = models.IntegerField()
    picker_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=WaveStatus.values), name="warehouse_wave_status"),
            models.UniqueConstraint(
                fields=["tenant_id", "tote"],
                condition=Q(status__lt=3, is_bulk=False),
                name="warehouse_wave_one_cart",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "facility", "created_at", "id"], name="warehouse_wave_newest"),
            models.Index(
                fields=["tenant_id", "facility"], name="warehouse_wave_open", condition=Q(status__lt=3)
            ),
        ]


class ParcelStatus(models.IntegerChoices):
    WAITING = 0, _("等派单")
    PLANNED = 1, _("等波次")
    RELEASED = 2, _("拣货中")
    PICKED = 3, _("已拣")
    SHIPPED = 4, _("已发货")
    CANCELLED = 5, _("已取消")


class Handover(models.IntegerChoices):
    CARRIER = 0, _("快递")
    DOCK = 1, _("月台交接")
    STORE = 2, _("门店交付")


class Carrier(TenantRow):
    """Who brings parcels to the door (快递公司), and the most that one parcel may be with it.  Null: no limit."""

    code = models.CharField(max_length=32, db_collation="C")
    name = models.CharField(max_length=60)
    weight_g = models.IntegerField(null=True)
    volume_mm3 = models.BigIntegerField(null=True)
    longest_mm = models.IntegerField(null=True)
    takes_cod = models.BooleanField(db_default=False)
    shipping_classes = models.JSONField(db_default=[])  # classes beside the ordinary one that it carries
    priority = models.SmallIntegerField(db_default=0)  # the higher, the rather
    is_active = models.BooleanField(db_default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="warehouse_carrier_code"),
            models.CheckConstraint(
                condition=(Q(weight_g__isnull=True) | Q(weight_g__gt=0))
                & (Q(volume_mm3__isnull=True) | Q(volume_mm3__gt=0))
                & (Q(longest_mm__isnull=True) | Q(longest_mm__gt=0)),
                name="warehouse_carrier_limits",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CarrierPrice(TenantRow):
    """What a carrier asks for a parcel to places whose division code begins with `region`: so much up to a weight, so much for each step.

    The longest prefix counts; "" is everywhere.  `is_served` false: it does not go there.
    """

    carrier = fk(Carrier)
    region = models.CharField(max_length=6, db_default="", blank=True)
    is_served = models.BooleanField(db_default=True)
    first_g = models.IntegerField(db_default=1000)
    first_minor = models.BigIntegerField(db_default=0)
    step_g = models.IntegerField(db_default=1000)
    step_minor = models.BigIntegerField(db_default=0)
    cod_minor = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "carrier", "region"], name="warehouse_carrierprice_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    first_g__gt=0, step_g__gt=0, first_minor__gte=0, step_minor__gte=0, cod_minor__gte=0
                ),
                name="warehouse_carrierprice_sane",
            ),
        ]


class Parcel(TenantRow):
    """What gets one waybill.  `ref` is the order it serves, opaque here; `label` its own sealed copy of the receiver."""

    facility = copied("inventory.Facility")
    ref = models.BigIntegerField()
    wave = copied(Wave, null=True)  # made in the transaction that writes it
    slot = models.SmallIntegerField(null=True)
    status = models.SmallIntegerField(choices=ParcelStatus.choices)
    handover = models.SmallIntegerField(choices=Handover.choices, db_default=Handover.CARRIER)
    units = models.IntegerField()  # over its lines: a wave takes it only while all of them are promised
    weight_g = models.IntegerField(null=True)
    carton_no = models.SmallIntegerField(db_default=1)
    carton_of = models.SmallIntegerField(db_default=1)
    reason = models.CharField(max_length=40, db_default="", blank=True)  # why the machine made this parcel
    min_expires_on = models.DateField()
    priority = models.SmallIntegerField(db_default=0)
    ship_by = models.DateTimeField()
    label = models.BinaryField(null=True)
    carrier = copied(Carrier, null=True)  # null: nobody said which
    freight_minor = models.BigIntegerField(null=True)  # what it should cost by the price table
    cod_minor = models.BigIntegerField(db_default=0)
    tracking_number = models.CharField(max_length=40, null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    shipped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ParcelStatus.values), name="warehouse_parcel_status"
            ),
            models.CheckConstraint(
                condition=Q(status=4, shipped_at__isnull=False) | (~Q(status=4) & Q(shipped_at__isnull=True)),
                name="warehouse_parcel_shipped",
            ),
            models.CheckConstraint(condition=Q(units__gt=0), name="warehouse_parcel_units"),
            models.CheckConstraint(
                condition=~Q(status__in=[2, 3]) | Q(wave__isnull=False), name="warehouse_parcel_waved"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "ref"], name="warehouse_parcel_ref"),
            models.Index(
                fields=["tenant_id", "tracking_number"],
                name="warehouse_parcel_tracking",
                condition=Q(tracking_number__isnull=False),
            ),
            models.Index(
                fields=["tenant_id", "wave"], name="warehouse_parcel_wave", condition=Q(wave__isnull=False)
            ),
            models.Index(
                fields=["tenant_id", "facility", "ship_by", "id"],
                name="warehouse_parcel_queue",
                condition=Q(wave__isnull=True),
            ),
        ]


class ParcelLine(TenantRow):
    parcel = fk(Parcel)
    sku = copied("inventory.Sku")
    ref = models.BigIntegerField()  # the order line, opaque here
    quantity = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="warehouse_parcelline_quantity")
        ]
        indexes = [models.Index(fields=["tenant_id", "parcel"], name="warehouse_parcelline_parcel")]
