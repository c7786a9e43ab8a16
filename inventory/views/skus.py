"""SKUs: the list, a new one, an edit, archive and restore."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import exponent, major
from core.web.parts import Column, FilterTag, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory import queries
from inventory.forms import SkuForm
from inventory.models import Barcode, Product, Sku
from inventory.models.goods import ParcelRuleChoice
from inventory.queries.catalogue import first_picture, list_category_choices, list_pictures, parts_in_bundles
from inventory.rules.goods_table import write_barcodes
from inventory.services import catalogue
from inventory.views.stock import list_skus_matching

MAY_EDIT = (Role.OPERATOR, Role.WAREHOUSE)
SEES_COSTS = (Role.OPERATOR, Role.FINANCE)
SHOWN = {"": True, "archived": False, "all": None}  # ?shown= → is_active


def sees_costs(request: HttpRequest) -> bool:
    """Cost prices are for the owner, operators and finance."""
    return request.membership.role in (Role.OWNER, *SEES_COSTS)  # type: ignore[attr-defined]


def chosen_category(request: HttpRequest) -> int | None:
    asked = request.GET.get("category", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None


def chosen_skus(request: HttpRequest) -> QuerySet[Sku]:
    """The SKUs that the list's filters choose; archived ones only when they are asked for."""
    found = list_skus_matching(request.GET.get("q", ""))
    category_id, is_active = chosen_category(request), SHOWN.get(request.GET.get("shown", ""), True)
    if category_id is not None:
        found = found.filter(category=category_id)
    return found if is_active is None else found.filter(is_active=is_active)


@require_GET
def skus(request: HttpRequest) -> HttpResponse:
    text, categories = request.GET.get("q", "").strip(), list_category_choices()
    chosen = chosen_skus(request).select_related("category").annotate(picture_id=first_picture())
    page = list_page(request, chosen, sorts={"code": Sort("code")}, default="code")
    context = {
        "page": page,
        "rows": [(sku, ParcelRuleChoice(sku.parcel_rule).label) for sku in page.rows],
        "columns": [
            Column(_("商家编码"), "code"),
            Column(_("名称")),
            Column(_("分类")),
            Column(_("重量"), is_number=True),
            Column(_("尺寸（mm）"), is_number=True),
            Column(_("大件规则")),
            Column(_("保质期"), is_number=True),
            Column(_("至少剩"), is_number=True),
            Column(_("操作"), is_hidden=True),
        ],
        "q": text,
        "tags": [FilterTag(_("编码或条码：%(text)s") % {"text": text}, without(request, "q"))]
        if text
        else [],
        "categories": categories,
        "category": chosen_category(request),
        "shown": request.GET.get("shown", ""),
        "shown_choices": [("", _("在用")), ("archived", _("已归档")), ("all", _("全部"))],
        "is_filtered": bool(text or chosen_category(request) or request.GET.get("shown")),
        "query": request.GET.urlencode(),
        "can_edit": may_edit(request),
    }
    return render(request, "inventory/skus.html", context)


def without(request: HttpRequest, name: str) -> str:
    """The address of the list without one of its filters."""
    query = request.GET.copy()
    for old in (name, "after", "before"):
        query.pop(old, None)
    return f"?{query.urlencode()}"


def may_edit(request: HttpRequest) -> bool:
    return request.membership.role in (Role.OWNER, *MAY_EDIT)  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def new_sku(request: HttpRequest) -> HttpResponse:
    form = _form(request, None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        if Sku.objects.filter(code=code).exists():
            form.add_error("code", _("已经有 %(code)s 了。") % {"code": code})
        elif (sku_id := _save(request, form)) is not None:
            say(request, Toast(_("建好了 %(code)s。") % {"code": code}))
            return redirect("inventory:sku", sku_id)
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def edit_sku(request: HttpRequest, sku_id: int) -> HttpResponse:
    sku = queries.get_sku(sku_id)
    form = _form(request, sku)
    if request.method == "POST" and form.is_valid() and _save(request, form) is not None:
        say(request, Toast(_("存好了 %(code)s。") % {"code": sku.code}))
        return redirect("inventory:sku", sku_id)
    return _page(request, form, sku)


@require_POST
@needs_role(Role.OPERATOR)
def shelve_sku(request: HttpRequest, sku_id: int) -> HttpResponse:
    """Archive a SKU, or bring it back (`restore`)."""
    sku = queries.get_sku(sku_id)
    if request.POST.get("restore"):
        catalogue.restore_skus(sku_ids=[sku_id], actor_id=request.user.pk)
        say(request, Toast(_("恢复了 %(code)s。") % {"code": sku.code}))
    else:
        catalogue.archive_skus(sku_ids=[sku_id], actor_id=request.user.pk)
        say(request, Toast(_("归档了 %(code)s。现有的货照样发，不能再采购。") % {"code": sku.code}))
    return redirect("inventory:edit_sku", sku_id)


def _form(request: HttpRequest, sku: Sku | None) -> SkuForm:
    currency = request.tenant.currency  # type: ignore[attr-defined]
    initial: dict[str, Any] = {}
    if sku is not None:
        initial = {name: getattr(sku, name) for name in SkuForm.base_fields if hasattr(sku, name)}
        owned = Barcode.objects.filter(sku_id=sku.id).order_by("code").values_list("code", "quantity")
        initial["barcodes"] = write_barcodes(owned)
        initial["category"] = sku.category_id
        initial["product"] = sku.product.code if sku.product is not None else ""
        initial["cost"] = None if sku.cost_minor is None else major(sku.cost_minor, currency)
    return SkuForm(
        request.POST or None,
        initial=initial,
        taken=_taken(request, sku.id if sku else None),
        is_new=sku is None,
        categories=list_category_choices(),
        money_digits=exponent(currency) if sees_costs(request) else None,
    )


def _save(request: HttpRequest, form: SkuForm) -> int | None:
    """The id of what was saved; None when it was refused (the form says why)."""
    code, product_id = form.cleaned_data["product"], None
    if code:
        product_id = Product.objects.filter(code=code).values_list("id", flat=True).first()
        if product_id is None:
            form.add_error("product", _("没有产品 %(code)s，先在“产品”里建。") % {"code": code})
            return None
    try:
        with db.savepoint():  # a refusal leaves nothing behind, though the page is shown
            ids = catalogue.save_skus([form.sku(product_id)], actor_id=request.user.pk)
    except ERPError as refusal:
        form.add_error(None, refusal.message)
        return None
    return next(iter(ids.values()))


def _taken(request: HttpRequest, sku_id: int | None) -> dict[str, str]:
    """Barcodes in this post that another SKU has."""
    codes = SkuForm(request.POST).barcode_list() if request.method == "POST" else ()
    owners = queries.list_barcode_owners(codes) if codes else {}
    return {code: sku_code for code, (owner_id, sku_code) in owners.items() if owner_id != sku_id}


def _page(request: HttpRequest, form: SkuForm, sku: Sku | None) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "sku": sku,
        "bundles": parts_in_bundles(sku.id) if sku else [],
        "pictures": list_pictures(sku.id) if sku else [],
        "can_shelve": request.membership.role in (Role.OWNER, Role.OPERATOR),  # type: ignore[attr-defined]
    }
    return render(request, "inventory/sku_form.html", context, status=422 if form.errors else 200)
