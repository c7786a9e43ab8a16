"""Whether a channel's short orders go in part, and the platform's own ids of a line that is not mapped yet."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0008_unmasking'),
    ]

    operations = [
        migrations.AddField(
            model_name='channel',
            name='ready_now',
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='external_item',
            field=models.CharField(blank=True, db_collation='C', db_default='', max_length=64),
        ),
        migrations.AddField(
            model_name='orderline',
            name='external_variant',
            field=models.CharField(blank=True, db_collation='C', db_default='', max_length=64),
        ),
    ]
