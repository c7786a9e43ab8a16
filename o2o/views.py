"""The dispatch board and the store's phone."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.web.access import needs_role
from core.web.parts import Toast
from core.web.toasts import say, toast_event
from inventory.queries import FacilityCard
from o2o import counter, queries, wording
from o2o.access import DISPATCHES, GRABS, SEES, get_store, stores_of
from o2o.counter import Face, OrderSeen
from o2o.errors import OfferGone, StockGone, TakenByOther, TooLate
from o2o.models import DispatchStatus
from o2o.picking import plan_code
from o2o.queries import DispatchSeen, Goods
from o2o.services import dispatches

SHOWS = ("running", DispatchStatus.WON, DispatchStatus.FALLBACK, DispatchStatus.CANCELLED)
JUST_ENDED = 12  # below the running ones
LONGEST_ID = 17  # digits
CLOSE_S = 60  # a tap that came this much later is told by how much
HUES = {"OPEN": "live", "WON": "done", "CLOSED": "stop"}


# ── the board ──


@never_cache
@require_GET
@needs_role(*SEES)
def board(request: HttpRequest) -> HttpResponse:
    """What runs out next, how the day goes, one dispatch in full.  For htmx: the parts that change."""
    context = _board(request)
    name = "o2o/board_parts.html" if request.headers.get("HX-Request") else "o2o/board.html"
    return render(request, name, context)


def _board(request: HttpRequest) -> dict[str, Any]:
    show = request.GET.get("show", "running")
    show = show if show in SHOWS else "running"
    is_running = show == "running"
    running = queries.list_running() if is_running else []
    ended = queries.list_ended("" if is_running else show)[: JUST_ENDED if is_running else None]
    wanted = request.GET.get("d", "")
    ids = [row.id for row in running] + [row.id for row in ended]
    chosen = int(wanted) if wanted.isdecimal() and len(wanted) < LONGEST_ID else next(iter(ids), None)
    seen = None if chosen is None else queries.get_dispatch(chosen)
    refs = [row.order_ref for row in running] + ([seen.order_ref] if seen else [])
    goods, due = queries.goods_of(refs), queries.due_of(refs)
    today = queries.read_today()
    return {
        "show": show,
        "filters": _filters(show),
        "today": today,
        "running": [
            (row, wording.goods(goods[row.order_ref]), _left(due.get(row.order_ref), today.now))
            for row in running
        ],
        "ended": [(row, wording.dispatch_state(row.status), wording.reason(row.reason)) for row in ended],
        "chosen": chosen,
        "now": today.now,
        **(_seen(seen, goods[seen.order_ref], _left(due.get(seen.order_ref), today.now)) if seen else {}),
    }


def _left(ship_by: datetime | None, now: datetime) -> float | None:
    """Seconds until the goods are promised to leave; below 0 when that has passed."""
    return None if ship_by is None else (ship_by - now).total_seconds()


def _filters(show: str) -> list[tuple[str, str, bool]]:
    words = {
        "running": _("在等抢"), DispatchStatus.WON: _("已抢"), DispatchStatus.FALLBACK: _("转仓"),
        DispatchStatus.CANCELLED: _("已取消"),
    }  # fmt: skip
    return [(str(key), word, key == show) for key, word in words.items()]


def _seen(seen: DispatchSeen, goods: Sequence[Goods], left_s: float | None) -> dict[str, Any]:
    """What the side panel and the map show of one dispatch."""
    rounds = [
        (
            number,
            [
                (offer, wording.offer_state(offer.status, offer.reason), wording.distance(offer.distance_m))
                for offer in offers
            ],
        )
        for number, offers in queries.rounds_seen(seen)
    ]
    return {
        "seen": seen,
        "state": wording.dispatch_state(seen.status),
        "reason": wording.reason(seen.reason),
        "rounds": rounds,
        "goods": goods,
        "due_left_s": left_s,
        "is_last_round": seen.round >= seen.rounds,
        "map": json.dumps(_map(seen), ensure_ascii=False),
    }


def _map(seen: DispatchSeen) -> dict[str, Any]:
    """Millionths of a degree; the script projects and draws them."""
    asked = [
        {"name": o.store, "at": [o.lng_e6, o.lat_e6], "far": wording.distance(o.distance_m), "hue": HUES.get(o.status, "wait"),
         "on": o.status == "OPEN" and seen.is_running}
        for o in seen.offers
    ]  # fmt: skip
    others = [
        {"name": name, "at": [lng, lat], "far": wording.distance(metres), "hue": "none", "on": False}
        for name, lat, lng, metres in queries.stores_around(seen)
    ]
    reach = [
        {"m": metres, "label": _("第 %(n)d 轮 %(far)s") % {"n": number, "far": wording.distance(metres)}}
        for number, metres in queries.reach_of_rounds(seen)
    ]
    return {
        "id": seen.id,
        "at": [seen.point.lng_e6, seen.point.lat_e6],
        "stores": asked + others,
        "reach": reach,
    }


@never_cache
@require_GET
@needs_role(*SEES)
def dispatch(request: HttpRequest, dispatch_id: int) -> HttpResponse:
    """One dispatch as a page of its own."""
    seen = queries.get_dispatch(dispatch_id)
    goods = queries.goods_of([seen.order_ref])[seen.order_ref]
    now = clock.opened_at()
    left_s = _left(queries.due_of([seen.order_ref]).get(seen.order_ref), now)
    return render(request, "o2o/dispatch.html", _seen(seen, goods, left_s) | {"now": now})


@require_POST
@needs_role(*DISPATCHES)
def send_to_warehouse(request: HttpRequest, dispatch_id: int) -> HttpResponse:
    """A person ends the rounds now."""
    seen = queries.get_dispatch(dispatch_id)
    is_done = dispatches.send_to_warehouse(dispatch_id=dispatch_id, actor_id=request.user.pk)
    if is_done:
        toast = Toast(
            _("%(number)s 转%(place)s发货。") % {"number": seen.order_number, "place": seen.warehouse}
        )
    else:
        toast = Toast(_("没转：%(number)s 刚结束了。") % {"number": seen.order_number}, "warn")
    if request.headers.get("HX-Request"):
        return toast_event(HttpResponse(status=204), toast)
    say(request, toast)
    return redirect("o2o:dispatch", dispatch_id)


# ── the phone ──


@never_cache
@require_GET
@needs_role(*GRABS)
def choose_store(request: HttpRequest) -> HttpResponse:
    """A person's stores; with one there is nothing to choose."""
    stores = stores_of(request.membership)  # type: ignore[attr-defined]
    if len(stores) == 1:
        return redirect("o2o:store", stores[0].id)
    return render(request, "o2o/choose_store.html", {"stores": stores})


@never_cache
@require_GET
@needs_role(*GRABS)
def store(request: HttpRequest, facility_id: int) -> HttpResponse:
    """Offers, the one whose time runs out next first, and what waits to be handed over."""
    place = get_store(request.membership, facility_id)  # type: ignore[attr-defined]
    offers, waiting = counter.list_offers(facility_id), counter.list_to_hand_over(facility_id)
    refs = [each.order_ref for each in offers] + [each.order_ref for each in waiting]
    goods, due = queries.goods_of(refs), queries.due_of([each.order_ref for each in offers])
    day = counter.read_day(facility_id)
    context = {
        "store": place,
        "offers": [
            (
                each,
                wording.distance(each.distance_m),
                wording.goods(goods[each.order_ref]),
                _left(due.get(each.order_ref), day.now),
            )
            for each in offers
        ],
        "waiting": [
            (each, wording.goods(goods[each.order_ref]), _left(each.ship_by, day.now)) for each in waiting
        ],
        "day": day,
        "now": day.now,
    }
    name = "o2o/store_list.html" if request.headers.get("HX-Request") else "o2o/store.html"
    return render(request, name, context)


@never_cache
@require_GET
@needs_role(*GRABS)
def offer(request: HttpRequest, facility_id: int, dispatch_id: int) -> HttpResponse:
    """One order in the state it is in for this store.  `seen` and `plan` are what the page shows: 204
    while it is true.
    """
    place = get_store(request.membership, facility_id)  # type: ignore[attr-defined]
    order = counter.get_order(dispatch_id, facility_id)
    if request.GET.get("seen") == order.face and request.GET.get("plan", "") == plan_code(order.picks):
        return HttpResponse(status=204)
    return _order(request, place, order)


@require_POST
@needs_role(*GRABS)
def grab(request: HttpRequest, facility_id: int, dispatch_id: int) -> HttpResponse:
    """The tap.  Whatever it comes to is shown as the order's state; a refusal is no error of the clerk's."""
    place = get_store(request.membership, facility_id)  # type: ignore[attr-defined]
    _bind(request)
    with suppress(TakenByOther, TooLate, OfferGone, StockGone):
        dispatches.grab(dispatch_id=dispatch_id, facility_id=facility_id, actor_id=request.user.pk)
    return _order(request, place, counter.get_order(dispatch_id, facility_id), tapped=True)


@require_POST
@needs_role(*GRABS)
def decline(request: HttpRequest, facility_id: int, dispatch_id: int) -> HttpResponse:
    """Not this one; back to the list."""
    get_store(request.membership, facility_id)  # type: ignore[attr-defined]
    _bind(request)
    dispatches.decline(
        dispatch_id=dispatch_id,
        facility_id=facility_id,
        reason=request.POST.get("reason", ""),
        actor_id=request.user.pk,
    )
    return redirect("o2o:store", facility_id)


@require_POST
@needs_role(*GRABS)
def hand_over(request: HttpRequest, facility_id: int, dispatch_id: int) -> HttpResponse:
    """The goods leave the store."""
    place = get_store(request.membership, facility_id)  # type: ignore[attr-defined]
    _bind(request)
    if counter.get_order(dispatch_id, facility_id).face not in (Face.WON, Face.HANDED):
        return redirect("o2o:offer", facility_id, dispatch_id)
    done = dispatches.hand_over(
        dispatch_id=dispatch_id, actor_id=request.user.pk, expected=request.POST.get("plan", "")[:32]
    )
    order = counter.get_order(dispatch_id, facility_id)
    if done.short:
        say(request, Toast(_("货不够了，这一单停下来等运营处理。"), "stop"))
        return redirect("o2o:store", facility_id)
    return _order(request, place, order)


def _order(
    request: HttpRequest, place: FacilityCard, order: OrderSeen, *, tapped: bool = False
) -> HttpResponse:
    is_close = tapped and order.ended_s is not None and order.ended_s < CLOSE_S
    context = {
        "store": place,
        "order": order,
        "far": wording.distance(order.distance_m).split(" "),
        "plan": plan_code(order.picks),
        "reasons": [(code, wording.reason(code)) for code in dispatches.DECLINE_REASONS],
        "day": None if order.face in (Face.OFFER, Face.WON) else counter.read_day(place.id),
        "now": order.now,
        "slow_s": round(order.ended_s or 0.0, 1) if is_close else None,
        "ship_left_s": _left(order.ship_by, order.now),
    }
    name = "o2o/order_face.html" if request.headers.get("HX-Request") else "o2o/order.html"
    return render(request, name, context)


def _bind(request: HttpRequest) -> None:
    """The id that the page made for this tap goes into the log; that a repeat counts once is the state's
    doing.
    """
    structlog.contextvars.bind_contextvars(tap=request.POST.get("tap", "")[:64])
