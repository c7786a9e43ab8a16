"""Parcels of one order by hand: seen before anything is written, made, and undone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, live, outbox
from core.errors import Invalid
from core.services import accounts
from core.tenancy import current_tenant
from orders.errors import BadOrder, NoOrder, WrongState
from orders.models import OrderStatus
from orders.rules import hand_split as rule
from orders.rules.carriers import Choice
from orders.rules.hand_split import Problem, Wanted
from orders.rules.splitting import ParcelPlan
from orders.rules.values import Finding, Line
from orders.services import again, planning
from orders.services.again import Again
from warehouse.models import ParcelStatus
from warehouse.services import floor
from warehouse.services import parcels as warehouse_parcels

ON_THE_WAY = (ParcelStatus.RELEASED, ParcelStatus.PICKED, ParcelStatus.SHIPPED)
BEFORE_IT = (ParcelStatus.WAITING, ParcelStatus.PLANNED)
PARCELS_MOST = 100


@dataclass(frozen=True, slots=True)
class Preview:
    """Parcels as they would be, who would bring each, or what makes them impossible."""

    parcels: tuple[ParcelPlan, ...]
    carriers: tuple[Choice, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    lines: tuple[Line, ...]


class _OnlyLooking(Exception):
    """The preview is over: what was planned for it is undone."""


def preview(*, order_id: int, wanted: Wanted | None) -> Preview:
    """What would come of it; None: what the machine would do.  Nothing is written and stock is not asked."""
    seen: list[Preview] = []
    try:
        with db.savepoint():
            found = _look(order_id)
            value = next(iter(found.values.values()), None)
            lines = tuple(value.lines) if value else ()
            problems = rule.check(lines, wanted) if wanted is not None else ()
            if value and not problems:
                found.by_hand = {} if wanted is None else {value.id: wanted}
                again.pack(found, [value])
                plan = found.plan
                seen.append(
                    Preview(
                        plan.parcels.get(value.id, ()),
                        plan.carriers.get(value.id, ()),
                        tuple(plan.findings.get(value.id, ())),
                        (),
                        lines,
                    )
                )
            else:
                seen.append(Preview((), (), (), problems, lines))
            raise _OnlyLooking
    except _OnlyLooking:
        return seen[0]


def _look(order_id: int) -> Again:
    """The order's group, locked, as it would be planned from nothing."""
    groups = again.lock_groups([order_id])
    if not groups:
        raise NoOrder(_("没有这个订单。"), order_id=order_id)
    parcels = warehouse_parcels.lock_of_orders(list(groups))
    if any(status in ON_THE_WAY for _id, _ref, status, _facility in parcels):
        raise WrongState(_("已经在拣或者发走了，包裹改不了。要改先拦下来。"), code="parcels_on_the_way")
    leader = next(iter(groups.values())).leader
    if leader.status == OrderStatus.STOPPED and any(
        status in BEFORE_IT for _id, _ref, status, _at in parcels
    ):
        raise WrongState(_("有一部分正在先发，先收回来再分包裹。"), code="goes_in_part")
    if leader.status not in (OrderStatus.STOPPED, OrderStatus.FULFILLING):
        raise WrongState(_("这个单现在不能拆包裹。"), code="order_elsewhere")
    floor.intercept(order_refs=list(groups))
    return again.look(groups)


def split(*, order_id: int, wanted: Wanted, actor_id: int | None) -> tuple[int, ...]:
    """Make the parcels of an order (or of its group) as a person wants them; the machine keeps them so from then on.

    Locks the order, its parcels, the stock rows.  Raises NoOrder, WrongState (its parcels are on the floor or gone), BadOrder naming each
    line whose units do not add up, Invalid for parcels over the limit, and nothing is changed then.  Says OrdersReplanned.
    """
    if not 0 < len(wanted) <= PARCELS_MOST:
        raise BadOrder(_("要有 1 到 %(most)d 个包裹。") % {"most": PARCELS_MOST}, code="parcels_count")
    found = _look(order_id)
    value = next(iter(found.values.values()), None)
    problems = rule.check(value.lines if value else (), wanted)
    if value is None or problems:
        rows = [{"code": p.code, "parcel": p.place, "line": p.line_id, "units": p.units} for p in problems]
        raise BadOrder(_("每一行的件数要正好分完。"), code="units_not_divided", problems=rows)
    found.by_hand = {value.id: wanted}
    stays = found.groups[value.id].leader.status == OrderStatus.STOPPED
    said = json.dumps({"by_hand": [[list(part) for part in parcel] for parcel in wanted]})
    return _carry_out(found, value.id, said, "split", actor_id, stays=stays)


def undo(*, order_id: int, actor_id: int | None) -> tuple[int, ...]:
    """Let the machine make the parcels again, exactly as if nobody had touched them.  Locks and raises as `split`."""
    found = _look(order_id)
    leader = next(iter(found.groups))
    found.by_hand = {}
    stays = found.groups[leader].leader.status == OrderStatus.STOPPED
    return _carry_out(found, leader, "", "unsplit", actor_id, stays=stays)


def _carry_out(
    found: Again, leader: int, said: str, what: str, actor_id: int | None, *, stays: bool
) -> tuple[int, ...]:
    """Write the wish; an order that stops anyway keeps it for its release."""
    db.execute(
        "UPDATE orders_order SET version = version + 1,"
        " decided = nullif((coalesce(decided, '{}'::jsonb) - 'by_hand') || coalesce(nullif(%s, '')::jsonb, '{}'::jsonb), '{}'::jsonb)"
        " WHERE tenant_id = %s AND id = %s",
        said,
        current_tenant(),
        leader,
    )
    accounts.record(what, "order", leader, actor_id=actor_id, detail=json.loads(said or "{}"))
    live.push(current_tenant(), "order", found.order_ids())
    if stays:
        return ()
    ordered = again.decide(found)
    if over := _refused(found.plan, leader):
        raise Invalid(_("有包裹超过快递的限制。"), code="parcel_over_limit", findings=over)
    again.write(found, ordered)
    outbox.emit("OrdersReplanned", {"order_ids": found.order_ids()})
    return tuple(sorted(found.plan.stopped))


def _refused(plan: planning.Plan, leader: int) -> list[str]:
    """What a person has to change; that stock ran out meanwhile is no fault of the wish."""
    found: Sequence[Finding] = plan.findings.get(leader, ())
    return [one.code for one in found if one.stops and one.code != planning.STOCK_SHORT]
