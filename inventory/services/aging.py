"""Lots pass their day: promises that counted on them give way."""

from core import clock, db, live
from core.tenancy import current_tenant
from inventory.queries import first_sellable
from inventory.services.promises import settle_promises

LOOK_BACK_DAYS = 7  # a job that did not run for a week still finds them

# (tenant, days, first sellable expiry): places whose lots passed their last sellable day lately, while something is promised there
PASSED = """
    SELECT DISTINCT b.facility_id, b.sku_id FROM inventory_lot l
    JOIN inventory_balance b ON b.tenant_id = l.tenant_id AND b.lot_id = l.id AND b.on_hand > b.allocated
    WHERE l.tenant_id = %s AND l.expires_on >= %s::date - %s AND l.expires_on < %s
      AND EXISTS (SELECT FROM inventory_promise p WHERE p.tenant_id = b.tenant_id AND p.facility_id = b.facility_id
                  AND p.sku_id = b.sku_id AND p.quantity > 0)
    ORDER BY 1, 2
"""


def settle_aged() -> int:
    """Settle the promises of goods whose lots passed their last sellable day; how many owners lost theirs.

    Every read compares the date anyway, so nothing expired is ever promised or allocated; this tells the orders that counted on it.
    Locks the anchors, facility by facility.
    """
    places = db.rows(PASSED, current_tenant(), clock.today(), LOOK_BACK_DAYS, first_sellable())
    broken = 0
    for facility_id in sorted({place[0] for place in places}):
        broken += len(settle_promises(facility_id, [sku for at, sku in places if at == facility_id]))
    if broken:
        live.push(current_tenant(), "stock", [])
    return broken
