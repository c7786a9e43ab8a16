"""What is stocked: SKUs, their barcodes, their lots."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class ParcelRuleChoice(models.IntegerChoices):
    """The same numbers as orders.rules.values.ParcelRule (a test compares them)."""

    RIDES_ALONG = 0, _("随单")
    NORMAL = 1, _("普通")
    BULKY = 2, _("大件")
    ALONE = 3, _("独立大件")
    CASE_PACK = 4, _("按箱规")


class Tracking(models.IntegerChoices):
    """How units of a SKU are told apart.  A serial number is a lot of one unit, so that every rule of lots holds for it."""

    NONE = 0, _("不分批次")
    LOT = 1, _("按批次")
    SERIAL = 2, _("按序列号")


class LotOrder(models.IntegerChoices):
    """Which lot goes first.  Either order keeps the promise law; see rules.fefo."""

    FEFO = 0, _("先到期先出")
    FIFO = 1, _("先进先出")


class Category(TenantRow):
    """Goods that are looked at together.  `path` names its place from the top, as "食品/饼干"."""

    path = models.CharField(max_length=120, db_collation="C")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "path"], name="inventory_category_path")]

    def __str__(self) -> str:
        return self.path


class Product(TenantRow):
    """What a shop shows as one thing; its SKUs are the sizes and colours."""

    code = models.CharField(max_length=64, db_collation="C")
    name = models.CharField(max_length=200)
    brand = models.CharField(max_length=60, db_default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "code"], name="inventory_product_code")]

    def __str__(self) -> str:
        return self.code


class Sku(TenantRow):
    """The smallest thing that is stocked.  Unknown weight or size is NULL, never 0: a rule that needs it says so.

    Not active is archived: it is in no list of things to sell or buy, its history stays.  `cost_minor` is in minor units of the tenant's
    currency.
    """

    code = models.CharField(max_length=64, db_collation="C")
    name = models.CharField(max_length=200)
    product = fk(Product, null=True)
    category = fk(Category, null=True)
    spec = models.CharField(
        max_length=60, db_default="", blank=True
    )  # what tells it from its siblings: "红色 L"
    cost_minor = models.BigIntegerField(null=True)
    tracking = models.SmallIntegerField(choices=Tracking.choices, db_default=Tracking.LOT)
    lot_order = models.SmallIntegerField(choices=LotOrder.choices, db_default=LotOrder.FEFO)
    one_lot_per_parcel = models.BooleanField(db_default=False)
    unit = models.CharField(max_length=8, db_default="件")
    weight_g = models.IntegerField(null=True)
    length_mm = models.IntegerField(null=True)
    width_mm = models.IntegerField(null=True)
    height_mm = models.IntegerField(null=True)
    parcel_rule = models.SmallIntegerField(
        choices=ParcelRuleChoice.choices, db_default=ParcelRuleChoice.NORMAL
    )
    case_quantity = models.IntegerField(null=True)
    shipping_class = models.CharField(max_length=20, db_default="", blank=True)
    shelf_life_days = models.IntegerField(null=True)
    shelf_life_months = models.IntegerField(null=True)
    min_remaining_days = models.IntegerField(db_default=0)
    is_active = models.BooleanField(db_default=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="inventory_sku_code"),
            models.CheckConstraint(
                condition=Q(weight_g__isnull=True) | Q(weight_g__gt=0),
                name="inventory_sku_weight",
                violation_error_message=_("重量要大于 0 克。"),
            ),
            models.CheckConstraint(
                condition=Q(parcel_rule__in=[0, 1, 2, 3, 4]), name="inventory_sku_parcel_rule"
            ),
            models.CheckConstraint(
                condition=~Q(parcel_rule=4) | Q(case_quantity__gt=1), name="inventory_sku_case"
            ),
            models.CheckConstraint(condition=Q(min_remaining_days__gte=0), name="inventory_sku_min_days"),
            models.CheckConstraint(
                condition=Q(cost_minor__isnull=True) | Q(cost_minor__gte=0), name="inventory_sku_cost"
            ),
            models.CheckConstraint(condition=Q(tracking__in=Tracking.values), name="inventory_sku_tracking"),
            models.CheckConstraint(
                condition=Q(lot_order__in=LotOrder.values), name="inventory_sku_lot_order"
            ),
            models.CheckConstraint(
                condition=Q(shelf_life_days__isnull=True) | Q(shelf_life_months__isnull=True),
                name="inventory_sku_shelf_life",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "category", "code"], name="inventory_sku_category"),
            models.Index(
                fields=["tenant_id", "product"],
                name="inventory_sku_product",
                condition=Q(product__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Barcode(TenantRow):
    """A printed code of a SKU; `quantity` base units lie behind one scan of it."""

    sku = fk(Sku)
    code = models.CharField(max_length=64, db_collation="C")
    quantity = models.IntegerField(db_default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "code"], name="inventory_barcode_code"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_barcode_quantity"),
        ]
        indexes = [models.Index(fields=["tenant_id", "sku"], name="inventory_barcode_sku")]


class Picture(TenantRow):
    """A picture of a SKU and its small copy, both made by us from what was handed in.  The first in `sequence` is shown on lists."""

    sku = fk(Sku)
    file = fk("core.StoredFile")
    thumbnail = fk("core.StoredFile")
    sequence = models.SmallIntegerField(db_default=0)

    class Meta:
        indexes = [models.Index(fields=["tenant_id", "sku", "sequence"], name="inventory_picture_sku")]


class Lot(TenantRow):
    """Goods made together.  The code is unique with its SKU, as GS1 says.  No expiry date: it never expires."""

    sku = fk(Sku)
    code = models.CharField(max_length=40, db_collation="C")
    produced_on = models.DateField(null=True)
    expires_on = models.DateField(null=True)
    received_on = models.DateField()
    supplier_lot = models.CharField(max_length=40, db_default="", blank=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "sku", "code"], name="inventory_lot_code"),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True)
                | Q(produced_on__isnull=True)
                | Q(expires_on__gte=F("produced_on")),
                name="inventory_lot_dates",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "code"], name="inventory_lot_by_code"),
            models.Index(fields=["tenant_id", "expires_on"], name="inventory_lot_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.code
