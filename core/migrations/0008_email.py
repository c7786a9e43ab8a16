"""Where a person gets mail, when the account's name is no address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0007_housekeeping")]
    operations = [
        migrations.AddField(
            model_name="user",
            name="email",
            field=models.EmailField(blank=True, db_default="", max_length=254),
        ),
    ]
