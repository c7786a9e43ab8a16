from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.expiry import NEVER
from inventory.rules.promise import (
    BrokenPlan,
    Demand,
    Promised,
    PromisePlan,
    Reserved,
    Shortage,
    Supply,
    available,
    plan_promises,
    settle,
)

DAYS = [*(date(2026, 1, 1) + timedelta(days=n) for n in range(6)), NEVER]
days = st.sampled_from(DAYS)
sku_ids = st.integers(1, 3)
supplies = st.lists(st.builds(Supply, sku_ids, days, st.integers(0, 6)), max_size=10)
promises = st.lists(st.builds(Promised, sku_ids, days, st.integers(0, 3)), max_size=6)
units = st.lists(st.tuples(sku_ids, st.integers(1, 3)), min_size=1, max_size=4).map(tuple)


@st.composite
def demand_lists(draw: st.DrawFn) -> list[Demand]:
    parts = draw(st.lists(st.tuples(days, units), max_size=10))
    return [Demand(key, day, wanted) for key, (day, wanted) in enumerate(parts, start=100)]


@st.composite
def reservation_lists(draw: st.DrawFn) -> list[Reserved]:
    deadlines = st.sampled_from(DAYS[:3])
    row = st.tuples(st.integers(1, 5), sku_ids, days, st.integers(1, 4), st.integers(0, 2), deadlines)
    rows = draw(st.lists(row, max_size=14))
    reserved = [Reserved(ident, *fields) for ident, fields in enumerate(rows, start=1)]
    return draw(st.permutations(reserved))


def room(
    sku_id: int, day: date, supplies: Iterable[Supply], promised: Iterable[tuple[int, date, int]]
) -> int:
    """The law, word for word: min over every day d <= f of S(d) - P(d)."""
    supplies, promised = tuple(supplies), tuple(promised)

    def difference(d: date) -> int:
        sellable = sum(s.units for s in supplies if s.sku_id == sku_id and s.expires_on >= d)
        return sellable - sum(q for sku, f, q in promised if sku == sku_id and f >= d)

    return min(difference(d) for d in DAYS if d <= day)


def law_holds(supplies: Sequence[Supply], promised: Sequence[tuple[int, date, int]]) -> bool:
    return all(room(sku_id, NEVER, supplies, promised) >= 0 for sku_id in (1, 2, 3))


def oracle(
    demands: Sequence[Demand], supplies: Sequence[Supply], promised: Sequence[Promised]
) -> PromisePlan:
    rows = [(p.sku_id, p.min_expires_on, p.units) for p in promised]
    granted: list[int] = []
    short: list[Shortage] = []
    added: dict[tuple[int, date], int] = {}
    for demand in demands:
        wanted = {sku: sum(q for s, q in demand.units if s == sku) for sku, _ in demand.units}
        left = {sku: room(sku, demand.min_expires_on, supplies, rows) for sku in wanted}
        misses = [Shortage(demand.key, s, q, max(0, left[s])) for s, q in wanted.items() if q > left[s]]
        short += misses
        if misses:
            continue
        granted.append(demand.key)
        for sku, quantity in wanted.items():
            rows.append((sku, demand.min_expires_on, quantity))
            added[sku, demand.min_expires_on] = added.get((sku, demand.min_expires_on), 0) + quantity
    return PromisePlan(tuple(granted), tuple(short), added)


@given(demand_lists(), supplies, promises)
def test_plan_equals_the_law_word_for_word(
    demands: list[Demand], supplies: list[Supply], promised: list[Promised]
) -> None:
    assert plan_promises(demands, supplies, promised) == oracle(demands, supplies, promised)


@given(demand_lists(), supplies, promises)
def test_the_law_holds_afterwards_if_it_held_before(
    demands: list[Demand], supplies: list[Supply], promised: list[Promised]
) -> None:
    before = [(p.sku_id, p.min_expires_on, p.units) for p in promised]
    plan = plan_promises(demands, supplies, promised)
    added = [(sku_id, day, quantity) for (sku_id, day), quantity in plan.added.items()]
    if law_holds(supplies, before):
        assert law_holds(supplies, before + added)
    assert {*plan.granted, *(miss.key for miss in plan.short)} == {demand.key for demand in demands}


@given(supplies, promises, days)
def test_available_is_exactly_what_the_plan_accepts(
    supplies: list[Supply], promised: list[Promised], day: date
) -> None:
    mine = [s for s in supplies if s.sku_id == 1]
    taken = [p for p in promised if p.sku_id == 1]
    most = available(mine, taken, day)
    if most:
        assert plan_promises([Demand(1, day, ((1, most),))], supplies, promised).granted == (1,)
    refused = plan_promises([Demand(1, day, ((1, most + 1),))], supplies, promised)
    assert refused.short == (Shortage(1, 1, most + 1, most),)


def test_two_lines_of_one_order_count_together() -> None:
    demand = Demand(1, DAYS[0], ((7, 2), (7, 2)))
    plan = plan_promises([demand], [Supply(7, NEVER, 3)], [])
    assert plan == PromisePlan((), (Shortage(1, 7, 4, 3),), {})


def test_a_refused_order_takes_nothing_and_names_all_it_lacks() -> None:
    demands = [Demand(1, DAYS[0], ((7, 1), (8, 5), (9, 1))), Demand(2, DAYS[0], ((7, 1),))]
    plan = plan_promises(demands, [Supply(7, NEVER, 1), Supply(8, NEVER, 4)], [])
    assert plan.granted == (2,)
    assert plan.short == (Shortage(1, 8, 5, 4), Shortage(1, 9, 1, 0))


def settle_oracle(reservations: Sequence[Reserved], supplies: Sequence[Supply]) -> set[int]:
    """Strongest first, keep each that still fits with the kept ones."""
    kept: list[Reserved] = []
    for row in sorted(reservations, key=lambda r: (-r.priority, r.ship_by, r.id)):
        rows = [(r.sku_id, r.min_expires_on, r.quantity) for r in (*kept, row)]
        if room(row.sku_id, NEVER, supplies, rows) >= 0:
            kept.append(row)
    return {row.id for row in reservations} - {row.id for row in kept}


@given(reservation_lists(), supplies)
def test_settle_equals_the_oracle_and_restores_the_law(
    reservations: list[Reserved], supplies: list[Supply]
) -> None:
    plan = settle(reservations, supplies)
    assert set(plan.reservations) == settle_oracle(reservations, supplies)
    kept = [r for r in reservations if r.id not in plan.reservations]
    broken = [r for r in reservations if r.id in plan.reservations]
    promised = [(r.sku_id, r.min_expires_on, r.quantity) for r in kept]
    assert law_holds(supplies, promised)
    assert all(not law_holds(supplies, [*promised, (r.sku_id, r.min_expires_on, r.quantity)]) for r in broken)
    assert set(plan.owners) == {r.owner for r in broken}
    assert len(plan.owners) == len(set(plan.owners))
    assert sum(plan.freed.values()) == sum(r.quantity for r in broken)


@given(reservation_lists(), supplies)
def test_nothing_gives_way_while_the_law_holds(reservations: list[Reserved], supplies: list[Supply]) -> None:
    if law_holds(supplies, [(r.sku_id, r.min_expires_on, r.quantity) for r in reservations]):
        assert settle(reservations, supplies) == BrokenPlan((), (), {})


@given(reservation_lists(), supplies)
def test_settle_does_not_depend_on_the_order_of_the_rows(
    reservations: list[Reserved], supplies: list[Supply]
) -> None:
    by_id = sorted(reservations, key=lambda row: row.id)
    assert settle(by_id, supplies[::-1]) == settle(reservations, supplies)


def test_lowest_priority_then_latest_deadline_then_highest_id_gives_way() -> None:
    monday, friday = date(2026, 1, 5), date(2026, 1, 9)
    rows = [
        Reserved(1, 11, 7, DAYS[0], 1, priority=0, ship_by=monday),
        Reserved(2, 12, 7, DAYS[0], 1, priority=5, ship_by=friday),
        Reserved(3, 13, 7, DAYS[0], 1, priority=0, ship_by=friday),
        Reserved(4, 13, 7, DAYS[0], 1, priority=0, ship_by=friday),
    ]
    given_way = [settle(rows, [Supply(7, NEVER, units)]).reservations for units in (4, 3, 2, 1, 0)]
    assert given_way == [(), (4,), (4, 3), (4, 3, 1), (4, 3, 1, 2)]
    assert settle(rows, []).owners == (13, 11, 12)


def test_a_big_promise_that_no_longer_fits_does_not_take_the_small_ones_with_it() -> None:
    rows = [
        Reserved(1, 11, 7, DAYS[0], 10, priority=1, ship_by=DAYS[0]),
        Reserved(2, 12, 7, DAYS[0], 3, priority=0, ship_by=DAYS[0]),
    ]
    assert settle(rows, [Supply(7, NEVER, 9)]).reservations == (1,)
