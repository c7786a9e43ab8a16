"""Who gives way when units leave a bin that has promised them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.displacing import Displaced, Given, Out, displace, give_up, strength

DAY, NOON = date(2026, 3, 1), datetime(2026, 3, 1, 12, tzinfo=UTC)
ELSEWHERE = (101, 102)  # balances to which units may go


def row(id_: int, units: int, *, balance: int = 1, owner: int = 0, priority: int = 0, days: int = 0) -> Given:
    return Given(id_, owner or id_, id_, balance, units, DAY, priority, NOON + timedelta(days))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Out], list[Given]]:
    """Allocations of up to three balances, each of which gives some of its allocated units."""
    part = st.tuples(
        st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(0, 2), st.integers(0, 2)
    )
    rows = [
        row(id_, units, balance=balance, owner=owner, priority=priority, days=days)
        for id_, (balance, units, owner, priority, days) in enumerate(draw(st.lists(part, max_size=12)), 1)
    ]
    allocated = Counter[int]()
    for one in rows:
        allocated[one.balance_id] += one.quantity
    outs = []
    for balance in sorted(allocated):
        into = draw(st.lists(st.tuples(st.sampled_from(ELSEWHERE), st.integers(1, 6)), max_size=2).map(tuple))
        outs.append(Out(balance, draw(st.integers(0, allocated[balance])), into))
    return outs, rows


def units_by_owner(rows: Iterable[Given]) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    for one in rows:
        sums[one.owner_ref] += one.quantity
    return dict(sums)


def left(plan: Displaced, rows: Iterable[Given]) -> list[Given]:
    """What the allocations keep where they are."""
    return [
        row(r.id, plan.reduced.get(r.id, r.quantity), balance=r.balance_id, owner=r.owner_ref)
        for r in rows
        if r.id not in plan.ended
    ]


@given(scenes())
def test_units_taken_are_units_asked_for_and_go_along_or_are_freed(
    scene: tuple[list[Out], list[Given]],
) -> None:
    outs, rows = scene
    plan = displace(outs, rows)
    before, after = Counter[int](), Counter[int]()
    for one in rows:
        before[one.balance_id] += one.quantity
    for one in left(plan, rows):
        after[one.balance_id] += one.quantity
    home = {r.id: r.balance_id for r in rows}
    for out in outs:
        loose = [r.quantity for r in (*plan.carried, *plan.freed) if home[r.id] == out.balance_id]
        assert before[out.balance_id] - after[out.balance_id] == out.allocated_units == sum(loose)
        assert plan.taken.get(out.balance_id, 0) == out.allocated_units
    assert all(r.balance_id == home[r.id] for r in plan.freed), "freed units name the bin they lost"


@given(scenes())
def test_no_owner_gains_or_loses_a_unit_unsaid(scene: tuple[list[Out], list[Given]]) -> None:
    outs, rows = scene
    plan = displace(outs, rows)
    assert units_by_owner([*left(plan, rows), *plan.carried, *plan.freed]) == units_by_owner(rows)


@given(scenes())
def test_what_follows_has_room_and_as_much_follows_as_has(scene: tuple[list[Out], list[Given]]) -> None:
    outs, rows = scene
    plan = displace(outs, rows)
    home = {r.id: r.balance_id for r in rows}
    for out in outs:
        room, used = Counter[int](), Counter[int]()
        for balance, units in out.into:
            room[balance] += units
        for one in plan.carried:
            if home[one.id] == out.balance_id:
                used[one.balance_id] += one.quantity
        assert all(used[balance] <= room[balance] for balance in used)
        assert used.total() == min(out.allocated_units, room.total())


@given(scenes())
def test_only_the_weakest_are_touched_and_the_strongest_of_them_follow(
    scene: tuple[list[Out], list[Given]],
) -> None:
    outs, rows = scene
    plan = displace(outs, rows)
    touched = {*plan.reduced, *plan.ended}
    home = {r.id: r for r in rows}
    for out in outs:
        here = sorted((r for r in rows if r.balance_id == out.balance_id), key=strength)
        states = [
            0 if r.id not in touched else 1 if r.id in plan.reduced else 2 for r in here
        ]  # kept, in part, gone
        assert states == sorted(states)
        assert states.count(1) <= 1
        follow = [strength(r) for r in plan.carried if home[r.id].balance_id == out.balance_id]
        stay = [strength(r) for r in plan.freed if r.balance_id == out.balance_id]
        assert not follow or not stay or max(follow) <= min(stay)
    assert [strength(r) for r in plan.freed] == sorted(strength(r) for r in plan.freed)


@given(scenes(), st.data())
def test_the_order_of_the_rows_does_not_matter(
    scene: tuple[list[Out], list[Given]], data: st.DataObject
) -> None:
    outs, rows = scene
    assert _same(displace(outs, data.draw(st.permutations(rows)))) == _same(displace(outs, rows))
    assert _same(displace(data.draw(st.permutations(outs)), rows)) == _same(displace(outs, rows))


def _same(plan: Displaced) -> tuple[object, ...]:
    """A plan without the order in which nothing depends on it."""
    carried = sorted((r.id, r.balance_id, r.quantity) for r in plan.carried)
    return dict(plan.reduced), sorted(plan.ended), dict(plan.taken), carried, plan.freed


def oracle(rows: Sequence[Given], units: int) -> dict[int, int]:
    """Unit by unit: the weakest allocation that still has one gives it."""
    kept = {r.id: r.quantity for r in rows}
    by_strength = {r.id: strength(r) for r in rows}
    for _ in range(units):
        kept[max((id_ for id_, n in kept.items() if n), key=by_strength.__getitem__)] -= 1
    return {id_: n for id_, n in kept.items() if n}


@given(scenes())
def test_as_if_one_unit_was_taken_after_the_other(scene: tuple[list[Out], list[Given]]) -> None:
    outs, rows = scene
    plan = displace(outs, rows)
    kept = {r.id: r.quantity for r in left(plan, rows)}
    for out in outs:
        here = [r for r in rows if r.balance_id == out.balance_id]
        assert {r.id: kept[r.id] for r in here if r.id in kept} == oracle(here, out.allocated_units)


def test_worked() -> None:
    rows = [row(1, 4, priority=9), row(2, 3, days=1), row(3, 2, days=2), row(4, 5, balance=2)]
    plan = displace([Out(1, 4, ((101, 1),))], rows)
    assert plan.reduced == {2: 1}
    assert plan.ended == (3,)
    assert plan.taken == {1: 4}
    assert [(r.id, r.balance_id, r.quantity) for r in plan.carried] == [(2, 101, 1)]
    assert [(r.id, r.balance_id, r.quantity) for r in plan.freed] == [(2, 1, 1), (3, 1, 2)]


def test_a_balance_whose_rows_do_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer allocations"):
        displace([Out(1, 3)], [row(1, 2)])


@given(scenes())
def test_what_is_given_up_is_given_up_whole(scene: tuple[list[Out], list[Given]]) -> None:
    _outs, rows = scene
    plan = give_up(rows)
    assert sorted(plan.ended) == sorted(r.id for r in rows)
    assert list(plan.freed) == sorted(rows, key=strength)
    assert not plan.reduced and not plan.carried
    taken = Counter[int]()
    for one in rows:
        taken[one.balance_id] += one.quantity
    assert plan.taken == taken
