"""What will be left, against selling day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.selling_out import Left, LotStock, run_down

TODAY = date(2026, 6, 1)
LOTS = st.lists(
    st.tuples(st.integers(-3, 25), st.integers(0, 3), st.integers(1, 30)),
    max_size=6,
).map(
    lambda rows: [
        LotStock(number, TODAY + timedelta(days), TODAY - timedelta(age), units)
        for number, (days, age, units) in enumerate(rows)
    ]
)


def day_by_day(lots: list[LotStock], shipped: int, days: int) -> dict[int, int]:
    """Each day brings what the rate has grown by; it is taken from the first lot in the order that still sells."""
    left = {lot.lot_id: lot.units for lot in lots}
    order = sorted(lots, key=lambda lot: (lot.last_day, lot.received_on, lot.lot_id))
    sold = 0
    for n in range(1, 40):
        day = TODAY + timedelta(n - 1)
        wanted = shipped * n // days - sold
        for lot in order:
            if day <= lot.last_day:
                taken = min(wanted, left[lot.lot_id])
                left[lot.lot_id] -= taken
                wanted -= taken
                sold += taken
        sold += wanted  # asked for when nothing was there: gone
    return {lot_id: units for lot_id, units in left.items() if units}


@given(LOTS, st.integers(0, 120), st.integers(1, 28))
def test_the_run_down_is_selling_day_by_day(lots: list[LotStock], shipped: int, days: int) -> None:
    found = {left.lot_id: left.units for left in run_down(lots, today=TODAY, shipped=shipped, days=days)}
    assert found == day_by_day(lots, shipped, days)


@given(LOTS, st.integers(0, 120), st.integers(1, 28))
def test_laws(lots: list[LotStock], shipped: int, days: int) -> None:
    units = {lot.lot_id: lot.units for lot in lots}
    left = run_down(lots, today=TODAY, shipped=shipped, days=days)
    assert all(0 < row.units <= units[row.lot_id] for row in left)
    faster = run_down(lots, today=TODAY, shipped=shipped + 1, days=days)
    assert sum(row.units for row in faster) <= sum(row.units for row in left)
    assert run_down(lots[::-1], today=TODAY, shipped=shipped, days=days) == left


@given(LOTS, st.integers(0, 120), st.integers(0, 25))
def test_a_list_cut_off_after_a_day_is_right_up_to_there(
    lots: list[LotStock], shipped: int, cut: int
) -> None:
    early = {lot.lot_id for lot in lots if lot.last_day <= TODAY + timedelta(cut)}
    whole = run_down(lots, today=TODAY, shipped=shipped, days=28)
    part = run_down([lot for lot in lots if lot.lot_id in early], today=TODAY, shipped=shipped, days=28)
    assert part == tuple(row for row in whole if row.lot_id in early)


def test_never_expiring_goods_are_never_left() -> None:
    lots = [LotStock(1, date.max, TODAY, 10)]
    assert run_down(lots, today=TODAY, shipped=1, days=28) == ()
    assert run_down(lots, today=TODAY, shipped=0, days=28) == (Left(1, 10),)


@pytest.mark.parametrize(("shipped", "days"), [(1, 0), (-1, 28)])
def test_a_rate_that_is_none_is_refused(shipped: int, days: int) -> None:
    with pytest.raises(ValueError, match="rate"):
        run_down([], today=TODAY, shipped=shipped, days=days)
