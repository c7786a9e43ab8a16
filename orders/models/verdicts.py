"""What platforms said about receivers they hide."""

from django.db import models

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class MergeVerdict(TenantRow):
    """One answer of one platform: which of the orders it was asked about go to one receiver.

    `asked`: [order id, token] of each; `groups`: order ids that go together.  Never changed: a later answer counts more.
    """

    channel = fk("orders.Channel")
    asked = models.JSONField()
    groups = models.JSONField()
    asked_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        indexes = [
            models.Index(fields=["tenant_id", "channel", "asked_at"], name="orders_mergeverdict_newest")
        ]
