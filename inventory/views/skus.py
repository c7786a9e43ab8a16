"""SKUs: the list, a new one, an edit."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts import Role
from core.web.access import needs_role
from core.web.parts import Column, FilterTag, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory import queries
from inventory.forms import SkuForm
from inventory.models import Sku
from inventory.models.goods import ParcelRuleChoice
from inventory.services import catalogue
from inventory.views.stock import list_skus_matching

MAY_EDIT = (Role.OPERATOR, Role.WAREHOUSE)


@require_GET
def skus(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    page = list_page(request, list_skus_matching(text), sorts={"code": Sort("code")}, default="code")
    context = {
        "page": page,
        "rows": [(sku, ParcelRuleChoice(sku.parcel_rule).label) for sku in page.rows],
        "columns": [
            Column(_("商家编码"), "code"),
            Column(_("名称")),
            Column(_("重量"), is_number=True),
            Column(_("尺寸（mm）"), is_number=True),
            Column(_("大件规则")),
            Column(_("保质期"), is_number=True),
            Column(_("至少剩"), is_number=True),
            Column(_("操作"), is_hidden=True),
        ],
        "q": text,
        "tags": [FilterTag(_("编码或条码：%(text)s") % {"text": text}, "?")] if text else [],
        "can_edit": _may_edit(request),
    }
    return render(request, "inventory/skus.html", context)


def _may_edit(request: HttpRequest) -> bool:
    return request.membership.role in (Role.OWNER, *MAY_EDIT)  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def new_sku(request: HttpRequest) -> HttpResponse:
    form = SkuForm(request.POST or None, taken=_taken(request, None))
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        if Sku.objects.filter(code=code).exists():
            form.add_error("code", _("已经有 %(code)s 了。") % {"code": code})
        else:
            ids = catalogue.save_skus([form.sku()])
            say(request, Toast(_("建好了 %(code)s。") % {"code": code}))
            return redirect("inventory:sku", ids[code])
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def edit_sku(request: HttpRequest, sku_id: int) -> HttpResponse:
    sku = queries.get_sku(sku_id)
    initial = {name: getattr(sku, name) for name in SkuForm.base_fields if hasattr(sku, name)}
    initial["barcodes"] = "\n".join(queries.list_barcodes(sku_id))
    form = SkuForm(request.POST or None, initial=initial, taken=_taken(request, sku_id), is_new=False)
    if request.method == "POST" and form.is_valid():
        catalogue.save_skus([form.sku()])
        say(request, Toast(_("存好了 %(code)s。") % {"code": sku.code}))
        return redirect("inventory:sku", sku_id)
    return _page(request, form, sku)


def _taken(request: HttpRequest, sku_id: int | None) -> dict[str, str]:
    """Barcodes in this post that another SKU has."""
    codes = SkuForm(request.POST).barcode_list() if request.method == "POST" else ()
    owners = queries.list_barcode_owners(codes) if codes else {}
    return {code: sku_code for code, (owner_id, sku_code) in owners.items() if owner_id != sku_id}


def _page(request: HttpRequest, form: SkuForm, sku: Sku | None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "sku": sku}
    return render(request, "inventory/sku_form.html", context, status=422 if form.errors else 200)
