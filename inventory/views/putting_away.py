"""The hand screen of put-away: scan the goods, then the bin they were put into; the second scan is the confirmation."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import db
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from inventory import queries
from inventory.access import get_facility
from inventory.models.places import SELLING_KINDS, BinKind
from inventory.paper_ids import DAY_S, new_paper_id, read_paper_id
from inventory.queries.places import PutAwayLine, list_put_away
from inventory.scanned import read_scanned
from inventory.services.bin_moves import BinMoveLine, move_units
from inventory.views.bin_moves import MAY_MOVE, why_words


@never_cache
@require_GET
@needs_role(*MAY_MOVE)
def hand(request: HttpRequest, facility_id: int) -> HttpResponse:
    """All that waits travels with the page."""
    place = get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    context = {"place": place, "work": _work(facility_id), "words": _words()}
    return render(request, "inventory/put_away_hand.html", context)


@never_cache
@require_GET
@needs_role(*MAY_MOVE)
def tasks(request: HttpRequest, facility_id: int) -> HttpResponse:
    """The same again, for a page that was left open."""
    get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    return JsonResponse(_work(facility_id))


@require_POST
@needs_role(*MAY_MOVE)
def scan(request: HttpRequest, facility_id: int) -> HttpResponse:
    """One scan: of goods that wait (which card), or, with a card chosen, of the bin they went into (they are moved).

    {kind: goods | which_lot | done | wrong, …}.  Sent again with the same token it counts once.
    """
    get_facility(request.membership, facility_id)  # type: ignore[attr-defined]
    text = request.POST.get("text", "").replace("\0", "").strip()[:200]
    lines, _is_cut = list_put_away(facility_id)
    key = request.POST.get("task", "")
    line = next((one for one in lines if _key(one) == key), None)
    token = read_paper_id(request.POST.get("token", ""), max_age_s=DAY_S)
    bin_card = queries.list_bins_by_code(facility_id, [read_scanned(text).text]).get(read_scanned(text).text)
    if bin_card and key and token:
        return JsonResponse(_put(request, facility_id, line, key, bin_card, token))
    return JsonResponse(_which(text, lines, bool(bin_card)))


def _put(
    request: HttpRequest,
    facility_id: int,
    line: PutAwayLine | None,
    key: str,
    bin_card: queries.BinCard,
    token: int,
) -> dict[str, Any]:
    """`line` is None when nothing waits any more: then this is the repeat of a scan that was done, or somebody was faster."""
    if bin_card.kind not in SELLING_KINDS:
        kind = BinKind(bin_card.kind).label
        return _wrong(_("不是上架的货位"), _("%(bin)s 是%(kind)s。") % {"bin": bin_card.code, "kind": kind})
    from_bin, lot = key.split("-") if key.count("-") == 1 else ("", "")
    asked = request.POST.get("quantity", "")
    if not all(text.isdecimal() and len(text) < 17 for text in (from_bin, lot, asked)):
        return _wrong(_("没扫全"), _("再扫一次。"))
    move = BinMoveLine(int(from_bin), int(lot), int(asked), bin_card.id)
    try:
        with db.savepoint():
            done = move_units(
                facility_id=facility_id, lines=[move], actor_id=request.user.pk, document_id=token
            )
    except ERPError as refusal:
        return _wrong(_("没移成"), refusal.message)
    units = number(done.units)
    told = {"n": units, "unit": line.unit if line else "", "bin": bin_card.code}
    return {"kind": "done", "text": _("%(n)s %(unit)s → %(bin)s") % told, "work": _work(facility_id)}


def _which(text: str, lines: list[PutAwayLine], is_bin: bool) -> dict[str, Any]:
    """Which card a scan of goods, or of a lot, means."""
    scanned = read_scanned(text)
    goods = queries.list_goods_by_code(scanned.codes)
    card = next((goods[code] for code in scanned.codes if code in goods), None)
    if card is None:
        by_lot = [line for line in lines if line.lot_code == scanned.text]
        if len({line.lot_id for line in by_lot}) == 1:
            return {"kind": "goods", "task": _key(by_lot[0])}
        if is_bin:
            return _wrong(_("先扫商品"), _("扫了商品，再扫放进去的货位。"))
        return _wrong(_("没见过这个码"), _("不是商品，也不是这里的货位。"))
    waiting = [line for line in lines if line.sku_id == card.id]
    if scanned.lot:
        waiting = [line for line in waiting if line.lot_code == scanned.lot]
    if not waiting:
        return _wrong(_("没有等上架的"), _("收货区里没有 %(name)s。") % {"name": card.name})
    if len({line.lot_id for line in waiting}) > 1:
        return {
            "kind": "which_lot",
            "text": _("有几批，扫批次：%(lots)s")
            % {"lots": "、".join(sorted({w.lot_code for w in waiting})[:4])},
        }
    return {"kind": "goods", "task": _key(waiting[0])}


def _wrong(title: str, advice: str) -> dict[str, Any]:
    return {"kind": "wrong", "title": title, "advice": advice}


def _key(line: PutAwayLine) -> str:
    return f"{line.from_bin_id}-{line.lot_id}"


def _work(facility_id: int) -> dict[str, Any]:
    lines, is_cut = list_put_away(facility_id)
    return {
        "is_cut": is_cut,
        "token": new_paper_id(),
        "tasks": [
            {
                "id": _key(line),
                "name": line.sku_name,
                "code": line.sku_code,
                "unit": line.unit,
                "lot": line.lot_code,
                "expires_on": f"{line.expires_on:%Y-%m-%d}" if line.expires_on else _("不过期"),
                "from": line.from_bin,
                "quantity": line.quantity,
                "to": line.to_bin or "—",
                "why": why_words(line.why),
            }
            for line in lines
        ],
    }


def _words() -> dict[str, str]:
    return {
        "scan_goods": _("扫商品"),
        "scan_bin": _("扫放进去的货位"),
        "asking": _("在对…"),
        "retry": _("没连上，在重发"),
        "retry_hint": _("别走开，扫过的不会丢"),
        "saved": _("已存"),
        "offline": _("没连上"),
        "signed_out": _("登录过期了。重新登录，扫过的都在。"),
        "server": _("没存上，再扫一次。"),
        "left": _("还有 {n} 样"),
    }
