"""Parcels of one order by hand: a table of lines and parcels, seen before it is done; and orders that travel together parted by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core import db
from core.errors import ERPError
from core.tenancy import current_tenant
from core.web.access import needs_role
from core.web.parts import Toast
from core.web.toasts import say
from orders import queries, wording
from orders.access import ACTS, get_order
from orders.models import Order
from orders.queries import LineCard
from orders.rules import hand_split as rule
from orders.rules.hand_split import Problem, Wanted, read_wish
from orders.rules.splitting import Item, ParcelPlan
from orders.rules.values import Line
from orders.services import hand_split, stopping
from orders.services.hand_split import PARCELS_MOST, Preview
from orders.views.order import weight_words
from warehouse.models import Carrier

COLUMNS_MOST = 12  # that fit on a screen; more are said over the API
UNITS_LONGEST = 6  # digits
ADD, LOOK, DO, UNDO = "add", "look", "do", "undo"


@dataclass(frozen=True, slots=True)
class Row:
    """One line with its field in each parcel: (name, what stands in it)."""

    card: LineCard
    quantity: int
    cells: tuple[tuple[str, str], ...]
    problem: str


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def split(request: HttpRequest, order_id: int) -> HttpResponse:
    """POST `do`: add a parcel to the table, look, do it, or let the machine do it again.  Fields u-LINE-PARCEL hold units."""
    found = get_order(request.membership, order_id)  # type: ignore[attr-defined]
    asked = request.POST.get("do", "")
    try:
        if asked == UNDO:
            hand_split.undo(order_id=order_id, actor_id=request.user.pk)
            say(request, Toast(_("包裹又由系统来分了。")))
            return redirect("orders:order", order_id)
        if not asked:
            return _first(request, found)
        plain = hand_split.preview(order_id=order_id, wanted=None)
    except ERPError as problem:
        say(request, Toast(problem.message, "warn"))
        return redirect("orders:order", order_id)
    cards = _cards(found)
    count, wanted = _read(request.POST, plain.lines)
    if asked == ADD:
        return _page(request, found, plain, min(COLUMNS_MOST, count + 1), wanted, cards)
    filled = [parcel for parcel in wanted if parcel]
    seen = hand_split.preview(order_id=order_id, wanted=filled)
    if asked == DO and not seen.problems and not any(one.stops for one in seen.findings):
        short = hand_split.split(order_id=order_id, wanted=filled, actor_id=request.user.pk)
        words = _("按您分的存好了，不过货不够，单停下了。") if short else _("按您分的存好了。")
        say(request, Toast(words, "warn" if short else "done"))
        return redirect("orders:order", order_id)
    return _page(request, found, seen if seen.lines else plain, count, wanted, cards, is_seen=True)


def _first(request: HttpRequest, found: Order) -> HttpResponse:
    """The table with the parcels as they are wanted, else as they are, and an empty one beside them; nothing is planned for it."""
    cards = _cards(found)
    lines = tuple(Line(c.id, c.sku_id or 0, c.quantity, c.unit_price_minor) for c in cards)
    live = [one for one in queries.list_parcels(found.id) if not one.is_cancelled]
    wish: Wanted | None = read_wish(found.decided)
    if wish is None or rule.check(lines, wish):
        wish = [list(parcel.carried) for parcel in live]
    as_is = tuple(
        ParcelPlan(tuple(Item(line, 0, units) for line, units in one.carried), one.weight_g, one.reason)
        for one in live
    )
    plain = Preview(as_is, (), (), (), lines)
    return _page(request, found, plain, min(COLUMNS_MOST, max(2, len(wish) + 1)), wish, cards)


def _read(said: QueryDict, lines: tuple[Line, ...]) -> tuple[int, Wanted]:
    """The table as it was sent; what is no number is nothing."""
    text = said.get("parcels", "")
    count = min(COLUMNS_MOST, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 4 else 1
    wanted: list[list[tuple[int, int]]] = []
    for place in range(count):
        parcel = []
        for line in lines:
            units = said.get(f"u-{line.id}-{place}", "").strip()
            if units.isascii() and units.isdigit() and len(units) <= UNITS_LONGEST and int(units):
                parcel.append((line.id, int(units)))
        wanted.append(parcel)
    return count, wanted


def _page(
    request: HttpRequest,
    found: Order,
    seen: Preview,
    count: int,
    wanted: Wanted,
    goods: Sequence[LineCard],
    *,
    is_seen: bool = False,
) -> HttpResponse:
    cards = {line.id: line for line in goods}
    units = [dict(parcel) for parcel in wanted]
    wrong = {p.line_id: _told(p) for p in (seen.problems if is_seen else ()) if p.line_id is not None}
    rows = [
        Row(
            cards[line.id],
            line.quantity,
            tuple(
                (f"u-{line.id}-{place}", str(units[place].get(line.id, "")) if place < len(units) else "")
                for place in range(count)
            ),
            wrong.get(line.id, ""),
        )
        for line in seen.lines
        if line.id in cards
    ]
    context = {
        "order": found,
        "rows": rows,
        "places": range(1, count + 1),
        "count": count,
        "can_add": count < min(COLUMNS_MOST, PARCELS_MOST),
        "boxes": _boxes(seen, cards),
        "is_by_hand": read_wish(found.decided) is not None,
        "is_seen": is_seen,
        "notes": [_finding(one.code) for one in seen.findings if one.stops],
        "is_wrong": bool(wrong),
    }
    return render(request, "orders/hand_split.html", context, status=422 if wrong else 200)


def _cards(found: Order) -> list[LineCard]:
    """The lines of the order and of those that travel with it."""
    leader = found.merged_into_id or found.id
    members = db.rows(
        "SELECT id FROM orders_order WHERE tenant_id = %s AND (id = %s OR merged_into_id = %s)",
        current_tenant(),
        leader,
        leader,
    )
    return queries.list_lines_of([id_ for (id_,) in members])


def _told(problem: Problem) -> str:
    if problem.code == rule.MISSING:
        return _("还差 %(n)d 件没分") % {"n": problem.units}
    return _("多分了 %(n)d 件") % {"n": problem.units}


def _finding(code: str) -> str:
    return str(wording.word_of(code).label)


def _boxes(seen: Preview, cards: dict[int, LineCard]) -> list[dict[str, Any]]:
    """What each parcel would hold, weigh and cost."""
    wanted = {choice.carrier_id for choice in seen.carriers if choice.carrier_id}
    names = dict(Carrier.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}
    boxes = []
    for place, parcel in enumerate(seen.parcels):
        choice = seen.carriers[place] if place < len(seen.carriers) else None
        boxes.append(
            {
                "number": place + 1,
                "items": [
                    (cards[item.line_id].name, item.quantity)
                    for item in parcel.items
                    if item.line_id in cards
                ],
                "weight_g": parcel.weight_g,
                "weight": weight_words(parcel.weight_g or 0),
                "carrier": names.get(choice.carrier_id or 0, "") if choice else "",
                "freight_minor": choice.freight_minor if choice else None,
            }
        )
    return boxes


@require_POST
@needs_role(*ACTS)
def part(request: HttpRequest, order_id: int) -> HttpResponse:
    """Orders that travel together go each their own way."""
    get_order(request.membership, order_id)  # type: ignore[attr-defined]
    done = stopping.part(order_ids=[order_id], actor_id=request.user.pk)
    if done:
        say(request, Toast(_("拆开了，%(n)d 单各发各的。") % {"n": len(done)}))
    return redirect("orders:order", order_id)
