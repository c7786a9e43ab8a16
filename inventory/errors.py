"""Refusals of stock."""

from core.errors import Conflict, Invalid, NotFound


class UnknownGoods(NotFound):
    code = "goods_not_found"


class UnknownPlace(NotFound):
    code = "place_not_found"


class LotDiffers(Conflict):
    """The lot exists with another expiry date: two truths about the same goods."""

    code = "lot_differs"


class StockHeld(Conflict):
    """An open hold forbids it."""

    code = "stock_held"


class BadQuantity(Invalid):
    code = "bad_quantity"


class StockShort(Conflict):
    """A bin has not the units that a paper wants out of it.  Fields: bin, lot, have, want."""

    code = "stock_short"


class WrongState(Conflict):
    """The paper is not in the state this needs: already posted, cancelled, on the road.  Fields say which."""

    code = "wrong_state"


class UnknownDocument(NotFound):
    code = "document_not_found"


class UnknownSupplier(NotFound):
    code = "supplier_not_found"


class OverDelivered(Conflict):
    """More came than was ordered, beyond what the tenant takes without asking.  Fields: lines (SKU, expected, received, over)."""

    code = "over_delivered"


class SerialTaken(Conflict):
    """A serial number names one unit, and this one is known already."""

    code = "serial_taken"


class TaskGone(Conflict):
    """The counting task is not this person's: given back, taken over, counted, or the count has ended."""

    code = "task_gone"


class LotRefused(Conflict):
    """Another lot may not be taken: the code and the words say what stands against it."""

    code = "lot_refused"


class BadDates(Invalid):
    """The dates of a lot cannot both be true: it would expire before it was made."""

    code = "bad_dates"
