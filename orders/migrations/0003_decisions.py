"""Rules as rows, and where what they decided is kept: gifts, routing, merging, carriers."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureForeignKeys, SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0006_count_rounds'),
        ('orders', '0002_walls'),
        ('warehouse', '0004_carriers'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditRule',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('name', models.CharField(max_length=60)),
                ('conditions', models.JSONField(db_default={})),
                ('stops', models.BooleanField(db_default=True)),
                ('is_active', models.BooleanField(db_default=True)),
                ('changed_by', models.BigIntegerField(null=True)),
                ('changed_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
            ],
        ),
        migrations.CreateModel(
            name='Blocked',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('key', models.BigIntegerField()),
                ('mask', models.CharField(blank=True, db_default='', max_length=120)),
                ('reason', models.CharField(max_length=200)),
                ('created_by', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
            ],
        ),
        migrations.CreateModel(
            name='FacilityPlan',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('priority', models.SmallIntegerField(db_default=0)),
                ('regions', models.JSONField(db_default=[])),
                ('daily_parcels', models.IntegerField(null=True)),
                ('cost_minor', models.BigIntegerField(db_default=0)),
                ('is_active', models.BooleanField(db_default=True)),
            ],
        ),
        migrations.CreateModel(
            name='GiftGiven',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('buyer_key', models.BigIntegerField(null=True)),
                ('units', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='GiftRule',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('name', models.CharField(max_length=60)),
                ('conditions', models.JSONField(db_default={})),
                ('quantity', models.IntegerField()),
                ('priority', models.SmallIntegerField(db_default=0)),
                ('is_exclusive', models.BooleanField(db_default=False)),
                ('is_once_per_buyer', models.BooleanField(db_default=False)),
                ('most_units', models.IntegerField(null=True)),
                ('given_units', models.IntegerField(db_default=0)),
                ('starts_at', models.DateTimeField(null=True)),
                ('ends_at', models.DateTimeField(null=True)),
                ('is_active', models.BooleanField(db_default=True)),
                ('changed_by', models.BigIntegerField(null=True)),
                ('changed_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
            ],
        ),
        migrations.AddField(
            model_name='channel',
            name='carrier',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='warehouse.carrier'),
        ),
        migrations.AddField(
            model_name='channel',
            name='is_routed',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='channel',
            name='merge_group',
            field=models.CharField(blank=True, db_default='', max_length=32),
        ),
        migrations.AddField(
            model_name='finding',
            name='rule_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='assignee_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='buyer_key',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='cod_minor',
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='order',
            name='decided',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='merged_into',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order'),
        ),
        migrations.AddField(
            model_name='order',
            name='note',
            field=models.CharField(blank=True, db_default='', max_length=500),
        ),
        migrations.AddField(
            model_name='order',
            name='receiver_token',
            field=models.TextField(blank=True, db_default=''),
        ),
        migrations.AddField(
            model_name='order',
            name='wait_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='amount_minor',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='bundle',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.bundle'),
        ),
        migrations.AddField(
            model_name='orderline',
            name='bundle_group',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='gift_rule_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='kind',
            field=models.SmallIntegerField(choices=[(0, '卖出'), (1, '赠品')], db_default=0),
        ),
        migrations.AlterField(
            model_name='channelorder',
            name='state',
            field=models.SmallIntegerField(choices=[(0, '待付款'), (1, '已付款'), (2, '平台已发货'), (3, '交易成功'), (4, '已关闭'), (5, '已付定金')], db_default=1),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(condition=models.Q(('rule_id__isnull', False)), fields=['tenant_id', 'rule_id', 'opened_at'], name='orders_finding_rule'),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("receiver_token", ""), _negated=True),
                fields=["tenant_id", "receiver_token"],
                name="orders_order_token",
            ),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('merged_into__isnull', False)), fields=['tenant_id', 'merged_into'], name='orders_order_members'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), models.Q(('merged_into', models.F('id')), _negated=True), _connector='OR'), name='orders_order_merged'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('cod_minor__gte', 0)), name='orders_order_cod'),
        ),
        migrations.AddConstraint(
            model_name='auditrule',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'name'), name='orders_auditrule_name'),
        ),
        migrations.AddConstraint(
            model_name='blocked',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'key'), name='orders_blocked_once'),
        ),
        migrations.AddField(
            model_name='facilityplan',
            name='facility',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.facility'),
        ),
        migrations.AddField(
            model_name='giftgiven',
            name='order',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order'),
        ),
        migrations.AddField(
            model_name='giftrule',
            name='sku',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.sku'),
        ),
        migrations.AddField(
            model_name='giftgiven',
            name='rule',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.giftrule'),
        ),
        migrations.AddConstraint(
            model_name='facilityplan',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'facility'), name='orders_facilityplan_once'),
        ),
        migrations.AddConstraint(
            model_name='facilityplan',
            constraint=models.CheckConstraint(condition=models.Q(('daily_parcels__isnull', True), ('daily_parcels__gte', 0), _connector='OR'), name='orders_facilityplan_parcels'),
        ),
        migrations.AddConstraint(
            model_name='giftrule',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'name'), name='orders_giftrule_name'),
        ),
        migrations.AddConstraint(
            model_name='giftrule',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='orders_giftrule_quantity'),
        ),
        migrations.AddConstraint(
            model_name='giftrule',
            constraint=models.CheckConstraint(condition=models.Q(('most_units__isnull', True), models.Q(('given_units__gte', 0), ('given_units__lte', models.F('most_units'))), _connector='OR'), name='orders_giftrule_most'),
        ),
        migrations.AddConstraint(
            model_name='giftgiven',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'rule', 'order'), name='orders_giftgiven_once'),
        ),
        migrations.AddConstraint(
            model_name='giftgiven',
            constraint=models.UniqueConstraint(condition=models.Q(('buyer_key__isnull', False)), fields=('tenant_id', 'rule', 'buyer_key'), name='orders_giftgiven_buyer'),
        ),
        migrations.CreateModel(
            name="MergeVerdict",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("tenant_id", models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ("asked", models.JSONField()),
                ("groups", models.JSONField()),
                ("asked_at", models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                (
                    "channel",
                    core.tenancy.TenantForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="orders.channel"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["tenant_id", "channel", "asked_at"], name="orders_mergeverdict_newest")
                ],
            },
        ),
        SecureTables(
            ["AuditRule", "GiftRule", "GiftGiven", "FacilityPlan", "Blocked", "MergeVerdict"],
            append_only=["MergeVerdict"],
            keep=["AuditRule", "GiftRule"],
        ),
        SecureForeignKeys("Order", ["merged_into"]),
        SecureForeignKeys("OrderLine", ["bundle"]),
        SecureForeignKeys("Channel", ["carrier"]),
    ]
