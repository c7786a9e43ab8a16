"""Refunds: asked by a buyer, agreed or refused by the merchant, paid back by the platform.

What is asked for before it has left is kept back at once, and the rest goes on; what has left becomes a return.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core import db, live, options, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from orders import options as settings
from orders.errors import NoOrder, NoRefund, RefundClosed, RefundTooMuch
from orders.models import ChannelState, Order, OrderStatus, RefundLine, RefundState
from orders.models import Refund as RefundRow
from orders.rules.after_sales import Withdrawn
from orders.rules.values import Finding
from orders.services import again, gifting, invoices, planning, refund_money, returns, withdrawing
from orders.services.again import Group

OPEN = (RefundState.REQUESTED, RefundState.AGREED)
AGREED = (RefundState.AGREED, RefundState.DONE)
LIVE = "refund"


@dataclass(frozen=True, slots=True)
class RefundInput:
    """A refund as it is asked for.  `external_id` is the platform's; who asks twice with the same asks once.

    `is_whole`: the whole order; else units by line; neither: money only, and nothing stays here.  `may_exceed`: the platform has paid it,
    whatever was paid for the order.
    """

    order_id: int
    external_id: str
    amount_minor: int
    units: tuple[Withdrawn, ...] = ()
    is_whole: bool = False
    reason: str = ""
    state: RefundState = RefundState.REQUESTED
    may_exceed: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Refunds by what they were asked as (order, external id); the new ones; orders that stopped or were cancelled; returns to come."""

    refund_ids: Mapping[tuple[int, str], int] = field(default_factory=dict)
    new: tuple[int, ...] = ()
    stopped: tuple[int, ...] = ()
    cancelled: tuple[int, ...] = ()
    return_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """Refunds that changed, and those that were as they should be already."""

    refund_ids: tuple[int, ...] = ()
    left: tuple[int, ...] = ()


def ask(*, refunds: Sequence[RefundInput], actor_id: int | None = None) -> Asked:
    """Take refunds.  What has not left the building does not leave it: it is out of the order, stock and stores are free, and the rest of
    the order is planned again.  An order of which nothing is left stops until the refund is agreed, and is cancelled then.

    Idempotent on (channel, external id).  Locks the gift rules of the orders, the orders with all that travel with them, then as
    withdrawing.take_out.  Raises NoOrder, RefundTooMuch.  Says RefundsAsked.
    """
    gifting.lock_rules_of(sorted({one.order_id for one in refunds}))
    groups = again.lock_groups({one.order_id for one in refunds})
    heads = {head.id: head for group in groups.values() for head in group.heads}
    missing = {one.order_id for one in refunds} - heads.keys()
    if missing:
        raise NoOrder(_("没有这张单，或者不归您管。"), order_ids=sorted(missing))
    channels = {i: head.channel_id for i, head in heads.items()}
    ids, fresh = _split_known(refunds, channels)
    if not fresh:
        return Asked(ids)
    paid = refund_money.read_paid({one.order_id for one in fresh})
    _refuse_too_much(fresh, paid)
    new = dict(zip(db.new_ids(len(fresh)), fresh, strict=True))
    ids |= {(one.order_id, one.external_id): id_ for id_, one in new.items()}
    _write_refunds(new, channels, actor_id)
    taken = _take_out(groups, new)
    agreed = _agree_alone(new, taken)
    _write_lines(new, paid, taken)
    late = {id_: units for id_, one in new.items() if (units := _units_of(id_, one, new, taken.late))}
    made = returns.expect(refunds={id_: new[id_].order_id for id_ in late}, actor_id=actor_id)
    settled = [id_ for id_, one in new.items() if one.state in AGREED or id_ in agreed]
    cancelled = _decide(
        settled, {id_: new[id_].order_id for id_ in settled}, RefundState.AGREED, actor_id, new
    )
    _tell("RefundsAsked", "ask_refund", {id_: one.order_id for id_, one in new.items()}, actor_id)
    if agreed:  # by us, so that the platform is told
        orders = sorted({new[id_].order_id for id_ in agreed})
        outbox.emit("RefundsAgreed", {"refund_ids": sorted(agreed), "order_ids": orders})
    stopped = tuple(sorted(taken.gone - set(cancelled)))
    return Asked(ids, tuple(new), stopped, tuple(cancelled), made)


def _split_known(
    refunds: Sequence[RefundInput], channels: Mapping[int, int]
) -> tuple[dict[tuple[int, str], int], list[RefundInput]]:
    """Refunds that are there already, and new ones, each once.  Under the locks of their orders."""
    found = db.rows(
        "SELECT r.order_id, r.external_id, r.id FROM orders_refund r"
        " JOIN unnest(%s::bigint[], %s::text[]) u(channel_id, external_id)"
        " ON r.channel_id = u.channel_id AND r.external_id = u.external_id WHERE r.tenant_id = %s",
        db.array([channels[one.order_id] for one in refunds]),
        db.array([one.external_id for one in refunds]),
        current_tenant(),
    )
    known = {(order_id, external): id_ for order_id, external, id_ in found}
    fresh: dict[tuple[int, str], RefundInput] = {}
    for one in refunds:
        key = one.order_id, one.external_id
        if key not in known:
            fresh.setdefault(key, one)
    return known, list(fresh.values())


def _refuse_too_much(fresh: Sequence[RefundInput], paid: Mapping[int, refund_money.Paid]) -> None:
    claimed = defaultdict(int, refund_money.list_claimed([one.order_id for one in fresh]))
    for one in fresh:
        claimed[one.order_id] += one.amount_minor
        most = paid[one.order_id].amount_minor if one.order_id in paid else 0
        if claimed[one.order_id] > most and not one.may_exceed:
            raise RefundTooMuch(
                _("退款比付的钱多。"),
                order_id=one.order_id,
                paid_minor=most,
                claimed_minor=claimed[one.order_id],
            )


def _write_refunds(new: Mapping[int, RefundInput], channels: Mapping[int, int], actor_id: int | None) -> None:
    db.insert(
        RefundRow,
        ["id", "channel", "order", "external_id", "amount_minor", "is_whole", "reason", "asked_by"],
        [
            (id_, channels[one.order_id], one.order_id, one.external_id, one.amount_minor, one.is_whole, one.reason[:200], actor_id)
            for id_, one in new.items()
        ],
    )  # fmt: skip


def _take_out(groups: Mapping[int, Group], new: Mapping[int, RefundInput]) -> withdrawing.Taken:
    """All refunds of one order at once; orders whose refund is agreed already are cancelled, not stopped, when nothing is left."""
    asked: defaultdict[int, list[Withdrawn]] = defaultdict(list)
    whole = [one.order_id for one in new.values() if one.is_whole]
    for order_id, line_id in _sold_lines(whole):
        asked[order_id].append(Withdrawn(line_id))
    for one in new.values():
        if not one.is_whole:
            asked[one.order_id] += one.units
    findings = {
        one.order_id: Finding(planning.REFUND_ASKED, (("refund_id", id_),), stops=True)
        for id_, one in new.items()
    }
    touched = {i: units for i, units in asked.items() if units}
    if not touched:
        return withdrawing.Taken()
    return withdrawing.take_out(groups, touched, findings, reason=planning.REFUND_ASKED)


def _sold_lines(order_ids: Sequence[int]) -> list[tuple[int, int]]:
    if not order_ids:
        return []
    return db.rows(
        "SELECT order_id, id FROM orders_orderline WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND quantity > withdrawn"
        " ORDER BY id",
        current_tenant(),
        db.array(order_ids),
    )


def _units_of(
    id_: int, one: RefundInput, new: Mapping[int, RefundInput], units: Mapping[int, Mapping[int, int]]
) -> Mapping[int, int]:
    """What of an order's units a refund of it stands for: of several in one call the first has them all."""
    first = (
        next(
            i
            for i, other in new.items()
            if other.order_id == one.order_id and (other.is_whole or other.units)
        )
        if (one.is_whole or one.units)
        else None
    )
    return units.get(one.order_id, {}) if first == id_ else {}


def _agree_alone(new: Mapping[int, RefundInput], taken: withdrawing.Taken) -> set[int]:
    """Refunds that nobody has to look at, where the tenant wants that: all they ask for is still here."""
    if not options.get(settings.REFUND_AGREES):
        return set()
    return {
        id_
        for id_, one in new.items()
        if taken.withdrawn.get(one.order_id) and not taken.late.get(one.order_id)
    }


def _write_lines(
    new: Mapping[int, RefundInput],
    paid: Mapping[int, refund_money.Paid],
    taken: withdrawing.Taken,
) -> None:
    rows = []
    for id_, one in new.items():
        out = _units_of(id_, one, new, taken.withdrawn)
        late = _units_of(id_, one, new, taken.late)
        units = {line: out.get(line, 0) + late.get(line, 0) for line in sorted(out.keys() | late.keys())}
        shares = (
            {}
            if one.is_whole or one.order_id not in paid
            else paid[one.order_id].share(one.amount_minor, units)
        )
        rows += [(id_, line, out.get(line, 0), late.get(line, 0), shares.get(line)) for line in units]
    db.insert(
        RefundLine,
        ["id", "refund", "order_line", "withdrawn", "late", "amount_minor"],
        [(id_, *row) for id_, row in zip(db.new_ids(len(rows)), rows, strict=True)],
    )


def agree(*, refund_ids: Sequence[int], actor_id: int | None) -> Settled:
    """The merchant agrees: refunds are booked, orders of which nothing is left are cancelled.  Locks the orders.

    Agreed ones stay as they are.  Raises NoRefund, RefundClosed for one that was refused.  Says RefundsAgreed.
    """
    return _settle(refund_ids, RefundState.AGREED, actor_id)


def finish(*, refund_ids: Sequence[int], actor_id: int | None) -> Settled:
    """The money is back with the buyer; agreed with it, when nobody had said so.  As agree.  Says RefundsDone."""
    return _settle(refund_ids, RefundState.DONE, actor_id)


def _settle(refund_ids: Sequence[int], to: RefundState, actor_id: int | None) -> Settled:
    found = _lock_refunds(refund_ids)
    refused = [i for i, (_order, state) in found.items() if state == RefundState.REFUSED]
    if refused:
        raise RefundClosed(_("已经没同意这笔退款。"), refund_ids=refused)
    moving = {i: order_id for i, (order_id, state) in found.items() if state < to}
    fresh = [i for i in moving if found[i][1] == RefundState.REQUESTED]
    _decide(fresh, {i: moving[i] for i in fresh}, to, actor_id)
    rest = [i for i in moving if i not in fresh]
    if rest:
        db.execute(
            "UPDATE orders_refund SET state = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            int(to),
            current_tenant(),
            db.array(rest),
        )
    if moving:
        is_done = to == RefundState.DONE
        _tell(
            "RefundsDone" if is_done else "RefundsAgreed",
            "finish_refund" if is_done else "agree_refund",
            moving,
            actor_id,
        )
    return Settled(tuple(moving), tuple(i for i in found if i not in moving))


def refuse(*, refund_ids: Sequence[int], actor_id: int | None) -> Settled:
    """The merchant does not agree: what was kept back is part of the order again, and goes on as it was.

    Locks the orders with all that travel with them, parcels, waves, stock.  Raises NoRefund, RefundClosed for one that was agreed.  Says
    RefundsRefused.
    """
    asked = _find_refunds(refund_ids)
    groups = again.lock_groups({order_id for order_id, _state in asked.values()})
    found = _find_refunds(refund_ids)
    agreed = [i for i, (_order, state) in found.items() if state in AGREED]
    if agreed:
        raise RefundClosed(_("这笔退款已经同意了。"), refund_ids=agreed)
    moving = {i: order_id for i, (order_id, state) in found.items() if state == RefundState.REQUESTED}
    if not moving:
        return Settled((), tuple(found))
    _set_state(list(moving), RefundState.REFUSED, actor_id)
    returns.call_off(refund_ids=list(moving))
    units = db.rows(
        "SELECT order_line_id, sum(withdrawn)::int FROM orders_refundline WHERE tenant_id = %s AND refund_id = ANY (%s::bigint[])"
        " AND withdrawn > 0 GROUP BY 1",
        current_tenant(),
        db.array(list(moving)),
    )
    orders = set(moving.values())
    back = {i: group for i, group in groups.items() if orders & set(group.ids)}
    if units:
        withdrawing.give_back(back, dict(units))
    _tell("RefundsRefused", "refuse_refund", moving, actor_id)
    return Settled(tuple(moving), tuple(i for i in found if i not in moving))


def on_channel_orders_closed(payload: Mapping[str, Any]) -> None:
    """The platform closed orders: all that was asked for is paid back, and what is left of them as well.  Looks at what is so now."""
    found = db.rows(
        "SELECT order_id, external_number FROM orders_channelorder WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND state = %s",
        current_tenant(),
        db.array(payload["order_ids"]),
        int(ChannelState.CLOSED),
    )
    if found:
        close(order_ids=dict(found))


def close(*, order_ids: Mapping[int, str], actor_id: int | None = None) -> Asked:
    """Orders that the platform closed, with their numbers there.  As ask, agreed and paid back."""
    ids = sorted(order_ids)
    gifting.lock_rules_of(ids)
    db.lock(Rank.ORDER, Order, "id", "id = ANY (%s::bigint[])", db.array(ids))
    open_ = db.rows(
        "SELECT id FROM orders_refund WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND state = ANY (%s::int[])",
        current_tenant(),
        db.array(ids),
        db.array([int(state) for state in OPEN]),
    )
    if open_:
        finish(refund_ids=[row[0] for row in open_], actor_id=actor_id)
    paid, claimed = refund_money.read_paid(ids), refund_money.list_claimed(ids)
    unpaid = _unpaid(ids)
    return ask(
        refunds=[
            RefundInput(
                i,
                f"closed:{order_ids[i]}"[:64],
                0 if i in unpaid or i not in paid else max(0, paid[i].amount_minor - claimed.get(i, 0)),
                is_whole=True,
                reason=_("平台关闭了这张单"),
                state=RefundState.DONE,
            )
            for i in ids
        ],
        actor_id=actor_id,
    )


def _unpaid(order_ids: Sequence[int]) -> set[int]:
    """Orders that were never paid, or only a deposit of them: they came like that, and nothing else was said of them since."""
    found = db.rows(
        "SELECT order_id FROM orders_finding WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND code = %s"
        " AND cleared_at IS NULL AND (detail->>'state') IN ('0', '5')",
        current_tenant(),
        db.array(order_ids),
        planning.NOT_TO_SHIP,
    )
    return {row[0] for row in found}


def _find_refunds(refund_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Refund -> order, state.  Raises NoRefund."""
    found = {
        id_: (order_id, state)
        for id_, order_id, state in db.rows(
            "SELECT id, order_id, state FROM orders_refund WHERE tenant_id = %s AND id = ANY (%s::bigint[]) ORDER BY id",
            current_tenant(),
            db.array(refund_ids),
        )
    }
    missing = set(refund_ids) - found.keys()
    if missing:
        raise NoRefund(_("没有这笔退款。"), refund_ids=sorted(missing))
    return found


def _lock_refunds(refund_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """As _find_refunds, their orders locked: whoever changes a refund has its order."""
    orders = {order_id for order_id, _state in _find_refunds(refund_ids).values()}
    gifting.lock_rules_of(sorted(orders))
    db.lock(Rank.ORDER, Order, "id", "id = ANY (%s::bigint[])", db.array(sorted(orders)))
    return _find_refunds(refund_ids)


def _set_state(refund_ids: Sequence[int], state: RefundState, actor_id: int | None) -> None:
    db.execute(
        "UPDATE orders_refund SET state = %s, decided_at = clock_timestamp(), decided_by = %s WHERE tenant_id = %s"
        " AND id = ANY (%s::bigint[])",
        int(state),
        actor_id,
        current_tenant(),
        db.array(refund_ids),
    )


def _decide(
    refund_ids: Sequence[int],
    orders: Mapping[int, int],
    state: RefundState,
    actor_id: int | None,
    new: Mapping[int, RefundInput] | None = None,
) -> list[int]:
    """Agreed, or paid back: state, bookings, and the orders of which nothing is left.  Those that were cancelled."""
    if not refund_ids:
        return []
    done = [i for i in refund_ids if state == RefundState.DONE or (new and new[i].state == RefundState.DONE)]
    _set_state(done, RefundState.DONE, actor_id)
    _set_state([i for i in refund_ids if i not in done], RefundState.AGREED, actor_id)
    refund_money.book(refund_ids, list(orders.values()))
    invoices.follow_refunds(sorted(set(orders.values())))
    return _cancel_empty(sorted(set(orders.values())))


def _cancel_empty(order_ids: Sequence[int]) -> list[int]:
    """Stopped orders of which nothing is left, nothing has left, and nobody waits for an answer."""
    empty = [
        row[0]
        for row in db.rows(
            "SELECT o.id FROM orders_order o WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[]) AND o.status = %s"
            " AND o.merged_into_id IS NULL"
            " AND NOT EXISTS (SELECT FROM orders_orderline l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id"
            " AND l.quantity > l.withdrawn)"
            " AND NOT EXISTS (SELECT FROM orders_order m WHERE m.tenant_id = o.tenant_id AND m.merged_into_id = o.id)"
            " AND NOT EXISTS (SELECT FROM orders_refund r WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.state = %s)"
            " ORDER BY o.id",
            current_tenant(),
            db.array(order_ids),
            int(OrderStatus.STOPPED),
            int(RefundState.REQUESTED),
        )
    ]
    withdrawing.cancel(empty)
    return empty


def _tell(topic: str, action: str, orders: Mapping[int, int], actor_id: int | None) -> None:
    accounts.record_each(
        action, "order", {order_id: {"refund": id_} for id_, order_id in orders.items()}, actor_id=actor_id
    )
    ids = sorted(set(orders.values()))
    outbox.emit(topic, {"refund_ids": sorted(orders), "order_ids": ids})
    live.push(current_tenant(), LIVE, sorted(orders))
    live.push(current_tenant(), "order", ids)
