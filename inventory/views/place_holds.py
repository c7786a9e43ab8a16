"""What stops goods: all open holds, and a new one for a facility, a bin, or one lot there."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import db
from core.accounts import Role
from core.errors import ERPError, Forbidden
from core.web.parts import State, Toast
from core.web.toasts import say
from inventory import queries
from inventory.access import facilities_of, facility_scope
from inventory.forms.papers import PlaceHoldForm
from inventory.models import HoldKind
from inventory.queries.places import OpenHold, find_lots, list_open_holds
from inventory.services.holds import PlaceToHold, hold_places
from inventory.views.paper_lines import text_of
from inventory.views.places import may

SHOWN = 200
MAY_HOLD = (Role.QUALITY, Role.WAREHOUSE)
HUES = {HoldKind.HELD: "hold", HoldKind.QUARANTINE: "warn", HoldKind.RECALL: "stop"}


@require_http_methods(["GET", "POST"])
def place_holds(request: HttpRequest) -> HttpResponse:
    """The open holds a person may see, the newest first; those who may, stop a place here."""
    choices = [(card.id, card.name) for card in facilities_of(request.membership)]  # type: ignore[attr-defined]
    if request.method == "POST":
        if not may(request, *MAY_HOLD):
            raise Forbidden(_("冻结由质量管理和仓库来做。"), code="role_needed")
        return _hold(request, choices)
    return _page(request, PlaceHoldForm(initial={"facility": request.GET.get("facility")}), choices)


def _page(
    request: HttpRequest, form: PlaceHoldForm, choices: list[tuple[int, str]], status: int = 200
) -> HttpResponse:
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    found = list_open_holds(scope, limit=SHOWN + 1)
    context = {
        "form": form,
        "holds": [
            (
                hold,
                State(HUES[HoldKind(hold.kind)], HoldKind(hold.kind).label),
                scope_words(hold),
                _may_clear(request, hold),
            )
            for hold in found[:SHOWN]
        ],
        "is_cut": len(found) > SHOWN,
        "can_hold": may(request, *MAY_HOLD),
        "here": "holds",
    }
    return render(request, "inventory/place_holds.html", context, status=status)


def scope_words(hold: OpenHold) -> str:
    """What a hold covers."""
    place = " · ".join(part for part in (hold.facility_name, hold.bin_code) if part)
    goods = " ".join(part for part in (hold.sku_code, hold.lot_code) if part)
    if not place:
        return _("%(goods)s，哪里都停") % {"goods": goods}
    return f"{place} · {goods}" if goods else _("%(place)s 里所有的货") % {"place": place}


def _may_clear(request: HttpRequest, hold: OpenHold) -> bool:
    """A recall is cleared by those who may open one; what stops a lot everywhere, on its own page."""
    if hold.kind == HoldKind.RECALL:
        return may(request, Role.QUALITY)
    return may(request, *MAY_HOLD)


def _hold(request: HttpRequest, choices: list[tuple[int, str]]) -> HttpResponse:
    form = PlaceHoldForm(request.POST)
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    place = _read(form) if form.is_valid() else None
    if place is None:
        return _page(request, form, choices, status=422)
    try:
        with db.savepoint():
            (hold_id,) = hold_places(
                places=[place],
                kind=HoldKind(form.cleaned_data["kind"]),
                document=form.cleaned_data["document"] or _("冻结页"),
                reason=form.cleaned_data["reason"],
                actor_id=request.user.pk,
            )
    except ERPError as refusal:
        form.add_error(None, refusal.message)
        return _page(request, form, choices, status=422)
    where = " · ".join([dict(choices)[place.facility_id], *filter(None, [text_of(form, "bin")])])
    text = _("停住了 %(place)s：里面的货不再卖，也不再拣。") % {"place": where}
    say(request, Toast(text, undo_url=reverse("inventory:clear_hold", args=[hold_id])))
    return redirect("inventory:place_holds")


def _read(form: PlaceHoldForm) -> PlaceToHold | None:
    facility_id = form.cleaned_data["facility"]
    bin_text, goods_text, lot_text = (text_of(form, name) for name in ("bin", "goods", "lot"))
    bin_card = queries.list_bins_by_code(facility_id, [bin_text]).get(bin_text) if bin_text else None
    if bin_text and bin_card is None:
        form.add_error("bin", _("这个仓库没有这个货位。"))
    lot_id = None
    if goods_text or lot_text:
        goods = queries.list_goods_by_code([goods_text]).get(goods_text)
        if goods is None:
            form.add_error("goods", _("没有这个编码或条码。") if goods_text else _("要填编码或条码。"))
        else:
            lot_id = find_lots([(goods.id, lot_text)]).get((goods.id, lot_text))
            if lot_id is None:
                words = _("%(goods)s 没有这个批次。") % {"goods": goods.code}
                form.add_error("lot", words if lot_text else _("要填批次。"))
    if form.errors:
        return None
    return PlaceToHold(facility_id, bin_card.id if bin_card else None, lot_id)
