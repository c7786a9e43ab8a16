"""What people do at the desk: release stopped orders.  Facts are looked at again; only what is still true still stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core import clock, db, live, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from orders.models import ChannelState, Order, OrderStatus
from orders.queries import list_stamps
from orders.rules import audit as audits
from orders.rules.audit import AuditContext, AuditRules
from orders.rules.values import Line, Sku
from orders.rules.values import Order as OrderValue
from orders.services import planning, reading, writing
from orders.services.floors import Floors, read_floors
from orders.services.reading import HEAD_COLUMNS, ChannelFacts, Head, StoredLine
from orders.services.receivers import unseal

# A person may say "go on" to these; the others are facts that must change first.
WAIVABLE = frozenset(
    {
        audits.BAD_LINE,
        audits.BUYER_REMARK,
        audits.SELLER_REMARK,
        audits.AMOUNT_OVER_LIMIT,
        audits.AMOUNT_MISMATCH,
        audits.DUPLICATE_SUSPECTED,
        planning.CHANNEL_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class Released:
    """Orders that went on, orders that something still stops, and orders left alone because they changed since they were looked at."""

    order_ids: tuple[int, ...]
    stopped: tuple[int, ...]
    changed: tuple[int, ...] = ()


def release(
    *, order_ids: Sequence[int], actor_id: int | None, seen: Mapping[int, str] | None = None
) -> Released:
    """Let stopped orders go on: what a person may waive is waived, codes are mapped again, stock is asked again.

    Locks the orders, then the stock rows.  Orders that are not stopped are left alone, and so are those whose stamp (orders.queries) is
    no longer what the person saw: nobody waives a finding that he has not read.  Says OrdersReleased.
    """
    heads = {head.id: head for head in _lock(order_ids) if head.status == OrderStatus.STOPPED}
    changed = _changed(heads, seen)
    heads = {id_: head for id_, head in heads.items() if id_ not in changed}
    if not heads:
        return Released((), (), changed)
    stored = _remap(reading.list_lines(list(heads)))
    already = reading.units_in_parcels(list(heads))
    lines = {i: _outstanding(stored.get(i, ()), already) for i in heads}
    skus = reading.get_skus({line.sku_id for found in lines.values() for line in found if line.sku_id})
    channels = reading.get_channels({head.channel_id for head in heads.values()})
    plan = planning.Plan()
    floors = read_floors(list(channels.values()), skus, (head.receiver_key for head in heads.values()))
    values = [
        _value(head, lines[head.id], channels[head.channel_id], floors)
        for head in heads.values()
        if lines[head.id]
    ]
    heads |= _with_new_floors(heads, values)
    _audit(plan, values, skus)
    limits = {i: planning.carrier_limit(channels[head.channel_id].handover) for i, head in heads.items()}
    ordered = sorted(values, key=lambda v: (v.ship_by, v.id))
    planning.split(plan, ordered, skus, limits)
    planning.reserve(plan, ordered, {i: head.facility_id for i, head in heads.items()}, skus, locked=True)
    handover = {i: channels[head.channel_id].handover for i, head in heads.items()}
    _write(heads, lines, plan, handover, planning.list_terms(plan, values), actor_id)
    planning.prove(plan)
    released = tuple(i for i in heads if i not in plan.stopped)
    accounts.record(
        "release",
        "order",
        released[0] if released else None,
        actor_id=actor_id,
        detail={"orders": list(released)},
    )
    outbox.emit("OrdersReleased", {"order_ids": list(released)})
    live.push(current_tenant(), "order", list(heads))
    return Released(released, tuple(sorted(plan.stopped)), changed)


def _changed(heads: Mapping[int, Head], seen: Mapping[int, str] | None) -> tuple[int, ...]:
    if not seen:
        return ()
    now = list_stamps([id_ for id_ in heads if id_ in seen])
    return tuple(sorted(id_ for id_, stamp in now.items() if seen[id_] != stamp))


def _lock(order_ids: Sequence[int]) -> list[Head]:
    return [
        Head(*row)
        for row in db.lock(Rank.ORDER, Order, HEAD_COLUMNS, "id = ANY (%s::bigint[])", db.array(order_ids))
    ]


def _remap(stored: dict[int, list[StoredLine]]) -> dict[int, list[StoredLine]]:
    """Lines without a SKU whose code is known by now get it, also in the table."""
    codes = {line.external_code for lines in stored.values() for line in lines if line.sku_id is None}
    if not codes:
        return stored
    by_code, _skus = reading.find_skus_by_code(codes)
    mapped = [
        (line.id, by_code[line.external_code])
        for lines in stored.values()
        for line in lines
        if line.sku_id is None and line.external_code in by_code
    ]
    if mapped:
        db.execute(
            "UPDATE orders_orderline l SET sku_id = u.sku_id FROM unnest(%s::bigint[], %s::bigint[]) u(id, sku_id)"
            " WHERE l.tenant_id = %s AND l.id = u.id",
            db.array([m[0] for m in mapped]),
            db.array([m[1] for m in mapped]),
            current_tenant(),
        )
    found = dict(mapped)
    return {
        order_id: [
            StoredLine(s.id, s.sku_id or found.get(s.id), s.external_code, s.quantity, s.unit_price_minor)
            for s in lines
        ]
        for order_id, lines in stored.items()
    }


def _outstanding(stored: Sequence[StoredLine], already: dict[int, int]) -> tuple[Line, ...]:
    """What no parcel carries yet: an order may come back after part of it has left."""
    left = ((s, s.quantity - already.get(s.id, 0)) for s in stored)
    return tuple(Line(s.id, s.sku_id or 0, units, s.unit_price_minor) for s, units in left if units > 0)


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


def _with_new_floors(heads: Mapping[int, Head], values: Sequence[OrderValue]) -> dict[int, Head]:
    """Orders whose minimum expiry is another one than when they came in: the rules were changed, or days have passed."""
    new = {
        value.id: replace(heads[value.id], min_expires_on=value.min_expires_on)
        for value in values
        if value.min_expires_on != heads[value.id].min_expires_on
    }
    if new:
        db.execute(
            "UPDATE orders_order o SET min_expires_on = u.day FROM unnest(%s::bigint[], %s::date[]) u(id, day)"
            " WHERE o.tenant_id = %s AND o.id = u.id",
            db.array(list(new)),
            db.array([head.min_expires_on for head in new.values()]),
            current_tenant(),
        )
    return new


def _audit(plan: planning.Plan, values: Sequence[OrderValue], skus: dict[int, Sku]) -> None:
    rules = AuditRules(off=WAIVABLE, stops=planning.audit_rules().stops)
    planning.audit(plan, values, skus, AuditContext(rules, set(), {}))
    states = reading.list_states([value.id for value in values])
    for value in values:
        planning.check_state(plan, value.id, states.get(value.id, ChannelState.PAID))


def _write(
    heads: dict[int, Head],
    lines: dict[int, tuple[Line, ...]],
    plan: planning.Plan,
    handover: dict[int, int],
    terms: Mapping[int, planning.Terms],
    actor_id: int | None,
) -> None:
    db.execute(
        "UPDATE orders_finding SET cleared_at = clock_timestamp(), cleared_by = %s WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
        " AND cleared_at IS NULL",
        actor_id,
        current_tenant(),
        db.array(list(heads)),
    )
    writing.write_findings(plan.findings)
    writing.write_parcels(heads, lines, plan.parcels, handover, (), terms)
    writing.set_status([i for i in heads if i in plan.parcels], OrderStatus.FULFILLING)
    nothing_left = [i for i in heads if not lines[i]]
    writing.set_status(nothing_left, OrderStatus.FULFILLING)
