from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.rules.waves import PickTask, WaveKind, WaveParcel, WavePlan, kind_of, pick_order, plan_waves

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(3)]


@st.composite
def parcel_lists(draw: st.DrawFn) -> list[WaveParcel]:
    rows = draw(st.lists(st.tuples(st.sampled_from(WaveKind), st.sampled_from(DAYS)), max_size=12))
    parcels = [WaveParcel(ident, kind, ship_by) for ident, (kind, ship_by) in enumerate(rows, start=1)]
    return draw(st.permutations(parcels))


@given(parcel_lists(), st.integers(1, 5), st.booleans())
def test_every_parcel_is_in_one_wave_and_none_waits_for_a_later_one(
    parcels: list[WaveParcel], size: int, kinds_apart: bool
) -> None:
    plans = plan_waves(parcels, size, kinds_apart=kinds_apart)
    by_id = {parcel.id: parcel for parcel in parcels}
    assert sorted(ident for plan in plans for ident in plan.parcel_ids) == sorted(by_id)
    assert all(1 <= len(plan.parcel_ids) <= size for plan in plans)
    for kind in {plan.kind for plan in plans}:
        queue = [by_id[ident] for plan in plans if plan.kind == kind for ident in plan.parcel_ids]
        assert queue == sorted(queue, key=lambda parcel: (parcel.ship_by, parcel.id))
        assert kind is None or {parcel.kind for parcel in queue} == {kind}
        sizes = [len(plan.parcel_ids) for plan in plans if plan.kind == kind]
        assert all(full == size for full in sizes[:-1])
    assert kinds_apart or {plan.kind for plan in plans} <= {None}


def test_waves_by_deadline() -> None:
    parcels = [WaveParcel(1, WaveKind.MULTI, DAYS[1]), WaveParcel(2, WaveKind.SINGLE, DAYS[0])]
    parcels.append(WaveParcel(3, WaveKind.MULTI, DAYS[0]))
    assert plan_waves(parcels, 2) == (WavePlan(None, (2, 3)), WavePlan(None, (1,)))
    apart = plan_waves(parcels, 2, kinds_apart=True)
    assert apart == (WavePlan(WaveKind.SINGLE, (2,)), WavePlan(WaveKind.MULTI, (3, 1)))


def test_a_wave_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one parcel"):
        plan_waves([], 0)


def test_kinds() -> None:
    assert kind_of(units=1, bulky=False) == WaveKind.SINGLE
    assert kind_of(units=2, bulky=False) == WaveKind.MULTI
    assert kind_of(units=1, bulky=True) == WaveKind.BULKY


def test_a_bin_is_visited_once() -> None:
    tasks = [
        PickTask(1, 5, 50),
        PickTask(2, 2, 21),
        PickTask(3, 2, 20),
        PickTask(4, 5, 50),
        PickTask(5, 2, 21),
    ]
    assert pick_order(tasks) == (3, 2, 5, 1, 4)
