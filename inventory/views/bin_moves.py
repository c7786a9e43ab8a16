"""Goods from bin to bin: a form of many lines, and what waits in the receiving bins."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from core import db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Toast
from core.web.toasts import say
from inventory.access import facilities_of, get_facility
from inventory.forms.papers import BinMoveForm, BinMoveLineForm, BinMoveLines
from inventory.paper_ids import DAY_S, new_paper_id, read_paper_id
from inventory.queries.places import list_put_away
from inventory.rules.put_away import Why
from inventory.services.bin_moves import BinMoveLine, move_units
from inventory.views.bins import cost_words
from inventory.views.paper_lines import (
    Books,
    find_bin,
    find_goods,
    find_lot,
    read_books,
    text_of,
)
from inventory.views.places import may

MAY_MOVE = (Role.WAREHOUSE, Role.STORE)


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*MAY_MOVE)
def new_move(request: HttpRequest) -> HttpResponse:
    """Lines of units from one bin into another; all of them are moved or none."""
    choices = [(card.id, card.name) for card in facilities_of(request.membership)]  # type: ignore[attr-defined]
    if request.method == "GET":
        form = BinMoveForm(initial={"token": new_paper_id(), "facility": request.GET.get("facility")})
        lines = BinMoveLines(prefix="line", initial=[_initial(request)])
        lines.extra = 0
        return _page(request, form, lines, choices)
    form, lines = BinMoveForm(request.POST), BinMoveLines(request.POST, prefix="line")
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    if form.is_valid() and lines.is_valid():
        facility_id = form.cleaned_data["facility"]
        inputs = _read(facility_id, [line for line in lines if not line.is_blank()])
        if inputs == []:
            form.add_error(None, _("一行都没填。"))
        if inputs:
            try:
                with db.savepoint():
                    done = move_units(
                        facility_id=facility_id,
                        lines=inputs,
                        actor_id=request.user.pk,
                        note=form.cleaned_data["note"],
                        document_id=read_paper_id(form.cleaned_data["token"], max_age_s=DAY_S),
                    )
            except ERPError as refusal:
                form.add_error(None, refusal.message)
            else:
                words = _("移了 %(n)s 件。") if done.is_new else _("这 %(n)s 件已经移过了，没有再移。")
                say(request, Toast(words % {"n": number(done.units)} + cost_words(done.moved)))
                return redirect(f"{reverse('inventory:new_move')}?facility={facility_id}")
    return _page(request, form, lines, choices, status=422)


def _initial(request: HttpRequest) -> dict[str, str]:
    names = ("from_bin", "goods", "lot", "quantity", "to_bin")
    return {name: request.GET.get(name, "")[:64] for name in names}


def _page(
    request: HttpRequest, form: BinMoveForm, lines: Any, choices: list[tuple[int, str]], status: int = 200
) -> HttpResponse:
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    context = {
        "form": form,
        "lines": lines,
        "blank": BinMoveLines(prefix="line").empty_form,
        "facilities": choices,
    }
    return render(request, "inventory/bin_move.html", context, status=status)


def _read(facility_id: int, lines: list[BinMoveLineForm]) -> list[BinMoveLine] | None:
    """The lines as the service wants them; None when one is wrong (its form says where)."""
    books = read_books(
        facility_id,
        [text_of(line, "goods") for line in lines],
        [text_of(line, name) for line in lines for name in ("from_bin", "to_bin")],
    )
    read = [_read_line(line, books) for line in lines]
    return None if any(one is None for one in read) else [one for one in read if one is not None]


def _read_line(line: BinMoveLineForm, books: Books) -> BinMoveLine | None:
    source, goods = find_bin(line, "from_bin", books), find_goods(line, books)
    to = find_bin(line, "to_bin", books)
    lot = find_lot(line, books, source, goods) if source and goods else None
    quantity = line.cleaned_data.get("quantity")
    if not quantity and "quantity" not in line.errors:
        line.add_error("quantity", _("要填数量。"))
    if line.errors or source is None or to is None or lot is None or not quantity:
        return None
    return BinMoveLine(source.id, lot.lot_id, quantity, to.id)


@never_cache
@require_GET
def put_away(request: HttpRequest) -> HttpResponse:
    """What waits in the receiving bins of one facility, first expired first, with the bin each should go to."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("facility", "")
    chosen = None
    if asked.isdecimal() and len(asked) < 17:
        chosen = get_facility(request.membership, int(asked))  # type: ignore[attr-defined]
    elif facilities:
        chosen = facilities[0]
    lines, is_cut = list_put_away(chosen.id) if chosen else ([], False)
    context = {
        "facilities": facilities,
        "chosen": chosen,
        "lines": [(line, why_words(line.why)) for line in lines],
        "units": sum(line.quantity for line in lines),
        "is_cut": is_cut,
        "can_move": may(request, *MAY_MOVE),
        "here": "put_away",
    }
    return render(request, "inventory/put_away.html", context)


def why_words(why: Why | None) -> str:
    """Why this bin, in a word or two."""
    if why is None:
        return _("没有空货位了")
    return {
        Why.SAME_LOT: _("同批次在这里"),
        Why.SAME_SKU: _("同商品在这里"),
        Why.EMPTY: _("空货位"),
    }[why]
