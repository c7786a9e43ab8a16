"""The wall around the papers of stock, and the keys of columns that came later."""

from django.db import migrations

from core.secure import SecureForeignKeys, SecureTables


class Migration(migrations.Migration):
    dependencies = [("core", "0006_numbers_wall"), ("inventory", "0003_depth")]
    operations = [
        SecureTables(
            [
                "Category",
                "Product",
                "Picture",
                "Bundle",
                "BundlePart",
                "RecipePart",
                "Assembly",
                "LotLink",
                "Supplier",
                "PurchaseOrder",
                "PurchaseLine",
                "Transfer",
                "TransferLine",
                "TransferItem",
                "StockCount",
                "CountTask",
                "CountEntry",
                "Adjustment",
                "AdjustmentLine",
                "ShelfLifeRule",
                "SafetyStock",
                "StockDigest",
            ],
            append_only=["Assembly", "LotLink", "AdjustmentLine"],
            keep=[
                "Category",
                "Product",
                "Bundle",
                "Supplier",
                "PurchaseOrder",
                "Transfer",
                "TransferItem",
                "StockCount",
                "CountTask",
                "CountEntry",
                "Adjustment",
                "StockDigest",
            ],
        ),
        SecureForeignKeys("Sku", ["product", "category"]),
        SecureForeignKeys("Receipt", ["purchase"]),
    ]
