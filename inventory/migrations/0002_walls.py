"""The wall around the tables of stock."""

from django.db import migrations

from core.secure import SecureTables


class Migration(migrations.Migration):
    dependencies = [("core", "0002_walls"), ("inventory", "0001_initial")]
    operations = [
        SecureTables(
            [
                "Facility",
                "Bin",
                "Sku",
                "Barcode",
                "Lot",
                "Balance",
                "Hold",
                "Promise",
                "Reservation",
                "Allocation",
                "Move",
                "Receipt",
                "ReceiptLine",
            ],
            append_only=["Move", "Receipt", "ReceiptLine"],
            keep=["Facility", "Bin", "Sku", "Lot", "Balance", "Hold", "Promise"],
            fillfactor={"Balance": 50, "Promise": 50, "Allocation": 50},
        )
    ]
