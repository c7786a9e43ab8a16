"""A delivery counted up on its order; a transfer's units laid on what left."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.receiving import NO_LOT, Expected, count_up, name_lot
from inventory.rules.transferring import Item, settle

SKUS = st.integers(1, 6)
UNITS = st.integers(1, 40)


@st.composite
def orders(draw: st.DrawFn) -> list[Expected]:
    skus = draw(st.lists(SKUS, unique=True, min_size=1))
    return [Expected(100 + sku, sku, draw(UNITS), draw(st.integers(0, 50))) for sku in skus]


@given(orders(), st.dictionaries(SKUS, UNITS), st.integers(0, 100), st.booleans())
def test_no_unit_of_a_delivery_is_lost(
    lines: list[Expected], delivered: dict[int, int], percent: int, is_open: bool
) -> None:
    counted = count_up(lines, delivered, over_percent=percent, is_open=is_open)
    line_of = {line.sku_id: line for line in lines}
    unordered = sum(units for sku, units in delivered.items() if sku not in line_of)
    assert sum(counted.added.values()) + unordered == sum(delivered.values())
    assert {o.sku_id for o in counted.beyond} <= {o.sku_id for o in counted.over}
    for over in counted.over:
        line = line_of.get(over.sku_id)
        open_units = line.open_units if line and is_open else 0
        assert over.units == delivered[over.sku_id] - min(delivered[over.sku_id], open_units)
    named = {o.sku_id for o in counted.over}
    for sku, units in delivered.items():
        open_units = line_of[sku].open_units if sku in line_of and is_open else 0
        assert (sku in named) == (units > open_units)
    assert counted.is_complete == all(
        line.received + delivered.get(line.sku_id, 0) >= line.quantity for line in lines
    )


def test_a_few_more_than_ordered_need_nobody() -> None:
    line = Expected(1, 7, 100)
    assert not count_up([line], {7: 105}, over_percent=5).beyond
    (over,) = count_up([line], {7: 106}, over_percent=5).beyond
    assert (over.expected, over.received, over.units) == (100, 106, 6)
    assert count_up([line], {7: 105}).beyond
    assert count_up([line], {8: 1}, over_percent=100).beyond, "nobody ordered it"
    assert count_up([Expected(1, 7, 9)], {7: 1}, over_percent=100, is_open=False).beyond


def test_goods_without_lots_have_one_lot_a_date() -> None:
    assert name_lot("", None, has_lots=False) == NO_LOT
    assert name_lot("", date(2027, 5, 1), has_lots=False) == "2027-05-01"
    assert name_lot("A", None, has_lots=False) == "A"
    assert name_lot("", None, has_lots=True) == ""


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    found = []
    for id_ in range(draw(st.integers(1, 6))):
        arrived, lost, left = draw(st.integers(0, 9)), draw(st.integers(0, 9)), draw(st.integers(0, 9))
        found.append(
            Item(
                id_,
                draw(st.integers(1, 3)),
                arrived + lost + left + (not arrived + lost + left),
                arrived,
                lost,
            )
        )
    return found


LOTS = st.dictionaries(st.integers(1, 3), st.integers(1, 30))


@given(items(), LOTS, LOTS)
def test_what_came_and_what_was_lost_is_laid_on_what_left(
    rows: list[Item], arrived: dict[int, int], lost: dict[int, int]
) -> None:
    settled = settle(rows, arrived, lost)
    by_id = {row.id: row for row in rows}
    for id_, row in by_id.items():
        assert settled.arrived.get(id_, 0) + settled.lost.get(id_, 0) <= row.on_the_road
    for lot in (1, 2, 3):
        laid = sum(
            n for m in (settled.arrived, settled.lost) for id_, n in m.items() if by_id[id_].lot_id == lot
        )
        asked = arrived.get(lot, 0) + lost.get(lot, 0)
        road = sum(row.on_the_road for row in rows if row.lot_id == lot)
        assert laid == min(asked, road)
        assert settled.excess.get(lot, 0) == asked - laid
    left = sum(row.on_the_road for row in rows) - sum(settled.arrived.values()) - sum(settled.lost.values())
    assert settled.is_done == (left == 0)
