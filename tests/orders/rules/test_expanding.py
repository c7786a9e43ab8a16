"""Money spread over parts adds up; units are the bundle's; what is no bundle stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.bundles import Part
from orders.rules.expanding import expand_lines, spread

CODES = ("SET-1", "SET-2", "A", "B", "C")
BUNDLES = {"SET-1": [Part("A", 2), Part("B", 1)], "SET-2": [Part("C", 3)]}
lines = st.lists(
    st.tuples(st.sampled_from(CODES), st.integers(1, 50), st.integers(0, 1_000_000)), min_size=1, max_size=6
)
worths = st.dictionaries(st.sampled_from(("A", "B", "C")), st.integers(0, 100_000))


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_shares_add_up_and_are_fair(total: int, weights: list[int]) -> None:
    shares = spread(total, weights)
    assert sum(shares) == total
    whole = sum(weights) or len(weights)
    fair = weights if sum(weights) else [1] * len(weights)
    assert all(
        abs(share * whole - total * weight) < whole for share, weight in zip(shares, fair, strict=True)
    )


def test_nothing_cannot_be_spread_over() -> None:
    with pytest.raises(ValueError, match="nothing"):
        spread(1, [])


@given(lines, worths)
def test_units_and_money_of_each_line_are_kept(
    said: list[tuple[str, int, int]], worth: dict[str, int]
) -> None:
    pieces = expand_lines(said, BUNDLES, worth)
    for place, (code, quantity, price) in enumerate(said):
        mine = [piece for piece in pieces if piece.place == place]
        if code not in BUNDLES:
            ((piece,),) = (mine,)
            assert (piece.code, piece.quantity, piece.unit_price_minor) == (code, quantity, price)
            assert (piece.bundle, piece.amount_minor) == ("", None)
            continue
        assert {piece.code: piece.quantity for piece in mine} == {
            part.code: part.quantity * quantity for part in BUNDLES[code]
        }
        assert sum(piece.amount_minor or 0 for piece in mine) == quantity * price
        assert all(piece.unit_price_minor * piece.quantity <= (piece.amount_minor or 0) for piece in mine)


def test_a_part_of_unknown_worth_is_not_free() -> None:
    filters, handle = expand_lines([("SET-1", 1, 1_000)], BUNDLES, {"B": 300})
    assert (filters.amount_minor, handle.amount_minor) == (667, 333)
