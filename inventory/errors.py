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
