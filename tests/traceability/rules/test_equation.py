from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from traceability.rules.equation import LotEquation

INFLOW = ("received", "made_here", "returned", "found")
OUTFLOW = ("on_hand", "in_transit", "shipped", "used_in_lots", "sent_back", "written_off", "lost")


def test_every_term_is_on_one_side() -> None:
    assert tuple(term.name for term in fields(LotEquation)) == INFLOW + OUTFLOW


@given(st.sampled_from(INFLOW), st.sampled_from(OUTFLOW), st.integers(1, 10**9))
def test_each_pair_of_terms_closes_and_each_alone_does_not(came: str, went: str, units: int) -> None:
    assert LotEquation(**{came: units, went: units}).closes
    assert LotEquation(**{came: units}).difference == units
    assert LotEquation(**{went: units}).difference == -units
    assert not LotEquation(**{came: units}).closes


@given(st.lists(st.integers(0, 10**6), min_size=11, max_size=11))
def test_the_equation_word_for_word(units: list[int]) -> None:
    equation = LotEquation(*units)
    assert equation.inflow == sum(units[:4])
    assert equation.outflow == sum(units[4:])
    assert equation.closes == (sum(units[:4]) == sum(units[4:]))


def test_nothing_is_nothing() -> None:
    assert LotEquation().closes
