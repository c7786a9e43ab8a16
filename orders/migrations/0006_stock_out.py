"""What channels are told of stock: what they list, by which strategy, the newest number of each."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0006_count_rounds'),
        ('orders', '0005_after_sales'),
    ]

    operations = [
        migrations.CreateModel(
            name='Listing',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('item', models.CharField(db_collation='C', max_length=64)),
                ('variant', models.CharField(blank=True, db_collation='C', db_default='', max_length=64)),
                ('channel', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel')),
                ('sku', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.sku')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'channel', 'sku'], name='orders_listing_sku')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'channel', 'item', 'variant'), name='orders_listing_once'), models.CheckConstraint(condition=models.Q(('item', ''), _negated=True), name='orders_listing_item')],
            },
        ),
        migrations.CreateModel(
            name='StockLevel',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('units', models.IntegerField(null=True)),
                ('parts', models.JSONField(db_default={})),
                ('computed_at', models.DateTimeField(null=True)),
                ('marked_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp(), null=True)),
                ('state', models.SmallIntegerField(choices=[(1, '等上传'), (2, '已上传'), (3, '平台没收')], db_default=1)),
                ('due_at', models.DateTimeField(null=True)),
                ('changed_at', models.DateTimeField(null=True)),
                ('said_units', models.IntegerField(null=True)),
                ('said_at', models.DateTimeField(null=True)),
                ('delay_ms', models.BigIntegerField(null=True)),
                ('attempts', models.IntegerField(db_default=0)),
                ('code', models.CharField(blank=True, db_default='', max_length=64)),
                ('words', models.CharField(blank=True, db_default='', max_length=500)),
                ('oversold_units', models.IntegerField(db_default=0)),
                ('channel', core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel')),
                ('sku', core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.sku')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'sku'], name='orders_stocklevel_sku'), models.Index(condition=models.Q(('marked_at__isnull', False)), fields=['tenant_id', 'sku'], name='orders_stocklevel_marked'), models.Index(condition=models.Q(('due_at__isnull', False)), fields=['tenant_id', 'channel', 'due_at', 'id'], name='orders_stocklevel_due'), models.Index(fields=['tenant_id', 'channel', 'id'], name='orders_stocklevel_list')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'channel', 'sku'), name='orders_stocklevel_once'), models.CheckConstraint(condition=models.Q(('state__in', [1, 2, 3]), models.Q(('units__isnull', True), ('units__gte', 0), _connector='OR'), models.Q(('said_units__isnull', True), ('said_units__gte', 0), _connector='OR')), name='orders_stocklevel_sane')],
            },
        ),
        migrations.CreateModel(
            name='StockOut',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('is_on', models.BooleanField(db_default=True)),
                ('every_s', models.IntegerField(db_default=15)),
                ('look_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('swept_at', models.DateTimeField(null=True)),
                ('next_at', models.DateTimeField(null=True)),
                ('said_at', models.DateTimeField(null=True)),
                ('lease_token', models.BigIntegerField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('failures', models.IntegerField(db_default=0)),
                ('error_code', models.CharField(blank=True, db_default='', max_length=64)),
                ('error_words', models.CharField(blank=True, db_default='', max_length=500)),
                ('said_count', models.BigIntegerField(db_default=0)),
                ('delay_ms_sum', models.BigIntegerField(db_default=0)),
                ('delay_ms_most', models.BigIntegerField(db_default=0)),
                ('missed_count', models.BigIntegerField(db_default=0)),
                ('oversold_units', models.BigIntegerField(db_default=0)),
                ('channel', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'channel'), name='orders_stockout_channel'), models.CheckConstraint(condition=models.Q(('every_s__gte', 0)), name='orders_stockout_every')],
            },
        ),
        migrations.CreateModel(
            name='StockStrategy',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('share', models.SmallIntegerField(db_default=100)),
                ('fixed', models.IntegerField(null=True)),
                ('kept_back', models.IntegerField(db_default=0)),
                ('channel', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel')),
                ('sku', core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.sku')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'channel', 'sku'), name='orders_stockstrategy_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('kept_back__gte', 0), ('share__gte', 0), ('share__lte', 100), models.Q(('fixed__isnull', True), ('fixed__gte', 0), _connector='OR')), name='orders_stockstrategy_sane')],
            },
        ),
        SecureTables(
            ["StockOut", "Listing", "StockStrategy", "StockLevel"],
            keep=["StockOut"],
            sys_reads=["StockOut"],
            fillfactor={"StockOut": 50, "StockLevel": 70},
        ),
    ]
