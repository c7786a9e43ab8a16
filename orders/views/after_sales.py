"""After-sales at the desk: queues of refunds and returns, many answered at once; a refund or another parcel asked on an order's page."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from core import db
from core.accounts import Role
from core.errors import Invalid
from core.web.access import needs_role
from core.web.formats import exponent, money_symbol, number
from core.web.parts import Action, Column, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say, toast_event
from inventory.access import facility_scope
from inventory.paper_ids import new_paper_id, read_paper_id
from orders import queries_after_sales as queries
from orders import wording_after_sales as wording
from orders.access import ACTS, get_order, may_act
from orders.errors import RefundTooMuch
from orders.forms_after_sales import FollowForm, RefundForm
from orders.models import FollowKind, Order
from orders.rules.after_sales import Withdrawn
from orders.services import following, refunds
from orders.services.refunds import RefundInput
from orders.views.narrowing import is_id

SEES = (Role.OPERATOR, Role.WAREHOUSE, Role.QUALITY, Role.FINANCE, Role.READONLY)
DESK = (Role.OPERATOR, Role.WAREHOUSE)
ANSWERS = {"agree": refunds.agree, "finish": refunds.finish, "refuse": refunds.refuse}


@require_GET
@needs_role(*SEES)
def after_sales(request: HttpRequest) -> HttpResponse:
    """One queue: refunds that wait for an answer or for the money, returns that wait for their parcel, their owner or a look."""
    queue = request.GET.get("queue", "")
    queue = queue if queue in wording.QUEUES else "asked"
    membership = request.membership  # type: ignore[attr-defined]
    scope, text = facility_scope(membership), request.GET.get("q", "").replace("\0", "").strip()[:64]
    counts = queries.count_queues(scope)
    tabs = [
        (word, f"?queue={name}", name == queue, counts.get(name)) for name, word in wording.QUEUES.items()
    ]
    is_refunds = queue in queries.REFUND_QUEUES
    context = {
        "queue": queue,
        "tabs": tabs,
        "q": text,
        "is_refunds": is_refunds,
        "actions": _actions(queue) if may_act(membership) else (),
        "may_act": may_act(membership),
        "may_desk": membership.role in (Role.OWNER, *DESK),
        **(_refunds(request, queue, text, scope) if is_refunds else _returns(request, queue, text, scope)),
    }
    return render(request, "orders/after_sales.html", context)


def _actions(queue: str) -> Sequence[Action]:
    """What can be done to many refunds of a queue at once."""
    url = reverse("orders:answer_refunds")
    if queue == "asked":
        return (
            Action(_("同意"), f"{url}?what=agree", key="a", icon="check", is_primary=True),
            Action(_("不同意"), f"{url}?what=refuse", icon="ban"),
        )
    if queue == "to_refund":
        return (Action(_("已退款"), f"{url}?what=finish", icon="check", is_primary=True),)
    return ()


def _refunds(request: HttpRequest, queue: str, text: str, scope: Sequence[int] | None) -> dict[str, Any]:
    found = queries.list_refunds(scope)
    state = queries.REFUND_QUEUES[queue]
    if state is not None:
        found = found.filter(state=state)
    if text:
        found = found.filter(external_id=text) | found.filter(order__number=text)
    page = list_page(request, found, sorts={"asked": Sort("asked_at", is_descending=True)}, default="-asked")
    return {
        "page": page,
        "rows": [(row, wording.REFUNDS[row.state]) for row in page.rows],
        "columns": [
            Column(_("订单")),
            Column(_("店铺")),
            Column(_("退款编号")),
            Column(_("状态")),
            Column(_("要退什么")),
            Column(_("金额"), is_number=True),
            Column(_("原因")),
            Column(_("申请"), "asked"),
            Column(_("操作"), is_hidden=True),
        ],
    }


def _returns(request: HttpRequest, queue: str, text: str, scope: Sequence[int] | None) -> dict[str, Any]:
    found = queries.list_returns(scope)
    state = queries.RETURN_QUEUES[queue]
    if state is not None:
        found = found.filter(state=state)
    if text:
        found = found.filter(tracking_number=text.upper()) | found.filter(number=text.upper())
    page = list_page(
        request, found, sorts={"created": Sort("created_at", is_descending=True)}, default="-created"
    )
    return {
        "page": page,
        "rows": [(row, wording.RETURNS[row.state]) for row in page.rows],
        "columns": [
            Column(_("退货单")),
            Column(_("快递单号")),
            Column(_("状态")),
            Column(_("订单")),
            Column(_("到了哪里")),
            Column(_("原因")),
            Column(_("登记"), "created"),
        ],
    }


@require_POST
@needs_role(*ACTS)
def answer(request: HttpRequest) -> HttpResponse:
    """Agree, refuse or mark as paid back: the chosen refunds, in one call.  Form: ids, what (also in the address)."""
    ids = [int(id_) for id_ in request.POST.get("ids", "").split(",") if is_id(id_)]
    what = request.POST.get("what") or request.GET.get("what", "")
    if not ids or what not in ANSWERS or len(ids) > 1_000:
        raise Invalid(_("先选退款，一次最多 %(n)s 笔。") % {"n": number(1_000)}, code="bad_choice")
    mine = list(
        queries.list_refunds(facility_scope(request.membership))  # type: ignore[attr-defined]
        .filter(id__in=ids)
        .values_list("id", flat=True)
    )
    done = ANSWERS[what](refund_ids=mine, actor_id=request.user.pk)
    words = {
        "agree": _("同意了 %(n)s 笔退款。"),
        "finish": _("%(n)s 笔记成已退款。"),
        "refuse": _("%(n)s 笔没同意，货接着发。"),
    }
    toast = Toast(words[what] % {"n": number(len(done.refund_ids))})
    if request.headers.get("HX-Request"):
        reply = trigger_client_event(HttpResponse(), "cf:bulk-done", {})
        return toast_event(reply, toast)
    say(request, toast)
    return redirect(f"{reverse('orders:after_sales')}?queue={'to_refund' if what == 'finish' else 'asked'}")


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def new_refund(request: HttpRequest, order_id: int) -> HttpResponse:
    """Ask for a refund of one order: all of it, units of some lines, or money only."""
    order = get_order(request.membership, order_id)  # type: ignore[attr-defined]
    lines = queries.list_refundable(order_id)
    form = RefundForm(request.POST or None, lines=lines, currency=order.currency)
    if request.method == "POST" and form.is_valid():
        paper = read_paper_id(request.POST.get("paper", ""))
        if paper is None:
            raise Invalid(_("页面是旧的，刷新一下再来。"), code="no_paper")
        data, units = form.cleaned_data, form.units()
        is_whole = data["what"] == "whole"
        one = RefundInput(
            order.id,
            f"RF-{paper}",
            int(data["amount"].scaleb(exponent(order.currency))),
            () if is_whole else tuple(Withdrawn(line_id, units=n) for line_id, n in units.items()),
            is_whole,
            data["reason"],
        )
        try:
            with db.savepoint():
                asked = refunds.ask(refunds=[one], actor_id=request.user.pk)
        except RefundTooMuch as refusal:
            form.add_error("amount", refusal.message)
        else:
            say(request, Toast(_refund_words(asked)))
            return redirect("orders:order", order_id)
    context = {
        "order": order,
        "form": form,
        "lines": form.rows(),
        "paper": new_paper_id(),
        "paid": money_symbol(order.amount_minor, order.currency),
    }
    return render(request, "orders/refund_new.html", context, status=422 if form.errors else 200)


def _refund_words(asked: refunds.Asked) -> str:
    if asked.return_ids:
        return _("记下了。货已经发走的，等寄回。")
    if asked.stopped:
        return _("记下了。整单拦下，库存放回去了，等同意。")
    return _("记下了。退的件不发了，剩下的接着发。")


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def follow(request: HttpRequest, order_id: int) -> HttpResponse:
    """Send goods in the place of what was wrong with an order."""
    order: Order = get_order(request.membership, order_id)  # type: ignore[attr-defined]
    lines = queries.list_refundable(order_id)
    form = FollowForm(request.POST or None, lines=lines)
    if request.method == "POST" and form.is_valid():
        paper = read_paper_id(request.POST.get("paper", ""))
        if paper is None:
            raise Invalid(_("页面是旧的，刷新一下再来。"), code="no_paper")
        made = following.follow(
            order_id=order.id,
            kind=FollowKind(int(form.cleaned_data["kind"])),
            goods=form.goods(),
            request=f"web-{paper}",
            reason=form.cleaned_data["reason"],
            actor_id=request.user.pk,
        )
        say(request, Toast(_("建好了 %(number)s，照常审单发货。") % {"number": made.number}))
        return redirect("orders:order", made.order_id)
    context = {"order": order, "form": form, "lines": form.rows(), "paper": new_paper_id()}
    return render(request, "orders/follow_new.html", context, status=422 if form.errors else 200)


@require_GET
@needs_role(*SEES)
def of_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """What came of one order after it was sold, for its page."""
    found = get_order(request.membership, order_id)  # type: ignore[attr-defined]
    context = {
        "order": found,
        "after_sales": after_sales_of(order_id),
        "can_act": may_act(request.membership),  # type: ignore[attr-defined]
    }
    return render(request, "orders/after_sales_of.html", context)


def after_sales_of(order_id: int) -> list[tuple[queries.AfterSaleFact, Any, str]]:
    """For the order's page (orders/after_sales_of.html, as `after_sales`): each fact, its badge, its words."""
    found: list[tuple[queries.AfterSaleFact, Any, str]] = []
    for fact in queries.list_of_order(order_id):
        if fact.kind == "refund":
            found.append((fact, wording.REFUNDS[fact.state], ""))
        elif fact.kind == "return":
            found.append((fact, wording.RETURNS[fact.state], ""))
        else:
            found.append((fact, None, str(wording.FOLLOWS[fact.state])))
    return found
