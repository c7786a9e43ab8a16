"""Orders that must not go on as they were: they stop, whatever they were about to do, and merged ones part.

The one way to take an order off the road: what has not left the building does not leave it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, live, outbox
from core.services import accounts
from core.tenancy import current_tenant
from o2o.services import dispatches
from orders.errors import CannotPart
from orders.models import OrderStatus
from orders.rules.values import Finding
from orders.services import again, planning
from orders.services.again import Group
from warehouse.models import ParcelStatus
from warehouse.services import floor

UNDER_WAY = (OrderStatus.STOPPED, OrderStatus.DISPATCHING, OrderStatus.FULFILLING)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Orders that stopped; those that travelled with them and go on alone; those that had left or ended before."""

    order_ids: tuple[int, ...] = ()
    parted: tuple[int, ...] = ()
    too_late: tuple[int, ...] = ()


def stop(*, findings: Mapping[int, Sequence[Finding]], reason: str) -> Stopped:
    """Stop these orders, each with findings that say why.

    Stores are no longer asked, planned parcels and those on the floor are cancelled and their stock is for sale again, merged orders
    part.  A group some of whose goods have left stays one, and stops as one.  Locks the orders with all that travel with them, their
    dispatches, parcels and waves, then the stock rows.  Says OrdersStopped.
    """
    if not findings:
        return Stopped()
    groups = again.lock_groups(findings)
    going = {i: group for i, group in groups.items() if group.leader.status in UNDER_WAY}
    late = tuple(sorted(i for i in findings if not any(i in group.ids for group in going.values())))
    if not going:
        return Stopped((), (), late)
    dispatches.cancel(
        order_refs=[i for i, g in going.items() if g.leader.status == OrderStatus.DISPATCHING], reason=reason
    )
    off = _take_off(going, findings)
    parted = off.alone
    stopped = tuple(sorted(i for group in going.values() for i in group.ids if i not in parted | off.gone))
    late = tuple(sorted({*late, *(off.gone & findings.keys())}))
    outbox.emit("OrdersStopped", {"order_ids": list(stopped), "parted": sorted(parted), "reason": reason})
    live.push(current_tenant(), "order", [*stopped, *parted])
    return Stopped(stopped, tuple(sorted(parted)), late)


def part(*, order_ids: Collection[int], actor_id: int | None = None) -> tuple[int, ...]:
    """Orders that travel together go each their own way again, exactly as they were; returns all of those groups.

    What was on the floor is taken off it.  Locks as `stop`.  Raises CannotPart when goods of a group have left already.  Says
    OrdersParted.
    """
    groups = {i: group for i, group in again.lock_groups(order_ids).items() if len(group.heads) > 1}
    if not groups:
        return ()
    off = _take_off(groups, {})
    if off.whole:
        raise CannotPart(_("合单的货已经发走了，不能再拆开。"), order_ids=sorted(off.whole))
    ids = sorted(i for group in groups.values() for i in group.ids)
    accounts.record("part", "order", ids[0], actor_id=actor_id, detail={"orders": ids})
    outbox.emit("OrdersParted", {"order_ids": ids})
    live.push(current_tenant(), "order", ids)
    return tuple(ids)


@dataclass(frozen=True, slots=True)
class _Off:
    """Leaders of groups that cannot part; orders that parted and go on; orders all of whose goods had left already."""

    whole: set[int]
    alone: set[int]
    gone: set[int]


def _take_off(groups: Mapping[int, Group], findings: Mapping[int, Sequence[Finding]]) -> _Off:
    """Cancel what has not left, part the groups, plan again whom nothing stops."""
    floor.intercept(order_refs=list(groups))
    left = {
        row[0]
        for row in db.rows(
            "SELECT DISTINCT ref FROM warehouse_parcel WHERE tenant_id = %s AND ref = ANY (%s::bigint[]) AND status = %s",
            current_tenant(),
            db.array(list(groups)),
            int(ParcelStatus.SHIPPED),
        )
    }
    whole = {i for i, group in groups.items() if len(group.heads) > 1 and i in left}
    new: dict[int, Group] = {}
    said: dict[int, list[Finding]] = {}
    parting: list[int] = []
    for i, group in groups.items():
        if i in whole or len(group.heads) == 1:
            new[i] = group
            said[i] = [finding for id_ in group.ids for finding in findings.get(id_, ())]
            continue
        parting += group.ids
        for head in group.heads:
            # What stopped the group is its leader's: the others are asked anew.
            if head.id in findings or not (head.id == i and group.leader.status == OrderStatus.STOPPED):
                new[head.id] = Group((head,))
                said[head.id] = list(findings.get(head.id, ()))
    forget_leaders(parting)
    found = again.look(new)
    gone = {i for i in new if not found.lines[i] and i in found.begun}
    planning.stop(found.plan, {i: reasons for i, reasons in said.items() if i not in gone})
    ordered = again.decide(found)
    again.write(found, ordered)
    return _Off(
        whole,
        {i for i in parting if i in new and i not in findings},
        {id_ for i in gone for id_ in new[i].ids},
    )


def forget_leaders(order_ids: Sequence[int]) -> None:
    """Locked orders travel alone from now on."""
    if order_ids:
        db.execute(
            "UPDATE orders_order SET merged_into_id = NULL, version = version + 1, decided = nullif(decided - 'merge', '{}'::jsonb)"
            " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(order_ids),
        )
