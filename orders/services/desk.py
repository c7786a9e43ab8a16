"""What people do at the desk: release stopped orders.  Facts are looked at again; only what is still true still stops."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from core import clock, db, live, outbox
from core.services import accounts
from core.tenancy import current_tenant
from orders.models import OrderStatus
from orders.queries import list_stamps
from orders.rules import audit as audits
from orders.rules.audit import AuditContext, AuditRules
from orders.rules.audit_rules import RULE
from orders.rules.values import Finding
from orders.rules.values import Order as Value
from orders.services import again, placing, planning, ready_now
from warehouse.services import floor

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
        planning.HELD,
        planning.ADDRESS_CHANGED,
        RULE,
    }
)


@dataclass(frozen=True, slots=True)
class Released:
    """Orders that went on, orders that something still stops, and orders left alone because they changed since they were looked at.

    `in_part`: those of the stopped ones that send what is there now.
    """

    order_ids: tuple[int, ...]
    stopped: tuple[int, ...]
    changed: tuple[int, ...] = ()
    in_part: tuple[int, ...] = ()


def release(
    *,
    order_ids: Sequence[int],
    actor_id: int | None,
    seen: Mapping[int, str] | None = None,
    waived: Collection[str] = WAIVABLE,
) -> Released:
    """Let stopped orders go on: what a person may waive is waived, codes are mapped again, stock is asked again.

    Locks the orders, then the stock rows.  An order that travels with others stands for its group.  Orders that are not stopped are left
    alone, and so are those whose stamp (orders.queries) is no longer what the person saw: nobody waives a finding that he has not read.
    `waived`: what the person has judged; another finding that only a person may waive stays, and its order stops.  Says OrdersReleased.
    """
    groups = {i: g for i, g in again.lock_groups(order_ids).items() if g.leader.status == OrderStatus.STOPPED}
    changed = list_changed([i for group in groups.values() for i in group.ids], seen)
    groups = {i: group for i, group in groups.items() if not set(group.ids) & set(changed)}
    if not groups:
        return Released((), (), changed)
    unread = WAIVABLE - set(waived)
    found, ordered = look_again(groups, unread)
    _clear(found.order_ids(), actor_id, unread)
    again.write(found, ordered)
    released = tuple(i for i in found.order_ids() if i not in _stopped(found))
    accounts.record(
        "release",
        "order",
        released[0] if released else None,
        actor_id=actor_id,
        detail={"orders": list(released)},
    )
    outbox.emit("OrdersReleased", {"order_ids": list(released)})
    live.push(current_tenant(), "order", found.order_ids())
    stopped = tuple(sorted(found.plan.stopped))
    return Released(released, stopped, changed, tuple(i for i in stopped if i in found.plan.parcels))


def look_again(
    groups: Mapping[int, again.Group], unread: Collection[str] = WAIVABLE
) -> tuple[again.Again, list[Value]]:
    """What would become of stopped orders whose groups are locked: facts are looked at again, stock is asked again; the values in order.

    `unread`: an open finding of these keeps its order where it is.  What of an order was to leave already is taken off the floor when
    something else stops it now than goods.
    """
    found = again.look(groups)
    _audit(found)
    if unread:
        _keep_stopped(found, unread)
    off = [i for i in sorted(found.plan.stopped & found.begun) if not _only_the_rest(found.plan, i)]
    if off:
        floor.intercept(order_refs=off)
    return found, again.decide(found)


def _only_the_rest(plan: planning.Plan, order_id: int) -> bool:
    stops = {one.code for one in plan.findings.get(order_id, ()) if one.stops}
    return bool(stops) and stops <= ready_now.OF_THE_REST


def _stopped(found: again.Again) -> set[int]:
    return {i for id_ in found.plan.stopped for i in found.groups[id_].ids}


def list_changed(order_ids: Iterable[int], seen: Mapping[int, str] | None) -> tuple[int, ...]:
    """Those of these orders that are no longer what somebody saw."""
    if not seen:
        return ()
    now = list_stamps([id_ for id_ in order_ids if id_ in seen])
    return tuple(sorted(id_ for id_, stamp in now.items() if seen[id_] != stamp))


def _audit(found: again.Again) -> None:
    """Facts only; and what the platform says of each order of a group."""
    rules = AuditRules(off=WAIVABLE, stops=planning.audit_rules().stops)
    values = list(found.values.values())
    unplaced = placing.place_again(found)
    planning.audit(found.plan, values, found.skus, AuditContext(rules, set(), {}, unplaced))
    states = again.states_of(found)
    days = {
        i: max((h.wait_until for h in g.heads if h.wait_until), default=None) for i, g in found.groups.items()
    }
    now = clock.now() if any(days.values()) else None
    for id_ in found.values:
        for state in states[id_]:
            planning.check_state(found.plan, id_, state)
        day = days[id_]
        if now is not None and day is not None and day > now:
            planning.wait(found.plan, id_, day)
    planning.stop(found.plan, _asked_back([i for i in found.groups if i not in found.values]))


def _asked_back(order_ids: Sequence[int]) -> dict[int, list[Finding]]:
    """Orders that wait for an answer about their refund go on, or are cancelled, by that answer and by nothing else."""
    if not order_ids:
        return {}
    found = db.rows(
        "SELECT order_id, detail FROM orders_finding WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND code = %s"
        " AND cleared_at IS NULL",
        current_tenant(),
        db.array(order_ids),
        planning.REFUND_ASKED,
    )
    return {
        order_id: [Finding(planning.REFUND_ASKED, tuple(json.loads(detail).items()), stops=True)]
        for order_id, detail in found
    }


def _keep_stopped(found: again.Again, unread: Collection[str]) -> None:
    """Orders with open findings that nobody judged go nowhere."""
    leader = {i: id_ for id_, group in found.groups.items() for i in group.ids}
    rows = db.rows(
        "SELECT DISTINCT order_id FROM orders_finding WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
        " AND cleared_at IS NULL AND stops AND code = ANY (%s::text[])",
        current_tenant(),
        db.array(found.order_ids()),
        db.array(sorted(unread)),
    )
    found.plan.stopped.update(leader[id_] for (id_,) in rows)


def _clear(order_ids: Sequence[int], actor_id: int | None, unread: Collection[str]) -> None:
    db.execute(
        "UPDATE orders_finding SET cleared_at = clock_timestamp(), cleared_by = %s WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
        " AND cleared_at IS NULL AND NOT code = ANY (%s::text[])",
        actor_id,
        current_tenant(),
        db.array(order_ids),
        db.array(sorted(unread)),
    )
