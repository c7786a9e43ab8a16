"""Two people never count the same, goods move while they do, and what is booked is what is missing, once."""

import pytest

from core import db
from inventory.models import AdjustmentReason, CountStatus
from inventory.services import counting, counts
from inventory.services.adjusting import AdjustmentLineInput, adjust
from inventory.services.counted_lots import CountLine
from tests import builders as make
from tests import laws
from tests.races import counters
from tests.races.rig import race
from tests.steps import Do


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


def make_place(do: Do, bins: int) -> tuple[int, list[int]]:
    facility = do(make.make_facility)
    bin_ids = do(make.make_bins, facility, bins)
    return facility, bin_ids


def test_without_the_locks_two_people_get_the_same(do: Do) -> None:
    for _heat in range(5):
        facility, _bins = make_place(do, 30)
        count_id = do(counts.create_count, facility_id=facility, actor_id=None).count_id
        done = race(
            *[(counters.count_empty, (do.tenant_id, count_id, person, False)) for person in (1, 2, 3)],
            may_fail=True,
        )
        tasks = [task for mine in done if isinstance(mine, list) for task in mine]
        if any(isinstance(mine, str) for mine in done) or len(tasks) > len(set(tasks)):
            return
    pytest.fail("nobody met without the locks: the races below prove nothing")


def test_every_task_goes_to_one_person(do: Do) -> None:
    facility, _bins = make_place(do, 30)
    count_id = do(counts.create_count, facility_id=facility, actor_id=None).count_id
    done = race(*[(counters.count_empty, (do.tenant_id, count_id, person, True)) for person in (1, 2, 3)])
    tasks = [task for mine in done for task in mine]
    assert (len(tasks), len(set(tasks))) == (30, 30)
    sql = "SELECT status FROM inventory_stockcount WHERE id = %s"
    assert do(db.rows, sql, count_id) == [(CountStatus.REVIEW,)], "the last one sent it to review"
    assert laws.broken(do.tenant_id, "inventory.") == []


@pytest.mark.parametrize("missing", [3, 0, -2])
def test_what_is_booked_is_what_is_missing_whatever_moves(do: Do, missing: int) -> None:
    facility, bins = make_place(do, 2)
    sku = do(make.make_sku)
    for bin_id in bins:
        do(make.make_stock, bin_id, sku, 500, lot="L")
    count_id = do(counts.create_count, facility_id=facility, actor_id=None).count_id
    done = race(
        *[(counters.trade, (do.tenant_id, facility, bin_id, sku, "L", 25)) for bin_id in bins],
        *[(counters.count_truly, (do.tenant_id, count_id, person, missing, "L")) for person in (1, 2)],
    )
    traded, rounds = done[:2], done[2:]
    assert sum(rounds) >= 2
    assert counters.book(lambda: None, do.tenant_id, count_id, 9) == "booked"
    found = dict(do(db.rows, "SELECT bin_id, on_hand FROM inventory_balance"))
    assert [found[bin_id] for bin_id in bins] == [500 + net - missing for net in traded]
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_many_press_book_while_goods_leave(do: Do) -> None:
    """One adjustment, or none and the bin is counted again; never two, never fewer than nothing."""
    facility, bins = make_place(do, 1)
    sku = do(make.make_sku)
    lot = do(make.make_stock, bins[0], sku, 40, lot="L")
    count_id = do(counts.create_count, facility_id=facility, actor_id=None).count_id
    for person in (1, 2):
        task = do(counting.claim_task, count_id=count_id, actor_id=person)
        assert task
        lines = [CountLine(sku, "L", 10)]
        do(counting.hand_in, task_id=task.id, round_=task.round, lines=lines, actor_id=person)
    gone = [AdjustmentLineInput(bins[0], lot, -8)]
    do(adjust, facility_id=facility, reason=AdjustmentReason.DAMAGED, lines=gone, actor_id=None)
    done = race(
        (counters.trade, (do.tenant_id, facility, bins[0], sku, "L", 6)),
        *[(counters.book, (do.tenant_id, count_id, person)) for person in (7, 8, 9)],
        may_fail=True,
    )
    told = sorted(done[1:])
    assert told in (["booked", "wrong_state", "wrong_state"], ["again", "count_not_done", "count_not_done"])
    papers = do(db.rows, "SELECT count(*)::int FROM inventory_adjustment WHERE count_id = %s", count_id)
    assert papers == [(1 if "booked" in told else 0,)]
    assert laws.broken(do.tenant_id, "inventory.") == []
