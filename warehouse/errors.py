"""Refusals of the warehouse."""

from core.errors import Conflict, NotFound


class NoWave(NotFound):
    code = "wave_not_found"


class NoParcel(NotFound):
    code = "parcel_not_found"


class NoPick(NotFound):
    """The parcel has no such line to pick, or has it no more."""

    code = "pick_not_found"


class NotPickable(Conflict):
    """It is not waiting to be picked, or a hold stops it."""

    code = "not_pickable"


class WrongGoods(Conflict):
    """The scan is not what the instruction asks for."""

    code = "wrong_goods"


class NoTote(Conflict):
    """Every cart is busy."""

    code = "no_free_tote"
