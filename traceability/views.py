"""Trace forward from a lot, back from an order or a parcel; stop what is left."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.accounts import Role
from core.errors import Invalid
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Equation, State, Term, Toast
from core.web.tables import Cursor, decode, encode, read_instant
from core.web.toasts import say
from inventory.access import require_lots_in_scope
from inventory.models import BinKind, HoldKind
from inventory.queries import get_hold
from inventory.services import holds
from orders.models import OrderStatus
from traceability import queries
from traceability.forms import HoldRestForm
from traceability.queries import (
    EXPORT_MOST,
    INSIDE_SHOWN,
    OrderLot,
    ParcelInside,
    ParcelLeft,
    Place,
    TracedLot,
)
from traceability.rules.equation import LotEquation
from traceability.services import hold_rest
from warehouse.models import ParcelStatus

SEES = (Role.QUALITY, Role.OPERATOR, Role.READONLY)
STOPS = (Role.QUALITY,)
PAGE_SIZE = 50
RISKY = ("=", "+", "-", "@", "\t", "\r")
_KIND_HUES = {HoldKind.HELD: "hold", HoldKind.QUARANTINE: "hold", HoldKind.RECALL: "stop"}


@require_GET
@needs_role(*SEES)
def home(request: HttpRequest) -> HttpResponse:
    """One box for whatever is printed on the thing; a single answer opens at once."""
    text = request.GET.get("q", "").strip()[:100]
    found = queries.search(text) if text else None
    if found and found.count == 1:
        if found.lots:
            return redirect("traceability:lot", found.lots[0].id)
        hit = found.orders[0]
        anchor = f"#p{hit.parcel_id}" if hit.parcel_id else ""
        return redirect(f"{reverse('traceability:order', args=[hit.id])}{anchor}")
    return render(request, "traceability/home.html", {"q": text, "found": found})


@require_GET
@needs_role(*SEES)
def lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    """The sum of the lot, where it is, who has it, where it came from, what stops it."""
    return render(request, "traceability/lot.html", _lot_context(request, lot_id, HoldRestForm()))


def _lot_context(request: HttpRequest, lot_id: int, form: HoldRestForm) -> dict[str, Any]:
    found = queries.get_lot(lot_id)
    places = queries.list_places(lot_id)
    equation = queries.get_equation(lot_id, places)
    inside = queries.list_inside(lot_id, limit=INSIDE_SHOWN + 1)
    cursor = _cursor(request)
    left = queries.list_left(lot_id, after=cursor, limit=PAGE_SIZE + 1)
    receipts, lot_holds = queries.list_receipts(lot_id), queries.list_holds(lot_id)
    links = queries.list_lot_links(lot_id)
    is_held = any(hold.is_open for hold in lot_holds)
    shown = left[:PAGE_SIZE]
    parcels_left, units_left = (shown[0].parcels_in_all, shown[0].units_in_all) if shown else (0, 0)
    return {
        "lot": found,
        "sources": [link for link in links if link.is_source],
        "uses": [link for link in links if not link.is_source],
        "equation": _equation(equation, places, found, is_held=is_held),
        "places": [(place, BinKind(place.bin_kind).label) for place in places],
        "on_hand": equation.on_hand + equation.in_transit,
        "inside": [(parcel, _inside_state(parcel, is_held=is_held)) for parcel in inside[:INSIDE_SHOWN]],
        "inside_cut": len(inside) > INSIDE_SHOWN,
        "inside_units": sum(parcel.units for parcel in inside[:INSIDE_SHOWN]),
        "left": shown,
        "parcels_left": parcels_left,
        "units_left": units_left,
        "older": f"?after={encode(Cursor(shown[-1].at.isoformat(), shown[-1].parcel_id))}#left"
        if len(left) > PAGE_SIZE
        else "",
        "is_first": cursor is None,
        "receipts": receipts,
        "holds": [
            (hold, State(_KIND_HUES[HoldKind(hold.kind)], HoldKind(hold.kind).label)) for hold in lot_holds
        ],
        "is_held": is_held,
        "can_stop": request.membership.role in (Role.OWNER, *STOPS),  # type: ignore[attr-defined]
        "export_cut": parcels_left > EXPORT_MOST,
        "export_most": EXPORT_MOST,
        "form": form,
    }


def _cursor(request: HttpRequest) -> tuple[Any, int] | None:
    text = request.GET.get("after", "")
    if not text:
        return None
    cursor = decode(text)
    at = read_instant(cursor.value)
    if at is None:
        raise Invalid(_("这一页的地址不对。从第一页开始看。"), code="bad_cursor")
    return at, cursor.id


def _equation(sums: LotEquation, places: list[Place], found: TracedLot, *, is_held: bool) -> Equation:
    """What came = everywhere it is.  The parts below are shown when they are not 0; received and on hand always."""
    on_its_way = sum(place.on_hand for place in places if place.is_on_its_way)
    came = [
        (_("收进来"), sums.received),
        (_("退回"), sums.returned),
        (_("盘盈"), sums.found),
        (_("自产"), sums.made_here),
    ]
    terms = [
        Term(label, units, "" if index == 0 else "+", unit=found.unit)
        for index, (label, units) in enumerate(came)
        if units or index == 0
    ]
    stored = Term(
        _("在库，已冻结") if is_held else _("在库"),
        sums.on_hand - on_its_way,
        "=",
        "hold" if is_held else "done",
    )
    parts = [
        (_("周转箱和打包台"), on_its_way, "warn"),
        (_("已发出"), sums.shipped, "stop" if is_held else "live"),
        (_("路上"), sums.in_transit, "live"),
        (_("用进别的批次"), sums.used_in_lots, "live"),
        (_("退给供应商"), sums.sent_back, "wait"),
        (_("报损"), sums.written_off, "wait"),
        (_("丢失"), sums.lost, "wait"),
    ]
    always = {_("已发出")}
    terms += [
        stored,
        *(Term(label, units, "+", hue) for label, units, hue in parts if units or label in always),
    ]
    return Equation(terms, sums.difference, has_bar=True)


def _inside_state(parcel: ParcelInside, *, is_held: bool) -> State:
    if is_held:
        return State("hold", _("停在车上") if parcel.is_picked else _("停在货位"))
    return State(
        "live", _("在车上") if parcel.is_picked else _("在货位"), "package" if parcel.is_picked else ""
    )


@require_POST
@needs_role(*STOPS)
def hold(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Stop what is left.  No question before it: it can be taken back, and the worst day has no time."""
    form = HoldRestForm(request.POST)
    if not form.is_valid():
        return render(request, "traceability/lot.html", _lot_context(request, lot_id, form), status=422)
    found = queries.get_lot(lot_id)
    require_lots_in_scope(request.membership, [lot_id])  # type: ignore[attr-defined]
    done = hold_rest(
        lot_id=lot_id,
        document=form.cleaned_data["document"],
        reason=form.cleaned_data["reason"],
        actor_id=request.user.pk,
    )
    on_hand = sum(place.on_hand for place in queries.list_places(lot_id))
    text = _("冻结了 %(lot)s 剩下的 %(n)s %(unit)s。") % {
        "lot": found.code,
        "n": number(on_hand),
        "unit": found.unit,
    }
    if done.stopped:
        text += _("%(n)d 个楼内包裹停住。") % {"n": len(done.stopped)}
    if done.broken:
        text += _("%(n)d 个包裹的占用落空，退回审单。") % {"n": len(done.broken)}
    say(request, Toast(text, "done", undo_url=reverse("traceability:clear", args=[done.hold_id])))
    return redirect("traceability:lot", lot_id)


@require_POST
@needs_role(*STOPS)
def clear(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Clear this hold and nothing else; what gave way to it stays with its orders."""
    found = get_hold(hold_id)
    if found.lot_id:
        require_lots_in_scope(request.membership, [found.lot_id])  # type: ignore[attr-defined]
    holds.clear_hold(hold_id=hold_id, actor_id=request.user.pk)
    say(
        request,
        Toast(_("解冻了“%(document)s”。别的冻结没动；落空的占用要重新审单。") % {"document": found.document}),
    )
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return redirect("traceability:lot", found.lot_id) if found.lot_id else redirect("traceability:home")


@require_GET
@needs_role(*SEES)
def export(request: HttpRequest, lot_id: int) -> HttpResponse:
    """The parcels with this lot as CSV, in the building first, then those that left, newest first.

    Made in memory and bounded to EXPORT_MOST rows; when that cuts something, the file's name says so.  People only masked.
    """
    found = queries.get_lot(lot_id)
    inside = queries.list_inside(lot_id, limit=EXPORT_MOST + 1)
    left = queries.list_left(lot_id, after=None, limit=EXPORT_MOST + 1)
    rows = list(_csv_rows(found, inside, left))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            _("批次"),
            _("商家编码"),
            _("包裹号"),
            _("订单号"),
            _("收件人（打码）"),
            _("仓库"),
            _("数量"),
            _("在哪"),
            _("物流单号"),
            _("发货时间（带时区）"),
        ]
    )
    writer.writerows([_safe(cell) for cell in row] for row in rows[:EXPORT_MOST])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    cut = f"-first-{EXPORT_MOST}" if len(rows) > EXPORT_MOST else ""
    answer["Content-Disposition"] = f'attachment; filename="trace-lot-{lot_id}{cut}.csv"'
    return answer


def _csv_rows(found: TracedLot, inside: list[ParcelInside], left: list[ParcelLeft]) -> Iterator[list[object]]:
    parcels: list[ParcelInside | ParcelLeft] = [*inside, *left]
    for row in parcels:
        if isinstance(row, ParcelInside):
            where, at = _("在车上") if row.is_picked else _("在货位"), ""
        else:
            where, at = _("已发出"), localtime(row.at).isoformat(timespec="seconds")
        who = [row.order_number, row.receiver_mask, row.facility_name]
        yield [
            found.code,
            found.sku_code,
            f"P{row.parcel_id}",
            *who,
            row.units,
            where,
            row.tracking_number,
            at,
        ]


def _safe(cell: object) -> str:
    """A cell that a spreadsheet would run as a formula is kept as text."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(RISKY) else text


@require_GET
@needs_role(*SEES)
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Back from an order: its parcels, their lots, where each lot came from."""
    found = queries.get_order(order_id)
    parcels: dict[int, list[OrderLot]] = {}
    for row in queries.list_order_lots(order_id):
        parcels.setdefault(row.parcel_id, []).append(row)
    context = {
        "order": found,
        "status": OrderStatus(found.status).label,
        "parcels": [
            (parcel_id, rows, ParcelStatus(rows[0].parcel_status).label)
            for parcel_id, rows in parcels.items()
        ],
        "promises": queries.list_order_promises(order_id),
        "lots": len({row.lot_id for rows in parcels.values() for row in rows}),
        "now": clock.opened_at(),
    }
    return render(request, "traceability/order.html", context)
