"""The wall around parcels and waves."""

from django.db import migrations

from core.secure import SecureTables


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_walls"), ("warehouse", "0001_initial")]
    operations = [
        SecureTables(
            ["Wave", "Parcel", "ParcelLine"],
            keep=["Wave", "Parcel", "ParcelLine"],
            fillfactor={"Parcel": 80, "Wave": 80},
        )
    ]
