"""Kits: no kit in itself, no unit lost on the way in or out."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules import kits
from inventory.rules.expiry import NEVER, earliest
from inventory.rules.kits import Inside, Missing, Part, find_cycle

GRAPHS = st.dictionaries(st.integers(1, 7), st.lists(st.integers(1, 7), max_size=4, unique=True), max_size=7)
TODAY = date(2026, 3, 1)
DATES = st.one_of(st.none(), st.dates(date(2026, 3, 1), date(2030, 1, 1)))


def reachable(graph: dict[int, list[int]], start: int) -> set[int]:
    seen: set[int] = set()
    open_ = list(graph.get(start, ()))
    while open_:
        one = open_.pop()
        if one not in seen:
            seen.add(one)
            open_ += graph.get(one, ())
    return seen


@given(GRAPHS)
def test_a_cycle_is_found_exactly_when_a_kit_reaches_itself(graph: dict[int, list[int]]) -> None:
    way = find_cycle(graph)
    assert bool(way) == any(sku in reachable(graph, sku) for sku in graph)
    if way:
        assert way[0] == way[-1]
        assert len(set(way)) == len(way) - 1
        assert all(part in graph[sku] for sku, part in pairwise(way))


def test_a_chain_of_thousands_is_walked() -> None:
    deep = {sku: [sku + 1] for sku in range(5_000)}
    assert find_cycle(deep) == ()
    assert len(find_cycle(deep | {5_000: [0]})) == 5_002


PARTS = st.lists(
    st.builds(Part, st.integers(1, 6), st.integers(1, 9), st.one_of(st.none(), st.integers(0, 500))),
    min_size=1,
    max_size=5,
    unique_by=lambda part: part.sku_id,
)


@given(PARTS, st.dictionaries(st.integers(1, 6), st.integers(0, 60)), st.integers(1, 12))
def test_what_is_missing_is_named_exactly_when_it_is_not_enough(
    parts: list[Part], have: dict[int, int], quantity: int
) -> None:
    most = kits.possible(parts, have)
    assert all(have.get(part.sku_id, 0) >= part.quantity * most for part in parts)
    assert any(have.get(part.sku_id, 0) < part.quantity * (most + 1) for part in parts)
    short = kits.missing(parts, have, quantity)
    assert (not short) == (most >= quantity)
    assert all(one.have < one.want for one in short)


def test_the_missing_part_says_what_there_is() -> None:
    parts = [Part(1, 2), Part(2, 1)]
    assert kits.missing(parts, {1: 7, 2: 20}, 10) == (Missing(1, 7, 20),)
    assert kits.possible([], {1: 5}) == 0


@given(st.lists(DATES, max_size=5), st.one_of(st.none(), st.integers(1, 900)))
def test_a_kit_expires_with_the_first_of_its_parts_or_by_its_own_life(
    used: list[date | None], days: int | None
) -> None:
    day = kits.expires_on(used, TODAY, days=days, months=None, production_day_counts=False)
    own = TODAY + timedelta(days=days) if days else NEVER
    assert day == earliest([*used, own])
    assert day in [*(one or NEVER for one in used), own]
    assert day <= own
    assert all(day <= (one or NEVER) for one in used)


def test_what_does_not_expire_makes_a_kit_that_does_not() -> None:
    assert earliest([]) == NEVER
    assert kits.expires_on([None, None], TODAY, days=None, months=None, production_day_counts=False) == NEVER


@given(PARTS)
def test_the_cost_is_known_when_all_parts_costs_are(parts: list[Part]) -> None:
    cost = kits.cost_minor(parts)
    assert (cost is None) == any(part.cost_minor is None for part in parts)
    if cost is not None:
        assert cost == sum(part.quantity * (part.cost_minor or 0) for part in parts)


INSIDE = st.lists(
    st.builds(lambda lot, units: Inside(lot % 3, lot, units), st.integers(1, 12), st.integers(0, 40)),
    max_size=8,
    unique_by=lambda row: row.lot_id,
)


@given(INSIDE, st.integers(0, 30), st.data())
def test_taking_apart_in_any_steps_gives_back_all_that_went_in(
    inside: list[Inside], whole: int, data: st.DataObject
) -> None:
    left, came, rows = whole, Counter[int](), inside
    while left:
        quantity = data.draw(st.integers(1, left))
        parts_before: defaultdict[int, int] = defaultdict(int)
        for row in rows:
            parts_before[row.sku_id] += row.units
        apart = kits.take_apart(rows, kits=left, quantity=quantity)
        assert apart.by_recipe == 0
        for sku_id, units in parts_before.items():
            out = sum(apart.by_lot.get(row.lot_id, 0) for row in rows if row.sku_id == sku_id)
            assert out == units * quantity // left
        assert all(apart.by_lot.get(row.lot_id, 0) <= row.units for row in rows)
        came.update(apart.by_lot)
        rows = [Inside(row.sku_id, row.lot_id, row.units - apart.by_lot.get(row.lot_id, 0)) for row in rows]
        left -= quantity
    if whole:
        assert +came == Counter({row.lot_id: row.units for row in inside if row.units})


def test_lots_of_a_part_come_out_in_proportion() -> None:
    inside = [Inside(1, 11, 7), Inside(1, 12, 3), Inside(2, 21, 10)]
    assert kits.take_apart(inside, kits=10, quantity=5).by_lot == {11: 4, 12: 1, 21: 5}
    assert kits.take_apart(inside, kits=10, quantity=12).by_recipe == 2
    assert kits.take_apart([], kits=0, quantity=3) == kits.Apart({}, 3)
