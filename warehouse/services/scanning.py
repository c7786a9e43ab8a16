"""A scan at the shelf: the server says right or wrong, and a right scan is the confirmation."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from django.utils.translation import gettext as _

from core import clock, options
from inventory.options import EXPIRY_DAY_SELLS
from inventory.queries import list_bins_by_code, list_goods_by_code
from inventory.rules import expiry
from inventory.scanned import Scanned, read_scanned
from warehouse.errors import NotPickable
from warehouse.models import ParcelStatus, Wave
from warehouse.queries import LotCard, Pick, find_pick, list_lots_by_code, list_other_lots
from warehouse.services import floor


class VerdictKind(StrEnum):
    """What a scan was.  RIGHT, BIN and WHICH_LOT let the picker go on; GONE asks for the list anew; everything else stops."""

    RIGHT = "right"
    BIN = "bin"
    WHICH_LOT = "which_lot"
    WRONG_BIN = "wrong_bin"
    WRONG_GOODS = "wrong_goods"
    WRONG_LOT = "wrong_lot"
    EXPIRED = "expired"
    HELD = "held"
    UNKNOWN = "unknown"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one scan, in the picker's words: what it was, what to do, what was scanned beside what is wanted.

    `may_skip`: the goods wanted cannot be taken at all, so the next instruction may come first.
    """

    kind: VerdictKind
    title: str
    advice: str = ""
    scanned: str = ""
    scanned_note: str = ""
    wanted: str = ""
    wanted_note: str = ""
    may_skip: bool = False


def take_scan(*, wave_id: int, allocation_id: int, text: str, actor_id: int | None = None) -> Verdict:
    """Read a scan for one instruction; when it is right, its units are on the cart from now on (`floor.confirm_pick`).

    The same scan sent again finds the units in the cart, is right again and moves nothing.  Locks what confirm_pick locks.
    """
    verdict = read_scan(wave_id, allocation_id, text)
    if verdict.kind != VerdictKind.RIGHT:
        return verdict
    try:
        floor.confirm_pick(wave_id=wave_id, allocation_id=allocation_id, actor_id=actor_id)
    except NotPickable as refusal:
        task = find_pick(wave_id, allocation_id)
        return _held(task) if refusal.code == "lot_held" and task else _gone()
    return verdict


def read_scan(wave_id: int, allocation_id: int, text: str) -> Verdict:
    """Say whether a scan is what this instruction asks for; changes nothing.

    A merchant code or plain barcode is right only while its bin holds no other lot of the goods; a lot code and a GS1 code prove the lot.
    """
    task = find_pick(wave_id, allocation_id)
    if task is None or task.parcel_status not in (ParcelStatus.RELEASED, ParcelStatus.PICKED):
        return _gone()
    if task.is_in_cart:
        return _right(task)
    scanned = read_scanned(text)
    spellings = tuple(dict.fromkeys((*scanned.codes, scanned.text.upper())))
    if task.bin_code in spellings:
        return _held(task) if task.is_held else Verdict(VerdictKind.BIN, _("货位对"), wanted=task.bin_code)
    known = list_goods_by_code(spellings)
    goods = next((known[code] for code in spellings if code in known), None)
    if goods is not None:
        if goods.id != task.sku_id:
            return _wrong_goods(task, goods.name, goods.code)
        return _right_goods(task, scanned)
    lots = list_lots_by_code(spellings)
    if lots:
        return _lot(task, next((lot for lot in lots if lot.sku_id == task.sku_id), lots[0]))
    return _nothing_known(task, scanned, spellings)


def _right_goods(task: Pick, scanned: Scanned) -> Verdict:
    """The goods are right; is the lot?"""
    if scanned.lot:
        if scanned.lot != task.lot_code:
            found = next((lot for lot in list_lots_by_code([scanned.lot]) if lot.sku_id == task.sku_id), None)
            stranger = LotCard(
                0, scanned.lot, scanned.expires_on, task.sku_id, task.sku_code, task.sku_name, is_held=False
            )
            return _lot(task, found or stranger)
        return _dates_agree(task, scanned)
    others = list_other_lots(task)
    if scanned.expires_on and scanned.expires_on != task.expires_on:
        return _dates_agree(task, scanned)
    if scanned.expires_on:
        others = [other for other in others if other[1] == task.expires_on]
    if others:
        return replace(
            _wanted(task, VerdictKind.WHICH_LOT, _("扫批次码")),
            advice=_("这个货位有 %(n)d 个批次，只看条码分不出来。") % {"n": len(others) + 1},
        )
    return _lot_is_good(task)


def _dates_agree(task: Pick, scanned: Scanned) -> Verdict:
    if scanned.expires_on and scanned.expires_on != task.expires_on:
        return replace(
            _wanted(task, VerdictKind.WRONG_LOT, _("到期日不对")),
            advice=_("批次号一样，印的到期日不一样。放一边，告诉组长。")
            if scanned.lot
            else _("放回去，拿到期日对的这批。"),
            scanned=scanned.lot or _("到 %(day)s") % {"day": scanned.expires_on},
            scanned_note=_("到 %(day)s") % {"day": scanned.expires_on} if scanned.lot else "",
        )
    return _lot_is_good(task)


def _lot(task: Pick, lot: LotCard) -> Verdict:
    """A lot was scanned by its code."""
    if lot.sku_id != task.sku_id:
        return _wrong_goods(task, lot.sku_name, lot.sku_code)
    if lot.id == task.lot_id:
        return _lot_is_good(task)
    until = _("到 %(day)s") % {"day": lot.expires_on} if lot.expires_on else _("不过期")
    if _days_past(lot.expires_on) is not None:
        return replace(_expired(task, lot.code, lot.expires_on), may_skip=False)
    if lot.is_held:
        return replace(
            _wanted(task, VerdictKind.HELD, _("这批冻结了")),
            advice=_("放回去，别动它。拿要拿的这批。"),
            scanned=lot.code,
            scanned_note=until,
        )
    advice = (
        _("放回去，拿先到期的这批。")
        if expiry.expires_later(lot.expires_on, task.expires_on)
        else _("放回去，拿分给这单的这批。")
    )
    return replace(
        _wanted(task, VerdictKind.WRONG_LOT, _("批次不对")),
        advice=advice,
        scanned=lot.code,
        scanned_note=until,
    )


def _lot_is_good(task: Pick) -> Verdict:
    if task.is_held:
        return _held(task)
    if _days_past(task.expires_on) is not None:
        return _expired(task, task.lot_code, task.expires_on)
    return _right(task)


def _days_past(expires_on: date | None) -> int | None:
    """Days since the last day on which the goods could be sold; None while they still may be."""
    last = expiry.last_sellable_day(expires_on, expiry_day_sells=options.get(EXPIRY_DAY_SELLS))
    return max(0, (clock.today() - last).days) if last < clock.today() else None


def _nothing_known(task: Pick, scanned: Scanned, spellings: tuple[str, ...]) -> Verdict:
    facility_id = Wave.objects.values_list("facility_id", flat=True).get(id=task.wave_id)
    places = list_bins_by_code(facility_id, spellings)
    if places:
        return Verdict(
            VerdictKind.WRONG_BIN,
            _("货位不对"),
            _("走到要去的货位再扫。"),
            next(iter(places)),
            "",
            task.bin_code,
            task.sku_name,
        )
    return replace(
        _wanted(task, VerdictKind.UNKNOWN, _("没见过这个码")),
        advice=_("看看是不是扫了别的码。商品、批次、货位都行。"),
        scanned=scanned.text[:24],
    )


def _wrong_goods(task: Pick, name: str, code: str) -> Verdict:
    return Verdict(
        VerdictKind.WRONG_GOODS, _("拿错商品"), _("放回去，拿要拿的。"), code, name, task.sku_code,
        _("%(name)s · 货位 %(bin)s") % {"name": task.sku_name, "bin": task.bin_code},
    )  # fmt: skip


def _expired(task: Pick, lot_code: str, expires_on: date | None) -> Verdict:
    days = _days_past(expires_on) or 0
    return Verdict(
        VerdictKind.EXPIRED, _("已过期"), _("不能发。放进待检区，告诉组长。"),
        lot_code, _("到 %(day)s，过了 %(n)d 天") % {"day": expires_on, "n": days},
        *(("", "") if lot_code == task.lot_code else (task.lot_code, _note(task))),
        may_skip=True,
    )  # fmt: skip


def _held(task: Pick) -> Verdict:
    return Verdict(
        VerdictKind.HELD,
        _("这批冻结了"),
        _("放回原位，不能发。这个包裹停在这里，等质量管理定。"),
        task.lot_code,
        _note(task),
        may_skip=True,
    )


def _gone() -> Verdict:
    return Verdict(
        VerdictKind.GONE, _("这一条没有了"), _("可能刚取消，或者别人拣了。看新的一条。"), may_skip=True
    )


def _right(task: Pick) -> Verdict:
    return _wanted(task, VerdictKind.RIGHT, _("对了"))


def _wanted(task: Pick, kind: VerdictKind, title: str) -> Verdict:
    return Verdict(kind, title, wanted=task.lot_code, wanted_note=_note(task))


def _note(task: Pick) -> str:
    until = _("到 %(day)s") % {"day": task.expires_on} if task.expires_on else _("不过期")
    return _("%(until)s · 货位 %(bin)s") % {"until": until, "bin": task.bin_code}
