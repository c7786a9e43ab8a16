"""Recipes: which parts make one kit."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core import db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.parts import Column, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.forms.catalogue import PartLines
from inventory.forms.kits import KitForm
from inventory.queries.kits import KitCard, get_kit, kit_skus, list_kits
from inventory.services.recipes import RecipeInput, save_recipes
from inventory.views.places import may

SEES_COST = (Role.OPERATOR, Role.FINANCE)


@require_GET
def recipes(request: HttpRequest) -> HttpResponse:
    """Kits with their parts, by code."""
    page = list_page(request, kit_skus(), sorts={"code": Sort("code")}, default="code")
    cards = list_kits([sku.id for sku in page.rows])
    sees_cost = may(request, *SEES_COST)
    columns = [
        Column(_("套装"), "code"),
        Column(_("名称")),
        Column(_("一套用什么")),
        *([Column(_("零件成本"), is_number=True)] if sees_cost else []),
    ]
    context = {
        "page": page,
        "rows": [cards[sku.id] for sku in page.rows],
        "columns": columns,
        "sees_cost": sees_cost,
        "can_edit": may(request, Role.OPERATOR),
    }
    return render(request, "inventory/recipes.html", context)


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def new_recipe(request: HttpRequest) -> HttpResponse:
    form = KitForm(request.POST or None, initial={"code": request.GET.get("sku", "")[:64]})
    lines = PartLines(request.POST or None, prefix="part")
    if (
        request.method == "POST"
        and form.is_valid()
        and lines.is_valid()
        and _save(request, form.cleaned_data["code"].strip(), form, lines)
    ):
        return redirect("inventory:recipes")
    return _page(request, form, lines, None)


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def edit_recipe(request: HttpRequest, sku_id: int) -> HttpResponse:
    """Exactly these parts from now on; with all lines empty the SKU is no kit any more."""
    card = get_kit(sku_id)
    form = KitForm(request.POST or None, initial={"code": card.code}, is_new=False)
    parts = [{"sku": line.code, "quantity": line.quantity} for line in card.lines]
    lines = PartLines(request.POST or None, prefix="part", initial=parts)
    if (
        request.method == "POST"
        and form.is_valid()
        and lines.is_valid()
        and _save(request, card.code, form, lines)
    ):
        return redirect("inventory:recipes")
    return _page(request, form, lines, card)


def _save(request: HttpRequest, code: str, form: KitForm, lines: Any) -> bool:
    """Whether it was saved; a refusal stands at the form."""
    parts = [
        (line["sku"].strip(), line["quantity"]) for line in lines.cleaned_data if line.get("sku", "").strip()
    ]
    try:
        with db.savepoint():
            save_recipes(recipes=[RecipeInput(code, parts)], actor_id=request.user.pk)
    except ERPError as refusal:
        form.add_error(None, refusal.message)
        return False
    text = _("存好了 %(code)s 的配方。") if parts else _("%(code)s 不再是套装。")
    say(request, Toast(text % {"code": code}))
    return True


def _page(request: HttpRequest, form: KitForm, lines: Any, card: KitCard | None) -> HttpResponse:
    is_wrong = bool(form.errors) or (lines.is_bound and not lines.is_valid())
    names = {line.code: line for line in card.lines} if card else {}
    context = {
        "form": form,
        "lines": [(line, names.get(str(line["sku"].value() or ""))) for line in lines],
        "management": lines.management_form,
        "card": card,
    }
    return render(request, "inventory/recipe_form.html", context, status=422 if is_wrong else 200)
