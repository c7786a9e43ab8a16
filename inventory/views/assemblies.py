"""Kits assembled and taken apart: the list, one paper, and both forms."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from core import db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.parts import Column, FilterTag, State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory import queries
from inventory.access import facilities_of, facility_scope, get_facility
from inventory.forms.kits import AssembleForm, PartLotForm, PartLots, TakeApartForm
from inventory.models import Assembly, AssemblyKind
from inventory.paper_ids import DAY_S, new_paper_id, read_paper_id
from inventory.queries.kits import (
    KitCard,
    Possible,
    find_possible,
    get_assembly,
    get_kit,
    list_kits,
    list_links,
)
from inventory.queries.places import find_lots
from inventory.services.assembling import PartLot, assemble
from inventory.services.assembly_papers import AssemblyResult
from inventory.services.taking_apart import take_apart
from inventory.views.bins import cost_words
from inventory.views.paper_lines import (
    find_bin,
    find_goods,
    find_lot,
    read_books,
    text_of,
)
from inventory.views.places import may
from inventory.views.recipes import SEES_COST
from inventory.views.skus import without

MAY_ASSEMBLE = (Role.WAREHOUSE, Role.STORE)
KINDS = {"assemble": AssemblyKind.ASSEMBLE, "apart": AssemblyKind.TAKE_APART}


def state_of(kind: int) -> State:
    known = AssemblyKind(kind)
    return State("done" if known == AssemblyKind.ASSEMBLE else "live", known.label)


@require_GET
def assemblies(request: HttpRequest) -> HttpResponse:
    """The newest first."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("facility", "")
    chosen = next((card for card in facilities if str(card.id) == asked), None)
    kind = KINDS.get(request.GET.get("kind", ""))
    found = Assembly.objects.all()
    if chosen:
        found = found.filter(facility=chosen.id)
    elif scope is not None:
        found = found.filter(facility__in=scope)
    if kind is not None:
        found = found.filter(kind=kind)
    page = list_page(
        request, found, sorts={"created": Sort("created_at", is_descending=True)}, default="created"
    )
    people = queries.list_people(row.created_by for row in page.rows)
    kits = list_kits([row.sku_id for row in page.rows])
    names = {card.id: card.name for card in facilities}
    context = {
        "page": page,
        "rows": [
            (
                row,
                names.get(row.facility_id, "—"),
                kits[row.sku_id],
                people.get(row.created_by or 0),
                state_of(row.kind),
            )
            for row in page.rows
        ],
        "columns": [
            Column(_("单号")),
            Column(_("仓库")),
            Column(_("套装")),
            Column(_("套数"), is_number=True),
            Column(_("谁做的")),
            Column(_("时间"), "created"),
            Column(_("做了什么")),
        ],
        "facilities": facilities,
        "chosen": chosen,
        "kind": request.GET.get("kind", "") if kind is not None else "",
        "kinds": [(word, choice.label) for word, choice in KINDS.items()],
        "tags": [FilterTag(str(kind.label), without(request, "kind"))] if kind is not None else [],
        "can_assemble": may(request, *MAY_ASSEMBLE),
        "here": "assemblies",
    }
    return render(request, "inventory/assemblies.html", context)


@require_GET
def assembly(request: HttpRequest, assembly_id: int) -> HttpResponse:
    """One paper: the kits and the lots of their parts."""
    paper = get_assembly(assembly_id)
    get_facility(request.membership, paper.facility_id)  # type: ignore[attr-defined]
    rows = list_links([assembly_id]).get(assembly_id, [])
    sees_cost = may(request, *SEES_COST)
    context = {
        "paper": paper,
        "state": state_of(paper.kind),
        "is_apart": paper.kind == AssemblyKind.TAKE_APART,
        "rows": rows,
        "kit": rows[0] if rows else None,
        "sees_cost": sees_cost,
        "cost_minor": get_kit(paper.sku_id).parts_cost_minor if sees_cost else None,
        "can_trace": may(request, Role.OPERATOR, Role.QUALITY, Role.READONLY),
    }
    return render(request, "inventory/assembly.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*MAY_ASSEMBLE)
def new_assembly(request: HttpRequest) -> HttpResponse:
    """What goes in and for how many kits it is enough; then the kits, in one lot."""
    choices = [(card.id, card.name) for card in facilities_of(request.membership)]  # type: ignore[attr-defined]
    if request.method == "GET":
        initial = {name: request.GET.get(name, "")[:64] for name in ("facility", "goods", "quantity", "bin")}
        initial["facility"] = initial["facility"] or str(choices[0][0] if choices else "")
        form = AssembleForm(initial={"token": new_paper_id(), **initial})
        return _assemble_page(request, form, PartLots(prefix="line"), choices, initial["goods"])
    form, lines = AssembleForm(request.POST), PartLots(request.POST, prefix="line")
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    if form.is_valid() and lines.is_valid():
        try:
            with db.savepoint():
                done = _assemble(request, form, [line for line in lines if not line.is_blank()])
        except ERPError as refusal:
            form.add_error(None, refusal.message)
            done = None
        if done is not None:
            text = _("%(number)s 组装好了 %(n)d 套。") % {
                "number": done.number,
                "n": form.cleaned_data["quantity"],
            }
            say(request, Toast(text + cost_words(done.moved)))
            return redirect("inventory:assembly", done.assembly_id)
    return _assemble_page(request, form, lines, choices, str(form["goods"].value() or ""), status=422)


def _assemble(request: HttpRequest, form: AssembleForm, lines: list[PartLotForm]) -> AssemblyResult | None:
    """None when something is wrong; its field says what.  Raises what `assemble` does."""
    data = form.cleaned_data
    texts = [text_of(form, "goods"), *(text_of(line, "goods") for line in lines)]
    books = read_books(data["facility"], texts, [text_of(form, "bin")])
    goods, place = find_goods(form, books), find_bin(form, "bin", books)
    known = find_lots((card.id, text_of(line, "lot")) for line in lines if (card := find_goods(line, books)))
    named = []
    for line in lines:
        card = books.goods.get(text_of(line, "goods"))
        lot = known.get((card.id, text_of(line, "lot"))) if card else None
        if card and lot is None:
            line.add_error("lot", _("这个商品没有这个批次。"))
        quantity = line.cleaned_data.get("quantity")
        if not quantity and "quantity" not in line.errors:
            line.add_error("quantity", _("要填数量。"))
        if lot is not None and quantity:
            named.append(PartLot(lot, quantity))
    if goods is None or place is None or any(line.errors for line in lines):
        return None
    return assemble(
        facility_id=data["facility"],
        sku_id=goods.id,
        quantity=data["quantity"],
        bin_id=place.id,
        lot_code=text_of(form, "lot"),
        parts=named,
        actor_id=request.user.pk,
        note=data["note"],
        assembly_id=read_paper_id(data["token"], max_age_s=DAY_S),
    )


def _assemble_page(
    request: HttpRequest,
    form: AssembleForm,
    lines: Any,
    choices: list[tuple[int, str]],
    goods: str,
    status: int = 200,
) -> HttpResponse:
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    kit, enough = _enough(str(form["facility"].value() or ""), goods.strip(), choices)
    context = {
        "form": form,
        "lines": lines,
        "blank": PartLots(prefix="line").empty_form,
        "facilities": choices,
        "kit": kit,
        "enough": enough,
        "parts": [(line, enough.by_part.get(line.sku_id, 0)) for line in kit.lines] if kit and enough else [],
        "sees_cost": may(request, *SEES_COST),
        "can_edit": may(request, Role.OPERATOR),
    }
    return render(request, "inventory/assembly_form.html", context, status=status)


def _enough(
    facility: str, goods: str, choices: list[tuple[int, str]]
) -> tuple[KitCard | None, Possible | None]:
    """The kit that is typed in, and how many of it are possible at the facility that is chosen."""
    found = queries.list_goods_by_code([goods]).get(goods) if goods else None
    facility_id = next((id_ for id_, _name in choices if str(id_) == facility), None)
    if found is None or facility_id is None:
        return None, None
    kit = get_kit(found.id)
    return kit, find_possible(facility_id, kit.parts)


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*MAY_ASSEMBLE)
def new_taking_apart(request: HttpRequest) -> HttpResponse:
    """Kits of one lot back into their parts."""
    choices = [(card.id, card.name) for card in facilities_of(request.membership)]  # type: ignore[attr-defined]
    if request.method == "GET":
        names = ("facility", "goods", "bin", "lot", "quantity")
        initial = {name: request.GET.get(name, "")[:64] for name in names}
        form = TakeApartForm(initial={"token": new_paper_id(), **initial})
        form.fields["facility"].choices = choices  # type: ignore[attr-defined]
        return render(request, "inventory/taking_apart.html", {"form": form, "facilities": choices})
    form = TakeApartForm(request.POST)
    form.fields["facility"].choices = choices  # type: ignore[attr-defined]
    if form.is_valid():
        try:
            with db.savepoint():
                done = _take_apart(request, form)
        except ERPError as refusal:
            form.add_error(None, refusal.message)
            done = None
        if done is not None:
            text = _("%(number)s 拆开了 %(n)d 套。") % {
                "number": done.number,
                "n": form.cleaned_data["quantity"],
            }
            say(request, Toast(text + cost_words(done.moved)))
            return redirect("inventory:assembly", done.assembly_id)
    return render(request, "inventory/taking_apart.html", {"form": form, "facilities": choices}, status=422)


def _take_apart(request: HttpRequest, form: TakeApartForm) -> AssemblyResult | None:
    """As `_assemble`."""
    data = form.cleaned_data
    books = read_books(
        data["facility"], [text_of(form, "goods")], [text_of(form, "bin"), text_of(form, "to_bin")]
    )
    goods, place, to = (
        find_goods(form, books),
        find_bin(form, "bin", books),
        find_bin(form, "to_bin", books),
    )
    lot = find_lot(form, books, place, goods) if place and goods else None
    if place is None or to is None or lot is None:
        return None
    return take_apart(
        facility_id=data["facility"],
        lot_id=lot.lot_id,
        bin_id=place.id,
        quantity=data["quantity"],
        to_bin_id=to.id,
        actor_id=request.user.pk,
        note=data["note"],
        assembly_id=read_paper_id(data["token"], max_age_s=DAY_S),
    )
