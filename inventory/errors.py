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
