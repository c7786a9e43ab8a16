"""Parcels: what waits, what is on the floor, what just left; one parcel with its lines and lots."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.web.access import needs_role
from core.web.parts import Column, Fact, Toast
from core.web.tables import Page, Sort, list_page
from core.web.toasts import say
from inventory.access import facilities_of
from warehouse import queries
from warehouse.access import SEES, WORKS, get_parcel, may_work
from warehouse.models import Handover, Parcel, ParcelStatus
from warehouse.services import tracking
from warehouse.views.waves import chosen_facility, load_of, parcel_state, seconds_left

SHOWN = 200
_REASONS = {
    "WHOLE": gettext_lazy("整单一个包裹"),
    "BULKY": gettext_lazy("大件，一件一个包裹"),
    "ALONE": gettext_lazy("独立大件，单独装"),
    "CASE": gettext_lazy("整箱发"),
    "SMALL": gettext_lazy("小件，大件包裹带不下"),
    "CLASS": gettext_lazy("要分开发的品类"),
    "LIMIT": gettext_lazy("超过快递限制，分出来的"),
    "RIDES_ONLY": gettext_lazy("只有随单件，没有能带它的"),
}
TABS = ("waiting", "floor", "shipped")


@require_GET
@needs_role(*SEES)
def parcel_list(request: HttpRequest) -> HttpResponse:
    """Three lists, each entered by an index: waiting by deadline (paged), on the floor by deadline, just shipped."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("q", "").strip().lstrip("Pp-")
    missing = ""
    if asked:
        found = (
            Parcel.objects.filter(id=int(asked)).exists() if asked.isdecimal() and len(asked) < 17 else False
        )
        if found:
            return redirect("warehouse:parcel", int(asked))
        missing = request.GET["q"].strip()
    chosen = chosen_facility(request, facilities)
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    page = _page(request, tab, ids)
    now = clock.opened_at()
    lines = queries.list_lines([parcel.id for parcel in page.rows])
    names = {card.id: card.name for card in facilities}
    context = {
        "page": page,
        "rows": [_row(parcel, lines.get(parcel.id, []), names, now) for parcel in page.rows],
        "columns": [
            Column(_("时限")), Column(_("包裹号")), Column(_("商品")), Column(_("件数"), is_number=True), Column(_("重量"), is_number=True),
            Column(_("仓库")), Column(_("波次号")), Column(_("状态")),
        ],
        "facilities": facilities,
        "chosen": chosen,
        "tab": tab,
        "tabs": [("waiting", _("等波次")), ("floor", _("在拣")), ("shipped", _("刚发走"))],
        "missing": missing,
        "is_cut": tab != "waiting" and len(page.rows) == SHOWN,
        "shown": SHOWN,
        "now": now,
    }  # fmt: skip
    return render(request, "warehouse/parcels.html", context)


def _page(request: HttpRequest, tab: str, ids: list[int]) -> Page[Parcel]:
    if tab == "floor":
        return Page(queries.list_parcels_on_floor(ids, SHOWN), "", "", "due")
    if tab == "shipped":
        return Page(queries.list_parcels_just_shipped(ids, SHOWN), "", "", "due")
    waiting = Parcel.objects.defer("label").filter(
        facility_id__in=ids, wave__isnull=True, status__in=(ParcelStatus.WAITING, ParcelStatus.PLANNED)
    )
    return list_page(request, waiting, sorts={"due": Sort("ship_by")}, default="due")


def _row(parcel: Parcel, lines: list[queries.Line], names: dict[int, str], now: datetime) -> dict[str, Any]:
    return {
        "parcel": parcel,
        "goods": "，".join(f"{line.sku_name} ×{line.quantity}" for line in lines),
        "units": sum(line.quantity for line in lines),
        "weight": load_of(parcel),
        "facility": names.get(parcel.facility_id, ""),
        "state": parcel_state(parcel.status),
        "left_s": None if parcel.shipped_at else seconds_left(parcel.ship_by, now),
    }


@require_GET
@needs_role(*SEES)
def parcel(request: HttpRequest, parcel_id: int) -> HttpResponse:
    found, place = get_parcel(request.membership, parcel_id)  # type: ignore[attr-defined]
    now = clock.opened_at()
    picks = queries.list_picks_of_parcel(parcel_id)
    shipped = queries.list_shipped_lines([parcel_id]).get(parcel_id, [])
    lines = queries.list_lines([parcel_id]).get(parcel_id, [])
    context = {
        "parcel": found,
        "place": place,
        "state": parcel_state(found.status),
        "lines": [
            (
                line,
                [pick for pick in picks if pick.line_ref == line.line_id],
                [gone for gone in shipped if gone.line_id == line.line_id],
            )
            for line in lines
        ],
        "units": sum(line.quantity for line in lines),
        "weight": load_of(found),
        "handover": Handover(found.handover).label,
        "can_work": may_work(request.membership),  # type: ignore[attr-defined]
        "is_held": any(pick.is_held for pick in picks),
        "left_s": None if found.shipped_at else seconds_left(found.ship_by, now),
        "facts": _facts(found, sum(gone.quantity for gone in shipped)),
        "now": now,
    }
    return render(request, "warehouse/parcel.html", context)


@require_POST
@needs_role(*WORKS)
def set_number(request: HttpRequest, parcel_id: int) -> HttpResponse:
    """The number of the label that was printed or scanned."""
    get_parcel(request.membership, parcel_id)  # type: ignore[attr-defined]
    said = tracking.NumberInput(parcel_id, request.POST.get("number", ""))
    try:
        tracking.set_numbers(numbers=[said], actor_id=request.user.pk)
        say(request, Toast(_("运单号记下了。")))
    except (tracking.BadNumber, tracking.NumberTaken) as problem:
        say(request, Toast(problem.message, "warn"))
    return redirect("warehouse:parcel", parcel_id)


def _facts(parcel: Parcel, shipped_units: int) -> list[Fact]:
    facts = []
    if parcel.shipped_at:
        facts.append(
            Fact(parcel.shipped_at, _("发货"), _("%(n)d 件出库，批次在流水里") % {"n": shipped_units})
        )
    if parcel.wave:
        facts.append(
            Fact(
                parcel.wave.created_at,
                _("进波次 %(code)s") % {"code": parcel.wave.code},
                _("第 %(n)s 格") % {"n": parcel.slot or "—"},
                "live",
            )
        )
    facts.append(
        Fact(parcel.created_at, _("拆成这个包裹"), _REASONS.get(parcel.reason, parcel.reason), "wait")
    )
    return facts
