"""Adjustments: the list, a new one, the second person's yes or no; what is expired, written off."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import db, options
from core.accounts import Role
from core.errors import ERPError, Invalid
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Action, Column, FilterTag, State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory import queries
from inventory.access import facilities_of, facility_scope, get_facility
from inventory.forms.papers import AdjustmentForm, AdjustmentLineForm, AdjustmentLines
from inventory.models import Adjustment, AdjustmentReason, AdjustmentStatus, BinKind
from inventory.options import APPROVAL_UNITS, APPROVAL_VALUE_MINOR
from inventory.paper_ids import DAY_S, new_paper_id, read_paper_id
from inventory.queries import BinCard, GoodsCard
from inventory.queries.places import (
    count_pending,
    find_lots,
    get_adjustment,
    list_adjustment_rows,
    list_expired,
)
from inventory.services.adjusting import (
    LESS_ONLY,
    AdjustmentLineInput,
    AdjustmentResult,
    adjust,
    decide,
)
from inventory.services.lots import LotInput, find_or_make_lots
from inventory.views.bins import cost_words
from inventory.views.paper_lines import (
    Books,
    find_bin,
    find_goods,
    find_lot,
    read_books,
    text_of,
)
from inventory.views.places import may

MAY_ADJUST = (Role.WAREHOUSE, Role.STORE, Role.QUALITY)
MAY_DECIDE = (Role.FINANCE, Role.QUALITY)
SEES_COST = (Role.OPERATOR, Role.FINANCE)
MAY_WRITE_OFF = (Role.WAREHOUSE, Role.QUALITY)
KnownLots = Mapping[tuple[int, str], int]  # (SKU, lot code) -> lot
HUES = {
    AdjustmentStatus.PENDING: "warn",
    AdjustmentStatus.POSTED: "done",
    AdjustmentStatus.REJECTED: "stop",
}


def state_of(status: int) -> State:
    known = AdjustmentStatus(status)
    return State(HUES[known], known.label)


@require_GET
def adjustments(request: HttpRequest) -> HttpResponse:
    """The newest first; those that wait, on request."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("facility", "")
    chosen = next((card for card in facilities if str(card.id) == asked), None)
    found = Adjustment.objects.all()
    if chosen:
        found = found.filter(facility=chosen.id)
    elif scope is not None:
        found = found.filter(facility__in=scope)
    is_pending = request.GET.get("only") == "pending"
    if is_pending:
        found = found.filter(status=AdjustmentStatus.PENDING)
    page = list_page(
        request, found, sorts={"created": Sort("created_at", is_descending=True)}, default="-created"
    )
    people = queries.list_people(row.created_by for row in page.rows)
    names = {card.id: card.name for card in facilities}
    sees_cost = may(request, *SEES_COST)
    columns = [
        Column(_("单号")),
        Column(_("仓库")),
        Column(_("原因")),
        Column(_("件数"), is_number=True),
        *([Column(_("金额（成本）"), is_number=True)] if sees_cost else []),
        Column(_("谁提的")),
        Column(_("时间"), "created"),
        Column(_("状态")),
    ]
    context = {
        "page": page,
        "rows": [
            (
                row,
                names.get(row.facility_id, "—"),
                AdjustmentReason(row.reason).label,
                people.get(row.created_by or 0),
                state_of(row.status),
            )
            for row in page.rows
        ],
        "columns": columns,
        "sees_cost": sees_cost,
        "facilities": facilities,
        "chosen": chosen,
        "is_pending": is_pending,
        "pending": count_pending(scope),
        "can_adjust": may(request, *MAY_ADJUST),
        "tags": [FilterTag(_("等人同意"), reverse("inventory:adjustments"))] if is_pending else [],
        "here": "adjustments",
    }
    return render(request, "inventory/adjustments.html", context)


@require_GET
def adjustment(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """One paper with its lines: what is there now, and what it makes of it."""
    paper = get_adjustment(adjustment_id)
    get_facility(request.membership, paper.facility_id)  # type: ignore[attr-defined]
    is_pending = paper.status == AdjustmentStatus.PENDING
    is_own = paper.created_by == request.user.pk
    context = {
        "paper": paper,
        "reason": AdjustmentReason(paper.reason).label,
        "state": state_of(paper.status),
        "rows": list_adjustment_rows(adjustment_id),
        "is_pending": is_pending,
        "is_own": is_own,
        "can_decide": is_pending and not is_own and may(request, *MAY_DECIDE),
        "sees_cost": may(request, *SEES_COST),
        "limit_units": options.get(APPROVAL_UNITS),
        "limit_value": options.get(APPROVAL_VALUE_MINOR),
    }
    return render(request, "inventory/adjustment.html", context)


@require_POST
@needs_role(*MAY_DECIDE)
def decide_adjustment(request: HttpRequest, adjustment_id: int) -> HttpResponse:
    """Yes posts it, no ends it."""
    get_facility(request.membership, get_adjustment(adjustment_id).facility_id)  # type: ignore[attr-defined]
    answer = request.POST.get("answer", "")
    if answer not in ("yes", "no"):
        raise Invalid(_("没选同意还是不同意。"), code="no_answer")
    done = decide(adjustment_id=adjustment_id, is_approved=answer == "yes", actor_id=request.user.pk)
    words = _("%(number)s 已同意，入账了。") if answer == "yes" else _("%(number)s 没同意，库存没动。")
    say(request, Toast(words % {"number": done.number} + cost_words(done.moved)))
    return redirect("inventory:adjustment", adjustment_id)


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*MAY_ADJUST)
def new_adjustment(request: HttpRequest) -> HttpResponse:
    """A reason and lines; every mistake at its field, nothing written until all are right."""
    choices = [(card.id, card.name) for card in facilities_of(request.membership)]  # type: ignore[attr-defined]
    if request.method == "GET":
        form = AdjustmentForm(
            initial={
                "token": new_paper_id(),
                "facility": request.GET.get("facility"),
                "reason": request.GET.get("reason"),
            }
        )
        names = ("bin", "goods", "lot", "quantity")
        initial = {name: request.GET.get(name, "")[:64] for name in names}
        lines = AdjustmentLines(prefix="line", initial=[initial])
        lines.extra = 0
        return _page(request, form, lines, choices)
    form, lines = AdjustmentForm(request.POST), AdjustmentLines(request.POST, prefix="line")
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    if form.is_valid() and lines.is_valid():
        try:
            with db.savepoint():
                done = _write(request, form, [line for line in lines if not line.is_blank()])
        except ERPError as refusal:
            form.add_error(None, refusal.message)
            done = None
        if done is not None:
            say(request, Toast(_told(done)))
            return redirect("inventory:adjustment", done.adjustment_id)
    return _page(request, form, lines, choices, status=422)


def _told(done: AdjustmentResult) -> str:
    if done.status == AdjustmentStatus.PENDING:
        return _("%(number)s 超过限额，等第二个人同意，库存还没动。") % {"number": done.number}
    return _("%(number)s 已入账。") % {"number": done.number} + cost_words(done.moved)


def _page(
    request: HttpRequest, form: AdjustmentForm, lines: Any, choices: list[tuple[int, str]], status: int = 200
) -> HttpResponse:
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    context = {
        "form": form,
        "lines": lines,
        "blank": AdjustmentLines(prefix="line").empty_form,
        "facilities": choices,
        "limit_units": options.get(APPROVAL_UNITS),
        "limit_value": options.get(APPROVAL_VALUE_MINOR),
    }
    return render(request, "inventory/adjustment_form.html", context, status=status)


def _write(
    request: HttpRequest, form: AdjustmentForm, lines: list[AdjustmentLineForm]
) -> AdjustmentResult | None:
    """None when a line is wrong; its form says where.  Raises what `adjust` does."""
    facility_id = form.cleaned_data["facility"]
    reason = AdjustmentReason(form.cleaned_data["reason"])
    books = read_books(
        facility_id, [text_of(line, "goods") for line in lines], [text_of(line, "bin") for line in lines]
    )
    known = find_lots(
        (books.goods[text_of(line, "goods")].id, text_of(line, "lot"))
        for line in lines
        if text_of(line, "goods") in books.goods
    )
    read = [_read_line(line, books, known, reason) for line in lines]
    if any(one is None for one in read):
        return None
    whole = [one for one in read if one is not None]
    found = find_or_make_lots([lot for _bin, _delta, lot in whole if isinstance(lot, LotInput)])
    inputs = [
        AdjustmentLineInput(bin_id, found[lot.sku_id, lot.code] if isinstance(lot, LotInput) else lot, delta)
        for bin_id, delta, lot in whole
    ]
    return adjust(
        facility_id=facility_id,
        reason=reason,
        lines=inputs,
        note=form.cleaned_data["note"],
        actor_id=request.user.pk,
        adjustment_id=read_paper_id(form.cleaned_data["token"], max_age_s=DAY_S),
    )


def _read_line(
    line: AdjustmentLineForm, books: Books, known: KnownLots, reason: AdjustmentReason
) -> tuple[int, int, int | LotInput] | None:
    """(bin, units more or fewer, lot): a lot in the hand is looked up, or made, when all lines are right."""
    place, goods = find_bin(line, "bin", books), find_goods(line, books)
    delta = line.cleaned_data.get("quantity") or 0
    if not delta and "quantity" not in line.errors:
        line.add_error("quantity", _("要填数量。"))
    if delta < 0 and reason != AdjustmentReason.OTHER:
        line.add_error("quantity", _("填件数，不用写减号。"))
    if reason in LESS_ONLY:
        delta = -delta
    lot = _lot(line, books, known, place, goods, delta) if place and goods else None
    if line.errors or place is None or lot is None:
        return None
    return place.id, delta, lot


def _lot(
    line: AdjustmentLineForm,
    books: Books,
    known: KnownLots,
    place: BinCard,
    goods: GoodsCard,
    delta: int,
) -> int | LotInput | None:
    text, expires_on = text_of(line, "lot"), line.cleaned_data.get("expires_on")
    if delta < 0 or (not text and expires_on is None):
        found = find_lot(line, books, place, goods)
        return found.lot_id if found else None
    if not text:
        line.add_error("lot", _("要填批次。"))
        return None
    if expires_on is None and (goods.id, text) in known:
        return known[goods.id, text]
    if expires_on is None and (goods.shelf_life_days or goods.shelf_life_months):
        line.add_error("expires_on", _("新的批次要填到期日。"))
        return None
    return LotInput(goods.id, text, expires_on)


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*MAY_WRITE_OFF)
def expired(request: HttpRequest) -> HttpResponse:
    """What is expired at one facility; what is chosen is written off, as one adjustment."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("facility", "")
    chosen = next((card for card in facilities if str(card.id) == asked), None) or next(
        iter(facilities), None
    )
    rows = list_expired(chosen.id) if chosen else []
    if request.method == "POST" and chosen:
        return _write_off(request, chosen.id, rows)
    url = f"{reverse('inventory:expired')}?facility={chosen.id if chosen else ''}"
    context = {
        "facilities": facilities,
        "chosen": chosen,
        "rows": [(f"{row.bin_id}-{row.lot_id}", row, BinKind(row.bin_kind).label) for row in rows],
        "units": sum(row.on_hand for row in rows),
        "page": {"total": None},  # the bulk bar offers "all" of a list that was counted
        "actions": [
            Action(
                _("报废选中的"),
                url,
                icon="trash",
                is_primary=True,
                confirm=_("报废选中的货？库存会减掉，单据和流水都留着。"),
                confirm_yes=_("报废"),
            )
        ],
        "here": "expired",
    }
    return render(request, "inventory/expired.html", context)


def _write_off(request: HttpRequest, facility_id: int, rows: list[Any]) -> HttpResponse:
    """Whole balances as they are listed now; what is no longer expired there, or gone, is not taken."""
    wanted = set(request.POST.get("ids", "").split(","))
    lines = [
        AdjustmentLineInput(row.bin_id, row.lot_id, -row.on_hand)
        for row in rows
        if f"{row.bin_id}-{row.lot_id}" in wanted
    ]
    if not lines:
        raise Invalid(_("一样都没选。"), code="nothing_chosen")
    done = adjust(
        facility_id=facility_id,
        reason=AdjustmentReason.EXPIRED,
        lines=lines,
        note="",
        actor_id=request.user.pk,
    )
    units = sum(-line.delta for line in lines)
    say(request, Toast(_told(done) + _("一共 %(n)s 件。") % {"n": number(units)}))
    url = reverse("inventory:adjustment", args=[done.adjustment_id])
    if not request.headers.get("HX-Request"):
        return redirect(url)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = url
    return answer
