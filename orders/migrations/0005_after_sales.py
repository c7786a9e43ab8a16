"""Money and goods that come back, orders sent in the place of others, and what a refund took out of an order before it left."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0006_count_rounds'),
        ('orders', '0004_connections'),
        ('warehouse', '0004_carriers'),
    ]

    operations = [
        migrations.CreateModel(
            name='FollowUp',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('kind', models.SmallIntegerField(choices=[(1, '换货'), (2, '补发')])),
                ('place', models.IntegerField()),
                ('request', models.CharField(db_collation='C', max_length=64)),
                ('reason', models.CharField(blank=True, db_default='', max_length=200)),
                ('created_by', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
            ],
        ),
        migrations.CreateModel(
            name='Refund',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('external_id', models.CharField(db_collation='C', max_length=64)),
                ('amount_minor', models.BigIntegerField()),
                ('over_minor', models.BigIntegerField(db_default=0)),
                ('is_whole', models.BooleanField(db_default=False)),
                ('reason', models.CharField(blank=True, db_default='', max_length=200)),
                ('state', models.SmallIntegerField(choices=[(1, '等同意'), (2, '等退款'), (3, '已退款'), (4, '没同意')], db_default=1)),
                ('asked_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('asked_by', models.BigIntegerField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='RefundBooking',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('amount_minor', models.BigIntegerField()),
                ('paid_minor', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='RefundLine',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('withdrawn', models.IntegerField(db_default=0)),
                ('late', models.IntegerField(db_default=0)),
                ('amount_minor', models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Return',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('number', models.CharField(db_collation='C', max_length=32)),
                ('tracking_number', models.CharField(blank=True, db_collation='C', db_default='', max_length=40)),
                ('state', models.SmallIntegerField(choices=[(1, '等寄回'), (2, '无主件'), (3, '待检'), (4, '已处理'), (5, '已取消')], db_default=1)),
                ('reason', models.CharField(blank=True, db_default='', max_length=200)),
                ('note', models.CharField(blank=True, db_default='', max_length=500)),
                ('created_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('created_by', models.BigIntegerField(null=True)),
                ('received_at', models.DateTimeField(null=True)),
                ('received_by', models.BigIntegerField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ReturnItem',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('proof', models.SmallIntegerField(choices=[(1, '就是发出的批次'), (2, '不是发出的批次'), (3, '批次不清')])),
                ('units', models.IntegerField()),
                ('good', models.IntegerField(db_default=0)),
                ('damaged', models.IntegerField(db_default=0)),
            ],
        ),
        migrations.AddField(
            model_name='orderline',
            name='withdrawn',
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn__gte', 0), ('withdrawn__lte', models.F('quantity'))), name='orders_line_withdrawn'),
        ),
        migrations.AddField(
            model_name='followup',
            name='first_order',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order'),
        ),
        migrations.AddField(
            model_name='followup',
            name='order',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order'),
        ),
        migrations.AddField(
            model_name='refund',
            name='channel',
            field=core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel'),
        ),
        migrations.AddField(
            model_name='refund',
            name='order',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order'),
        ),
        migrations.AddField(
            model_name='refundbooking',
            name='order_line',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.orderline'),
        ),
        migrations.AddField(
            model_name='refundbooking',
            name='refund',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.refund'),
        ),
        migrations.AddField(
            model_name='refundline',
            name='order_line',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.orderline'),
        ),
        migrations.AddField(
            model_name='refundline',
            name='refund',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.refund'),
        ),
        migrations.AddField(
            model_name='return',
            name='facility',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.facility'),
        ),
        migrations.AddField(
            model_name='return',
            name='order',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order'),
        ),
        migrations.AddField(
            model_name='return',
            name='parcel',
            field=core.tenancy.TenantForeignKey(blank=True, is_copied=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='warehouse.parcel'),
        ),
        migrations.AddField(
            model_name='return',
            name='refund',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.refund'),
        ),
        migrations.AddField(
            model_name='followup',
            name='return_doc',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.return'),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='bin',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.bin'),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='lot',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.lot'),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='order_line',
            field=core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.orderline'),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='return_doc',
            field=core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.return'),
        ),
        migrations.AddField(
            model_name='returnitem',
            name='sku',
            field=core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.sku'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['tenant_id', 'order'], name='orders_refund_order'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['tenant_id', 'state', 'asked_at', 'id'], name='orders_refund_queue'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['tenant_id', 'asked_at', 'id'], name='orders_refund_newest'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'channel', 'external_id'), name='orders_refund_once'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [1, 2, 3, 4])), name='orders_refund_state'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0), ('over_minor__gte', 0), ('over_minor__lte', models.F('amount_minor'))), name='orders_refund_amount'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 1)), models.Q(models.Q(('state', 1), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='orders_refund_decided'),
        ),
        migrations.AddIndex(
            model_name='refundbooking',
            index=models.Index(fields=['tenant_id', 'order_line'], name='orders_refundbooking_line'),
        ),
        migrations.AddConstraint(
            model_name='refundbooking',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'refund', 'order_line'), name='orders_refundbooking_once'),
        ),
        migrations.AddConstraint(
            model_name='refundbooking',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_minor', 0), _negated=True), ('paid_minor__gte', 0)), name='orders_refundbooking_sane'),
        ),
        migrations.AddIndex(
            model_name='refundline',
            index=models.Index(fields=['tenant_id', 'order_line'], name='orders_refundline_line'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'refund', 'order_line'), name='orders_refundline_once'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.CheckConstraint(condition=models.Q(('late__gte', 0), ('withdrawn__gte', 0)), name='orders_refundline_units'),
        ),
        migrations.AddIndex(
            model_name='return',
            index=models.Index(fields=['tenant_id', 'order'], name='orders_return_order'),
        ),
        migrations.AddIndex(
            model_name='return',
            index=models.Index(fields=['tenant_id', 'state', 'created_at', 'id'], name='orders_return_queue'),
        ),
        migrations.AddIndex(
            model_name='return',
            index=models.Index(fields=['tenant_id', 'created_at', 'id'], name='orders_return_newest'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'number'), name='orders_return_number'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.UniqueConstraint(condition=models.Q(('refund__isnull', False)), fields=('tenant_id', 'refund'), name='orders_return_refund'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('tracking_number', ''), _negated=True), models.Q(('state', 5), _negated=True)), fields=('tenant_id', 'tracking_number'), name='orders_return_tracking'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [1, 2, 3, 4, 5])), name='orders_return_state'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.CheckConstraint(condition=models.Q(('order__isnull', False), ('state__in', [2, 5]), _connector='OR'), name='orders_return_owned'),
        ),
        migrations.AddConstraint(
            model_name='return',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', [2, 3, 4]), _negated=True), models.Q(('facility__isnull', False), ('received_at__isnull', False)), _connector='OR'), name='orders_return_received'),
        ),
        migrations.AddConstraint(
            model_name='followup',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'request'), name='orders_followup_once'),
        ),
        migrations.AddConstraint(
            model_name='followup',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'order'), name='orders_followup_order'),
        ),
        migrations.AddConstraint(
            model_name='followup',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'first_order', 'place'), name='orders_followup_place'),
        ),
        migrations.AddConstraint(
            model_name='followup',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', [1, 2]), ('place__gt', 0)), name='orders_followup_sane'),
        ),
        migrations.AddIndex(
            model_name='returnitem',
            index=models.Index(fields=['tenant_id', 'return_doc'], name='orders_returnitem_return'),
        ),
        migrations.AddIndex(
            model_name='returnitem',
            index=models.Index(fields=['tenant_id', 'order_line'], name='orders_returnitem_line'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(('damaged__gte', 0), ('good__gte', 0), ('units__gt', 0), ('units__gte', django.db.models.expressions.CombinedExpression(models.F('good'), '+', models.F('damaged')))), name='orders_returnitem_units'),
        ),
        migrations.AddConstraint(
            model_name='returnitem',
            constraint=models.CheckConstraint(condition=models.Q(('proof__in', [1, 2, 3])), name='orders_returnitem_proof'),
        ),
        SecureTables(
            ["Refund", "RefundLine", "RefundBooking", "Return", "ReturnItem", "FollowUp"],
            append_only=["RefundLine", "RefundBooking", "FollowUp"],
            keep=["Refund", "Return", "ReturnItem"],
        ),
    ]
