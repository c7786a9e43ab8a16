"""By hand: every unit in exactly one parcel, or every fault named."""

from hypothesis import given
from hypothesis import strategies as st

from orders.rules import hand_split
from orders.rules.splitting import NO_LIMIT
from orders.rules.values import CarrierLimit, Line, ParcelRule, Sku

SKUS = {n: Sku(n, 100 * n, 10, 10, 10, ParcelRule.NORMAL, None, "") for n in (1, 2, 3)} | {
    4: Sku(4, None, None, None, None, ParcelRule.BULKY, None, "")
}
amounts = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@st.composite
def divided(draw: st.DrawFn) -> tuple[list[Line], list[list[tuple[int, int]]]]:
    """Lines, and one way to deal their units out to parcels."""
    lines = [Line(10 + n, 1 + n % 3, units, 100) for n, units in enumerate(draw(amounts))]
    count = draw(st.integers(1, 4))
    parcels: list[dict[int, int]] = [{} for _ in range(count)]
    for line in lines:
        for _ in range(line.quantity):
            place = draw(st.integers(0, count - 1))
            parcels[place][line.id] = parcels[place].get(line.id, 0) + 1
    return lines, [list(parcel.items()) for parcel in parcels if parcel]


@given(divided())
def test_what_adds_up_is_made_so(case: tuple[list[Line], list[list[tuple[int, int]]]]) -> None:
    lines, wanted = case
    assert hand_split.check(lines, wanted) == ()
    plan = hand_split.plan(lines, SKUS, wanted, NO_LIMIT)
    assert plan is not None
    made = [{item.line_id: item.quantity for item in parcel.items} for parcel in plan.parcels]
    assert made == [dict(parcel) for parcel in wanted]
    assert [parcel.weight_g for parcel in plan.parcels] == [
        sum(SKUS[item.sku_id].weight_g or 0 for item in parcel.items for _ in range(item.quantity))
        for parcel in plan.parcels
    ]


@given(divided(), st.integers(1, 3))
def test_a_unit_too_many_or_too_few_is_named(
    case: tuple[list[Line], list[list[tuple[int, int]]]], more: int
) -> None:
    lines, wanted = case
    line_id, units = wanted[0][0]
    (problem,) = hand_split.check(lines, [[(line_id, units + more), *wanted[0][1:]], *wanted[1:]])
    assert (problem.code, problem.line_id, problem.units) == (hand_split.TOO_MANY, line_id, more)
    fewer = hand_split.check([*lines, Line(99, 1, more, 1)], wanted)
    assert [(one.code, one.line_id, one.units) for one in fewer] == [(hand_split.MISSING, 99, more)]
    assert hand_split.plan([*lines, Line(99, 1, more, 1)], SKUS, wanted, NO_LIMIT) is None


def test_what_is_over_the_limit_or_not_known_is_refused() -> None:
    lines = [Line(1, 3, 4, 100), Line(2, 4, 1, 100)]
    limit = CarrierLimit(1_000, None, None)
    plan = hand_split.plan(lines, SKUS, [[(1, 4)], [(2, 1)]], limit)
    assert plan is not None and plan.parcels == ()
    assert dict(plan.findings[0].detail) == {"parcels": (0, 1)}
    assert hand_split.plan(lines[:1], SKUS, [[(1, 2)], [(1, 2)]], limit) is not None
    small = CarrierLimit(None, 3_000, 10)
    assert (hand_split.plan(lines[:1], SKUS, [[(1, 4)]], small) or plan).parcels == ()


def test_a_wish_is_read_as_it_was_said() -> None:
    assert hand_split.read_wish({"by_hand": [[[1, 2]], [[3, 4]]]}) == [[(1, 2)], [(3, 4)]]
    assert hand_split.read_wish({"route": {}}) is None
    assert hand_split.read_wish(None) is None
