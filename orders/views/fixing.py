"""The same answer for many orders at once: what a code is, where a region lies, that a remark has been read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Invalid
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Toast
from core.web.toasts import say
from inventory.access import facility_scope
from inventory.models import Sku
from orders import divisions, queries, wording
from orders.access import ACTS, get_order, may_unmask
from orders.models import Order
from orders.queries_groups import (
    CodeGroup,
    RegionGroup,
    RemarkGroup,
    list_code_groups,
    list_region_groups,
    list_remark_groups,
)
from orders.rules import audit
from orders.services import desk, mapping, placing
from orders.services.desk import Released
from orders.services.placing import NewAddress
from orders.services.receivers import unseal
from orders.views.narrowing import is_id

LOOKED_THROUGH, ALIKE = 5_000, 3  # SKUs, and how many of them are offered
CODES_SHOWN = 40
REMARKS = (audit.BUYER_REMARK, audit.SELLER_REMARK)
LIKE_CODE = 0.55


def _text(request: HttpRequest, name: str, most: int = 200) -> str:
    return request.POST.get(name, "").replace("\0", "").strip()[:most]


def _scope(request: HttpRequest) -> Sequence[int] | None:
    return facility_scope(request.membership)  # type: ignore[attr-defined]


def _tabs(scope: Sequence[int] | None) -> Mapping[str, int]:
    counts = queries.count_queues(scope, clock.opened_at())
    return {
        "codes_n": counts[audit.SKU_UNMAPPED].orders,
        "addresses_n": counts[audit.ADDRESS_UNKNOWN].orders,
        "remarks_n": sum(counts[code].orders for code in REMARKS),
    }


def _told(done: Released, first: str = "") -> Toast:
    """What became of the orders, in one sentence after another."""
    parts = [first] if first else []
    if done.order_ids:
        parts.append(_("放行了 %(n)s 单，库存占好了。") % {"n": number(len(done.order_ids))})
    if done.stopped:
        parts.append(_("%(n)s 单还有别的原因，仍停着。") % {"n": number(len(done.stopped))})
    if done.changed:
        parts.append(_("%(n)s 单刚变了，没放行，看一眼新的再放。") % {"n": number(len(done.changed))})
    return Toast(" ".join(parts) or _("没有要放的单了。"), "done" if done.order_ids else "warn")


# ── codes ──


@dataclass(frozen=True, slots=True)
class CodeRow:
    group: CodeGroup
    alike: Sequence[Sku]
    named: mapping.Named


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def unknown_codes(request: HttpRequest) -> HttpResponse:
    """Every code that stops orders, with the goods that it looks like; one press says what it is and lets them go."""
    scope = _scope(request)
    if request.method == "POST":
        code, sku_id = _text(request, "code", 64), _text(request, "sku", 16)
        if not code or not is_id(sku_id):
            raise Invalid(_("先选一个商品。"), code="no_sku")
        waiting = next((g.order_ids for g in list_code_groups(scope) if g.code == code), ())
        mapping.remember(code=code, sku_id=int(sku_id), actor_id=request.user.pk)
        done = desk.release(order_ids=waiting, actor_id=request.user.pk, waived=())
        say(request, _told(done, _("%(code)s 记住了。") % {"code": code}))
        return redirect("orders:unknown_codes")
    groups = list_code_groups(scope)[:CODES_SHOWN]
    skus = list(Sku.objects.order_by("code").only("id", "code", "name")[:LOOKED_THROUGH]) if groups else []
    by_code: dict[str, Sku] = {}
    for sku in skus:
        by_code.setdefault(_bare(sku.code), sku)
    named = mapping.list_named([group.code for group in groups]) if groups else {}
    rows = [
        CodeRow(group, _alike(group.code, by_code), named.get(group.code, mapping.Named()))
        for group in groups
    ]
    return render(request, "orders/fix_codes.html", {"rows": rows, **_tabs(scope)})


def _bare(code: str) -> str:
    return "".join(c for c in code.casefold() if c.isalnum())


def _alike(code: str, by_code: Mapping[str, Sku]) -> Sequence[Sku]:
    """Goods whose code is the same but for hyphens and capitals; else those whose code looks most like it."""
    bare = _bare(code)
    if bare in by_code:
        return [by_code[bare]]
    return [by_code[found] for found in get_close_matches(bare, list(by_code), n=ALIKE, cutoff=LIKE_CODE)]


# ── addresses ──


@dataclass(frozen=True, slots=True)
class RegionRow:
    """`choices`: division, how it is said, and whether it is only a city."""

    group: RegionGroup
    choices: Sequence[tuple[str, str, bool]]


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def addresses(request: HttpRequest) -> HttpResponse:
    """Regions that nobody could read, by what was written; one press says where that is, remembers it and lets the orders go."""
    scope = _scope(request)
    if request.method == "POST":
        key, code = _text(request, "key"), _text(request, "code", 6) or _named(_text(request, "place"))
        waiting = next((g.order_ids for g in list_region_groups(scope) if key and g.key == key), ())
        placing.remember(written=key, code=code, actor_id=request.user.pk)
        done = desk.release(order_ids=waiting, actor_id=request.user.pk, waived=())
        path = divisions.gazetteer().path(code)
        say(request, _told(done, _("记住了，以后就是 %(place)s。") % {"place": path}))
        return redirect("orders:addresses")
    rows = [RegionRow(group, _choices(group)) for group in list_region_groups(scope)]
    return render(request, "orders/fix_addresses.html", {"rows": rows, **_tabs(scope)})


def _choices(group: RegionGroup) -> Sequence[tuple[str, str, bool]]:
    places = divisions.gazetteer()
    return [(code, places.path(code), not places.is_leaf(code)) for code in group.suggestions]


def _named(text: str) -> str:
    found = divisions.look("", "", "", text) if text else None
    if found is None or not found.code:
        raise Invalid(
            _("认不出这个地方，写到区县，例如：浙江省杭州市西湖区。"), code="no_division", field="place"
        )
    return found.code


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def edit_address(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order's receiver, put right by hand.  What is written there is shown as far as the mask shows it."""
    order = get_order(request.membership, order_id)  # type: ignore[attr-defined]
    if request.method == "POST":
        names = ("province", "city", "district", "street", "name", "phone")
        address = NewAddress(**{name: request.POST.get(name, "") for name in names})
        code = placing.edit_receiver(order_id=order.id, address=address, actor_id=request.user.pk)
        done = desk.release(order_ids=[order.id], actor_id=request.user.pk, waived=())
        first = "" if code else _("地址改了，还是认不出省市区。")
        say(request, _told(done, first))
        return redirect("orders:addresses")
    sealed = Order.objects.values_list("receiver", flat=True).get(id=order.id)
    to = unseal(order.tenant_id, bytes(sealed)) if sealed else None
    shown = {name: getattr(to, name, "") for name in ("province", "city", "district")}
    context = {
        "order": order,
        "to": shown,
        "is_masked": to and to.is_masked,
        "can_unmask": may_unmask(request.membership),  # type: ignore[attr-defined]
    }
    return render(request, "orders/fix_address.html", context)


# ── remarks ──


@dataclass(frozen=True, slots=True)
class RemarkRow:
    group: RemarkGroup
    words: Sequence[tuple[Any, str]]


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def remarks(request: HttpRequest) -> HttpResponse:
    """Words of buyers and sellers, equal ones together; the chosen ones have been read, and their orders go."""
    scope = _scope(request)
    if request.method == "POST":
        keys, seen = request.POST.get("ids", "").split(","), request.POST.get("stamps", "").split(",")
        if len(keys) != len(seen) or not keys[0]:
            raise Invalid(_("先选留言。"), code="bad_choice")
        wanted = dict(zip(keys, seen, strict=True))
        groups = [g for g in list_remark_groups(scope) if g.key in wanted]
        same = {id_: stamp for g in groups if wanted[g.key] == g.stamp for id_, stamp in g.stamps.items()}
        changed = tuple(id_ for g in groups if wanted[g.key] != g.stamp for id_ in g.stamps)
        done = desk.release(order_ids=list(same), actor_id=request.user.pk, seen=same, waived=REMARKS)
        say(request, _told(Released(done.order_ids, done.stopped, (*done.changed, *changed))))
        return redirect("orders:remarks")
    rows = [RemarkRow(g, _words(g)) for g in list_remark_groups(scope)[: queries.LINES_MOST]]
    return render(request, "orders/fix_remarks.html", {"rows": rows, **_tabs(scope)})


def _words(group: RemarkGroup) -> Sequence[tuple[Any, str]]:
    said = ((audit.BUYER_REMARK, group.remark), (audit.SELLER_REMARK, group.seller_remark))
    return [(wording.word_of(code).label, " ".join(text.split())) for code, text in said if text.strip()]
