"""Goods come off the road: the screen for hands."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import db
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Toast
from core.web.toasts import say
from inventory import queries
from inventory.access import get_facility
from inventory.errors import WrongState
from inventory.forms.transfers import ArriveForm
from inventory.models import Transfer
from inventory.models.documents import TransferStatus
from inventory.queries.transfers import TransferItemRow, list_transfer_items
from inventory.services import transfer_moves
from inventory.services.transfer_moves import Arrival, Loss
from inventory.views.transfers import MAY_ACT, get_transfer


@dataclass(slots=True)
class LotRow:
    """Units of one lot that are on the road, and what the person says of them."""

    item: TransferItemRow
    units: int
    came: str = ""
    lost: str = ""
    error: str = ""


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_ACT)
def arrive(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Say by lot what came and what is lost; into one bin at a time, in as many parts as it comes."""
    paper = get_transfer(request, transfer_id)
    get_facility(request.membership, paper.to_facility_id)  # type: ignore[attr-defined]
    if paper.status != TransferStatus.ON_THE_ROAD:
        text = _("调拨单 %(number)s 没有货在路上。") % {"number": paper.number}
        if request.method == "POST":
            raise WrongState(text)
        say(request, Toast(text, "warn"))
        return redirect("inventory:transfer", paper.pk)
    items = list_transfer_items([paper.pk])[paper.pk]
    rows, settled = _rows(items), sum(item.arrived + item.lost for item in items)
    if request.method == "GET":
        return _page(request, paper, ArriveForm(initial={"seen": settled}), rows)
    form = ArriveForm(request.POST)
    is_valid = form.is_valid()
    if is_valid and form.cleaned_data["seen"] not in (None, settled):
        form = ArriveForm({"bin": form.cleaned_data["bin"], "seen": settled})
        form.add_error(None, _("刚有人点过到货，数已经变了。看一下再点。"))
        return _page(request, paper, form, rows, status=409)
    came, lost = _read(request, rows)
    if is_valid and not any(row.error for row in rows):
        bin_id = _bin(form, paper) if came else 0
        if not form.errors and _book(request, paper, form, came, lost, bin_id):
            return redirect("inventory:transfer", paper.pk)
    return _page(request, paper, form, rows, status=422)


def _rows(items: Sequence[TransferItemRow]) -> list[LotRow]:
    """One row a lot, whatever bins it came from."""
    found: dict[int, LotRow] = {}
    for item in items:
        if item.on_the_road:
            row = found.setdefault(item.lot_id, LotRow(item, 0))
            row.units += item.on_the_road
    return list(found.values())


def _read(request: HttpRequest, rows: Sequence[LotRow]) -> tuple[dict[int, int], dict[int, int]]:
    """Lot -> units that came, lot -> units lost; a wrong number is told at its row."""
    came: dict[int, int] = {}
    lost: dict[int, int] = {}
    for row in rows:
        row.came = request.POST.get(f"came-{row.item.lot_id}", "").strip()[:12]
        row.lost = request.POST.get(f"lost-{row.item.lot_id}", "").strip()[:12]
        for text, units in ((row.came, came), (row.lost, lost)):
            if text and not (text.isascii() and text.isdigit()):
                row.error = _("要填 0 以上的整数。")
            elif text and int(text):
                units[row.item.lot_id] = int(text)
        total = came.get(row.item.lot_id, 0) + lost.get(row.item.lot_id, 0)
        if total > row.units:
            row.error = _("路上只有 %(n)s 件。") % {"n": number(row.units)}
    return came, lost


def _bin(form: ArriveForm, paper: Transfer) -> int:
    code = form.cleaned_data["bin"].strip()
    card = queries.list_bins_by_code(paper.to_facility_id, [code]).get(code)
    if card is None:
        form.add_error("bin", _("这个仓库没有这个货位。") if code else _("扫一下要放进的货位。"))
        return 0
    return card.id


def _book(
    request: HttpRequest,
    paper: Transfer,
    form: ArriveForm,
    came: dict[int, int],
    lost: dict[int, int],
    bin_id: int,
) -> bool:
    try:
        with db.savepoint():
            done = transfer_moves.arrive(
                transfer_id=paper.pk,
                arrivals=[Arrival(lot_id, bin_id, units) for lot_id, units in came.items()],
                losses=[Loss(lot_id, units) for lot_id, units in lost.items()],
                reason=form.cleaned_data["reason"],
                seen_units=form.cleaned_data["seen"],
                actor_id=request.user.pk,
            )
    except ERPError as refusal:
        form.add_error(None, refusal.message)
        return False
    text = _("收了 %(n)s 件。") % {"n": number(done.arrived)}
    if done.lost:
        text += _("丢了 %(n)s 件。") % {"n": number(done.lost)}
    text += _("全到了。") if done.is_done else _("还有货在路上。")
    say(request, Toast(text, "warn" if done.lost else "done"))
    return True


def _page(
    request: HttpRequest, paper: Transfer, form: ArriveForm, rows: Sequence[LotRow], status: int = 200
) -> HttpResponse:
    context = {"paper": paper, "form": form, "rows": rows, "units": sum(row.units for row in rows)}
    return render(request, "inventory/transfer_arrive.html", context, status=status)
