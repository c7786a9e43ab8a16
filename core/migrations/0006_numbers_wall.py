"""The wall around the counters of document numbers."""

from django.db import migrations

from core.secure import SecureTables


class Migration(migrations.Migration):
    dependencies = [("core", "0005_numbers")]
    operations = [SecureTables(["NumberRange"], keep=["NumberRange"])]
