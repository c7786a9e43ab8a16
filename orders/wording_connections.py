"""Every word for connections and for what is said back to platforms."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.parts import State
from orders.models import ConnectionState, ShipBackState
from orders.rules.ship_back import Carries, Why
from orders.services.connections import NO_COMPANY
from orders.services.refund_back import NOT_CARRIED

STATES: Mapping[int, State] = {
    ConnectionState.ACTIVE: State("done", ConnectionState.ACTIVE.label, "refresh"),
    ConnectionState.PAUSED: State("wait", ConnectionState.PAUSED.label, "player-pause"),
    ConnectionState.REFUSED: State("stop", ConnectionState.REFUSED.label),
}
FAILING = State("warn", gettext_lazy("连不上"))
NOT_CONNECTED = State("wait", gettext_lazy("没连"), "unlink")
SAID: Mapping[int, State] = {
    ShipBackState.WAITING: State("wait", ShipBackState.WAITING.label),
    ShipBackState.SENT: State("done", ShipBackState.SENT.label),
    ShipBackState.REFUSED: State("stop", ShipBackState.REFUSED.label),
    ShipBackState.UNSAID: State("warn", ShipBackState.UNSAID.label),
}
CARRIES: Mapping[str, Promise] = {
    Carries.ONE: gettext_lazy("一张单只收一个运单号，别的号在这里看得到。"),
    Carries.ALL: gettext_lazy("一张单的所有运单号都收。"),
    Carries.BY_LINE: gettext_lazy("每行商品收一个运单号；一行分几个包裹发，第二个号起在这里看得到。"),
    Carries.BY_UNIT: gettext_lazy("每个包裹的号和里面的件数都收。"),
}
FIELDS: Mapping[str, tuple[Promise, Promise]] = {
    "app_key": (gettext_lazy("App Key"), gettext_lazy("开放平台给应用的编号。")),
    "secret": (gettext_lazy("App Secret"), gettext_lazy("存好以后只显示最后 4 位。")),
    "session": (gettext_lazy("店铺授权"), gettext_lazy("店铺授权给应用的 session 或 access token。")),
    "user": (gettext_lazy("商城用户名"), gettext_lazy("商城里看单、改单的员工账号，最好专门建一个。")),
    "password": (gettext_lazy("商城密码"), gettext_lazy("存好以后只显示最后 4 位。")),
}
_WHY: Mapping[str, Promise] = {
    Why.NO_NUMBER: gettext_lazy("包裹还没有运单号"),
    Why.ONE_NUMBER: gettext_lazy("平台一张单只收一个运单号，已经给了另一个"),
    Why.LINE_SAID: gettext_lazy("里面的商品行都已经给了运单号，平台一行只收一个"),
    Why.NOT_ITS_GOODS: gettext_lazy("里面没有平台知道的商品，是赠品"),
    NO_COMPANY: gettext_lazy("没填这家快递在平台的代号"),
    NOT_CARRIED: gettext_lazy("这个平台不能从外面说，要在它的后台点"),
}
_ERRORS: Mapping[str, Promise] = {
    "no_connection": gettext_lazy("平台的服务器没有回应。"),
    "unknown_host": gettext_lazy("找不到这个地址的服务器。"),
    "bad_certificate": gettext_lazy("服务器证明不了自己是谁，没有连。"),
    "broken_off": gettext_lazy("平台答到一半断了。"),
    "too_slow": gettext_lazy("平台答得太慢。"),
    "too_large": gettext_lazy("平台答得太长，没有读。"),
    "no_json": gettext_lazy("平台答的看不懂，它可能正在维护。"),
    "shape": gettext_lazy("平台答的缺了东西。"),
    "pages": gettext_lazy("平台说的总数和给的单对不上，没有往下走。"),
    "throttled": gettext_lazy("平台嫌问得太勤。"),
    "no_credentials": gettext_lazy("授权没填全。"),
    "bad_address": gettext_lazy("店铺的地址不对。"),
    "not_https": gettext_lazy("店铺的地址要用 https。"),
    "private_address": gettext_lazy("这个地址在内网，不连。"),
    "not_sent": gettext_lazy("平台没有收下。"),
    "not_taken": gettext_lazy("平台没有收下。"),
    "decided_otherwise": gettext_lazy("平台那边已经另有结果，去平台后台看。"),
    "http_401": gettext_lazy("平台说没有权限。"),
    "http_403": gettext_lazy("平台说没有权限。"),
    "newest_first": gettext_lazy("商城的单没有按时间从新到旧给，没有往下走。"),
    "gone": gettext_lazy("商城里没有这张单了。"),
    "no_shipments": gettext_lazy("商城没有收运单号的接口，要先装上。"),
    "http_429": gettext_lazy("平台嫌问得太勤。"),
}


def say_problem(words: str) -> str:
    """Why an order was not read: in our words where we have some, else the field's name."""
    return str(_ERRORS.get(words, words))


def say_error(code: str, words: str) -> str:
    """What went wrong, in ours where we have words for it, else in the platform's with its code."""
    if not code:
        return ""
    if code in _WHY:
        return str(_WHY[code])
    if code in _ERRORS:
        return str(_ERRORS[code])
    if code == "defect":
        return words
    if code.startswith("http_5"):
        return _("平台的服务器出了故障。")
    return f"{words}（{code}）" if words else code
