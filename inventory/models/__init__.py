"""Tables of stock."""

from inventory.models.demand import Allocation, Promise, Reservation
from inventory.models.goods import Barcode, Lot, Sku
from inventory.models.ledger import Balance, Move, MoveKind
from inventory.models.places import Bin, BinKind, Facility, FacilityKind, Hold, HoldKind
from inventory.models.receipts import Receipt, ReceiptLine

__all__ = [
    "Allocation",
    "Balance",
    "Barcode",
    "Bin",
    "BinKind",
    "Facility",
    "FacilityKind",
    "Hold",
    "HoldKind",
    "Lot",
    "Move",
    "MoveKind",
    "Promise",
    "Receipt",
    "ReceiptLine",
    "Reservation",
    "Sku",
]
