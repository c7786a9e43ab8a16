"""Numbers explained: the ledger of a SKU, a lot or a bin with its running balance, and who has the units that are taken."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core import clock
from core.documents import Document, list_documents
from core.errors import Invalid
from core.web.parts import FilterTag
from core.web.tables import PAGE_SIZE, Cursor, decode, encode, read_instant
from inventory import queries
from inventory.access import facilities_of, facility_scope, get_facility
from inventory.errors import UnknownGoods, UnknownPlace
from inventory.models import Bin, BinKind, Lot, MoveKind
from inventory.queries import FacilityCard
from inventory.queries.ledger import Filter, Group, GroupKind, LedgerPage, Moment, list_group_ledger
from inventory.queries.lots import list_lot_places
from inventory.queries.taken import list_taken

ALLOCATED, PROMISED = "allocated", "promised"


@require_GET
def sku_ledger(request: HttpRequest, sku_id: int) -> HttpResponse:
    """Every move of a SKU at the reader's facilities, or at one of them."""
    goods = queries.get_sku(sku_id)
    facilities, chosen = _facilities(request)
    head = {
        "title": goods.name,
        "sub": goods.code,
        "unit": goods.unit,
        "back": (goods.code, reverse("inventory:sku", args=[sku_id])),
    }
    return _render(request, Group(GroupKind.SKU, sku_id, _ids(facilities, chosen)), head, facilities, chosen)


@require_GET
def lot_ledger(request: HttpRequest, lot_id: int) -> HttpResponse:
    """Every move of a lot at the reader's facilities, or at one of them."""
    lot = Lot.objects.select_related("sku").filter(id=lot_id).first()
    if lot is None:
        raise UnknownGoods(_("没有这个批次。"), code="lot_not_found", lot_id=lot_id)
    facilities, chosen = _facilities(request)
    if facility_scope(request.membership) is not None and not list_lot_places(lot_id, _ids(facilities, None)):  # type: ignore[attr-defined]
        raise UnknownGoods(_("没有这个批次。"), code="lot_not_found", lot_id=lot_id)
    ends = _("到 %(day)s") % {"day": f"{lot.expires_on:%Y-%m-%d}"} if lot.expires_on else _("不过期")
    head = {
        "title": _("批次 %(lot)s") % {"lot": lot.code},
        "sub": f"{lot.sku.name} · {ends}",
        "unit": lot.sku.unit,
        "back": (lot.sku.code, reverse("inventory:sku", args=[lot.sku_id])),
    }
    return _render(request, Group(GroupKind.LOT, lot_id, _ids(facilities, chosen)), head, facilities, chosen)


@require_GET
def bin_ledger(request: HttpRequest, bin_id: int) -> HttpResponse:
    """Every move into and out of a bin."""
    place = Bin.objects.filter(id=bin_id).first()
    if place is None:
        raise UnknownPlace(_("没有这个货位。"), code="bin_not_found", bin_id=bin_id)
    card = get_facility(request.membership, place.facility_id)  # type: ignore[attr-defined]
    head = {
        "title": _("货位 %(bin)s") % {"bin": place.code},
        "sub": f"{card.name} · {BinKind(place.kind).label}",
        "unit": "",
        "back": (_("库存"), f"{reverse('inventory:balances')}?bin={place.code}&facility={card.id}"),
        "is_bin": True,
    }
    return _render(request, Group(GroupKind.BIN, bin_id, [card.id]), head, [card], card)


def _facilities(request: HttpRequest) -> tuple[Sequence[FacilityCard], FacilityCard | None]:
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("facility", "")
    return facilities, next((card for card in facilities if str(card.id) == asked), None)


def _ids(facilities: Sequence[FacilityCard], chosen: FacilityCard | None) -> list[int]:
    return [chosen.id] if chosen else [card.id for card in facilities]


def _render(
    request: HttpRequest,
    group: Group,
    head: dict[str, Any],
    facilities: Sequence[FacilityCard],
    chosen: FacilityCard | None,
) -> HttpResponse:
    wanted, tags = _wanted(request)
    before = _before(request)
    page = list_group_ledger(group, before=before, wanted=wanted, limit=PAGE_SIZE)
    documents = list_documents(row.document_id for row in page.rows)
    context = {
        **head,
        "rows": [
            (row, MoveKind(row.kind).label, documents.get(row.document_id) or Document(str(row.document_id)))
            for row in page.rows
        ],
        "page": page,
        "difference": page.on_hand - page.ledger if before is None and wanted.document_id is None else None,
        "older": _older(request, page),
        "is_first": "after" not in request.GET,
        "facilities": [] if group.kind == GroupKind.BIN else facilities,
        "chosen": chosen,
        "kinds": MoveKind.choices,
        "asked_kind": wanted.kind,
        "since": request.GET.get("since", ""),
        "until": request.GET.get("until", ""),
        "tags": tags,
        "now": clock.opened_at(),
    }
    return render(request, "inventory/group_ledger.html", context)


def _older(request: HttpRequest, page: LedgerPage) -> str:
    if page.older is None:
        return ""
    query = request.GET.copy()
    query["after"] = encode(Cursor(page.older.at, page.older.move_id))
    return f"?{query.urlencode()}"


def _before(request: HttpRequest) -> Moment | None:
    """Where the page begins: at its cursor, else after the last day that is asked for.  Raises Invalid for a cursor that is none."""
    if text := request.GET.get("after", ""):
        cursor = decode(text)
        at = read_instant(cursor.value)
        if at is None:
            raise Invalid(_("这一页的地址不对。从第一页开始看。"), code="bad_cursor")
        return Moment(at, cursor.id)
    until = _midnight(request.GET.get("until", ""), after=1)
    return Moment(until, 0) if until else None


def _midnight(text: str, *, after: int = 0) -> datetime | None:
    """The start of a day at the tenant's place; None for what is no day of this calendar."""
    try:
        day = parse_date(text)
        return (
            None if day is None else timezone.make_aware(datetime.combine(day + timedelta(after), time.min))
        )
    except (ValueError, OverflowError):
        return None


def _wanted(request: HttpRequest) -> tuple[Filter, list[FilterTag]]:
    kind, document = request.GET.get("kind", ""), request.GET.get("document", "")
    wanted = Filter(
        int(kind) if kind in [str(each) for each in MoveKind.values] else None,
        int(document) if document.isascii() and document.isdigit() and len(document) < 16 else None,
        _midnight(request.GET.get("since", "")),
    )
    tags = []
    if wanted.document_id is not None:
        found = list_documents([wanted.document_id]).get(wanted.document_id)
        query = request.GET.copy()
        for name in ("document", "after"):
            query.pop(name, None)
        tags.append(FilterTag(found.label if found else document, f"?{query.urlencode()}"))
    return wanted, tags


@require_GET
def taken(request: HttpRequest, sku_id: int) -> HttpResponse:
    """The parcels that have units of a SKU: with their lot (allocated), or still without one (promised)."""
    goods = queries.get_sku(sku_id)
    facilities, chosen = _facilities(request)
    tab = PROMISED if request.GET.get("tab") == PROMISED else ALLOCATED
    after = None
    if text := request.GET.get("after", ""):
        cursor = decode(text)
        at = read_instant(cursor.value)
        if at is None:
            raise Invalid(_("这一页的地址不对。从第一页开始看。"), code="bad_cursor")
        after = at, cursor.id
    ids = _ids(facilities, chosen)
    found = list_taken(ids, sku_id, is_allocated=tab == ALLOCATED, after=after, limit=PAGE_SIZE + 1)
    rows, more = found[:PAGE_SIZE], found[PAGE_SIZE:]
    documents = list_documents(row.owner_ref for row in rows)
    names = {card.id: card.name for card in facilities}
    query = request.GET.copy()
    if more:
        query["after"] = encode(Cursor(rows[-1].ship_by, rows[-1].id))
    context = {
        "sku": goods,
        "tab": tab,
        "rows": [
            (
                row, documents.get(row.owner_ref) or Document(str(row.owner_ref)), names[row.facility_id],
                row.min_expires_on == queries.ANCHOR,
            )
            for row in rows
        ],
        "older": f"?{query.urlencode()}" if more else "",
        "is_first": after is None,
        "facilities": facilities,
        "chosen": chosen,
        "now": clock.opened_at(),
    }  # fmt: skip
    return render(request, "inventory/taken.html", context)
