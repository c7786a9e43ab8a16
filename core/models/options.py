"""What a tenant has decided; names, types and defaults are declared in core.options by each floor."""

from django.db import models

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow


class OptionValue(TenantRow):
    name = models.CharField(max_length=80)
    value = models.JSONField()
    changed_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "name"], name="core_option_once")]
