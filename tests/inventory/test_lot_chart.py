"""The picture of lots: nothing is lost, nothing lies outside, nothing covers another bar."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inventory.views.lot_chart import BAR, GROUND, LEFT, MOST, RIGHT, TOP, draw, lots_of

TODAY = date(2026, 11, 22)
DATES = st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2034, 1, 1)))
GROUPS = st.sampled_from(["allocated", "free", "held", "expired", "elsewhere"])
ROWS = st.lists(st.tuples(st.integers(1, 40), GROUPS, st.integers(0, 2_000_000)), max_size=60)


@given(ROWS, st.dictionaries(st.integers(1, 40), DATES, max_size=40))
def test_the_laws_of_the_picture(rows: list[tuple[int, str, int]], days: dict[int, date | None]) -> None:
    lots = lots_of((lot, f"L{lot}", days.get(lot), group, units) for lot, group, units in rows)
    assert sum(lot.total for lot in lots) == sum(units for _lot, _group, units in rows)
    chart = draw(lots, TODAY, [(TODAY, "今天"), (TODAY + timedelta(days=30), "至少剩 30 天")])
    assert len(chart.bars) + chart.left_out == len(lots)
    assert len(chart.bars) <= MOST
    middles = [bar.middle for bar in chart.bars]
    assert all(later - earlier >= BAR for earlier, later in pairwise(middles))
    for bar in chart.bars:
        assert bar.x >= LEFT - 0.1
        assert bar.x + BAR <= RIGHT + 0.1
        assert sum(1 for units in bar.lot.units.values() if units) == len(bar.pieces)
        for piece in bar.pieces:
            assert piece.y >= TOP - 12
            assert piece.y + piece.height <= GROUND + 0.2
    assert all(LEFT <= x <= RIGHT for x, _day in chart.months)
    assert len(chart.months) <= 9
    assert 1 <= len(chart.levels) <= 7
    for floor in chart.floors:
        assert floor.flag_x >= 0
        assert floor.flag_x + floor.flag_width <= 930.1
