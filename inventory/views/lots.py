"""Lots: which expire when, and one lot with all that is known of it."""

from datetime import date

from django.forms import HiddenInput
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock, db
from core.accounts import Role
from core.documents import page_of
from core.errors import ERPError, Forbidden
from core.models import Membership
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Column, FilterTag, State, Toast
from core.web.toasts import say
from inventory.access import facilities_of, facility_scope, require_lots_in_scope
from inventory.errors import UnknownGoods
from inventory.forms.holds import HoldForm
from inventory.forms.lots import LotDatesForm
from inventory.models import BinKind, HoldKind, Lot
from inventory.queries import list_lot_facilities
from inventory.queries.lots import (
    PLACES_SHOWN,
    LotHold,
    LotPlace,
    LotState,
    LotSum,
    WantedLots,
    get_lot,
    list_lot_changes,
    list_lot_holds,
    list_lot_page,
    list_lot_places,
    list_lot_receipts,
    list_sums,
    near_until,
)
from inventory.queries.walking import BY_EXPIRY, BY_LOT, Edge, Order
from inventory.rules import expiry
from inventory.services import holds
from inventory.services.lot_dates import LotCorrection, correct_lots
from inventory.views.stock import HOLD_ROLES
from inventory.views.walked import walk_page

ORDERS = {"expires": BY_EXPIRY, "code": BY_LOT}
MAY_CORRECT = (Role.QUALITY, Role.WAREHOUSE)
MAY_EXTEND = (Role.OWNER, Role.QUALITY)
TRACES = (Role.OWNER, Role.QUALITY, Role.OPERATOR, Role.READONLY)
HUES = {HoldKind.HELD: "hold", HoldKind.QUARANTINE: "warn", HoldKind.RECALL: "stop"}
FIELDS = {
    "produced_on": gettext_lazy("生产日期"),
    "expires_on": gettext_lazy("到期日"),
    "supplier_lot": gettext_lazy("供应商批号"),
}


def _state_words() -> list[tuple[str, str]]:
    return [
        (LotState.SELLS, _("能卖")), (LotState.NEAR, _("快到期")), (LotState.EXPIRED, _("过期")), (LotState.HELD, _("冻结")),
    ]  # fmt: skip


@require_GET
def lots(request: HttpRequest) -> HttpResponse:
    """Lots of which something lies at the reader's facilities, or at one of them; on request also those that are used up."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = {name: request.GET.get(name, "").replace("\0", "").strip() for name in request.GET}
    chosen = next((card for card in facilities if str(card.id) == asked.get("facility")), None)
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    state = LotState(asked["state"]) if asked.get("state") in list(LotState) else None
    wanted = WantedLots(ids, asked.get("q", ""), asked.get("lot", ""), state, asked.get("empty") == "1")
    page = walk_page(
        request, ORDERS, "expires", lambda order, step: list_lot_page(wanted, order, step), _edge
    )
    sums, until = list_sums([lot.id for lot in page.rows], ids), near_until()
    tags = _tags(request, chosen.name if chosen else "")
    context = {
        "page": page,
        "rows": [
            (lot, total := sums.get(lot.id, LotSum()), _state(total, lot, is_near=_ends_before(lot, until)))
            for lot in page.rows
        ],
        "columns": [
            Column(_("批次"), "code"), Column(_("商品")), Column(_("到期"), "expires"), Column(_("生产日期")), Column(_("供应商批号")),
            Column(_("实物"), is_number=True), Column(_("已分配"), is_number=True), Column(_("状态"), is_hidden=True),
        ],
        "facilities": facilities,
        "chosen": chosen,
        "states": [("", _("全部状态")), *_state_words()],
        "state": asked.get("state", ""),
        "is_empty_too": asked.get("empty") == "1",
        "empty_url": _with(request, empty="" if asked.get("empty") == "1" else "1"),
        "q": asked.get("q", ""),
        "lot_text": asked.get("lot", ""),
        "tags": tags,
        "is_filtered": bool(tags or chosen or asked.get("state")),
    }  # fmt: skip
    return render(request, "inventory/lots.html", context)


def _edge(lot: Lot, order: Order) -> Edge:
    return Edge(lot.expires_on if order == BY_EXPIRY else lot.code, lot.id)


def _with(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name in ("after", "before", *changes):
        query.pop(name, None)
    for name, value in changes.items():
        if value:
            query[name] = value
    return f"?{query.urlencode()}"


def _tags(request: HttpRequest, facility: str) -> list[FilterTag]:
    asked = request.GET.get
    labels = {
        "facility": facility,
        "q": _("编码或条码：%(text)s") % {"text": asked("q", "")},
        "lot": _("批次：%(lot)s") % {"lot": asked("lot", "")},
        "state": dict(_state_words()).get(asked("state", ""), ""),
    }
    return [
        FilterTag(label, _with(request, **{name: ""}))
        for name, label in labels.items()
        if label and asked(name, "").strip()
    ]


def _ends_before(lot: Lot, day: date) -> bool:
    return expiry.expires_later(day, lot.expires_on)


def _state(total: LotSum, lot: Lot, *, is_near: bool) -> State:
    """The gravest of what is true of its units."""
    if total.groups.get("held"):
        return State("hold", _("冻结"))
    if total.groups.get("expired"):
        return State("stop", _("过期"), "calendar-x")
    if total.groups.get("sells") and is_near:
        return State("warn", _("快到期"), "clock-exclamation")
    if total.free:
        return State("done", _("能卖 %(n)s") % {"n": number(total.free)})
    if total.allocated:
        return State("live", _("分完了"))
    return State("wait", _("不在货位")) if total.on_hand else State("wait", _("没货了"), "package-off")


@require_http_methods(["GET", "POST"])
def lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    """One lot; those who may, put its dates right here."""
    found = get_lot(lot_id)
    places = _places(request, found)
    initial = {name: getattr(found, name) for name in FIELDS}
    if request.method == "GET":
        return _page(request, found, places, LotDatesForm(initial=initial), _hold_form(found))
    _require_corrector(request, found)
    form = LotDatesForm(request.POST, initial=initial)
    if form.is_valid() and _correct(request, found, form):
        return redirect("inventory:lot", lot_id)
    return _page(request, found, places, form, _hold_form(found), status=422)


def _places(request: HttpRequest, found: Lot) -> list[LotPlace]:
    """Where it lies for this person.  Raises UnknownGoods for who is bound to facilities that never had it."""
    membership: Membership = request.membership  # type: ignore[attr-defined]
    places = list_lot_places(found.id, [card.id for card in facilities_of(membership)])
    if not places and facility_scope(membership) is not None:
        raise UnknownGoods(_("没有这个批次。"), code="lot_not_found", lot_id=found.id)
    return places


def _page(
    request: HttpRequest,
    found: Lot,
    places: list[LotPlace],
    form: LotDatesForm,
    hold_form: HoldForm,
    status: int = 200,
) -> HttpResponse:
    membership: Membership = request.membership  # type: ignore[attr-defined]
    names = {card.id: card.name for card in facilities_of(membership)}
    ids = list(names)
    total = list_sums([found.id], ids).get(found.id, LotSum())
    states = {
        "sells": State("done", _("能卖")), "held": State("hold", _("冻结")), "expired": State("stop", _("过期"), "calendar-x"),
        "elsewhere": State("wait", _("不在货位")),
    }  # fmt: skip
    receipts = list_lot_receipts(found.id, ids)
    context = {
        "lot": found,
        "total": total,
        "state": _state(total, found, is_near=_ends_before(found, near_until())),
        "places": [
            (place, names[place.facility_id], BinKind(place.bin_kind).label, states[place.group])
            for place in places[:PLACES_SHOWN]
            if place.on_hand
        ],
        "is_cut": len(places) > PLACES_SHOWN,
        "holds": [
            (hold, _kind(hold), names.get(hold.facility_id or 0, ""), _may_clear(membership, hold))
            for hold in list_lot_holds(found.id, ids)
        ],
        "receipts": [(row, names[row.facility_id], page_of("inventory:receipt", row.receipt_id)) for row in receipts],
        "changes": [
            (one, [(FIELDS[name], before, after) for name, (before, after) in one.changes.items()])
            for one in list_lot_changes(found.id)
        ],
        "form": form,
        "hold_form": hold_form,
        "can_correct": membership.role in (Role.OWNER, *MAY_CORRECT),
        "can_extend": membership.role in MAY_EXTEND,
        "can_hold": membership.role in (Role.OWNER, *HOLD_ROLES),
        "trace_url": page_of("traceability:lot", found.id) if membership.role in TRACES else "",
        "now": clock.opened_at(),
    }  # fmt: skip
    return render(request, "inventory/lot.html", context, status=status)


def _kind(hold: LotHold) -> State:
    return State(HUES[HoldKind(hold.kind)], HoldKind(hold.kind).label)


def _hold_form(found: Lot, data: QueryDict | None = None) -> HoldForm:
    """The form of the SKU's page for this one lot; its fields have ids of their own beside those of the dates."""
    form = HoldForm({**data.dict(), "lot": found.id} if data is not None else None, auto_id="hold_%s")
    form.fields["lot"].choices = [(found.id, found.code)]  # type: ignore[attr-defined]
    form.fields["lot"].widget = HiddenInput()
    form.initial["lot"] = found.id
    return form


def _may_clear(membership: Membership, hold: LotHold) -> bool:
    """A recall is cleared by those who may open one."""
    if not hold.is_open:
        return False
    is_keeper = membership.role == Role.WAREHOUSE and hold.kind != HoldKind.RECALL
    return membership.role in (Role.OWNER, Role.QUALITY) or is_keeper


def _require_corrector(request: HttpRequest, found: Lot) -> None:
    """A date counts everywhere, so who is bound to some facilities may change only that of a lot that lies in them.  Raises Forbidden."""
    membership: Membership = request.membership  # type: ignore[attr-defined]
    if membership.role not in (Role.OWNER, *MAY_CORRECT):
        raise Forbidden(_("批次的日期由质量管理和仓库来改。"), code="role_needed")
    scope = facility_scope(membership)
    if scope is not None and set(list_lot_facilities([found.id])) - set(scope):
        raise Forbidden(_("这个批次在别的仓库也有，改了那边也算数。找质量管理来改。"), code="lot_elsewhere")


def _correct(request: HttpRequest, found: Lot, form: LotDatesForm) -> bool:
    """Whether it was done; if not, the form says why."""
    known = form.cleaned_data
    one = LotCorrection(found.id, known["produced_on"], known["expires_on"], known["supplier_lot"])
    role = request.membership.role  # type: ignore[attr-defined]
    try:
        with db.savepoint():
            done = correct_lots(
                corrections=[one],
                reason=known["reason"],
                may_extend=role in MAY_EXTEND,
                actor_id=request.user.pk,
            )
    except ERPError as refusal:
        form.add_error("expires_on", refusal.message)
        return False
    words = (
        _("批次 %(lot)s 改好了，哪个仓库都按新的算。") if done else _("批次 %(lot)s 和原来一样，没有改动。")
    )
    say(request, Toast(words % {"lot": found.code}, "done" if done else "warn"))
    return True


@require_POST
@needs_role(*HOLD_ROLES)
def hold_lot(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Stop this lot everywhere; the toast takes it back."""
    found = get_lot(lot_id)
    places = _places(request, found)
    form = _hold_form(found, request.POST)
    if not form.is_valid():
        initial = {name: getattr(found, name) for name in FIELDS}
        return _page(request, found, places, LotDatesForm(initial=initial), form, status=422)
    require_lots_in_scope(request.membership, [lot_id])  # type: ignore[attr-defined]
    (hold_id,) = holds.hold_lots(
        lot_ids=[lot_id],
        kind=HoldKind(form.cleaned_data["kind"]),
        document=form.cleaned_data["document"] or _("批次页"),
        reason=form.cleaned_data["reason"],
        actor_id=request.user.pk,
    )
    text = _("冻结了 %(sku)s 批次 %(lot)s，哪个仓库都不会再卖。") % {"sku": found.sku.code, "lot": found.code}
    say(request, Toast(text, "done", undo_url=reverse("inventory:clear_hold", args=[hold_id])))
    return redirect("inventory:lot", lot_id)
