"""How long goods must still last, read for many SKUs and buyers at once; what counts is said in inventory.rules.shelf_life."""

from collections.abc import Iterable, Mapping, Sequence

from core import db
from core.tenancy import current_tenant
from inventory.rules import shelf_life
from inventory.rules.shelf_life import Buyer, Goods, ShelfLifeRule

# (tenant, sku_ids, tenant, sku_ids, channel_refs, customer_refs): the goods, and the rules that can concern them
GOODS_AND_RULES = """
    SELECT true, s.id, s.min_remaining_days, c.path, NULL::boolean, NULL::bigint, NULL::bigint, NULL::bigint FROM inventory_sku s
    LEFT JOIN inventory_category c ON c.tenant_id = s.tenant_id AND c.id = s.category_id
    WHERE s.tenant_id = %s AND s.id = ANY (%s::bigint[])
    UNION ALL
    SELECT false, r.id, r.min_days, c.path, r.replaces, r.sku_id, r.channel_ref, r.customer_ref FROM inventory_shelfliferule r
    LEFT JOIN inventory_category c ON c.tenant_id = r.tenant_id AND c.id = r.category_id
    WHERE r.tenant_id = %s AND (r.sku_id IS NULL OR r.sku_id = ANY (%s::bigint[]))
      AND (r.channel_ref IS NULL OR r.channel_ref = ANY (%s::bigint[]))
      AND (r.customer_ref IS NULL OR r.customer_ref = ANY (%s::bigint[]))
"""


class ShelfLives:
    """Goods and rules as they were read: asked as often as needed, each pair of SKU and buyer decided once."""

    def __init__(self, goods: Mapping[int, Goods], rules: Sequence[ShelfLifeRule]) -> None:
        self.goods = goods
        self._rules: dict[tuple[int | None, int | None], list[ShelfLifeRule]] = {}
        for rule in rules:
            self._rules.setdefault((rule.sku_id, rule.customer_ref), []).append(rule)
        self._customers = {rule.customer_ref for rule in rules}
        self._known: dict[tuple[int, Buyer], int] = {}

    def days(self, sku_id: int, buyer: Buyer) -> int:
        """Days that these goods must still last for this buyer.  A SKU that was not read has no minimum of its own."""
        if buyer.customer_ref not in self._customers:  # as everybody else: many buyers, one answer
            buyer = Buyer(buyer.channel_ref, None, buyer.channel_days)
        key = sku_id, buyer
        if key not in self._known:
            names = {(sku, customer) for sku in (None, sku_id) for customer in (None, buyer.customer_ref)}
            rules = [rule for name in names for rule in self._rules.get(name, ())]
            self._known[key] = shelf_life.min_days(self.goods.get(sku_id, Goods(sku_id)), buyer, rules)
        return self._known[key]


def read_shelf_lives(
    sku_ids: Iterable[int], channel_refs: Iterable[int], customer_refs: Iterable[int] = ()
) -> ShelfLives:
    """These SKUs and every rule that can concern them and these channels and customers.  One statement."""
    tenant_id, skus = current_tenant(), db.array(sorted(set(sku_ids)))
    goods: dict[int, Goods] = {}
    rules: list[ShelfLifeRule] = []
    for is_sku, id_, days, path, replaces, sku_id, channel_ref, customer_ref in db.rows(
        GOODS_AND_RULES,
        tenant_id,
        skus,
        tenant_id,
        skus,
        db.array(set(channel_refs)),
        db.array(set(customer_refs)),
    ):
        if is_sku:
            goods[id_] = Goods(id_, path or "", days)
        else:
            rules.append(ShelfLifeRule(id_, days, replaces, sku_id, path, channel_ref, customer_ref))
    return ShelfLives(goods, rules)


def min_days_for(
    channel_ref: int | None, customer_ref: int | None, sku_ids: Iterable[int], *, channel_days: int = 0
) -> dict[int, int]:
    """SKU -> days it must still last for this buyer; `channel_days`: the channel's own minimum.  One statement."""
    wanted = set(sku_ids)
    read = read_shelf_lives(
        wanted,
        () if channel_ref is None else (channel_ref,),
        () if customer_ref is None else (customer_ref,),
    )
    buyer = Buyer(channel_ref, customer_ref, channel_days)
    return {sku_id: read.days(sku_id, buyer) for sku_id in sorted(wanted)}
