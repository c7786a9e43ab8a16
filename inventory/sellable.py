"""What sells at a facility, read so that no missing statistics can hurt.

Balances are found by (facility, SKU), their bins and lots by id, the open holds as they are: four statements, each on an index whatever
the planner believes of a tenant that was loaded a moment ago.  (As one join it walked every lot for every balance until the first
ANALYZE.)  Joined here; inventory.sql.SELLS says the same for pages and proofs, and a test compares the two.
"""

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
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
LOTS = """
    SELECT id, coalesce(expires_on, '9999-12-31'), received_on FROM inventory_lot
    WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND coalesce(expires_on, '9999-12-31') >= %s
"""
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
    balances, bins, lots = _read(facility_id, sku_ids)
    return [
        Shelf(id_, sku_id, lot_id, *lots[lot_id], bins[bin_id][1], units, bins[bin_id][0] == BinKind.STORAGE)
        for id_, sku_id, lot_id, bin_id, units in balances
    ]


def list_supplies(facility_id: int, sku_ids: Iterable[int]) -> list[Supply]:
    """Sellable, unallocated units by SKU and expiry date."""
    balances, _bins, lots = _read(facility_id, sku_ids)
    units: dict[tuple[int, date], int] = defaultdict(int)
    for _id, sku_id, lot_id, _bin_id, count in balances:
        units[sku_id, lots[lot_id][0]] += count
    return [Supply(sku_id, expires_on, count) for (sku_id, expires_on), count in units.items()]


_Balances = list[tuple[int, int, int, int, int]]


def _read(
    facility_id: int, sku_ids: Iterable[int]
) -> tuple[_Balances, dict[int, tuple[int, int]], dict[int, tuple[date, date]]]:
    """Balances that sell, their bins (kind, sequence) and lots (expiry, received)."""
    tenant_id = current_tenant()
    balances: _Balances = db.rows(BALANCES, tenant_id, facility_id, db.array(sorted(sku_ids)))
    if not balances:
        return [], {}, {}
    bins = {
        id_: (kind, sequence)
        for id_, kind, sequence in db.rows(BINS, tenant_id, db.array({row[3] for row in balances}))
        if kind in SELLING_KINDS
    }
    lots = {
        id_: (expires_on, received_on)
        for id_, expires_on, received_on in db.rows(
            LOTS, tenant_id, db.array({row[2] for row in balances}), first_sellable()
        )
    }
    sells = [row for row in balances if row[3] in bins and row[2] in lots]
    holds = set(db.rows(HOLDS, tenant_id, facility_id))
    if holds:
        sells = [row for row in sells if not _is_held(row[2], row[3], holds)]
    return sells, bins, lots


def _is_held(lot_id: int, bin_id: int, holds: AbstractSet[tuple[int | None, ...]]) -> bool:
    return not holds.isdisjoint(((lot_id, None), (None, bin_id), (lot_id, bin_id), (None, None)))
