"""Goods find their own lot, their own kind, or an empty bin that no other kind gets."""

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.put_away import EmptyBin, Stocked, Suggestion, Waiting, Why, suggest

LOTS = st.integers(1, 12)  # lot n is of SKU n // 3
WAITING = st.lists(LOTS.map(lambda lot: Waiting(lot // 3, lot)), unique=True, max_size=12)
STOCKED = st.lists(
    st.builds(lambda b, s, lot: Stocked(b, s, lot // 3, lot), st.integers(1, 9), st.integers(0, 5), LOTS),
    max_size=8,
)
EMPTY = st.lists(
    st.builds(EmptyBin, st.integers(100, 120), st.integers(0, 5)), max_size=6, unique_by=lambda e: e.bin_id
)


def test_the_same_lot_goes_first_then_the_same_goods_then_an_empty_bin() -> None:
    stocked = [Stocked(1, 30, 7, 70), Stocked(2, 10, 7, 71), Stocked(3, 20, 7, 70)]
    empty = [EmptyBin(9, 5), EmptyBin(8, 1)]
    found = suggest([Waiting(7, 70), Waiting(7, 72), Waiting(5, 50), Waiting(5, 51)], stocked, empty)
    assert found == {
        Waiting(7, 70): Suggestion(3, Why.SAME_LOT),
        Waiting(7, 72): Suggestion(2, Why.SAME_SKU),
        Waiting(5, 50): Suggestion(8, Why.EMPTY),
        Waiting(5, 51): Suggestion(8, Why.EMPTY),
    }


@given(WAITING, STOCKED, EMPTY)
def test_order_says_nothing(waiting: list[Waiting], stocked: list[Stocked], empty: list[EmptyBin]) -> None:
    assert suggest(waiting, stocked, empty) == suggest(waiting[::-1], stocked[::-1], empty[::-1])


@given(WAITING, STOCKED, EMPTY)
def test_each_gets_the_best_there_is(
    waiting: list[Waiting], stocked: list[Stocked], empty: list[EmptyBin]
) -> None:
    found = suggest(waiting, stocked, empty)
    lots, skus = {row.lot_id for row in stocked}, {row.sku_id for row in stocked}
    new = {one.sku_id for one in waiting if one.lot_id not in lots and one.sku_id not in skus}
    for one in waiting:
        if one.lot_id in lots:
            assert found[one].why == Why.SAME_LOT
        elif one.sku_id in skus:
            assert found[one].why == Why.SAME_SKU
    homes = {one.sku_id: s.bin_id for one, s in found.items() if s.why == Why.EMPTY}
    assert len(homes) == min(len(new), len(empty)), "no empty bin is left over while goods have none"
    assert len(set(homes.values())) == len(homes), "two kinds of goods never share an empty bin"
