"""One order: why it stops, its parcels and why the machine made them, stock, money, and its story.  As a panel and as a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core import clock
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Fact, State, Text
from o2o.models import DispatchStatus
from orders import queries, wording
from orders.access import SEES, get_order, may_act, may_unmask
from orders.models import ChannelState, Finding, Order, OrderStatus
from orders.queries import Deed, LineCard, ParcelCard, RoundCard, Stage, Version
from orders.services import planning, ready_now
from orders.views import mapping
from orders.views.workbench import MARKS
from orders.wording import Reason
from orders.wording_decided import decisions
from orders.wording_unmasking import reason_words
from warehouse.models import Handover, ParcelStatus


@dataclass(frozen=True, slots=True)
class Box:
    """One parcel, made or to be, as a column: goods, weight against the limit, and why it is a parcel."""

    number: int
    id: int | None
    items: tuple[tuple[str, int], ...]
    weight_g: int | None
    limit_g: int | None
    reason: Text
    state: State | None = None
    carton: str = ""
    tracking: str = ""
    carrier: str = ""
    freight_minor: int | None = None
    cod_minor: int = 0

    @property
    def units(self) -> int:
        return sum(units for _name, units in self.items)

    @property
    def weight(self) -> str:
        return "" if self.weight_g is None else weight_words(self.weight_g)

    @property
    def limit(self) -> str:
        return "" if self.limit_g is None else weight_words(self.limit_g)

    @property
    def is_heavy(self) -> bool:
        return bool(self.limit_g and self.weight_g and self.weight_g > self.limit_g)

    @property
    def bar(self) -> tuple[tuple[str, int], ...]:
        return (("stop" if self.is_heavy else "live", self.weight_g or 0),)


def weight_words(grams: int) -> str:
    """Grams below a kilogram, else kilograms without needless zeros."""
    return (
        f"{grams} g"
        if grams < 1000
        else f"{Decimal(grams).scaleb(-3).quantize(Decimal('0.01')).normalize():,f} kg"
    )


@dataclass(frozen=True, slots=True)
class StockNeed:
    """What an order needs of one SKU and what its facility could still promise."""

    sku_id: int
    name: str
    needed: int
    available: int

    @property
    def is_short(self) -> bool:
        return self.available < self.needed


@dataclass(frozen=True, slots=True)
class Money:
    """Lines + charges − discount = amount, or by how much not."""

    lines_minor: int
    charge_minor: int
    discount_minor: int
    amount_minor: int

    @property
    def difference_minor(self) -> int:
        return self.amount_minor - (self.lines_minor + self.charge_minor - self.discount_minor)


@never_cache
@require_GET
@needs_role(*SEES)
def panel(request: HttpRequest, order_id: int) -> HttpResponse:
    """The order beside the list, for htmx."""
    return render(request, "orders/panel.html", _context(request, order_id))


@require_GET
@needs_role(*SEES)
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    """The order as a page of its own."""
    return render(request, "orders/order.html", _context(request, order_id))


def _context(request: HttpRequest, order_id: int) -> dict[str, Any]:
    membership = request.membership  # type: ignore[attr-defined]
    found, now = get_order(membership, order_id), clock.opened_at()
    findings = queries.list_findings(order_id)
    open_ones = [f for f in findings if f.cleared_at is None]
    rank = {code: place for place, code in enumerate(queries.CODES)}
    open_ones.sort(key=lambda f: (not f.stops, rank.get(f.code, len(rank)), f.id))
    lines, parcels = queries.list_lines(order_id), queries.list_parcels(order_id)
    live = [parcel for parcel in parcels if not parcel.is_cancelled]
    is_stopped = found.status == OrderStatus.STOPPED
    stages = [Stage(p.status, p.handover, 1) for p in sorted(live, key=lambda p: p.status)]
    needs = _needs(found, lines) if found.status != OrderStatus.SHIPPED else []
    return {
        "order": found,
        "now": now,
        "left_s": None if found.shipped_at else (found.ship_by - now).total_seconds(),
        "state": wording.order_state(found.status, stages),
        "reasons": _reasons(open_ones, lines, found.currency, order_id),
        "lines": lines,
        "units": sum(line.quantity for line in lines),
        "unmapped": sum(1 for line in lines if line.sku_id is None),
        "is_cut": len(lines) == queries.LINES_MOST,
        "boxes": _boxes(found, lines, live),
        "is_preview": is_stopped,
        "cancelled": [p for p in parcels if p.is_cancelled],
        "needs": needs,
        "is_stopped": is_stopped,
        "money": Money(
            queries.lines_minor(order_id)
            if len(lines) == queries.LINES_MOST
            else sum(line.amount_minor for line in lines),
            found.charge_minor,
            found.discount_minor,
            found.amount_minor,
        ),
        "handover": Handover(found.channel.handover).label,
        "stamp": queries.stamp(found.version, open_ones),
        "can_release": is_stopped and may_act(membership) and found.merged_into_id is None,
        **_part(found, open_ones, lines, live, can_act=may_act(membership)),
        **_people(request, found, findings, parcels),
    }


def _part(
    found: Order,
    open_ones: Sequence[Finding],
    lines: Sequence[LineCard],
    live: Sequence[ParcelCard],
    *,
    can_act: bool,
) -> dict[str, Any]:
    """Whether part of it may go now, or goes; units in parcels, and units that wait."""
    codes = {finding.code for finding in open_ones if finding.stops}
    if found.status != OrderStatus.STOPPED or found.merged_into_id is not None or not codes:
        return {"part": ""}
    going = sum(units for parcel in live for _line, units in parcel.carried)
    on_the_way = any(parcel.status != ParcelStatus.SHIPPED for parcel in live)
    part = "goes" if on_the_way and codes <= ready_now.OF_THE_REST else ""
    if not part and codes <= ready_now.SHORT_OF and not found.cod_minor:
        part = "can"
    waits = sum(line.quantity for line in lines) - going
    return {"part": part if can_act or part == "goes" else "", "going": going, "waits": max(0, waits)}


def _people(
    request: HttpRequest, found: Order, findings: Sequence[Finding], parcels: Sequence[ParcelCard]
) -> dict[str, Any]:
    """Who has to do with it: the story with names, who looks after it, and the orders that it travels with."""
    near, can_act = queries.around(found), may_act(request.membership)  # type: ignore[attr-defined]
    return {
        "facts": _story(found, findings, parcels, near.deeds, near.names),
        "assignee": near.names.get(found.assignee_id or 0, ""),
        "companions": near.companions,
        "decisions": decisions(found.decided),
        "people": near.colleagues,
        "marks": MARKS if can_act and found.shipped_at is None else (),
        "can_act": can_act,
        "can_unmask": bool(found.receiver_mask) and may_unmask(request.membership),  # type: ignore[attr-defined]
    }


def _reasons(
    findings: Iterable[Finding], lines: Sequence[LineCard], currency: str, order_id: int
) -> list[tuple[Reason, str]]:
    """Each reason with the address that puts it right, where there is one."""
    by_id = {line.id: line for line in lines}
    told = [wording.reason(finding, by_id, currency) for finding in findings]
    return [(reason, _address(reason, order_id)) for reason in told]


def _address(reason: Reason, order_id: int) -> str:
    if reason.unmapped:
        return mapping.address(reason.unmapped, order_id)
    if not reason.link:
        return ""
    try:
        return reverse(reason.link, args=[reason.sku_id] if reason.sku_id else [])
    except NoReverseMatch:
        return ""


def _boxes(found: Order, lines: Sequence[LineCard], parcels: Sequence[ParcelCard]) -> list[Box]:
    """The parcels of an order; of a stopped one also those that it would get now."""
    limit_g = planning.carrier_limit(found.channel.handover).weight_g
    made = [
        Box(
            place,
            parcel.id,
            tuple(parcel.items),
            parcel.weight_g,
            limit_g,
            wording.PARCEL_REASONS.get(parcel.reason, parcel.reason),
            wording.parcel_state(parcel.status, parcel.handover),
            f"{parcel.carton_no} / {parcel.carton_of}" if parcel.carton_of > 1 else "",
            parcel.tracking_number or "",
            parcel.carrier or "",
            parcel.freight_minor,
            parcel.cod_minor,
        )
        for place, parcel in enumerate(parcels, 1)
    ]
    if found.status != OrderStatus.STOPPED:
        return made
    names = {line.sku_id: line.title for line in lines}
    plan = queries.preview_split(found, lines, parcels)
    return made + [
        Box(
            place,
            None,
            tuple((names.get(item.sku_id, "—"), item.quantity) for item in parcel.items),
            parcel.weight_g,
            limit_g,
            wording.PARCEL_REASONS.get(parcel.reason, parcel.reason),
            carton=f"{parcel.carton} / {parcel.cartons}" if parcel.cartons > 1 else "",
        )
        for place, parcel in enumerate(plan.parcels, len(made) + 1)
    ]


def _needs(found: Order, lines: Sequence[LineCard]) -> list[StockNeed]:
    needed: dict[int, int] = {}
    names: dict[int, str] = {}
    for line in lines:
        if line.sku_id is not None:
            needed[line.sku_id] = needed.get(line.sku_id, 0) + line.quantity
            names[line.sku_id] = line.title
    available = queries.available_of(found, list(needed))
    needs = [StockNeed(sku_id, names[sku_id], units, available[sku_id]) for sku_id, units in needed.items()]
    return sorted(needs, key=lambda need: not need.is_short) if found.status == OrderStatus.STOPPED else needs


def _story(
    found: Order,
    findings: Sequence[Finding],
    parcels: Sequence[ParcelCard],
    deeds: Sequence[Deed],
    names: Mapping[int, str],
) -> list[Fact]:
    """What happened to the order, newest first, from the times in its own rows.

    What one transaction did carries one second: there the later step of the pipeline stands first.
    """
    steps = [
        _versions(found, queries.list_versions(found.id)),
        _found_and_cleared(findings, names),
        _parcel_facts(parcels),
        _round_facts(queries.list_rounds(found.id)),
        _deeds(deeds, names),
        [Fact(found.shipped_at, _("全部发出"))] if found.shipped_at else [],
    ]
    ranked = [
        (fact.at.replace(microsecond=0), rank, fact) for rank, facts in enumerate(steps) for fact in facts
    ]
    ranked.sort(key=lambda one: one[:2], reverse=True)
    return [fact for _at, _rank, fact in ranked]


def _versions(found: Order, versions: Sequence[Version]) -> Iterable[Fact]:
    for version in versions:
        text = _("%(channel)s第 %(n)s 版") % {"channel": found.channel.name, "n": number(version.number)}
        why = version.external_number
        if version.state is not None:
            why = f"{why} · {ChannelState(version.state).label}"
        yield Fact(version.received_at, text, why, "done" if version.number == 1 else "warn")


def _deeds(deeds: Sequence[Deed], names: Mapping[int, str]) -> Iterable[Fact]:
    """What people wrote on the order."""
    for deed in deeds:
        machine = _("密钥") if "api_key" in deed.detail else _("系统")
        who, to = names.get(deed.actor_id or 0, machine), deed.detail.get("to")
        said = {
            "hold": (_("%(name)s挂起"), str(deed.detail.get("reason", "")), "hold"),
            "assign": (_("%(name)s分给") if to else _("%(name)s改成没人管"), names.get(to or 0, ""), "live"),
            "note": (_("%(name)s写备注") if to else _("%(name)s擦掉备注"), str(to or ""), "live"),
            "unmask": (_("%(name)s看了明文"), reason_words(deed.detail), "warn"),
            "ready_now": (_("%(name)s先发有货的"), _("剩下的等到货"), "live"),
            "ready_now_back": (_("%(name)s收回先发的"), _("等齐了一起发"), "hold"),
        }.get(deed.action)
        if said:
            yield Fact(deed.at, said[0] % {"name": who}, *said[1:])


def _found_and_cleared(findings: Sequence[Finding], people: Mapping[int, str]) -> Iterable[Fact]:
    """Findings that were opened together are one fact, and so are those that were cleared together."""
    opened: dict[Any, list[Finding]] = {}
    cleared: dict[Any, list[Finding]] = {}
    for finding in findings:
        opened.setdefault((finding.opened_at.replace(microsecond=0), finding.stops), []).append(finding)
        if finding.cleared_at:
            key = finding.cleared_at.replace(microsecond=0), finding.cleared_by
            cleared.setdefault(key, []).append(finding)
    for (_at, stops), found in opened.items():
        text, hue = (_("审单停下"), "stop") if stops else (_("要看一眼"), "warn")
        yield Fact(found[0].opened_at, text, _labels(found), hue)
    for (_at, actor_id), found in cleared.items():
        text = _("%(name)s看过") % {"name": people[actor_id]} if actor_id in people else _("系统看过")
        yield Fact(found[0].cleared_at or found[0].opened_at, text, _labels(found), "done")


def _labels(findings: Sequence[Finding]) -> str:
    return _("、").join(dict.fromkeys(str(wording.word_of(finding.code).label) for finding in findings))


def _parcel_facts(parcels: Sequence[ParcelCard]) -> Iterable[Fact]:
    """Planned, into a wave, shipped: parcels that went together are one fact."""
    planned: Mapping[Any, list[ParcelCard]] = _together(parcels, lambda p: p.created_at)
    for at, group in planned.items():
        reasons = dict.fromkeys(str(wording.PARCEL_REASONS.get(p.reason, p.reason)) for p in group)
        cancelled = sum(1 for p in group if p.is_cancelled)
        why = _("；").join(reasons)
        if cancelled:
            why = f"{why}{_('；')}{_('后来取消 %(n)s 个') % {'n': number(cancelled)}}"
        yield Fact(at, _("分成 %(n)s 个包裹，占好库存") % {"n": number(len(group))}, why, "done")
    for at, group in _together(parcels, lambda p: p.released_at).items():
        codes = _("、").join(dict.fromkeys(p.wave_code or "" for p in group))
        yield Fact(at, _("%(n)s 个包裹进波次") % {"n": number(len(group))}, codes, "live")
    for at, group in _together(parcels, lambda p: p.shipped_at).items():
        numbers = _("、").join(p.tracking_number for p in group if p.tracking_number)
        yield Fact(at, _("%(n)s 个包裹发出") % {"n": number(len(group))}, numbers, "done")


def _together(parcels: Sequence[ParcelCard], moment: Any) -> dict[Any, list[ParcelCard]]:
    """Parcels by the second of an instant of theirs; those without it are left out."""
    groups: dict[Any, list[ParcelCard]] = {}
    for parcel in parcels:
        at = moment(parcel)
        if at is not None:
            groups.setdefault(at.replace(microsecond=0), []).append(parcel)
    return groups


def _round_facts(rounds: Sequence[RoundCard]) -> Iterable[Fact]:
    for one in rounds:
        if one.round is not None and one.offered_at is not None:
            text = _("第 %(n)s 轮，问了 %(stores)s 家门店") % {
                "n": number(one.round),
                "stores": number(one.stores),
            }
            yield Fact(one.offered_at, text, "", "live")
    for last in {one.dispatch_id: one for one in rounds}.values():
        if last.ended_at is None:
            continue
        said = {
            DispatchStatus.WON: (_("%(store)s抢到") % {"store": last.winner or "—"}, "done"),
            DispatchStatus.FALLBACK: (_("没有门店接，转仓发货"), "warn"),
            DispatchStatus.CANCELLED: (_("派单取消"), "wait"),
        }
        text, hue = said[DispatchStatus(last.status)]
        yield Fact(last.ended_at, text, "", hue)
