"""What people enter about goods and stock."""

from inventory.forms.holds import HoldForm
from inventory.forms.receipts import ReceiptForm, ReceiptLineForm, ReceiptLines
from inventory.forms.skus import SkuForm
from inventory.forms.words import CHOICE, TEXT, WHOLE

__all__ = ["CHOICE", "TEXT", "WHOLE", "HoldForm", "ReceiptForm", "ReceiptLineForm", "ReceiptLines", "SkuForm"]
