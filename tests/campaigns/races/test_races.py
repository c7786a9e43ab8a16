"""The full dose of races: `script/test --campaign races`.

10,000 orders for 100 units, hot and in a Zipf mix, with 1, 8 and 32 processes; every trade at once for `ERP_SECONDS` (60), and under
`ERP_KILLS` (200) kills.
"""

import os
from collections import Counter

import pytest

from tests import laws
from tests.chaos.stock_kills import trade_under_fire
from tests.conftest import fresh_tenant
from tests.races import storm
from tests.races.rig import race
from tests.races.test_reserve import promised
from tests.races.test_stock import deadlocks

pytestmark = [pytest.mark.campaign, pytest.mark.usefixtures("database")]


@pytest.mark.parametrize("processes", [1, 8, 32])
def test_ten_thousand_orders_for_a_hundred_units(processes: int, admin_url: str) -> None:
    before, yard = deadlocks(admin_url), storm.make_yard(fresh_tenant(), 1, 100)
    hands = [10_000 // processes + (n < 10_000 % processes) for n in range(processes)]
    done = race(*[(storm.buy, (yard, hand, 1, 1, 1 + n * 100_000, n)) for n, hand in enumerate(hands)])
    assert sum(hands) == 10_000
    assert sum(sum(one.values()) for one in done) == 100
    assert promised(yard.tenant_id) == {yard.skus[0]: 100}
    assert not laws.broken(yard.tenant_id, "inventory.")
    assert deadlocks(admin_url) == before


@pytest.mark.parametrize("processes", [8, 32])
def test_ten_thousand_orders_in_a_zipf_mix(processes: int, admin_url: str) -> None:
    before, yard = deadlocks(admin_url), storm.make_yard(fresh_tenant(), 240, 20)
    each = 10_000 // processes
    done = race(*[(storm.buy, (yard, each, 4, 1 + n % 5, 1 + n * 100_000, n)) for n in range(processes)])
    sold = Counter[int]()
    for one in done:
        sold.update(one)
    assert promised(yard.tenant_id) == sold
    assert max(sold.values()) == sold[yard.skus[0]] == 20
    assert not laws.broken(yard.tenant_id, "inventory.")
    assert deadlocks(admin_url) == before


def test_every_trade_at_once(admin_url: str) -> None:
    before, yard = deadlocks(admin_url), storm.make_yard(fresh_tenant(), 8, 60)
    seconds = float(os.environ.get("ERP_SECONDS", "60"))
    kinds = [*storm.TRADES, *storm.TRADES]
    done = race(*[(storm.trade, (yard, kind, seconds, n + 1)) for n, kind in enumerate(kinds)])
    total = Counter[str]()
    for one in done:
        total.update(one)
    print(f"\n{dict(total)}")
    assert not laws.broken(yard.tenant_id, "inventory.")
    assert deadlocks(admin_url) == before


def test_every_trade_under_fire() -> None:
    yard, kills = storm.make_yard(fresh_tenant(), 8, 200), int(os.environ.get("ERP_KILLS", "200"))
    met = trade_under_fire(yard, kills=kills, seed=7)
    print(f"\n{met} kills met a process at work")
    assert met == kills + len(storm.TRADES)
    assert not laws.broken(yard.tenant_id, "inventory.")
