"""Rules about remaining shelf life: set and removed.  What they decide is in inventory.rules.shelf_life."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from core import db
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, UnknownDocument

MOST_DAYS = 3_650  # ten years


@dataclass(frozen=True, slots=True)
class RuleInput:
    """What a rule says.  What it names (None: any) is its identity: a second rule for the same is the first one, changed."""

    min_days: int
    replaces: bool = False
    sku_id: int | None = None
    category_id: int | None = None
    channel_ref: int | None = None
    customer_ref: int | None = None
    note: str = field(default="", compare=False)

    @property
    def names(self) -> tuple[int | None, ...]:
        return self.sku_id, self.category_id, self.channel_ref, self.customer_ref


def save_rules(*, rules: Sequence[RuleInput], actor_id: int | None) -> tuple[int, ...]:
    """Set these rules; their ids, in the order given.  They count for what is promised from now on.  Two statements, however many.

    Raises BadQuantity for days below 0 or above ten years, and for two rules that name the same.
    """
    if any(not 0 <= rule.min_days <= MOST_DAYS for rule in rules):
        raise BadQuantity(_("天数要在 0 到 %(most)d 之间。") % {"most": MOST_DAYS}, code="bad_days")
    if len({rule.names for rule in rules}) < len(rules):
        raise BadQuantity(_("两条规则说的是同一件事，合成一条。"), code="rule_twice")
    columns = [
        db.array([getattr(rule, name) for rule in rules])
        for name in ("sku_id", "category_id", "channel_ref", "customer_ref", "min_days", "replaces", "note")
    ]
    saved = db.rows(
        "INSERT INTO inventory_shelfliferule (tenant_id, id, sku_id, category_id, channel_ref, customer_ref, min_days, replaces, note)"
        " SELECT %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::boolean[],"
        " %s::text[]) u ON CONFLICT (tenant_id, sku_id, category_id, channel_ref, customer_ref) DO UPDATE"
        " SET min_days = excluded.min_days, replaces = excluded.replaces, note = excluded.note"
        " RETURNING sku_id, category_id, channel_ref, customer_ref, id",
        current_tenant(),
        db.array(db.new_ids(len(rules))),
        *columns,
    )
    ids = {tuple(row[:4]): int(row[4]) for row in saved}
    found = tuple(ids[rule.names] for rule in rules)
    detail = {"rules": [[id_, rule.min_days, rule.replaces] for id_, rule in zip(found, rules, strict=True)]}
    accounts.record("set", "shelf_life_rule", found[0] if found else None, actor_id=actor_id, detail=detail)
    return found


def remove_rule(*, rule_id: int, actor_id: int | None) -> None:
    """The rule counts no longer for what is promised from now on.  Raises UnknownDocument."""
    gone = db.rows(
        "DELETE FROM inventory_shelfliferule WHERE tenant_id = %s AND id = %s"
        " RETURNING sku_id, category_id, channel_ref, customer_ref, min_days, replaces",
        current_tenant(),
        rule_id,
    )
    if not gone:
        raise UnknownDocument(_("没有这条规则。"), rule_id=rule_id)
    accounts.record("remove", "shelf_life_rule", rule_id, actor_id=actor_id, detail={"was": list(gone[0])})
