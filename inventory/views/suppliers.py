"""Suppliers: the list, a new one, an edit, the archive."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import Role
from core.web.access import needs_role
from core.web.parts import Column, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.errors import UnknownSupplier
from inventory.forms.purchasing import SupplierForm
from inventory.models import Supplier
from inventory.services import suppliers as service
from inventory.views.purchases import MAY_EDIT, is_buyer

MAY_SEE = (Role.OPERATOR, Role.FINANCE, Role.READONLY)


def _get(supplier_id: int) -> Supplier:
    found = Supplier.objects.filter(id=supplier_id).first()
    if found is None:
        raise UnknownSupplier(_("没有这个供应商。"), supplier_id=supplier_id)
    return found


@require_GET
@needs_role(*MAY_SEE)
def suppliers(request: HttpRequest) -> HttpResponse:
    """Those one may order from; the archived ones on request."""
    is_archive = request.GET.get("archived") == "1"
    found = Supplier.objects.filter(is_active=not is_archive)
    text = request.GET.get("q", "").replace("\0", "").strip()
    if text:
        found = found.filter(code__gte=text, code__lt=f"{text}\U0010ffff")
    page = list_page(request, found, sorts={"code": Sort("code")}, default="code")
    context = {
        "page": page,
        "columns": [
            Column(_("供应商编码"), "code"),
            Column(_("名称")),
            Column(_("联系人")),
            Column(_("电话")),
            Column(_("到货天数"), is_number=True),
            Column(_("操作"), is_hidden=True),
        ],
        "q": text,
        "is_archive": is_archive,
        "is_buyer": is_buyer(request),
    }
    return render(request, "inventory/suppliers.html", context)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def new_supplier(request: HttpRequest) -> HttpResponse:
    form = SupplierForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        if Supplier.objects.filter(code=code).exists():
            form.add_error("code", _("已经有 %(code)s 了。") % {"code": code})
        else:
            service.save_suppliers([form.supplier()], actor_id=request.user.pk)
            say(request, Toast(_("建好了 %(code)s。") % {"code": code}))
            return redirect("inventory:suppliers")
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_EDIT)
def edit_supplier(request: HttpRequest, supplier_id: int) -> HttpResponse:
    supplier = _get(supplier_id)
    initial = {name: getattr(supplier, name) for name in SupplierForm.base_fields}
    form = SupplierForm(request.POST or None, initial=initial, is_new=False)
    if request.method == "POST" and form.is_valid():
        service.save_suppliers([form.supplier()], actor_id=request.user.pk)
        say(request, Toast(_("存好了 %(code)s。") % {"code": supplier.code}))
        return redirect("inventory:suppliers")
    return _page(request, form, supplier)


@require_POST
@needs_role(*MAY_EDIT)
def archive_supplier(request: HttpRequest, supplier_id: int) -> HttpResponse:
    """Out of the list of those one may order from; the toast takes it back."""
    return _set_active(request, supplier_id, is_active=False)


@require_POST
@needs_role(*MAY_EDIT)
def restore_supplier(request: HttpRequest, supplier_id: int) -> HttpResponse:
    return _set_active(request, supplier_id, is_active=True)


def _set_active(request: HttpRequest, supplier_id: int, *, is_active: bool) -> HttpResponse:
    supplier = _get(supplier_id)
    service.set_active([supplier_id], is_active=is_active, actor_id=request.user.pk)
    name = "archive_supplier" if is_active else "restore_supplier"
    text = _("%(code)s 又能下单了。") if is_active else _("%(code)s 停用了，以前的单子都在。")
    undo_url = reverse(f"inventory:{name}", args=[supplier_id])
    say(request, Toast(text % {"code": supplier.code}, undo_url=undo_url))
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return redirect("inventory:suppliers")


def _page(request: HttpRequest, form: SupplierForm, supplier: Supplier | None) -> HttpResponse:
    context = {"form": form, "supplier": supplier}
    return render(request, "inventory/supplier_form.html", context, status=422 if form.errors else 200)
