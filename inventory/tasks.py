"""What the hour brings, tenant by tenant.  Each may be lost or come twice."""

import logging
from collections.abc import Callable

from celery import shared_task

from core.invariants import list_tenants
from core.tenancy import tenant
from inventory.services import digests
from inventory.services.aging import settle_aged

log = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)
def settle_all_aged() -> None:
    """Every hour, so that each tenant's midnight is met within one, whatever its time zone."""
    _for_each("aging failed", settle_aged)


@shared_task(acks_late=True, ignore_result=True)
def write_due_digests() -> None:
    """Every quarter of an hour, so that each tenant's morning is met soon after its hour; a day that has its digest is left alone."""
    _for_each("digest failed", lambda: digests.write_if_due(digests.local_now()))


def _for_each(complaint: str, work: Callable[[], object]) -> None:
    """One transaction a tenant; one tenant's trouble is not the others', and the next time tries again."""
    for tenant_id, _slug in list_tenants():
        try:
            with tenant(tenant_id):
                work()
        except Exception:
            log.exception(complaint, extra={"tenant_id": tenant_id})
