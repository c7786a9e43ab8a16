"""Bundles are expanded: no unit is made or lost, and once is enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.bundles import Expanded, Part, Wanted, expand, units_of

SKUS = [f"S{number}" for number in range(5)]
BUNDLES = [f"B{number}" for number in range(4)]
UNITS = st.integers(1, 9)

parts = st.dictionaries(st.sampled_from(SKUS), UNITS, min_size=1).map(
    lambda units: [Part(code, n) for code, n in sorted(units.items())]
)
catalogues = st.dictionaries(st.sampled_from(BUNDLES), parts)
orders = st.lists(st.builds(Wanted, st.sampled_from([*SKUS, *BUNDLES]), UNITS), max_size=8)


@given(orders, catalogues)
def test_every_line_gives_its_units_and_only_its_parts(
    lines: list[Wanted], bundles: dict[str, list[Part]]
) -> None:
    found = expand(lines, bundles)
    assert [one.line for one in found] == sorted(one.line for one in found)
    for place, line in enumerate(lines):
        mine = [one for one in found if one.line == place]
        if line.code in bundles:
            units = units_of(bundles[line.code])
            assert [one.code for one in mine] == [part.code for part in bundles[line.code]]
            assert {one.bundle for one in mine} == {line.code}
        else:
            units = 1
            assert [(one.code, one.bundle) for one in mine] == [(line.code, "")]
        assert sum(one.quantity for one in mine) == line.quantity * units


@given(orders, catalogues)
def test_expanding_twice_is_expanding_once(lines: list[Wanted], bundles: dict[str, list[Part]]) -> None:
    once = expand(lines, bundles)
    again = expand([Wanted(one.code, one.quantity) for one in once], bundles)
    assert [(one.code, one.quantity) for one in again] == [(one.code, one.quantity) for one in once]


def test_lines_of_one_bundle_stay_apart() -> None:
    found = expand([Wanted("B", 1), Wanted("B", 2)], {"B": [Part("S", 3)]})
    assert found == [Expanded(0, "S", 3, "B"), Expanded(1, "S", 6, "B")]


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_that_is_none_is_refused(quantity: int) -> None:
    with pytest.raises(ValueError, match="not above 0"):
        expand([Wanted("S", quantity)], {})


def test_a_bundle_without_parts_would_lose_units() -> None:
    with pytest.raises(ValueError, match="no parts"):
        expand([Wanted("B", 1)], {"B": []})
