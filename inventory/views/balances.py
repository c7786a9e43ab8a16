"""Balances: what lies in which bin."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.web.parts import Column, FilterTag, State
from inventory.access import facilities_of
from inventory.models import Balance, Bin, BinKind
from inventory.queries import FacilityCard
from inventory.queries.balances import Wanted, list_balance_page, list_groups
from inventory.queries.walking import BY_BIN, BY_EXPIRY, BY_SKU, Edge, Order
from inventory.views.walked import walk_page

ORDERS = {"sku": BY_SKU, "expires": BY_EXPIRY}
AT_ONE_FACILITY = {"bin": BY_BIN}
ZONES_SHOWN = 200


def _states() -> dict[str, State]:
    return {
        "sells": State("done", _("能卖")),
        "held": State("hold", _("冻结")),
        "expired": State("stop", _("过期"), "calendar-x"),
        "elsewhere": State("wait", _("不在货位")),
    }


@require_GET
def balances(request: HttpRequest) -> HttpResponse:
    """What lies in which bin, by facility, zone, kind of bin, SKU, lot and state."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get
    chosen = next((card for card in facilities if str(card.id) == asked("facility", "")), None)
    is_one = chosen is not None or len(facilities) == 1
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    wanted = _wanted(request, ids)
    page = walk_page(
        request,
        ORDERS | AT_ONE_FACILITY if is_one else ORDERS,
        "sku",
        lambda order, step: list_balance_page(wanted, order, step),
        _edge,
    )
    groups = list_groups(page.rows)
    names, states = {card.id: card.name for card in facilities}, _states()
    context = {
        "page": page,
        "rows": [
            (row, names[row.facility_id], BinKind(row.bin.kind).label, states[groups[row.id]])
            for row in page.rows
        ],
        "columns": [
            Column(_("商品"), "sku"), Column(_("货位"), "bin" if is_one else ""), Column(_("批次")), Column(_("到期"), "expires"),
            Column(_("实物"), is_number=True), Column(_("已分配"), is_number=True), Column(_("状态"), is_hidden=True),
        ],
        "facilities": facilities,
        "chosen": chosen,
        "choices": _choices(request, chosen),
        "q": asked("q", ""),
        "lot": asked("lot", ""),
        "tags": _tags(request, chosen),
    }  # fmt: skip
    return render(request, "inventory/balances.html", context)


def _edge(row: Balance, order: Order) -> Edge:
    if order == BY_EXPIRY:
        return Edge(row.lot.expires_on, row.lot_id, row.id)
    return (
        Edge(row.sku.code, row.sku_id, row.id) if order == BY_SKU else Edge(row.bin.code, row.bin_id, row.id)
    )


def _wanted(request: HttpRequest, facility_ids: Sequence[int]) -> Wanted:
    asked = {name: request.GET.get(name, "").replace("\0", "").strip() for name in request.GET}
    kind, sku_id = asked.get("kind", ""), asked.get("sku", "")
    return Wanted(
        facility_ids,
        text=asked.get("q", ""),
        sku_id=int(sku_id) if sku_id.isdecimal() and len(sku_id) < 17 else None,
        lot=asked.get("lot", ""),
        bin=asked.get("bin", ""),
        zone=asked.get("zone", ""),
        kind=int(kind) if kind in [str(each) for each in BinKind.values] else None,
        group=asked.get("state", ""),
        is_empty_too=asked.get("empty") == "1",
    )


def _choices(
    request: HttpRequest, chosen: FacilityCard | None
) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """(name, label, (value, word) pairs, value in force) of the choices beside the facility."""
    zones = []
    if chosen:
        found = Bin.objects.filter(facility_id=chosen.id).exclude(zone="").order_by("zone")
        zones = list(found.values_list("zone", flat=True).distinct()[:ZONES_SHOWN])
    lists = [
        ("zone", _("库区"), [("", _("全部库区")), *((zone, zone) for zone in zones)] if zones else []),
        ("kind", _("货位种类"), [("", _("全部货位种类")), *((str(k), str(w)) for k, w in BinKind.choices)]),
        ("state", _("状态"), [("", _("全部状态")), *((key, str(s.word)) for key, s in _states().items())]),
    ]
    return [(name, label, pairs, request.GET.get(name, "")) for name, label, pairs in lists if pairs]


def _tags(request: HttpRequest, chosen: FacilityCard | None) -> list[FilterTag]:
    labels = {
        "facility": chosen.name if chosen else "",
        "zone": _("库区：%(zone)s") % {"zone": request.GET.get("zone", "")},
        "bin": _("货位：%(bin)s") % {"bin": request.GET.get("bin", "")},
        "q": _("编码或条码：%(text)s") % {"text": request.GET.get("q", "")},
        "lot": _("批次：%(lot)s") % {"lot": request.GET.get("lot", "")},
        "empty": _("空的也列"),
    }
    tags = []
    for name, label in labels.items():
        if label and request.GET.get(name):
            query = request.GET.copy()
            for old in (name, "after", "before"):
                query.pop(old, None)
            tags.append(FilterTag(label, f"?{query.urlencode()}"))
    return tags
