"""How unmasking is said: why an order's receiver is not shown, and why somebody looked."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from core.web.parts import Text
from orders.models import UnmaskReason
from orders.services.unmasking import Gap

GAPS: Mapping[Gap, Text] = {
    Gap.NO_RECEIVER: gettext_lazy("这一单不送货上门，没有收件人。"),
    Gap.PLATFORM_KEEPS: gettext_lazy("收件人在平台手里，这里只有掩码或密文，也问不到。用平台自己的面单发。"),
    Gap.NOT_CONNECTED: gettext_lazy("收件人在平台手里，这家店铺没连上平台，问不到。连好了再看。"),
    Gap.NOT_ANSWERED: gettext_lazy("问了平台，它现在没回答。过一会再看，这次不算数。"),
    Gap.NOT_GIVEN: gettext_lazy("平台没有给全这一单的收件人。"),
}


def reason_words(detail: Mapping[str, Any]) -> str:
    """Why, as the audit trail keeps it: the reason, and what was written beside it."""
    reason, note = str(detail.get("reason", "")), str(detail.get("note", ""))
    label = str(UnmaskReason(reason).label) if reason in UnmaskReason.values else reason
    if reason == UnmaskReason.OTHER and note:
        return note
    return f"{label} · {note}" if note else label
