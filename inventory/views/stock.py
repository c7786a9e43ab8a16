"""What lies where, why so much of it is for sale, and the ledger behind it."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import clock, db
from core.accounts import Role
from core.documents import Document, list_documents
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Column, Equation, FilterTag, State, Term, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory import queries
from inventory.access import facilities_of, get_facility, require_lots_in_scope
from inventory.forms import HoldForm
from inventory.models import Barcode, BinKind, HoldKind, MoveKind, Sku
from inventory.queries import BalanceRow, FacilityCard, HoldRow, LedgerRow, PromiseLine, StockRow
from inventory.queries.problems import list_problem_skus
from inventory.rules import expiry
from inventory.services import holds
from inventory.views import lot_chart
from inventory.views.lot_chart import LotUnits

MOVES_SHOWN = 20
LEDGER_SIZE = 50
LINE_FLOORS = 2  # promised minimum dates drawn into the chart
NEAR = timedelta(days=30)  # nearer ones would lie on today's line
BALANCES_SHOWN = 200
HOLD_ROLES = (Role.QUALITY, Role.WAREHOUSE)


def list_skus_matching(text: str) -> QuerySet[Sku]:
    """SKUs whose code starts with the text, or that carry it as a barcode.  A range on the code (collation C) is what an index can start
    from; a pattern under row-level security is not."""
    found = Sku.objects.all()
    text = text.replace("\0", "").strip()
    if not text:
        return found
    by_barcode = Barcode.objects.filter(code=text).values_list("sku_id", flat=True).first()
    if by_barcode is not None:
        return found.filter(id=by_barcode)
    return found.filter(code__gte=text, code__lt=f"{text}\U0010ffff")


@require_GET
def stock(request: HttpRequest) -> HttpResponse:
    """SKUs with what lies there and what of it is for sale, over the reader's facilities or one of them."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    chosen = _chosen(request, facilities)
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    text = request.GET.get("q", "").strip()
    is_problem_only = request.GET.get("only") == "problems"
    found = list_skus_matching(text)
    if is_problem_only:
        problems = RawSQL(
            "inventory_sku.id = ANY (%s::bigint[])", (db.array(list_problem_skus(ids)),), BooleanField()
        )
        found = found.filter(problems)
    page = list_page(request, found, sorts={"code": Sort("code")}, default="code")
    rows = queries.list_stock(ids, {sku.id: sku.min_remaining_days for sku in page.rows}) if ids else []
    by_sku: dict[int, list[StockRow]] = {sku.id: [] for sku in page.rows}
    for row in rows:
        by_sku[row.sku_id].append(row)
    context = {
        "page": page,
        "rows": [
            (sku, queries.sum_stock(by_sku[sku.id], sku.id), len(by_sku[sku.id]), _links(sku.id, chosen))
            for sku in page.rows
        ],
        "columns": [
            Column(_("商品"), "code"), *(Column(label, is_number=True) for label in _labels()), Column(_("状态"), is_hidden=True),
        ],
        "facilities": facilities,
        "chosen": chosen,
        "q": text,
        "is_problem_only": is_problem_only,
        "tags": _tags(request, chosen, text),
        "problems_url": _with(request, only="" if is_problem_only else "problems"),
    }  # fmt: skip
    return render(request, "inventory/stock.html", context)


def _labels() -> list[str]:
    return [_("实物"), _("周转箱等"), _("冻结"), _("过期"), _("已分配"), _("占用"), _("效期不够"), _("可用")]


def _chosen(request: HttpRequest, facilities: Sequence[FacilityCard]) -> FacilityCard | None:
    asked = request.GET.get("facility", "")
    return next((card for card in facilities if str(card.id) == asked), None)


def _with(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name in ("after", "before", *changes):
        query.pop(name, None)
    for name, value in changes.items():
        if value:
            query[name] = value
    return f"?{query.urlencode()}"


def _tags(request: HttpRequest, chosen: FacilityCard | None, text: str) -> list[FilterTag]:
    tags = []
    if chosen:
        tags.append(FilterTag(chosen.name, _with(request, facility="")))
    if text:
        tags.append(FilterTag(_("编码或条码：%(text)s") % {"text": text}, _with(request, q="")))
    if request.GET.get("only") == "problems":
        tags.append(FilterTag(_("只看有问题的"), _with(request, only="")))
    return tags


@require_GET
def sku(request: HttpRequest, sku_id: int) -> HttpResponse:
    """Why so much on hand is so much for sale: the sum, lots along time, bins, holds, promises, the newest moves."""
    return render(request, "inventory/sku_stock.html", _sku_context(request, sku_id, HoldForm()))


def _sku_context(request: HttpRequest, sku_id: int, form: HoldForm) -> dict[str, Any]:
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    goods, barcodes = queries.get_sku_with_barcodes(sku_id)
    chosen = _chosen(request, facilities)
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    stock_now = queries.explain_stock(ids, goods)
    balances, lines = stock_now.balances, stock_now.lines
    total = queries.sum_stock(stock_now.rows, sku_id)
    lots = lot_chart.lots_of(row for balance in balances for row in _groups(balance))
    names = {card.id: card.name for card in facilities}
    form.fields["lot"].choices = [(lot.lot_id, lot.code) for lot in lots]  # type: ignore[attr-defined]
    return {
        "sku": goods,
        "barcodes": barcodes,
        "facilities": facilities,
        "chosen": chosen,
        "total": total,
        "equation": _equation(total, balances, goods, chosen),
        "stock_rows": [(names[row.facility_id], row) for row in stock_now.rows],
        "chart": lot_chart.draw(lots, clock.today(), _floors(goods, lines)),
        "lots": [(lot, _lot_state(lot)) for lot in lots],
        "balances": [
            (row, names[row.facility_id], BinKind(row.bin_kind).label) for row in balances[:BALANCES_SHOWN]
        ],
        "balances_left_out": max(0, len(balances) - BALANCES_SHOWN),
        "promise_lines": [
            (line, names[line.facility_id], line.min_expires_on == queries.ANCHOR) for line in lines
        ],
        "holds": [
            (hold, names.get(hold.facility_id or 0, ""), _can_clear(request, hold))
            for hold in queries.list_holds([lot.lot_id for lot in lots], ids)
        ],
        "hold_form": form,
        "can_hold": request.membership.role in (Role.OWNER, *HOLD_ROLES),  # type: ignore[attr-defined]
        "can_receive": request.membership.role in (Role.OWNER, Role.WAREHOUSE, Role.STORE),  # type: ignore[attr-defined]
        "moves_url": f"{reverse('inventory:moves', args=[sku_id])}{_with(request)}",
    }


@require_GET
def moves(request: HttpRequest, sku_id: int) -> HttpResponse:
    """The newest moves of a SKU, for the card that asks after the page has come."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    chosen = _chosen(request, facilities)
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    queries.get_sku(sku_id)
    found = queries.list_recent_moves(ids, sku_id, MOVES_SHOWN)
    return render(request, "inventory/moves.html", {"moves": _moves(found), "now": clock.opened_at()})


def _moves(found: Sequence[LedgerRow]) -> list[tuple[LedgerRow, str, Document]]:
    """Each move with its kind in words and its document by name."""
    documents = list_documents(move.document_id for move in found)
    unknown = {move.document_id: Document(str(move.document_id)) for move in found}
    return [
        (move, str(MoveKind(move.kind).label), documents.get(move.document_id, unknown[move.document_id]))
        for move in found
    ]


def _groups(row: BalanceRow) -> list[tuple[int, str, date | None, str, int]]:
    """A balance's units as the chart draws them: what sells is parted into allocated and free."""
    lot = row.lot_id, row.lot_code, row.expires_on
    if row.sells:
        return [(*lot, "allocated", row.allocated), (*lot, "free", row.on_hand - row.allocated)]
    return [(*lot, row.group, row.on_hand)]


def _links(sku_id: int, chosen: FacilityCard | None) -> dict[str, str]:
    """Where each number of a SKU leads: the rows it is the sum of."""
    here = {"facility": chosen.id} if chosen else {}
    rows, taken = reverse("inventory:balances"), reverse("inventory:taken", args=[sku_id])
    ledger = reverse("inventory:sku_ledger", args=[sku_id])
    states = {
        state: f"{rows}?{urlencode({'sku': sku_id, 'state': state} | here)}"
        for state in ("elsewhere", "held", "expired")
    }
    tabs = {tab: f"{taken}?{urlencode({'tab': tab} | here)}" for tab in ("allocated", "promised")}
    return {"ledger": f"{ledger}?{urlencode(here)}", **states, **tabs}


def _equation(
    total: StockRow, balances: Sequence[BalanceRow], goods: Sku, chosen: FacilityCard | None
) -> Equation:
    """On hand down to available; behind it the ledger: what the last moves left must be what is there.  A number opens what it is
    made of.
    """
    links = _links(goods.id, chosen)
    parts = [
        (_("周转箱等"), total.elsewhere, "wait", "elsewhere"), (_("冻结"), total.held, "hold", "held"),
        (_("过期"), total.expired, "stop", "expired"), (_("已分配"), total.allocated, "live", "allocated"),
        (_("占用"), total.promised, "live", "promised"), (_("效期不够"), total.short_dated, "warn", ""),
    ]  # fmt: skip
    always = {_("冻结"), _("占用")}
    terms = [Term(_("实物"), total.on_hand, unit=goods.unit, url=links["ledger"])]
    terms += [
        Term(label, units, "−", hue, url=links.get(name, ""))
        for label, units, hue, name in parts
        if units or label in always
    ]
    terms.append(Term(_("可用，还能卖"), total.available, "=", "done"))
    against_ledger = sum(row.on_hand - row.ledger for row in balances)
    return Equation(terms, total.difference or against_ledger, _("和流水对上，差 0"))


def _floors(goods: Sku, lines: Sequence[PromiseLine]) -> list[tuple[date, str]]:
    today = clock.today()
    floors = [(today, _("今天"))]
    own = queries.minimum_expiry(today, goods.min_remaining_days)
    if goods.min_remaining_days:
        floors.append((own, _("至少剩 %(n)d 天") % {"n": goods.min_remaining_days}))
    dates = sorted(
        {line.min_expires_on for line in lines if expiry.is_dated_after(line.min_expires_on, today + NEAR)}
        - {own}
    )
    return floors + [(day, _("已答应 ≥ %(day)s") % {"day": f"{day:%Y-%m-%d}"}) for day in dates[:LINE_FLOORS]]


def _lot_state(lot: LotUnits) -> State:
    units = lot.units
    if units.get("held"):
        return State("hold", _("冻结"))
    if units.get("expired"):
        return State("stop", _("过期"), "calendar-x")
    if units.get("free"):
        return State("done", _("能卖 %(n)s") % {"n": number(units["free"])})
    if units.get("allocated"):
        return State("live", _("分完了"))
    return State("wait", _("不在货位"))


def _can_clear(request: HttpRequest, hold: HoldRow) -> bool:
    """A recall is cleared by those who may open one."""
    role = request.membership.role  # type: ignore[attr-defined]
    return role in (Role.OWNER, Role.QUALITY) or (role == Role.WAREHOUSE and hold.kind != HoldKind.RECALL)


@require_POST
@needs_role(*HOLD_ROLES)
def hold(request: HttpRequest, sku_id: int) -> HttpResponse:
    """Stop one lot of this SKU everywhere; the toast takes it back."""
    form = HoldForm(request.POST)
    goods = queries.get_sku(sku_id)
    form.fields["lot"].choices = queries.list_lot_choices(sku_id)  # type: ignore[attr-defined]
    if not form.is_valid():
        return render(request, "inventory/sku_stock.html", _sku_context(request, sku_id, form), status=422)
    lot_id = int(form.cleaned_data["lot"])
    require_lots_in_scope(request.membership, [lot_id])  # type: ignore[attr-defined]
    held = holds.hold_lots(
        lot_ids=[lot_id],
        kind=HoldKind(form.cleaned_data["kind"]),
        document=form.cleaned_data["document"] or _("库存页"),
        reason=form.cleaned_data["reason"],
        actor_id=request.user.pk,
    )
    lot = dict(form.fields["lot"].choices)[lot_id]  # type: ignore[attr-defined]
    text = _("冻结了 %(sku)s 批次 %(lot)s，哪个仓库都不会再卖。") % {"sku": goods.code, "lot": lot}
    say(request, Toast(text, "done", undo_url=reverse("inventory:clear_hold", args=[held[0]])))
    return redirect("inventory:sku", sku_id)


@require_POST
@needs_role(*HOLD_ROLES)
def clear_hold(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Clear one hold; others on the same lot stay."""
    found = queries.get_hold(hold_id)
    if not _can_clear(request, found):
        needs_role(Role.QUALITY)(lambda _request: HttpResponse())(request)
    if found.facility_id:
        get_facility(request.membership, found.facility_id)  # type: ignore[attr-defined]
    elif found.lot_id:
        require_lots_in_scope(request.membership, [found.lot_id])  # type: ignore[attr-defined]
    holds.clear_hold(hold_id=hold_id, actor_id=request.user.pk)
    say(request, Toast(_("解冻了“%(reason)s”。这个批次别的冻结没动。") % {"reason": found.reason[:40]}))
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    is_of_lot = found.lot_id and not found.facility_id
    sku_id = queries.find_sku_of_lot(found.lot_id) if is_of_lot and found.lot_id else None
    return redirect("inventory:sku", sku_id) if sku_id else redirect("inventory:place_holds")


@require_GET
def balance(request: HttpRequest, balance_id: int) -> HttpResponse:
    """The ledger of one lot in one bin: what it was, what came or went, what was left."""
    place = queries.get_balance(balance_id)
    get_facility(request.membership, place.facility_id)  # type: ignore[attr-defined]
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 10 else None
    found = queries.list_ledger(balance_id, before_seq=before, limit=LEDGER_SIZE + 1)
    rows, more = found[:LEDGER_SIZE], found[LEDGER_SIZE:]
    newest = rows[0].after if rows and before is None else None
    context = {
        "place": place,
        "bin_kind": BinKind(place.bin_kind).label,
        "moves": _moves(rows),
        "difference": None if before is not None else place.on_hand - (newest or 0),
        "older": f"?before={rows[-1].seq}" if more else "",
        "is_first": before is None,
        "now": clock.opened_at(),
    }
    return render(request, "inventory/balance.html", context)
