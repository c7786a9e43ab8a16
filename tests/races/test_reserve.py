"""Many processes reserve, and change stock meanwhile.  The first test takes the lock away and sees it go wrong."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core import db
from core.tenancy import tenant
from inventory.services import promises
from tests import builders as make
from tests import laws
from tests.races import storm
from tests.races.actors import without_anchors
from tests.races.moments import Moment
from tests.races.rig import race
from tests.races.test_stock import deadlocks
from tests.steps import Do

RACERS, LEAST = 6, 6


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def no_deadlocks(admin_url: str) -> Iterator[None]:
    before = deadlocks(admin_url)
    yield
    assert deadlocks(admin_url) == before


def buy_without_lock(gate: storm.Gate, *asked: Any) -> dict[int, int]:
    with without_anchors():
        return storm.buy(gate, *asked)


def promised(tenant_id: int) -> dict[int, int]:
    """Units promised by SKU, as the rows say and as the counters say."""
    with tenant(tenant_id):
        rows = dict(db.rows("SELECT sku_id, sum(quantity)::int FROM inventory_reservation GROUP BY 1"))
        counted = dict(
            db.rows(
                "SELECT sku_id, sum(quantity)::int FROM inventory_promise GROUP BY 1 HAVING sum(quantity) > 0"
            )
        )
    assert rows == counted
    return rows


def test_without_the_lock_the_rig_oversells(tenant_id: int) -> None:
    for heat in range(20):
        yard = storm.make_yard(tenant_id, 1, 3)
        done = race(
            *[(buy_without_lock, (yard, 12, 1, 2, heat * 1_000 + 1 + n * 100, n)) for n in range(RACERS)],
            may_fail=True,
        )
        sold = sum(sum(one.values()) for one in done if isinstance(one, dict))
        if sold > 3 or laws.broken(tenant_id, "inventory."):
            return
    pytest.fail("nothing was oversold without the lock: the races below prove nothing")


@pytest.mark.usefixtures("no_deadlocks")
def test_a_thousand_orders_for_a_hundred_units_sell_a_hundred(tenant_id: int) -> None:
    yard = storm.make_yard(tenant_id, 1, 100)
    done = race(*[(storm.buy, (yard, 125, 1, 1, 1 + n * 1_000, n)) for n in range(8)])
    assert sum(sum(one.values()) for one in done) == 100
    assert promised(tenant_id) == {yard.skus[0]: 100}
    assert not laws.broken(tenant_id, "inventory.")


@pytest.mark.usefixtures("no_deadlocks")
@pytest.mark.parametrize("batch", [1, 10])
def test_a_zipf_mix_in_any_order_of_lines_sells_what_there_is(tenant_id: int, batch: int) -> None:
    yard = storm.make_yard(tenant_id, 60, 5)
    done = race(*[(storm.buy, (yard, 100, 4, batch, 1 + n * 1_000, n)) for n in range(8)])
    sold = Counter[int]()
    for one in done:
        sold.update(one)
    assert promised(tenant_id) == sold
    assert max(sold.values()) == 5
    assert sold[yard.skus[0]] == 5, "the hottest is sold out"
    assert not laws.broken(tenant_id, "inventory.")


def test_the_rig_deadlocks_where_anchors_are_made_in_two_orders(do: Do, tmp_path: Path) -> None:
    (places,) = do(places_in_rounds, 1)
    one_by_one = [[place] for place in places]
    one, other = Moment(tmp_path / "one"), Moment(tmp_path / "other")
    done = race(
        (storm.lock_in_turn, (do.tenant_id, one_by_one, storm.go_on, partial(storm.meet, one, other))),
        (storm.lock_in_turn, (do.tenant_id, one_by_one[::-1], storm.go_on, partial(storm.meet, other, one))),
        may_fail=True,
    )
    assert ["deadlock" in str(each) for each in done].count(True) == 1


@pytest.mark.usefixtures("no_deadlocks")
def test_a_new_anchor_is_not_made_before_those_in_front_of_it_are_locked(do: Do, tmp_path: Path) -> None:
    """One holds the first place and then asks for the second, which is new; the other asks for both meanwhile."""
    facilities = [do(make.make_facility), do(make.make_facility)]
    sku = do(make.make_sku)
    first, second = ((facility, sku) for facility in facilities)
    do(promises.lock_anchors, [first])
    locked = Moment(tmp_path / "locked")
    done = race(
        (
            storm.lock_in_turn,
            (do.tenant_id, [[first], [second]], storm.go_on, locked.come_and_be_waited_for),
        ),
        (storm.lock_in_turn, (do.tenant_id, [[second, first]], locked.wait, storm.go_on)),
    )
    assert done == [2, 1]


@pytest.mark.usefixtures("no_deadlocks")
def test_anchors_that_nobody_ever_locked_are_made_by_many_at_once(do: Do) -> None:
    """One call for several facilities, and facility by facility: both walk in one order, whether a row is there or not."""
    rounds = do(places_in_rounds, 40)
    works = [storm.lock_first, storm.lock_facility_by_facility] * 3
    done = race(*[(work, (do.tenant_id, [r[n % 3 :] for r in rounds])) for n, work in enumerate(works)])
    assert done == [40] * 6
    ((made, distinct),) = do(
        db.rows, "SELECT count(*)::int, count(DISTINCT (facility_id, sku_id))::int FROM inventory_promise"
    )
    assert made == distinct == len({place for r in rounds for place in r})


def places_in_rounds(count: int) -> list[list[tuple[int, int]]]:
    """Two facilities, six SKUs a round; of every other pair the anchor exists, in a pattern that differs by round."""
    facilities = [make.make_facility(), make.make_facility()]
    rounds = []
    for n in range(count):
        skus = [make.make_sku() for _ in range(3)]
        places = [(facility, sku) for facility in facilities for sku in skus]
        promises.lock_anchors(place for k, place in enumerate(places) if (n >> k % 6) & 1)
        rounds.append(places)
    return rounds


@pytest.mark.usefixtures("no_deadlocks")
def test_every_trade_at_once_and_every_law_holds(tenant_id: int) -> None:
    yard = storm.make_yard(tenant_id, 6, 40)
    done = race(*[(storm.trade, (yard, kind, 4.0, n + 1, LEAST)) for n, kind in enumerate(storm.TRADES)])
    counts = dict(zip(storm.TRADES, done, strict=True))
    for kind, word in storm.WORD_OF.items():
        assert counts[kind].get(word, 0) >= LEAST, counts
    assert not laws.broken(tenant_id, "inventory.")
