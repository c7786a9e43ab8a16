"""Receivers in clear: the fragment on an order's page and in its address form, and the page of who looked at whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock, options
from core.accounts import Role
from core.tenancy import tenant
from core.web.access import needs_role
from core.web.middleware import ahead
from core.web.opening import open_page
from core.web.parts import Toast
from core.web.tables import Page, Sort, list_page
from core.web.toasts import say
from orders import options as settings
from orders.access import MAY_BE_GIVEN_PEOPLE, SEES, get_order, may_unmask
from orders.errors import BadUnmasking, MayNotUnmask
from orders.models import Order, OrderStatus, Unmasking, UnmaskReason, UnmaskSource
from orders.queries_unmasking import Names, list_unmaskings, list_watchers, names
from orders.services import revealing, unmasking
from orders.services.unmasking import Viewer
from orders.views.narrowing import is_id
from orders.wording_unmasking import GAPS, reason_words

EDIT = "edit"  # the fragment stands in the form of the address
_HEARD = "_heard_of_receivers"


def _hear(request: HttpRequest, tenant_id: int, arguments: dict[str, Any]) -> None:
    """Ask the platform for the receiver that it hides, if this person may see it, before the transaction of the view."""
    if request.method != "POST" or isinstance(request.user, AnonymousUser):
        return
    try:
        unmasking.check_reason(request.POST.get("reason", ""), request.POST.get("note", ""))
    except BadUnmasking:
        return  # the view says it
    with tenant(tenant_id):
        if open_page(request.user.pk) is None:
            return
        viewer = Viewer(user_id=request.user.pk)
        questions = unmasking.list_questions(viewer=viewer, order_ids=[arguments["order_id"]])
    setattr(request, _HEARD, revealing.ask(tenant_id, questions))


@ahead(_hear)
@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*SEES)
def unmask(request: HttpRequest, order_id: int) -> HttpResponse:
    """GET: why, and how many are left today (with `closed`: only the button).  POST: the receiver in clear, this once.

    Never kept by a browser, never in an address.
    """
    membership = request.membership  # type: ignore[attr-defined]
    order = get_order(membership, order_id)
    if not may_unmask(membership):
        raise MayNotUnmask(_("您不能看完整的收件信息。要看的话，找老板。"))
    asked = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {"order": order, "is_edit": asked.get("for") == EDIT}
    if request.method == "POST":
        return _show(request, order, context)
    if request.GET.get("closed"):
        return render(request, "orders/unmask_closed.html", context)
    allowance = unmasking.allowance_of(Viewer(user_id=request.user.pk))
    context |= {
        "reasons": UnmaskReason.choices,
        "chosen": UnmaskReason.ADDRESS.value if context["is_edit"] else "",
        "left": allowance.left,
        "limit": allowance.limit,
        "is_known": order.id in allowance.seen,
        "longest": unmasking.LONGEST_NOTE,
    }
    return render(request, "orders/unmask.html", context)


def _show(request: HttpRequest, order: Order, context: dict[str, Any]) -> HttpResponse:
    done = unmasking.unmask(
        viewer=Viewer(user_id=request.user.pk),
        order_ids=[order.id],
        reason=request.POST.get("reason", ""),
        note=request.POST.get("note", ""),
        said=getattr(request, _HEARD, None),
    )
    seen = done.orders[0]
    context |= {
        "to": seen.receiver,
        "gap": GAPS[seen.gap] if seen.gap else "",
        "is_from_platform": seen.source == UnmaskSource.PLATFORM,
        "left": done.left,
        "limit": done.limit,
        "can_edit": order.status == OrderStatus.STOPPED
        and seen.source == UnmaskSource.STORED
        and not seen.gap
        and request.membership.role in (Role.OWNER, Role.OPERATOR),  # type: ignore[attr-defined]
    }
    return render(
        request, "orders/unmask_fields.html" if context["is_edit"] else "orders/unmask_shown.html", context
    )


# ── who looked ──


@dataclass(frozen=True, slots=True)
class Look:
    """One row of the list, in words."""

    row: Unmasking
    who: str
    why: str


@require_GET
@needs_role()
def unmaskings(request: HttpRequest) -> HttpResponse:
    """Who saw whose receiver in clear and why, the latest first; how many today; and what the owner allows."""
    known = names()
    page = list_page(
        request,
        _narrowed(request, list_unmaskings()),
        sorts={"at": Sort("at", is_descending=True)},
        default="-at",
    )
    roles = options.get(settings.UNMASK_ROLES)
    limit = options.get(settings.UNMASK_LIMIT)
    context = {
        "page": page,
        "looks": _looks(page, known),
        "watchers": [(_who(one.user_id, one.key_id, known), one) for one in list_watchers(clock.today())],
        "people": known.people,
        "person": request.GET.get("person", ""),
        "is_narrowed": bool(request.GET.get("person") or request.GET.get("order")),
        "limit": limit,
        "largest": unmasking.LARGEST_LIMIT,
        "roles": [(role.value, role.label, role.value in roles) for role in MAY_BE_GIVEN_PEOPLE],
    }
    return render(request, "orders/unmaskings.html", context)


def _narrowed(request: HttpRequest, found: QuerySet[Unmasking]) -> QuerySet[Unmasking]:
    person, order = request.GET.get("person", ""), request.GET.get("order", "")
    if is_id(person):
        found = found.filter(user_id=int(person))
    if is_id(order):
        found = found.filter(order=int(order))
    return found


def _looks(page: Page[Unmasking], known: Names) -> Sequence[Look]:
    return [
        Look(
            row,
            _who(row.user_id, row.api_key_id, known),
            reason_words({"reason": row.reason, "note": row.note}),
        )
        for row in page.rows
    ]


def _who(user_id: int | None, key_id: int | None, known: Names) -> str:
    if user_id is not None:
        return known.people.get(user_id, "—")
    return _("密钥 %(name)s") % {"name": known.keys.get(key_id or 0, "—")}


@require_POST
@needs_role()
def allow_unmasking(request: HttpRequest) -> HttpResponse:
    """How many a day, and who beside the owner."""
    text = request.POST.get("limit", "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise BadUnmasking(
            _("填 0 到 %(n)d 的数。") % {"n": unmasking.LARGEST_LIMIT}, code="bad_limit", field="limit"
        )
    unmasking.set_policy(
        limit=int(text), roles=sorted(set(request.POST.getlist("roles"))), actor_id=request.user.pk
    )
    say(request, Toast(_("存好了，马上算数。")))
    return redirect("orders:unmaskings")
