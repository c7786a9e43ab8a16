"""Balances and the ledger that explains them."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk

UNITS_MOST = 2**31 - 1  # what a balance and every line of a paper can count


class Balance(TenantRow):
    """Units of one lot in one bin.  `seq` numbers its moves; the row is locked for every change and never deleted."""

    facility = copied("inventory.Facility")  # the bin's
    bin = fk("inventory.Bin")
    sku = copied("inventory.Sku")  # the lot's
    lot = fk("inventory.Lot")
    on_hand = models.IntegerField(db_default=0)
    allocated = models.IntegerField(db_default=0)
    seq = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "facility", "sku", "bin", "lot"], name="inventory_balance_place"
            ),
            models.CheckConstraint(
                condition=Q(allocated__gte=0, on_hand__gte=F("allocated")), name="inventory_balance_sane"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "lot"], name="inventory_balance_lot"),
            models.Index(fields=["tenant_id", "bin"], name="inventory_balance_bin"),
            models.Index(  # lots that are used up stay as rows for good: what sells must not be looked for among them
                fields=["tenant_id", "facility", "sku"],
                name="inventory_balance_live",
                condition=Q(on_hand__gt=0),
            ),
        ]


class MoveKind(models.IntegerChoices):
    RECEIPT = 1, _("收货")
    PICK = 2, _("拣货")
    SHIP = 3, _("发货")
    ADJUST = 4, _("调整")
    OPENING = 5, _("期初")
    TRANSFER = 6, _("移位")
    PUT_BACK = 7, _("放回")
    COUNT = 8, _("盘点")
    WRITE_OFF = 9, _("报废")
    SENT = 10, _("调拨发出")
    ARRIVED = 11, _("调拨到货")
    USED = 12, _("组装用掉")
    MADE = 13, _("组装产出")
    LOST = 14, _("丢失")
    SENT_BACK = 15, _("退给供应商")


class Move(TenantRow):
    """One physical movement of units of one lot: out of one balance, into another, or across the border of the building.

    One row holds both sides, so a move can never lose a unit on the way.  `*_seq` and `*_after` are written under the balance's lock.
    Append-only by grant.
    """

    kind = models.SmallIntegerField(choices=MoveKind.choices)
    quantity = models.IntegerField()
    from_balance = copied(Balance, null=True)
    from_seq = models.IntegerField(null=True)
    from_after = models.IntegerField(null=True)
    to_balance = copied(Balance, null=True)
    to_seq = models.IntegerField(null=True)
    to_after = models.IntegerField(null=True)
    document_id = models.BigIntegerField()  # parcel, receipt, adjustment…: ids are unique over all tables
    line_id = models.BigIntegerField(null=True)  # parcel line
    actor_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200, db_default="", blank=True)
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "from_balance", "from_seq"], name="inventory_move_from"
            ),
            models.UniqueConstraint(fields=["tenant_id", "to_balance", "to_seq"], name="inventory_move_to"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_move_quantity"),
            models.CheckConstraint(
                condition=Q(from_balance__isnull=False) | Q(to_balance__isnull=False),
                name="inventory_move_sides",
            ),
            models.CheckConstraint(
                condition=Q(from_balance__isnull=True, from_seq__isnull=True, from_after__isnull=True)
                | Q(from_balance__isnull=False, from_seq__gt=0, from_after__gte=0),
                name="inventory_move_from_whole",
            ),
            models.CheckConstraint(
                condition=Q(to_balance__isnull=True, to_seq__isnull=True, to_after__isnull=True)
                | Q(to_balance__isnull=False, to_seq__gt=0, to_after__gt=0),
                name="inventory_move_to_whole",
            ),
        ]
        # "What left in the last weeks" reads a range of time; a block range index costs the hottest table next to nothing.
        indexes = [
            models.Index(fields=["tenant_id", "document_id"], name="inventory_move_document"),
            BrinIndex(fields=["tenant_id", "at"], name="inventory_move_when"),
        ]
