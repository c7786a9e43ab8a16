"""The tenant's audit rules: what each stopped, one rule as a form, and what a changed one would have stopped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.web.access import needs_role
from core.web.formats import percent
from core.web.parts import Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facility_scope
from inventory.models import Category, Sku
from orders import queries, wording_rules
from orders.access import ACTS, SEES, may_act
from orders.forms_rules import DAYS, AuditRuleForm
from orders.models import AuditRule, Order
from orders.rules.audit_rules import Need, Rule, check_conditions, needs_of
from orders.services.dry_run import DryRun, dry_run
from orders.services.rules import AuditRuleInput, BadRule, NoRule, save_audit_rules, switch
from orders.wording_rules import Names


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, said in one line, and in how many orders it found something."""

    rule: AuditRule
    says: str
    week: int
    month: int


@require_GET
@needs_role(*SEES)
def rules(request: HttpRequest) -> HttpResponse:
    """All rules by name, with what each found in 7 and 30 days."""
    page = list_page(request, AuditRule.objects.all(), sorts={"name": Sort("name")}, default="name")
    counts = queries.list_rule_counts([rule.id for rule in page.rows]) if page.rows else {}
    names = names_of(rule.conditions for rule in page.rows)
    rows = [
        RuleRow(rule, wording_rules.sentence(rule.conditions, names), *counts.get(rule.id, (0, 0)))
        for rule in page.rows
    ]
    context = {"page": page, "rows": rows, "can_act": may_act(request.membership)}  # type: ignore[attr-defined]
    return render(request, "orders/rules.html", context)


def names_of(conditions: Iterable[Mapping[str, Any]]) -> Names:
    """What the shops, goods and categories in these conditions are called; a statement a kind that is named."""
    wanted: dict[str, set[int]] = {"channels": set(), "skus": set(), "categories": set()}
    for one in conditions:
        for kind, ids in wanted.items():
            ids.update(one.get(kind, ()))
    channels = queries.list_choices(None).channels if wanted["channels"] else {}
    skus = dict(Sku.objects.filter(id__in=wanted["skus"]).values_list("id", "code")) if wanted["skus"] else {}
    paths = Category.objects.filter(id__in=wanted["categories"]).values_list("id", "path")
    return Names(channels, skus, dict(paths) if wanted["categories"] else {})


@require_http_methods(["GET", "POST"])
@needs_role(*SEES)
def new_rule(request: HttpRequest) -> HttpResponse:
    """A rule that is not there yet."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@needs_role(*SEES)
def rule(request: HttpRequest, audit_rule_id: int) -> HttpResponse:
    """One rule: changed by who may act, read by the others."""
    found = AuditRule.objects.filter(id=audit_rule_id).first()
    if found is None:
        raise NoRule(_("没有这条规则。"), ids=[audit_rule_id])
    return _edit(request, found)


def _edit(request: HttpRequest, found: AuditRule | None) -> HttpResponse:
    can_act = may_act(request.membership)  # type: ignore[attr-defined]
    form = _form(request, found)
    if request.method == "POST":
        if not can_act:
            return redirect("orders:rules")
        if form.is_valid() and _save(request, form, found):
            say(request, Toast(_("存好了。从下一张单起按它来。")))
            return redirect("orders:rules")
    names = names_of([found.conditions]) if found else Names()
    context = {
        "form": form,
        "rule": found,
        "says": wording_rules.sentence(found.conditions, names) if found else "",
        "can_act": can_act,
        "days": DAYS,
    }
    return render(request, "orders/rule.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, found: AuditRule | None) -> AuditRuleForm:
    choices = queries.list_choices(None)
    currency: str = request.tenant.currency  # type: ignore[attr-defined]
    if request.method == "POST":
        return AuditRuleForm(choices, request.POST)
    if found is None:
        return AuditRuleForm(choices, initial={"currency": currency})
    names = names_of([found.conditions])
    shown = AuditRuleForm.initial_of(found.conditions, names.skus, names.categories, currency)
    shown |= {"name": found.name, "stops": "yes" if found.stops else "no"}
    return AuditRuleForm(choices, initial=shown)


def _save(request: HttpRequest, form: AuditRuleForm, found: AuditRule | None) -> bool:
    data = form.cleaned_data
    wanted = AuditRuleInput(
        data["name"],
        form.conditions(),
        data["stops"] == "yes",
        found.is_active if found else True,
        found.id if found else None,
    )
    try:
        save_audit_rules(rules=[wanted], actor_id=request.user.pk)
    except BadRule as problem:
        at = str(problem.fields.get("field", ""))
        form.add_error(at if at in form.fields else None, problem.message)
        return False
    return True


@require_POST
@needs_role(*ACTS)
def switch_rule(request: HttpRequest, audit_rule_id: int) -> HttpResponse:
    """On or off."""
    is_active = request.POST.get("on") == "1"
    switch(kind="audit_rule", rule_ids=[audit_rule_id], is_active=is_active, actor_id=request.user.pk)
    say(request, Toast(_("开了，从下一张单起。") if is_active else _("关了，从下一张单起。")))
    return redirect("orders:rules")


@require_POST
@needs_role(*SEES)
def try_rule(request: HttpRequest) -> HttpResponse:
    """What the rule in the form would have stopped in the last days; writes nothing."""
    form = AuditRuleForm(queries.list_choices(None), request.POST)
    if not form.is_valid():
        return render(request, "orders/rule_try.html", {"faults": _faults(form)}, status=200)
    conditions = form.conditions()
    faults = [wording_rules.fault(problem) for problem in check_conditions(conditions)]
    if faults:
        return render(request, "orders/rule_try.html", {"faults": faults})
    wanted = Rule(0, form.cleaned_data["name"], conditions, form.cleaned_data["stops"] == "yes")
    asked = request.POST.get("days", "")
    done = dry_run(rule=wanted, days=int(asked) if asked in {str(days) for days, _word in DAYS} else 7)
    context = {
        "done": done,
        "share": percent(done.found, done.looked_at, 1) if done.looked_at else "",
        "orders": _first(request, done),
        "asks_now": bool(needs_of([wanted]) & {Need.SHELF, Need.BLOCKED, Need.COST}),
        "stops": wanted.stops,
    }
    return render(request, "orders/rule_try.html", context)


def _faults(form: AuditRuleForm) -> list[str]:
    """What is wrong with the form, each with the field's name."""
    return [
        f"{form.fields[name].label}：{error}" if name in form.fields else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ]


def _first(request: HttpRequest, done: DryRun) -> list[Order]:
    """The orders that a dry run names, as far as this person may see them, in its order."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    found = queries.list_orders(scope).filter(id__in=done.first).select_related("channel")
    by_id = {order.id: order for order in found}
    return [by_id[id_] for id_ in done.first if id_ in by_id]
