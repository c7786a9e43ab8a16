"""Lots pass their day: promises that counted on them give way."""

from collections import defaultdict

from core import clock, db, live
from core.tenancy import current_tenant
from inventory import sql
from inventory.queries import first_sellable
from inventory.services.moving import move_away
from inventory.services.promises import lock_anchors, settle_promises

LOOK_BACK_DAYS = 7  # a job that did not run for a week still finds them


def settle_aged() -> int:
    """Settle what counted on lots that have passed their last sellable day; how many owners lost a promise or units on the floor.

    Every read compares the date anyway, so nothing expired is ever promised, allocated, picked or shipped; this gives allocations other
    lots and tells the orders that counted on it.  Locks all anchors at once, then the balances, facility by facility.
    """
    hurt: set[int] = set()
    aged: dict[int, list[int]] = defaultdict(list)
    allocated = db.rows(sql.AGED_BALANCES, current_tenant(), first_sellable())
    for facility_id, _sku, balance_id in allocated:
        aged[facility_id].append(balance_id)
    places = db.rows(sql.PASSED_PLACES, current_tenant(), clock.today(), LOOK_BACK_DAYS, first_sellable())
    lock_anchors([*places, *((facility_id, sku_id) for facility_id, sku_id, _balance in allocated)])
    for facility_id in sorted({place[0] for place in places} | aged.keys()):
        if facility_id in aged:
            moved = move_away(facility_id=facility_id, balance_ids=aged[facility_id])
            hurt |= {*moved.short_owners, *moved.broken_owners}
        hurt |= set(settle_promises(facility_id, [sku for at, sku in places if at == facility_id]))
    if hurt:
        live.push(current_tenant(), "stock", [])
    return len(hurt)
