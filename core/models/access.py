"""Keys of integrators, their repeated requests, and the trail of what people changed."""

from django.db import models

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class ApiKey(TenantRow):
    """A key of an integrator.  Only the hash of its secret is kept."""

    name = models.CharField(max_length=60)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(db_default=[])
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    revoked_at = models.DateTimeField(null=True)


class IdempotentRequest(TenantRow):
    """The answer given to a request that carried an Idempotency-Key; written in the transaction of its effect."""

    api_key = fk("core.ApiKey")
    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64)
    status = models.SmallIntegerField()
    response = models.TextField()
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "api_key", "key"], name="core_idempotent_once")
        ]


class AuditEntry(TenantRow):
    """Who changed what, when.  Append-only by grant."""

    actor_id = models.BigIntegerField(null=True)  # a user; null: the system
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    detail = models.JSONField(db_default={})
    at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        indexes = [
            models.Index(fields=["tenant_id", "at", "id"], name="core_audit_at"),
            models.Index(fields=["tenant_id", "object_id"], name="core_audit_object"),
        ]
