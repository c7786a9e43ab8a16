"""Counts while goods move: whatever the rule agrees on is what is really missing or too many."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.counting import Finding, Reading, Step, decide, next_step


def still(counted: int, book: int) -> Reading:
    return Reading(book, book, counted)


@dataclass
class Shelf:
    """Units at places of a shelf, and a book that follows every hand."""

    units: list[bool]
    book: int
    moved_in: int = 0
    moved_out: int = 0
    history: list[Reading] = field(default_factory=list)

    @property
    def difference(self) -> int:
        return sum(self.units) - self.book

    def put(self, place: int) -> None:
        if not self.units[place % len(self.units)]:
            self.units[place % len(self.units)] = True
            self.book += 1
            self.moved_in += 1

    def take(self, place: int) -> None:
        if self.units[place % len(self.units)] and self.book:
            self.units[place % len(self.units)] = False
            self.book -= 1
            self.moved_out += 1

    def move(self, hand: tuple[bool, int]) -> None:
        (self.put if hand[0] else self.take)(hand[1])

    def count(self, hands: dict[int, list[tuple[bool, int]]], order: list[int]) -> Reading:
        """A person looks at one place after the other, in his own order; hands come in between."""
        self.moved_in = self.moved_out = 0
        before, counted = self.book, 0
        for step, place in enumerate(order):
            for hand in hands.get(step, []):
                self.move(hand)
            counted += self.units[place]
        for hand in hands.get(len(order), []):
            self.move(hand)
        return Reading(before, self.book, counted, self.moved_in, self.moved_out)


PLACES = 6
HAND = st.tuples(st.booleans(), st.integers(0, PLACES - 1))
ROUND = st.tuples(
    st.dictionaries(st.integers(0, PLACES), st.lists(HAND, max_size=2), max_size=2),
    st.permutations(range(PLACES)),
    st.lists(HAND, max_size=3),
)


@given(
    units=st.lists(st.booleans(), min_size=PLACES, max_size=PLACES),
    book=st.integers(0, 2 * PLACES),
    rounds=st.lists(ROUND, min_size=1, max_size=5),
)
def test_what_is_agreed_is_what_is_really_missing(
    units: list[bool],
    book: int,
    rounds: list[tuple[dict[int, list[tuple[bool, int]]], list[int], list[tuple[bool, int]]]],
) -> None:
    """Whoever moves what at whichever instant, between the rounds as well: a right count never leads to a wrong booking."""
    shelf = Shelf(list(units), book)
    truth, readings = shelf.difference, []
    for hands, order, between in rounds:
        readings.append(shelf.count(hands, order))
        assert readings[-1].explains(truth)
        assert shelf.difference == truth, "the book follows the hand"
        verdict = decide(readings)
        if verdict.finding == Finding.AGREED:
            assert verdict.difference == truth
        if readings[-1].is_still:
            assert verdict.difference == truth
            assert verdict.reading == len(readings) - 1
        for hand in between:
            shelf.move(hand)


@given(units=st.lists(st.booleans(), min_size=PLACES, max_size=PLACES), book=st.integers(0, 2 * PLACES))
def test_two_quiet_rounds_always_agree(units: list[bool], book: int) -> None:
    shelf = Shelf(list(units), book)
    readings = [shelf.count({}, list(range(PLACES))) for _ in range(2)]
    assert decide(readings).finding == Finding.AGREED


@given(
    truth=st.integers(-5, 5),
    slips=st.lists(st.integers(-3, 3), min_size=1, max_size=4),
    book=st.integers(10, 20),
)
def test_one_slip_is_never_booked(truth: int, slips: list[int], book: int) -> None:
    """Still counts, of which at most one is wrong: what is agreed is the truth, or the book as it stands."""
    slips = [slip if place == 0 else 0 for place, slip in enumerate(slips)]
    for turn in range(len(slips)):
        turned = slips[turn:] + slips[:turn]
        for end in range(1, len(turned) + 1):
            verdict = decide([still(book + truth + slip, book) for slip in turned[:end]])
            if verdict.finding == Finding.AGREED:
                assert verdict.difference in (truth, 0)


def test_a_pick_while_he_counts_makes_the_count_unclear_before_and_after_it() -> None:
    for counted in (10, 8):
        verdict = decide([Reading(10, 8, counted, 0, 2)])
        assert (verdict.finding, verdict.difference) == (Finding.UNCLEAR, 0)


def test_two_out_and_two_in_are_not_still() -> None:
    assert decide([Reading(10, 10, 10, 2, 2)]).finding == Finding.UNCLEAR
    assert decide([Reading(10, 10, 10)]).finding == Finding.AGREED


def test_differences_are_compared_and_not_numbers() -> None:
    """8 of 10, then three were picked and 5 of 7 lie there: the same two are missing."""
    verdict = decide([still(8, 10), still(5, 7)])
    assert (verdict.finding, verdict.difference, verdict.reading) == (Finding.AGREED, -2, 1)
    assert decide([still(8, 10), still(8, 7)]).finding == Finding.DIFFERENCE


def test_a_second_count_that_equals_the_book_agrees_with_it() -> None:
    assert decide([still(8, 10), still(10, 10)]).difference == 0
    assert decide([still(8, 10), still(10, 10)]).finding == Finding.AGREED


def test_the_third_count_decides_and_a_fourth_may_take_it_back() -> None:
    readings = [still(8, 10), still(9, 10), still(8, 10)]
    assert decide(readings).difference == -2
    assert decide([*readings, still(7, 10)]).finding == Finding.DIFFERENCE


def test_an_unclear_round_leaves_what_was_agreed_unless_it_speaks_against_it() -> None:
    assert decide([still(10, 10), Reading(10, 8, 9, 0, 2)]).finding == Finding.AGREED
    assert decide([still(10, 10), Reading(10, 8, 7, 0, 2)]).finding == Finding.UNCLEAR


def test_units_that_were_still_being_booked_when_he_began_count_as_moves() -> None:
    reading = Reading(0, 5, 5)
    assert not reading.is_still
    assert (reading.least, reading.most) == (0, 5)
    assert (Reading(5, 0, 0).least, Reading(5, 0, 0).most) == (-5, 0)


def test_what_becomes_of_a_bin() -> None:
    agreed, differs = Finding.AGREED, Finding.DIFFERENCE
    assert next_step([], 1) == Step.DONE
    assert next_step([agreed, agreed], 1) == Step.DONE
    assert next_step([agreed, differs], 1) == Step.RECOUNT
    assert next_step([Finding.UNCLEAR], 2) == Step.RECOUNT
    assert next_step([agreed, differs], 3) == Step.DECIDE
    assert next_step([agreed, differs], 4) == Step.DECIDE


def test_nobody_counted() -> None:
    with pytest.raises(ValueError, match="nobody"):
        decide([])
