"""The handheld: one instruction at a time; the scan is the confirmation, and the server says right or wrong."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import clock, db
from core.errors import ERPError
from core.web.access import needs_role
from warehouse import queries
from warehouse.access import WORKS, get_wave
from warehouse.forms import ScanForm, ShortForm
from warehouse.queries import Pick
from warehouse.services.scanning import Verdict, VerdictKind, take_scan
from warehouse.services.short_picks import Damage, ShortPick, report_short, set_damaged_aside


@never_cache
@require_GET
@needs_role(*WORKS)
def pick(request: HttpRequest, wave_id: int) -> HttpResponse:
    """All instructions of the wave travel with the page; which one comes next never waits for the network."""
    found, place = get_wave(request.membership, wave_id)  # type: ignore[attr-defined]
    context = {"wave": found, "place": place, "work": _work(wave_id), "words": _words()}
    return render(request, "warehouse/pick.html", context)


@never_cache
@require_GET
@needs_role(*WORKS)
def tasks(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The instructions again, for a page that was left open or whose list changed."""
    get_wave(request.membership, wave_id)  # type: ignore[attr-defined]
    return JsonResponse(_work(wave_id))


@require_POST
@needs_role(*WORKS)
def scan(request: HttpRequest, wave_id: int) -> HttpResponse:
    """One scan: {kind, title, advice, scanned, wanted, …}.  Sent again with the same meaning it counts once."""
    get_wave(request.membership, wave_id)  # type: ignore[attr-defined]
    form = ScanForm(request.POST)
    if not form.is_valid():
        verdict = Verdict(VerdictKind.UNKNOWN, _("没扫全"), _("再扫一次。"))
    else:
        data = form.cleaned_data
        verdict = take_scan(
            wave_id=wave_id, allocation_id=data["allocation"], text=data["text"], actor_id=request.user.pk
        )
    names = ("title", "advice", "scanned", "scanned_note", "wanted", "wanted_note", "may_skip")
    return JsonResponse(
        {"kind": verdict.kind.value, "scan": request.POST.get("scan", "")[:64]}
        | {name: getattr(verdict, name) for name in names}
    )


@require_POST
@needs_role(*WORKS)
def short(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The bin has fewer than the instruction asks for, or some are damaged: {kind, text, work}.  Sent again it counts once."""
    get_wave(request.membership, wave_id)  # type: ignore[attr-defined]
    form = ShortForm(request.POST)
    kind, text = "gone", _("没填全，再来一次。")
    if form.is_valid():
        try:
            with db.savepoint():
                kind, text = "done", _report(wave_id, form.cleaned_data, int(request.user.pk or 0))
        except ERPError as refusal:
            text = refusal.message
    return JsonResponse({"kind": kind, "text": text, "work": _work(wave_id)})


def _report(wave_id: int, data: dict[str, Any], actor_id: int) -> str:
    """What was done about it, in the picker's words."""
    allocation_id, units = data["allocation"], data["units"]
    if data["what"] == "damaged":
        return _damage_words(
            set_damaged_aside(
                wave_id=wave_id,
                allocation_id=allocation_id,
                units=units,
                document_id=data["paper"],
                actor_id=actor_id,
            )
        )
    return _short_words(
        report_short(wave_id=wave_id, allocation_id=allocation_id, found=units, actor_id=actor_id)
    )


def _short_words(done: ShortPick) -> str:
    said = _("拿走 %(n)d。") % {"n": done.picked} if done.picked else ""
    if done.elsewhere:
        said += _("差的 %(n)d 去 %(bins)s 拿。") % {"n": done.elsewhere, "bins": _("、").join(done.bins)}
    if done.lacking:
        said += _("还差 %(n)d，别处也没有，这单退回审单。") % {"n": done.lacking}
    return said + _("这个货位先冻结，等盘点。")


def _damage_words(done: Damage) -> str:
    said = _("坏的 %(n)d 放到 %(bin)s。") % {"n": done.units, "bin": done.to_bin}
    if done.lacking:
        return said + _("还差 %(n)d，别处也没有，这单退回审单。") % {"n": done.lacking}
    return said + (_("好的去 %(bins)s 拿。") % {"bins": _("、").join(done.bins)} if done.bins else "")


def _work(wave_id: int) -> dict[str, Any]:
    picks = queries.list_picks(wave_id)
    walk, today = queries.walk(picks), clock.today()
    return {"total": len(picks), "paper": db.new_id(), "tasks": [_task(one, today) for one in walk]}


def _task(one: Pick, today: date) -> dict[str, Any]:
    return {
        "id": one.allocation_id,
        "bin": one.bin_code,
        "name": one.sku_name,
        "code": one.sku_code,
        "lot": one.lot_code,
        "expires_on": f"{one.expires_on:%Y-%m-%d}" if one.expires_on else _("不过期"),
        "left": _("还有 %(n)d 天") % {"n": (one.expires_on - today).days} if one.expires_on else "",
        "quantity": one.quantity,
        "unit": one.unit,
        "slot": one.slot,
    }


def _words() -> dict[str, str]:
    return {
        "scan_bin": _("扫货位"),
        "scan_goods": _("扫商品"),
        "scan_lot": _("扫批次码"),
        "or_goods": _("或直接扫商品"),
        "asking": _("在对…"),
        "right": _("对了"),
        "retry": _("没连上，在重发"),
        "retry_hint": _("别走开，扫过的不会丢"),
        "saved": _("已存"),
        "offline": _("没连上"),
        "take": _("拿 {n} {unit}"),
        "place_of": _("{n} {unit} → {slot} 格"),
        "signed_out": _("登录过期了。重新登录，扫过的都在。"),
        "server": _("没存上，再扫一次。"),
        "not_told": _("没报上，再来一次。"),
        "how_many_left": _("货位里还有几{unit}？"),
        "how_many_bad": _("坏了几{unit}？"),
        "wanted": _("{bin} · 要 {n} {unit}"),
        "none_left": _("一{unit}也没有"),
        "only": _("只有 {n} {unit}"),
        "bad": _("坏了 {n} {unit}"),
        "then_short": _("拿走 {n} {unit}，差的 {left} {unit}马上换别的货位。这里冻结，等盘点。"),
        "then_bad": _("坏的 {n} {unit}放到破损货位，不够的马上换别的货位。"),
    }
