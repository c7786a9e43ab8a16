"""Counts at the bin: one bin at a time, blind; the page never learns what the book says."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import db
from core.errors import ERPError
from core.web.access import needs_role
from inventory.errors import TaskGone, UnknownDocument, WrongState
from inventory.forms.counts import HandInForm
from inventory.models import CountTaskStatus
from inventory.queries import counts as reads
from inventory.queries import list_bins_by_code, list_goods_by_code
from inventory.queries.counts import LotChoice, TaskRow
from inventory.scanned import Scanned, read_scanned
from inventory.services import counting
from inventory.services.counting import Task
from inventory.views.counts import COUNTS, get_count, person

TEXT_LONGEST = 200


@never_cache
@require_GET
@needs_role(*COUNTS)
def hand(request: HttpRequest, count_id: int) -> HttpResponse:
    """The handheld.  Asking for a task changes something, so the page asks for it by a post."""
    context = {"count": get_count(request, count_id), "words": _words()}
    return render(request, "inventory/count_hand.html", context)


@require_POST
@needs_role(*COUNTS)
def next_task(request: HttpRequest, count_id: int) -> HttpResponse:
    """The next task of the walk, or the one at the bin that was scanned: {kind: task | none | other | over, …}."""
    found = get_count(request, count_id)
    text = request.POST.get("bin", "")[:TEXT_LONGEST]
    bin_id = None
    if text:
        scanned = read_scanned(text)
        codes = (*scanned.codes, scanned.text.upper())
        bins = list_bins_by_code(found.facility_id, codes)
        bin_id = next((bins[code].id for code in codes if code in bins), None)
        if bin_id is None:
            return JsonResponse(
                {"kind": "other", "title": _("没见过这个货位"), "advice": _("再扫一次货位码。")}
            )
    try:
        with db.savepoint():
            task = counting.claim_task(count_id=count_id, actor_id=person(request), bin_id=bin_id)
    except WrongState as over:
        return JsonResponse({"kind": "over", "title": _("盘点结束了"), "advice": over.message})
    if task is None and bin_id is not None:
        title, advice = _("这个货位不用盘"), _("已经盘过，或者别人正在盘。盘下一个。")
        return JsonResponse({"kind": "other", "title": title, "advice": advice})
    return JsonResponse(_told(count_id, task))


def _told(count_id: int, task: Task | None) -> dict[str, Any]:
    told = reads.list_progress([count_id])[count_id]
    counts = {"done": told.done, "total": told.total}
    row = reads.find_task(task.id) if task else None
    if row is None:
        return {"kind": "none", "busy": told.of(CountTaskStatus.COUNTING), **counts}
    goods = {"code": row.sku_code, "name": row.sku_name} if row.sku_id else None
    return {
        "kind": "task",
        "id": row.id,
        "round": row.round,
        "bin": row.bin_code,
        "zone": row.zone,
        "goods": goods,
        **counts,
    }


@require_POST
@needs_role(*COUNTS)
def arrive(request: HttpRequest, task_id: int) -> HttpResponse:
    """The bin was scanned: right or wrong; the book is noted anew from here."""
    task = _task(request, task_id)
    scanned = read_scanned(request.POST.get("text", "")[:TEXT_LONGEST])
    if task.bin_code not in (*scanned.codes, scanned.text.upper()):
        advice = _("您在 %(here)s，要盘的是 %(bin)s。") % {"here": scanned.text[:24], "bin": task.bin_code}
        return JsonResponse({"kind": "wrong", "title": _("货位不对"), "advice": advice})
    try:
        counting.begin_again(task_id=task_id, actor_id=person(request))
    except TaskGone as gone:
        return JsonResponse({"kind": "gone", "title": _("这个货位不用盘了"), "advice": gone.message})
    return JsonResponse({"kind": "right"})


@require_GET
@needs_role(*COUNTS)
def read(request: HttpRequest, task_id: int) -> HttpResponse:
    """What a scan is: one lot, goods whose lot must be chosen, the bin itself, or something else.  Never how many there should be."""
    task = _task(request, task_id)
    scanned = read_scanned(request.GET.get("text", "")[:TEXT_LONGEST])
    codes = tuple(dict.fromkeys((*scanned.codes, scanned.text.upper())))
    if task.bin_code in codes:
        return JsonResponse({"kind": "bin"})
    known = list_goods_by_code(codes)
    goods = next((known[code] for code in codes if code in known), None)
    if goods is None:
        return JsonResponse(_by_lot(task, codes))
    if task.sku_id is not None and goods.id != task.sku_id:
        return JsonResponse(_other_goods(task, goods.name))
    units = next((n for n in reads.list_barcode_units(codes).values()), 1)
    here = reads.list_lots_of(task.facility_id, goods.id)
    base = {"sku": goods.id, "code": goods.code, "name": goods.name, "unit": goods.unit, "units": units}
    lot = _lot_of(scanned, here)
    if lot is None:
        return JsonResponse({"kind": "which", **base, "lots": [_choice(one) for one in here]})
    return JsonResponse({"kind": "lot", **base, **lot})


def _lot_of(scanned: Scanned, here: list[LotChoice]) -> dict[str, str] | None:
    """The lot that a scan of goods proves: printed in the code, or the only one there is."""
    if scanned.lot:
        return {
            "lot": scanned.lot,
            "expires_on": scanned.expires_on.isoformat() if scanned.expires_on else "",
        }
    fits = [one for one in here if not scanned.expires_on or one.expires_on == scanned.expires_on]
    return _choice(fits[0]) if len(fits) == 1 else None


def _choice(lot: LotChoice) -> dict[str, str]:
    return {"lot": lot.lot_code, "expires_on": lot.expires_on.isoformat() if lot.expires_on else ""}


def _by_lot(task: TaskRow, codes: tuple[str, ...]) -> dict[str, Any]:
    """A lot's own code; where several goods have the same one, it proves nothing."""
    found = reads.list_lots_coded(codes, task.sku_id)
    if len(found) == 1:
        lot = found[0]
        base = {"sku": lot.sku_id, "code": lot.sku_code, "name": lot.sku_name, "unit": lot.unit, "units": 1}
        return {"kind": "lot", **base, **_choice(lot)}
    if found:
        return {
            "kind": "unknown",
            "title": _("几种商品都有这个批次"),
            "advice": _("先扫商品条码，再选批次。"),
        }
    return {
        "kind": "unknown",
        "title": _("没见过这个码"),
        "advice": _("扫商品条码或批次码。货位上的别的东西也要报：手输编码。"),
    }


def _other_goods(task: TaskRow, name: str) -> dict[str, str]:
    advice = _("这次只盘 %(code)s，%(name)s 不用数。") % {"code": task.sku_code, "name": name}
    return {"kind": "unknown", "title": _("不是要盘的商品"), "advice": advice}


@require_POST
@needs_role(*COUNTS)
def hand_in(request: HttpRequest, task_id: int) -> HttpResponse:
    """What was found.  The answer says only that it was taken, or what is wrong with it."""
    _task(request, task_id)
    form = HandInForm(request.POST)
    if not form.is_valid():
        message = next(iter(form.errors.values()))[0]
        return JsonResponse({"kind": "refused", "title": _("没交上"), "advice": message})
    data = form.cleaned_data
    try:
        with db.savepoint():
            counting.hand_in(
                task_id=task_id, round_=data["round"], lines=data["lines"], actor_id=person(request)
            )
    except TaskGone as gone:
        return JsonResponse({"kind": "gone", "title": _("这个货位不用盘了"), "advice": gone.message})
    except ERPError as refusal:
        return JsonResponse({"kind": "refused", "title": _("没交上"), "advice": refusal.message})
    return JsonResponse({"kind": "taken"})


@require_POST
@needs_role(*COUNTS)
def give_back(request: HttpRequest, task_id: int) -> HttpResponse:
    _task(request, task_id)
    counting.give_back(task_id=task_id, actor_id=request.user.pk)
    return JsonResponse({"kind": "back"})


def _task(request: HttpRequest, task_id: int) -> TaskRow:
    """A task of a count that this person may see.  Raises UnknownDocument."""
    task = reads.find_task(task_id)
    if task is None:
        raise UnknownDocument(_("没有这个盘点任务。"), task_id=task_id)
    get_count(request, task.count_id)
    return task


def _words() -> dict[str, str]:
    return {
        "scan_bin": _("走到这里，扫货位"),
        "scan_goods": _("扫商品"),
        "one_each": _("扫一下加一件"),
        "only": _("只数 {code}"),
        "all": _("里面的都要数"),
        "again": _("复盘，第 {n} 次"),
        "asking": _("在对…"),
        "retry": _("没连上，在重发"),
        "retry_hint": _("别走开，数过的都在"),
        "saved": _("已存"),
        "offline": _("没连上"),
        "plus": _("+{n}"),
        "lots": _("{n} 个批次，{units} 件"),
        "done": _("盘完了"),
        "is_empty": _("货位是空的"),
        "never": _("不过期"),
        "until": _("到 {day}"),
        "taken": _("交了，去下一个"),
        "busy": _("还有 {n} 个货位别人在盘，等一会儿可能要复盘。"),
        "signed_out": _("登录过期了。重新登录，数过的都在。"),
        "server": _("没存上，再试一次。"),
    }
