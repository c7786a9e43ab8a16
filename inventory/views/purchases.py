"""Purchase orders: the list, one order with what came of it, its states, its table."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.accounts import Role
from core.sheets.writing import BOM, csv_part
from core.web.access import needs_role
from core.web.formats import money, number
from core.web.parts import Column, FilterTag, State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facilities_of, facility_scope, get_facility
from inventory.errors import UnknownDocument
from inventory.models import PurchaseOrder
from inventory.models.purchases import PurchaseStatus
from inventory.queries.purchases import (
    PurchaseSums,
    is_overdue,
    list_deliveries,
    list_purchase_lines,
    list_supplier_cards,
    sum_purchases,
)
from inventory.services import purchasing

MAY_SEE = (Role.OPERATOR, Role.WAREHOUSE, Role.STORE, Role.FINANCE, Role.READONLY)
MAY_EDIT = (Role.OPERATOR,)
SEES_PRICES = (Role.OWNER, Role.OPERATOR, Role.FINANCE)
OVERDUE = "overdue"

STATES = {
    PurchaseStatus.DRAFT: State("wait", PurchaseStatus.DRAFT.label, "pencil"),
    PurchaseStatus.OPEN: State("live", PurchaseStatus.OPEN.label, "truck"),
    PurchaseStatus.CLOSED: State("done", gettext_lazy("已关单")),
    PurchaseStatus.CANCELLED: State("wait", PurchaseStatus.CANCELLED.label, "ban"),
}


def role_of(request: HttpRequest) -> Role:
    return Role(request.membership.role)  # type: ignore[attr-defined]


def is_buyer(request: HttpRequest) -> bool:
    return role_of(request) in (Role.OWNER, *MAY_EDIT)


def get_purchase(request: HttpRequest, purchase_id: int) -> PurchaseOrder:
    """One order with its supplier and facility.  Raises UnknownDocument, also for one of a facility that is not his."""
    found = PurchaseOrder.objects.select_related("supplier", "facility").filter(id=purchase_id).first()
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    if found is None or (scope is not None and found.facility_id not in scope):
        raise UnknownDocument(_("没有这张采购单。"), purchase_id=purchase_id)
    return found


def state_of(order: PurchaseOrder, sums: PurchaseSums) -> State:
    """What needs a person is told first: late, then partly come."""
    if order.status == PurchaseStatus.OPEN and is_overdue(order.expected_on, clock.today()):
        return State("stop", _("过期没到"), "calendar-exclamation")
    if order.status == PurchaseStatus.OPEN and sums.received:
        return State("live", _("到了一部分"), "truck-loading")
    if order.status == PurchaseStatus.CLOSED and not sums.open_units:
        return State("done", _("已收齐"))
    return STATES[PurchaseStatus(order.status)]


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _chosen(request: HttpRequest) -> tuple[QuerySet[PurchaseOrder], list[FilterTag]]:
    """The orders that the address asks for, and the filters in force."""
    found = PurchaseOrder.objects.select_related("supplier", "facility")
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    if scope is not None:
        found = found.filter(facility_id__in=scope)
    tags = []
    number_asked = request.GET.get("q", "").replace("\0", "").strip()
    if number_asked:
        found = found.filter(number=number_asked.upper())
        tags.append(FilterTag(_("单号：%(text)s") % {"text": number_asked}, _without(request, "q")))
    status = request.GET.get("status", "")
    if status == OVERDUE:
        found = found.filter(status=PurchaseStatus.OPEN, expected_on__lt=clock.today())
    elif status in PurchaseStatus.names:
        found = found.filter(status=PurchaseStatus[status])
    if (facility := _whole(request.GET.get("facility", ""))) is not None:
        found = found.filter(facility_id=facility)
    if (supplier := _whole(request.GET.get("supplier", ""))) is not None:
        found = found.filter(supplier_id=supplier)
    return found, tags


def _without(request: HttpRequest, *names: str, **values: str) -> str:
    query = request.GET.copy()
    for name in (*names, "after", "before"):
        query.pop(name, None)
    for name, value in values.items():
        query[name] = value
    return f"?{query.urlencode()}"


@require_GET
@needs_role(*MAY_SEE)
def purchases(request: HttpRequest) -> HttpResponse:
    """All orders, the newest first; by state, supplier, facility."""
    found, tags = _chosen(request)
    newest = {"created": Sort("created_at", is_descending=True)}
    page = list_page(request, found, sorts=newest, default="-created")
    sums = sum_purchases(order.id for order in page.rows)
    status = request.GET.get("status", "")
    states = [("", _("全部")), (OVERDUE, _("过期没到"))]
    states += [(one.name, str(STATES[one].word)) for one in PurchaseStatus]
    none = PurchaseSums()
    rows = [(order, sums.get(order.id, none)) for order in page.rows]
    context = {
        "page": page,
        "rows": [(order, units, state_of(order, units)) for order, units in rows],
        "columns": [
            Column(_("单号")),
            Column(_("供应商")),
            Column(_("送到")),
            Column(_("状态")),
            Column(_("预计到货")),
            Column(_("订了"), is_number=True),
            Column(_("收了"), is_number=True),
            Column(_("还差"), is_number=True),
            Column(_("多收"), is_number=True),
            Column(_("下单"), "created"),
        ],
        "tabs": [(word, _without(request, "status", status=name), name == status) for name, word in states],
        "tags": tags,
        "q": request.GET.get("q", ""),
        "facilities": facilities_of(request.membership),  # type: ignore[attr-defined]
        "facility_id": _whole(request.GET.get("facility", "")),
        "suppliers": list_supplier_cards(),
        "supplier_id": _whole(request.GET.get("supplier", "")),
        "has_filter": any(request.GET.get(name) for name in ("q", "status", "facility", "supplier")),
        "is_buyer": is_buyer(request),
        "now": clock.opened_at(),
    }
    return render(request, "inventory/purchases.html", context)


def _context(request: HttpRequest, purchase_id: int) -> dict[str, Any]:
    order = get_purchase(request, purchase_id)
    lines = list_purchase_lines([order.id])[order.id]
    sums = sum_purchases([order.id]).get(order.id, PurchaseSums())
    sees_prices = role_of(request) in SEES_PRICES
    return {
        "order": order,
        "lines": lines,
        "sums": sums,
        "state": state_of(order, sums),
        "sees_prices": sees_prices,
        "is_draft": order.status == PurchaseStatus.DRAFT,
        "is_open": order.status == PurchaseStatus.OPEN,
        "may_cancel": order.status in (PurchaseStatus.DRAFT, PurchaseStatus.OPEN) and not sums.received,
        "is_buyer": is_buyer(request),
        "now": clock.opened_at(),
    }


@require_GET
@needs_role(*MAY_SEE)
def purchase(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """One order: ordered, received, open, over; and the deliveries that came for it."""
    context = _context(request, purchase_id) | {"deliveries": list_deliveries(purchase_id)}
    context["may_receive"] = role_of(request) in (Role.OWNER, Role.WAREHOUSE, Role.STORE)
    return render(request, "inventory/purchase.html", context)


@require_GET
@needs_role(*MAY_SEE)
def purchase_paper(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """The order on paper: for the supplier, or for the door."""
    return render(request, "inventory/purchase_paper.html", _context(request, purchase_id))


@require_GET
@needs_role(*MAY_SEE)
def purchase_csv(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """The order's lines as a table."""
    shown = _context(request, purchase_id)
    order = shown["order"]
    head = [_("单号"), _("商家编码"), _("名称"), _("单位"), _("订了"), _("收了"), _("还差"), _("多收")]
    rows: list[Sequence[object]] = [
        [order.number, x.sku, x.name, x.unit, x.quantity, x.received, x.open_units, x.over]
        for x in shown["lines"]
    ]
    if shown["sees_prices"]:
        currency = request.tenant.currency  # type: ignore[attr-defined]
        head.append(f"{_('单价')} {currency}")
        prices = [money(line.price_minor, currency).replace(",", "") for line in shown["lines"]]
        rows = [[*row, price] for row, price in zip(rows, prices, strict=True)]
    table = BOM + csv_part([head, *([str(cell) for cell in row] for row in rows)])
    answer = HttpResponse(table, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{order.number}.csv"'
    return answer


Change = Callable[..., tuple[int, ...]]


@require_POST
@needs_role(*MAY_EDIT)
def open_purchase(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """A draft becomes open."""
    return _change(request, purchase_id, purchasing.open_purchases, _("%(number)s 下单了，等到货。"))


@require_POST
@needs_role(*MAY_EDIT)
def close_purchase(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """No more will come."""
    return _change(request, purchase_id, purchasing.close_purchases, _("%(number)s 关单了，没到的不等了。"))


@require_POST
@needs_role(*MAY_EDIT)
def cancel_purchase(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """The order is void."""
    return _change(request, purchase_id, purchasing.cancel_purchases, _("%(number)s 取消了。"))


def _change(request: HttpRequest, purchase_id: int, change: Change, told: str) -> HttpResponse:
    order = get_purchase(request, purchase_id)
    get_facility(request.membership, order.facility_id)  # type: ignore[attr-defined]
    change(purchase_ids=[purchase_id], actor_id=request.user.pk)
    say(request, Toast(told % {"number": order.number}))
    return redirect("inventory:purchase", purchase_id)


def say_saved(request: HttpRequest, ids: Sequence[int]) -> None:
    """Drafts were made from proposals."""
    text = _("建好了 %(n)s 张采购单草稿，看一眼再下单。") % {"n": number(len(ids))}
    link = f"{reverse('inventory:purchases')}?status=DRAFT"
    say(request, Toast(text, link=link, link_label=_("看草稿")))
