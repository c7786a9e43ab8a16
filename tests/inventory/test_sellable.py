"""Stock and promises in one statement: what it brings besides, and what it leaves behind."""

from datetime import date, timedelta

from django.db import connection

from core import clock, db, options
from core.tenancy import tenant
from inventory.options import EXPIRY_DAY_SELLS
from inventory.queries import first_sellable, list_supplies
from inventory.rules.promise import Promised, Supply
from inventory.sellable import read_standing
from inventory.services import promises
from tests import builders as make
from tests.inventory.services import stock
from tests.inventory.services.stock import DAY
from tests.inventory.services.test_moving import Counter


def test_the_day_and_the_settings_come_with_the_goods(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        make.make_stock(make.make_bin(facility), sku, 3, expires_on=clock.today())
        options.put(EXPIRY_DAY_SELLS, value=True)
    with tenant(tenant_id), connection.execute_wrapper(counter := Counter()):
        assert [supply.units for supply in list_supplies(facility, [sku])] == [3]
        assert options.get(EXPIRY_DAY_SELLS)
        assert first_sellable() == clock.today()
        assert counter.count == 1


def test_a_setting_that_changes_in_the_same_transaction_counts_at_once(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        make.make_stock(make.make_bin(facility), sku, 3, expires_on=clock.today())
        assert list_supplies(facility, [sku]) == []
        options.put(EXPIRY_DAY_SELLS, value=True)
        assert list_supplies(facility, [sku]) == [Supply(sku, clock.today(), 3)]
        with clock.pinned(clock.today() + timedelta(1)):
            assert list_supplies(facility, [sku]) == []


def test_counters_that_are_back_at_nothing_stay_behind(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        make.make_stock(make.make_bin(facility), sku, 9)
        for n in range(5):
            owner = stock.must_reserve(facility, (sku, 1), day=DAY + timedelta(n))
            promises.unreserve([owner] if n else [])
        here = read_standing(facility, [sku])
        assert here.promised == [Promised(sku, DAY, 1)]
        assert here.counters == {(sku, DAY)}
        assert here.supplies == [Supply(sku, date.max, 9)]
        assert db.rows("SELECT count(*)::int FROM inventory_promise") == [(6,)]
