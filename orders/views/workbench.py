"""The workbench: queues at the left, the orders of one of them by deadline, release of one or of all chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from core import clock
from core.errors import Invalid
from core.web import formats
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Action, Column, FilterTag, Queue, QueueGroup, State, Text, Toast
from core.web.tables import Page, Sort, list_page
from core.web.toasts import say, toast_event
from inventory.access import facility_scope
from orders import queries, wording
from orders.access import ACTS, SEES, may_act
from orders.models import Finding, Order, OrderStatus
from orders.queries import OrderCard, QueueCount, Stage
from orders.services import desk
from orders.services.desk import Released
from warehouse.models import Handover

SHOWN_IDS = 50  # orders that an address can name
WORDS_SHOWN, WORD_CUT = 3, 40  # remarks in the question before a release, and characters of each
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
    words: Sequence[tuple[Text, str]] = ()  # who said it, what


@require_GET
@needs_role(*SEES)
def workbench(request: HttpRequest) -> HttpResponse:
    """One queue of orders, the most urgent first, or the orders that a number names."""
    membership = request.membership  # type: ignore[attr-defined]
    scope, now, name = facility_scope(membership), clock.opened_at(), _queue_name(request)
    counts = queries.count_queues(scope, now)
    found, tags = _asked(request, name, scope)
    count = counts.get(name) if not tags else None
    page = list_page(
        request,
        found,
        sorts={"due": Sort("ship_by")},
        default="-due" if name == queries.SHIPPED and not tags else "due",
        total=count.orders if count else None,
    )
    rows = _rows(page, now)
    currency = _currency(rows)
    context = {
        "groups": _groups(counts, "" if tags else name),
        "queue": name,
        "title": _("搜到的单") if tags else _labels()[name],
        "count": count,
        "page": page,
        "rows": rows,
        "tags": tags,
        "q": _text(request),
        "columns": _columns(rows),
        "currency": currency,
        "symbol": formats.money_symbol(0, currency).partition("0")[0] if currency else "",
        "exponent": formats.exponent(currency),
        "bulk_name": "found" if tags else name,
        "now": now,
        "can_act": may_act(membership),
        "can_release": may_act(membership) and (bool(tags) or name in (queries.STOPPED, *queries.CODES)),
        "actions": [Action(_("放行"), reverse("orders:release"), "r", is_primary=True)],
        "empty": None if rows else _empty(name, tags, counts, is_new=_is_new(counts, scope)),
    }
    return render(request, "orders/workbench.html", context)


def _queue_name(request: HttpRequest) -> str:
    asked = request.GET.get("queue", "")
    return asked if asked in queries.STAGES or asked in queries.CODES else queries.STOPPED


def _asked(request: HttpRequest, name: str, scope: Sequence[int] | None) -> tuple[Any, list[FilterTag]]:
    """The orders asked for: by number, by ids of a sentence that named them, or a queue; and what narrows them."""
    text, ids = _text(request), request.GET.get("ids", "")
    if text:
        found = queries.list_orders(scope).filter(id__in=queries.find_order_ids(text))
        return found, [FilterTag(_("单号：%(text)s") % {"text": text}, f"?queue={name}")]
    if ids:
        wanted = [int(id_) for id_ in ids.split(",") if _is_id(id_)][:SHOWN_IDS]
        return queries.list_orders(scope).filter(id__in=wanted), [
            FilterTag(_("刚才那 %(n)s 单") % {"n": number(len(wanted))}, f"?queue={name}")
        ]
    return queries.list_queue(name, scope), []


def _text(request: HttpRequest) -> str:
    """The number asked for; PostgreSQL has no text with NUL in it."""
    return request.GET.get("q", "").replace("\0", " ").strip()[:64]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _rows(page: Page[Order], now: datetime) -> list[Row]:
    ids = [order.id for order in page.rows]
    if not ids:
        return []
    cards, findings = queries.list_cards(ids), queries.list_open_findings(ids)
    in_building = [order.id for order in page.rows if order.status == OrderStatus.FULFILLING]
    stages = queries.list_stages(in_building) if in_building else {}
    return [
        _row(order, cards[order.id], findings[order.id], stages.get(order.id, []), now) for order in page.rows
    ]


def _row(order: Order, card: OrderCard, findings: list[Finding], stages: list[Stage], now: datetime) -> Row:
    name, place = _receiver(order.receiver_mask)
    stopped = order.status == OrderStatus.STOPPED
    return Row(
        order=order,
        left_s=None if order.shipped_at else (order.ship_by - now).total_seconds(),
        at=order.shipped_at or order.ship_by,
        name=name,
        place=place,
        card=card,
        badge=wording.badge(findings[0])
        if stopped and findings
        else wording.order_state(order.status, stages),
        more=max(0, len(findings) - 1) if stopped else 0,
        stamp=queries.stamp(order.version, findings),
        handover=Handover(card.handover).label,
        words=wording.words_of(order),
    )


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


def _empty(name: str, tags: Sequence[FilterTag], counts: Mapping[str, QueueCount], *, is_new: bool) -> Empty:
    if tags:
        return Empty(
            "zoom-question",
            _("没有这个单号"),
            _("店铺单号从开头写起，至少 4 位；包裹号要写全。商品名到库存里搜。"),
        )
    if is_new:
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
    membership, name = request.membership, _queue_name(request)  # type: ignore[attr-defined]
    counts = queries.count_queues(facility_scope(membership), clock.opened_at())
    is_list = not (request.GET.get("q") or request.GET.get("ids"))
    context = {
        "groups": _groups(counts, name if is_list else ""),
        "count": counts.get(name) if is_list else None,
    }
    return render(request, "orders/queues.html", context)


@never_cache
@require_GET
@needs_role(*ACTS)
def choose_all(request: HttpRequest) -> JsonResponse:
    """Every order of the queue, most urgent first, up to queries.COUNT_MOST, with what each is at this moment."""
    name = _queue_name(request)
    found, tags = _asked(request, name, facility_scope(request.membership))  # type: ignore[attr-defined]
    if not tags and name not in (queries.STOPPED, *queries.CODES):
        raise Invalid(_("只有停下的单能一起放行。"), code="not_stopped")
    rows = queries.list_chosen(found)
    is_one_currency = len({currency for _id, _minor, currency, _stamp in rows}) <= 1
    return JsonResponse(
        {"rows": [[str(id_), minor if is_one_currency else None, stamp] for id_, minor, _c, stamp in rows]}
    )


@require_POST
@needs_role(*ACTS)
def release(request: HttpRequest) -> HttpResponse:
    """Let the chosen orders go on.  Form: ids and, in the same order, the stamps that the person saw; one service call for all."""
    ids = [int(id_) for id_ in request.POST.get("ids", "").split(",") if _is_id(id_)]
    stamps = request.POST.get("stamps", "").split(",")
    if not ids or len(ids) > queries.COUNT_MOST:
        raise Invalid(
            _("先选订单，一次最多 %(n)s 单。") % {"n": number(queries.COUNT_MOST)}, code="bad_choice"
        )
    if len(stamps) != len(ids):
        raise Invalid(_("页面是旧的，刷新一下再放行。"), code="no_stamps")
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    if scope is not None:
        ids_here = set(queries.list_orders(scope).filter(id__in=ids).values_list("id", flat=True))
        stamps = [stamp for id_, stamp in zip(ids, stamps, strict=True) if id_ in ids_here]
        ids = [id_ for id_ in ids if id_ in ids_here]
    question = _question(ids) if len(ids) > 1 and not request.POST.get("sure") else None
    if question is not None and request.headers.get("HX-Request"):
        return trigger_client_event(HttpResponse(), "cf:ask", question)
    done = desk.release(order_ids=ids, actor_id=request.user.pk, seen=dict(zip(ids, stamps, strict=True)))
    toast = _told(len(set(ids)), done)
    if not request.headers.get("HX-Request"):
        say(request, toast)
        return redirect("orders:workbench")
    answer = trigger_client_event(HttpResponse(), "cf:bulk-done", {})
    trigger_client_event(
        answer,
        "cf:released",
        {"ids": [str(id_) for id_ in done.order_ids], "stay": len(done.stopped) + len(done.changed)},
    )
    return toast_event(answer, toast)


def _question(ids: Sequence[int]) -> dict[str, str] | None:
    """What is asked before many orders go of which people have said something: how many, and the first words."""
    said = queries.list_orders(None).filter(id__in=ids, status=OrderStatus.STOPPED)
    orders = list(said.exclude(remark="", seller_remark="").order_by("ship_by", "id"))
    if not orders:
        return None
    first = [text for order in orders[:WORDS_SHOWN] for _who, text in wording.words_of(order)][:WORDS_SHOWN]
    text = _("放行 %(n)s 单？其中 %(words)s 单有留言或备注，放行就是照办：%(first)s%(more)s") % {
        "n": number(len(ids)),
        "words": number(len(orders)),
        "first": "".join(f"“{line[:WORD_CUT]}”" for line in first),
        "more": "…" if len(orders) > len(first) else "",
    }
    return {"text": text, "yes": _("照办，放行 %(n)s 单") % {"n": number(len(ids))}}


def _told(asked: int, done: Released) -> Toast:
    """What became of the chosen orders in one sentence, and the way to those that did not go."""
    gone = len(done.order_ids)
    others = asked - gone - len(done.stopped) - len(done.changed)
    parts = []
    if gone:
        parts.append(_("放行了 %(n)s 单，库存占好了。") % {"n": number(gone)})
    if done.stopped:
        why = _why(done.stopped)
        words = _("还停着 %(n)s 单：%(why)s。") if gone else _("没放行：%(n)s 单%(why)s。")
        parts.append(words % {"n": number(len(done.stopped)), "why": why})
    if done.changed:
        words = _("%(n)s 单刚变了，没放行，看一眼新的再放。")
        parts.append(words % {"n": number(len(done.changed))})
    if others:
        parts.append(_("%(n)s 单早就不停着了。") % {"n": number(others)})
    left = [*done.stopped, *done.changed]
    if not left:
        return Toast(_sentences(parts), "done" if gone else "warn")
    return Toast(
        _sentences(parts),
        "warn" if gone else "stop",
        link=f"{reverse('orders:workbench')}?ids={','.join(map(str, left[:SHOWN_IDS]))}",
        link_label=_("看这 %(n)s 单") % {"n": number(min(len(left), SHOWN_IDS))},
    )


def _why(order_ids: Sequence[int]) -> str:
    """The reasons that still stop these orders, the commonest first, at most three."""
    counts: dict[str, int] = {}
    for findings in queries.list_open_findings(order_ids).values():
        for code in {finding.code for finding in findings if finding.stops}:
            counts[code] = counts.get(code, 0) + 1
    commonest = sorted(counts, key=lambda code: (-counts[code], code))[:3]
    return _("、").join(str(wording.word_of(code).label) for code in commonest)


def _sentences(parts: Sequence[str]) -> str:
    """Sentences in a row: Chinese puts nothing between them, English a space."""
    return ("" if (get_language() or "zh").startswith("zh") else " ").join(parts)
