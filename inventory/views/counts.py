"""Counts at the desk: the list, a new one, one with its progress and differences, the review."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock, db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Action, Column, FilterTag, State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory import queries
from inventory.access import facilities_of, facility_scope
from inventory.errors import UnknownDocument
from inventory.forms.counts import ChosenForm, CountForm
from inventory.models import AdjustmentStatus, CountEntry, CountStatus, CountTask, CountTaskStatus, StockCount
from inventory.queries import counts as reads
from inventory.queries.counts import LotCount, Progress
from inventory.rules.counting import Finding
from inventory.services import count_review, counts
from inventory.services.count_review import PostResult

SEES = (Role.OPERATOR, Role.WAREHOUSE, Role.STORE, Role.QUALITY, Role.FINANCE, Role.READONLY)
MAKES = (Role.OPERATOR, Role.WAREHOUSE, Role.STORE)
COUNTS = (Role.OPERATOR, Role.WAREHOUSE, Role.STORE)
REVIEWS = (Role.OPERATOR, Role.WAREHOUSE, Role.FINANCE)
SEES_COST = (Role.OWNER, Role.OPERATOR, Role.FINANCE)

_HUES = {
    CountStatus.OPEN: "live",
    CountStatus.REVIEW: "warn",
    CountStatus.POSTED: "done",
    CountStatus.CANCELLED: "wait",
}
_TASK_HUES = {
    CountTaskStatus.TODO: ("wait", ""),
    CountTaskStatus.COUNTING: ("live", ""),
    CountTaskStatus.RECOUNT: ("warn", "refresh"),
    CountTaskStatus.AGREED: ("done", ""),
    CountTaskStatus.DISPUTED: ("stop", ""),
    CountTaskStatus.POSTED: ("done", "checks"),
}
_ADJUSTMENT_HUES = {
    AdjustmentStatus.PENDING: "warn",
    AdjustmentStatus.POSTED: "done",
    AdjustmentStatus.REJECTED: "stop",
}
LEFT = (CountTaskStatus.TODO, CountTaskStatus.COUNTING, CountTaskStatus.RECOUNT)


def count_state(status: int) -> State:
    known = CountStatus(status)
    return State(_HUES[known], known.label)


def task_state(status: CountTaskStatus) -> State:
    hue, icon = _TASK_HUES[status]
    return State(hue, status.label, icon)


def is_one_of(request: HttpRequest, roles: Sequence[Role]) -> bool:
    return request.membership.role in (Role.OWNER, *roles)  # type: ignore[attr-defined]


def person(request: HttpRequest) -> int:
    """Who asks; nobody comes here without having signed in."""
    return int(request.user.pk or 0)


def get_count(request: HttpRequest, count_id: int) -> StockCount:
    """A count of a facility that this person may see.  Raises UnknownDocument, which looks the same for one that is not his."""
    count = StockCount.objects.select_related("facility").filter(id=count_id).first()
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    if count is None or (scope is not None and count.facility_id not in scope):
        raise UnknownDocument(_("没有这张盘点单，或者不归您管。"), count_id=count_id)
    return count


@require_GET
@needs_role(*SEES)
def count_list(request: HttpRequest) -> HttpResponse:
    """Counts under way, or the ones that ended, newest first."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("facility", "")
    chosen = next((card for card in facilities if str(card.id) == asked), None)
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    is_ended = request.GET.get("tab") == "ended"
    states = (
        (CountStatus.POSTED, CountStatus.CANCELLED) if is_ended else (CountStatus.OPEN, CountStatus.REVIEW)
    )
    found = StockCount.objects.filter(facility_id__in=ids, status__in=states)
    sorts = {"newest": Sort("created_at", is_descending=True)}
    page = list_page(request, found, sorts=sorts, default="-newest")
    told = reads.list_progress([count.id for count in page.rows])
    names = {card.id: card.name for card in facilities}
    context = {
        "page": page,
        "rows": [
            (count, names[count.facility_id], told[count.id], count_state(count.status), _segments(told[count.id]))
            for count in page.rows
        ],
        "columns": [
            Column(_("盘点单")), Column(_("仓库")), Column(_("进度")), Column(_("任务"), is_number=True),
            Column(_("等主管定"), is_number=True), Column(_("建的时间"), "newest"), Column(_("状态")),
        ],
        "facilities": facilities,
        "chosen": chosen,
        "is_ended": is_ended,
        "now": clock.opened_at(),
        "can_make": is_one_of(request, MAKES) and bool(facilities),
    }  # fmt: skip
    return render(request, "inventory/counts.html", context)


def _segments(told: Progress) -> list[tuple[str, int]]:
    return [
        ("done", told.of(CountTaskStatus.AGREED, CountTaskStatus.POSTED)),
        ("stop", told.of(CountTaskStatus.DISPUTED)),
        ("warn", told.of(CountTaskStatus.RECOUNT)),
        ("live", told.of(CountTaskStatus.COUNTING)),
    ]


@require_http_methods(["GET", "POST"])
@needs_role(*MAKES)
def new_count(request: HttpRequest) -> HttpResponse:
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    form = CountForm(request.POST or None, initial={"facility": request.GET.get("facility")})
    form.fields["facility"].choices = [(card.id, card.name) for card in facilities]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        facility_id = form.cleaned_data["facility"]
        bins = queries.list_bins_by_code(facility_id, form.codes("bins"))
        scope = form.scope(bins, queries.list_goods_by_code(form.codes("skus")))
        if scope is not None:
            try:
                with db.savepoint():
                    made = counts.create_count(
                        facility_id=facility_id,
                        scope=scope,
                        name=form.cleaned_data["name"],
                        actor_id=request.user.pk,
                    )
            except ERPError as refusal:
                form.add_error(None, refusal.message)
            else:
                text = _("%(number)s 建好了，%(n)s 个任务。")
                say(request, Toast(text % {"number": made.number, "n": number(made.tasks)}))
                return redirect("inventory:count", made.count_id)
    zones = reads.list_zones([card.id for card in facilities])
    context = {"form": form, "zones": zones, "facilities": facilities}
    return render(request, "inventory/count_form.html", context, status=422 if form.errors else 200)


@require_GET
@needs_role(*SEES)
def count(request: HttpRequest, count_id: int) -> HttpResponse:
    """One count.  Who has a task of it in hand sees no numbers: a count is blind."""
    found = get_count(request, count_id)
    told, in_hand = reads.get_progress(count_id, person(request))
    is_open = found.status in (CountStatus.OPEN, CountStatus.REVIEW)
    is_blind = is_open and (in_hand is not None or not is_one_of(request, REVIEWS))
    tab = request.GET.get("tab", "")
    tab = tab if tab in ("differs", "left", "all") else "left" if told.left and is_open else "differs"
    tab = "left" if is_blind and tab == "differs" else tab
    page = list_page(request, _tasks(count_id, tab), sorts={"place": Sort("place")}, default="place")
    tasks = reads.list_tasks([task.id for task in page.rows], with_lots=not is_blind)
    can_review = is_open and not is_blind and is_one_of(request, REVIEWS)
    totals = reads.get_totals(count_id)
    context: dict[str, Any] = {
        "count": found,
        "place": found.facility,
        "state": count_state(found.status),
        "told": told,
        "segments": _segments(told),
        "tab": tab,
        "page": page,
        "rows": [(task, task_state(task.status), [_lot(lot) for lot in task.lots]) for task in tasks],
        "is_open": is_open,
        "is_blind": is_blind,
        "in_hand": in_hand,
        "disputed": told.of(CountTaskStatus.DISPUTED),
        "can_count": found.status == CountStatus.OPEN and is_one_of(request, COUNTS),
        "can_review": can_review,
        "can_cancel": is_open and is_one_of(request, MAKES) and not told.of(CountTaskStatus.POSTED),
        "sees_cost": is_one_of(request, SEES_COST),
        "totals": None if is_blind else totals,
        "adjustments": [
            (paper, State(_ADJUSTMENT_HUES[paper.status], paper.status.label)) for paper in totals.adjustments
        ],
        "actions": _actions(count_id) if can_review else [],
        "currency": request.tenant.currency,  # type: ignore[attr-defined]
        "tags": [] if tab != "all" else [FilterTag(_("全部任务"), "?")],
        "now": clock.opened_at(),
    }
    return render(request, "inventory/count.html", context)


def _tasks(count_id: int, tab: str) -> QuerySet[CountTask]:
    found = CountTask.objects.filter(count=count_id)
    if tab == "left":
        return found.filter(status__in=LEFT)
    if tab == "differs":
        counted = CountEntry.objects.filter(task=OuterRef("id"), counted__isnull=False)
        return found.filter(Exists(counted.filter(round__gt=1)) | Exists(counted.exclude(difference=0)))
    return found


def _actions(count_id: int) -> list[Action]:
    return [
        Action(_("再盘一次"), reverse("inventory:count_recount", args=[count_id]), icon="refresh"),
        Action(_("就按这个算"), reverse("inventory:count_accept", args=[count_id]), icon="check"),
    ]


def _lot(lot: LotCount) -> dict[str, Any]:
    """A lot as a row shows it: what the machine found, in words."""
    why = ""
    if lot.finding == Finding.UNCLEAR:
        moved = lot.rounds[-1].reading
        why = _("盘的时候进了 %(i)d、出了 %(o)d，数不清") % {"i": moved.moved_in, "o": moved.moved_out}
    elif lot.finding == Finding.DIFFERENCE:
        why = _("只有一次数到这个差")
    elif lot.has_one_person and lot.difference:
        why = _("几次都是同一个人数的")
    return {"lot": lot, "why": why, "is_sure": lot.finding == Finding.AGREED}


def _chosen(request: HttpRequest) -> list[int]:
    form = ChosenForm(request.POST)
    return form.task_ids() if form.is_valid() else []


@require_POST
@needs_role(*REVIEWS)
def accept(request: HttpRequest, count_id: int) -> HttpResponse:
    get_count(request, count_id)
    taken = count_review.accept(count_id=count_id, task_ids=_chosen(request), actor_id=request.user.pk)
    text = _("%(n)d 个货位就按这个算。") if taken else _("选的货位里没有等主管定的，没改。")
    return _back(
        request, count_id, Toast(text % {"n": taken} if taken else text, "done" if taken else "warn")
    )


@require_POST
@needs_role(*REVIEWS)
def recount(request: HttpRequest, count_id: int) -> HttpResponse:
    get_count(request, count_id)
    sent = count_review.ask_again(count_id=count_id, task_ids=_chosen(request), actor_id=request.user.pk)
    text = _("%(n)d 个货位再盘一次。") if sent else _("选的货位都还没盘好，没改。")
    return _back(request, count_id, Toast(text % {"n": sent} if sent else text, "done" if sent else "warn"))


@require_POST
@needs_role(*REVIEWS)
def post(request: HttpRequest, count_id: int) -> HttpResponse:
    """Book the differences.  A second press finds it booked and says so."""
    get_count(request, count_id)
    leave_rest = request.POST.get("rest") == "leave"
    try:
        with db.savepoint():
            done = count_review.post_count(count_id=count_id, actor_id=request.user.pk, leave_rest=leave_rest)
    except ERPError as refusal:
        return _back(request, count_id, Toast(refusal.message, "stop"))
    return _back(request, count_id, _told(done))


def _told(done: PostResult) -> Toast:
    if done.again:
        first = done.again[0]
        text = _("%(n)d 个货位入账了；%(m)d 处要再盘：%(bin)s %(lot)s，%(why)s。")
        values = {
            "n": done.tasks,
            "m": len(done.again),
            "bin": first.bin_code,
            "lot": first.lot_code,
            "why": first.why,
        }
        return Toast(text % values, "warn")
    if done.adjustment is None:
        return Toast(_("盘完了，账实一致，没有要改的。"))
    words = {"number": done.adjustment.number}
    if done.adjustment.status == AdjustmentStatus.PENDING:
        return Toast(_("差异记在调整单 %(number)s，超过限额，等第二个人同意才入账。") % words, "warn")
    return Toast(_("差异入账了，调整单 %(number)s。") % words)


@require_POST
@needs_role(*MAKES)
def cancel(request: HttpRequest, count_id: int) -> HttpResponse:
    found = get_count(request, count_id)
    counts.cancel_count(count_id=count_id, actor_id=request.user.pk)
    say(request, Toast(_("%(number)s 取消了，库存没动。") % {"number": found.number}))
    return redirect("inventory:count", count_id)


def _back(request: HttpRequest, count_id: int, toast: Toast) -> HttpResponse:
    say(request, toast)
    target = redirect("inventory:count", count_id)
    if getattr(request, "htmx", False):
        answer = HttpResponse()
        answer["HX-Redirect"] = target.url
        return answer
    return target
