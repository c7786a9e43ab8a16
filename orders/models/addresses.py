"""What a person said once of a region that nobody could read."""

from django.db import models

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow


class AddressFix(TenantRow):
    """Receivers who write this region mean that division.  `written`: orders.rules.addresses.fold_region; never a street."""

    written = models.CharField(max_length=200, db_collation="C")
    code = models.CharField(max_length=6)
    fixed_by = models.BigIntegerField(null=True)
    fixed_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "written"], name="orders_addressfix_once"),
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^\d{6}$") & ~models.Q(written=""),
                name="orders_addressfix_sane",
            ),
        ]

    def __str__(self) -> str:
        return self.written
