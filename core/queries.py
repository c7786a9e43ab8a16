"""Reads of the ground floor that others call."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from core.errors import NotFound
from core.models import Job


def list_jobs(limit: int = 50) -> Sequence[Job]:
    """The newest jobs of the tenant in scope."""
    return list(Job.objects.order_by("-created_at", "-id")[:limit])


def get_job(job_id: int) -> Job:
    """One job.  Raises NotFound, also for another tenant's."""
    try:
        return Job.objects.get(id=job_id)
    except Job.DoesNotExist:
        raise NotFound(_("没有这个任务。"), code="job_not_found", job_id=job_id) from None
