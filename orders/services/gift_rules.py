"""Gift rules (赠品规则): made and changed; what they decide is in orders.rules.gifts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory.models import Category, Sku
from orders.models import Channel, GiftRule
from orders.rules import gifts
from orders.services.rules import MOST_MINOR, MOST_PRIORITY, BadRule, check_names

MOST_UNITS = 1_000_000
MOST_IDS = 500


@dataclass(frozen=True, slots=True)
class GiftRuleInput:
    """A rule as somebody wrote it; `id`: the one to change, None for a new one.  `conditions`: the words of orders.rules.gifts."""

    name: str
    sku_id: int
    quantity: int = 1
    conditions: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    is_exclusive: bool = False
    is_once_per_buyer: bool = False
    most_units: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_active: bool = True
    id: int | None = None


def save_gift_rules(*, rules: Sequence[GiftRuleInput], actor_id: int | None) -> tuple[int, ...]:
    """Make or change gift rules; their ids, in the order given.  They count for the orders that come from now on.

    Locks the rules that are changed: what they have given stays counted.  Raises BadRule for anything that cannot be, and for less to give
    than was given; NoRule.
    """
    for place, rule in enumerate(rules):
        _check(rule, place)
    _check_named(rules)
    ids = check_names(GiftRule, [(rule.id, rule.name.strip()) for rule in rules])
    _check_given(rules)
    names = (
        "sku_id", "quantity", "priority", "is_exclusive", "is_once_per_buyer", "most_units", "starts_at", "ends_at", "is_active",
    )  # fmt: skip
    db.execute(
        "INSERT INTO orders_giftrule (tenant_id, id, name, conditions, sku_id, quantity, priority, is_exclusive, is_once_per_buyer,"
        " most_units, starts_at, ends_at, is_active, changed_by)"
        " SELECT %s, u.id, u.name, u.conditions::jsonb, u.sku, u.quantity, u.priority, u.exclusive, u.once, u.most, u.starts, u.ends,"
        " u.is_active, %s FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::smallint[], %s::boolean[],"
        " %s::boolean[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::boolean[])"
        " u(id, name, conditions, sku, quantity, priority, exclusive, once, most, starts, ends, is_active)"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, conditions = excluded.conditions, sku_id = excluded.sku_id,"
        " quantity = excluded.quantity, priority = excluded.priority, is_exclusive = excluded.is_exclusive,"
        " is_once_per_buyer = excluded.is_once_per_buyer, most_units = excluded.most_units, starts_at = excluded.starts_at,"
        " ends_at = excluded.ends_at, is_active = excluded.is_active, changed_by = excluded.changed_by, changed_at = clock_timestamp()",
        current_tenant(),
        actor_id,
        db.array(ids),
        db.array([rule.name.strip() for rule in rules]),
        db.array([json.dumps(rule.conditions, ensure_ascii=False) for rule in rules]),
        *[db.array([getattr(rule, name) for rule in rules]) for name in names],
    )
    saved = {id_: _told(rule) for id_, rule in zip(ids, rules, strict=True)}
    accounts.record_each("save", "gift_rule", saved, actor_id=actor_id)
    return tuple(ids)


def _told(rule: GiftRuleInput) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(rule).items()
    }


def _check(rule: GiftRuleInput, place: int) -> None:
    def refuse(text: str, name: str) -> None:
        raise BadRule(text, field=name, place=place)

    try:
        gifts.GiftRule(0, rule.sku_id, rule.quantity, **gifts.read_conditions(rule.conditions))  # type: ignore[arg-type]
    except ValueError as problem:
        refuse(_("条件“%(name)s”的写法不对。") % {"name": problem}, str(problem))
    if any(len(rule.conditions.get(name, ())) > MOST_IDS for name in ("skus", "categories", "channels")):
        refuse(_("一条规则最多写 %(n)d 个。") % {"n": MOST_IDS}, "conditions")
    for name in ("from_minor", "to_minor", "min_units"):
        if not 0 <= rule.conditions.get(name, 0) <= MOST_MINOR:
            refuse(_("条件“%(name)s”的写法不对。") % {"name": name}, name)
    if not 0 < rule.quantity <= MOST_UNITS:
        refuse(_("一次送几件，要大于 0。"), "quantity")
    if rule.most_units is not None and not 0 <= rule.most_units <= 2_000_000_000:
        refuse(_("一共送多少件不对。"), "most_units")
    if not abs(rule.priority) <= MOST_PRIORITY:
        refuse(_("优先级在 −1,000 到 1,000 之间。"), "priority")
    if rule.starts_at and rule.ends_at and rule.starts_at >= rule.ends_at:
        refuse(_("结束要在开始之后。"), "ends_at")


def _check_named(rules: Sequence[GiftRuleInput]) -> None:
    """One statement for each kind of thing that the rules name."""
    goods = {rule.sku_id for rule in rules} | {i for rule in rules for i in rule.conditions.get("skus", ())}
    wanted = {
        "sku": (goods, Sku),
        "categories": ({i for rule in rules for i in rule.conditions.get("categories", ())}, Category),
        "channels": ({i for rule in rules for i in rule.conditions.get("channels", ())}, Channel),
    }
    for name, (ids, model) in wanted.items():
        missing = ids - set(model.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else ids  # type: ignore[attr-defined]
        if missing:
            text = _("条件里写的第 %(id)s 号在您这里没有。") % {"id": min(missing)}
            raise BadRule(text, field=name, ids=sorted(missing))


def _check_given(rules: Sequence[GiftRuleInput]) -> None:
    ids = [rule.id for rule in rules if rule.id is not None]
    given = dict(
        db.lock(Rank.DOCUMENT, GiftRule, "id, given_units", "id = ANY (%s::bigint[])", db.array(ids))
    )
    for place, rule in enumerate(rules):
        if rule.most_units is not None and rule.most_units < given.get(rule.id or 0, 0):
            text = _("已经送出去 %(n)s 件了，不能少于它。") % {"n": given[rule.id or 0]}
            raise BadRule(text, field="most_units", place=place)
