"""Celery's side: each task carries ids, is idempotent, and may be lost or come twice."""

from celery import shared_task

from core import jobs, relay


@shared_task(acks_late=True, ignore_result=True)
def deliver(tenant_id: int) -> None:
    """Deliver one tenant's due facts."""
    relay.deliver(tenant_id)


@shared_task(acks_late=True, ignore_result=True, time_limit=24 * 3600)
def run_job(tenant_id: int, job_id: int) -> None:
    """Run one background job to its end, or leave it to whoever has it."""
    jobs.run(tenant_id, job_id)
