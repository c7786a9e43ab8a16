"""What each SKU at each facility has, expects and lacks: what a proposal to buy is made from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core import clock, db
from core.tenancy import current_tenant
from inventory.queries import list_available, minimum_expiry
from inventory.rules.replenishing import Need, Proposal, propose

Place = tuple[int, int]  # (facility, SKU)

# (tenant, facilities, tenant, facilities, SKUs) -> places with a safety stock, and those that somebody names
_GOODS = """
    SELECT t.facility_id, t.sku_id, t.minimum, t.target, s.case_quantity, s.min_remaining_days
    FROM inventory_safetystock t JOIN inventory_sku s ON s.tenant_id = t.tenant_id AND s.id = t.sku_id
    WHERE t.tenant_id = %s AND t.facility_id = ANY (%s::bigint[]) AND s.is_active
    UNION ALL
    SELECT u.facility_id, s.id, 0, 0, s.case_quantity, s.min_remaining_days
    FROM unnest(%s::bigint[], %s::bigint[]) u(facility_id, sku_id) JOIN inventory_sku s ON s.tenant_id = %s AND s.id = u.sku_id
    WHERE s.is_active AND NOT EXISTS (SELECT FROM inventory_safetystock t
        WHERE t.tenant_id = s.tenant_id AND t.facility_id = u.facility_id AND t.sku_id = s.id)
"""

# (tenant, facilities, SKUs, tenant, facilities, SKUs) -> is on the road, facility, SKU, units.  Drafts count as on order, or one proposal
# would be ordered twice.
_COMING = """
    SELECT false, o.facility_id, l.sku_id, sum(greatest(l.quantity - l.received, 0))::bigint
    FROM inventory_purchaseorder o JOIN inventory_purchaseline l ON l.tenant_id = o.tenant_id AND l.purchase_id = o.id
    WHERE o.tenant_id = %s AND o.status IN (0, 1) AND o.facility_id = ANY (%s::bigint[]) AND l.sku_id = ANY (%s::bigint[])
    GROUP BY 2, 3
    UNION ALL
    SELECT true, b.facility_id, b.sku_id, sum(b.on_hand)::bigint
    FROM inventory_bin n JOIN inventory_balance b ON b.tenant_id = n.tenant_id AND b.bin_id = n.id
    WHERE n.tenant_id = %s AND n.kind = 8 AND n.facility_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) AND b.on_hand > 0
    GROUP BY 2, 3
"""

# (tenant, SKUs): the supplier and price of the newest order that was not cancelled
_LAST_SUPPLIERS = """
    SELECT DISTINCT ON (l.sku_id) l.sku_id, o.supplier_id, s.name, l.price_minor
    FROM inventory_purchaseline l
    JOIN inventory_purchaseorder o ON o.tenant_id = l.tenant_id AND o.id = l.purchase_id
    JOIN inventory_supplier s ON s.tenant_id = o.tenant_id AND s.id = o.supplier_id
    WHERE l.tenant_id = %s AND l.sku_id = ANY (%s::bigint[]) AND o.status <> 3 AND s.is_active
    ORDER BY l.sku_id, o.created_at DESC, o.id DESC
"""


def list_proposals(facility_ids: Sequence[int], short: Mapping[Place, int]) -> tuple[Proposal, ...]:
    """What to buy for these facilities, the most urgent first; four statements.

    Looks at places with a safety stock and at those in `short` ((facility, SKU) -> paid units that could not be promised).
    """
    mine = set(facility_ids)
    lacking = {place: units for place, units in short.items() if place[0] in mine and units > 0}
    goods = _list_goods(facility_ids, lacking)
    if not goods:
        return ()
    floors = {place[1]: minimum_expiry(clock.today(), row[3]) for place, row in goods.items()}
    free = list_available(sorted({place[0] for place in goods}), floors)
    coming = _list_coming(goods)
    return propose(
        Need(
            *place,
            available=free.get(place, 0),
            on_order=coming.get((False, *place), 0),
            on_the_road=coming.get((True, *place), 0),
            minimum=minimum,
            target=target,
            short=lacking.get(place, 0),
            case_quantity=case_quantity,
        )
        for place, (minimum, target, case_quantity, _days) in goods.items()
    )


def _list_goods(
    facility_ids: Sequence[int], lacking: Iterable[Place]
) -> dict[Place, tuple[int, int, int | None, int]]:
    named = sorted(set(lacking))
    tenant_id = current_tenant()
    found = db.rows(
        _GOODS,
        tenant_id,
        db.array(facility_ids),
        db.array([place[0] for place in named]),
        db.array([place[1] for place in named]),
        tenant_id,
    )
    return {(row[0], row[1]): row[2:] for row in found}


def _list_coming(goods: Iterable[Place]) -> dict[tuple[bool, int, int], int]:
    """(is on the road, facility, SKU) -> units."""
    places = list(goods)
    params = (
        current_tenant(),
        db.array(sorted({place[0] for place in places})),
        db.array(sorted({place[1] for place in places})),
    )
    return {(row[0], row[1], row[2]): row[3] for row in db.rows(_COMING, *params, *params)}


@dataclass(frozen=True, slots=True)
class LastBought:
    """From whom a SKU was ordered last, and at what price."""

    sku_id: int
    supplier_id: int
    supplier_name: str
    price_minor: int | None


def list_last_bought(sku_ids: Iterable[int]) -> dict[int, LastBought]:
    """By SKU, for those that were ever ordered from a supplier who is still active."""
    found = db.rows(_LAST_SUPPLIERS, current_tenant(), db.array(sorted(set(sku_ids))))
    return {row[0]: LastBought(*row) for row in found}


@dataclass(frozen=True, slots=True)
class GoodsToBuy:
    """A SKU as the page of proposals names it, and from whom it was bought last."""

    id: int
    code: str
    name: str
    case_quantity: int | None
    supplier_name: str | None


def list_goods_to_buy(sku_ids: Iterable[int]) -> dict[int, GoodsToBuy]:
    """By SKU; one statement."""
    wanted = db.array(sorted(set(sku_ids)))
    found = db.rows(
        f"WITH last(sku_id, supplier_id, name, price_minor) AS ({_LAST_SUPPLIERS})"
        " SELECT s.id, s.code, s.name, s.case_quantity, last.name FROM inventory_sku s LEFT JOIN last ON last.sku_id = s.id"
        " WHERE s.tenant_id = %s AND s.id = ANY (%s::bigint[])",
        current_tenant(),
        wanted,
        current_tenant(),
        wanted,
    )
    return {row[0]: GoodsToBuy(*row) for row in found}
