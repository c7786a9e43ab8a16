"""What the hour brings, tenant by tenant.  Each may be lost or come twice."""

from celery import shared_task
from django.db import connections

from core.tenancy import tenant
from inventory.services.aging import settle_aged


@shared_task(acks_late=True, ignore_result=True)
def settle_all_aged() -> None:
    """Every hour, so that each tenant's midnight is met within one, whatever its time zone."""
    with connections["sys"].cursor() as cursor:
        cursor.execute("SELECT id FROM core_tenant ORDER BY id")
        tenants = [row[0] for row in cursor.fetchall()]
    for tenant_id in tenants:
        with tenant(tenant_id):
            settle_aged()
