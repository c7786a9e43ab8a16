"""Who must agree to a change of stock: over a limit, a second person; heavier never means fewer."""

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.approving import Weight, needs_second, weigh

LINES = st.lists(
    st.tuples(st.integers(-1000, 1000).filter(bool), st.none() | st.integers(0, 10_000)), max_size=6
)
LIMITS = st.tuples(st.integers(0, 3000), st.integers(0, 10_000_000))


def asked(weight: Weight, limits: tuple[int, int]) -> bool:
    return needs_second(weight, unit_limit=limits[0], value_limit_minor=limits[1])


def test_both_ways_are_added_up() -> None:
    assert weigh([(100, 5), (-100, 5)]) == Weight(200, 1000)


def test_one_unknown_cost_makes_the_sum_unknown() -> None:
    assert weigh([(3, 5), (-1, None)]) == Weight(4, None)


def test_limits_are_what_still_passes() -> None:
    assert not asked(Weight(10, 100), (10, 100))
    assert asked(Weight(11, 100), (10, 0))
    assert asked(Weight(1, 101), (0, 100))
    assert asked(Weight(1, None), (0, 100)), "what nobody knows the cost of is over any limit of money"
    assert not asked(Weight(1, None), (10, 0))


@given(LINES, LIMITS)
def test_without_limits_nobody_is_asked(lines: list[tuple[int, int | None]], _limits: object) -> None:
    assert not asked(weigh(lines), (0, 0))


@given(LINES, LINES, LIMITS)
def test_a_heavier_one_never_needs_fewer_people(
    lines: list[tuple[int, int | None]], more: list[tuple[int, int | None]], limits: tuple[int, int]
) -> None:
    assert asked(weigh(lines), limits) <= asked(weigh([*lines, *more]), limits)


@given(LINES)
def test_the_order_of_lines_says_nothing(lines: list[tuple[int, int | None]]) -> None:
    assert weigh(lines) == weigh(lines[::-1])
