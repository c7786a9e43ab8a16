"""What orders do when a lower floor says a fact.  Each handler is idempotent: it looks at what is, not at what the event says."""

from collections.abc import Mapping, Sequence
from typing import Any

from core import db, live
from core.db import Rank
from core.tenancy import current_tenant
from o2o.services import dispatches
from orders.models import Order, OrderStatus
from orders.rules.values import Finding
from orders.services import merging, writing
from orders.services.planning import STOCK_SHORT
from orders.services.stopping import UNDER_WAY
from warehouse.services import floor
from warehouse.services import parcels as warehouse_parcels

# Orders of those parcels among these that are not on the floor and do not have all their units promised or set aside.
BROKEN = """
    SELECT DISTINCT p.ref FROM warehouse_parcel p
    WHERE p.tenant_id = %s AND p.id = ANY (%s::bigint[]) AND p.status IN (0, 1) AND p.units > (
        SELECT coalesce(sum(r.quantity), 0) FROM inventory_reservation r
        WHERE r.tenant_id = p.tenant_id AND r.owner_ref = p.id) + (
        SELECT coalesce(sum(a.quantity), 0) FROM inventory_allocation a
        WHERE a.tenant_id = p.tenant_id AND a.owner_ref = p.id)
"""
OPEN_PARCELS = "SELECT DISTINCT ref FROM warehouse_parcel WHERE tenant_id = %s AND ref = ANY (%s::bigint[]) AND status NOT IN (4, 5)"


def on_parcels_shipped(payload: Mapping[str, Any]) -> None:
    """Orders whose parcels have all left are shipped."""
    statuses = _lock(payload["order_refs"])
    open_refs = {row[0] for row in db.rows(OPEN_PARCELS, current_tenant(), db.array(list(statuses)))}
    done = [
        i
        for i, status in statuses.items()
        if status in (OrderStatus.FULFILLING, OrderStatus.DISPATCHING) and i not in open_refs
    ]
    writing.set_status(done, OrderStatus.SHIPPED)
    live.push(current_tenant(), "order", done)


def on_promises_broken(payload: Mapping[str, Any]) -> None:
    """Stock was lost under a promise: the order's parcels that are not on the floor are cancelled, and it stops as "stock short".

    One that stands still while a part of it was to leave (ready_now) has its reason already.  A fact that comes late finds its parcel
    cancelled and stops nothing: the order may have been planned anew since.
    """
    owners = db.array(payload["owner_refs"])
    locked = _lock([row[0] for row in db.rows(BROKEN, current_tenant(), owners)])
    still = {row[0] for row in db.rows(BROKEN, current_tenant(), owners)}
    broken = {i: status for i, status in locked.items() if status in UNDER_WAY and i in still}
    if not broken:
        return
    statuses = {i: status for i, status in broken.items() if status != OrderStatus.STOPPED}
    dispatches.cancel(order_refs=list(statuses), reason=STOCK_SHORT)
    warehouse_parcels.cancel_of_orders(order_refs=list(broken))
    writing.write_findings(
        {
            i: [Finding(STOCK_SHORT, (("facility_id", payload["facility_id"]), ("lost", "yes")), stops=True)]
            for i in statuses
        }
    )
    writing.set_status(list(statuses), OrderStatus.STOPPED)
    live.push(current_tenant(), "order", list(broken))


def on_allocations_broken(payload: Mapping[str, Any]) -> None:
    """Stock was lost under a parcel on the floor and there is no other: the parcel is cancelled, its order stops as "stock short".

    What other parcels of the order carry goes on; on release the order is planned for the rest.  Orders are locked before parcels.
    """
    refs = db.rows(
        "SELECT DISTINCT ref FROM warehouse_parcel WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(payload["owner_refs"]),
    )
    statuses = _lock([row[0] for row in refs])
    lost = [
        i
        for i in floor.cancel_short(parcel_ids=payload["owner_refs"])
        if statuses.get(i) == OrderStatus.FULFILLING
    ]
    if not lost:
        return
    facts = (("facility_id", payload["facility_id"]), ("lost", "yes"))
    writing.write_findings({i: [Finding(STOCK_SHORT, facts, stops=True)] for i in lost})
    writing.set_status(lost, OrderStatus.STOPPED)
    live.push(current_tenant(), "order", lost)


def on_dispatches_won(payload: Mapping[str, Any]) -> None:
    """A store has the order: it ships from there."""
    won = dict(zip(payload["order_refs"], payload["facility_ids"], strict=True))
    waiting = [i for i, status in _lock(list(won)).items() if status == OrderStatus.DISPATCHING]
    if waiting:
        db.execute(
            "UPDATE orders_order o SET status = 3, facility_id = u.facility_id, version = version + 1"
            " FROM unnest(%s::bigint[], %s::bigint[]) u(id, facility_id) WHERE o.tenant_id = %s AND o.id = u.id",
            db.array(waiting),
            db.array([won[i] for i in waiting]),
            current_tenant(),
        )
        live.push(current_tenant(), "order", waiting)


def on_dispatches_fell_back(payload: Mapping[str, Any]) -> None:
    """No store took it: the warehouse ships."""
    waiting = [i for i, status in _lock(payload["order_refs"]).items() if status == OrderStatus.DISPATCHING]
    writing.set_status(waiting, OrderStatus.FULFILLING)
    live.push(current_tenant(), "order", waiting)


def on_orders_ready(payload: Mapping[str, Any]) -> None:
    """Orders came in, or go on: those of one receiver are brought together before somebody picks them."""
    merging.merge(order_ids=payload.get("repeated", payload["order_ids"]))


def _lock(order_refs: Sequence[int]) -> dict[int, int]:
    found = db.lock(Rank.ORDER, Order, "id, status", "id = ANY (%s::bigint[])", db.array(order_refs))
    return {row[0]: row[1] for row in found}
