"""Connections to platforms, what of theirs could not be read, and what is said back to them of each parcel."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0003_decisions'),
        ('warehouse', '0004_carriers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('state', models.SmallIntegerField(choices=[(1, '在拉单'), (2, '停了'), (3, '授权不对')], db_default=1)),
                ('address', models.CharField(blank=True, db_default='', max_length=200)),
                ('credentials', models.BinaryField()),
                ('hints', models.JSONField(db_default={})),
                ('credentials_set_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('shop_name', models.CharField(blank=True, db_default='', max_length=60)),
                ('companies', models.JSONField(db_default={})),
                ('pull_every_s', models.IntegerField(db_default=120)),
                ('pull_from', models.DateTimeField()),
                ('cursor', models.TextField(blank=True, db_default='')),
                ('lease_token', models.BigIntegerField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('next_pull_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('tried_at', models.DateTimeField(null=True)),
                ('pulled_at', models.DateTimeField(null=True)),
                ('failures', models.IntegerField(db_default=0)),
                ('error_code', models.CharField(blank=True, db_default='', max_length=64)),
                ('error_words', models.CharField(blank=True, db_default='', max_length=500)),
                ('orders_new', models.BigIntegerField(db_default=0)),
                ('say_token', models.BigIntegerField(null=True)),
                ('say_lease_until', models.DateTimeField(null=True)),
                ('next_say_at', models.DateTimeField(null=True)),
                ('say_failures', models.IntegerField(db_default=0)),
                ('quiet_until', models.DateTimeField(null=True)),
                ('channel', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel')),
            ],
        ),
        migrations.CreateModel(
            name='PullProblem',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('external_number', models.CharField(db_collation='C', max_length=64)),
                ('words', models.CharField(max_length=500)),
                ('raw', models.BinaryField()),
                ('seen_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('cleared_at', models.DateTimeField(null=True)),
                ('connection', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.connection')),
            ],
        ),
        migrations.CreateModel(
            name='ShipBack',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('number', models.CharField(blank=True, db_default='', max_length=40)),
                ('company', models.CharField(blank=True, db_default='', max_length=40)),
                ('state', models.SmallIntegerField(choices=[(1, '等回传'), (2, '已回传'), (3, '平台没收'), (4, '说不出去')], db_default=1)),
                ('attempts', models.IntegerField(db_default=0)),
                ('next_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('code', models.CharField(blank=True, db_default='', max_length=64)),
                ('words', models.CharField(blank=True, db_default='', max_length=500)),
                ('created_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('said_at', models.DateTimeField(null=True)),
                ('channel', core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel')),
                ('channel_order', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channelorder')),
                ('parcel', core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='warehouse.parcel')),
            ],
        ),
        migrations.AddIndex(
            model_name='connection',
            index=models.Index(condition=models.Q(('state', 1)), fields=['tenant_id', 'next_pull_at'], name='orders_connection_due'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'channel'), name='orders_connection_channel'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(('pull_every_s__gte', 30), ('state__in', [1, 2, 3])), name='orders_connection_sane'),
        ),
        migrations.AddIndex(
            model_name='pullproblem',
            index=models.Index(condition=models.Q(('cleared_at__isnull', True)), fields=['tenant_id', 'connection', 'seen_at'], name='orders_pullproblem_open'),
        ),
        migrations.AddConstraint(
            model_name='pullproblem',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'connection', 'external_number'), name='orders_pullproblem_once'),
        ),
        migrations.AddIndex(
            model_name='shipback',
            index=models.Index(fields=['tenant_id', 'created_at', 'id'], name='orders_shipback_newest'),
        ),
        migrations.AddIndex(
            model_name='shipback',
            index=models.Index(fields=['tenant_id', 'state', 'created_at', 'id'], name='orders_shipback_list'),
        ),
        migrations.AddIndex(
            model_name='shipback',
            index=models.Index(condition=models.Q(('state', 1)), fields=['tenant_id', 'channel', 'next_at', 'id'], name='orders_shipback_due'),
        ),
        migrations.AddIndex(
            model_name='shipback',
            index=models.Index(fields=['tenant_id', 'parcel'], name='orders_shipback_parcel'),
        ),
        migrations.AddConstraint(
            model_name='shipback',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'channel_order', 'parcel'), name='orders_shipback_once'),
        ),
        migrations.AddConstraint(
            model_name='shipback',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [1, 2, 3, 4])), name='orders_shipback_state'),
        ),
        migrations.AddConstraint(
            model_name='shipback',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 2), _negated=True), models.Q(('said_at__isnull', False), models.Q(('number', ''), _negated=True)), _connector='OR'), name='orders_shipback_said'),
        ),
        SecureTables(
            ["Connection", "PullProblem", "ShipBack"],
            keep=["Connection", "PullProblem", "ShipBack"],
            sys_reads=["Connection"],
            fillfactor={"Connection": 50, "ShipBack": 80},
        ),
    ]
