"""Transfers: the list, one paper, a new one, its way over the road."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock, db
from core.accounts import Role
from core.errors import ERPError
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Column, FilterTag, State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory import queries
from inventory.access import facilities_of, facility_scope, get_facility
from inventory.errors import UnknownDocument, WrongState
from inventory.forms.paper_lines import PaperLines, read_goods
from inventory.forms.transfers import TransferForm
from inventory.models import Transfer
from inventory.models.documents import TransferStatus
from inventory.paper_ids import new_paper_id, read_paper_id
from inventory.queries.receiving import list_scanned_goods
from inventory.queries.transfers import (
    TransferLineRow,
    TransferSums,
    list_transfer_items,
    list_transfer_lines,
    sum_transfers,
)
from inventory.services import transfer_moves, transfers
from inventory.services.transfers import TransferInput, TransferLineInput

MAY_SEE = (Role.OPERATOR, Role.WAREHOUSE, Role.STORE, Role.QUALITY, Role.READONLY)
MAY_ACT = (Role.OPERATOR, Role.WAREHOUSE, Role.STORE)

STATES = {
    TransferStatus.DRAFT: State("wait", TransferStatus.DRAFT.label, "pencil"),
    TransferStatus.ON_THE_ROAD: State("live", TransferStatus.ON_THE_ROAD.label, "truck"),
    TransferStatus.ARRIVED: State("done", TransferStatus.ARRIVED.label),
    TransferStatus.CANCELLED: State("wait", TransferStatus.CANCELLED.label, "ban"),
}


def is_mine(request: HttpRequest, facility_id: int) -> bool:
    """Whether he works at this facility."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    return scope is None or facility_id in scope


def may_act(request: HttpRequest) -> bool:
    return request.membership.role in (Role.OWNER, *MAY_ACT)  # type: ignore[attr-defined]


def get_transfer(request: HttpRequest, transfer_id: int) -> Transfer:
    """One paper with its two facilities.  Raises UnknownDocument, also when neither of them is his."""
    found = Transfer.objects.select_related("from_facility", "to_facility").filter(id=transfer_id).first()
    if found is None or not (
        is_mine(request, found.from_facility_id) or is_mine(request, found.to_facility_id)
    ):
        raise UnknownDocument(_("没有这张调拨单。"), transfer_id=transfer_id)
    return found


def _chosen(request: HttpRequest) -> QuerySet[Transfer]:
    found = Transfer.objects.select_related("from_facility", "to_facility")
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    if scope is not None:
        found = found.filter(Q(from_facility_id__in=scope) | Q(to_facility_id__in=scope))
    status, place = request.GET.get("status", ""), request.GET.get("facility", "")
    if status in TransferStatus.names:
        found = found.filter(status=TransferStatus[status])
    if place.isascii() and place.isdigit() and len(place) < 16:
        found = found.filter(Q(from_facility_id=int(place)) | Q(to_facility_id=int(place)))
    if text := request.GET.get("q", "").replace("\0", "").strip():
        found = found.filter(number=text.upper())
    return found


@require_GET
@needs_role(*MAY_SEE)
def transfer_list(request: HttpRequest) -> HttpResponse:
    """All papers, the newest first."""
    page = list_page(
        request,
        _chosen(request),
        sorts={"created": Sort("created_at", is_descending=True)},
        default="-created",
    )
    sums = sum_transfers([paper.id for paper in page.rows])
    status, query = request.GET.get("status", ""), request.GET.copy()
    tabs = []
    for name, word in [("", _("全部")), *((one.name, str(one.label)) for one in TransferStatus)]:
        for old in ("after", "before"):
            query.pop(old, None)
        query["status"] = name
        tabs.append((word, f"?{query.urlencode()}", name == status))
    places = facilities_of(request.membership)  # type: ignore[attr-defined]
    text = request.GET.get("q", "").strip()
    context = {
        "page": page,
        "rows": [(p, sums.get(p.id, TransferSums()), STATES[TransferStatus(p.status)]) for p in page.rows],
        "columns": [
            Column(_("单号")),
            Column(_("从哪里")),
            Column(_("到哪里")),
            Column(_("状态")),
            Column(_("要调"), is_number=True),
            Column(_("发了"), is_number=True),
            Column(_("到了"), is_number=True),
            Column(_("丢了"), is_number=True),
            Column(_("建单"), "created"),
        ],
        "tabs": tabs,
        "tags": [FilterTag(_("单号：%(text)s") % {"text": text}, "?")] if text else [],
        "q": text,
        "facilities": places,
        "chosen": next((card for card in places if str(card.id) == request.GET.get("facility")), None),
        "has_filter": bool(text or status or request.GET.get("facility")),
        "may_act": may_act(request),
        "now": clock.opened_at(),
    }
    return render(request, "inventory/transfers.html", context)


@require_GET
@needs_role(*MAY_SEE)
def transfer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """One paper: what is asked for and what can be had, or what left, arrived, was lost."""
    return render(request, "inventory/transfer.html", _context(request, transfer_id))


def _context(request: HttpRequest, transfer_id: int) -> dict[str, Any]:
    paper = get_transfer(request, transfer_id)
    status = TransferStatus(paper.status)
    lines = list_transfer_lines([paper.id])[paper.id]
    items = list_transfer_items([paper.id])[paper.id] if paper.sent_at else []
    free = _free(paper, lines) if status == TransferStatus.DRAFT else {}
    is_from, is_to = is_mine(request, paper.from_facility_id), is_mine(request, paper.to_facility_id)
    act = may_act(request)
    return {
        "paper": paper,
        "state": STATES[status],
        "lines": [
            (line, free.get(line.sku_id, 0), line.quantity - free.get(line.sku_id, 0)) for line in lines
        ],
        "items": items,
        "sums": sum_transfers([paper.id])[paper.id],
        "is_draft": status == TransferStatus.DRAFT,
        "is_short": any(line.quantity > free.get(line.sku_id, 0) for line in lines),
        "may_edit": act and is_from and status == TransferStatus.DRAFT,
        "may_send": act and is_from and status == TransferStatus.DRAFT,
        "may_arrive": act and is_to and status == TransferStatus.ON_THE_ROAD,
        "may_cancel": act and is_from and status in (TransferStatus.DRAFT, TransferStatus.ON_THE_ROAD),
        "now": clock.opened_at(),
    }


def _free(paper: Transfer, lines: Sequence[TransferLineRow]) -> dict[int, int]:
    """SKU -> units of the sender that nobody is promised."""
    floor = queries.first_sellable()
    found = queries.list_available([paper.from_facility_id], {line.sku_id: floor for line in lines})
    return {place[1]: units for place, units in found.items()}


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_ACT)
def new_transfer(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@needs_role(*MAY_ACT)
def edit_transfer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    paper = get_transfer(request, transfer_id)
    get_facility(request.membership, paper.from_facility_id)  # type: ignore[attr-defined]
    if paper.status != TransferStatus.DRAFT:
        text = _("调拨单 %(number)s 不是草稿了，不能改。") % {"number": paper.number}
        if request.method == "POST":
            raise WrongState(text)
        say(request, Toast(text, "warn"))
        return redirect("inventory:transfer", paper.pk)
    return _edit(request, paper)


def _edit(request: HttpRequest, paper: Transfer | None) -> HttpResponse:
    if request.method == "GET":
        form, lines = _initial(request, paper)
    else:
        form, lines = TransferForm(request.POST), PaperLines(request.POST, prefix="line")
    mine = facilities_of(request.membership)  # type: ignore[attr-defined]
    form.fields["from_facility"].choices = [(card.id, card.name) for card in mine]  # type: ignore[attr-defined]
    everywhere = [(card.id, card.name) for card in queries.list_facilities()]
    form.fields["to_facility"].choices = everywhere  # type: ignore[attr-defined]
    if "to_facility" not in form.initial:  # never the one it comes from
        start = form.initial.get("from_facility") or next((str(card.id) for card in mine), "")
        form.initial["to_facility"] = next((id_ for id_, _name in everywhere if str(id_) != str(start)), None)
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        change = _read(form, lines)
        if change is not None:
            try:
                with db.savepoint():
                    return _save(request, paper, change)
            except ERPError as refusal:
                form.add_error(None, refusal.message)
    context = {
        "form": form,
        "lines": lines,
        "blank": PaperLines(prefix="line").empty_form,
        "paper": paper,
        "places": len(everywhere),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "inventory/transfer_form.html", context, status=status)


def _initial(request: HttpRequest, paper: Transfer | None) -> tuple[TransferForm, Any]:
    if paper is None:
        asked = request.GET.get("facility")
        return (
            TransferForm(initial={"paper": new_paper_id(), "from_facility": asked}),
            PaperLines(prefix="line", initial=[{"goods": request.GET.get("goods", "")}]),
        )
    head = {name: getattr(paper, f"{name}_id") for name in ("from_facility", "to_facility")}
    rows = [
        {"goods": line.sku, "quantity": line.quantity} for line in list_transfer_lines([paper.pk])[paper.pk]
    ]
    return TransferForm(initial={**head, "note": paper.note}), PaperLines(prefix="line", initial=rows)


def _read(form: TransferForm, lines: Any) -> TransferInput | None:
    filled = [line for line in lines if not line.is_blank()]
    if not filled:
        form.add_error(None, _("一行都没填。扫一件商品，或者输编码。"))
        return None
    found = read_goods(filled, list_scanned_goods([line.cleaned_data["goods"].strip() for line in filled]))
    if found is None:
        return None
    data = form.cleaned_data
    return TransferInput(
        data["from_facility"],
        data["to_facility"],
        tuple(TransferLineInput(goods.id, line.cleaned_data["quantity"]) for goods, line in found),
        data["note"],
        read_paper_id(data["paper"]),
    )


def _save(request: HttpRequest, paper: Transfer | None, change: TransferInput) -> HttpResponse:
    if paper is None:
        (transfer_id,) = transfers.create_transfers(transfers=[change], actor_id=request.user.pk)
    else:
        transfer_id = paper.pk
        transfers.edit_transfer(transfer_id=transfer_id, change=change, actor_id=request.user.pk)
    say(request, Toast(_("草稿存好了，货还没发。")))
    return redirect("inventory:transfer", transfer_id)


@require_POST
@needs_role(*MAY_ACT)
def send_transfer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Put a draft on the road, first expired first out."""
    paper = get_transfer(request, transfer_id)
    get_facility(request.membership, paper.from_facility_id)  # type: ignore[attr-defined]
    try:
        with db.savepoint():
            sent = transfer_moves.send_transfer(transfer_id=transfer_id, actor_id=request.user.pk)
    except ERPError as refusal:
        context = _context(request, transfer_id) | {"refusal": refusal.message}
        return render(request, "inventory/transfer.html", context, status=int(refusal.status))
    text = _("发了 %(n)s 件，在路上。") % {"n": number(sent.units)}
    if sent.moved.broken_owners:
        text += _("%(n)s 张单缺货了，回到“库存不够”。") % {"n": number(len(sent.moved.broken_owners))}
    kind = "warn" if sent.moved.broken_owners else "done"
    say(request, Toast(text, kind, link=reverse("inventory:transfers"), link_label=_("看调拨")))
    return redirect("inventory:transfer", transfer_id)


@require_POST
@needs_role(*MAY_ACT)
def cancel_transfer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Void a draft, or call the goods back into the bins that they left."""
    paper = get_transfer(request, transfer_id)
    get_facility(request.membership, paper.from_facility_id)  # type: ignore[attr-defined]
    back = transfer_moves.cancel_transfer(transfer_id=transfer_id, actor_id=request.user.pk)
    told = _("取消了，%(n)s 件回到原来的货位。") if back else _("取消了。")
    say(request, Toast(told % {"n": number(back)} if back else told))
    return redirect("inventory:transfer", transfer_id)
