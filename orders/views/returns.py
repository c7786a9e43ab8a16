"""The returns desk: scan the parcel, scan its goods, look at them.  Big type and a keyboard; a scan is the confirmation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import db
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Toast
from core.web.toasts import say
from inventory.access import facilities_of, facility_scope, get_facility
from inventory.queries import list_bins_by_code, list_goods_by_code
from inventory.scanned import Scanned, read_scanned
from orders import queries_after_sales as queries
from orders import wording_after_sales as wording
from orders.access import get_order
from orders.errors import NoReturn, SeveralOrders
from orders.models import Return, ReturnState
from orders.services import arriving, inspecting, returns
from orders.services.returns import ItemInput
from orders.views.after_sales import DESK, SEES
from orders.views.narrowing import is_id

UNITS_MOST = 9_999


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*DESK)
def desk(request: HttpRequest) -> HttpResponse:
    """One field: a number on the parcel.  Known or not, the parcel is booked and its page opens; orders of one number are asked about.

    Form: text, facility, note, order (chosen among those).
    """
    places = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.POST.get("facility") or request.GET.get("facility", "")
    place = next((card for card in places if str(card.id) == asked), places[0] if places else None)
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    text, order = _words(request, "text", 100), request.POST.get("order", "")
    refusal, candidates = "", list[queries.Candidate]()
    if request.method == "POST" and place is not None:
        get_facility(request.membership, place.id)  # type: ignore[attr-defined]
        try:
            with db.savepoint():
                came = arriving.arrive(
                    facility_id=place.id,
                    tracking_number=text,
                    note=_words(request, "note", 500),
                    actor_id=request.user.pk,
                    order_id=int(order) if is_id(order) else None,
                )
        except SeveralOrders as several:
            refusal = several.message
            candidates = queries.list_candidates(several.fields["order_ids"], scope)
        except ERPError as problem:
            refusal = problem.message
        else:
            words = _("收下了，扫里面的商品。") if came.is_new else _("收过了，接着扫里面的商品。")
            known = words if came.is_known else _("不知道是谁的，先记成无主件。")
            say(request, Toast(known, kind="done" if came.is_known else "warn"))
            return redirect("orders:return", came.return_id)
    context = {
        "places": places,
        "place": place,
        "refusal": refusal,
        "text": text,
        "note": _words(request, "note", 500),
        "candidates": candidates,
        "counts": queries.count_queues(scope),
    }
    return render(request, "orders/returns_desk.html", context, status=422 if refusal else 200)


def _words(request: HttpRequest, name: str, most: int) -> str:
    """A field of the form as typed or scanned; no column takes a zero character."""
    return request.POST.get(name, "").replace("\0", "").strip()[:most]


def _get(request: HttpRequest, return_id: int) -> Return:
    """A return that this person may see.  Raises NoReturn, which looks the same for one that is not his."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    found = queries.list_returns(scope).filter(id=return_id).first()
    if found is None:
        raise NoReturn(_("没有这个退货，或者不归您管。"), return_id=return_id)
    return found


@never_cache
@require_GET
@needs_role(*SEES)
def one(request: HttpRequest, return_id: int) -> HttpResponse:
    """One return: whose it is, what came, what has to be looked at."""
    return _page(request, _get(request, return_id))


def _page(request: HttpRequest, found: Return, **more: Any) -> HttpResponse:
    membership = request.membership  # type: ignore[attr-defined]
    items = queries.list_items(found.id)
    text = request.GET.get("q", "").replace("\0", "").strip()[:64]
    candidates: list[queries.Candidate] = []
    if found.state == ReturnState.UNKNOWN and (text or items):
        candidates = queries.find_candidates(
            text, sorted({item.sku_id for item in items}), facility_scope(membership)
        )
    sent = queries.list_sent(found.order_id) if found.order_id else []
    came = sum(item.units for item in items)
    expected = queries.count_expected(found.refund_id)
    is_open = found.state in (ReturnState.UNKNOWN, ReturnState.RECEIVED)
    unseen = [item for item in items if item.waiting and item.may_sell] if is_open else []
    homes = queries.list_homes(found.facility_id, unseen) if unseen and found.facility_id else {}
    context = {
        "doc": found,
        "state": wording.RETURNS[found.state],
        "items": [(item, wording.PROOFS[item.proof], homes.get(item.id, "")) for item in items],
        "sent": sent,
        "sent_skus": {one.sku_id for one in sent},
        "came": came,
        "expected": expected,
        "missing": max(0, expected - came),
        "waiting": sum(item.waiting for item in items),
        "candidates": candidates,
        "q": text,
        "may_desk": is_open and membership.role in ("OWNER", *DESK),
        **more,
    }
    return render(
        request,
        "orders/return.html",
        context,
        status=422 if more.get("refusal") or more.get("refused") else 200,
    )


@require_POST
@needs_role(*DESK)
def scan(request: HttpRequest, return_id: int) -> HttpResponse:
    """Goods out of the parcel: a scan of one unit, or a code with units.  The lot as scanned, as chosen, or the only one that left."""
    found = _get(request, return_id)
    text = _words(request, "text", 200)
    scanned = read_scanned(text)
    asked, lot = request.POST.get("units", "1"), request.POST.get("lot", "")
    units = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 0
    goods = list_goods_by_code(scanned.codes)
    card = next((goods[code] for code in scanned.codes if code in goods), None)
    if card is None:
        return _page(request, found, refusal=_("没见过这个码。找商品的条码或商家编码。"), scanned=text)
    sent = queries.list_sent(found.order_id) if found.order_id else []
    lots = {one.lot_id: one for one in sent if one.sku_id == card.id}
    if not lot and not scanned.lot and len(lots) > 1:
        return _page(request, found, which_lot=list(lots.values()), scanned=text, units=units, goods=card)
    item = _item(card.id, units, lot, scanned, list(lots))
    try:
        with db.savepoint():
            returns.take_in(return_id=return_id, items=[item], actor_id=request.user.pk)
    except ERPError as refusal:
        return _page(request, found, refusal=refusal.message, scanned=text)
    say(request, Toast(_("%(goods)s 收进 %(n)s。") % {"goods": card.name, "n": number(units)}))
    return redirect("orders:return", return_id)


def _item(sku_id: int, units: int, lot: str, scanned: Scanned, lots: list[int]) -> ItemInput:
    if lot == "none":
        return ItemInput(sku_id, units)
    if is_id(lot):
        return ItemInput(sku_id, units, int(lot))
    if scanned.lot:
        return ItemInput(sku_id, units, None, scanned.lot, scanned.expires_on)
    return ItemInput(sku_id, units, lots[0] if len(lots) == 1 else None)


@require_POST
@needs_role(*DESK)
def inspect(request: HttpRequest, return_id: int) -> HttpResponse:
    """What somebody saw of one row.  Form: item, good, damaged (units in all so far), bin (code, may be empty); or all: "good" or
    "damaged", for all that waits.
    """
    found = _get(request, return_id)
    item = next(
        (one for one in queries.list_items(return_id) if str(one.id) == request.POST.get("item", "")), None
    )
    if item is None or found.facility_id is None:
        raise NoReturn(_("没有这个退货，或者不归您管。"), return_id=return_id)
    good, damaged = (_count(request.POST.get(name, "")) for name in ("good", "damaged"))
    if request.POST.get("all") in ("good", "damaged"):
        is_good = request.POST["all"] == "good"
        good, damaged = item.good + item.waiting * is_good, item.damaged + item.waiting * (not is_good)
    code = _words(request, "bin", 40)
    bins = list_bins_by_code(found.facility_id, [code]) if code else {}
    if code and code not in bins:
        words = _("这个仓库里没有货位 %(bin)s。") % {"bin": code}
        return _page(request, found, refused=words, refused_item=item.id)
    try:
        with db.savepoint():
            inspecting.inspect(
                item_id=item.id,
                good=good,
                damaged=damaged,
                to_bin_id=bins[code].id if code else None,
                actor_id=request.user.pk,
            )
    except ERPError as refusal:
        return _page(request, found, refused=refusal.message, refused_item=item.id)
    say(
        request,
        Toast(_("检好了：好的 %(good)s，坏的 %(bad)s。") % {"good": number(good), "bad": number(damaged)}),
    )
    return redirect("orders:return", return_id)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@require_POST
@needs_role(*DESK)
def match(request: HttpRequest, return_id: int) -> HttpResponse:
    """The unknown parcel is this order's.  Form: order."""
    _get(request, return_id)
    asked = request.POST.get("order", "")
    order = get_order(request.membership, int(asked) if is_id(asked) else 0)  # type: ignore[attr-defined]
    returns.match(return_id=return_id, order_id=order.id, actor_id=request.user.pk)
    say(request, Toast(_("认到了 %(number)s 名下。") % {"number": order.number}))
    return redirect("orders:return", return_id)


@require_POST
@needs_role(*DESK)
def close(request: HttpRequest, return_id: int) -> HttpResponse:
    """Nothing of it waits any more."""
    found = _get(request, return_id)
    try:
        with db.savepoint():
            inspecting.close(
                return_id=return_id,
                note=_words(request, "note", 500),
                actor_id=request.user.pk,
            )
    except ERPError as refusal:
        return _page(request, found, refusal=refusal.message)
    say(request, Toast(_("%(number)s 处理完了。") % {"number": found.number}))
    return redirect(f"{reverse('orders:returns_desk')}?facility={found.facility_id or ''}")
