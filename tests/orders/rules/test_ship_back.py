"""What is said of an order's parcels, by what the platform can carry."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.ship_back import Box, Carries, PlatformLine, Saying, Why, plan

LINES = (PlatformLine("a", 3), PlatformLine("b", 1))


def say(
    carries: Carries, *boxes: Box, said: Sequence[Box] = (), more: bool = False
) -> list[tuple[object, ...]]:
    return [(saying.lines, saying.why) for saying in plan(carries, LINES, said, boxes, more_to_come=more)]


FIRST = Box(1, "SF1", {"a": 2})
SECOND = Box(2, "SF2", {"a": 1, "b": 1})
GIFT = Box(3, "SF3", {})
NONE = Box(4, "", {"b": 1})


@pytest.mark.parametrize(
    ("carries", "expected"),
    [
        (Carries.ONE, [((), None), ((), Why.ONE_NUMBER)]),
        (Carries.ALL, [((), None), ((), None)]),
        (Carries.BY_LINE, [((("a", 2),), None), ((("b", 1),), None)]),
        (Carries.BY_UNIT, [((("a", 2),), None), ((("a", 1), ("b", 1)), None)]),
    ],
)
def test_an_order_in_two_parcels(carries: Carries, expected: list[tuple[object, ...]]) -> None:
    assert say(carries, FIRST, SECOND) == expected


@pytest.mark.parametrize("carries", list(Carries))
def test_an_order_in_one_parcel_is_told_whole(carries: Carries) -> None:
    assert say(carries, Box(1, "SF1", {"a": 3, "b": 1})) == [((), None)]


def test_a_line_that_left_in_two_parcels_has_one_number_where_a_line_takes_one() -> None:
    two = (Box(1, "SF1", {"a": 2}), Box(2, "SF2", {"a": 1}))
    assert say(Carries.BY_LINE, *two, more=True) == [((("a", 2),), None), ((), Why.LINE_SAID)]
    assert say(Carries.BY_UNIT, *two, more=True) == [((("a", 2),), None), ((("a", 1),), None)]


def test_goods_that_stay_behind_make_it_a_part() -> None:
    assert say(Carries.BY_LINE, FIRST, more=True) == [((("a", 2),), None)]


def test_a_parcel_of_gifts_and_one_without_a_number_are_shown_with_words() -> None:
    assert say(Carries.BY_LINE, FIRST, GIFT, NONE) == [
        ((("a", 2),), None),
        ((), Why.NOT_ITS_GOODS),
        ((), Why.NO_NUMBER),
    ]


def test_what_was_said_is_used_up() -> None:
    assert say(Carries.BY_LINE, SECOND, said=[FIRST]) == [((("b", 1),), None)]
    assert say(Carries.ONE, SECOND, said=[FIRST]) == [((), Why.ONE_NUMBER)]


lines = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 5), max_size=4)
boxes = st.lists(
    st.tuples(
        st.sampled_from(["", "SF"]), st.dictionaries(st.sampled_from("abcde"), st.integers(1, 4), max_size=3)
    ),
    max_size=6,
).map(lambda found: [Box(n, number and f"{number}{n}", units) for n, (number, units) in enumerate(found)])


@given(st.sampled_from(Carries), lines, boxes, boxes, st.booleans())
def test_every_parcel_is_said_or_has_words_and_no_line_is_said_too_often(
    carries: Carries, quantities: dict[str, int], said: list[Box], waiting: list[Box], more: bool
) -> None:
    known = [PlatformLine(id_, units) for id_, units in quantities.items()]
    sayings = plan(carries, known, said, waiting, more_to_come=more)
    assert [saying.parcel_id for saying in sayings] == [box.parcel_id for box in waiting]
    told: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for saying, box in zip(sayings, waiting, strict=True):
        assert saying.why is None or not saying.lines
        if not box.number:
            assert saying == Saying(box.parcel_id, why=Why.NO_NUMBER)
        for id_, units in saying.lines:
            assert 0 < units <= box.units[id_]
            told[id_] += units
            numbers[id_] += 1
    assert all(told[id_] <= quantities[id_] for id_ in told)
    if carries == Carries.BY_LINE:
        assert all(count == 1 for count in numbers.values())
    if carries == Carries.ONE and (more or len(said) + len(waiting) > 1):
        assert sum(saying.why is None for saying in sayings) <= (0 if said else 1)
    if carries == Carries.ALL:
        assert all(saying.why in (None, Why.NO_NUMBER) for saying in sayings)


@given(st.sampled_from([Carries.BY_LINE, Carries.BY_UNIT, Carries.ONE]), lines, boxes)
def test_one_by_one_says_the_same_as_all_at_once(
    carries: Carries, quantities: dict[str, int], waiting: list[Box]
) -> None:
    known = [PlatformLine(id_, units) for id_, units in quantities.items()]
    at_once = plan(carries, known, [], waiting, more_to_come=True)
    said: list[Box] = []
    for n, box in enumerate(waiting):
        (saying, *_rest) = plan(carries, known, said, waiting[n:], more_to_come=True)
        assert saying == at_once[n]
        if saying.why is None:
            said.append(box)
