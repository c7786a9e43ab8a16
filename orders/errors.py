"""Refusals of orders."""

from core.errors import Conflict, Invalid, NotFound


class NoChannel(NotFound):
    code = "channel_not_found"


class NoOrder(NotFound):
    code = "order_not_found"


class BadOrder(Invalid):
    code = "bad_order"


class StillStopped(Conflict):
    """Something that no person can wave through stops it."""

    code = "still_stopped"
