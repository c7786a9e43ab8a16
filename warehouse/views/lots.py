"""Another lot for a line that waits to be picked: what would do, and why the rest would not."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import clock, db
from core.errors import ERPError, Invalid
from core.web.access import needs_role
from core.web.parts import Toast
from core.web.toasts import say
from inventory.services.lot_changes import change_lot, list_offers
from warehouse import queries
from warehouse.access import WORKS, get_parcel
from warehouse.errors import NoPick


@require_http_methods(["GET", "POST"])
@needs_role(*WORKS)
def pick_lot(request: HttpRequest, parcel_id: int, allocation_id: int) -> HttpResponse:
    """The bins that have these goods; the one that is chosen gives them instead."""
    parcel, place = get_parcel(request.membership, parcel_id)  # type: ignore[attr-defined]
    picks = queries.list_picks_of_parcel(parcel_id)
    pick = next((one for one in picks if one.allocation_id == allocation_id), None)
    if pick is None:
        text = _("包裹里已经没有这一行了，可能已经换过、发走或者取消。")
        raise NoPick(text, allocation_id=allocation_id)
    refusal = ""
    if request.method == "POST":
        refusal = _change(request, allocation_id)
        if not refusal:
            return redirect("warehouse:parcel", parcel_id)
    offers = list_offers(allocation_id)
    context = {
        "parcel": parcel,
        "place": place,
        "pick": pick,
        "offers": [offer for offer in offers if not offer.refusal and not offer.is_current],
        "others": [offer for offer in offers if offer.refusal],
        "refusal": refusal,
        "today": clock.today(),
    }
    return render(request, "warehouse/pick_lot.html", context, status=409 if refusal else 200)


def _change(request: HttpRequest, allocation_id: int) -> str:
    """What stands against it, in words; empty when it is done."""
    asked = request.POST.get("balance", "")
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 17):
        raise Invalid(_("选一个批次。"), code="no_lot_chosen")
    try:
        with db.savepoint():
            change_lot(allocation_id=allocation_id, to_balance_id=int(asked), actor_id=request.user.pk)
    except ERPError as refused:
        return refused.message
    say(request, Toast(_("换好了。去新的货位拿，原来的放回能卖的里。")))
    return ""
