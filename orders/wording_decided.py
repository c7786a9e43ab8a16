"""Why the machine chose what it chose, in the user's words: what `Order.decided` says, step by step."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import number
from core.web.parts import Text
from orders.rules.ready_now import WISH

_LIKED: Mapping[int, str | Promise] = {
    1: gettext_lazy("离得最近"),
    2: gettext_lazy("优先级最高"),
    3: gettext_lazy("最省钱"),
    4: gettext_lazy("今天最空"),
}
_PROOFS: Mapping[str, str | Promise] = {
    "RECEIVER": gettext_lazy("收件人和地址一字不差"),
    "VERDICT": gettext_lazy("平台说是同一个收件人"),
    "TOKEN": gettext_lazy("平台给的地址号一样"),
}


def _merge(why: Mapping[str, Any]) -> str:
    others = len(why.get("orders", ())) or 2
    proof = _PROOFS.get(str(why.get("proof")), _("同一个收件人"))
    return _("和另外 %(n)s 单合着发：%(proof)s。") % {"n": number(others - 1), "proof": proof}


_ROUTES: Mapping[str, str | Promise] = {
    "ONLY_ONE_ALLOWED": gettext_lazy("能发的只有这一家。"),
    "ONLY_ONE_WITH_ALL": gettext_lazy("货齐的只有这一家。"),
    "ROOM_MADE": gettext_lazy("别的单让出了这里的货。"),
    "MADE_ROOM": gettext_lazy("把原来那家的货让给了另一单，这里也齐。"),
    "DIVIDED": gettext_lazy("没有一家货齐，分几处发。"),
    "SHORT": gettext_lazy("哪里都不齐，留在差得最少的一家。"),
    "NOWHERE": gettext_lazy("没有仓库能发这个地方。"),
}


def _route(why: Mapping[str, Any]) -> str:
    reason = str(why.get("reason", ""))
    if reason != "BEST":
        return str(_ROUTES.get(reason, _("按分仓规则。")))
    of = int(why.get("of", 0))
    liked = _LIKED.get(int(why.get("by", 0)))
    if liked is None:
        return _("%(n)s 家都行，挑了第一家。") % {"n": number(of)}
    return _("%(n)s 家货齐，它%(liked)s。") % {"n": number(of), "liked": liked}


def _ready_now(why: Mapping[str, Any]) -> str:
    return _("有人点了先发有货的，剩下的等到货。") if why.get("go") else _("有人收回了先发，等齐了一起发。")


_STEPS: Mapping[str, tuple[str | Promise, Callable[[Mapping[str, Any]], str]]] = {
    "merge": (gettext_lazy("合单"), _merge),
    "route": (gettext_lazy("分仓"), _route),
    WISH: (gettext_lazy("货不齐"), _ready_now),
}


def decisions(decided: Mapping[str, Any] | None) -> list[tuple[Text, str]]:
    """Step and reason, of the steps that had a choice."""
    found = decided or {}
    return [
        (label, say(found[name]))
        for name, (label, say) in _STEPS.items()
        if isinstance(found.get(name), dict)
    ]
