"""Words for what the rounds say: states, reasons, how far."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.parts import Hue, State
from o2o.models import DispatchStatus, OfferStatus
from o2o.queries import Goods

_REASONS = {
    "busy": gettext_lazy("忙不过来"),
    "no_stock": gettext_lazy("店里没货"),
    "closing": gettext_lazy("要打烊"),
    "too_far": gettext_lazy("太远"),
    "other": gettext_lazy("不接"),
    "sold_out": gettext_lazy("货不够了"),
    "cancelled": gettext_lazy("买家取消"),
    "by_hand": gettext_lazy("人工转仓"),
}

_DISPATCHES = {
    DispatchStatus.OFFERING: State(Hue.LIVE, gettext_lazy("抢单中")),
    DispatchStatus.WON: State(Hue.DONE, gettext_lazy("已抢")),
    DispatchStatus.FALLBACK: State(Hue.HOLD, gettext_lazy("转仓"), "building-warehouse"),
    DispatchStatus.CANCELLED: State(Hue.WAIT, gettext_lazy("已取消"), "circle-x"),
}

_OFFERS = {
    OfferStatus.OPEN: State(Hue.LIVE, gettext_lazy("等抢"), "hand-click"),
    OfferStatus.WON: State(Hue.DONE, gettext_lazy("抢到")),
    OfferStatus.LOST: State(Hue.WAIT, gettext_lazy("没抢到"), "circle-minus"),
    OfferStatus.EXPIRED: State(Hue.WAIT, gettext_lazy("没回应"), "eye-off"),
}


def reason(code: str) -> str:
    """A stored reason in words; what is no code of ours was written by a caller and stands as it is."""
    return str(_REASONS.get(code, code))


def dispatch_state(status: str) -> State:
    return _DISPATCHES[DispatchStatus(status)]


def offer_state(status: str, why: str) -> State:
    """A closed offer shows its reason instead of its state."""
    if status == OfferStatus.CLOSED:
        return State(Hue.WAIT if why == "cancelled" else Hue.STOP, reason(why), "x")
    return _OFFERS[OfferStatus(status)]


def distance(metres: int) -> str:
    """ "850 m" below a kilometre, "1.2 km" above, "38 km" from ten on; never rounded down to nothing."""
    if metres < 1_000:
        return f"{metres} m"
    return f"{metres / 1_000:.0f} km" if metres >= 10_000 else f"{metres / 1_000:.1f} km"


def goods(found: Sequence[Goods]) -> str:
    """The first goods of an order, and how many pieces there are in all."""
    if not found:
        return ""
    return _("%(name)s · 共 %(n)d 件") % {"name": found[0].name, "n": sum(each.quantity for each in found)}
