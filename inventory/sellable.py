"""What sells at a facility, read so that no missing statistics can hurt.

Balances are found by (facility, SKU), their bins and lots by id, the open holds as they are: four statements, each on an index whatever
the planner believes of a tenant that was loaded a moment ago.  (As one join it walked every lot for every balance until the first
ANALYZE.)  Joined here; inventory.sql.SELLS says the same for pages and proofs, and a test compares the two.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from core import clock, db, options
from core.tenancy import current_tenant
from inventory.models.places import SELLING_KINDS, BinKind
from inventory.options import EXPIRY_DAY_SELLS
from inventory.rules import expiry
from inventory.rules.fefo import Shelf
from inventory.rules.promise import Supply

BALANCES = """
    SELECT id, sku_id, lot_id, bin_id, on_hand - allocated FROM inventory_balance
    WHERE tenant_id = %s AND facility_id = %s AND sku_id = ANY (%s::bigint[]) AND on_hand > allocated
"""
BINS = "SELECT id, kind, sequence FROM inventory_bin WHERE tenant_id = %s AND id = ANY (%s::bigint[])"
LOTS = (
    "SELECT id, expires_on, received_on FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])"
)
HOLDS = """
    SELECT lot_id, bin_id FROM inventory_hold
    WHERE tenant_id = %s AND cleared_at IS NULL AND (facility_id IS NULL OR facility_id = %s)
"""


def minimum_expiry(day: date, min_days: int) -> date:
    """The earliest expiry date acceptable for goods that leave on `day` and must then last `min_days`, by the tenant's setting."""
    return expiry.first_acceptable_expiry(
        day, expiry_day_sells=options.get(EXPIRY_DAY_SELLS), min_days=min_days
    )


def first_sellable() -> date:
    """The earliest expiry date that may still be sold today."""
    return minimum_expiry(clock.today(), 0)


def list_shelves(facility_id: int, sku_ids: Iterable[int]) -> list[Shelf]:
    """Balances that may be allocated from: a selling bin, no open hold, a day that allows, units that nobody has."""
    tenant_id = current_tenant()
    balances = db.rows(BALANCES, tenant_id, facility_id, db.array(sorted(sku_ids)))
    if not balances:
        return []
    bins = {
        id_: sequence_kind
        for id_, *sequence_kind in db.rows(BINS, tenant_id, db.array({row[3] for row in balances}))
        if sequence_kind[0] in SELLING_KINDS
    }
    lots = {id_: dates for id_, *dates in db.rows(LOTS, tenant_id, db.array({row[2] for row in balances}))}
    holds = set(db.rows(HOLDS, tenant_id, facility_id))
    floor, shelves = first_sellable(), []
    for id_, sku_id, lot_id, bin_id, units in balances:
        place = bins.get(bin_id)
        expires_on, received_on = lots[lot_id]
        if place is None or (expires_on is not None and expires_on < floor):
            continue
        if holds and not holds.isdisjoint(((lot_id, None), (None, bin_id), (lot_id, bin_id), (None, None))):
            continue
        kind, sequence = place
        shelves.append(
            Shelf(
                id_,
                sku_id,
                lot_id,
                expires_on or expiry.NEVER,
                received_on,
                sequence,
                units,
                kind == BinKind.STORAGE,
            )
        )
    return shelves


def list_supplies(facility_id: int, sku_ids: Iterable[int]) -> list[Supply]:
    """Sellable, unallocated units by SKU and expiry date."""
    units: dict[tuple[int, date], int] = defaultdict(int)
    for shelf in list_shelves(facility_id, sku_ids):
        units[shelf.sku_id, shelf.expires_on] += shelf.available
    return [Supply(sku_id, expires_on, count) for (sku_id, expires_on), count in units.items()]
