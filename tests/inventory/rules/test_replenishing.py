"""Buying: exactly what is below its minimum, in whole cases, and never twice."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.replenishing import Need, propose

UNITS = st.integers(0, 500)


@st.composite
def needs(draw: st.DrawFn) -> list[Need]:
    places = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), unique=True, max_size=12))
    found = []
    for facility_id, sku_id in places:
        minimum = draw(UNITS)
        found.append(
            Need(
                facility_id,
                sku_id,
                available=draw(UNITS),
                on_order=draw(UNITS),
                on_the_road=draw(UNITS),
                minimum=minimum,
                target=minimum + draw(UNITS),
                short=draw(UNITS),
                case_quantity=draw(st.none() | st.integers(1, 48)),
            )
        )
    return found


@given(needs())
def test_what_is_below_its_minimum_is_filled_to_its_target_in_whole_cases(rows: list[Need]) -> None:
    found = propose(rows)
    assert {one.need for one in found} == {row for row in rows if row.position < row.minimum}
    for one in found:
        case = one.need.case_quantity or 1
        assert one.need.position + one.missing == one.need.target
        assert one.quantity % case == 0
        assert 0 <= one.quantity - one.missing < case
        assert one.quantity == min(n * case for n in range(1, one.missing + 2) if n * case >= one.missing)


@given(needs())
def test_what_was_ordered_is_not_proposed_again(rows: list[Need]) -> None:
    bought = {(one.need.facility_id, one.need.sku_id): one.quantity for one in propose(rows)}
    after = [
        replace(row, on_order=row.on_order + bought.get((row.facility_id, row.sku_id), 0)) for row in rows
    ]
    assert propose(after) == ()


@given(needs())
def test_the_order_is_total_and_the_most_short_come_first(rows: list[Need]) -> None:
    found = propose(rows)
    assert propose(list(reversed(rows))) == found
    assert [one.need.short for one in found] == sorted((one.need.short for one in found), reverse=True)
