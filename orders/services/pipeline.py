"""The pipeline, in bulk and in one transaction: intake → audit → split → reserve → parcels.

Everything is decided on values in memory.  All that decides is read first; then the server stores the orders (core.behind) while their
parcels, carriers and promises are decided here, and the few that stop only now are corrected.  Stock rows are hot (every chunk touches
the same SKUs), so they are locked last: guess without a lock, write, lock, prove the guess; when it was wrong the transaction is rolled
back and runs again, locking first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from django.db import IntegrityError, OperationalError

from core import clock, crypto, db, live, outbox
from core.tenancy import current_tenant, tenant
from inventory.services.promises import GuessedWrong
from o2o.services import dispatches
from o2o.services.dispatches import DispatchStart
from orders.models import ChannelOrder, OrderStatus
from orders.rules.audit import AuditContext, repeated_receivers
from orders.rules.carriers import CarrierFacts
from orders.rules.incoming import IncomingOrder
from orders.rules.values import Line, Sku
from orders.rules.values import Order as OrderValue
from orders.services import (
    carriers,
    checking,
    gifting,
    invoices,
    placing,
    planning,
    platform_ids,
    reading,
    ready_now,
    routing,
    writing,
)
from orders.services import fresh as fresh_orders
from orders.services.fresh import Fresh
from orders.services.gifting import Gifts
from orders.services.intake import split_known, store_changes
from orders.services.reading import ChannelFacts
from warehouse.services import parcels as warehouse_parcels

__all__ = ["GuessedWrong", "Overtaken", "ProcessResult", "carry", "process", "push", "until_settled"]

CHUNK = 4_000  # orders a transaction
TRIES = 5  # of one chunk, while others are faster
IDS_AN_ORDER = 12  # rows of an order and its parcels, as a rule
DEADLOCK = "40P01"
ONCE = "orders_channelorder_once"


class Overtaken(GuessedWrong):
    """Another transaction took one of these orders meanwhile: roll back and look again, it is known now."""


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What came of a batch.  `order_ids`: external number -> order, for new and known ones alike."""

    created: int = 0
    unchanged: int = 0
    changed: int = 0
    stopped: int = 0
    parcels: int = 0
    order_ids: Mapping[str, int] | None = None

    def plus(self, other: "ProcessResult") -> "ProcessResult":
        return ProcessResult(
            self.created + other.created,
            self.unchanged + other.unchanged,
            self.changed + other.changed,
            self.stopped + other.stopped,
            self.parcels + other.parcels,
            {**(self.order_ids or {}), **(other.order_ids or {})},
        )


def push(
    *, tenant_id: int, channel_id: int, incoming: Sequence[IncomingOrder], import_ref: int | None = None
) -> ProcessResult:
    """Take channel orders and carry them as far as a machine can, chunk by chunk, each in its own transaction.

    Idempotent on (channel, external number): what is known and unchanged stays untouched.  Any number of processes may push the same
    orders at once: each order is taken once.
    """
    total = ProcessResult(order_ids={})
    for start in range(0, len(incoming), CHUNK):
        chunk = incoming[start : start + CHUNK]
        total = total.plus(until_settled(partial(_in_transaction, tenant_id, channel_id, chunk, import_ref)))
    return total


def carry(
    *, channel_id: int, incoming: Sequence[IncomingOrder], import_ref: int | None = None
) -> ProcessResult:
    """All of these orders or none, inside an open scope: what has to be done again is undone to a savepoint, the caller's work is kept."""
    return until_settled(partial(_in_savepoint, channel_id, incoming, import_ref))


T_co = TypeVar("T_co", covariant=True)


class Attempt(Protocol[T_co]):
    """One try at a chunk; `lock_first`: the last guess about stock was wrong."""

    def __call__(self, *, lock_first: bool) -> T_co: ...


def until_settled(attempt: Attempt[T_co]) -> T_co:
    """One chunk as often as others are faster; `attempt` undoes itself when it raises.

    A wrong guess about stock locks first the next time.  Who was overtaken does not: who holds stock rows while waiting for an order's
    key can stand in a circle with who holds the key; should two meet like that, PostgreSQL ends one, and it tries again here.
    """
    lock_first = False
    for _try in range(TRIES - 1):
        try:
            return attempt(lock_first=lock_first)
        except GuessedWrong as problem:
            lock_first = not isinstance(problem, Overtaken)
        except (OperationalError, IntegrityError) as problem:
            if not _is_overtaken(problem):
                raise
            lock_first = False
    return attempt(lock_first=lock_first)


def _is_overtaken(problem: Exception) -> bool:
    """Another transaction took one of these orders meanwhile, or PostgreSQL ended one of two that waited for each other."""
    cause = problem.__cause__
    diagnosis = getattr(cause, "diag", None)
    return getattr(cause, "pgcode", None) == DEADLOCK or getattr(diagnosis, "constraint_name", None) == ONCE


def _in_transaction(
    tenant_id: int,
    channel_id: int,
    incoming: Sequence[IncomingOrder],
    import_ref: int | None,
    *,
    lock_first: bool,
) -> ProcessResult:
    with tenant(tenant_id):
        return process(channel_id=channel_id, incoming=incoming, import_ref=import_ref, lock_first=lock_first)


def _in_savepoint(
    channel_id: int, incoming: Sequence[IncomingOrder], import_ref: int | None, *, lock_first: bool
) -> ProcessResult:
    with db.savepoint():
        return process(channel_id=channel_id, incoming=incoming, import_ref=import_ref, lock_first=lock_first)


def process(
    *,
    channel_id: int,
    incoming: Sequence[IncomingOrder],
    import_ref: int | None = None,
    lock_first: bool = False,
) -> ProcessResult:
    """One attempt at a chunk, inside an open scope.  Raises GuessedWrong, or what says that another was faster (also at the end of the
    scope, see core.behind): undo and call again, as `until_settled` does.
    """
    channel = reading.get_channel(channel_id)
    hashed = [(order, crypto.fingerprint(current_tenant(), order.raw)) for order in incoming]
    fresh, known = split_known(channel_id, hashed)
    rules = gifting.read_rules(channel) if fresh else ()
    changed = store_changes(known)
    made = (
        _make(
            channel,
            [order for order, _ in fresh],
            import_ref,
            [hash_ for _, hash_ in fresh],
            rules,
            lock_first=lock_first,
        )
        if fresh
        else ProcessResult(order_ids={})
    )
    ids = made.order_ids or {}
    invoices.take({ids[order.external_number]: order.invoice for order, _ in fresh if order.invoice})
    return replace(
        made,
        unchanged=len(known) - changed,
        changed=changed,
        order_ids={
            **ids,
            **{k.order.external_number: k.order_id for k in known if k.order_id},
        },
    )


def _make(
    channel: ChannelFacts,
    incoming: Sequence[IncomingOrder],
    import_ref: int | None,
    hashes: Sequence[int],
    rules: gifting.Rules,
    *,
    lock_first: bool,
) -> ProcessResult:
    incoming, goods = platform_ids.name(channel.id, incoming, fresh_orders.read_goods(incoming))
    db.have_ids(IDS_AN_ORDER * len(incoming))
    fresh, gifts = fresh_orders.read(channel, incoming, goods, rules)
    plan = planning.Plan()
    _audit(plan, channel, fresh, goods.skus)
    values = sorted((f.value for f in fresh), key=lambda v: (v.ship_by, v.id))
    hands = carriers.read_hands([channel])
    if channel.is_routed and not channel.is_o2o:
        _route(plan, fresh)
    if not lock_first:
        planning.look(plan, values, {f.head.id: f.head.facility_id for f in fresh}, goods.skus)
    # All is read that decides: the server stores the orders while the rest of them is decided here.
    likely = {f.head.id: _status(f, plan, channel) for f in fresh}
    fresh_orders.write(channel, fresh, likely, platform_ids.of_unmapped(fresh, goods))
    numbered = sorted(zip(fresh, hashes, strict=True), key=lambda pair: pair[0].incoming.external_number)
    _write_channel_orders(channel, numbered, import_ref)
    _write_gifts(gifts)
    jobs = {f.head.id: carriers.Job(f.head, channel) for f in fresh}
    _pack(plan, values, jobs, hands, goods.skus, lock_first=lock_first)
    status = {f.head.id: _status(f, plan, channel) for f in fresh}
    offered = {id_ for id_, one in status.items() if one == OrderStatus.DISPATCHING}
    _correct(likely, status)
    writing.write_findings(plan.findings)
    heads = {f.head.id: f.head for f in fresh}
    made = writing.write_parcels(
        heads,
        {v.id: v.lines for v in values},
        plan.parcels,
        dict.fromkeys(heads, channel.handover),
        offered,
        planning.list_terms(plan, values),
        plan.carriers,
    )
    _offer([f for f in fresh if f.head.id in offered])
    _tell(plan, fresh)
    planning.prove(plan)
    return ProcessResult(
        created=len(fresh),
        stopped=len(plan.stopped),
        parcels=made,
        order_ids={f.incoming.external_number: f.head.id for f in fresh},
    )


def _pack(
    plan: planning.Plan,
    values: Sequence[OrderValue],
    jobs: Mapping[int, carriers.Job],
    hands: Sequence[CarrierFacts],
    skus: Mapping[int, Sku],
    *,
    lock_first: bool,
) -> None:
    """Parcels, who brings them, and the stock for them."""
    planning.split(plan, values, skus, carriers.limits(hands, jobs))
    carriers.choose(plan, hands, jobs, skus)
    at = {id_: job.head.facility_id for id_, job in jobs.items()}
    planning.reserve(plan, values, at, skus, locked=lock_first)
    ready_now.fill(plan, values, jobs, hands, skus)


def _tell(plan: planning.Plan, fresh: Sequence[Fresh]) -> None:
    repeated = [
        f.head.id for f in fresh if f.incoming.receiver_token or (f.head.receiver_key or 0) in plan.repeated
    ]
    ids = [f.head.id for f in fresh]
    outbox.emit("OrdersTaken", {"order_ids": ids, "stopped": sorted(plan.stopped), "repeated": repeated})
    live.push(current_tenant(), "order", [])


def _route(plan: planning.Plan, fresh: Sequence[Fresh]) -> None:
    """Orders go where the rules send them; who is sent nowhere stays at its channel's facility."""
    free = {f.head.id: f for f in fresh if f.head.id not in plan.stopped}
    found = routing.choose(
        [routing.ToRoute(f.value, f.head.ship_by, f.division_code, f.point_e6) for f in free.values()]
    )
    for id_, routed in found.items():
        f = free[id_]
        f.head = replace(f.head, facility_id=routed.parts[0].facility_id)
        f.decided = {**(f.decided or {}), **routing.why(routed)}


def _status(f: Fresh, plan: planning.Plan, channel: ChannelFacts) -> OrderStatus:
    """As far as the plan has come."""
    id_ = f.head.id
    if id_ in plan.stopped:
        return OrderStatus.STOPPED
    is_offered = channel.is_o2o and f.point_e6 and id_ not in plan.lots
    return OrderStatus.DISPATCHING if is_offered else OrderStatus.FULFILLING


def _correct(likely: Mapping[int, OrderStatus], status: Mapping[int, OrderStatus]) -> None:
    """Orders that were stored before something stopped them: no parcel, no carrier, no stock."""
    late: dict[OrderStatus, list[int]] = {}
    for id_, now in status.items():
        if now != likely[id_]:
            late.setdefault(now, []).append(id_)
    for now in sorted(late):
        writing.set_status(late[now], now)


def _audit(
    plan: planning.Plan, channel: ChannelFacts, fresh: Sequence[Fresh], skus: Mapping[int, Sku]
) -> None:
    values = [f.value for f in fresh]
    keys = {v.receiver_key for v in values if v.receiver_key is not None}
    seen = plan.repeated = reading.list_seen_receivers(keys, ()) | repeated_receivers(values)
    refused = {f.head.id: f.incoming.refused_rows for f in fresh if f.incoming.refused_rows}
    unplaced = placing.place(channel, fresh)
    planning.audit(plan, values, skus, AuditContext(planning.audit_rules(), seen, refused, unplaced))
    rules = checking.list_active()
    if rules:
        planning.stop(plan, checking.find([(f.value, _sight(f, channel)) for f in fresh], skus, rules))
    for f in fresh:
        planning.check_state(plan, f.head.id, f.incoming.state)
    days = [(f.head.id, f.incoming.wait_until) for f in fresh if f.incoming.wait_until is not None]
    now = clock.now() if days else None
    for id_, day in days:
        if now is not None and day > now:
            planning.wait(plan, id_, day)


def _sight(f: Fresh, channel: ChannelFacts) -> checking.Sight:
    return checking.Sight(
        channel.id,
        f.head.facility_id,
        channel.currency,
        f.division_code,
        f.incoming.placed_at,
        f.incoming.cod_minor,
        f.buyer_key,
    )


def _write_channel_orders(
    channel: ChannelFacts, numbered: Sequence[tuple[Fresh, int]], import_ref: int | None
) -> None:
    """In the order of their numbers: two batches with the same orders wait for each other in one direction only.  One that another
    transaction took meanwhile is refused by the database (ONCE).
    """
    tenant_id = current_tenant()
    db.insert_behind(
        ChannelOrder,
        ["id", "channel", "external_number", "order", "state", "content_hash", "raw", "import_ref"],
        [
            (
                id_,
                channel.id,
                f.incoming.external_number,
                f.head.id,
                f.incoming.state,
                hash_,
                crypto.seal(tenant_id, "raw", f.incoming.raw),
                import_ref,
            )
            for id_, (f, hash_) in zip(db.new_ids(len(numbered)), numbered, strict=True)
        ],
    )


def _write_gifts(gifts: Gifts) -> None:
    try:
        gifting.write(gifts)
    except gifting.GivenMeanwhile as problem:
        raise Overtaken from problem


def _offer(offered: Sequence[Fresh]) -> None:
    """Ask the stores; what no store can be asked for goes to the warehouse at once."""
    if not offered:
        return
    starts = [
        DispatchStart(
            f.head.id,
            f.head.number,
            f.head.facility_id,
            *(f.point_e6 or (0, 0)),
            _units(f.value.lines),
            f.head.min_expires_on,
            f.value.floors,
        )
        for f in offered
    ]
    started = set(dispatches.start(starts=starts))
    rest = [f.head.id for f in offered if f.head.id not in started]
    if rest:
        with db.own_rows():  # made in this transaction; when stock was locked first, their rank is past
            warehouse_parcels.release_waiting(order_refs=rest)
        writing.set_status(rest, OrderStatus.FULFILLING)


def _units(lines: Sequence[Line]) -> tuple[tuple[int, int], ...]:
    totals: dict[int, int] = {}
    for line in lines:
        totals[line.sku_id] = totals.get(line.sku_id, 0) + line.quantity
    return tuple(totals.items())
