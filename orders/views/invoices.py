"""Invoices that buyers ask for: a worklist for the accountant, numbers noted for many at once, one asked for on an order's page."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from core import clock
from core.accounts import Role
from core.errors import Invalid
from core.models import Membership
from core.web.access import needs_role
from core.web.formats import major, number
from core.web.parts import Action, Column, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facility_scope
from orders import queries_invoices as queries
from orders import wording_invoices as wording
from orders.access import SEES, get_order
from orders.errors import NoInvoice
from orders.forms_invoices import InvoiceForm, NumbersForm, PasteForm, ReasonForm
from orders.models import InvoiceRequest, InvoiceState
from orders.rules.invoices import PERSON
from orders.services import invoice_buyers
from orders.services import invoices as services
from orders.services.invoices import InvoiceInput, Moved, Numbered
from orders.views.narrowing import is_id

ASKS = (Role.OPERATOR, Role.FINANCE)
ISSUES = (Role.FINANCE,)
MARK_MOST = 200
STATES_OF = {
    "issue": (InvoiceState.WAITING,),
    "fail": (InvoiceState.WAITING,),
    "cancel": (InvoiceState.WAITING,),
    "reverse": (InvoiceState.ISSUED, InvoiceState.TO_REVERSE),
}


def may_ask(membership: Membership) -> bool:
    return membership.role in (Role.OWNER, *ASKS)


def may_issue(membership: Membership) -> bool:
    return membership.role in (Role.OWNER, *ISSUES)


@require_GET
@needs_role(*SEES)
def invoices(request: HttpRequest) -> HttpResponse:
    """One queue: what is to be issued, what stands, what has to be reversed."""
    membership = request.membership  # type: ignore[attr-defined]
    queue = request.GET.get("queue", "")
    queue = queue if queue in queries.QUEUES else "waiting"
    scope, text = facility_scope(membership), request.GET.get("q", "").replace("\0", "").strip()[:64]
    counts, states = queries.count_queues(scope), queries.QUEUES[queue]
    found = queries.list_invoices(scope)
    if states:
        found = found.filter(state__in=states)
    if text:
        found = found.filter(order__number=text) | found.filter(number=text)
    default = "asked" if queue in ("waiting", "to_reverse") else "-asked"
    page = list_page(request, found, sorts={"asked": Sort("asked_at", is_descending=True)}, default=default)
    context = {
        "queue": queue,
        "q": text,
        "tabs": [
            (word, f"?queue={name}", name == queue, counts.get(name)) for name, word in wording.QUEUES.items()
        ],
        "page": page,
        "rows": [
            (row, wording.STATES[row.state], wording.PROBLEMS.get(row.problem, "")) for row in page.rows
        ],
        "columns": _columns(),
        "actions": _actions(queue) if may_issue(membership) else (),
        "can_issue": may_issue(membership),
        "can_ask": may_ask(membership),
    }
    return render(request, "orders/invoices.html", context)


def _columns() -> list[Column]:
    return [
        Column(_("订单")),
        Column(_("店铺")),
        Column(_("状态")),
        Column(_("抬头")),
        Column(_("发票内容")),
        Column(_("金额"), is_number=True),
        Column(_("发票号码")),
        Column(_("申请"), "asked"),
    ]


def _actions(queue: str) -> Sequence[Action]:
    """What can be done to many of a queue at once; each asks for numbers or a reason on a page of its own."""
    url = reverse("orders:choose_invoices")
    if queue == "waiting":
        return (
            Action(wording.MARKS["issue"], f"{url}?what=issue", key="a", icon="check", is_primary=True),
            Action(wording.MARKS["fail"], f"{url}?what=fail", icon="ban"),
        )
    if queue in ("issued", "to_reverse"):
        return (
            Action(wording.MARKS["reverse"], f"{url}?what=reverse", icon="receipt-refund", is_primary=True),
        )
    return ()


@require_POST
@needs_role(*ISSUES)
def choose(request: HttpRequest) -> HttpResponse:
    """From the chosen rows to the page that asks for their numbers, or for the reason.  Form: ids; what, in the address."""
    ids = _chosen(request.POST.get("ids", ""))
    what = request.GET.get("what", "")
    if not ids or what not in STATES_OF:
        raise Invalid(_("先选发票，一次最多 %(n)s 张。") % {"n": number(MARK_MOST)}, code="bad_choice")
    url = f"{reverse('orders:mark_invoices')}?{urlencode({'what': what, 'ids': ','.join(map(str, ids))})}"
    return HttpResponseClientRedirect(url) if request.headers.get("HX-Request") else redirect(url)


def _chosen(text: str) -> list[int]:
    ids = [int(id_) for id_ in text.split(",") if is_id(id_)]
    return ids if len(ids) <= MARK_MOST else []


@require_http_methods(["GET", "POST"])
@needs_role(*ISSUES)
def mark(request: HttpRequest) -> HttpResponse:
    """Numbers of what was issued or reversed, or why it is not issued: those of the chosen that are at that step."""
    what = request.GET.get("what", "")
    if what not in STATES_OF:
        raise Invalid(_("没有这个操作。"), code="bad_choice")
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    found = queries.list_invoices(scope).filter(id__in=_chosen(request.GET.get("ids", "")))
    rows = list(found.filter(state__in=STATES_OF[what]).order_by("asked_at", "id"))
    if not rows:
        raise NoInvoice(_("选的发票都不在这一步了。"))
    with_numbers = what in ("issue", "reverse")
    form = _mark_form(request, rows) if with_numbers else ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        moved = _mark(what, form, rows, request.user.pk)
        say(request, Toast(_("%(n)s 张记好了。") % {"n": number(len(moved.request_ids))}))
        return redirect(
            f"{reverse('orders:invoices')}?queue={'to_reverse' if what == 'reverse' else 'waiting'}"
        )
    context = {
        "what": what,
        "word": wording.MARKS[what],
        "form": form,
        "with_numbers": with_numbers,
        "rows": rows,
    }
    return render(request, "orders/invoices_mark.html", context, status=422 if form.errors else 200)


def _mark_form(request: HttpRequest, rows: Sequence[InvoiceRequest]) -> NumbersForm:
    return NumbersForm(request.POST or None, rows=rows, initial={"on": clock.today()})


def _mark(
    what: str, form: NumbersForm | ReasonForm, rows: Sequence[InvoiceRequest], actor_id: int | None
) -> Moved:
    if isinstance(form, NumbersForm):
        day = form.cleaned_data["on"]
        numbered = [Numbered(id_, text, day) for id_, text in form.numbers().items()]
        if what == "issue":
            return services.issue(issued=numbered, actor_id=actor_id)
        again = form.cleaned_data["asks_again"]
        return services.reverse(reversed_=numbered, asks_again=again, actor_id=actor_id)
    ids, reason = [row.id for row in rows], form.cleaned_data["reason"]
    service = services.fail if what == "fail" else services.cancel
    return service(request_ids=ids, reason=reason, actor_id=actor_id)


@require_http_methods(["GET", "POST"])
@needs_role(*ISSUES)
def paste(request: HttpRequest) -> HttpResponse:
    """What the invoicing program made, pasted as it shows it: all lines are noted or none."""
    form = PasteForm(request.POST or None, initial={"on": clock.today()})
    if request.method == "POST" and form.is_valid():
        pasted = form.cleaned_data["pasted"]
        scope = facility_scope(request.membership)  # type: ignore[attr-defined]
        ids = queries.find_waiting([line.order_number for line in pasted], scope)
        missing = [line.order_number for line in pasted if line.order_number not in ids]
        if missing:
            form.add_error(
                "lines", _("这些单没有待开的发票：%(numbers)s") % {"numbers": _("、").join(missing[:10])}
            )
        else:
            numbered = [Numbered(ids[line.order_number], line.number, line.on) for line in pasted]
            moved = services.issue(issued=numbered, actor_id=request.user.pk)
            say(request, Toast(_("%(n)s 张记好了。") % {"n": number(len(moved.request_ids))}))
            return redirect("orders:invoices")
    return render(request, "orders/invoices_paste.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs_role(*ASKS)
def new(request: HttpRequest, order_id: int) -> HttpResponse:
    """Ask for an invoice of one order, for its buyer."""
    order = get_order(request.membership, order_id)  # type: ignore[attr-defined]
    _rows, left = queries.list_of_order(order_id)
    if not left:
        raise Invalid(_("这张单没有能开票的钱，或者已经有发票申请了。"), code="nothing_to_invoice")
    form = InvoiceForm(
        request.POST or None, currency=order.currency, left_minor=left, initial={"title": PERSON}
    )
    if request.method == "POST" and form.is_valid():
        services.ask(asked=[InvoiceInput(order.id, form.wish())], actor_id=request.user.pk)
        say(request, Toast(_("记下了，等开票。")))
        return redirect("orders:order", order_id)
    context = {"order": order, "form": form, "left": left, "invoice": None}
    return render(request, "orders/invoice.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs_role(*ASKS)
def edit(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """Another title, address or amount of one that waits.  People are not shown: who they are is written anew, or stays."""
    membership = request.membership  # type: ignore[attr-defined]
    row = queries.list_invoices(facility_scope(membership)).filter(id=invoice_id).first()
    if row is None:
        raise NoInvoice(_("没有这张发票申请。"), invoice_id=invoice_id)
    left = services.read_left([row.order_id])[row.order_id]
    currency = row.order.currency
    form = InvoiceForm(request.POST or None, currency=currency, left_minor=left, initial=_initial(row))
    if request.method == "POST" and form.is_valid():
        services.change(request_id=row.id, wish=form.wish(), actor_id=request.user.pk)
        say(request, Toast(_("改好了。")))
        return redirect("orders:invoices")
    context = {
        "order": row.order,
        "form": form,
        "left": left,
        "invoice": row,
        "state": wording.STATES[row.state],
        "problem": wording.PROBLEMS.get(row.problem, ""),
        "is_waiting": row.state == InvoiceState.WAITING,
        "can_issue": may_issue(membership),
    }
    return render(request, "orders/invoice.html", context, status=422 if form.errors else 200)


def _initial(row: InvoiceRequest) -> dict[str, Any]:
    """What the form begins with: nothing that screens do not show anyway."""
    kind = "company" if row.is_company else "person"
    found = {"amount": major(row.amount_minor, row.order.currency), "content": row.content, "kind": kind}
    return found | invoice_buyers.list_companies([row.id]).get(row.id, {})


@require_GET
@needs_role(*SEES)
def of_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """The invoices of one order, for its page."""
    membership = request.membership  # type: ignore[attr-defined]
    found = get_order(membership, order_id)
    rows, left = queries.list_of_order(order_id)
    context = {
        "order": found,
        "rows": [(row, wording.STATES[row.state], wording.PROBLEMS.get(row.problem, "")) for row in rows],
        "left": left,
        "can_ask": may_ask(membership),
    }
    return render(request, "orders/invoices_of.html", context)
