"""What is done to chosen orders from the desk: released, held, given to somebody, noted.  One request and one service call for all."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from core.errors import Invalid
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Toast
from core.web.toasts import say, toast_event
from inventory.access import facility_scope
from orders import queries, wording
from orders.access import ACTS
from orders.models import OrderStatus
from orders.services import desk, marking
from orders.services.desk import Released
from orders.services.marking import Marked
from orders.views.narrowing import SHOWN_IDS, is_id

WORDS_SHOWN, WORD_CUT = 3, 40  # remarks in the question before a release, and characters of each


@dataclass(frozen=True, slots=True)
class Chosen:
    """The orders of a form that this person may see, with the stamp that he saw of each."""

    ids: list[int]
    stamps: dict[int, str]


def read_choice(request: HttpRequest) -> Chosen:
    """Form: ids and, in the same order, stamps.  Raises Invalid."""
    ids = [int(id_) for id_ in request.POST.get("ids", "").split(",") if is_id(id_)]
    stamps = request.POST.get("stamps", "").split(",")
    if not ids or len(ids) > queries.COUNT_MOST:
        raise Invalid(
            _("先选订单，一次最多 %(n)s 单。") % {"n": number(queries.COUNT_MOST)}, code="bad_choice"
        )
    if len(stamps) != len(ids):
        raise Invalid(_("页面是旧的，刷新一下再来。"), code="no_stamps")
    seen = dict(zip(ids, stamps, strict=True))
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    if scope is not None:
        here = set(queries.list_orders(scope).filter(id__in=ids).values_list("id", flat=True))
        seen = {id_: stamp for id_, stamp in seen.items() if id_ in here}
    return Chosen(list(seen), seen)


@require_POST
@needs_role(*ACTS)
def release(request: HttpRequest) -> HttpResponse:
    """Let the chosen orders go on; asked first when many of them carry words of people."""
    chosen = read_choice(request)
    question = _question(chosen.ids) if len(chosen.ids) > 1 and not request.POST.get("sure") else None
    if question is not None and request.headers.get("HX-Request"):
        return trigger_client_event(HttpResponse(), "cf:ask", question)
    done = desk.release(order_ids=chosen.ids, actor_id=request.user.pk, seen=chosen.stamps)
    toast = _released(len(chosen.ids), done)
    return _answer(request, toast, done.order_ids, len(done.stopped) + len(done.changed))


@require_POST
@needs_role(*ACTS)
def hold(request: HttpRequest) -> HttpResponse:
    """Stop the chosen orders, with a reason."""
    chosen = read_choice(request)
    reason = request.POST.get("reason", "")
    done = marking.hold(order_ids=chosen.ids, reason=reason, actor_id=request.user.pk, seen=chosen.stamps)
    return _answer(request, _held(done), done.order_ids, len(done.left) + len(done.changed))


@require_POST
@needs_role(*ACTS)
def assign(request: HttpRequest) -> HttpResponse:
    """Give the chosen orders to a colleague, or to nobody."""
    chosen, asked = read_choice(request), request.POST.get("assignee", "")
    if asked and not is_id(asked):
        raise Invalid(_("没有这个同事，换一个人。"), code="no_colleague", field="assignee")
    person = int(asked) if asked else None
    done = marking.assign(order_ids=chosen.ids, assignee_id=person, actor_id=request.user.pk)
    words = _("分出去了 %(n)s 单。") if person else _("%(n)s 单现在没人管。")
    return _answer(request, Toast(words % {"n": number(len(done.order_ids))}), (), len(done.order_ids))


@require_POST
@needs_role(*ACTS)
def note(request: HttpRequest) -> HttpResponse:
    """Write a note on the chosen orders; an empty one takes the old one away."""
    chosen, said = read_choice(request), request.POST.get("note", "").replace("\r\n", "\n")
    done = marking.note(order_ids=chosen.ids, text=said, actor_id=request.user.pk)
    words = _("记在了 %(n)s 单上。") if said.strip() else _("擦掉了 %(n)s 单的备注。")
    return _answer(request, Toast(words % {"n": number(len(done.order_ids))}), (), len(done.order_ids))


def _answer(request: HttpRequest, toast: Toast, gone: Sequence[int], stay: int) -> HttpResponse:
    """Without htmx the toast waits for the page that comes next; with it, the list hears which rows went."""
    if not request.headers.get("HX-Request"):
        say(request, toast)
        return redirect("orders:workbench")
    answer = trigger_client_event(HttpResponse(), "cf:bulk-done", {})
    trigger_client_event(answer, "cf:released", {"ids": [str(id_) for id_ in gone], "stay": stay})
    return toast_event(answer, toast)


def _question(ids: Sequence[int]) -> dict[str, str] | None:
    """What is asked before many orders go of which people have said something: how many, and the first words."""
    said = queries.list_orders(None).filter(id__in=ids, status=OrderStatus.STOPPED)
    orders = list(said.exclude(remark="", seller_remark="").order_by("ship_by", "id"))
    if not orders:
        return None
    first = [text for order in orders[:WORDS_SHOWN] for _who, text in wording.words_of(order)][:WORDS_SHOWN]
    text = _("放行 %(n)s 单？其中 %(words)s 单有留言或备注，放行就是照办：%(first)s%(more)s") % {
        "n": number(len(ids)),
        "words": number(len(orders)),
        "first": "".join(f"“{line[:WORD_CUT]}”" for line in first),
        "more": "…" if len(orders) > len(first) else "",
    }
    return {"text": text, "yes": _("照办，放行 %(n)s 单") % {"n": number(len(ids))}}


def _released(asked: int, done: Released) -> Toast:
    """What became of the chosen orders in one sentence, and the way to those that did not go."""
    gone = len(done.order_ids)
    others = asked - gone - len(done.stopped) - len(done.changed)
    parts = []
    if gone:
        parts.append(_("放行了 %(n)s 单，库存占好了。") % {"n": number(gone)})
    if done.stopped:
        why = why_stopped(done.stopped)
        words = _("还停着 %(n)s 单：%(why)s。") if gone else _("没放行：%(n)s 单%(why)s。")
        parts.append(words % {"n": number(len(done.stopped)), "why": why})
    if done.changed:
        words = _("%(n)s 单刚变了，没放行，看一眼新的再放。")
        parts.append(words % {"n": number(len(done.changed))})
    if others > 0:
        parts.append(_("%(n)s 单早就不停着了。") % {"n": number(others)})
    return tell_left(parts, bool(gone), [*done.stopped, *done.changed])


def _held(done: Marked) -> Toast:
    held = len(done.order_ids)
    parts = []
    if held:
        parts.append(_("挂起了 %(n)s 单，占的库存放回去了。") % {"n": number(held)})
    if done.left:
        words = _("%(n)s 单没挂：货已经发走，或者早就挂着。")
        parts.append(words % {"n": number(len(done.left))})
    if done.changed:
        words = _("%(n)s 单刚变了，没挂，看一眼新的再说。")
        parts.append(words % {"n": number(len(done.changed))})
    return tell_left(parts or [_("这几单已经不在了。")], bool(held), [*done.left, *done.changed])


def tell_left(parts: Sequence[str], is_done: bool, left: Sequence[int]) -> Toast:
    if not left:
        return Toast(sentences(parts), "done" if is_done else "warn")
    return Toast(
        sentences(parts),
        "warn" if is_done else "stop",
        link=f"{reverse('orders:workbench')}?ids={','.join(map(str, left[:SHOWN_IDS]))}",
        link_label=_("看这 %(n)s 单") % {"n": number(min(len(left), SHOWN_IDS))},
    )


def why_stopped(order_ids: Sequence[int]) -> str:
    """The reasons that still stop these orders, the commonest first, at most three."""
    counts: dict[str, int] = {}
    for findings in queries.list_open_findings(order_ids).values():
        for code in {finding.code for finding in findings if finding.stops}:
            counts[code] = counts.get(code, 0) + 1
    commonest = sorted(counts, key=lambda code: (-counts[code], code))[:3]
    return _("、").join(str(wording.word_of(code).label) for code in commonest)


def sentences(parts: Sequence[str]) -> str:
    """Sentences in a row: Chinese puts nothing between them, English a space."""
    return ("" if (get_language() or "zh").startswith("zh") else " ").join(parts)
