"""A new purchase order, and a draft that is changed."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import clock, db
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import major
from core.web.parts import Toast
from core.web.toasts import say
from inventory.access import facilities_of
from inventory.errors import WrongState
from inventory.forms.paper_lines import read_goods
from inventory.forms.purchasing import PurchaseForm, PurchaseLines
from inventory.models import PurchaseOrder
from inventory.models.purchases import PurchaseStatus
from inventory.paper_ids import new_paper_id, read_paper_id
from inventory.queries.purchases import SupplierCard, list_purchase_lines, list_supplier_cards
from inventory.queries.receiving import list_scanned_goods
from inventory.services import purchasing
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput
from inventory.views.purchases import MAY_EDIT, get_purchase


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def new_purchase(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def edit_purchase(request: HttpRequest, purchase_id: int) -> HttpResponse:
    order = get_purchase(request, purchase_id)
    if order.status != PurchaseStatus.DRAFT:
        text = _("采购单 %(number)s 不是草稿了，不能改。") % {"number": order.number}
        if request.method == "POST":
            raise WrongState(text)
        say(request, Toast(text, "warn"))
        return redirect("inventory:purchase", order.pk)
    return _edit(request, order)


def _edit(request: HttpRequest, order: PurchaseOrder | None) -> HttpResponse:
    suppliers = list_supplier_cards()
    if request.method == "GET":
        form, lines = _initial(request, order)
    else:
        form, lines = PurchaseForm(request.POST), PurchaseLines(request.POST, prefix="line")
    places = facilities_of(request.membership)  # type: ignore[attr-defined]
    form.fields["supplier"].choices = [(s.id, f"{s.code} {s.name}") for s in suppliers]  # type: ignore[attr-defined]
    form.fields["facility"].choices = [(card.id, card.name) for card in places]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        change = _read(request, form, lines, suppliers)
        if change is not None:
            try:
                with db.savepoint():
                    return _save(request, order, change)
            except ERPError as refusal:
                form.add_error(None, refusal.message)
    context = {
        "form": form,
        "lines": lines,
        "blank": PurchaseLines(prefix="line").empty_form,
        "order": order,
        "suppliers": suppliers,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "inventory/purchase_form.html", context, status=status)


def _initial(request: HttpRequest, order: PurchaseOrder | None) -> tuple[PurchaseForm, Any]:
    if order is None:
        head: dict[str, Any] = {"paper": new_paper_id(), "supplier": request.GET.get("supplier")}
        rows: list[dict[str, Any]] = [{"goods": request.GET.get("goods", "")}]
    else:
        head = {
            "supplier": order.supplier_id,
            "facility": order.facility_id,
            "expected_on": order.expected_on,
            "note": order.note,
        }
        currency = request.tenant.currency  # type: ignore[attr-defined]
        rows = [
            {
                "goods": line.sku,
                "quantity": line.quantity,
                "price": None if line.price_minor is None else major(line.price_minor, currency),
            }
            for line in list_purchase_lines([order.pk])[order.pk]
        ]
    return PurchaseForm(initial=head), PurchaseLines(prefix="line", initial=rows)


def _read(
    request: HttpRequest, form: PurchaseForm, lines: Any, suppliers: list[SupplierCard]
) -> PurchaseInput | None:
    filled = [line for line in lines if not line.is_blank()]
    if not filled:
        form.add_error(None, _("一行都没填。扫一件商品，或者输编码。"))
        return None
    found = read_goods(filled, list_scanned_goods([line.cleaned_data["goods"].strip() for line in filled]))
    currency = request.tenant.currency  # type: ignore[attr-defined]
    prices = [line.price_minor(currency) for line in filled]
    if found is None or any(line.errors for line in filled):
        return None
    data = form.cleaned_data
    return PurchaseInput(
        data["supplier"],
        data["facility"],
        tuple(
            PurchaseLineInput(goods.id, line.cleaned_data["quantity"], price)
            for (goods, line), price in zip(found, prices, strict=True)
        ),
        data["expected_on"] or _expected_on(data["supplier"], suppliers),
        data["note"],
        read_paper_id(data["paper"]),
    )


def _expected_on(supplier_id: int, suppliers: list[SupplierCard]) -> date | None:
    days = next((one.lead_days for one in suppliers if one.id == supplier_id), None)
    return None if days is None else clock.today() + timedelta(days=days)


def _save(request: HttpRequest, order: PurchaseOrder | None, change: PurchaseInput) -> HttpResponse:
    """Save as a draft, or order at once by the second button."""
    if order is None:
        (purchase_id,) = purchasing.create_purchases(purchases=[change], actor_id=request.user.pk)
    else:
        purchase_id = order.pk
        purchasing.edit_purchase(purchase_id=purchase_id, change=change, actor_id=request.user.pk)
    if request.POST.get("open"):
        purchasing.open_purchases(purchase_ids=[purchase_id], actor_id=request.user.pk)
        say(request, Toast(_("下单了，等到货。")))
    else:
        say(request, Toast(_("草稿存好了，还没下单。")))
    return redirect("inventory:purchase", purchase_id)
