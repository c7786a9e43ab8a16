"""Who saw a receiver in clear."""

import core.db_functions
import core.tenancy
import django.db.models.deletion
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0009_job_control'),
        ('orders', '0007_address_fixes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Unmasking',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('user_id', models.BigIntegerField(null=True)),
                ('reason', models.CharField(choices=[('DELIVERY', '派送要联系买家'), ('AFTER_SALES', '处理售后'), ('ADDRESS', '核对、改地址'), ('RISK', '疑似骗单、拒收'), ('RECALL', '召回通知买家'), ('OTHER', '别的（要写明）')], max_length=12)),
                ('note', models.CharField(blank=True, db_default='', max_length=200)),
                ('source', models.SmallIntegerField(choices=[(1, '订单里存着'), (2, '问平台要的')])),
                ('day', models.DateField()),
                ('at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
                ('api_key', core.tenancy.TenantForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.apikey')),
                ('entry', core.tenancy.TenantForeignKey(is_copied=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.auditentry')),
                ('order', core.tenancy.TenantForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orders.order')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'at', 'id'], name='orders_unmasking_at'), models.Index(fields=['tenant_id', 'user_id', 'at', 'id'], name='orders_unmasking_person'), models.Index(fields=['tenant_id', 'order', 'at', 'id'], name='orders_unmasking_order'), models.Index(fields=['tenant_id', 'day', 'user_id', 'api_key'], name='orders_unmasking_day')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'entry'), name='orders_unmasking_once'), models.CheckConstraint(condition=models.Q(models.Q(('api_key__isnull', True), ('user_id__isnull', False)), models.Q(('api_key__isnull', False), ('user_id__isnull', True)), _connector='OR'), name='orders_unmasking_who'), models.CheckConstraint(condition=models.Q(('reason__in', ['DELIVERY', 'AFTER_SALES', 'ADDRESS', 'RISK', 'RECALL', 'OTHER']), ('source__in', [1, 2]), models.Q(models.Q(('reason', 'OTHER'), _negated=True), models.Q(('note', ''), _negated=True), _connector='OR')), name='orders_unmasking_why')],
            },
        ),
        SecureTables(["Unmasking"], append_only=["Unmasking"]),
    ]
