"""What channels say they have: never negative, never more than there is between them, never less when there is more."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules import promise
from inventory.rules.promise import Demand, Promised, Supply
from orders.rules.stock_out import Level, Seller, Strategy, levels, spread

DAY = date(2026, 1, 1)
PLACES = (1, 2, 3)
SKU = 7


def units_of(found: tuple[Level, ...]) -> list[int]:
    return [level.units for level in found]


@pytest.mark.parametrize(
    ("strategies", "waiting", "expected"),
    [
        ([Strategy()], 0, [100]),
        ([Strategy()], 130, [0]),
        ([Strategy(kept_back=5)], 10, [85]),
        ([Strategy(), Strategy()], 0, [50, 50]),
        ([Strategy(60), Strategy(40)], 10, [54, 36]),
        ([Strategy(50), Strategy(30)], 0, [50, 30]),
        ([Strategy(fixed=20), Strategy()], 0, [20, 80]),
        ([Strategy(fixed=200), Strategy()], 0, [100, 0]),
        ([Strategy(fixed=90), Strategy(fixed=60)], 0, [60, 40]),
        ([Strategy(0), Strategy()], 0, [0, 100]),
    ],
)
def test_the_worked_table(strategies: list[Strategy], waiting: int, expected: list[int]) -> None:
    """docs/rules/stock_out.md: one facility, 100 units reservable."""
    sellers = [Seller(number, {1: 100}, strategy) for number, strategy in enumerate(strategies)]
    assert units_of(levels(sellers, {1: waiting})) == expected


def test_every_part_of_the_formula_is_said() -> None:
    (first, second) = levels(
        [Seller(1, {1: 80, 2: 20}, Strategy(50, None, 5)), Seller(2, {2: 20}, Strategy(fixed=4))],
        {1: 6, 2: 1},
    )
    assert first == Level(1, 42, 100, 7, 5, 4, Fraction(1, 2), None)
    assert first.free == 84
    assert second == Level(2, 4, 20, 1, 0, 0, Fraction(1), 4)


def test_shops_may_overlap_when_the_merchant_says_so() -> None:
    sellers = [Seller(1, {1: 9}), Seller(2, {1: 9}, Strategy(fixed=12)), Seller(3, {1: 9}, Strategy(50))]
    assert units_of(levels(sellers, {}, may_overlap=True)) == [9, 9, 4]


strategies = st.builds(
    Strategy,
    share=st.integers(0, 100),
    fixed=st.none() | st.integers(0, 60),
    kept_back=st.integers(0, 15),
)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Seller], dict[int, int], dict[int, list[Supply]], dict[int, date]]:
    """Stock with dates at three facilities; channels with their own minimum, each over some of them."""
    stock = {
        place: [
            Supply(SKU, DAY + timedelta(days=draw(st.integers(0, 5))), draw(st.integers(1, 40)))
            for _lot in range(draw(st.integers(0, 3)))
        ]
        for place in PLACES
    }
    floors: dict[int, date] = {}
    sellers = []
    for channel_id in range(1, draw(st.integers(1, 4)) + 1):
        floors[channel_id] = DAY + timedelta(days=draw(st.integers(0, 5)))
        places = draw(st.sets(st.sampled_from(PLACES), min_size=1))
        reservable = {place: promise.available(stock[place], [], floors[channel_id]) for place in places}
        sellers.append(Seller(channel_id, reservable, draw(strategies)))
    waiting = {place: draw(st.integers(0, 30)) for place in PLACES}
    return sellers, waiting, stock, floors


@given(scenes())
def test_nobody_says_less_than_nothing_nor_more_than_it_may(
    scene: tuple[list[Seller], dict[int, int], dict[int, list[Supply]], dict[int, date]],
) -> None:
    sellers, waiting, _stock, _floors = scene
    for may_overlap in (False, True):
        for level in levels(sellers, waiting, may_overlap=may_overlap):
            assert 0 <= level.units <= level.free
            assert level.fixed is None or level.units <= level.fixed


@given(scenes())
def test_all_that_is_said_could_be_reserved_at_once(
    scene: tuple[list[Seller], dict[int, int], dict[int, list[Supply]], dict[int, date]],
) -> None:
    """Units of the channels, beside the units that wait, are a flow from facilities to channels; reserve would take the whole of it."""
    sellers, waiting, stock, floors = scene
    left = {level.channel_id: level.units for level in levels(sellers, waiting)}
    assert _fits(sellers, left, waiting, stock, floors)


def _fits(
    sellers: list[Seller],
    wanted: dict[int, int],
    waiting: dict[int, int],
    stock: dict[int, list[Supply]],
    floors: dict[int, date],
) -> bool:
    """By the law, for every set of channels: what they say is at most what their facilities could promise them together (Hall)."""
    channels = [seller.channel_id for seller in sellers]
    places = {seller.channel_id: set(seller.reservable) for seller in sellers}
    for bits in range(1, 1 << len(channels)):
        chosen = [c for i, c in enumerate(channels) if bits >> i & 1]
        most = 0
        for place in set().union(*(places[c] for c in chosen)):
            here = [c for c in chosen if place in places[c]]
            free = promise.available(stock[place], [], min(floors[c] for c in here))
            most += max(0, free - waiting[place])
        if sum(wanted[c] for c in chosen) > most:
            return False
    return True


@given(scenes(), st.sampled_from(PLACES))
def test_one_facility_alone_promises_them_all(
    scene: tuple[list[Seller], dict[int, int], dict[int, list[Supply]], dict[int, date]], place: int
) -> None:
    """The reservation itself says yes to every channel's number, in any order."""
    sellers, _waiting, stock, floors = scene
    here = [replace(s, reservable={place: s.reservable[place]}) for s in sellers if place in s.reservable]
    said = [level for level in levels(here, {}) if level.units]
    for order in (said, said[::-1]):
        demands = [Demand(one.channel_id, floors[one.channel_id], ((SKU, one.units),)) for one in order]
        no_promise: list[Promised] = []
        assert not promise.plan_promises(demands, stock[place], no_promise).short


@given(scenes(), st.sampled_from(PLACES), st.integers(1, 20), st.booleans())
def test_more_stock_and_fewer_waiting_never_lower_a_number(
    scene: tuple[list[Seller], dict[int, int], dict[int, list[Supply]], dict[int, date]],
    place: int,
    more: int,
    may_overlap: bool,
) -> None:
    sellers, waiting, _stock, _floors = scene
    before = units_of(levels(sellers, waiting, may_overlap=may_overlap))
    richer = [
        replace(s, reservable={p: units + more * (p == place) for p, units in s.reservable.items()})
        for s in sellers
    ]
    after = units_of(levels(richer, waiting, may_overlap=may_overlap))
    fewer = {p: max(0, units - more * (p == place)) for p, units in waiting.items()}
    assert all(a >= b for a, b in zip(after, before, strict=True))
    assert all(
        a >= b for a, b in zip(units_of(levels(sellers, fewer, may_overlap=may_overlap)), before, strict=True)
    )


@given(st.integers(0, 1_000), st.integers(1, 30))
def test_listings_of_one_sku_share_the_number(units: int, listings: int) -> None:
    found = spread(units, listings)
    assert sum(found) == units
    assert max(found) - min(found) <= 1
    assert spread(units, listings, may_overlap=True) == (units,) * listings
