"""The workbench: queues at the left, the orders of one of them by deadline, release of one or of all chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core import clock
from core.errors import Invalid
from core.models import Membership
from core.web import formats
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Action, Column, FilterTag, Queue, QueueGroup, State, Text
from core.web.tables import Page, Sort, list_page
from orders import queries, wording
from orders.access import ACTS, SEES, may_act
from orders.models import Finding, Order, OrderStatus
from orders.queries import OrderCard, QueueCount, Stage
from orders.services.planning import STOCK_SHORT
from orders.views.narrowing import Asked
from warehouse.models import Handover

MARKS = (  # what a person writes on chosen orders: name of the dialog, key, icon, word
    ("hold", "h", "player-pause", gettext_lazy("挂起")),
    ("assign", "a", "user-plus", gettext_lazy("分给")),
    ("note", "n", "note", gettext_lazy("备注")),
)
RARE = frozenset(queries.CODES[9:])  # queues that are shown only while somebody stands in them


@dataclass(frozen=True, slots=True)
class Row:
    """One order in the list."""

    order: Order
    left_s: float | None
    at: datetime
    name: str
    place: str
    card: OrderCard
    badge: State
    more: int
    stamp: str
    handover: Text
    parts: int = 0  # parcels that go before the rest of it
    words: Sequence[tuple[Text, str]] = ()  # who said it, what
    assignee: str = ""


@require_GET
@needs_role(*SEES)
def workbench(request: HttpRequest) -> HttpResponse:
    """One queue of orders, the most urgent first, or the orders that a number names."""
    membership = request.membership  # type: ignore[attr-defined]
    asked, now = Asked(request), clock.opened_at()
    name, found, tags = asked.queue, asked.orders(), asked.tags()
    counts = queries.count_queues(asked.scope, now)
    count = None if asked.is_search else queries.count_up_to(found) if asked.narrow else counts.get(name)
    page = list_page(
        request,
        found,
        sorts={"due": Sort("ship_by")},
        default="-due" if name == queries.SHIPPED and not tags else "due",
        total=count.orders if count else None,
    )
    rows = _rows(page, now, asked.choices.people)
    context = {
        "groups": _groups(counts, "" if asked.is_search else name),
        "queue": name,
        "title": _("搜到的单") if asked.is_search else _labels()[name],
        "count": count,
        "page": page,
        "rows": rows,
        "tags": tags,
        "asked": asked,
        "columns": _columns(rows),
        **_money(rows),
        "bulk_name": "found" if asked.is_search else name,
        "now": now,
        **_acts(membership, asked),
        "empty": None if rows else _empty(asked, tags, counts),
    }
    return render(request, "orders/workbench.html", context)


def _money(rows: Sequence[Row]) -> dict[str, Any]:
    currency = _currency(rows)
    symbol = formats.money_symbol(0, currency).partition("0")[0] if currency else ""
    return {"currency": currency, "symbol": symbol, "exponent": formats.exponent(currency)}


def _acts(membership: Membership, asked: Asked) -> dict[str, Any]:
    """What this person may do here.  What has shipped is only looked at."""
    can_act = may_act(membership)
    is_stopped = asked.is_search or asked.queue in (queries.STOPPED, *queries.CODES)
    release = Action(_("放行"), reverse("orders:release"), "r", is_primary=True)
    return {
        "can_act": can_act,
        "can_choose": can_act and (asked.is_search or asked.queue != queries.SHIPPED),
        "actions": [release] if is_stopped else [],
        "marks": MARKS,
    }


def _rows(page: Page[Order], now: datetime, people: Mapping[int, str]) -> list[Row]:
    ids = [order.id for order in page.rows]
    if not ids:
        return []
    cards, findings = queries.list_cards(ids), queries.list_open_findings(ids)
    in_building = [
        order.id
        for order in page.rows
        if order.status == OrderStatus.FULFILLING or any(f.code == STOCK_SHORT for f in findings[order.id])
    ]
    stages = queries.list_stages(in_building) if in_building else {}
    return [
        _row(
            order,
            cards[order.id],
            findings[order.id],
            stages.get(order.id, []),
            now,
            _assignee(order, people),
        )
        for order in page.rows
    ]


def _assignee(order: Order, people: Mapping[int, str]) -> str:
    return "" if order.assignee_id is None else people.get(order.assignee_id, _("离开的同事"))


def _row(
    order: Order,
    card: OrderCard,
    findings: list[Finding],
    stages: list[Stage],
    now: datetime,
    assignee: str,
) -> Row:
    name, place = _receiver(order.receiver_mask)
    stopped = order.status == OrderStatus.STOPPED
    return Row(
        order=order,
        left_s=None if order.shipped_at else (order.ship_by - now).total_seconds(),
        at=order.shipped_at or order.ship_by,
        name=name,
        place=place,
        card=card,
        badge=_badge(order, card, findings, stages),
        more=max(0, len(findings) - 1) if stopped else 0,
        parts=sum(stage.parcels for stage in stages) if stopped else 0,
        assignee=assignee,
        stamp=queries.stamp(order.version, findings),
        handover=Handover(card.handover).label,
        words=wording.words_of(order),
    )


def _badge(order: Order, card: OrderCard, findings: Sequence[Finding], stages: list[Stage]) -> State:
    if card.leader is not None:
        return wording.MERGED
    if order.status == OrderStatus.STOPPED and findings:
        return wording.badge(findings[0])
    return wording.order_state(order.status, stages)


def _receiver(mask: str) -> tuple[str, str]:
    """Name and place of a mask; its phone is for the panel."""
    parts = mask.split(" ")
    return parts[0], " ".join(parts[2:4])


def _currency(rows: Sequence[Row]) -> str:
    """The one currency of the rows, or nothing when they cannot be added up."""
    found = {row.order.currency for row in rows}
    return found.pop() if len(found) == 1 else ""


def _columns(rows: Sequence[Row]) -> list[Column]:
    currency = _currency(rows)
    money = _("金额") if currency in ("", "CNY") else _("金额（%(currency)s）") % {"currency": currency}
    return [
        Column(_("时限"), "due"),
        Column(_("订单 · 买家")),
        Column(_("商品")),
        Column(money, is_number=True),
        Column(_("状态")),
        Column(_("仓库 · 交接"), css="col-w"),
        Column(_("下单"), css="col-w"),
    ]


def _labels() -> Mapping[str, Text]:
    return {
        queries.STOPPED: _("全部停下的"),
        **{code: wording.word_of(code).label for code in queries.CODES},
        queries.DISPATCHING: _("门店抢单中"),
        queries.WAITING: _("等波次"),
        queries.PICKING: _("拣货中"),
        queries.PICKED: _("已拣，等发"),
        queries.SHIPPED: _("已发货"),
    }


_PIPELINE_ICONS = {
    queries.DISPATCHING: "building-store",
    queries.WAITING: "clock-pause",
    queries.PICKING: "progress",
    queries.PICKED: "package",
    queries.SHIPPED: "circle-check",
}


def _groups(counts: Mapping[str, QueueCount], current: str) -> list[QueueGroup]:
    labels, base = _labels(), reverse("orders:workbench")

    def queue(name: str, hue: str, icon: str) -> Queue:
        count = counts.get(name, QueueCount())
        return Queue(
            labels[name],
            f"{base}?{urlencode({'queue': name})}",
            None if name == queries.SHIPPED else count.orders,
            hue,
            icon,
            late=count.late,
            is_current=name == current,
            key=name,
            is_more=count.is_more,
        )

    desk_queues = [queue(queries.STOPPED, "warn", "alert-triangle")]
    for code in queries.CODES:
        if code not in RARE or code == current or counts.get(code, QueueCount()).orders:
            word = wording.word_of(code)
            desk_queues.append(queue(code, word.hue, word.icon))
    line = [queue(name, "", icon) for name, icon in _PIPELINE_ICONS.items()]
    return [QueueGroup(_("等您处理"), desk_queues), QueueGroup(_("流水线"), line)]


@dataclass(frozen=True, slots=True)
class Empty:
    """Why a list shows nothing: icon, fact, what makes it fill, and where to go for that."""

    icon: str
    title: str
    text: str
    url: str = ""
    button: str = ""


def _is_new(counts: Mapping[str, QueueCount], scope: Sequence[int] | None) -> bool:
    """Whether no order ever came."""
    return not any(count.orders for count in counts.values()) and not queries.list_orders(scope).exists()


def _empty(asked: Asked, tags: Sequence[FilterTag], counts: Mapping[str, QueueCount]) -> Empty:
    name = asked.queue
    if asked.is_search:
        return Empty(
            "zoom-question",
            _("没有这个单号"),
            _("店铺单号从开头写起，至少 4 位；包裹号要写全。商品名到库存里搜。"),
        )
    if tags:
        url = f"{reverse('orders:workbench')}?queue={name}"
        text = _("这一队里还有别的单，去掉条件就看到。")
        return Empty("filter", _("这几个条件下没有单"), text, url, _("去掉条件"))
    if _is_new(counts, asked.scope):
        text = _("传一个店铺导出的订单文件，或者用接口推单。要您看的单会停在这里。")
        return Empty("file-import", _("还没有订单"), text, reverse("orders:import_new"), _("传文件"))
    stopped = counts.get(queries.STOPPED, QueueCount()).orders
    if name in queries.CODES and stopped:
        text = _("还有 %(n)s 单因为别的原因停着。") % {"n": number(stopped)}
        url = f"{reverse('orders:workbench')}?queue={queries.STOPPED}"
        return Empty("circle-check", _("这一队清空了"), text, url, _("看全部停下的"))
    if name in (queries.STOPPED, *queries.CODES):
        return Empty("circle-check", _("没有要您看的单"), _("新来的会自动出现。"))
    return Empty("inbox", _("这里现在没有单"), _("走到这一步的单会自动出现。"))


@never_cache
@require_GET
@needs_role(*SEES)
def queue_list(request: HttpRequest) -> HttpResponse:
    """The queues with their counts, for htmx; rows stay where they are."""
    asked = Asked(request)
    counts = queries.count_queues(asked.scope, clock.opened_at())
    count = None if asked.is_search else counts.get(asked.queue)
    if asked.narrow:
        count = queries.count_up_to(asked.orders())
    context = {"groups": _groups(counts, "" if asked.is_search else asked.queue), "count": count}
    return render(request, "orders/queues.html", context)


@never_cache
@require_GET
@needs_role(*ACTS)
def choose_all(request: HttpRequest) -> JsonResponse:
    """Every order of the queue, most urgent first, up to queries.COUNT_MOST, with what each is at this moment."""
    asked = Asked(request)
    if not asked.is_search and asked.queue == queries.SHIPPED:
        raise Invalid(_("发走的单不能一起选。"), code="shipped")
    rows = queries.list_chosen(asked.orders())
    is_one_currency = len({currency for _id, _minor, currency, _stamp in rows}) <= 1
    return JsonResponse(
        {"rows": [[str(id_), minor if is_one_currency else None, stamp] for id_, minor, _c, stamp in rows]}
    )
