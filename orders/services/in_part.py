"""Part of an order now, the rest later, by hand: seen before anything is written, sent, taken back; and the rest, when goods come."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core import db, live, options
from core.services import accounts
from core.tenancy import current_tenant
from orders import options as settings
from orders.models import OrderStatus
from orders.rules.carriers import Choice
from orders.rules.ready_now import WISH
from orders.rules.splitting import ParcelPlan
from orders.services import again, desk, planning, ready_now
from orders.services.again import Group
from orders.services.desk import Released
from orders.sql_stock_out import SKUS_OF
from warehouse.services import floor

MOST = 1_000  # orders that a fact lets go on at most, the earliest deadline first; the next fact takes the next ones
LOOKED_AT = 500  # orders in one preview
# Stopped orders that only goods stop, short of one of these SKUs: (tenant, code, tenant, SKUs, codes, most)
_WAITING = """
    SELECT o.id FROM orders_order o WHERE o.tenant_id = %s AND o.status = 1 AND o.merged_into_id IS NULL
    AND o.id = ANY (ARRAY(SELECT f.order_id FROM orders_finding f
        WHERE f.tenant_id = %s AND f.code = %s AND f.stops AND f.cleared_at IS NULL))
    AND EXISTS (SELECT FROM orders_order m JOIN orders_orderline l ON l.tenant_id = m.tenant_id AND l.order_id = m.id
        WHERE m.tenant_id = o.tenant_id AND (m.id = o.id OR m.merged_into_id = o.id) AND l.sku_id = ANY (%s::bigint[]))
    AND NOT EXISTS (SELECT FROM orders_finding f WHERE f.tenant_id = o.tenant_id AND f.order_id = o.id AND f.stops
        AND f.cleared_at IS NULL AND NOT f.code = ANY (%s::text[]))
    ORDER BY o.ship_by, o.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What would become of one order: parcels that go now and who brings each, units that wait by line; `is_whole`: nothing waits."""

    order_id: int
    number: str
    parcels: tuple[ParcelPlan, ...] = ()
    carriers: tuple[Choice, ...] = ()
    waits: tuple[tuple[int, int, int], ...] = ()
    """(line, SKU, units)."""
    codes: tuple[str, ...] = ()
    """What stops it."""

    @property
    def is_whole(self) -> bool:
        return not self.waits


class _OnlyLooking(Exception):
    """The preview is over: what was planned for it is undone."""


def preview(*, order_ids: Sequence[int]) -> list[Part]:
    """What would go now of these stopped orders, by deadline, were they sent in part.  Nothing is written, no lock is kept.

    A constant number of statements, for LOOKED_AT orders at most.
    """
    seen: list[Part] = []
    try:
        with db.savepoint():
            _wish(list(_stopped(order_ids[:LOOKED_AT])), go=True)
            found, ordered = desk.look_again(_stopped(order_ids[:LOOKED_AT]))
            seen = [_part(found, value.id) for value in ordered]
            raise _OnlyLooking
    except _OnlyLooking:
        return seen


def _part(found: again.Again, order_id: int) -> Part:
    parcels = found.plan.parcels.get(order_id, ())
    gone: dict[int, int] = {}
    for parcel in parcels:
        for item in parcel.items:
            gone[item.line_id] = gone.get(item.line_id, 0) + item.quantity
    return Part(
        order_id,
        found.groups[order_id].leader.number,
        parcels,
        found.plan.carriers.get(order_id, ()),
        tuple(
            (line.id, line.sku_id, units)
            for line in found.lines[order_id]
            if (units := line.quantity - gone.get(line.id, 0)) > 0
        ),
        tuple(dict.fromkeys(one.code for one in found.plan.findings.get(order_id, ()) if one.stops)),
    )


def go(*, order_ids: Sequence[int], actor_id: int | None, seen: Mapping[int, str] | None = None) -> Released:
    """Send what is there of these stopped orders, whatever their shop and the tenant say: the rest of each waits with its finding.

    As `desk.release` that waives nothing: an order that something else than goods stops stays where it is, and so does one that changed
    since it was seen.  What was said of an order stays with it: what comes for it later goes as well, until it is taken back.  Locks and
    says as `desk.release`.
    """
    groups = _stopped(order_ids)
    changed = desk.list_changed([i for group in groups.values() for i in group.ids], seen)
    wanted = {i: group for i, group in groups.items() if not set(group.ids) & set(changed)}
    _wish(list(wanted), go=True)
    done = desk.release(order_ids=list(wanted), actor_id=actor_id, waived=())
    accounts.record_each("ready_now", "order", {i: {} for i in done.in_part}, actor_id=actor_id)
    return replace(done, changed=changed)


@dataclass(frozen=True, slots=True)
class Back:
    """Orders whose parcels were taken back, and orders none of whose parcels could be."""

    order_ids: tuple[int, ...]
    left: tuple[int, ...]


def take_back(*, order_ids: Sequence[int], actor_id: int | None) -> Back:
    """What has not left of these stopped orders does not leave before the rest: its parcels are cancelled, planned or on the floor, and
    their stock is for sale again.  The machine sends these orders in part no more, whatever their shop says.

    Locks the orders with all that travel with them, parcels, waves, stock.  Says ParcelsCancelled.
    """
    groups = _stopped(order_ids)
    cut = floor.intercept(order_refs=list(groups)) if groups else []
    _wish(cut, go=False)
    accounts.record_each("ready_now_back", "order", {i: {} for i in cut}, actor_id=actor_id)
    ids = [i for one in cut for i in groups[one].ids]
    live.push(current_tenant(), "order", ids)
    return Back(tuple(cut), tuple(sorted(set(order_ids) - set(ids))))


def on_goods_came(payload: Mapping[str, Any]) -> None:
    """Stock came, or is free again: orders that wait for these goods, and for nothing else, go on by themselves, the earliest first.

    What cannot go on yet, whole or in part, is left exactly as it is.  Idempotent: it looks at what is.
    """
    if not options.get(settings.SHORT_GOES_ON):
        return
    tenant_id = current_tenant()
    sku_ids: set[int] = set()
    for key, statement in SKUS_OF.items():
        ids = payload.get(key, ())
        if ids:
            sku_ids.update(row[0] for row in db.rows(statement, tenant_id, db.array(_many(ids))))
    if not sku_ids:
        return
    code = planning.STOCK_SHORT
    found = db.rows(
        _WAITING,
        tenant_id,
        tenant_id,
        code,
        db.array(sorted(sku_ids)),
        db.array(sorted(ready_now.SHORT_OF)),
        MOST,
    )
    moving = _moving([id_ for (id_,) in found])
    if moving:
        desk.release(order_ids=moving, actor_id=None, waived=())


def _many(ids: Any) -> list[int]:
    return ids if isinstance(ids, list) else [ids]


def _moving(order_ids: Sequence[int]) -> list[int]:
    """Which of these would get parcels now.  Nothing is written, no lock is kept."""
    if not order_ids:
        return []
    moving: list[int] = []
    try:
        with db.savepoint():
            found, _ordered = desk.look_again(_stopped(order_ids))
            moving = [i for i in found.groups if i in found.plan.parcels]
            raise _OnlyLooking
    except _OnlyLooking:
        return moving


def _stopped(order_ids: Iterable[int]) -> dict[int, Group]:
    """The groups of these orders that stand still, locked."""
    found = again.lock_groups(order_ids)
    return {i: group for i, group in found.items() if group.leader.status == OrderStatus.STOPPED}


def _wish(leaders: Sequence[int], *, go: bool) -> None:
    """What a person says of these orders; they are locked, and seen as others from now on."""
    if leaders:
        db.execute(
            "UPDATE orders_order SET decided = coalesce(decided, '{}'::jsonb) || %s::jsonb, version = version + 1"
            " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            json.dumps({WISH: {"go": go}}),
            current_tenant(),
            db.array(leaders),
        )
