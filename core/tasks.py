"""Celery's side: each task carries ids, is idempotent, and may be lost or come twice."""

import logging

from celery import shared_task

from core import housekeeping, invariants, jobs, relay

log = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)
def deliver(tenant_id: int) -> None:
    """Deliver one tenant's due facts."""
    relay.deliver(tenant_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=24 * 3600)
def run_job(tenant_id: int, job_id: int) -> None:
    """A background job waits: one turn for the tenant whose turn it is."""
    jobs.take_turn(tenant_id, job_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=6 * 3600)
def prove_invariants() -> None:
    """Every night: what breaks a law is an error in the log, one line a law and tenant."""
    for tenant_id, slug in invariants.list_tenants():
        for found in invariants.prove(tenant_id):
            rows = [dict(row) for row in found.rows]
            log.error(
                "invariant broken",
                extra={"tenant_id": tenant_id, "slug": slug, "law": found.name, "rows": rows},
            )


@shared_task(acks_late=True, ignore_result=True, time_limit=6 * 3600)
def forget_old() -> None:
    """Every night: delivered facts and remembered answers that nobody will ask for again."""
    log.info("forgotten", extra={"rows": housekeeping.forget()})
