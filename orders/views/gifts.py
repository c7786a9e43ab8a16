"""The tenant's gift rules: what each gives to whom and has given so far, and one as a form."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.web.access import needs_role
from core.web.formats import money_symbol, number
from core.web.parts import Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from orders import queries
from orders.access import ACTS, SEES, may_act
from orders.forms_gifts import GiftRuleForm
from orders.models import GiftRule
from orders.services.gift_rules import GiftRuleInput, save_gift_rules
from orders.services.rules import BadRule, NoRule, switch
from orders.views.rules import names_of
from orders.wording_rules import Names


@require_GET
@needs_role(*SEES)
def gifts(request: HttpRequest) -> HttpResponse:
    """All gift rules by name."""
    found = GiftRule.objects.select_related("sku")
    page = list_page(request, found, sorts={"name": Sort("name")}, default="name")
    names = names_of(rule.conditions for rule in page.rows)
    rows = [(rule, says(rule, names)) for rule in page.rows]
    context = {"page": page, "rows": rows, "can_act": may_act(request.membership)}  # type: ignore[attr-defined]
    return render(request, "orders/gifts.html", context)


def says(rule: GiftRule, names: Names) -> str:
    """The conditions of a rule in one line."""
    said: dict[str, Any] = rule.conditions
    currency = said.get("currency", "CNY")
    parts = []
    if "from_minor" in said:
        parts.append(_("实付满 %(n)s") % {"n": money_symbol(said["from_minor"], currency)})
    if "to_minor" in said:
        parts.append(_("实付不超过 %(n)s") % {"n": money_symbol(said["to_minor"], currency)})
    for name, text, known in (
        ("skus", _("买了%(what)s"), names.skus),
        ("categories", _("买了类目%(what)s"), names.categories),
        ("channels", _("店铺是%(what)s"), names.channels),
    ):
        if name in said:
            parts.append(text % {"what": _("、").join(known.get(id_, str(id_)) for id_ in said[name])})
    if said.get("min_units", 1) > 1:
        words = _("每买 %(n)s 件") if said.get("is_per_multiple") else _("至少买 %(n)s 件")
        parts.append(words % {"n": number(said["min_units"])})
    if rule.is_once_per_buyer:
        parts.append(_("一个买家只送一次"))
    return _("，").join(parts) or _("每张单")


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def new_gift(request: HttpRequest) -> HttpResponse:
    """A rule that is not there yet."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def gift(request: HttpRequest, gift_rule_id: int) -> HttpResponse:
    """One gift rule."""
    found = GiftRule.objects.select_related("sku").filter(id=gift_rule_id).first()
    if found is None:
        raise NoRule(_("没有这条规则。"), ids=[gift_rule_id])
    return _edit(request, found)


def _edit(request: HttpRequest, found: GiftRule | None) -> HttpResponse:
    currency: str = request.tenant.currency  # type: ignore[attr-defined]
    initial: dict[str, Any] = {"currency": currency}
    if found is not None and request.method == "GET":
        names = names_of([found.conditions])
        skus = {**names.skus, found.sku_id: found.sku.code}
        initial = GiftRuleForm.initial_of(found, skus, names.categories, currency)
    form = GiftRuleForm(queries.list_choices(None), request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _save(request, form, found):
        say(request, Toast(_("存好了。从下一张单起按它来。")))
        return redirect("orders:gifts")
    context = {
        "form": form,
        "rule": found,
        "says": says(found, names_of([found.conditions])) if found else "",
    }
    return render(request, "orders/gift.html", context, status=422 if form.errors else 200)


def _save(request: HttpRequest, form: GiftRuleForm, found: GiftRule | None) -> bool:
    data = form.cleaned_data
    kept = (
        "quantity", "priority", "is_exclusive", "is_once_per_buyer", "most_units", "starts_at", "ends_at", "is_active",
    )  # fmt: skip
    wanted = GiftRuleInput(
        name=data["name"],
        sku_id=data["sku"],
        conditions=form.conditions(),
        id=found.id if found else None,
        **{name: data[name] for name in kept},
    )
    try:
        save_gift_rules(rules=[wanted], actor_id=request.user.pk)
    except BadRule as problem:
        at = str(problem.fields.get("field", ""))
        form.add_error(at if at in form.fields else None, problem.message)
        return False
    return True


@require_POST
@needs_role(*ACTS)
def switch_gift(request: HttpRequest, gift_rule_id: int) -> HttpResponse:
    """On or off."""
    is_active = request.POST.get("on") == "1"
    switch(kind="gift_rule", rule_ids=[gift_rule_id], is_active=is_active, actor_id=request.user.pk)
    say(request, Toast(_("开了，从下一张单起。") if is_active else _("关了，从下一张单起。")))
    return redirect("orders:gifts")
