"""What the hour brings, tenant by tenant.  Each may be lost or come twice."""

import logging

from celery import shared_task
from django.db import connections

from core.tenancy import tenant
from inventory.services import digests
from inventory.services.aging import settle_aged

log = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)
def settle_all_aged() -> None:
    """Every hour, so that each tenant's midnight is met within one, whatever its time zone."""
    with connections["sys"].cursor() as cursor:
        cursor.execute("SELECT id FROM core_tenant ORDER BY id")
        tenants = [row[0] for row in cursor.fetchall()]
    for tenant_id in tenants:
        try:
            with tenant(tenant_id):
                settle_aged()
        except Exception:  # one tenant's trouble is not the others'; the next hour tries again
            log.exception("aging failed", extra={"tenant_id": tenant_id})


@shared_task(acks_late=True, ignore_result=True)
def write_due_digests() -> None:
    """Every quarter of an hour, so that each tenant's morning is met soon after its hour; a day that has its digest is left alone."""
    with connections["sys"].cursor() as cursor:
        cursor.execute("SELECT id FROM core_tenant ORDER BY id")
        tenants = [row[0] for row in cursor.fetchall()]
    for tenant_id in tenants:
        try:
            with tenant(tenant_id):
                digests.write_if_due(digests.local_now())
        except Exception:  # the next quarter tries again
            log.exception("digest failed", extra={"tenant_id": tenant_id})
