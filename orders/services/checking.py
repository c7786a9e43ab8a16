"""A tenant's own audit rules asked of a chunk of orders: what they ask for is read here, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from core import db
from core.models import Tenant
from core.tenancy import current_tenant
from inventory.rules.expiry import NEVER
from inventory.sellable import list_supplies
from orders.models import AuditRule
from orders.rules.audit_rules import Checker, Extra, Need, Rule, compile_rules, needs_of
from orders.rules.values import Finding, Order, Sku
from orders.services import reading

# (tenant, categories, SKUs): category -> SKUs of these that lie in it or below it
GOODS_OF_CATEGORIES = """
    SELECT c.id, s.id FROM inventory_category c
    JOIN inventory_category below ON below.tenant_id = c.tenant_id AND (below.path = c.path OR below.path ^@ (c.path || '/'))
    JOIN inventory_sku s ON s.tenant_id = c.tenant_id AND s.category_id = below.id
    WHERE c.tenant_id = %s AND c.id = ANY (%s::bigint[]) AND s.id = ANY (%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Sight:
    """What rules may ask of an order that its value does not say.  `facility_id`: as far as it is known by then."""

    channel_id: int
    facility_id: int
    currency: str
    division_code: str
    placed_at: datetime
    cod_minor: int = 0
    buyer_key: int | None = None


def find(
    orders: Sequence[tuple[Order, Sight]], skus: Mapping[int, Sku], rules: Sequence[Rule] | None = None
) -> dict[int, tuple[Finding, ...]]:
    """Order -> what the tenant's active rules (or these) find in it; orders in which they find nothing are left out.

    One statement for the rules; when there are some, at most one more for each of: people, costs, categories; and for shelf life one
    a facility.  Locks nothing.
    """
    wanted = list_active() if rules is None else rules
    if not wanted or not orders:
        return {}
    checker = _compile(wanted, skus)
    extras = _extras(checker, orders, skus)
    found = ((order.id, checker(order, extra)) for (order, _sight), extra in zip(orders, extras, strict=True))
    return {id_: findings for id_, findings in found if findings}


def list_active() -> list[Rule]:
    """The rules that are on."""
    rows = AuditRule.objects.filter(is_active=True).values_list("id", "name", "conditions", "stops")
    return [Rule(*row) for row in rows]


def _compile(rules: Sequence[Rule], skus: Mapping[int, Sku]) -> Checker:
    if Need.CATEGORY not in needs_of(rules):
        return compile_rules(rules)
    ids = {id_ for rule in rules for id_ in rule.conditions.get("categories", ())}
    goods: dict[int, list[int]] = {}
    for category_id, sku_id in db.rows(
        GOODS_OF_CATEGORIES, current_tenant(), db.array(ids), db.array(set(skus))
    ):
        goods.setdefault(category_id, []).append(sku_id)
    return compile_rules(rules, goods)


def _extras(
    checker: Checker, orders: Sequence[tuple[Order, Sight]], skus: Mapping[int, Sku]
) -> Iterable[Extra]:
    needs = checker.needs
    blocked = _blocked(orders) if Need.BLOCKED in needs else frozenset()
    costs = reading.list_costs(skus) if Need.COST in needs else {}
    zone, own_currency = _tenant()
    shelf = _shelves(orders) if Need.SHELF in needs else {}
    for order, sight in orders:
        yield Extra(
            sight.channel_id,
            sight.currency,
            sight.division_code,
            sight.placed_at.astimezone(zone).hour,
            sight.cod_minor,
            order.receiver_key in blocked or sight.buyer_key in blocked,
            _weight_g(order, skus) if Need.WEIGHT in needs else None,
            _cost_minor(order, costs) if costs and sight.currency == own_currency else None,
            _shelf_days(order, shelf.get(sight.facility_id, {}), zone) if shelf else None,
        )


def _blocked(orders: Sequence[tuple[Order, Sight]]) -> frozenset[int | None]:
    keys = {order.receiver_key for order, _sight in orders} | {sight.buyer_key for _order, sight in orders}
    found = db.rows(
        "SELECT key FROM orders_blocked WHERE tenant_id = %s AND key = ANY (%s::bigint[])",
        current_tenant(),
        db.array([key for key in keys if key is not None]),
    )
    return frozenset(key for (key,) in found)


def _tenant() -> tuple[ZoneInfo, str]:
    """Its zone, and the currency that costs are in: those of an order in another one cannot be compared."""
    zone, currency = Tenant.objects.values_list("timezone", "currency").get(id=current_tenant())
    return ZoneInfo(zone), currency


def _weight_g(order: Order, skus: Mapping[int, Sku]) -> int | None:
    total = 0
    for line in order.lines:
        sku = skus.get(line.sku_id)
        if sku is None or sku.weight_g is None:
            return None
        total += sku.weight_g * line.quantity
    return total


def _cost_minor(order: Order, costs: Mapping[int, int]) -> int | None:
    total = 0
    for line in order.lines:
        if line.sku_id not in costs:
            return None
        total += costs[line.sku_id] * line.quantity
    return total


def _shelves(orders: Sequence[tuple[Order, Sight]]) -> dict[int, dict[int, list[date]]]:
    """Facility -> SKU -> expiry dates of what sells there, the earliest first."""
    wanted: dict[int, set[int]] = {}
    for order, sight in orders:
        wanted.setdefault(sight.facility_id, set()).update(line.sku_id for line in order.lines if line.sku_id)
    found: dict[int, dict[int, list[date]]] = {}
    for facility_id in sorted(wanted):
        days: dict[int, list[date]] = {}
        for supply in list_supplies(facility_id, wanted[facility_id]):
            days.setdefault(supply.sku_id, []).append(supply.expires_on)
        found[facility_id] = {sku_id: sorted(dates) for sku_id, dates in days.items()}
    return found


def _shelf_days(order: Order, shelves: Mapping[int, Sequence[date]], zone: ZoneInfo) -> int | None:
    """Days left on the day it ships of the goods that would go first; None where none of them expires or none is there."""
    leaves_at = order.ship_by
    leaves_on = leaves_at.astimezone(zone).date() if isinstance(leaves_at, datetime) else leaves_at
    lasts = [
        next((day for day in shelves.get(line.sku_id, ()) if day >= floor), NEVER)
        for line in order.lines
        for floor in [order.floors.get(line.sku_id, order.min_expires_on)]
    ]
    first = min(lasts, default=NEVER)
    return None if first == NEVER else (first - leaves_on).days
