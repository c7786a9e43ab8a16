"""Files of goods and what each of their rows would change."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_numbers_wall"),
        ("inventory", "0004_depth_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="CatalogueImport",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("tenant_id", models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ("subject", models.SmallIntegerField(choices=[(0, "商品"), (1, "组合装")])),
                ("counts", models.JSONField(db_default={})),
                ("ignored", models.JSONField(db_default=[])),
                ("created_by", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                (
                    "file",
                    core.tenancy.TenantForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="core.storedfile"
                    ),
                ),
                (
                    "job",
                    core.tenancy.TenantForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="core.job",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CatalogueRow",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("tenant_id", models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ("row", models.IntegerField()),
                ("code", models.CharField(db_collation="C", max_length=64)),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[(1, "新的"), (2, "有变化"), (3, "归档"), (4, "没变化"), (5, "要改")]
                    ),
                ),
                (
                    "outcome",
                    models.SmallIntegerField(
                        choices=[(0, "还没导入"), (1, "导入了"), (2, "资料变了，没导入")], db_default=0
                    ),
                ),
                ("detail", models.JSONField(db_default={})),
                (
                    "document",
                    core.tenancy.TenantForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="inventory.catalogueimport",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="catalogueimport",
            index=models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_catimport_newest"),
        ),
        migrations.AddConstraint(
            model_name="catalogueimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject__in", [0, 1])), name="inventory_catimport_subject"
            ),
        ),
        migrations.AddIndex(
            model_name="cataloguerow",
            index=models.Index(fields=["tenant_id", "document", "row", "id"], name="inventory_catrow_row"),
        ),
        migrations.AddConstraint(
            model_name="cataloguerow",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [1, 2, 3, 4, 5])), name="inventory_catrow_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="cataloguerow",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", [0, 1, 2])), name="inventory_catrow_outcome"
            ),
        ),
        SecureTables(["CatalogueImport", "CatalogueRow"], keep=["CatalogueImport", "CatalogueRow"]),
    ]
