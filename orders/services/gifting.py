"""Gifts as orders come in: what the rule needs is read, and what it gives is written once an order, rule and buyer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError

from core import clock, db
from core.db import Rank
from core.tenancy import current_scope, current_tenant
from inventory.queries.stock import list_available
from inventory.sellable import minimum_expiry
from orders.models import GiftGiven, GiftRule
from orders.rules import gifts as rule
from orders.rules.gifts import Gift, GiftOrder, Given
from orders.services import checking
from orders.services.reading import ChannelFacts

ONCE_A_BUYER = "orders_giftgiven_buyer"
_COLUMNS = (
    "id, sku_id, quantity, priority, conditions, most_units, is_exclusive, is_once_per_buyer, starts_at, ends_at,"
    " given_units"
)


class GivenMeanwhile(Exception):
    """Another transaction gave the same buyer the same gift."""


Rules = Sequence[tuple[Any, ...]]
"""Rows of active rules, under their locks where one of them has an end."""


@dataclass(slots=True)
class Gifts:
    """What new orders get, by order."""

    by_order: dict[int, list[Gift]] = field(default_factory=dict)

    def sku_ids(self) -> set[int]:
        return {gift.sku_id for found in self.by_order.values() for gift in found}


def read_rules(channel: ChannelFacts) -> Rules:
    """The active rules; nothing is read where the tenant has none.

    Locks them by id until the commit when one of them has an end, so that no two transactions give away the last unit.  Before any order
    or stock is locked.
    """
    if not channel.has_gifts:
        return ()
    where = "is_active AND (ends_at IS NULL OR ends_at > clock_timestamp() - interval '30 days')"
    found = db.rows(
        f"SELECT {_COLUMNS} FROM orders_giftrule WHERE tenant_id = %s AND {where} ORDER BY id",
        current_tenant(),
    )
    if any(row[5] is not None for row in found):
        found = db.lock(Rank.DOCUMENT, GiftRule, _COLUMNS, where)
    return found


def decide(channel: ChannelFacts, found: Rules, orders: Sequence[GiftOrder]) -> Gifts:
    """Gifts of new orders by these rules.  A gift that is not in stock is not given: it must never hold up what was bought."""
    if not found or not orders:
        return Gifts()
    rules = [_rule(row) for row in found]
    bought = {sku_id for order in orders for sku_id, _units in order.units if sku_id}
    given = rule.gifts(
        orders,
        rules,
        _given_before(rules, orders),
        given_units={row[0]: row[10] for row in found},
        categories=_categories(rules, bought),
        stock=_stock(channel, {one.sku_id for one in rules}),
    )
    by_order: dict[int, list[Gift]] = {}
    for gift in given:
        by_order.setdefault(gift.order_id, []).append(gift)
    return Gifts(by_order)


def _rule(row: Sequence[Any]) -> rule.GiftRule:
    id_, sku_id, quantity, priority, conditions, most, exclusive, once, starts_at, ends_at, _given = row
    return rule.GiftRule(
        id_,
        sku_id,
        quantity,
        priority,
        **rule.read_conditions(json.loads(conditions)),  # type: ignore[arg-type]
        starts_at=starts_at,
        ends_at=ends_at,
        most_units=most,
        is_exclusive=exclusive,
        is_once_per_buyer=once,
    )


def _given_before(rules: Sequence[rule.GiftRule], orders: Sequence[GiftOrder]) -> list[Given]:
    once = [one.id for one in rules if one.is_once_per_buyer]
    buyers = {order.buyer_key for order in orders if order.buyer_key is not None}
    if not once or not buyers:
        return []
    found = db.rows(
        "SELECT rule_id, order_id, buyer_key, units FROM orders_giftgiven WHERE tenant_id = %s AND rule_id = ANY (%s::bigint[])"
        " AND buyer_key = ANY (%s::bigint[])",
        current_tenant(),
        db.array(once),
        db.array(buyers),
    )
    return [Given(*row) for row in found]


def _categories(rules: Sequence[rule.GiftRule], bought: set[int]) -> dict[int, frozenset[int]]:
    wanted = {id_ for one in rules for id_ in one.categories}
    if not wanted:
        return {}
    found: dict[int, set[int]] = {}
    for category_id, sku_id in db.rows(
        checking.GOODS_OF_CATEGORIES, current_tenant(), db.array(wanted), db.array(bought)
    ):
        found.setdefault(sku_id, set()).add(category_id)
    return {sku_id: frozenset(ids) for sku_id, ids in found.items()}


def _stock(channel: ChannelFacts, sku_ids: set[int]) -> dict[int, int]:
    leaves_on = clock.today() + timedelta(days=-(-channel.ship_within_h // 24))
    floors = dict.fromkeys(sku_ids, minimum_expiry(leaves_on, channel.min_days))
    return {sku_id: units for (_f, sku_id), units in list_available([channel.facility_id], floors).items()}


def write(gifts: Gifts) -> None:
    """What was given, once the orders are there.  Raises GivenMeanwhile: undo and decide again."""
    new = [gift for found in gifts.by_order.values() for gift in found if gift.is_new]
    if not new:
        return
    current_scope().settle()  # what the orders before it say is not about gifts
    try:
        db.insert(
            GiftGiven,
            ["id", "rule", "order", "buyer_key", "units"],
            [
                (id_, gift.rule_id, gift.order_id, gift.buyer_key, gift.units)
                for id_, gift in zip(db.new_ids(len(new)), new, strict=True)
            ],
        )
    except IntegrityError as problem:
        diagnosis = getattr(problem.__cause__, "diag", None)
        if diagnosis is None or diagnosis.constraint_name != ONCE_A_BUYER:
            raise
        raise GivenMeanwhile from problem
    _count(new)


def _count(new: Sequence[Gift]) -> None:
    units: dict[int, int] = {}
    for gift in new:
        units[gift.rule_id] = units.get(gift.rule_id, 0) + gift.units
    _add({rule_id: units[rule_id] for rule_id in sorted(units)})


def _add(units: Mapping[int, int]) -> None:
    db.execute(
        "UPDATE orders_giftrule r SET given_units = r.given_units + u.units FROM unnest(%s::bigint[], %s::int[]) u(id, units)"
        " WHERE r.tenant_id = %s AND r.id = u.id",
        db.array(list(units)),
        db.array(list(units.values())),
        current_tenant(),
    )


def lock_rules_of(order_ids: Sequence[int]) -> None:
    """Lock the rules that gave these orders something, before the orders are locked: for whoever will call `take_back`."""
    db.lock(
        Rank.ORDER,
        GiftRule,
        "id",
        "id IN (SELECT rule_id FROM orders_giftgiven WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]))",
        current_tenant(),
        db.array(order_ids),
    )


def take_back(order_ids: Sequence[int]) -> None:
    """Orders that are given up as a whole give their gifts back: others may have them.  After `lock_rules_of`."""
    gone = db.rows(
        "WITH gone AS (DELETE FROM orders_giftgiven WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) RETURNING rule_id, units)"
        " SELECT rule_id, -sum(units)::int FROM gone GROUP BY 1 ORDER BY 1",
        current_tenant(),
        db.array(order_ids),
    )
    if gone:
        _add(dict(gone))
