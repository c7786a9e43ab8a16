"""Products and categories: list, new, rename."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.accounts import Role
from core.errors import ERPError, Forbidden
from core.web.access import needs_role
from core.web.parts import Column, FilterTag, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.forms.catalogue import CategoryForm, ProductForm
from inventory.models import Category, Product
from inventory.queries.catalogue import count_skus
from inventory.services.products import ProductInput, ensure_categories, rename_category, save_products


def _is_editor(request: HttpRequest) -> bool:
    return request.membership.role in (Role.OWNER, Role.OPERATOR)  # type: ignore[attr-defined]


@require_GET
def products(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()
    found = Product.objects.all()
    if text:
        found = found.filter(code__gte=text, code__lt=f"{text}\U0010ffff")
    page = list_page(request, found, sorts={"code": Sort("code")}, default="code")
    counts = count_skus("product_id", [row.id for row in page.rows])
    context = {
        "page": page,
        "rows": [(row, counts[row.id]) for row in page.rows],
        "columns": [
            Column(_("产品编码"), "code"),
            Column(_("名称")),
            Column(_("品牌")),
            Column(_("几个规格"), is_number=True),
            Column(_("操作"), is_hidden=True),
        ],
        "q": text,
        "tags": [FilterTag(_("编码：%(text)s") % {"text": text}, "?")] if text else [],
        "can_edit": _is_editor(request),
    }
    return render(request, "inventory/products.html", context)


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def new_product(request: HttpRequest) -> HttpResponse:
    form = ProductForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        if Product.objects.filter(code=code).exists():
            form.add_error("code", _("已经有 %(code)s 了。") % {"code": code})
        else:
            save_products([ProductInput(**form.cleaned_data)], actor_id=request.user.pk)
            say(request, Toast(_("建好了 %(code)s。") % {"code": code}))
            return redirect("inventory:products")
    return _form_page(request, form, _("建产品"), "inventory:products")


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def edit_product(request: HttpRequest, product_id: int) -> HttpResponse:
    product = get_object_or_404(Product, id=product_id)
    initial = {"code": product.code, "name": product.name, "brand": product.brand}
    form = ProductForm(request.POST or None, initial=initial, is_new=False)
    if request.method == "POST" and form.is_valid():
        save_products([ProductInput(**form.cleaned_data)], actor_id=request.user.pk)
        say(request, Toast(_("存好了 %(code)s。") % {"code": product.code}))
        return redirect("inventory:products")
    return _form_page(request, form, product.code, "inventory:products")


@require_http_methods(["GET", "POST"])
def categories(request: HttpRequest) -> HttpResponse:
    """The list, and above it the field for a new one."""
    form = CategoryForm(request.POST or None)
    if request.method == "POST":
        if not _is_editor(request):
            raise Forbidden(_("分类由运营来建。"), code="role_needed")
        if form.is_valid():
            path = form.cleaned_data["path"]
            ensure_categories([path])
            say(request, Toast(_("建好了分类 %(path)s。") % {"path": path}))
            return redirect("inventory:categories")
    page = list_page(request, Category.objects.all(), sorts={"path": Sort("path")}, default="path")
    counts = count_skus("category_id", [row.id for row in page.rows])
    context = {
        "page": page,
        "rows": [(row, counts[row.id]) for row in page.rows],
        "columns": [
            Column(_("分类"), "path"),
            Column(_("几个商品"), is_number=True),
            Column(_("操作"), is_hidden=True),
        ],
        "form": form,
        "can_edit": _is_editor(request),
    }
    return render(request, "inventory/categories.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def edit_category(request: HttpRequest, category_id: int) -> HttpResponse:
    category = get_object_or_404(Category, id=category_id)
    form = CategoryForm(request.POST or None, initial={"path": category.path})
    if request.method == "POST" and form.is_valid():
        try:
            rename_category(category_id=category_id, path=form.cleaned_data["path"], actor_id=request.user.pk)
        except ERPError as refusal:
            form.add_error("path", refusal.message)
        else:
            say(request, Toast(_("分类改成了 %(path)s。") % {"path": form.cleaned_data["path"]}))
            return redirect("inventory:categories")
    return _form_page(request, form, category.path, "inventory:categories")


def _form_page(request: HttpRequest, form: Any, title: str, back: str) -> HttpResponse:
    context = {"form": form, "title": title, "back_name": back}
    return render(request, "inventory/product_form.html", context, status=422 if form.errors else 200)
