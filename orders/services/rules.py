"""Rules that a tenant writes: what stops an order, which facility may ship, whose orders are looked at first.

Every save takes many and costs a constant number of statements; what is refused is named; every change is in the audit trail.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core import db
from core.errors import Invalid, NotFound
from core.services import accounts
from core.tenancy import current_tenant
from inventory.models import Category, Facility, Sku
from orders.errors import NoOrder
from orders.models import AuditRule, Channel, GiftRule, Order
from orders.rules.audit_rules import check_conditions
from orders.wording_rules import fault

LONGEST_NAME, LONGEST_REASON = 60, 200
MOST_PARCELS, MOST_MINOR, MOST_PRIORITY = 10_000_000, 10**15, 1_000


class NoRule(NotFound):
    code = "rule_not_found"


class BadRule(Invalid):
    """`field` and, in a batch, `place` (from 0) say where."""

    code = "bad_rule"


@dataclass(frozen=True, slots=True)
class AuditRuleInput:
    """A rule as somebody wrote it; `id`: the one to change, None for a new one."""

    name: str
    conditions: Mapping[str, Any]
    stops: bool = True
    is_active: bool = True
    id: int | None = None


def save_audit_rules(*, rules: Sequence[AuditRuleInput], actor_id: int | None) -> tuple[int, ...]:
    """Make or change audit rules; their ids, in the order given.  They count for the orders that come from now on.

    Raises BadRule for conditions outside the vocabulary, for what they name and the tenant does not have, and for a name that is taken;
    NoRule for an id that is not there.
    """
    for place, rule in enumerate(rules):
        for problem in check_conditions(dict(rule.conditions)):
            raise BadRule(fault(problem), field=problem.at or "conditions", place=place, fault=problem.fault)
    _check_named(rules)
    ids = check_names(AuditRule, [(rule.id, rule.name.strip()) for rule in rules])
    db.rows(
        "INSERT INTO orders_auditrule (tenant_id, id, name, conditions, stops, is_active, changed_by)"
        " SELECT %s, u.id, u.name, u.conditions::jsonb, u.stops, u.is_active, %s FROM unnest(%s::bigint[], %s::text[], %s::text[],"
        " %s::boolean[], %s::boolean[]) u(id, name, conditions, stops, is_active) ON CONFLICT (tenant_id, id) DO UPDATE SET"
        " name = excluded.name, conditions = excluded.conditions, stops = excluded.stops, is_active = excluded.is_active,"
        " changed_by = excluded.changed_by, changed_at = clock_timestamp() RETURNING id",
        current_tenant(),
        actor_id,
        db.array(ids),
        db.array([rule.name.strip() for rule in rules]),
        db.array([json.dumps(rule.conditions, ensure_ascii=False) for rule in rules]),
        db.array([rule.stops for rule in rules]),
        db.array([rule.is_active for rule in rules]),
    )
    _record("audit_rule", {id_: asdict(rule) for id_, rule in zip(ids, rules, strict=True)}, actor_id)
    return tuple(ids)


def _record(kind: str, saved: Mapping[int, Mapping[str, Any]], actor_id: int | None) -> None:
    accounts.record_each("save", kind, saved, actor_id=actor_id)


_NAMED: Mapping[str, type[Channel] | type[Sku] | type[Category]] = {
    "channels": Channel,
    "skus": Sku,
    "categories": Category,
}


def _check_named(rules: Sequence[AuditRuleInput]) -> None:
    """One statement for each kind of thing that the rules name."""
    for name, model in _NAMED.items():
        wanted = {id_ for rule in rules for id_ in rule.conditions.get(name, ())}
        if not wanted:
            continue
        missing = wanted - set(model.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        for place, rule in enumerate(rules):
            gone = [id_ for id_ in rule.conditions.get(name, ()) if id_ in missing]
            if gone:
                text = _("条件里写的第 %(id)s 号在您这里没有。") % {"id": gone[0]}
                raise BadRule(text, field=name, place=place, ids=gone)


def check_names(
    model: type[AuditRule] | type[GiftRule], wanted: Sequence[tuple[int | None, str]]
) -> list[int]:
    """The ids that rows with these (id, name) will have.  Two statements.  Raises BadRule for a name, NoRule for an id."""
    names = [name for _id, name in wanted]
    for place, name in enumerate(names):
        if not name or len(name) > LONGEST_NAME:
            text = _("起个名字，最多 %(n)d 个字。") % {"n": LONGEST_NAME}
            raise BadRule(text, field="name", place=place)
        if names.index(name) != place:
            raise BadRule(_("“%(name)s”写了两次。") % {"name": name}, field="name", place=place)
    known = {id_ for id_, _name in wanted if id_ is not None}
    if len(known) < sum(1 for id_, _name in wanted if id_ is not None):
        raise BadRule(_("同一条规则写了两次。"), field="id")
    missing = known - set(model.objects.filter(pk__in=known).values_list("pk", flat=True))
    if missing:
        raise NoRule(_("没有这条规则。"), ids=sorted(missing))
    taken = dict(model.objects.filter(name__in=names).exclude(pk__in=known).values_list("name", "pk"))
    for place, name in enumerate(names):
        if name in taken:
            raise BadRule(_("已经有一条叫“%(name)s”。") % {"name": name}, field="name", place=place)
    fresh = iter(db.new_ids(sum(1 for id_, _name in wanted if id_ is None)))
    return [next(fresh) if id_ is None else id_ for id_, _name in wanted]


_SWITCHED = {"audit_rule": "orders_auditrule", "gift_rule": "orders_giftrule"}


def switch(*, kind: str, rule_ids: Sequence[int], is_active: bool, actor_id: int | None) -> None:
    """Turn rules on or off; `kind`: audit_rule or gift_rule.  Raises NoRule."""
    wanted = sorted(set(rule_ids))
    done = db.execute(
        f"UPDATE {_SWITCHED[kind]} SET is_active = %s, changed_by = %s, changed_at = clock_timestamp()"
        " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        is_active,
        actor_id,
        current_tenant(),
        db.array(wanted),
    )
    if done < len(wanted):
        raise NoRule(_("没有这条规则。"), ids=wanted)
    accounts.record_each("switch", kind, {id_: {"is_active": is_active} for id_ in wanted}, actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class FacilityPlanInput:
    """How a facility takes part in routing.  `daily_parcels` None: any number; `regions` empty: everywhere."""

    facility_id: int
    priority: int = 0
    regions: Sequence[str] = field(default_factory=tuple)
    daily_parcels: int | None = None
    cost_minor: int = 0
    is_active: bool = True


def save_facility_plans(*, plans: Sequence[FacilityPlanInput], actor_id: int | None) -> tuple[int, ...]:
    """Set the plans of these facilities, one each; their ids.  Raises BadRule for a number or region that cannot be, and NoRule."""
    facilities = [plan.facility_id for plan in plans]
    if len(set(facilities)) < len(facilities):
        raise BadRule(_("同一个仓库写了两次。"), field="facility")
    known = set(Facility.objects.filter(id__in=facilities).values_list("id", flat=True))
    if set(facilities) - known:
        raise NoRule(_("没有这个仓库。"), ids=sorted(set(facilities) - known))
    for place, plan in enumerate(plans):
        _check_plan(plan, place)
    saved = db.rows(
        "INSERT INTO orders_facilityplan (tenant_id, id, facility_id, priority, regions, daily_parcels, cost_minor, is_active)"
        " SELECT %s, u.id, u.facility, u.priority, u.regions::jsonb, u.parcels, u.cost, u.is_active FROM unnest(%s::bigint[], %s::bigint[],"
        " %s::smallint[], %s::text[], %s::int[], %s::bigint[], %s::boolean[]) u(id, facility, priority, regions, parcels, cost, is_active)"
        " ON CONFLICT (tenant_id, facility_id) DO UPDATE SET priority = excluded.priority, regions = excluded.regions,"
        " daily_parcels = excluded.daily_parcels, cost_minor = excluded.cost_minor, is_active = excluded.is_active"
        " RETURNING facility_id, id",
        current_tenant(),
        db.array(db.new_ids(len(plans))),
        db.array(facilities),
        db.array([plan.priority for plan in plans]),
        db.array([json.dumps(list(plan.regions)) for plan in plans]),
        db.array([plan.daily_parcels for plan in plans]),
        db.array([plan.cost_minor for plan in plans]),
        db.array([plan.is_active for plan in plans]),
    )
    ids = dict(saved)
    _record("facility_plan", {ids[plan.facility_id]: asdict(plan) for plan in plans}, actor_id)
    return tuple(ids[plan.facility_id] for plan in plans)


def _check_plan(plan: FacilityPlanInput, place: int) -> None:
    if any(not _is_region(code) for code in plan.regions):
        text = _("“%(place)s”要写行政区划代码的前 2、4 或 6 位数字。") % {"place": _("收件地区")}
        raise BadRule(text, field="regions", place=place)
    if not abs(plan.priority) <= MOST_PRIORITY:
        raise BadRule(_("优先级在 −1,000 到 1,000 之间。"), field="priority", place=place)
    if plan.daily_parcels is not None and not 0 <= plan.daily_parcels <= MOST_PARCELS:
        raise BadRule(_("一天的包裹数不对。"), field="daily_parcels", place=place)
    if not 0 <= plan.cost_minor <= MOST_MINOR:
        raise BadRule(_("一个包裹的操作费不对。"), field="cost", place=place)


def _is_region(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) in (2, 4, 6)


def block(*, order_ids: Collection[int], reason: str, actor_id: int | None) -> int:
    """Put receivers and buyers of these orders on the list of people whose orders a rule may stop; how many keys are new.

    Raises BadRule without a reason, or when nothing in these orders tells who it is (a masked receiver proves nobody).
    """
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        raise BadRule(_("说一句为什么，最多 %(n)d 个字。") % {"n": LONGEST_REASON}, field="reason")
    found = list(
        Order.objects.filter(id__in=order_ids).values_list("receiver_key", "buyer_key", "receiver_mask")
    )
    if not found:
        raise NoOrder(_("没有这张单，或者不归您管。"), order_ids=sorted(order_ids))
    masks = {key: mask for receiver, buyer, mask in found for key in (receiver, buyer) if key is not None}
    if not masks:
        raise BadRule(_("这张单的收件人是打了码的，认不出是谁，拦不了。"), field="order")
    saved = db.rows(
        "INSERT INTO orders_blocked (tenant_id, id, key, mask, reason, created_by) SELECT %s, u.id, u.key, u.mask, %s, %s"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) u(id, key, mask) ON CONFLICT (tenant_id, key) DO NOTHING RETURNING id",
        current_tenant(),
        why,
        actor_id,
        db.array(db.new_ids(len(masks))),
        db.array(list(masks)),
        db.array(list(masks.values())),
    )
    _record("blocked", {id_: {"reason": why} for (id_,) in saved}, actor_id)
    return len(saved)


def unblock(*, blocked_ids: Collection[int], actor_id: int | None) -> None:
    """Take people off the list.  Raises NoRule."""
    gone = db.rows(
        "DELETE FROM orders_blocked WHERE tenant_id = %s AND id = ANY (%s::bigint[]) RETURNING id, reason",
        current_tenant(),
        db.array(sorted(set(blocked_ids))),
    )
    if len(gone) < len(set(blocked_ids)):
        raise NoRule(_("名单里没有这个人了。"), ids=sorted(blocked_ids))
    accounts.record_each(
        "unblock", "blocked", {id_: {"reason": reason} for id_, reason in gone}, actor_id=actor_id
    )
