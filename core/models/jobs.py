"""Background work that people watch: rows done, rows failed, resumable from its cursor."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow


class JobStatus(models.TextChoices):
    QUEUED = "QUEUED", _("排队")
    RUNNING = "RUNNING", _("进行中")
    DONE = "DONE", _("完成")
    FAILED = "FAILED", _("停下了")
    CANCELLED = "CANCELLED", _("已取消")


UNFINISHED = (JobStatus.QUEUED.value, JobStatus.RUNNING.value)


class Job(TenantRow):
    """Progress is written in the transaction of the work it tells of, under this row's lock and only by the holder of the lease."""

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    params = models.JSONField(db_default={})
    status = models.CharField(max_length=10, choices=JobStatus.choices, db_default=JobStatus.QUEUED)
    cursor = models.JSONField(db_default={})
    rows_total = models.IntegerField(null=True)
    rows_done = models.IntegerField(db_default=0)
    rows_failed = models.IntegerField(db_default=0)
    result = models.JSONField(db_default={})
    error = models.TextField(db_default="")
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_token = models.BigIntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(db_default=0)
    version = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=JobStatus.values), name="core_job_status"),
            models.CheckConstraint(
                condition=Q(status__in=UNFINISHED, finished_at__isnull=True)
                | (~Q(status__in=UNFINISHED) & Q(finished_at__isnull=False)),
                name="core_job_finished",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "lease_until"], name="core_job_due", condition=Q(status__in=UNFINISHED)
            ),
            models.Index(fields=["tenant_id", "created_at", "id"], name="core_job_newest"),
        ]
