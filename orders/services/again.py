"""Orders that were here before, planned again: read under their locks, seen by today's rules, written once.

What release, merging and parting have in common.  A merged group is one order here: its leader, with the lines of all.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db
from core.db import Rank
from core.errors import Conflict
from core.tenancy import current_tenant
from inventory.queries.catalogue import BundleCard, find_bundles
from inventory.rules.bundles import Part
from orders.models import ChannelState, Order, OrderLine, OrderStatus
from orders.rules.carriers import CarrierFacts
from orders.rules.expanding import expand_lines
from orders.rules.hand_split import Wanted, read_wish
from orders.rules.values import Line, Sku
from orders.rules.values import Order as OrderValue
from orders.services import carriers, planning, platform_ids, reading, ready_now, routing, writing
from orders.services.floors import Floors, read_floors
from orders.services.reading import HEAD_COLUMNS, ChannelFacts, Head, StoredLine
from orders.services.receivers import unseal


@dataclass(frozen=True, slots=True)
class Group:
    """Orders that travel together, the leader first; an order by itself is a group of one."""

    heads: tuple[Head, ...]

    @property
    def leader(self) -> Head:
        return self.heads[0]

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple([head.id for head in self.heads])


@dataclass(slots=True)
class Again:
    """Groups by their leader's id, as the rules see them now."""

    groups: dict[int, Group]
    lines: dict[int, tuple[Line, ...]]  # what no parcel carries yet
    values: dict[int, OrderValue]  # of groups that have lines left
    heads: dict[int, Head]  # leaders, with the strictest terms of their group
    channels: Mapping[int, ChannelFacts]
    skus: dict[int, Sku]
    by_hand: dict[int, Wanted] = field(default_factory=dict)  # parcels as a person wants them
    routed: dict[int, dict[str, object]] = field(default_factory=dict)
    begun: set[int] = field(
        default_factory=set
    )  # some of their goods are in parcels: they stay where they are
    plan: planning.Plan = field(default_factory=planning.Plan)

    def handover(self) -> dict[int, int]:
        return {i: self.channels[group.leader.channel_id].handover for i, group in self.groups.items()}

    def order_ids(self) -> list[int]:
        return [i for group in self.groups.values() for i in group.ids]


# All that travel with these orders, and they themselves: (tenant, orders), three times
_GROUPS = """
    SELECT o.id FROM orders_order o WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[])
    UNION SELECT o.merged_into_id FROM orders_order o WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[])
        AND o.merged_into_id IS NOT NULL
    UNION SELECT m.id FROM orders_order o JOIN orders_order m ON m.tenant_id = o.tenant_id
        AND m.merged_into_id = coalesce(o.merged_into_id, o.id)
        WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[])
    ORDER BY 1
"""
TRIES = 8  # while groups change under the look


def lock_groups(order_ids: Iterable[int]) -> dict[int, Group]:
    """Lock these orders and all that travel with them, by id; leader's id -> group.

    Looked at, locked in one order, looked at again: when somebody joined meanwhile the locks are let go first, for locking him behind
    the others could close a circle.  Raises Conflict after TRIES.
    """
    wanted = db.array(sorted(set(order_ids)))
    for _try in range(TRIES):
        theirs = _travelling(wanted)
        with suppress(_Joined), db.savepoint():
            found = db.lock(Rank.ORDER, Order, HEAD_COLUMNS, "id = ANY (%s::bigint[])", db.array(theirs))
            if _travelling(wanted) != theirs:
                raise _Joined
            return _by_leader([Head(*row) for row in found])
    raise Conflict(_("这些单正在合单，稍后再试。"), code="orders_merging")


class _Joined(Exception):
    """Who travels with whom changed between the look and the lock."""


def _travelling(wanted: str) -> list[int]:
    return [row[0] for row in db.rows(_GROUPS, *(current_tenant(), wanted) * 3)]


def _by_leader(heads: Iterable[Head]) -> dict[int, Group]:
    members: dict[int, list[Head]] = {}
    for head in sorted(heads, key=lambda h: (h.merged_into is not None, h.id)):
        members.setdefault(head.merged_into or head.id, []).append(head)
    return {id_: Group(tuple(group)) for id_, group in members.items()}


def look(groups: Mapping[int, Group]) -> Again:
    """Read everything about locked groups that planning needs.  Codes that are known by now become SKUs, also in the table."""
    heads = [head for group in groups.values() for head in group.heads]
    ids = [head.id for head in heads]
    stored = _remap(reading.list_lines(ids), {head.id: head.channel_id for head in heads})
    already = reading.units_in_parcels(ids)
    own = {i: _outstanding(stored.get(i, ()), already) for i in ids}
    skus = reading.get_skus({line.sku_id for lines in own.values() for line in lines if line.sku_id})
    channels = reading.get_channels({head.channel_id for head in heads})
    floors = read_floors(list(channels.values()), skus, (head.receiver_key for head in heads))
    again = Again({}, {}, {}, {}, channels, skus)
    for group in groups.values():
        if any(line.id in already for i in group.ids for line in stored.get(i, ())):
            again.begun.add(group.leader.id)
        values = [_value(head, own[head.id], channels[head.channel_id], floors) for head in group.heads]
        add(again, group, values)
    _collect_the_rest(again)
    return again


def _collect_the_rest(again: Again) -> None:
    """What parcels collect at the door already is not asked for a second time by those that are planned now."""
    asked = [i for i in again.begun if again.heads[i].cod_minor]
    for i, minor in (reading.cod_in_parcels(asked) if asked else {}).items():
        again.heads[i] = replace(again.heads[i], cod_minor=max(0, again.heads[i].cod_minor - minor))


def add(again: Again, group: Group, values: Sequence[OrderValue]) -> None:
    """One group with the values of its orders, as one order: the earliest deadline, the strictest day for each SKU."""
    id_ = group.leader.id
    again.groups[id_] = group
    value = together(values)
    again.lines[id_] = tuple(value.lines)
    again.heads[id_] = replace(
        group.leader,
        min_expires_on=value.min_expires_on,
        ship_by=min(head.ship_by for head in group.heads),
        priority=max(head.priority for head in group.heads),
    )
    if value.lines:
        again.values[id_] = value
    if group.leader.decided and (wish := read_wish(json.loads(group.leader.decided))) is not None:
        again.by_hand[id_] = wish


def together(values: Sequence[OrderValue]) -> OrderValue:
    """Orders of one group as one: their lines one after the other."""
    if len(values) == 1:
        return values[0]
    days: dict[int, date] = {}
    for value in values:
        for line in value.lines:
            day = value.floors.get(line.sku_id, value.min_expires_on)
            days[line.sku_id] = max(days.get(line.sku_id, day), day)
    strictest = max(value.min_expires_on for value in values)
    return replace(
        values[0],
        remark="\n".join(value.remark for value in values if value.remark),
        seller_remark="\n".join(value.seller_remark for value in values if value.seller_remark),
        amount_minor=sum(value.amount_minor for value in values),
        charge_minor=sum(value.charge_minor for value in values),
        discount_minor=sum(value.discount_minor for value in values),
        rest_minor=sum(value.rest_minor for value in values),
        min_expires_on=strictest,
        ship_by=min(value.ship_by for value in values),
        lines=tuple(line for value in values for line in value.lines),
        floors={sku_id: day for sku_id, day in days.items() if day != strictest},
    )


def decide(again: Again) -> list[OrderValue]:
    """Route, split, give to carriers and reserve what nothing stops, the earliest deadline first, under the locks of stock; the values in
    that order.  Of what is short, that is there goes where it may (ready_now).
    """
    ordered = sorted(again.values.values(), key=lambda v: (v.ship_by, v.id))
    _route(again, ordered)
    jobs, hands = pack(again, ordered)
    at = {i: head.facility_id for i, head in again.heads.items()}
    planning.reserve(again.plan, ordered, at, again.skus, locked=True)
    ready_now.fill(again.plan, ordered, jobs, hands, again.skus)
    return ordered


def pack(
    again: Again, ordered: Sequence[OrderValue]
) -> tuple[dict[int, carriers.Job], Sequence[CarrierFacts]]:
    """Parcels, and who brings them, as a person wants them where one said so; the jobs, and the carriers that were asked."""
    jobs = {i: carriers.Job(again.heads[i], again.channels[again.heads[i].channel_id]) for i in again.values}
    hands = carriers.read_hands(again.channels.values())
    planning.split(again.plan, ordered, again.skus, carriers.limits(hands, jobs), again.by_hand)
    carriers.choose(again.plan, hands, jobs, again.skus)
    return jobs, hands


def write(again: Again, ordered: Iterable[OrderValue]) -> None:
    """Findings, parcels, statuses.  Groups go on or stop; a stopped one may have parcels of what is there (ready_now); one without lines
    left is in the warehouse already.
    """
    plan = again.plan
    _write_floors(again)
    _write_routes(again)
    writing.write_findings(plan.findings)
    terms = planning.list_terms(plan, ordered)
    writing.write_parcels(again.heads, again.lines, plan.parcels, again.handover(), (), terms, plan.carriers)
    going = [i for i in again.groups if i not in plan.stopped and (i in plan.parcels or not again.lines[i])]
    writing.set_status(going, OrderStatus.FULFILLING)
    stopped = [i for i in plan.stopped if again.groups[i].leader.status != OrderStatus.STOPPED]
    writing.set_status(stopped, OrderStatus.STOPPED)
    planning.prove(plan)


def states_of(again: Again) -> dict[int, list[int]]:
    """What the platforms say of the orders of each group that has lines left, each state once.

    A platform that takes one number for an order calls it shipped when its first parcel has left.  That is our own doing: it counts as
    paid, and the rest goes all the same.  One statement, and one more where it is so.
    """
    said = reading.list_states(again.order_ids())
    states = {
        i: {said.get(id_, ChannelState.PAID) for id_ in group.ids}
        for i, group in again.groups.items()
        if i in again.values
    }
    begun = [i for i, found in states.items() if ChannelState.SHIPPED in found and i in again.begun]
    for i in reading.list_left(begun) if begun else ():
        states[i] = (states[i] - {ChannelState.SHIPPED}) | {ChannelState.PAID}
    return {i: sorted(found) for i, found in states.items()}


def _route(again: Again, ordered: Sequence[OrderValue]) -> None:
    """Orders none of whose goods are on their way may go to another facility than the first time."""
    free = [
        routing.ToRoute(value, again.heads[value.id].ship_by, again.heads[value.id].division_code, None)
        for value in ordered
        if again.channels[again.heads[value.id].channel_id].is_routed
        and value.id not in again.begun
        and value.id not in again.plan.stopped
    ]
    for id_, found in routing.choose(free).items():
        again.heads[id_] = replace(again.heads[id_], facility_id=found.parts[0].facility_id)
        again.routed[id_] = routing.why(found)


def _write_routes(again: Again) -> None:
    moved = {i: why for i, why in again.routed.items() if i in again.plan.parcels}
    if moved:
        ids = db.array(list(moved))
        db.execute(
            "UPDATE orders_order o SET facility_id = u.facility_id, decided = coalesce(o.decided, '{}'::jsonb) || u.why::jsonb"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) u(id, facility_id, why)"
            " WHERE o.tenant_id = %s AND coalesce(o.merged_into_id, o.id) = u.id AND (o.id = ANY (%s::bigint[])"
            " OR o.merged_into_id = ANY (%s::bigint[]))",
            ids,
            db.array([again.heads[i].facility_id for i in moved]),
            db.array([json.dumps(why) for why in moved.values()]),
            current_tenant(),
            ids,
            ids,
        )


def _write_floors(again: Again) -> None:
    """Orders whose minimum expiry is another one than when they came in: the rules were changed, or days have passed."""
    new = {
        i: again.heads[i].min_expires_on
        for i, group in again.groups.items()
        if i in again.values and again.heads[i].min_expires_on != group.leader.min_expires_on
    }
    if new:
        db.execute(
            "UPDATE orders_order o SET min_expires_on = u.day FROM unnest(%s::bigint[], %s::date[]) u(id, day)"
            " WHERE o.tenant_id = %s AND o.id = u.id",
            db.array(list(new)),
            db.array(list(new.values())),
            current_tenant(),
        )


def _outstanding(stored: Sequence[StoredLine], already: Mapping[int, int]) -> tuple[Line, ...]:
    """What no parcel carries yet: an order may come back after part of it has left."""
    left = ((s, s.quantity - already.get(s.id, 0)) for s in stored)
    return tuple(
        Line(s.id, s.sku_id or 0, units, s.unit_price_minor, s.bundle_group or 0)
        for s, units in left
        if units > 0
    )


def _value(head: Head, lines: tuple[Line, ...], channel: ChannelFacts, floors: Floors) -> OrderValue:
    min_expires_on, lower = floors.of(channel, head.receiver_key, clock.day_of(head.ship_by), lines)
    return OrderValue(
        head.id,
        head.receiver_key,
        head.remark,
        head.seller_remark,
        head.amount_minor,
        head.charge_minor,
        head.discount_minor,
        min_expires_on,
        head.ship_by,
        head.receiver is not None and bool(unseal(current_tenant(), head.receiver).street),
        channel.needs_address,
        lines,
        lower,
    )


def _remap(stored: dict[int, list[StoredLine]], channels: Mapping[int, int]) -> dict[int, list[StoredLine]]:
    """Lines without a SKU whose code is known by now, or else the platform's ids in their order's channel, get it; a bundle's become its
    parts.
    """
    codes = {line.external_code for lines in stored.values() for line in lines if line.sku_id is None}
    if not codes:
        return stored
    by_code, _skus = reading.find_skus_by_code(codes)
    missing = codes - by_code.keys()
    bundles = find_bundles(missing) if missing else {}
    mapped = {
        line.id: by_code[line.external_code]
        for lines in stored.values()
        for line in lines
        if line.sku_id is None and line.external_code in by_code
    }
    open_ = {
        line.id: (channels[order_id], line.item, line.variant)
        for order_id, lines in stored.items()
        for line in lines
        if line.sku_id is None and line.item and line.external_code in missing - bundles.keys()
    }
    listed = platform_ids.find(set(open_.values()))
    mapped |= {id_: listed[ids] for id_, ids in open_.items() if ids in listed}
    if mapped:
        db.execute(
            "UPDATE orders_orderline l SET sku_id = u.sku_id FROM unnest(%s::bigint[], %s::bigint[]) u(id, sku_id)"
            " WHERE l.tenant_id = %s AND l.id = u.id",
            db.array(list(mapped)),
            db.array(list(mapped.values())),
            current_tenant(),
        )
    known = {
        order_id: [replace(s, sku_id=mapped[s.id]) if s.id in mapped else s for s in lines]
        for order_id, lines in stored.items()
    }
    return _take_apart(known, bundles) if bundles else known


def _take_apart(
    stored: dict[int, list[StoredLine]], bundles: Mapping[str, BundleCard]
) -> dict[int, list[StoredLine]]:
    """Lines that turned out to be bundles: the row becomes the first part, the others are new rows."""
    parts = {code: [Part(p.code, p.quantity) for p in card.parts] for code, card in bundles.items()}
    sku_ids = {part.code: part.sku_id for card in bundles.values() for part in card.parts}
    costs = reading.list_costs(sku_ids.values())
    worth = {code: costs[id_] for code, id_ in sku_ids.items() if id_ in costs}
    first: list[tuple[StoredLine, int, int]] = []
    more: list[tuple[int, StoredLine, int, int]] = []
    known: dict[int, list[StoredLine]] = {}
    for order_id, lines in stored.items():
        known[order_id] = []
        for line in lines:
            card = bundles.get(line.external_code) if line.sku_id is None else None
            if card is None:
                known[order_id].append(line)
                continue
            pieces = expand_lines([(line.external_code, line.quantity, line.unit_price_minor)], parts, worth)
            ids = [line.id, *db.new_ids(len(pieces) - 1)]
            for id_, piece in zip(ids, pieces, strict=True):
                amount = piece.amount_minor or 0
                part = StoredLine(
                    id_, sku_ids[piece.code], "", piece.quantity, piece.unit_price_minor, line.id
                )
                known[order_id].append(part)
                if id_ == line.id:
                    first.append((part, card.id, amount))
                else:
                    more.append((order_id, part, card.id, amount))
    _write_parts(first, more)
    return known


def _write_parts(
    first: Sequence[tuple[StoredLine, int, int]], more: Sequence[tuple[int, StoredLine, int, int]]
) -> None:
    db.execute(
        "UPDATE orders_orderline l SET sku_id = u.sku_id, external_code = '', quantity = u.units, unit_price_minor = u.price,"
        " amount_minor = u.amount, bundle_id = u.bundle, bundle_group = l.id FROM unnest(%s::bigint[], %s::bigint[], %s::int[],"
        " %s::bigint[], %s::bigint[], %s::bigint[]) u(id, sku_id, units, price, amount, bundle)"
        " WHERE l.tenant_id = %s AND l.id = u.id",
        db.array([part.id for part, _, _ in first]),
        db.array([part.sku_id for part, _, _ in first]),
        db.array([part.quantity for part, _, _ in first]),
        db.array([part.unit_price_minor for part, _, _ in first]),
        db.array([amount for _, _, amount in first]),
        db.array([bundle for _, bundle, _ in first]),
        current_tenant(),
    )
    names = ["id", "order", "sku", "quantity", "unit_price_minor", "amount_minor", "bundle", "bundle_group"]
    rows = [
        (p.id, order_id, p.sku_id, p.quantity, p.unit_price_minor, amount, bundle, p.bundle_group)
        for order_id, p, bundle, amount in more
    ]
    db.insert(OrderLine, names, rows)
