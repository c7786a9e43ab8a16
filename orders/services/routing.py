"""Routing: what the rule needs is read, for all orders together, and what it says is put on them before anything is reserved."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core import clock, db, options
from core.tenancy import current_tenant
from inventory.queries.stock import list_steps
from o2o.rules.rounds import distance_m
from orders import options as settings
from orders.rules import routing
from orders.rules.routing import Criterion, FacilityFacts, RouteDemand, RouteRules, Routing
from orders.rules.values import Order

# Facilities that take part, with what they have to hand over today already: (today, tenant, tenant)
_FACILITIES = """
    SELECT p.facility_id, p.priority, p.regions, p.daily_parcels, p.cost_minor, f.lat_e6, f.lng_e6,
        CASE WHEN p.daily_parcels IS NULL THEN 0 ELSE (
            SELECT count(*) FROM warehouse_parcel w WHERE w.tenant_id = p.tenant_id AND w.facility_id = p.facility_id
            AND (w.wave_id IS NULL AND w.status = 1 OR w.status = 4 AND w.shipped_at >= (
                %s::date::timestamp AT TIME ZONE (SELECT timezone FROM core_tenant WHERE id = %s)))) END::int
    FROM orders_facilityplan p JOIN inventory_facility f ON f.tenant_id = p.tenant_id AND f.id = p.facility_id AND f.is_active
    WHERE p.tenant_id = %s AND p.is_active ORDER BY p.facility_id
"""


@dataclass(frozen=True, slots=True)
class ToRoute:
    """One order and where it goes, as far as the platform says."""

    value: Order
    ship_by: datetime
    division_code: str
    point_e6: tuple[int, int] | None


def choose(orders: Sequence[ToRoute]) -> dict[int, Routing]:
    """Order -> where it goes and why; orders that no facility with a plan may serve are left out and stay at home.

    Reads three statements, however many orders; locks nothing: what is promised is decided by the reservation, which looks again.
    """
    if not orders:
        return {}
    tenant_id = current_tenant()
    places = db.rows(_FACILITIES, clock.today(), tenant_id, tenant_id)
    if not places:
        return {}
    facilities = [
        FacilityFacts(
            id_,
            priority=priority,
            regions=tuple(json.loads(regions)),
            parcels_left=None if daily is None else max(0, daily - taken),
            parcels_a_day=daily or 0,
            cost_minor=cost_minor,
        )
        for id_, priority, regions, daily, cost_minor, _lat, _lng, taken in places
    ]
    demands = [_demand(order) for order in orders]
    stock = list_steps([f.id for f in facilities], _days(demands))
    criteria = tuple(Criterion[name] for name in options.get(settings.ROUTE_BY)) or (Criterion.NEAREST,)
    rules = RouteRules(criteria, distances_m=_distances(orders, places))
    return {
        found.order_id: found for found in routing.route(demands, facilities, stock, rules) if found.parts
    }


def why(found: Routing) -> dict[str, object]:
    """What an order keeps of the decision."""
    return {"route": {"reason": found.reason, **dict(found.facts)}}


def _demand(order: ToRoute) -> RouteDemand:
    units: dict[int, int] = {}
    for line in order.value.lines:
        units[line.sku_id] = units.get(line.sku_id, 0) + line.quantity
    return RouteDemand(
        order.value.id,
        order.ship_by,
        order.division_code,
        tuple(units.items()),
        order.value.min_expires_on,
        order.value.floors,
    )


def _days(demands: Iterable[RouteDemand]) -> dict[int, set[date]]:
    days: dict[int, set[date]] = {}
    for demand in demands:
        for sku_id, _units in demand.units:
            days.setdefault(sku_id, set()).add(demand.floors.get(sku_id, demand.min_expires_on))
    return days


def _distances(orders: Sequence[ToRoute], places: Sequence[tuple[Any, ...]]) -> dict[tuple[int, str], int]:
    """(facility, division) -> metres, where both have a point."""
    points = {order.division_code: order.point_e6 for order in orders if order.point_e6}
    return {
        (row[0], code): distance_m(row[5], row[6], *point)
        for row in places
        if row[5] is not None
        for code, point in points.items()
    }
