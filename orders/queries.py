"""Reads of orders that pages and others call.  Every function costs a constant number of statements."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import xor
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from core import clock, db
from core.tenancy import current_tenant
from inventory.queries import list_available, minimum_expiry
from inventory.queries.shelf_life import min_days_for
from orders import sql
from orders.models import Finding, LineKind, Order, OrderStatus
from orders.rules import audit, splitting
from orders.rules.audit_rules import RULE
from orders.rules.splitting import SplitPlan
from orders.rules.values import Line, ParcelRule, Sku
from orders.services import planning
from warehouse.models import Parcel, ParcelStatus, Wave, WaveStatus

STOPPED, DISPATCHING, WAITING = "stopped", "dispatching", "waiting"
PICKING, PICKED, SHIPPED = "picking", "picked", "shipped"
STAGES: Mapping[str, OrderStatus] = {
    STOPPED: OrderStatus.STOPPED,
    DISPATCHING: OrderStatus.DISPATCHING,
    WAITING: OrderStatus.FULFILLING,
    PICKING: OrderStatus.FULFILLING,
    PICKED: OrderStatus.FULFILLING,
    SHIPPED: OrderStatus.SHIPPED,
}
CODES: Sequence[str] = (
    audit.SKU_UNMAPPED,
    planning.STOCK_SHORT,
    audit.BUYER_REMARK,
    audit.SELLER_REMARK,
    audit.ADDRESS_MISSING,
    audit.AMOUNT_OVER_LIMIT,
    audit.AMOUNT_MISMATCH,
    audit.BAD_LINE,
    audit.WEIGHT_UNKNOWN,
    splitting.SIZE_UNKNOWN,
    splitting.OVER_CARRIER_LIMIT,
    splitting.CASE_QUANTITY_UNKNOWN,
    splitting.RIDES_WITH_NOTHING,
    audit.DUPLICATE_SUSPECTED,
    planning.CHANNEL_CHANGED,
    planning.NOT_TO_SHIP,
    RULE,
    planning.NO_CARRIER,
    planning.HELD,
    planning.ADDRESS_CHANGED,
    planning.PRESALE_WAITS,
    planning.REFUND_ASKED,
    audit.ADDRESS_UNKNOWN,
)
"""Every finding that may stop an order, in the order of the queues."""

NUMBER_START = 4  # characters of an order number that are enough to look for
COUNT_MOST = 10_000  # a queue is counted, chosen and released up to here
LINES_MOST = 300  # lines and parcels of one order on a page
SEALED = ("receiver", "receiver_key")


@dataclass(frozen=True, slots=True)
class QueueCount:
    """Orders of one queue, and those of them past their deadline.  Both stop counting at COUNT_MOST."""

    orders: int = 0
    late: int = 0
    is_more: bool = False


def count_queues(facility_ids: Sequence[int] | None, now: datetime) -> dict[str, QueueCount]:
    """Every queue but the shipped one, in one statement that reads the partial indexes up to a bound and no history."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.QUEUE_COUNTS,
            {
                "tenant": current_tenant(),
                "now": now,
                "all": facility_ids is None,
                "facilities": db.array(facility_ids or ()),
                "codes": db.array(list(CODES)),
                "most": COUNT_MOST + 1,
            },
        )
        found = cursor.fetchall()
    return {
        name: QueueCount(min(orders, COUNT_MOST), min(late, COUNT_MOST), orders > COUNT_MOST)
        for name, orders, late in found
    }


def list_orders(facility_ids: Sequence[int] | None) -> QuerySet[Order]:
    """Orders of these facilities (None: all), without what is sealed."""
    found = Order.objects.defer(*SEALED)
    return found if facility_ids is None else found.filter(facility_id__in=facility_ids)


def list_queue(name: str, facility_ids: Sequence[int] | None) -> QuerySet[Order]:
    """The orders of a queue: a stage of STAGES, or stopped orders that have an open finding of a code.

    What travels with another order is no row of its own: the other one stands for it.
    """
    found = list_orders(facility_ids).filter(
        status=STAGES.get(name, OrderStatus.STOPPED), merged_into__isnull=True
    )
    if name in CODES:
        return found.filter(
            Exists(
                Finding.objects.filter(order=OuterRef("id"), code=name, cleared_at__isnull=True, stops=True)
            )
        )
    if name == WAITING:
        return found.filter(Exists(Parcel.objects.filter(ref=OuterRef("id"), status=ParcelStatus.PLANNED)))
    if name in (PICKING, PICKED):
        status = ParcelStatus.RELEASED if name == PICKING else ParcelStatus.PICKED
        waves = Wave.objects.filter(status__lt=WaveStatus.SHIPPED).values("id")
        return found.filter(id__in=Parcel.objects.filter(wave_id__in=waves, status=status).values("ref"))
    return found


def find_order_ids(text: str) -> list[int]:
    """Orders whose number, at the channel or our own (they are the same), is this or begins with it, from NUMBER_START characters on; or
    with this parcel.  A range and no pattern: an index can start from it under row-level security.
    """
    parcel_id = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
    tenant_id, last = current_tenant(), f"{text}\U0010ffff" if len(text) >= NUMBER_START else text
    return [row[0] for row in db.rows(sql.FIND, tenant_id, text, last, tenant_id, parcel_id)]


@dataclass(frozen=True, slots=True)
class OrderCard:
    """What one line of a list says beside the order's own row: channel, facility, kinds, units, the first lines by name.

    `members`: orders that travel with it; `leader`: number of the order that it travels with.
    """

    channel: str
    handover: int
    facility: str
    kinds: int
    units: int
    first: tuple[tuple[str, int], ...]
    members: int = 0
    leader: str | None = None


def list_cards(order_ids: Sequence[int]) -> dict[int, OrderCard]:
    """The cards of many orders."""
    return {
        id_: OrderCard(
            channel,
            handover,
            facility,
            kinds,
            units,
            tuple(zip(names or (), counts or (), strict=True)),
            members,
            leader,
        )
        for id_, channel, handover, facility, kinds, units, names, counts, members, leader in db.rows(
            sql.CARDS, current_tenant(), db.array(order_ids)
        )
    }


def list_open_findings(order_ids: Sequence[int]) -> dict[int, list[Finding]]:
    """Open findings by order, those that stop it first."""
    found: dict[int, list[Finding]] = defaultdict(list)
    rank = {code: place for place, code in enumerate(CODES)}
    rows = Finding.objects.filter(order__in=order_ids, cleared_at__isnull=True)
    for row in sorted(rows, key=lambda f: (not f.stops, rank.get(f.code, len(rank)), f.id)):
        found[row.order_id].append(row)
    return found


def stamp(version: int, open_findings: Sequence[Finding]) -> str:
    """What an order was when somebody looked at it: the same text as `list_stamps` until anything happens to it."""
    return f"{version}.{reduce(xor, (f.id for f in open_findings), 0)}"


def list_stamps(order_ids: Sequence[int]) -> dict[int, str]:
    """The stamp of each order now: it changes with every step and with every finding that opens or is cleared."""
    return dict(db.rows(sql.STAMPS, current_tenant(), db.array(order_ids)))


@dataclass(frozen=True, slots=True)
class Stage:
    """Parcels of an order that are equally far."""

    status: int
    handover: int
    parcels: int


def list_stages(order_ids: Sequence[int]) -> dict[int, list[Stage]]:
    """How far the parcels of each order are, the least advanced first."""
    found: dict[int, list[Stage]] = defaultdict(list)
    for ref, *stage in db.rows(sql.STAGES, current_tenant(), db.array(order_ids)):
        found[ref].append(Stage(*stage))
    return found


@dataclass(frozen=True, slots=True)
class LineCard:
    """A line of one order with its goods; `sku_id` is None where `external_code` is not mapped."""

    id: int
    sku_id: int | None
    external_code: str
    code: str
    name: str
    unit: str
    weight_g: int | None
    parcel_rule: int
    quantity: int
    unit_price_minor: int
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    case_quantity: int | None
    shipping_class: str
    kind: int
    total_minor: int | None
    bundle: str | None

    @property
    def is_gift(self) -> bool:
        return self.kind == LineKind.GIFT

    @property
    def goods(self) -> Sku:
        """The SKU as the splitting rule sees it."""
        size = (self.length_mm, self.width_mm, self.height_mm)
        rule = ParcelRule(self.parcel_rule)
        return Sku(self.sku_id or 0, self.weight_g, *size, rule, self.case_quantity, self.shipping_class)

    @property
    def amount_minor(self) -> int:
        return self.quantity * self.unit_price_minor if self.total_minor is None else self.total_minor

    @property
    def title(self) -> str:
        return self.name or self.external_code


def list_lines(order_id: int) -> list[LineCard]:
    """Lines of one order, LINES_MOST of them."""
    return list_lines_of([order_id])


def list_lines_of(order_ids: Sequence[int]) -> list[LineCard]:
    """Lines of several orders, LINES_MOST of them."""
    found = db.rows(sql.LINES, current_tenant(), db.array(order_ids), LINES_MOST)
    return [LineCard(*row) for row in found]


def lines_minor(order_id: int) -> int:
    """What all lines of an order cost together, in minor units."""
    found = db.rows(
        "SELECT coalesce(sum(coalesce(amount_minor, quantity * unit_price_minor)), 0)::bigint FROM orders_orderline"
        " WHERE tenant_id = %s AND order_id = %s",
        current_tenant(),
        order_id,
    )
    return int(found[0][0])


@dataclass(frozen=True, slots=True)
class ParcelCard:
    """A parcel of an order as the desk sees it; `items` are (goods, units), `carried` (order line, units)."""

    id: int
    facility_id: int
    status: int
    handover: int
    weight_g: int | None
    carton_no: int
    carton_of: int
    reason: str
    tracking_number: str | None
    created_at: datetime
    shipped_at: datetime | None
    wave_id: int | None
    wave_code: str | None
    released_at: datetime | None
    slot: int | None
    carrier: str | None
    freight_minor: int | None
    cod_minor: int
    items: list[tuple[str, int]] = field(default_factory=list)
    carried: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_cancelled(self) -> bool:
        return self.status == ParcelStatus.CANCELLED


def list_parcels(order_id: int) -> list[ParcelCard]:
    """Parcels of one order with what is in them, cancelled ones last."""
    cards = []
    for *parcel, lines in db.rows(sql.PARCELS, current_tenant(), order_id, LINES_MOST):
        card = ParcelCard(*parcel)
        for line_id, name, units in lines:
            card.items.append((name, units))
            card.carried.append((line_id, units))
        cards.append(card)
    return cards


def preview_split(order: Order, lines: Sequence[LineCard], parcels: Sequence[ParcelCard]) -> SplitPlan:
    """The parcels that a stopped order would become now: the pipeline's own rule on what no parcel carries yet.

    Lines without a SKU are left out; the caller says which.
    """
    carried: dict[int, int] = defaultdict(int)
    for parcel in parcels:
        for line_id, units in parcel.carried if not parcel.is_cancelled else ():
            carried[line_id] += units
    wanted = [
        Line(line.id, line.sku_id, left, line.unit_price_minor)
        for line in lines
        if line.sku_id is not None and (left := line.quantity - carried[line.id]) > 0
    ]
    skus = {line.sku_id: line.goods for line in lines if line.sku_id is not None}
    return splitting.split(wanted, skus, planning.carrier_limit(order.channel.handover))


def available_of(order: Order, sku_ids: Sequence[int]) -> dict[int, int]:
    """SKU -> what the order's facility could promise it now, for each SKU's minimum expiry in this order."""
    days = (
        min_days_for(order.channel_id, order.receiver_key, sku_ids, channel_days=order.channel.min_days)
        if sku_ids
        else {}
    )
    leaves_on = max(clock.today(), clock.day_of(order.ship_by))
    floors = {sku_id: minimum_expiry(leaves_on, wanted) for sku_id, wanted in days.items()}
    found = list_available([order.facility_id], floors) if floors else {}
    return {sku_id: found.get((order.facility_id, sku_id), 0) for sku_id in floors}


def list_findings(order_id: int) -> list[Finding]:
    """Every finding of an order, also the cleared ones, newest first."""
    return list(Finding.objects.filter(order_id=order_id).order_by("-opened_at", "-id")[:200])


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a channel order; `state` is known of the newest only."""

    external_number: str
    number: int
    state: int | None
    received_at: datetime
    import_id: int | None


def list_versions(order_id: int) -> list[Version]:
    """Every version of the order's channel orders, newest first."""
    tenant_id = current_tenant()
    return [Version(*row) for row in db.rows(sql.VERSIONS, tenant_id, order_id, tenant_id, order_id)]


@dataclass(frozen=True, slots=True)
class RoundCard:
    """One round of a dispatch: how many stores were asked and when."""

    dispatch_id: int
    status: str
    started_at: datetime
    ended_at: datetime | None
    winner: str | None
    round: int | None
    offered_at: datetime | None
    stores: int


def list_rounds(order_id: int) -> list[RoundCard]:
    """Rounds of the order through the stores, in their order."""
    return [RoundCard(*row) for row in db.rows(sql.ROUNDS, current_tenant(), order_id)]


def list_chosen(queryset: QuerySet[Order]) -> list[tuple[int, int, str, str]]:
    """(order, minor units, currency, stamp) of a whole queue by deadline, up to COUNT_MOST.  Two statements."""
    rows: list[Any] = list(
        queryset.order_by("ship_by", "id").values_list("id", "amount_minor", "currency")[:COUNT_MOST]
    )
    stamps = list_stamps([row[0] for row in rows])
    return [(id_, minor, currency, stamps.get(id_, "")) for id_, minor, currency in rows]


def list_rule_counts(rule_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Audit rule -> orders in which it found something in the last 7 and in the last 30 days; rules that found nothing are left out."""
    found = db.rows(sql.RULE_COUNTS, current_tenant(), db.array(rule_ids))
    return {rule_id: (week, month) for rule_id, week, month in found}


@dataclass(frozen=True, slots=True)
class Choices:
    """What orders can be narrowed to, by id: colleagues, shops, places."""

    people: Mapping[int, str]
    channels: Mapping[int, str]
    facilities: Mapping[int, str]


def list_choices(facility_ids: Sequence[int] | None) -> Choices:
    """Everything that orders of these facilities can be narrowed to.  One statement."""
    tenant_id = current_tenant()
    found: dict[str, dict[int, str]] = {"person": {}, "channel": {}, "facility": {}}
    is_all, here = facility_ids is None, db.array(facility_ids or ())
    for kind, id_, name in db.rows(sql.CHOICES, tenant_id, tenant_id, tenant_id, is_all, here):
        found[kind][id_] = name
    return Choices(found["person"], found["channel"], found["facility"])


def count_up_to(queryset: QuerySet[Order]) -> QueueCount:
    """How many orders these are, counted up to COUNT_MOST."""
    found = queryset.order_by()[: COUNT_MOST + 1].count()
    return QueueCount(min(found, COUNT_MOST), 0, found > COUNT_MOST)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did with an order."""

    at: datetime
    actor_id: int | None
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Companion:
    """An order that travels with another; `is_leader`: the one whose parcels they are."""

    id: int
    number: str
    channel: str
    amount_minor: int
    is_leader: bool


@dataclass(frozen=True, slots=True)
class Around:
    """What people did with an order, newest first; what it travels with, the leader first; names by user id, and who is still here."""

    deeds: Sequence[Deed]
    companions: Sequence[Companion]
    names: Mapping[int, str]
    colleagues: Mapping[int, str]


def around(order: Order) -> Around:
    """Everything about people and companions of one order.  One statement."""
    tenant_id, leader_id = current_tenant(), order.merged_into_id or order.id
    deeds, companions = [], []
    names: dict[int, str] = {}
    here: dict[int, str] = {}
    for kind, at, id_, text, more, minor, flag in db.rows(
        sql.AROUND, tenant_id, order.id, tenant_id, order.id, leader_id, leader_id, tenant_id
    ):
        if kind == "deed":
            deeds.append(Deed(at, id_, text, json.loads(more)))
        elif kind == "order":
            companions.append(Companion(id_, text, more, minor, flag))
        else:
            names[id_] = text
            if flag:
                here[id_] = text
    return Around(deeds, companions, names, here)
