"""Every balance: one lot in one bin a row, for a hundred thousand of them as for ten."""

from collections.abc import Sequence

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core import db
from core.tenancy import current_tenant
from core.web.parts import Column, FilterTag, State
from core.web.tables import Sort, list_page
from inventory import sql
from inventory.access import facilities_of
from inventory.models import Balance, Bin, BinKind, Hold, Lot
from inventory.models.places import SELLING_KINDS
from inventory.queries import FacilityCard, first_sellable
from inventory.views.stock import list_skus_matching

SORTS = {"sku": Sort("sku__code"), "expires": Sort("lot__expires_on", is_nullable=True)}
BY_BIN = {
    "bin": Sort("bin__code")
}  # at one facility: two of them have bins of the same code, and no index over both
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
    here = chosen or (facilities[0] if len(facilities) == 1 else None)
    found = _found(request, [card.id for card in facilities if chosen is None or card.id == chosen.id])
    if here is not None:
        found = found.filter(bin__facility_id=here.id)
    page = list_page(request, found, sorts=SORTS | BY_BIN if here else SORTS, default="sku")
    first = first_sellable()
    ids = db.array([row.id for row in page.rows])
    groups = dict(db.rows(sql.GROUP_OF_BALANCES, first, first, current_tenant(), ids))
    names, states = {card.id: card.name for card in facilities}, _states()
    context = {
        "page": page,
        "rows": [
            (row, names[row.facility_id], BinKind(row.bin.kind).label, states[groups[row.id]])
            for row in page.rows
        ],
        "columns": [
            Column(_("商品"), "sku"), Column(_("货位"), "bin" if here else ""), Column(_("批次")), Column(_("到期"), "expires"),
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


def _found(request: HttpRequest, facility_ids: Sequence[int]) -> QuerySet[Balance]:
    asked = {name: request.GET.get(name, "").replace("\0", "").strip() for name in request.GET}
    found = Balance.objects.select_related("bin", "sku", "lot").filter(facility_id__in=facility_ids)
    if asked.get("empty") != "1":
        found = found.filter(on_hand__gt=0)
    if asked.get("zone"):
        found = found.filter(bin__zone=asked["zone"])
    if asked.get("bin"):
        found = found.filter(bin__in=Bin.objects.filter(facility_id__in=facility_ids, code=asked["bin"]))
    if asked.get("kind", "") in [str(kind) for kind in BinKind.values]:
        found = found.filter(bin__kind=int(asked["kind"]))
    if asked.get("sku", "").isdecimal() and len(asked["sku"]) < 17:
        found = found.filter(sku_id=int(asked["sku"]))
    if asked.get("q"):
        found = found.filter(sku__in=list_skus_matching(asked["q"]))
    if asked.get("lot"):
        found = found.filter(lot__in=Lot.objects.filter(code=asked["lot"]))
    return _in_state(found, asked.get("state", ""))


def _in_state(found: QuerySet[Balance], state: str) -> QuerySet[Balance]:
    if state == "elsewhere":
        return found.exclude(bin__kind__in=SELLING_KINDS)
    conditions = {"sells": sql.ROW_SELLS, "held": sql.ROW_HELD, "expired": sql.ROW_EXPIRED}
    if state not in conditions:
        return found
    if state == "held":
        holds = Hold.objects.filter(cleared_at__isnull=True)
        found = found.filter(
            Q(lot_id__in=holds.filter(lot__isnull=False).values("lot_id"))
            | Q(bin_id__in=holds.filter(lot__isnull=True, bin__isnull=False).values("bin_id"))
            | Q(facility_id__in=holds.filter(lot__isnull=True, bin__isnull=True).values("facility_id"))
        )
    condition = RawSQL(conditions[state], (first_sellable(),), output_field=BooleanField())  # noqa: S611  named
    return found.filter(condition)


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
