"""What platforms are told of decisions on refunds: by state and shop, and said again."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.web.access import needs_role
from core.web.parts import Queue, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facility_scope
from orders.access import ACTS, SEES, may_act
from orders.errors import NoRefundBack
from orders.models import RefundBack, ShipBackState
from orders.services import refund_back
from orders.views.narrowing import is_id
from orders.wording_connections import SAID, say_error

MOST_RETRIED = 500
COUNT_MOST = 10_000


@require_GET
@needs_role(*SEES)
def refund_backs(request: HttpRequest) -> HttpResponse:
    """Decisions on refunds towards platforms, the newest first."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("state", "")
    state = ShipBackState[asked] if asked in ShipBackState.names else None
    found = _list(scope)
    if state is not None:
        found = found.filter(state=state)
    page = list_page(request, found, sorts={"at": Sort("created_at", is_descending=True)}, default="-at")
    can_act = may_act(request.membership)  # type: ignore[attr-defined]
    context = {
        "page": page,
        "lines": [
            (row, SAID[row.state], say_error(row.code, row.words), _may_retry(row)) for row in page.rows
        ],
        "tabs": _tabs(state, scope),
        "again": ",".join(str(row.id) for row in page.rows if can_act and _may_retry(row)),
        "has_filter": state is not None,
        "can_act": can_act,
    }
    return render(request, "orders/refund_backs.html", context)


def _list(scope: Sequence[int] | None) -> QuerySet[RefundBack]:
    found = RefundBack.objects.select_related("channel", "refund", "refund__order").defer(
        "refund__order__receiver"
    )
    return found if scope is None else found.filter(refund__order__facility__in=scope)


def _may_retry(row: RefundBack) -> bool:
    return row.state == ShipBackState.REFUSED


def _tabs(current: ShipBackState | None, scope: Sequence[int] | None) -> list[Queue]:
    base, found = reverse("orders:refund_backs"), _list(scope).select_related(None).defer(None)
    tabs = [Queue(_("全部"), base, None, is_current=current is None)]
    for state in ShipBackState:
        is_counted = state != ShipBackState.SENT
        count = found.filter(state=state).values("id")[:COUNT_MOST].count() if is_counted else None
        tabs.append(Queue(state.label, f"{base}?state={state.name}", count, is_current=state == current))
    return tabs


@require_POST
@needs_role(*ACTS)
def retry(request: HttpRequest) -> HttpResponse:
    """Say these again.  Form: ids."""
    ids = [int(part) for part in request.POST.get("ids", "").split(",")[:MOST_RETRIED] if is_id(part)]
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    mine = list(_list(scope).filter(id__in=ids).values_list("id", flat=True))
    if not mine:
        raise NoRefundBack(_("没有这条回传。"))
    done = refund_back.retry(refund_back_ids=mine)
    say(request, Toast(_("再说一次：%(n)d 条。") % {"n": done}, "live"))
    return redirect("orders:refund_backs")
