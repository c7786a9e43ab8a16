"""Facts on their way up: the transactional outbox and the inbox that makes each effect happen once."""

from django.db import models
from django.db.models import Q

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow


class Outbox(TenantRow):
    """A fact, committed with what it tells of.  `at` is taken under the object's lock, so facts of one object sort in their order."""

    topic = models.CharField(max_length=40)
    payload = models.JSONField()
    at = models.DateTimeField(db_default=ClockTimestamp())
    next_try_at = models.DateTimeField(db_default=ClockTimestamp())
    attempts = models.SmallIntegerField(db_default=0)
    error = models.TextField(db_default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant_id", "next_try_at"], name="core_outbox_due", condition=Q(done_at__isnull=True)
            ),
        ]


class Inbox(TenantRow):
    """This handler has done this event: written in the transaction of the effect."""

    handler = models.CharField(max_length=120)
    event_id = models.BigIntegerField()
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "event_id", "handler"], name="core_inbox_once")
        ]
