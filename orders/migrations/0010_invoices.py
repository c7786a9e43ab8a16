"""Invoices that buyers ask for."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0009_ready_now'),
    ]

    operations = [
        migrations.CreateModel(
            name='InvoiceRequest',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('is_company', models.BooleanField()),
                ('content', models.SmallIntegerField(choices=[(1, '商品明细'), (2, '商品类别')], db_default=1)),
                ('amount_minor', models.BigIntegerField()),
                ('buyer', models.BinaryField()),
                ('mask', models.CharField(max_length=200)),
                ('problem', models.CharField(blank=True, db_default='', max_length=20)),
                ('note', models.CharField(blank=True, db_default='', max_length=200)),
                ('state', models.SmallIntegerField(choices=[(1, '待开'), (2, '已开'), (3, '要红冲'), (4, '已红冲'), (5, '开不了'), (6, '不用开了')], db_default=1)),
                ('number', models.CharField(blank=True, db_collation='C', db_default='', max_length=32)),
                ('issued_on', models.DateField(null=True)),
                ('red_number', models.CharField(blank=True, db_collation='C', db_default='', max_length=32)),
                ('reversed_on', models.DateField(null=True)),
                ('reason', models.CharField(blank=True, db_default='', max_length=200)),
                ('asked_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('asked_by', models.BigIntegerField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.BigIntegerField(null=True)),
                ('order', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'order'], name='orders_invoicerequest_order'), models.Index(fields=['tenant_id', 'state', 'asked_at', 'id'], name='orders_invoicerequest_queue'), models.Index(fields=['tenant_id', 'asked_at', 'id'], name='orders_invoicerequest_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', [1, 2, 3])), fields=('tenant_id', 'order'), name='orders_invoicerequest_open'), models.UniqueConstraint(condition=models.Q(('number', ''), _negated=True), fields=('tenant_id', 'number'), name='orders_invoicerequest_number'), models.UniqueConstraint(condition=models.Q(('red_number', ''), _negated=True), fields=('tenant_id', 'red_number'), name='orders_invoicerequest_red'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('content__in', [1, 2]), ('state__in', [1, 2, 3, 4, 5, 6])), name='orders_invoicerequest_sane'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 1)), models.Q(models.Q(('state', 1), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='orders_invoicerequest_decided'), models.CheckConstraint(condition=models.Q(models.Q(('issued_on__isnull', False), ('state__in', [2, 3, 4]), models.Q(('number', ''), _negated=True)), models.Q(('issued_on__isnull', True), ('number', ''), ('state__in', [1, 5, 6])), _connector='OR'), name='orders_invoicerequest_issued'), models.CheckConstraint(condition=models.Q(models.Q(('reversed_on__isnull', False), ('state', 4), models.Q(('red_number', ''), _negated=True)), models.Q(models.Q(('state', 4), _negated=True), ('red_number', ''), ('reversed_on__isnull', True)), _connector='OR'), name='orders_invoicerequest_reversed'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', [5, 6]), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='orders_invoicerequest_why')],
            },
        ),
        SecureTables(["InvoiceRequest"], keep=["InvoiceRequest"]),
    ]
