"""What sells is looked for among balances that hold something."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("inventory", "0006_count_rounds")]

    operations = [
        migrations.AddIndex(
            model_name="balance",
            index=models.Index(
                fields=["tenant_id", "facility", "sku"],
                condition=models.Q(("on_hand__gt", 0)),
                name="inventory_balance_live",
            ),
        ),
    ]
