"""Counters behind the numbers that people read out to each other."""

from django.db import models
from django.db.models import Q

from core.tenancy import TenantRow


class NumberRange(TenantRow):
    """The last number given to one kind of document on one day."""

    kind = models.CharField(max_length=8, db_collation="C")
    day = models.DateField()
    last = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "kind", "day"], name="core_numberrange_day"),
            models.CheckConstraint(condition=Q(last__gt=0), name="core_numberrange_last"),
        ]
