"""Goods come in: a delivery note and its lines, typed or scanned, alone or against a purchase order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core import clock, db, options
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Toast
from core.web.toasts import say
from inventory import queries
from inventory.access import facilities_of
from inventory.errors import OverDelivered
from inventory.forms import ReceiptForm, ReceiptLineForm, ReceiptLines
from inventory.models import PurchaseOrder
from inventory.models.goods import Tracking
from inventory.models.places import SELLING_KINDS
from inventory.options import EXPIRY_DAY_SELLS, PRODUCTION_DAY_COUNTS
from inventory.queries import BinCard
from inventory.queries.purchases import PurchaseLineRow, list_purchase_lines
from inventory.queries.receiving import ScannedGoods, list_scanned_goods
from inventory.rules import expiry
from inventory.scanned import read_scanned
from inventory.services import receiving
from inventory.services.receiving import ReceiptInput
from inventory.views.purchases import get_purchase

MAY_RECEIVE = (Role.WAREHOUSE, Role.STORE)
MAY_SCAN = (*MAY_RECEIVE, Role.OPERATOR)


@dataclass(frozen=True, slots=True)
class _Books:
    """What the lines' codes stand for at this facility."""

    goods: Mapping[str, ScannedGoods]
    bins: Mapping[str, BinCard]
    today: date
    expiry_day_sells: bool
    production_day_counts: bool


@dataclass(frozen=True, slots=True)
class _Expected:
    """The order that goods are received for, and its lines."""

    order: PurchaseOrder
    lines: Sequence[PurchaseLineRow]


Choices = Sequence[tuple[int, str]]


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_RECEIVE)
def receive(request: HttpRequest) -> HttpResponse:
    """Book a delivery.  Every line's mistake is told at its field; nothing is booked until all are right."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    return _receive(request, [(card.id, card.name) for card in facilities], None)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_RECEIVE)
def receive_purchase(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """The same against a purchase order: what is expected stands beside what came; what is over is asked about, not refused."""
    order = get_purchase(request, purchase_id)
    expected = _Expected(order, list_purchase_lines([order.pk])[order.pk])
    return _receive(request, [(order.facility_id, order.facility.name)], expected)


def _receive(request: HttpRequest, choices: Choices, expected: _Expected | None) -> HttpResponse:
    if request.method == "GET":
        initial = {
            "facility": request.GET.get("facility") or (choices[0][0] if choices else None),
            "reference": _new_reference(),
            "supplier": expected.order.supplier.name if expected else "",
        }
        form = ReceiptForm(initial=initial)
        lines = ReceiptLines(prefix="line", initial=[{"goods": request.GET.get("goods", "")}])
        lines.extra = 0
        return _page(request, form, lines, choices, expected)
    form, lines = ReceiptForm(request.POST), ReceiptLines(request.POST, prefix="line")
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    if not (form.is_valid() and lines.is_valid()):
        return _page(request, form, lines, choices, expected, status=422)
    inputs = _read_lines(form.cleaned_data["facility"], [line for line in lines if not line.is_blank()])
    if inputs is None:
        return _page(request, form, lines, choices, expected, status=422)
    if not inputs:
        form.add_error(None, _("一行都没填。扫一件商品，或者输编码。"))
        return _page(request, form, lines, choices, expected, status=422)
    try:
        with db.savepoint():  # a refusal leaves nothing behind, though the page is shown
            done = receiving.receive(
                facility_id=form.cleaned_data["facility"],
                reference=form.cleaned_data["reference"],
                supplier=form.cleaned_data["supplier"],
                lines=inputs,
                actor_id=request.user.pk,
                purchase_id=expected.order.pk if expected else None,
                accept_over=bool(request.POST.get("accept_over")),
            )
    except ERPError as refusal:
        form.add_error(None, refusal.message)
        is_over = isinstance(refusal, OverDelivered)
        return _page(request, form, lines, choices, expected, status=422, is_over=is_over)
    _tell(request, done, inputs, form.cleaned_data["reference"])
    if expected:
        return redirect("inventory:purchase", expected.order.pk)
    return redirect(f"{reverse('inventory:receive')}?facility={form.cleaned_data['facility']}")


def _page(
    request: HttpRequest,
    form: ReceiptForm,
    lines: Any,
    choices: Choices,
    expected: _Expected | None,
    *,
    status: int = 200,
    is_over: bool = False,
) -> HttpResponse:
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    context = {
        "form": form,
        "lines": lines,
        "facilities": choices,
        "blank": ReceiptLines(prefix="line").empty_form,
        "expected": expected,
        "is_over": is_over,
    }
    return render(request, "inventory/receive.html", context, status=status)


def _new_reference() -> str:
    """A number for deliveries that came without a note; made once a page, so that sending it twice counts once."""
    return f"R{clock.today():%y%m%d}-{db.new_id()}"


def _tell(
    request: HttpRequest, done: receiving.ReceiptResult, inputs: Sequence[ReceiptInput], reference: str
) -> None:
    if not done.is_new:
        text = _("单号 %(number)s 以前收过 %(n)s 件，这次没有再收。")
        say(request, Toast(text % {"number": reference, "n": number(done.units)}, "warn"))
        return
    skus = {line.sku_id for line in inputs}
    text = _("收了 %(lines)d 行，%(n)s 件，已经入账。") % {"lines": len(inputs), "n": number(done.units)}
    if done.over_units:
        text += _("比采购单多 %(n)s 件。") % {"n": number(done.over_units)}
    if done.is_order_closed:
        text += _("采购单收齐了。")
    link = reverse("inventory:sku", args=[skus.pop()]) if len(skus) == 1 else reverse("inventory:stock")
    say(request, Toast(text, "done", link=link, link_label=_("看库存")))


def _read_lines(facility_id: int, lines: Sequence[ReceiptLineForm]) -> list[ReceiptInput] | None:
    """The lines as the service wants them; None when one of them is wrong (its form says where)."""
    books = _Books(
        list_scanned_goods([line.cleaned_data["goods"].strip() for line in lines]),
        queries.list_bins_by_code(facility_id, [line.cleaned_data["bin"].strip() for line in lines]),
        clock.today(),
        options.get(EXPIRY_DAY_SELLS),
        options.get(PRODUCTION_DAY_COUNTS),
    )
    read = [_read_line(line, books) for line in lines]
    return None if any(one is None for one in read) else [one for one in read if one is not None]


def _read_line(line: ReceiptLineForm, books: _Books) -> ReceiptInput | None:
    data = line.cleaned_data
    goods, place = books.goods.get(data["goods"].strip()), books.bins.get(data["bin"].strip())
    if goods is None:
        line.add_error("goods", _("没有这个编码或条码。") if data["goods"].strip() else _("要填编码或条码。"))
    if place is None:
        line.add_error("bin", _("这个仓库没有这个货位。") if data["bin"].strip() else _("要填货位。"))
    if not data["quantity"]:
        line.add_error("quantity", _("要填数量。"))
    _check_lot(line, goods)
    expires = _expires_on(line, goods, books) if goods else None
    is_over = expires and expiry.is_expired(expires, books.today, expiry_day_sells=books.expiry_day_sells)
    if is_over and place and place.kind in SELLING_KINDS:
        line.add_error("expires_on", _("已经过期，只能收进待检区或残次区。"))
    if line.errors or goods is None or place is None:
        return None
    return ReceiptInput(
        goods.id,
        data["lot"].strip(),
        place.id,
        data["quantity"],
        expires,
        data["produced_on"],
        data["supplier_lot"].strip(),
    )


def _check_lot(line: ReceiptLineForm, goods: ScannedGoods | None) -> None:
    tracking = Tracking.LOT if goods is None else goods.tracking
    if tracking != Tracking.NONE and not line.cleaned_data["lot"].strip():
        is_serial = tracking == Tracking.SERIAL
        line.add_error("lot", _("要填序列号。") if is_serial else _("要填批次。没印批次的，写生产日期。"))
    if tracking == Tracking.SERIAL and (line.cleaned_data["quantity"] or 1) != 1:
        line.add_error("quantity", _("一个序列号一件。"))


def _expires_on(line: ReceiptLineForm, goods: ScannedGoods, books: _Books) -> date | None:
    """The date given, or the production day and the shelf life; a SKU without a shelf life need not expire."""
    data = line.cleaned_data
    if data["expires_on"]:
        return data["expires_on"]  # type: ignore[no-any-return]
    if not (goods.shelf_life_days or goods.shelf_life_months):
        return None
    if not data["produced_on"]:
        if goods.tracking == Tracking.LOT:
            line.add_error("expires_on", _("这个商品有保质期，到期日和生产日期至少填一个。"))
        return None
    months = None if goods.shelf_life_days else goods.shelf_life_months
    day = expiry.expires_on(
        data["produced_on"],
        days=goods.shelf_life_days,
        months=months,
        production_day_counts=books.production_day_counts,
    )
    return None if day == expiry.NEVER else day


@require_GET
@needs_role(*MAY_SCAN)
def read(request: HttpRequest) -> HttpResponse:
    """What a scan says: goods, lot, serial number and expiry of a GS1 code, goods of a plain one, or a bin.  The page fills its line."""
    text = request.GET.get("text", "").replace("\0", "").strip()[:200]
    scanned = read_scanned(text)
    goods = list_scanned_goods(scanned.codes)
    card = next((goods[code] for code in scanned.codes if code in goods), None)
    if card is not None:
        is_serial = card.tracking == Tracking.SERIAL
        return JsonResponse(
            {
                "kind": "goods",
                "code": card.code,
                "name": card.name,
                "units": 1 if is_serial else card.units,
                "is_serial": is_serial,
                "lot": scanned.serial if is_serial else scanned.lot,
                "expires_on": scanned.expires_on.isoformat() if scanned.expires_on else "",
                "produced_on": scanned.produced_on.isoformat() if scanned.produced_on else "",
            }
        )
    asked = request.GET.get("facility", "")
    mine = {card.id for card in facilities_of(request.membership)}  # type: ignore[attr-defined]
    if asked.isdecimal() and int(asked) in mine and queries.list_bins_by_code(int(asked), [scanned.text]):
        return JsonResponse({"kind": "bin", "code": scanned.text})
    return JsonResponse(
        {"kind": "unknown", "text": _("不认识 %(code)s：不是商品，也不是这里的货位。") % {"code": text[:40]}}
    )
