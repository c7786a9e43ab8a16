"""Where orders ship from, who brings them and for how much, and whose orders are looked at first."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.web.access import needs_role
from core.web.formats import exponent, major
from core.web.parts import Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facilities_of, get_facility
from inventory.queries import list_people
from orders.access import ACTS, SEES, get_order, may_act
from orders.forms_rules import PRICE_FIELDS, CarrierForm, FacilityPlanForm, read_prices
from orders.models import Blocked, FacilityPlan
from orders.regions import name_of, write_regions
from orders.services.rules import BadRule, FacilityPlanInput, block, save_facility_plans, unblock
from warehouse.models import Carrier, CarrierPrice
from warehouse.services.carriers import BadCarrier, CarrierInput, NoCarrier, PriceInput, save_carriers

SPARE_ROWS = 3  # empty rows below a price table


@require_GET
@needs_role(*SEES)
def plans(request: HttpRequest) -> HttpResponse:
    """Facilities and how each takes part in routing, the first to ship first."""
    found = {plan.facility_id: plan for plan in FacilityPlan.objects.all()}
    rows = [
        (card, plan, write_regions(plan.regions) if plan else "")
        for card in facilities_of(request.membership)  # type: ignore[attr-defined]
        for plan in [found.get(card.id)]
    ]
    rows.sort(key=lambda row: (row[1] is None, -(row[1].priority if row[1] else 0), row[0].name))
    context = {"rows": rows, "can_act": may_act(request.membership)}  # type: ignore[attr-defined]
    return render(request, "orders/plans.html", context)


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def plan(request: HttpRequest, facility_id: int) -> HttpResponse:
    """One facility's plan."""
    card = get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    currency: str = request.tenant.currency  # type: ignore[attr-defined]
    found = FacilityPlan.objects.filter(facility=card.id).first()
    initial = None
    if found:
        initial = {name: getattr(found, name) for name in ("priority", "daily_parcels", "is_active")}
        initial |= {"regions": write_regions(found.regions), "cost": major(found.cost_minor, currency)}
    form = FacilityPlanForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        cost_minor = int(data["cost"].scaleb(exponent(currency)))
        limits = (data["daily_parcels"], cost_minor, data["is_active"])
        wanted = FacilityPlanInput(card.id, data["priority"], data["regions"], *limits)
        if _saved(form, lambda: save_facility_plans(plans=[wanted], actor_id=request.user.pk)):
            say(request, Toast(_("存好了。从下一张单起按新的来。")))
            return redirect("orders:plans")
    context = {"form": form, "card": card}
    return render(request, "orders/plan.html", context, status=422 if form.errors else 200)


def _saved(form: forms.Form, save: Any) -> bool:
    try:
        save()
    except (BadRule, BadCarrier) as problem:
        at = str(problem.fields.get("field", ""))
        form.add_error(at if at in form.fields else None, problem.message)
        return False
    return True


@require_GET
@needs_role(*SEES)
def carriers(request: HttpRequest) -> HttpResponse:
    """Carriers, the first to be used first, with how long their price tables are."""
    found = list(Carrier.objects.order_by("-is_active", "-priority", "name", "id")[:300])
    counts: dict[int, int] = {}
    for carrier_id in CarrierPrice.objects.filter(carrier__in=[c.id for c in found]).values_list(
        "carrier_id", flat=True
    ):
        counts[carrier_id] = counts.get(carrier_id, 0) + 1
    rows = [(carrier, counts.get(carrier.id, 0)) for carrier in found]
    context = {"rows": rows, "can_act": may_act(request.membership)}  # type: ignore[attr-defined]
    return render(request, "orders/carriers.html", context)


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def new_carrier(request: HttpRequest) -> HttpResponse:
    """A carrier that is not there yet."""
    return _carrier(request, None)


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def carrier(request: HttpRequest, carrier_id: int) -> HttpResponse:
    """One carrier with its price table."""
    found = Carrier.objects.filter(id=carrier_id).first()
    if found is None:
        raise NoCarrier(_("没有这家快递。"), carrier_id=carrier_id)
    return _carrier(request, found)


def _carrier(request: HttpRequest, found: Carrier | None) -> HttpResponse:
    currency: str = request.tenant.currency  # type: ignore[attr-defined]
    initial = None
    if found:
        initial = {name: getattr(found, name) for name in CarrierForm.base_fields}
        initial["shipping_classes"] = "、".join(found.shipping_classes)
    form = CarrierForm(request.POST or None, initial=initial)
    wrong_price: forms.ValidationError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            rows = read_prices({name: request.POST.getlist(name) for name in PRICE_FIELDS}, currency)
        except forms.ValidationError as problem:
            wrong_price = problem
        else:
            if _save_carrier(request, form, found, rows):
                say(request, Toast(_("存好了。从下一个包裹起按新的来。")))
                return redirect("orders:carriers")
    context = {
        "form": form,
        "carrier": found,
        "price_error": wrong_price.messages[0] if wrong_price else "",
        "price_row": (wrong_price.params or {}).get("row") if wrong_price else None,
        "prices": _typed(request) if request.method == "POST" else _stored(found, currency),
        "currency": currency,
    }
    return render(request, "orders/carrier.html", context, status=422 if form.errors or wrong_price else 200)


def _save_carrier(
    request: HttpRequest, form: CarrierForm, found: Carrier | None, rows: Sequence[Mapping[str, Any]]
) -> bool:
    data = form.cleaned_data
    wanted = CarrierInput(**data, prices=[PriceInput(**row) for row in rows], id=found.id if found else None)
    return _saved(form, lambda: save_carriers(carriers=[wanted], actor_id=request.user.pk))


def _stored(found: Carrier | None, currency: str) -> list[dict[str, Any]]:
    """The price table as it is shown, with empty rows below."""
    rows = CarrierPrice.objects.filter(carrier=found.id).order_by("region", "id") if found else []
    shown = [
        {
            "region": name_of(row.region) if row.region else "",
            "is_served": "yes" if row.is_served else "no",
            "first_g": row.first_g,
            "first": major(row.first_minor, currency),
            "step_g": row.step_g,
            "step": major(row.step_minor, currency),
            "cod": major(row.cod_minor, currency),
        }
        for row in rows
    ]
    return [*shown, *_spare()]


def _typed(request: HttpRequest) -> list[dict[str, Any]]:
    rows: Sequence[Sequence[str]] = list(
        zip(*(request.POST.getlist(name) for name in PRICE_FIELDS), strict=False)
    )
    return [dict(zip(PRICE_FIELDS, row, strict=True)) for row in rows] or _spare()


def _spare() -> list[dict[str, Any]]:
    return [dict.fromkeys(PRICE_FIELDS, "") for _row in range(SPARE_ROWS)]


@require_GET
@needs_role(*SEES)
def blocked(request: HttpRequest) -> HttpResponse:
    """Whose orders a rule may stop, the latest first; masked."""
    page = list_page(
        request,
        Blocked.objects.all(),
        sorts={"at": Sort("created_at", is_descending=True)},
        default="-at",
    )
    people = list_people({row.created_by for row in page.rows})
    rows = [(row, people.get(row.created_by or 0, "")) for row in page.rows]
    context = {"page": page, "rows": rows, "can_act": may_act(request.membership)}  # type: ignore[attr-defined]
    return render(request, "orders/blocked.html", context)


@require_POST
@needs_role(*ACTS)
def unblock_one(request: HttpRequest, blocked_id: int) -> HttpResponse:
    """Off the list."""
    unblock(blocked_ids=[blocked_id], actor_id=request.user.pk)
    say(request, Toast(_("从名单里去掉了。")))
    return redirect("orders:blocked")


@require_POST
@needs_role(*ACTS)
def block_one(request: HttpRequest, order_id: int) -> HttpResponse:
    """The receiver and the buyer of an order onto the list."""
    found = get_order(request.membership, order_id)  # type: ignore[attr-defined]
    new = block(order_ids=[found.id], reason=request.POST.get("reason", ""), actor_id=request.user.pk)
    say(request, Toast(_("记进拦截名单了。要停他的单，再加一条规则。") if new else _("他早就在名单里了。")))
    return redirect("orders:order", order_id)
