"""The handheld: one instruction at a time; the scan is the confirmation, and the server says right or wrong."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.web.access import needs_role
from warehouse import queries
from warehouse.access import WORKS, get_wave
from warehouse.forms import ScanForm
from warehouse.queries import Pick
from warehouse.services.scanning import Verdict, VerdictKind, take_scan


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


def _work(wave_id: int) -> dict[str, Any]:
    picks = queries.list_picks(wave_id)
    walk, today = queries.walk(picks), clock.today()
    return {"total": len(picks), "tasks": [_task(one, today) for one in walk]}


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
    }
