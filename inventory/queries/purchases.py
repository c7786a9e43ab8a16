"""What pages and the API show of suppliers and purchase orders.  Every function costs one statement, however many orders."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core import db
from core.tenancy import current_tenant

# Parameters: tenant, orders.
_SUMS = """
    SELECT purchase_id, count(*), sum(quantity)::bigint, sum(received)::bigint, sum(greatest(quantity - received, 0))::bigint,
        sum(greatest(received - quantity, 0))::bigint,
        CASE WHEN count(price_minor) = count(*) THEN sum(quantity * price_minor::bigint)::bigint END
    FROM inventory_purchaseline WHERE tenant_id = %s AND purchase_id = ANY (%s::bigint[]) GROUP BY 1
"""

# Parameters: tenant, orders.
_LINES = """
    SELECT l.purchase_id, l.id, l.sku_id, s.code, s.name, s.unit, s.tracking, l.quantity, l.received, l.price_minor
    FROM inventory_purchaseline l JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    WHERE l.tenant_id = %s AND l.purchase_id = ANY (%s::bigint[]) ORDER BY l.purchase_id, s.code
"""

# Parameters: tenant, order.
_RECEIPTS = """
    SELECT r.id, r.reference, r.created_at, u.name,
        (SELECT coalesce(sum(l.quantity), 0)::bigint FROM inventory_receiptline l WHERE l.tenant_id = r.tenant_id AND l.receipt_id = r.id),
        (SELECT string_agg(DISTINCT t.code, '、') FROM inventory_receiptline l
            JOIN inventory_lot t ON t.tenant_id = l.tenant_id AND t.id = l.lot_id
            WHERE l.tenant_id = r.tenant_id AND l.receipt_id = r.id)
    FROM inventory_receipt r LEFT JOIN core_user u ON u.id = r.created_by
    WHERE r.tenant_id = %s AND r.purchase_id = %s ORDER BY r.created_at DESC, r.id DESC LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class PurchaseSums:
    """Units of one order; `amount_minor` is None when a price is unknown."""

    lines: int = 0
    ordered: int = 0
    received: int = 0
    open_units: int = 0
    over: int = 0
    amount_minor: int | None = None


def sum_purchases(purchase_ids: Iterable[int]) -> dict[int, PurchaseSums]:
    found = db.rows(_SUMS, current_tenant(), db.array(sorted(purchase_ids)))
    return {row[0]: PurchaseSums(*row[1:]) for row in found}


@dataclass(frozen=True, slots=True)
class PurchaseLineRow:
    """One line with what came of it."""

    id: int
    sku_id: int
    sku: str
    name: str
    unit: str
    tracking: int
    quantity: int
    received: int
    price_minor: int | None

    @property
    def open_units(self) -> int:
        return max(0, self.quantity - self.received)

    @property
    def over(self) -> int:
        return max(0, self.received - self.quantity)

    @property
    def amount_minor(self) -> int | None:
        return None if self.price_minor is None else self.price_minor * self.quantity


def list_purchase_lines(purchase_ids: Iterable[int]) -> dict[int, list[PurchaseLineRow]]:
    """Lines by order, by SKU code."""
    found: dict[int, list[PurchaseLineRow]] = defaultdict(list)
    for row in db.rows(_LINES, current_tenant(), db.array(sorted(purchase_ids))):
        found[row[0]].append(PurchaseLineRow(*row[1:]))
    return found


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One receipt for an order."""

    id: int
    reference: str
    at: datetime
    by: str | None
    units: int
    lots: str | None


def list_deliveries(purchase_id: int) -> Sequence[DeliveryRow]:
    """What came for one order, newest first."""
    return [DeliveryRow(*row) for row in db.rows(_RECEIPTS, current_tenant(), purchase_id)]


@dataclass(frozen=True, slots=True)
class SupplierCard:
    id: int
    code: str
    name: str
    lead_days: int | None


def list_supplier_cards() -> list[SupplierCard]:
    """Suppliers that one may order from, by code."""
    found = db.rows(
        "SELECT id, code, name, lead_days FROM inventory_supplier WHERE tenant_id = %s AND is_active ORDER BY code LIMIT 2000",
        current_tenant(),
    )
    return [SupplierCard(*row) for row in found]


def is_overdue(expected_on: date | None, today: date) -> bool:
    """Goods that should have come; the day itself is not over."""
    return expected_on is not None and expected_on < today


def find_currency() -> str:
    """What the tenant counts money in."""
    return str(db.rows("SELECT currency FROM core_tenant WHERE id = %s", current_tenant())[0][0])
