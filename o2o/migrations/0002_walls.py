"""The wall around dispatches.  The clock process lists tenants with due deadlines as sys."""

from django.db import migrations

from core.secure import SecureTables


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_walls"), ("o2o", "0001_initial")]
    operations = [
        SecureTables(
            ["Dispatch", "Offer"],
            keep=["Dispatch", "Offer"],
            sys_reads=["Dispatch"],
            fillfactor={"Dispatch": 70, "Offer": 70},
        )
    ]
