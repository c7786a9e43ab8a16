"""What a person said once of a region that nobody could read."""

import core.db_functions
import core.tenancy
from core.secure import SecureTables
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_stock_out'),
    ]

    operations = [
        migrations.CreateModel(
            name='AddressFix',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('tenant_id', models.BigIntegerField(default=core.tenancy.current_tenant, editable=False)),
                ('written', models.CharField(db_collation='C', max_length=200)),
                ('code', models.CharField(max_length=6)),
                ('fixed_by', models.BigIntegerField(null=True)),
                ('fixed_at', models.DateTimeField(db_default=core.db_functions.ClockTimestamp())),
            ],
        ),
        migrations.AddConstraint(
            model_name='addressfix',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'written'), name='orders_addressfix_once'),
        ),
        migrations.AddConstraint(
            model_name='addressfix',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^\\d{6}$'), models.Q(('written', ''), _negated=True)), name='orders_addressfix_sane'),
        ),
        SecureTables(["AddressFix"]),
    ]
