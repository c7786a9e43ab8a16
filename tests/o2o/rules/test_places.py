"""The box misses no store, and opening hours mean what the sign on the door says."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o2o.rules.places import EVERYWHERE, box_around, is_open
from o2o.rules.rounds import Point, distance_m

lats, lngs = st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
near = st.integers(-400_000, 400_000)
points = st.builds(Point, lats, lngs)
times = st.times()


@given(st.lists(points, min_size=1, max_size=4), near, near, st.integers(0, 60_000))
def test_a_place_within_the_radius_lies_in_the_box(
    orders: list[Point], north: int, east: int, radius_m: int
) -> None:
    box = box_around(orders, radius_m)
    order = orders[0]
    lat = max(-90_000_000, min(90_000_000, order.lat_e6 + north))
    lng = max(-180_000_000, min(180_000_000, order.lng_e6 + east))
    if distance_m(order.lat_e6, order.lng_e6, lat, lng) <= radius_m:
        assert box.south_e6 <= lat <= box.north_e6
        assert box.west_e6 <= lng <= box.east_e6


@given(points, points, st.integers(0, 20_000_000))
def test_far_away_or_over_the_date_line_too(order: Point, store: Point, radius_m: int) -> None:
    box = box_around([order], radius_m)
    if distance_m(order.lat_e6, order.lng_e6, store.lat_e6, store.lng_e6) <= radius_m:
        assert box.south_e6 <= store.lat_e6 <= box.north_e6
        assert box.west_e6 <= store.lng_e6 <= box.east_e6


def test_a_city_needs_a_small_box_and_no_radius_the_world() -> None:
    box = box_around([Point(31_230_000, 121_470_000)], 5_000)
    assert box.north_e6 - box.south_e6 < 100_000
    assert box.east_e6 - box.west_e6 < 120_000
    assert box_around([Point(0, 0)], None) == box_around([], 5) == EVERYWHERE


@pytest.mark.parametrize(
    ("opens", "closes", "at", "expected"),
    [
        (time(9), time(21), time(9), True),
        (time(9), time(21), time(20, 59, 59), True),
        (time(9), time(21), time(21), False),
        (time(9), time(21), time(8, 59), False),
        (time(18), time(2), time(1), True),
        (time(18), time(2), time(2), False),
        (time(18), time(2), time(17), False),
        (time(0), time(0), time(12), True),
        (None, time(21), time(23), True),
        (time(9), None, time(3), True),
    ],
)
def test_opening_hours(opens: time | None, closes: time | None, at: time, expected: bool) -> None:
    assert is_open(opens, closes, at) is expected


@given(times, times, times)
def test_open_and_closed_hours_make_a_whole_day(opens: time, closes: time, at: time) -> None:
    if opens != closes:
        assert is_open(opens, closes, at) is not is_open(closes, opens, at)
