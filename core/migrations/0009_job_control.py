"""Jobs that people pause, resume and cancel, and the turns that workers give to tenants."""

from django.db import migrations, models
from django.db.models import Q

STATUSES = ["QUEUED", "RUNNING", "PAUSED", "DONE", "FAILED", "CANCELLED"]
STATUS_CHOICES = list(zip(STATUSES, ["排队", "进行中", "暂停了", "完成", "停下了", "已取消"], strict=True))
ASKED_CHOICES = [("", ""), ("PAUSE", "正在暂停"), ("CANCEL", "正在取消")]
UNFINISHED = ("QUEUED", "RUNNING", "PAUSED")


class Migration(migrations.Migration):
    dependencies = [("core", "0008_email")]
    operations = [
        migrations.AlterField(
            "job", "status", models.CharField(choices=STATUS_CHOICES, db_default="QUEUED", max_length=10)
        ),
        migrations.AddField(
            "job", "asked", models.CharField(blank=True, choices=ASKED_CHOICES, db_default="", max_length=6)
        ),
        migrations.AddField("job", "turn_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("job", "core_job_status"),
        migrations.RemoveConstraint("job", "core_job_finished"),
        migrations.AddConstraint(
            "job", models.CheckConstraint(condition=Q(status__in=STATUSES), name="core_job_status")
        ),
        migrations.AddConstraint(
            "job",
            models.CheckConstraint(
                condition=Q(status__in=UNFINISHED, finished_at__isnull=True)
                | (~Q(status__in=UNFINISHED) & Q(finished_at__isnull=False)),
                name="core_job_finished",
            ),
        ),
        migrations.AddConstraint(
            "job",
            models.CheckConstraint(
                condition=Q(asked="") | Q(asked__in=["PAUSE", "CANCEL"], status="RUNNING"),
                name="core_job_asked",
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=["tenant_id", "turn_at"], name="core_job_turn", condition=Q(turn_at__isnull=False)
            ),
        ),
    ]
