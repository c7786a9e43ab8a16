"""Units that refunds take out of orders before they leave the building, and what becomes of the orders (after_sales.withdraw)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core import clock, db
from core.tenancy import current_tenant
from o2o.services import dispatches
from orders.models import OrderStatus
from orders.rules.after_sales import HeldLine, HeldParcel, Withdrawal, Withdrawn, withdraw
from orders.rules.values import Finding
from orders.services import again, gifting, planning, ready_now, stopping, writing
from orders.services.again import Group
from orders.services.reading import Head
from orders.services.stopping import UNDER_WAY
from warehouse.models import ParcelStatus
from warehouse.services import floor

# (tenant, leaders): what has left of whole groups
_SHIPPED = """
    SELECT p.ref, p.id, l.ref, sum(l.quantity)::int FROM warehouse_parcel p
    JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    WHERE p.tenant_id = %s AND p.ref = ANY (%s::bigint[]) AND p.status = 4 GROUP BY 1, 2, 3
"""
_LINES = """
    SELECT order_id, id, quantity, withdrawn, coalesce(bundle_group, 0), kind = 1, sku_id IS NULL FROM orders_orderline
    WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) ORDER BY id
"""
# A line nobody knows the goods of may turn out to be a bundle: what is taken out of it becomes a line of its own.
_DIVIDE = """
    INSERT INTO orders_orderline (tenant_id, id, order_id, external_code, external_item, external_variant, quantity, unit_price_minor,
        source_row, kind, withdrawn)
    SELECT l.tenant_id, u.new_id, l.order_id, l.external_code, l.external_item, l.external_variant, u.units, l.unit_price_minor,
        l.source_row, l.kind, u.units
    FROM orders_orderline l JOIN unnest(%s::bigint[], %s::bigint[], %s::int[]) u(id, new_id, units) ON l.id = u.id
    WHERE l.tenant_id = %s RETURNING id
"""


@dataclass(slots=True)
class Taken:
    """What was taken out of orders, line by line: units that never left, and units that had (`late`).  `gone`: orders nothing of which has
    left or will; `shipped`: orders of which only what has left remains; `parted`: orders that travelled with them and go on alone.
    """

    withdrawn: dict[int, dict[int, int]] = field(default_factory=dict)
    late: dict[int, dict[int, int]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    shipped: set[int] = field(default_factory=set)
    parted: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Line:
    id: int
    quantity: int
    withdrawn: int
    bundle: int
    is_gift: bool
    is_unknown: bool

    @property
    def left(self) -> int:
        return self.quantity - self.withdrawn


def take_out(
    groups: Mapping[int, Group],
    asked: Mapping[int, Sequence[Withdrawn]],
    findings: Mapping[int, Finding],
    *,
    reason: str,
) -> Taken:
    """Take units out of orders whose groups are locked.  What goes on is planned again at once; what was stopped stays stopped.

    An order of which nothing is left stops with its finding, or, without one, is cancelled.  Locks dispatches, parcels, waves, stock.
    """
    mine = {i: g for i, g in groups.items() if any(id_ in asked for id_ in g.ids)}
    going = {i: g for i, g in mine.items() if g.leader.status in UNDER_WAY}
    offered = [i for i, g in going.items() if g.leader.status == OrderStatus.DISPATCHING]
    if offered:
        dispatches.cancel(order_refs=offered, reason=reason)
    cut = floor.intercept(order_refs=list(going)) if going else []
    partly = _partly([i for i in cut if going[i].leader.status == OrderStatus.STOPPED])
    shipped = _shipped(list(mine))
    lines = _lines([id_ for g in mine.values() for id_ in g.ids])
    taken, found = Taken(), {}
    for leader, group in mine.items():
        if group.leader.status == OrderStatus.CANCELLED:
            continue
        for id_ in group.ids:
            if id_ in asked:
                found[id_] = withdraw(_held(lines[id_]), _boxes(shipped[leader], lines[id_]), asked[id_])
    _note(taken, found, lines)
    _write(taken, {line.id: line for own in lines.values() for line in own})
    _end(taken, going, found, shipped, findings, lines, partly)
    return taken


def _partly(leaders: Sequence[int]) -> set[int]:
    """Which of these stopped orders, some of whose parcels were on their way, waited for goods and for nothing else (ready_now)."""
    if not leaders:
        return set()
    found = db.rows(
        "SELECT order_id FROM orders_finding WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND stops AND cleared_at IS NULL"
        " GROUP BY 1 HAVING bool_and(code = ANY (%s::text[]))",
        current_tenant(),
        db.array(leaders),
        db.array(sorted(ready_now.OF_THE_REST)),
    )
    return {row[0] for row in found}


def _shipped(leaders: Sequence[int]) -> dict[int, dict[int, dict[int, int]]]:
    """Leader -> parcel that left -> line -> units."""
    found: dict[int, dict[int, dict[int, int]]] = {i: defaultdict(dict) for i in leaders}
    for leader, parcel_id, line_id, units in db.rows(_SHIPPED, current_tenant(), db.array(leaders)):
        found[leader][parcel_id][line_id] = units
    return found


def _lines(order_ids: Sequence[int]) -> dict[int, list[_Line]]:
    found: dict[int, list[_Line]] = {i: [] for i in order_ids}
    for order_id, *line in db.rows(_LINES, current_tenant(), db.array(order_ids)):
        found[order_id].append(_Line(*line))
    return found


def _held(lines: Iterable[_Line]) -> list[HeldLine]:
    return [HeldLine(x.id, x.left, x.bundle, is_gift=x.is_gift) for x in lines]


def _boxes(shipped: Mapping[int, Mapping[int, int]], lines: Iterable[_Line]) -> list[HeldParcel]:
    """Parcels that left, with what they carried of these lines; there are no others any more."""
    own = {line.id for line in lines}
    return [
        HeldParcel(
            id_,
            int(ParcelStatus.SHIPPED),
            is_shipped=True,
            items=tuple((line, units) for line, units in sorted(items.items()) if line in own),
        )
        for id_, items in sorted(shipped.items())
    ]


def _note(taken: Taken, found: Mapping[int, Withdrawal], lines: Mapping[int, Sequence[_Line]]) -> None:
    for order_id, one in found.items():
        taken.withdrawn[order_id] = {cut.line_id: cut.units for cut in one.cuts}
        taken.late[order_id] = dict(one.too_late)
    divided = [
        (order_id, line, taken.withdrawn[order_id][line.id])
        for order_id in found
        for line in lines[order_id]
        if line.is_unknown and 0 < taken.withdrawn[order_id].get(line.id, 0) < line.left
    ]
    if not divided:
        return
    new = db.new_ids(len(divided))
    ids, units = [line.id for _o, line, _n in divided], [n for _o, _line, n in divided]
    db.rows(_DIVIDE, db.array(ids), db.array(new), db.array(units), current_tenant())
    db.execute(
        "UPDATE orders_orderline l SET quantity = l.quantity - u.units FROM unnest(%s::bigint[], %s::int[]) u(id, units)"
        " WHERE l.tenant_id = %s AND l.id = u.id",
        db.array(ids),
        db.array(units),
        current_tenant(),
    )
    for id_, (order_id, line, n) in zip(new, divided, strict=True):
        del taken.withdrawn[order_id][line.id]
        taken.withdrawn[order_id][id_] = n  # born withdrawn


def _write(taken: Taken, known: Mapping[int, _Line]) -> None:
    """Lines that were divided off were born withdrawn."""
    add_withdrawn({id_: n for own in taken.withdrawn.values() for id_, n in own.items() if id_ in known})


def add_withdrawn(units: Mapping[int, int]) -> None:
    """Line -> units more (or fewer) that are out of it; the orders are locked."""
    if units:
        ids = sorted(units)
        db.execute(
            "UPDATE orders_orderline l SET withdrawn = l.withdrawn + u.units FROM unnest(%s::bigint[], %s::int[]) u(id, units)"
            " WHERE l.tenant_id = %s AND l.id = u.id",
            db.array(ids),
            db.array([units[i] for i in ids]),
            current_tenant(),
        )


def _end(
    taken: Taken,
    going: Mapping[int, Group],
    found: Mapping[int, Withdrawal],
    shipped: Mapping[int, Mapping[int, Mapping[int, int]]],
    findings: Mapping[int, Finding],
    lines: Mapping[int, Sequence[_Line]],
    partly: set[int],
) -> None:
    """What becomes of the orders: gone, shipped as far as it goes, planned again alone or together, or stopped as before.

    `partly`: stopped ones whose parcels of what was there have just been taken off: they are planned again too.
    """
    new: dict[int, Group] = {}
    alone: list[int] = []
    for leader, group in going.items():
        left = {line_id for items in shipped[leader].values() for line_id in items}
        gone = {
            head.id
            for head in group.heads
            if _nothing_left(found.get(head.id)) and not any(line.id in left for line in lines[head.id])
        }
        if left and len(group.heads) > 1:
            gone.discard(leader)  # the group's parcels are in its name
        taken.gone |= gone
        rest = [head for head in group.heads if head.id not in gone]
        was_stopped = group.leader.status == OrderStatus.STOPPED and leader not in partly
        if gone and len(group.heads) > 1:
            alone += gone if left else group.ids
        if not rest:
            continue
        if not gone or left:
            if _has_more(rest, lines, taken, left, shipped[leader]):
                if not was_stopped:
                    new[leader] = Group(tuple(rest))
            else:
                taken.shipped.update(head.id for head in rest)
            continue
        for head in rest:
            taken.parted.add(head.id)
            if not (was_stopped and head.id == leader):
                new[head.id] = Group((head,))
    stopping.forget_leaders(sorted(alone))
    _stop(taken, findings)
    _finish(taken)
    clear_findings(sorted(partly & new.keys()), ready_now.OF_THE_REST)
    plan_again(new)


def _nothing_left(one: Withdrawal | None) -> bool:
    return one is not None and one.is_whole


def _has_more(
    heads: Iterable[Head],
    lines: Mapping[int, Sequence[_Line]],
    taken: Taken,
    left: set[int],
    shipped: Mapping[int, Mapping[int, int]],
) -> bool:
    """Whether anything of these orders has still to be sent."""
    if not left:
        return True
    out: dict[int, int] = defaultdict(int)
    for items in shipped.values():
        for line_id, units in items.items():
            out[line_id] += units
    return any(
        line.left - taken.withdrawn.get(head.id, {}).get(line.id, 0) > out[line.id]
        for head in heads
        for line in lines[head.id]
    )


def _stop(taken: Taken, findings: Mapping[int, Finding]) -> None:
    asked = {i: [findings[i]] for i in sorted(taken.gone) if i in findings}
    writing.write_findings(asked)
    writing.set_status(list(asked), OrderStatus.STOPPED)
    cancel([i for i in sorted(taken.gone) if i not in findings])


def _finish(taken: Taken) -> None:
    done = sorted(taken.shipped)
    clear_findings(done)
    writing.set_status(done, OrderStatus.SHIPPED)


def cancel(order_ids: Sequence[int]) -> None:
    """Locked orders of which nothing is left are given up, and their gifts are for others."""
    if order_ids:
        clear_findings(order_ids)
        writing.set_status(order_ids, OrderStatus.CANCELLED)
        gifting.take_back(order_ids)


def clear_findings(order_ids: Sequence[int], codes: Collection[str] = ()) -> None:
    """Nothing of what was found (or of these kinds) keeps these orders any more; their status is the caller's."""
    if order_ids:
        db.execute(
            "UPDATE orders_finding SET cleared_at = clock_timestamp() WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
            " AND cleared_at IS NULL AND (%s OR code = ANY (%s::text[]))",
            current_tenant(),
            db.array(order_ids),
            not codes,
            db.array(sorted(codes)),
        )


def plan_again(groups: Mapping[int, Group]) -> None:
    """Split, promise and hand over what these groups still have to send, or stop them with what is in the way."""
    if not groups:
        return
    found = again.look(groups)
    states = again.states_of(found)
    now = clock.now()
    for id_, group in found.groups.items():
        if id_ not in found.values:
            continue
        for state in states[id_]:
            planning.check_state(found.plan, id_, state)
        day = max((head.wait_until for head in group.heads if head.wait_until), default=None)
        if day is not None and day > now:
            planning.wait(found.plan, id_, day)
    again.write(found, again.decide(found))


def give_back(groups: Mapping[int, Group], units: Mapping[int, int]) -> None:
    """Units (by line) that were taken out are part of their orders again, which go on as they were.  Groups are locked.

    Orders that something else stops stay stopped.  Locks parcels, waves, stock.
    """
    add_withdrawn({line_id: -n for line_id, n in units.items()})
    ids = [id_ for group in groups.values() for id_ in group.ids]
    clear_findings(ids, {planning.REFUND_ASKED})
    stopped = {
        row[0]
        for row in db.rows(
            "SELECT DISTINCT order_id FROM orders_finding WHERE tenant_id = %s AND order_id = ANY (%s::bigint[])"
            " AND stops AND cleared_at IS NULL",
            current_tenant(),
            db.array(ids),
        )
    }
    going = {i: g for i, g in groups.items() if not stopped & set(g.ids)}
    if going:
        floor.intercept(order_refs=list(going))
        plan_again(going)
