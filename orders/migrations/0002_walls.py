"""The wall around orders."""

from django.db import migrations

from core.secure import SecureTables


class Migration(migrations.Migration):
    dependencies = [("core", "0002_walls"), ("inventory", "0002_walls"), ("orders", "0001_initial")]
    operations = [
        SecureTables(
            [
                "Channel",
                "Order",
                "OrderLine",
                "Finding",
                "ChannelOrder",
                "ChannelOrderVersion",
                "Mapping",
                "Import",
                "ImportProblem",
            ],
            append_only=["ChannelOrderVersion"],
            keep=["Channel", "Order", "OrderLine", "Finding", "ChannelOrder", "Import", "ImportProblem"],
            fillfactor={"Order": 80, "Import": 50},
        )
    ]
