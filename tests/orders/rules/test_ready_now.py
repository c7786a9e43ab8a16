"""What of a short order goes now: who may say so, and which units are worth a parcel."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.ready_now import WISH, is_partly, may_go, take_ready
from orders.rules.values import Line, ParcelRule, Sku

VACUUM, STAND, FILTER, MANUAL, WINE = range(1, 6)


def sku(id_: int, rule: ParcelRule = ParcelRule.NORMAL, *, is_one_lot: bool = False) -> Sku:
    return Sku(id_, 500, 100, 100, 100, rule, 6, "", 0, is_one_lot)


SKUS = {
    VACUUM: sku(VACUUM, ParcelRule.BULKY),
    STAND: sku(STAND),
    FILTER: sku(FILTER),
    MANUAL: sku(MANUAL, ParcelRule.RIDES_ALONG),
    WINE: sku(WINE, is_one_lot=True),
}


def lines_of(*goods: tuple[int, int] | tuple[int, int, int]) -> list[Line]:
    """(SKU, units, price): the price is 100 unless said otherwise."""
    return [Line(n, g[0], g[1], g[2] if len(g) > 2 else 100) for n, g in enumerate(goods, 1)]


def units(lines: tuple[Line, ...]) -> dict[int, int]:
    return {line.sku_id: line.quantity for line in lines}


@pytest.mark.parametrize(("said", "channel", "tenant", "goes"), [
    (None, None, True, True), (None, None, False, False),
    (None, False, True, False), (None, True, False, True),
    (True, False, False, True), (False, True, True, False),
])  # fmt: skip
def test_the_order_is_asked_before_its_channel_and_that_before_the_tenant(
    said: bool | None, channel: bool | None, tenant: bool, goes: bool
) -> None:
    decided = None if said is None else {WISH: {"go": said}}
    assert may_go(decided, channel, tenant) is goes


def test_a_word_that_is_none_counts_for_nothing() -> None:
    assert may_go({WISH: "yes"}, None, False) is False
    assert may_go({WISH: {"go": "yes"}}, None, False) is False


def test_three_bulky_two_there() -> None:
    found = take_ready(lines_of((VACUUM, 3), (STAND, 1), (FILTER, 7)), {VACUUM: 2, STAND: 1, FILTER: 9}, SKUS)
    assert (units(found.now), units(found.later)) == ({VACUUM: 2, STAND: 1, FILTER: 7}, {VACUUM: 1})


def test_what_must_ride_and_what_costs_nothing_wait_with_the_rest() -> None:
    found = take_ready(lines_of((VACUUM, 1), (MANUAL, 2), (FILTER, 1, 0)), {MANUAL: 9, FILTER: 9}, SKUS)
    assert (found.now, len(found.later)) == ((), 3)


def test_goods_of_one_lot_wait_with_the_rest() -> None:
    found = take_ready(lines_of((WINE, 2), (STAND, 2)), {WINE: 9, STAND: 1}, SKUS)
    assert (units(found.now), units(found.later)) == ({STAND: 1}, {WINE: 2, STAND: 1})


def test_nothing_but_goods_must_stop_it() -> None:
    assert is_partly({"A"}, {"A", "B"})
    assert not is_partly({"A", "C"}, {"A", "B"})
    assert not is_partly(set(), {"A"}), "what nothing stops goes whole"


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(SKUS)), st.integers(1, 9), st.sampled_from([0, 100])), max_size=6
    ),
    st.dictionaries(st.sampled_from(sorted(SKUS)), st.integers(0, 12)),
)
def test_now_and_later_are_the_order_and_now_takes_no_more_than_there_is(
    goods: list[tuple[int, int, int]], available: dict[int, int]
) -> None:
    lines = lines_of(*goods)
    found = take_ready(lines, available, SKUS)
    both: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    for line in found.now:
        taken[line.sku_id] += line.quantity
    for line in (*found.now, *found.later):
        both[line.id] += line.quantity
    assert both == {line.id: line.quantity for line in lines}
    assert all(n <= available.get(id_, 0) for id_, n in taken.items())
    assert WINE not in taken
    bought = [
        x for x in found.now if x.unit_price_minor and SKUS[x.sku_id].parcel_rule != ParcelRule.RIDES_ALONG
    ]
    assert bool(found.now) is bool(bought), "nothing goes alone that is not worth a parcel"
