"""How long a shop that keeps failing is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from orders.rules.backing_off import FIRST_S, MOST_S, pause_s


@given(st.integers(1, 200), st.floats(0, 1))
def test_it_grows_and_stays_bounded(failures: int, spread: float) -> None:
    now, later = pause_s(failures, spread=spread), pause_s(failures + 1, spread=spread)
    assert 0.75 * FIRST_S <= now <= later <= 1.25 * MOST_S


def test_it_doubles() -> None:
    assert [pause_s(n, spread=0.5) for n in range(1, 9)] == [30, 60, 120, 240, 480, 960, 1800, 1800]
