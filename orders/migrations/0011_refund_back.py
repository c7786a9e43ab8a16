"""What platforms are told of refunds."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0010_invoices'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='next_refund_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='refund_failures',
            field=models.IntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name='connection',
            name='refund_lease_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='connection',
            name='refund_token',
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name='RefundBack',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('is_agreed', models.BooleanField()),
                ('state', models.SmallIntegerField(choices=[(1, '等回传'), (2, '已回传'), (3, '平台没收'), (4, '说不出去')], db_default=1)),
                ('attempts', models.IntegerField(db_default=0)),
                ('next_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('code', models.CharField(blank=True, db_default='', max_length=64)),
                ('words', models.CharField(blank=True, db_default='', max_length=500)),
                ('created_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('said_at', models.DateTimeField(null=True)),
                ('channel', core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.channel')),
                ('refund', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.refund')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 1)), fields=['tenant_id', 'channel', 'next_at'], name='orders_refundback_due'), models.Index(fields=['tenant_id', 'created_at', 'id'], name='orders_refundback_newest')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'refund'), name='orders_refundback_once'), models.CheckConstraint(condition=models.Q(('state__in', [1, 2, 3, 4])), name='orders_refundback_state'), models.CheckConstraint(condition=models.Q(models.Q(('state', 2), _negated=True), ('said_at__isnull', False), _connector='OR'), name='orders_refundback_said')],
            },
        ),
        SecureTables(["RefundBack"], keep=["RefundBack"]),
    ]
