"""What refunds, returns and orders in the place of others are called on screens."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.web.parts import State
from orders.models import FollowKind, LotProof, RefundState, ReturnState

REFUNDS: Mapping[int, State] = {
    RefundState.REQUESTED: State("stop", RefundState.REQUESTED.label, "receipt-refund"),
    RefundState.AGREED: State("warn", RefundState.AGREED.label, "clock"),
    RefundState.DONE: State("done", RefundState.DONE.label),
    RefundState.REFUSED: State("wait", RefundState.REFUSED.label, "ban"),
}
RETURNS: Mapping[int, State] = {
    ReturnState.EXPECTED: State("live", ReturnState.EXPECTED.label, "truck-return"),
    ReturnState.UNKNOWN: State("stop", ReturnState.UNKNOWN.label, "zoom-question"),
    ReturnState.RECEIVED: State("warn", ReturnState.RECEIVED.label, "eye"),
    ReturnState.CLOSED: State("done", ReturnState.CLOSED.label),
    ReturnState.CANCELLED: State("wait", ReturnState.CANCELLED.label, "ban"),
}
PROOFS: Mapping[int, State] = {
    LotProof.SENT: State("done", LotProof.SENT.label),
    LotProof.OTHER: State("warn", LotProof.OTHER.label, "alert-triangle"),
    LotProof.NOT_KNOWN: State("stop", LotProof.NOT_KNOWN.label, "zoom-question"),
}
FOLLOWS: Mapping[int, str | Promise] = {kind: kind.label for kind in FollowKind}
QUEUES: Mapping[str, str | Promise] = {
    "asked": _("等同意"),
    "to_receive": _("等寄回"),
    "unknown": _("无主件"),
    "to_inspect": _("待检"),
    "to_refund": _("等退款"),
    "refunds": _("全部退款"),
    "returns": _("全部退货"),
}
