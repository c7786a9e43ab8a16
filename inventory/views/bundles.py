"""Bundles: the list, a new one, an edit with its parts, archive and restore."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.parts import Column, FilterTag, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.forms.catalogue import BundleForm, PartLines
from inventory.models import Bundle
from inventory.queries.catalogue import BundleCard, get_bundle, list_bundles_by_id
from inventory.services import bundles as service
from inventory.services.bundles import BundleInput
from inventory.views.skus import SHOWN, without


@require_GET
def bundles(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()
    is_active = SHOWN.get(request.GET.get("shown", ""), True)
    found = Bundle.objects.all() if is_active is None else Bundle.objects.filter(is_active=is_active)
    if text:
        found = found.filter(code__gte=text, code__lt=f"{text}\U0010ffff")
    page = list_page(request, found, sorts={"code": Sort("code")}, default="code")
    cards = list_bundles_by_id([row.id for row in page.rows])
    context = {
        "page": page,
        "rows": [cards[row.id] for row in page.rows],
        "columns": [
            Column(_("组合编码"), "code"),
            Column(_("名称")),
            Column(_("子件")),
            Column(_("一套几件"), is_number=True),
            Column(_("状态"), is_hidden=True),
        ],
        "q": text,
        "tags": [FilterTag(_("编码：%(text)s") % {"text": text}, without(request, "q"))] if text else [],
        "shown": request.GET.get("shown", ""),
        "shown_choices": [("", _("在用")), ("archived", _("已归档")), ("all", _("全部"))],
        "is_filtered": bool(text or request.GET.get("shown")),
        "can_edit": request.membership.role in (Role.OWNER, Role.OPERATOR),  # type: ignore[attr-defined]
    }
    return render(request, "inventory/bundles.html", context)


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def new_bundle(request: HttpRequest) -> HttpResponse:
    form, lines = BundleForm(request.POST or None), PartLines(request.POST or None, prefix="part")
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        code = form.cleaned_data["code"]
        if Bundle.objects.filter(code=code).exists():
            form.add_error("code", _("已经有 %(code)s 了。") % {"code": code})
        elif _save(request, form, lines):
            say(request, Toast(_("建好了 %(code)s。") % {"code": code}))
            return redirect("inventory:bundles")
    return _page(request, form, lines, None)


@require_http_methods(["GET", "POST"])
@needs_role(Role.OPERATOR)
def edit_bundle(request: HttpRequest, bundle_id: int) -> HttpResponse:
    card = get_bundle(bundle_id)
    initial = {"code": card.code, "name": card.name, "is_cartons": card.is_cartons}
    form = BundleForm(request.POST or None, initial=initial, is_new=False)
    parts = [{"sku": part.code, "quantity": part.quantity} for part in card.parts]
    lines = PartLines(request.POST or None, prefix="part", initial=parts)
    if request.method == "POST" and form.is_valid() and lines.is_valid() and _save(request, form, lines):
        say(request, Toast(_("存好了 %(code)s。") % {"code": card.code}))
        return redirect("inventory:bundles")
    return _page(request, form, lines, card)


@require_POST
@needs_role(Role.OPERATOR)
def shelve_bundle(request: HttpRequest, bundle_id: int) -> HttpResponse:
    """Archive a bundle, or bring it back (`restore`)."""
    card = get_bundle(bundle_id)
    if request.POST.get("restore"):
        service.restore_bundles(bundle_ids=[bundle_id], actor_id=request.user.pk)
        say(request, Toast(_("恢复了 %(code)s。") % {"code": card.code}))
    else:
        service.archive_bundles(bundle_ids=[bundle_id], actor_id=request.user.pk)
        say(request, Toast(_("归档了 %(code)s。已经来的订单照样拆成子件。") % {"code": card.code}))
    return redirect("inventory:edit_bundle", bundle_id)


def _save(request: HttpRequest, form: BundleForm, lines: Any) -> bool:
    """Whether it was saved; a refusal stands at the form."""
    data = form.cleaned_data
    parts = [
        (line["sku"].strip(), line["quantity"]) for line in lines.cleaned_data if line.get("sku", "").strip()
    ]
    try:
        with db.savepoint():  # a refusal leaves nothing behind, though the page is shown
            service.save_bundles(
                [BundleInput(data["code"], data["name"], parts, data["is_cartons"])], actor_id=request.user.pk
            )
    except ERPError as refusal:
        form.add_error(None, refusal.message)
        return False
    return True


def _page(request: HttpRequest, form: BundleForm, lines: Any, card: BundleCard | None) -> HttpResponse:
    is_wrong = bool(form.errors) or (lines.is_bound and not lines.is_valid())
    names = {part.code: part for part in card.parts} if card else {}
    context = {
        "form": form,
        "lines": [(line, names.get(str(line["sku"].value() or ""))) for line in lines],
        "management": lines.management_form,
        "card": card,
    }
    return render(request, "inventory/bundle_form.html", context, status=422 if is_wrong else 200)
