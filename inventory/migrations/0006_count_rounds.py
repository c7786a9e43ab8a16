"""Counts in rounds: what moved while somebody counted, what is booked in the end, who decides, and the walk."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0005_catalogue_files")]
    operations = [
        migrations.RemoveConstraint("counttask", "inventory_counttask_status"),
        migrations.AddField("countentry", "before_seq", models.IntegerField(db_default=0)),
        migrations.AddField("countentry", "after_seq", models.IntegerField(null=True)),
        migrations.AddField("countentry", "moved_in", models.IntegerField(db_default=0)),
        migrations.AddField("countentry", "moved_out", models.IntegerField(db_default=0)),
        migrations.AddField("countentry", "difference", models.IntegerField(null=True)),
        migrations.AddField("counttask", "place", models.IntegerField(db_default=0)),
        migrations.AddField("counttask", "accepted_by", models.BigIntegerField(null=True)),
        migrations.AlterField(
            "counttask",
            "status",
            models.SmallIntegerField(
                choices=[
                    (0, "没盘"),
                    (1, "正在盘"),
                    (2, "要复盘"),
                    (3, "盘好了"),
                    (4, "等主管定"),
                    (5, "已入账"),
                ],
                db_default=0,
            ),
        ),
        migrations.AddConstraint(
            "counttask",
            models.CheckConstraint(
                condition=models.Q(("status__in", [0, 1, 2, 3, 4, 5])), name="inventory_counttask_status"
            ),
        ),
        migrations.AddIndex(
            "counttask",
            models.Index(fields=["tenant_id", "count", "status", "place"], name="inventory_counttask_next"),
        ),
        migrations.AddIndex(
            "counttask",
            models.Index(fields=["tenant_id", "count", "place", "id"], name="inventory_counttask_walk"),
        ),
        migrations.AddIndex(
            "counttask", models.Index(fields=["tenant_id", "bin"], name="inventory_counttask_bin")
        ),
    ]
