"""Background work that people watch: rows done, rows failed, resumable from its cursor."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow


class JobStatus(models.TextChoices):
    QUEUED = "QUEUED", _("排队")
    RUNNING = "RUNNING", _("进行中")
    PAUSED = "PAUSED", _("暂停了")
    DONE = "DONE", _("完成")
    FAILED = "FAILED", _("停下了")
    CANCELLED = "CANCELLED", _("已取消")


class Asked(models.TextChoices):
    """What people asked of the runner that holds the lease; it answers before its next chunk."""

    NOTHING = "", ""
    PAUSE = "PAUSE", _("正在暂停")
    CANCEL = "CANCEL", _("正在取消")


RUNNABLE = (JobStatus.QUEUED.value, JobStatus.RUNNING.value)  # a worker may take it
UNFINISHED = (*RUNNABLE, JobStatus.PAUSED.value)


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
    asked = models.CharField(max_length=6, choices=Asked.choices, db_default="", blank=True)
    turn_at = models.DateTimeField(null=True)  # its last turn: when it was taken, then when it was given back
    version = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=JobStatus.values), name="core_job_status"),
            models.CheckConstraint(
                condition=Q(status__in=UNFINISHED, finished_at__isnull=True)
                | (~Q(status__in=UNFINISHED) & Q(finished_at__isnull=False)),
                name="core_job_finished",
            ),
            models.CheckConstraint(
                condition=Q(asked="")
                | Q(asked__in=[Asked.PAUSE.value, Asked.CANCEL.value], status="RUNNING"),
                name="core_job_asked",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "lease_until"], name="core_job_due", condition=Q(status__in=RUNNABLE)
            ),
            models.Index(fields=["tenant_id", "created_at", "id"], name="core_job_newest"),
            models.Index(
                fields=["tenant_id", "turn_at"], name="core_job_turn", condition=Q(turn_at__isnull=False)
            ),
        ]
