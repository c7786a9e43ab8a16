from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.expiry import NEVER
from inventory.rules.fefo import AllocationPlan, Shelf, Take, Want, allocate

DAYS = [*(date(2026, 1, 1) + timedelta(days=n) for n in range(4)), NEVER]
days = st.sampled_from(DAYS)
sku_ids = st.integers(1, 2)


@st.composite
def shelf_lists(draw: st.DrawFn) -> list[Shelf]:
    row = st.tuples(sku_ids, days, st.sampled_from(DAYS[:2]), st.integers(1, 4), st.integers(0, 6))
    rows = draw(st.lists(row, max_size=14))
    shelves = [
        Shelf(ident, sku_id, ident, expires_on, received_on, sequence, units)
        for ident, (sku_id, expires_on, received_on, sequence, units) in enumerate(rows, start=1)
    ]
    return draw(st.permutations(shelves))


@st.composite
def want_lists(draw: st.DrawFn) -> list[Want]:
    rows = draw(st.lists(st.tuples(sku_ids, days, st.integers(1, 8)), max_size=10))
    return [Want(key, key % 3, *fields) for key, fields in enumerate(rows, start=100)]


def oracle(wants: Sequence[Want], shelves: Sequence[Shelf]) -> AllocationPlan:
    """For each take, look at every shelf anew and choose by the written order."""
    left = {shelf.balance_id: shelf.available for shelf in shelves}
    takes: list[Take] = []
    short: dict[int, int] = {}
    for want in wants:
        need = want.quantity
        while need:
            able = [
                shelf
                for shelf in shelves
                if shelf.sku_id == want.sku_id
                and shelf.expires_on >= want.min_expires_on
                and left[shelf.balance_id]
            ]
            if not able:
                short[want.key] = need
                break
            first = min((shelf.expires_on, shelf.received_on) for shelf in able)
            tier = [shelf for shelf in able if (shelf.expires_on, shelf.received_on) == first]
            emptying = [shelf for shelf in tier if left[shelf.balance_id] <= need]
            if emptying:
                shelf = min(emptying, key=lambda s: (left[s.balance_id], s.sequence, s.balance_id))
            else:
                shelf = min(tier, key=lambda s: (s.sequence, s.balance_id))
            quantity = min(need, left[shelf.balance_id])
            left[shelf.balance_id] -= quantity
            need -= quantity
            takes.append(Take(want.key, shelf.balance_id, quantity))
    return AllocationPlan(tuple(takes), short)


@given(want_lists(), shelf_lists())
def test_allocation_equals_the_written_order(wants: list[Want], shelves: list[Shelf]) -> None:
    assert allocate(wants, shelves) == oracle(wants, shelves)


@given(want_lists(), shelf_lists())
def test_taken_and_short_make_the_demand_and_no_shelf_is_overdrawn(
    wants: list[Want], shelves: list[Shelf]
) -> None:
    plan = allocate(wants, shelves)
    for want in wants:
        taken = sum(take.quantity for take in plan.takes if take.key == want.key)
        assert taken + plan.short.get(want.key, 0) == want.quantity
    for shelf in shelves:
        assert sum(t.quantity for t in plan.takes if t.balance_id == shelf.balance_id) <= shelf.available
    assert all(take.quantity > 0 for take in plan.takes)
    assert all(units > 0 for units in plan.short.values())


@given(want_lists(), shelf_lists())
def test_nothing_is_taken_while_something_older_would_do(wants: list[Want], shelves: list[Shelf]) -> None:
    by_id = {shelf.balance_id: shelf for shelf in shelves}
    want_of = {want.key: want for want in wants}
    left = {shelf.balance_id: shelf.available for shelf in shelves}
    for take in allocate(wants, shelves).takes:
        want, chosen = want_of[take.key], by_id[take.balance_id]
        assert want.min_expires_on <= chosen.expires_on
        assert not any(
            left[shelf.balance_id]
            and shelf.sku_id == want.sku_id
            and want.min_expires_on <= shelf.expires_on
            and (shelf.expires_on, shelf.received_on) < (chosen.expires_on, chosen.received_on)
            for shelf in shelves
        )
        left[take.balance_id] -= take.quantity


@given(want_lists(), shelf_lists())
def test_neither_the_order_of_the_shelves_nor_storage_changes_anything(
    wants: list[Want], shelves: list[Shelf]
) -> None:
    stored = [replace(shelf, replenish=True) for shelf in reversed(shelves)]
    assert allocate(wants, stored) == allocate(wants, shelves)


def test_a_quantity_that_needs_two_lots_gets_two_lots() -> None:
    shelves = [Shelf(1, 7, 1, DAYS[0], DAYS[0], 1, 3), Shelf(2, 7, 2, DAYS[1], DAYS[0], 2, 3)]
    plan = allocate([Want(100, 1, 7, DAYS[0], 5)], shelves)
    assert plan == AllocationPlan((Take(100, 1, 3), Take(100, 2, 2)), {})


def test_goods_without_expiry_come_last_and_an_empty_first_lot_is_passed_over() -> None:
    shelves = [
        Shelf(1, 7, 1, NEVER, DAYS[0], 1, 9),
        Shelf(2, 7, 2, DAYS[3], DAYS[0], 2, 1),
        Shelf(3, 7, 3, DAYS[0], DAYS[0], 3, 0),
    ]
    assert allocate([Want(100, 1, 7, DAYS[0], 2)], shelves).takes == (Take(100, 2, 1), Take(100, 1, 1))


def test_an_opened_bin_stays_open_until_it_empties() -> None:
    shelves = [Shelf(1, 7, 1, NEVER, DAYS[0], 5, 4), Shelf(2, 7, 1, NEVER, DAYS[0], 1, 6)]
    wants = [Want(key, key, 7, DAYS[0], 1) for key in range(100, 110)]
    taken_from = [take.balance_id for take in allocate(wants, shelves).takes]
    assert taken_from == [2] * 6 + [1] * 4
