"""Refusals of the stores' rounds."""

from core.errors import Conflict, Forbidden, NotFound


class NoDispatch(NotFound):
    code = "dispatch_not_found"


class OfferGone(Conflict):
    """This store has no open offer: it was never asked, it declined, or the order was cancelled."""

    code = "offer_gone"


class TakenByOther(Conflict):
    """Another store was first; its name is in `store`."""

    code = "taken_by_other"


class StockGone(Conflict):
    """The store has not the goods any more; its offer is closed, the round goes on without it."""

    code = "stock_gone"


class TooLate(Conflict):
    """The deadline has passed by the database's clock."""

    code = "too_late"


class NotWon(Conflict):
    """Only the store that won hands over."""

    code = "not_won"


class LotsChanged(Conflict):
    """What would be taken now is not what the screen told the clerk to take."""

    code = "lots_changed"


class SharedWave(Conflict):
    """The parcels are picked together with other orders' parcels; they are handed over from that wave."""

    code = "shared_wave"


class NotYourStore(Forbidden):
    code = "store_not_yours"
