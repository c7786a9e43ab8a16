"""What to buy, and below which number a place is too thin."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Column, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facilities_of
from inventory.errors import BadQuantity
from inventory.forms.purchasing import SafetyForm
from inventory.models import SafetyStock
from inventory.queries.purchases import list_supplier_cards
from inventory.queries.replenishing import Place, list_goods_to_buy
from inventory.rules.replenishing import Proposal
from inventory.services import proposals, safety
from inventory.services.catalogue import find_sku_ids
from inventory.shortages import list_short
from inventory.views.purchases import MAY_EDIT, is_buyer, say_saved
from inventory.views.stock import list_skus_matching

ROWS_MOST = 200
MAY_SEE = (Role.OPERATOR, Role.WAREHOUSE, Role.STORE, Role.FINANCE, Role.READONLY)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def proposed(request: HttpRequest) -> HttpResponse:
    """What is missing; the chosen rows become drafts, one a supplier and facility."""
    places = facilities_of(request.membership)  # type: ignore[attr-defined]
    names = {card.id: card.name for card in places}
    short = list_short(list(names))
    if request.method == "POST":
        return _order(request, names, short)
    found = proposals.propose(facility_ids=list(names), short=short)
    rows = found[:ROWS_MOST]
    goods = list_goods_to_buy(one.need.sku_id for one in rows) if rows else {}
    context = {
        "rows": [(one, goods[one.need.sku_id], names[one.need.facility_id], _why(one)) for one in rows],
        "total": len(found),
        "suppliers": list_supplier_cards() if rows else [],
        "has_new": any(one.supplier_name is None for one in goods.values()),
    }
    return render(request, "inventory/proposals.html", context)


def _why(one: Proposal) -> str:
    need = one.need
    if need.short:
        return _("有 %(n)s 件付了钱没货") % {"n": number(need.short)}
    return _("到手 %(n)s 件，最低 %(min)s 件") % {"n": number(need.position), "min": number(need.minimum)}


def _order(request: HttpRequest, names: Mapping[int, str], short: Mapping[Place, int]) -> HttpResponse:
    chosen = _read_chosen(request, names)
    if not chosen:
        raise BadQuantity(_("一行都没选。"))
    supplier = request.POST.get("supplier", "")
    default = int(supplier) if supplier.isascii() and supplier.isdigit() and len(supplier) < 16 else None
    ids = proposals.order_proposals(
        chosen=chosen, short=short, default_supplier_id=default, actor_id=request.user.pk
    )
    if not ids:
        say(request, Toast(_("刚有人建好了草稿，这些已经不缺了。"), "warn"))
        return redirect("inventory:proposals")
    say_saved(request, ids)
    return redirect("inventory:purchase", ids[0]) if len(ids) == 1 else redirect("inventory:purchases")


def _read_chosen(request: HttpRequest, names: Mapping[int, str]) -> dict[Place, int | None]:
    """The ticked rows: "facility-SKU", with the units that stand beside them."""
    chosen: dict[Place, int | None] = {}
    for text in request.POST.getlist("row")[:ROWS_MOST]:
        left, _dash, right = text.partition("-")
        if not (left.isdecimal() and right.isdecimal() and len(text) < 34) or int(left) not in names:
            continue
        units = request.POST.get(f"units-{text}", "").strip()
        if units and not (units.isascii() and units.isdigit() and 0 < int(units[:12]) < 2**31):
            raise BadQuantity(_("数量“%(text)s”不是 1 以上的整数。") % {"text": units[:20]})
        chosen[int(left), int(right)] = int(units) if units else None
    return chosen


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_SEE)
def safety_stock(request: HttpRequest) -> HttpResponse:
    """Minimum and target by facility and SKU; buyers paste rows."""
    places = facilities_of(request.membership)  # type: ignore[attr-defined]
    form = SafetyForm(request.POST or None)
    if request.method == "POST":
        needs_role(*MAY_EDIT)(lambda _request: HttpResponse())(request)
        if form.is_valid():
            codes = {card.code: card.id for card in places}
            rows = form.read(codes, find_sku_ids([cells[1] for _n, cells in form.table() if len(cells) > 1]))
            if not form.errors and _save(request, form, rows):
                return redirect("inventory:safety")
    asked = request.GET.get("facility", "")
    chosen = next((card for card in places if str(card.id) == asked), None)
    found = SafetyStock.objects.select_related("facility", "sku").filter(
        facility_id__in=[chosen.id] if chosen else [card.id for card in places]
    )
    text = request.GET.get("q", "").strip()
    if text:
        found = found.filter(sku_id__in=list_skus_matching(text).values_list("id", flat=True)[:1000])
    page = list_page(request, found, sorts={"id": Sort("id")}, default="-id")
    context = {
        "page": page,
        "form": form,
        "columns": [
            Column(_("仓库")),
            Column(_("商品")),
            Column(_("最低"), is_number=True),
            Column(_("补到"), is_number=True),
        ],
        "facilities": places,
        "chosen": chosen,
        "q": text,
        "is_buyer": is_buyer(request),
    }
    return render(request, "inventory/safety.html", context, status=422 if form.errors else 200)


def _save(request: HttpRequest, form: SafetyForm, rows: list[safety.SafetyInput]) -> bool:
    if not rows:
        form.add_error("rows", _("一行都没有。"))
        return False
    try:
        with db.savepoint():
            changed = safety.save_safety(rows=rows, actor_id=request.user.pk)
    except ERPError as refusal:
        form.add_error("rows", refusal.message)
        return False
    say(request, Toast(_("%(rows)s 行里改了 %(n)s 行。") % {"rows": number(len(rows)), "n": number(changed)}))
    return True
