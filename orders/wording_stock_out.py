"""Every word for the stock that channels are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import number
from core.web.parts import State
from orders.models import LevelState, StockLevel, StockOut, StockStrategy
from orders.services.stock_saying import NO_ANSWER, NO_LISTING
from orders.wording_connections import say_error

LEVELS: Mapping[int, State] = {
    LevelState.WAITING: State("wait", LevelState.WAITING.label),
    LevelState.SAID: State("done", LevelState.SAID.label),
    LevelState.REFUSED: State("stop", LevelState.REFUSED.label),
}
ON = State("done", gettext_lazy("在上传"))
OFF = State("wait", gettext_lazy("没开"), "player-pause")
FAILING = State("warn", gettext_lazy("上传不了"))
_OURS: Mapping[str, Promise] = {
    NO_ANSWER: gettext_lazy("平台没有回话，等一会儿再传"),
    NO_LISTING: gettext_lazy("这个店铺没有这样商品的平台编号"),
    "no_stock": gettext_lazy("这个平台还不能上传库存。"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the formula: its sign, what it is, how many."""

    sign: str
    label: str
    units: str


def state_of(out: StockOut | None) -> State:
    if out is None or not out.is_on:
        return OFF
    return FAILING if out.error_code else ON


def error_of(row: StockOut | StockLevel) -> str:
    """What went wrong, in words."""
    code, words = (row.error_code, row.error_words) if isinstance(row, StockOut) else (row.code, row.words)
    return str(_OURS[code]) if code in _OURS else say_error(code, words)


def deal_of(strategy: StockStrategy | None) -> str:
    """A strategy in words."""
    if strategy is None:
        return _("跟店铺")
    words = (
        _("份额 %(n)s%%") % {"n": strategy.share}
        if strategy.fixed is None
        else _("定死 %(n)s 件") % {"n": number(strategy.fixed)}
    )
    kept = _("留 %(n)s 件") % {"n": number(strategy.kept_back)} if strategy.kept_back else ""
    return _("，").join(filter(None, (words, kept)))


def steps_of(level: StockLevel) -> list[Step]:
    """The formula of one number, part by part, the last one being what is said."""
    parts: Mapping[str, Any] = level.parts
    if level.units is None or not parts:
        return []
    steps = [
        Step("", _("能占的"), number(parts["reservable"])),
        Step("−", _("待审核"), number(parts["waiting"])),
        Step("−", _("留着不卖"), number(parts["kept_back"])),
    ]
    if parts["set_aside"]:
        steps.append(Step("−", _("别的店定死的"), number(parts["set_aside"])))
    above, below = parts["part"]
    if above != below:
        share = 100 * above / below
        steps.append(Step("×", _("这个店的份"), f"{share:.0f}%" if share == int(share) else f"{share:.1f}%"))
    if parts["fixed"] is not None:
        steps.append(Step("≤", _("最多"), number(parts["fixed"])))
    return [*steps, Step("=", _("能卖"), number(level.units))]
