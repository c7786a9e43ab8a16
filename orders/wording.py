"""How orders are said: findings, stages and parcels in the user's words, with the hue and the icon that go with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import options
from core.web.formats import money_symbol, number
from core.web.parts import State
from orders import options as settings
from orders.models import ChannelState, Finding, Order, OrderStatus
from orders.queries import LineCard, Stage
from orders.rules import audit, carriers, splitting
from orders.rules.audit_rules import RULE
from orders.rules.hand_split import BY_HAND
from orders.services.planning import (
    ADDRESS_CHANGED,
    CHANNEL_CHANGED,
    HELD,
    NO_CARRIER,
    NOT_TO_SHIP,
    PRESALE_WAITS,
    REFUND_ASKED,
    STOCK_SHORT,
)
from warehouse.models import Handover, ParcelStatus


@dataclass(frozen=True, slots=True)
class Word:
    """A finding in at most six characters, with hue and icon."""

    label: str | Promise
    hue: str
    icon: str


_UNKNOWN = Word(gettext_lazy("别的原因"), "stop", "octagon-minus")
WORDS: Mapping[str, Word] = {
    audit.SKU_UNMAPPED: Word(gettext_lazy("编码没配上"), "stop", "barcode-off"),
    STOCK_SHORT: Word(gettext_lazy("库存不够"), "stop", "package-off"),
    audit.BUYER_REMARK: Word(gettext_lazy("买家留言"), "warn", "message-2"),
    audit.SELLER_REMARK: Word(gettext_lazy("卖家备注"), "warn", "note"),
    audit.ADDRESS_MISSING: Word(gettext_lazy("地址不全"), "stop", "map-pin-question"),
    audit.ADDRESS_UNKNOWN: Word(gettext_lazy("地址认不出"), "stop", "map-pin-question"),
    audit.AMOUNT_OVER_LIMIT: Word(gettext_lazy("金额超上限"), "warn", "coin-yuan"),
    audit.AMOUNT_MISMATCH: Word(gettext_lazy("金额对不上"), "warn", "equal"),
    audit.BAD_LINE: Word(gettext_lazy("有行没导进"), "warn", "file-spreadsheet"),
    audit.WEIGHT_UNKNOWN: Word(gettext_lazy("重量没填"), "stop", "scale"),
    splitting.SIZE_UNKNOWN: Word(gettext_lazy("尺寸没填"), "stop", "box"),
    splitting.OVER_CARRIER_LIMIT: Word(gettext_lazy("单件超限"), "stop", "truck"),
    splitting.CASE_QUANTITY_UNKNOWN: Word(gettext_lazy("箱规没填"), "stop", "packages"),
    splitting.RIDES_WITH_NOTHING: Word(gettext_lazy("只有随单件"), "warn", "gift"),
    audit.DUPLICATE_SUSPECTED: Word(gettext_lazy("疑似重复"), "warn", "copy"),
    CHANNEL_CHANGED: Word(gettext_lazy("原始单变了"), "warn", "versions"),
    NOT_TO_SHIP: Word(gettext_lazy("平台不让发"), "stop", "hand-stop"),
    RULE: Word(gettext_lazy("规则拦下"), "warn", "filter"),
    NO_CARRIER: Word(gettext_lazy("没快递能送"), "stop", "truck"),
    HELD: Word(gettext_lazy("人工挂起"), "hold", "player-pause"),
    ADDRESS_CHANGED: Word(gettext_lazy("改了地址"), "warn", "map-pin"),
    REFUND_ASKED: Word(gettext_lazy("买家要退款"), "stop", "receipt-refund"),
    PRESALE_WAITS: Word(gettext_lazy("预售没到日"), "wait", "calendar"),
}


def word_of(code: str) -> Word:
    return WORDS.get(code, _UNKNOWN)


def badge(finding: Finding) -> State:
    """The finding as a badge: amber where it stops nothing, else its own hue."""
    word = word_of(finding.code)
    return State(word.hue if finding.stops else "warn", word.label, word.icon)


def words_of(order: Order) -> list[tuple[str | Promise, str]]:
    """What the buyer and the seller wrote: who, and the whole text in one line."""
    said = ((audit.BUYER_REMARK, order.remark), (audit.SELLER_REMARK, order.seller_remark))
    return [(WORDS[code].label, " ".join(text.split())) for code, text in said if text.strip()]


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding as the panel tells it: what is so, what to do, and the page that puts it right."""

    word: Word
    hue: str
    text: str
    advice: str
    link: str = ""  # a url name of the roof's, with the goods it is about
    sku_id: int | None = None
    unmapped: str = ""  # the code that nobody knows yet


def reason(finding: Finding, lines: Mapping[int, LineCard], currency: str) -> Reason:
    """The finding in one sentence with its facts; `lines` of the order by id."""
    detail = finding.detail if isinstance(finding.detail, dict) else {}
    text, advice, link, sku_id = _SAYS.get(finding.code, _other)(detail, lines, currency)
    word = word_of(finding.code)
    open_codes = _open_codes(detail, lines) if finding.code == audit.SKU_UNMAPPED else []
    hue = word.hue if finding.stops else "warn"
    return Reason(word, hue, text, advice, link, sku_id, open_codes[0] if open_codes else "")


_Said = tuple[str, str, str, int | None]
_Lines = Mapping[int, LineCard]


def _other(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return _("有一条没见过的原因。"), _("看原始单，没问题就放行。"), "", None


def _open_codes(detail: Mapping[str, Any], lines: _Lines) -> list[str]:
    found = (lines[id_] for id_ in detail.get("lines", ()) if id_ in lines)
    return list(dict.fromkeys(line.external_code for line in found if line.sku_id is None))


def _unmapped(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    found = [lines[id_] for id_ in detail.get("lines", ()) if id_ in lines]
    open_ = _open_codes(detail, lines)
    codes = "、".join(dict.fromkeys(open_ or [line.external_code or line.code for line in found]))
    if found and not open_:
        return _("编码已经配上。"), _("再放行一次就走。"), "", None
    return (
        _("商品里没有编码 %(codes)s。") % {"codes": codes or "—"},
        _("说一下它是哪个商品，以后自动配；没有就先建。"),
        "",
        None,
    )


def _short(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    sku_id = detail.get("sku_id")
    line = next((line for line in lines.values() if sku_id and line.sku_id == sku_id), None)
    if line is None:
        return _("占好的库存没了：被冻结、少拣或过期。"), _when_it_comes(), "", None
    wanted, available = int(detail.get("wanted", 0)), max(0, int(detail.get("available", 0)))
    if detail.get("one_lot"):
        return (
            _("%(goods)s 一个包裹里要同一批：要 %(wanted)s %(unit)s，停下时最多的一批能给 %(available)s。")
            % {
                "goods": line.title,
                "unit": line.unit or _("件"),
                "wanted": number(wanted),
                "available": number(available),
            },
            _("补到整批的货再放行，或者在商品里允许混批。"),
            "inventory:sku",
            sku_id,
        )
    return (
        _("%(goods)s 差 %(n)s %(unit)s：要 %(wanted)s，停下时可用 %(available)s。")
        % {
            "goods": line.title,
            "n": number(wanted - available),
            "unit": line.unit or _("件"),
            "wanted": number(wanted),
            "available": number(available),
        },
        _when_it_comes(),
        "inventory:sku",
        sku_id,
    )


def _when_it_comes() -> str:
    if options.get(settings.SHORT_GOES_ON):
        return _("补到货它自己接着走，先付款的先占。")
    return _("补到货再放行，先付款的先占。")


def _buyer(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return (
        _("买家留言：%(text)s") % {"text": detail.get("remark", "")},
        _("照办不了就先联系买家；能照办就放行。"),
        "",
        None,
    )


def _seller(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return _("卖家备注：%(text)s") % {"text": detail.get("remark", "")}, _("按备注做完再放行。"), "", None


def _address(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return _("没有能送到的地址。"), _("在店铺里补全地址，再推一次这张单。"), "", None


def _unplaced(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    written = detail.get("written") or _("没写省市区")
    return (
        _("认不出是哪个区县：%(written)s") % {"written": written},
        _("说一下是哪里，以后自动认。"),
        "orders:addresses",
        None,
    )


def _over(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    amounts = {
        "amount": money_symbol(detail.get("amount_minor"), currency),
        "limit": money_symbol(detail.get("limit_minor"), currency),
    }
    return _("金额 %(amount)s 超过上限 %(limit)s。") % amounts, _("看一眼没问题就放行。"), "", None


def _mismatch(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    stated, computed = int(detail.get("stated_minor", 0)), int(detail.get("computed_minor", 0))
    amounts = {
        "stated": money_symbol(stated, currency),
        "computed": money_symbol(computed, currency),
        "difference": money_symbol(stated - computed, currency),
    }
    return (
        _("店铺写的是 %(stated)s，按明细算是 %(computed)s，差 %(difference)s。") % amounts,
        _("以店铺收的钱为准就放行。"),
        "",
        None,
    )


def _bad_line(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    rows = detail.get("rows", ())
    shown = "、".join(number(row) for row in rows[:5]) + (_(" 等") if len(rows) > 5 else "")
    return (
        _("文件里第 %(rows)s 行没导进这张单。") % {"rows": shown or "—"},
        _("缺的货在文件里补好再导；不要了就放行。"),
        "",
        None,
    )


def _of_skus(text: Promise) -> Any:
    def say(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
        skus = set(detail.get("skus", ())) | ({detail["sku_id"]} if detail.get("sku_id") else set())
        ids = set(detail.get("lines", ()))
        found = [line for line in lines.values() if line.sku_id in skus or line.id in ids]
        names = "、".join(dict.fromkeys(line.title for line in found)) or "—"
        first = next((line.sku_id for line in found if line.sku_id), None)
        return (
            str(text) % {"goods": names},
            _("在商品里补上，再放行。"),
            "inventory:edit_sku" if first else "",
            first,
        )

    return say


def _over_limit(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    text, _advice, _link, sku_id = _of_skus(gettext_lazy("一件 %(goods)s 就超过快递的限。"))(
        detail, lines, currency
    )
    return (
        text,
        _("换能送它的店铺交接方式，或改商品的重量和尺寸。"),
        "inventory:edit_sku" if sku_id else "",
        sku_id,
    )


def _rides(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return _("只有随单小件，没有能带它的货。"), _("要单独寄就放行。"), "", None


def _duplicate(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return _("同一个收件人最近还有别的单。"), _("对一下是不是拍重了。"), "", None


def _changed(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return (
        _("店铺又推了一版，和这张单不一样。"),
        _("价格和数量没有跟着改。对一下原始单，照旧发就放行。"),
        "",
        None,
    )


def _not_to_ship(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    state = ChannelState(detail["state"]).label if detail.get("state") in ChannelState.values else "?"
    return (
        _("店铺说这张单：%(state)s。") % {"state": state},
        _("付了款、还没发的才发。店铺改了状态会再推过来，到时再放行。"),
        "",
        None,
    )


def _rule(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return _("符合规则“%(name)s”。") % {"name": detail.get("rule", "—")}, _("看一眼没问题就放行。"), "", None


def _nobody(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    codes = [part.partition(":")[2] for part in str(detail.get("refused", "")).split(",") if part]
    why = _("、").join(dict.fromkeys(str(_REFUSED[code]) for code in codes if code in _REFUSED))
    text = _("有包裹没有快递能送：%(why)s。") % {"why": why} if why else _("有包裹没有快递能送。")
    return text, _("改快递的范围和价格，或换个仓库，再放行。"), "orders:carriers", None


_REFUSED: Mapping[str, Promise] = {
    carriers.NOT_ALLOWED: gettext_lazy("店铺指定了别家"),
    carriers.NOT_SERVED: gettext_lazy("送不到那里"),
    carriers.NO_COD: gettext_lazy("不能货到付款"),
    carriers.OTHER_CLASS: gettext_lazy("运不了这类货"),
    carriers.TOO_HEAVY: gettext_lazy("太重"),
    carriers.TOO_LARGE: gettext_lazy("太大"),
    carriers.TOO_LONG: gettext_lazy("太长"),
    carriers.WEIGHT_UNKNOWN: gettext_lazy("重量没填"),
    carriers.SIZE_UNKNOWN: gettext_lazy("尺寸没填"),
}


def _held(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return _("挂起了：%(reason)s") % {"reason": detail.get("reason", "—")}, _("事情办完就放行。"), "", None


def _moved(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return (
        _("店铺后来改了收件人或地址。"),
        _("包裹还是按原来的地址。对一下，没问题就放行。"),
        "",
        None,
    )


def _presale(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    until = parse_datetime(str(detail.get("until", "")))
    day = date_format(localtime(until), "Y-m-d") if until and until.tzinfo else "—"
    return _("预售，说好 %(day)s 起发。") % {"day": day}, _("到了那天自己走，不用管。"), "", None


def _refund_asked(detail: Mapping[str, Any], lines: _Lines, currency: str) -> _Said:
    return (
        _("买家要退整单，货已经拦下，库存放回去了。"),
        _("在售后里同意，这单就取消；没同意，这单接着发。"),
        "",
        None,
    )


_SAYS: Mapping[str, Any] = {
    audit.SKU_UNMAPPED: _unmapped,
    STOCK_SHORT: _short,
    audit.BUYER_REMARK: _buyer,
    audit.SELLER_REMARK: _seller,
    audit.ADDRESS_MISSING: _address,
    audit.ADDRESS_UNKNOWN: _unplaced,
    audit.AMOUNT_OVER_LIMIT: _over,
    audit.AMOUNT_MISMATCH: _mismatch,
    audit.BAD_LINE: _bad_line,
    audit.WEIGHT_UNKNOWN: _of_skus(gettext_lazy("%(goods)s 没有重量，算不出包裹。")),
    splitting.SIZE_UNKNOWN: _of_skus(gettext_lazy("%(goods)s 没有尺寸，快递要看最长边。")),
    splitting.OVER_CARRIER_LIMIT: _over_limit,
    splitting.CASE_QUANTITY_UNKNOWN: _of_skus(gettext_lazy("%(goods)s 没有箱规，不知道几件一箱。")),
    splitting.RIDES_WITH_NOTHING: _rides,
    audit.DUPLICATE_SUSPECTED: _duplicate,
    CHANNEL_CHANGED: _changed,
    NOT_TO_SHIP: _not_to_ship,
    RULE: _rule,
    NO_CARRIER: _nobody,
    HELD: _held,
    ADDRESS_CHANGED: _moved,
    PRESALE_WAITS: _presale,
    REFUND_ASKED: _refund_asked,
}

PARCEL_REASONS: Mapping[str, str | Promise] = {
    BY_HAND: gettext_lazy("人工分的"),
    splitting.WHOLE: gettext_lazy("整单一包"),
    splitting.BULKY: gettext_lazy("大件一件一包，小件随它走"),
    splitting.ALONE: gettext_lazy("独立大件，不和别的装"),
    splitting.CASE: gettext_lazy("整箱，不拆"),
    splitting.SMALL: gettext_lazy("大件包裹装不下的小件"),
    splitting.CLASS: gettext_lazy("运输类别不同，分开装"),
    splitting.LIMIT: gettext_lazy("再装就超快递的限，另起一包"),
    splitting.RIDES_ONLY: gettext_lazy("只有随单小件，没有能带它的货"),
}

MERGED = State("wait", gettext_lazy("已合单"), "git-merge")
"""The badge of an order that travels with another."""

_STATES = {
    OrderStatus.STOPPED: State("stop", gettext_lazy("审单停下")),
    OrderStatus.DISPATCHING: State("live", gettext_lazy("抢单中"), "building-store"),
    OrderStatus.FULFILLING: State("wait", gettext_lazy("等波次")),
    OrderStatus.SHIPPED: State("done", gettext_lazy("已发货")),
    OrderStatus.CANCELLED: State("wait", gettext_lazy("已取消"), "circle-x"),
}
_PARCELS = {
    ParcelStatus.WAITING: State("live", gettext_lazy("抢单中"), "building-store"),
    ParcelStatus.PLANNED: State("wait", gettext_lazy("等波次")),
    ParcelStatus.RELEASED: State("live", gettext_lazy("拣货中")),
    ParcelStatus.PICKED: State("live", gettext_lazy("已拣"), "package"),
    ParcelStatus.SHIPPED: State("done", gettext_lazy("已发货")),
    ParcelStatus.CANCELLED: State("wait", gettext_lazy("已取消"), "circle-x"),
}
_AT_STORE = State("wait", gettext_lazy("等门店交"), "building-store")


def parcel_state(status: int, handover: int) -> State:
    """A parcel's badge; what a store has won waits for the store and not for a wave."""
    if status == ParcelStatus.PLANNED and handover == Handover.STORE:
        return _AT_STORE
    return _PARCELS[ParcelStatus(status)]


def order_state(status: int, stages: list[Stage]) -> State:
    """An order's badge: while it is in the building, that of its least advanced parcel."""
    left = [stage for stage in stages if stage.status != ParcelStatus.SHIPPED]
    if status == OrderStatus.FULFILLING and left:
        return parcel_state(left[0].status, left[0].handover)
    return _STATES[OrderStatus(status)]
