"""Lots in another order than first expired first out: no choice ever breaks a promise, and none is refused that would not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules import fefo, lot_order
from inventory.rules.expiry import NEVER
from inventory.rules.fefo import Shelf, Want
from inventory.rules.lot_order import LotDemand, Manner
from inventory.rules.promise import Promised, Supply, available

DAYS = [*(date(2026, 1, 1) + timedelta(days=n) for n in range(5)), NEVER]
SKU = 7
FIFO, ONE_LOT = {SKU: Manner(is_fifo=True)}, {SKU: Manner(is_one_lot=True)}
days = st.sampled_from(DAYS)
rows = st.lists(st.tuples(days, days, st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=6)


def shelves_of(found: Sequence[tuple[date, date, int, int]]) -> list[Shelf]:
    """(expiry, received, units, lot); one lot has one expiry and one received date, those of its first row."""
    dates: dict[int, tuple[date, date]] = {}
    for expires_on, received_on, _units, lot in found:
        dates.setdefault(lot, (expires_on, received_on))
    return [Shelf(n, SKU, lot, *dates[lot], n, units) for n, (_e, _r, units, lot) in enumerate(found, 1)]


def keeps_the_law(shelves: Sequence[Shelf], promised: Sequence[tuple[date, int]]) -> bool:
    return all(
        sum(units for floor, units in promised if floor >= day)
        <= sum(shelf.available for shelf in shelves if shelf.expires_on >= day)
        for day in DAYS
    )


def without(shelves: Sequence[Shelf], balance_id: int, units: int) -> list[Shelf]:
    return [
        replace(shelf, available=shelf.available - units) if shelf.balance_id == balance_id else shelf
        for shelf in shelves
    ]


@st.composite
def kept(draw: st.DrawFn) -> tuple[list[Shelf], list[tuple[date, int]]]:
    """Stock, and promises that fit."""
    shelves = shelves_of(draw(rows))
    promised: list[tuple[date, int]] = []
    for floor, units in draw(st.lists(st.tuples(days, st.integers(1, 4)), max_size=6)):
        if keeps_the_law(shelves, [*promised, (floor, units)]):
            promised.append((floor, units))
    return shelves, promised


def as_rows(promised: Sequence[tuple[date, int]]) -> list[Promised]:
    return [Promised(SKU, floor, units) for floor, units in promised]


@given(kept(), st.data())
def test_first_in_first_out_takes_the_first_unit_that_breaks_nothing(
    state: tuple[list[Shelf], list[tuple[date, int]]], data: st.DataObject
) -> None:
    shelves, promised = state
    order = data.draw(st.permutations(range(len(promised))))
    served = order[: data.draw(st.integers(0, len(order)))]
    wants = [Want(n, n, SKU, *promised[n]) for n in served]
    plan = lot_order.allocate(wants, shelves, as_rows(promised), FIFO)
    assert not plan.short
    by_age = sorted(shelves, key=lambda s: (s.received_on, s.expires_on, s.lot_id, s.sequence))
    taken: dict[tuple[int, int], int] = {}
    left = list(promised)
    for want in wants:
        left.remove((want.min_expires_on, want.quantity))
        for unit in range(want.quantity, 0, -1):
            rest = [*left, *([(want.min_expires_on, unit - 1)] if unit > 1 else [])]
            for shelf in by_age:
                now = next(s for s in shelves if s.balance_id == shelf.balance_id)
                after = without(shelves, shelf.balance_id, 1)
                if now.available and now.expires_on >= want.min_expires_on and keeps_the_law(after, rest):
                    break
            else:
                raise AssertionError("no lot at all would do")
            shelves = after
            taken[want.key, shelf.balance_id] = taken.get((want.key, shelf.balance_id), 0) + 1
    assert taken == {(take.key, take.balance_id): take.quantity for take in plan.takes}


@given(kept(), st.data())
def test_a_change_of_lot_is_allowed_exactly_if_nothing_promised_is_lost(
    state: tuple[list[Shelf], list[tuple[date, int]]], data: st.DataObject
) -> None:
    shelves, promised = state
    into = data.draw(st.sampled_from(shelves))
    units = data.draw(st.integers(1, into.available))
    gives = data.draw(st.one_of(st.none(), days))
    broken = lot_order.change(shelves, as_rows(promised), gives, into.expires_on, units)
    after = without(shelves, into.balance_id, units)
    if gives is not None:
        after.append(Shelf(99, SKU, 99, gives, DAYS[0], 0, units))
    assert (broken is None) == keeps_the_law(after, promised)
    if broken is not None:
        wanted = sum(n for floor, n in promised if floor >= broken.day)
        there = sum(shelf.available for shelf in after if shelf.expires_on >= broken.day)
        assert wanted - there == broken.units


@given(
    kept(),
    st.lists(st.lists(st.tuples(st.integers(1, 4), days), min_size=1, max_size=3), max_size=4),
    st.booleans(),
)
def test_lots_that_are_set_aside_hold_what_they_must_and_no_promise_loses_a_unit(
    state: tuple[list[Shelf], list[tuple[date, int]]], wanted: list[list[tuple[int, date]]], is_fifo: bool
) -> None:
    shelves, promised = state
    demands = [LotDemand(key, tuple((SKU, *part) for part in parts)) for key, parts in enumerate(wanted)]
    plan = lot_order.plan_lots(demands, shelves, as_rows(promised), {SKU: Manner(is_fifo, is_one_lot=True)})
    assert set(plan.lots) | {miss.key for miss in plan.short} == set(range(len(demands)))
    assert not set(plan.lots) & {miss.key for miss in plan.short}
    for demand in demands:
        if demand.key not in plan.lots:
            (miss,) = [miss for miss in plan.short if miss.key == demand.key]
            floor = next(floor for _sku, units, floor in demand.parts if units == miss.wanted)
            assert miss.most < miss.wanted or any(f != floor for _s, _u, f in demand.parts)
            continue
        for lot_id, (_sku, units, floor) in zip(plan.lots[demand.key], demand.parts, strict=True):
            assert all(shelf.expires_on >= floor for shelf in shelves if shelf.lot_id == lot_id)
            need = units
            for shelf in [shelf for shelf in shelves if shelf.lot_id == lot_id]:
                taken = min(need, shelf.available)
                shelves, need = without(shelves, shelf.balance_id, taken), need - taken
            assert need == 0
        assert keeps_the_law(shelves, promised)


@given(kept(), st.integers(1, 5), days)
def test_a_demand_of_one_part_is_short_only_if_no_lot_would_do(
    state: tuple[list[Shelf], list[tuple[date, int]]], units: int, floor: date
) -> None:
    shelves, promised = state
    plan = lot_order.plan_lots([LotDemand(1, ((SKU, units, floor),))], shelves, as_rows(promised), ONE_LOT)
    fits = []
    for lot_id in {shelf.lot_id for shelf in shelves}:
        lot = [shelf for shelf in shelves if shelf.lot_id == lot_id]
        supplies = [Supply(SKU, shelf.expires_on, shelf.available) for shelf in shelves]
        free = available(supplies, as_rows(promised), lot[0].expires_on)
        if lot[0].expires_on >= floor and min(sum(s.available for s in lot), free) >= units:
            fits.append(lot[0])
    assert bool(plan.lots) == bool(fits)
    if fits:
        first = min(fits, key=lambda shelf: (shelf.expires_on, shelf.received_on, shelf.lot_id))
        assert plan.lots[1] == (first.lot_id,)


def test_two_and_two_and_two_from_lots_of_three_and_three_fails() -> None:
    shelves = shelves_of([(DAYS[1], DAYS[0], 3, 1), (DAYS[2], DAYS[0], 3, 2)])
    demands = [LotDemand(key, ((SKU, 2, DAYS[0]),)) for key in (1, 2, 3)]
    plan = lot_order.plan_lots(demands, shelves, [], ONE_LOT)
    assert plan.lots == {1: (1,), 2: (2,)}
    assert [(miss.key, miss.wanted, miss.most) for miss in plan.short] == [(3, 2, 1)]
    whole = lot_order.plan_lots([LotDemand(9, ((SKU, 2, DAYS[0]),) * 3)], shelves, [], ONE_LOT)
    assert whole.lots == {}
    assert [(miss.key, miss.wanted, miss.most) for miss in whole.short] == [(9, 2, 1)]


def test_one_owner_gets_one_lot_over_several_lines_and_bins() -> None:
    shelves = shelves_of([(DAYS[1], DAYS[0], 3, 1), (DAYS[2], DAYS[0], 2, 2), (DAYS[2], DAYS[0], 3, 2)])
    wants = [Want(1, 5, SKU, DAYS[0], 2), Want(2, 5, SKU, DAYS[0], 2)]
    plan = lot_order.allocate(wants, shelves, as_rows([(DAYS[0], 4)]), ONE_LOT)
    assert {take.balance_id for take in plan.takes} == {2, 3}
    assert sum(take.quantity for take in plan.takes) == 4
    none = lot_order.allocate([replace(wants[0], quantity=6)], shelves, as_rows([(DAYS[0], 6)]), ONE_LOT)
    assert (none.takes, none.short) == ((), {1: 6})


def test_first_expired_first_out_never_needs_the_look() -> None:
    """What rules.fefo does is what a manner without wishes would do."""
    shelves = shelves_of([(DAYS[1], DAYS[3], 3, 1), (DAYS[2], DAYS[0], 3, 2)])
    wants = [Want(1, 1, SKU, DAYS[0], 4)]
    plain = lot_order.allocate(wants, shelves, as_rows([(DAYS[0], 4)]), {SKU: Manner()})
    assert plain.takes == fefo.allocate(wants, shelves).takes
    old_first = lot_order.allocate(wants, shelves, as_rows([(DAYS[0], 4)]), FIFO)
    assert [(take.balance_id, take.quantity) for take in old_first.takes] == [(2, 3), (1, 1)]


def test_the_oldest_lot_is_passed_by_when_somebody_was_promised_it() -> None:
    """Received first and lasting longest: the promise for long dates keeps it."""
    shelves = shelves_of([(DAYS[4], DAYS[0], 5, 1), (DAYS[1], DAYS[2], 5, 2)])
    promised = [(DAYS[0], 4), (DAYS[3], 3)]
    plan = lot_order.allocate([Want(1, 1, SKU, *promised[0])], shelves, as_rows(promised), FIFO)
    assert [(take.balance_id, take.quantity) for take in plan.takes] == [(1, 2), (2, 2)]
