"""Carriers, what they take and what they ask."""

import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0003_find_by_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='parcel',
            name='cod_minor',
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='parcel',
            name='freight_minor',
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name='Carrier',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('code', models.CharField(db_collation='C', max_length=32)),
                ('name', models.CharField(max_length=60)),
                ('weight_g', models.IntegerField(null=True)),
                ('volume_mm3', models.BigIntegerField(null=True)),
                ('longest_mm', models.IntegerField(null=True)),
                ('takes_cod', models.BooleanField(db_default=False)),
                ('shipping_classes', models.JSONField(db_default=[])),
                ('priority', models.SmallIntegerField(db_default=0)),
                ('is_active', models.BooleanField(db_default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'code'), name='warehouse_carrier_code'), models.CheckConstraint(condition=models.Q(models.Q(('weight_g__isnull', True), ('weight_g__gt', 0), _connector='OR'), models.Q(('volume_mm3__isnull', True), ('volume_mm3__gt', 0), _connector='OR'), models.Q(('longest_mm__isnull', True), ('longest_mm__gt', 0), _connector='OR')), name='warehouse_carrier_limits')],
            },
        ),
        migrations.AddField(
            model_name='parcel',
            name='carrier',
            field=core.tenancy.TenantForeignKey(blank=True, is_copied=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='warehouse.carrier'),
        ),
        migrations.CreateModel(
            name='CarrierPrice',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('region', models.CharField(blank=True, db_default='', max_length=6)),
                ('is_served', models.BooleanField(db_default=True)),
                ('first_g', models.IntegerField(db_default=1000)),
                ('first_minor', models.BigIntegerField(db_default=0)),
                ('step_g', models.IntegerField(db_default=1000)),
                ('step_minor', models.BigIntegerField(db_default=0)),
                ('cod_minor', models.BigIntegerField(db_default=0)),
                ('carrier', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='warehouse.carrier')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'carrier', 'region'), name='warehouse_carrierprice_once'), models.CheckConstraint(condition=models.Q(('cod_minor__gte', 0), ('first_g__gt', 0), ('first_minor__gte', 0), ('step_g__gt', 0), ('step_minor__gte', 0)), name='warehouse_carrierprice_sane')],
            },
        ),
        SecureTables(["Carrier", "CarrierPrice"], keep=["Carrier"]),
    ]
