"""What a scan at the door may mean."""

from collections.abc import Iterable
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant

# (tenant, codes, tenant, codes): barcodes first, merchant codes after them
_SCANNABLE = """
    SELECT 0 AS place, b.code, s.id, s.code, s.name, s.unit, s.tracking, s.shelf_life_days, s.shelf_life_months, b.quantity
    FROM inventory_barcode b JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE b.tenant_id = %s AND b.code = ANY (%s::text[])
    UNION ALL
    SELECT 1, s.code, s.id, s.code, s.name, s.unit, s.tracking, s.shelf_life_days, s.shelf_life_months, 1 FROM inventory_sku s
    WHERE s.tenant_id = %s AND s.code = ANY (%s::text[]) ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class ScannedGoods:
    """A SKU as the door needs it; `units` base units lie behind one scan of this code."""

    id: int
    code: str
    name: str
    unit: str
    tracking: int
    shelf_life_days: int | None
    shelf_life_months: int | None
    units: int


def list_scanned_goods(codes: Iterable[str]) -> dict[str, ScannedGoods]:
    """Merchant code or barcode -> SKU, for those that exist; the merchant's own code wins.  One statement."""
    wanted = db.array(sorted({code.replace("\0", "") for code in codes} - {""}))
    tenant_id = current_tenant()
    found = db.rows(_SCANNABLE, tenant_id, wanted, tenant_id, wanted)
    return {row[1]: ScannedGoods(*row[2:]) for row in found}  # own codes come last, so they overwrite
