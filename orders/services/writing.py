"""Writing what was decided: one statement a table, however many orders."""

import json
from collections.abc import Iterable, Mapping, Sequence

from core import db
from core.tenancy import current_tenant
from orders.models import Finding as FindingRow
from orders.models import OrderStatus
from orders.rules.audit_rules import RULE
from orders.rules.carriers import Choice
from orders.rules.splitting import ParcelPlan
from orders.rules.values import Finding, Line
from orders.services.planning import Terms
from orders.services.reading import Head
from warehouse.services import parcels as warehouse_parcels
from warehouse.services.parcels import LineInput, ParcelInput


def write_findings(findings: Mapping[int, Sequence[Finding]]) -> None:
    """The findings of many orders."""
    flat = [(order_id, f) for order_id, found in findings.items() for f in found]
    db.insert_behind(
        FindingRow,
        ["id", "order", "code", "detail", "stops", "rule_id"],
        [
            (
                id_,
                order_id,
                f.code,
                json.dumps(dict(f.detail), ensure_ascii=False),
                f.stops,
                dict(f.detail)["rule_id"] if f.code == RULE else None,
            )
            for id_, (order_id, f) in zip(db.new_ids(len(flat)), flat, strict=True)
        ],
    )


def write_parcels(
    heads: Mapping[int, Head],
    lines: Mapping[int, Sequence[Line]],
    plans: Mapping[int, Sequence[ParcelPlan]],
    handover: Mapping[int, int],
    waiting: Iterable[int],
    terms: Mapping[int, Terms],
    carriers: Mapping[int, Sequence[Choice]],
) -> int:
    """Hand the parcels of many orders to the warehouse, facility by facility; returns how many.  `waiting`: orders that stores may grab;
    `terms`: orders whose lines were not all promised alike; `carriers`: orders whose parcels somebody was chosen for.
    """
    at: dict[int, list[int]] = {}
    for order_id in plans:
        at.setdefault(heads[order_id].facility_id, []).append(order_id)
    limbo, made = set(waiting), 0
    for facility_id in sorted(at):
        parcels = [
            _parcel(heads[i], plan, handover[i], terms.get(i), n, carriers[i][n] if i in carriers else None)
            for i in at[facility_id]
            for n, plan in enumerate(plans[i])
        ]
        wait = [i in limbo for i in at[facility_id] for _ in plans[i]]
        warehouse_parcels.plan(facility_id=facility_id, parcels=parcels, waiting=wait)
        made += len(parcels)
    return made


def _parcel(
    head: Head, plan: ParcelPlan, handover: int, terms: Terms | None, place: int, choice: Choice | None
) -> ParcelInput:
    if terms is None:
        lines = [LineInput(i.sku_id, i.line_id, i.quantity) for i in plan.items]
    else:
        lines = [
            LineInput(
                i.sku_id,
                i.line_id,
                i.quantity,
                terms.floors.get(i.sku_id),
                terms.lots.get((place, i.sku_id)),
            )
            for i in plan.items
        ]
    return ParcelInput(
        head.id,
        tuple(lines),
        plan.weight_g,
        plan.reason,
        head.min_expires_on,
        head.priority,
        head.ship_by,
        handover,
        head.receiver,
        plan.carton or 1,
        plan.cartons or 1,
        choice.carrier_id if choice else None,
        choice.freight_minor if choice else None,
        0 if place else head.cod_minor,
    )


def set_status(order_ids: Sequence[int], status: OrderStatus) -> None:
    """Move orders (already locked, or made in this transaction) to a status, and those that travel with them."""
    if order_ids:
        ids = db.array(order_ids)
        db.execute(
            "UPDATE orders_order SET status = %s, version = version + 1, shipped_at = CASE WHEN %s = 4 THEN clock_timestamp() END"
            " WHERE tenant_id = %s AND (id = ANY (%s::bigint[]) OR merged_into_id = ANY (%s::bigint[]))",
            int(status),
            int(status),
            current_tenant(),
            ids,
            ids,
        )
