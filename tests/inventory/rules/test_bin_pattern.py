"""A pattern says exactly its bins, each once, in an order that can be walked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.bin_pattern import (
    LONGEST,
    MOST,
    BadPattern,
    PatternProblem,
    list_codes,
    list_walk,
    read_pattern,
)


@st.composite
def ranges(draw: st.DrawFn) -> str:
    low = draw(st.integers(0, 30))
    high = low + draw(st.integers(0, 12))
    width = draw(st.sampled_from([1, 2, 3]))
    return f"{{{low:0{width}}..{high:0{width}}}}"


PATTERNS = st.lists(ranges(), max_size=3).map(lambda found: "A-" + "-".join(found))


def test_the_example_of_the_page() -> None:
    pattern = read_pattern("A-{01..12}-{1..4}")
    codes = list_codes(pattern)
    assert pattern.count == len(codes) == 48
    assert (codes[0], codes[1], codes[4], codes[-1]) == ("A-01-1", "A-01-2", "A-02-1", "A-12-4")


def test_letters_and_plain_numbers() -> None:
    assert list_codes(read_pattern("{A..C}{8..10}"))[:4] == ["A8", "A9", "A10", "B8"]
    assert list_codes(read_pattern("收货区")) == ["收货区"]


def test_a_serpentine_turns_at_the_end_of_each_aisle() -> None:
    pattern = read_pattern("{A..C}-{1..3}-{1..2}")
    walk = list_walk(pattern, is_serpentine=True)
    assert walk[:6] == ["A-1-1", "A-1-2", "A-2-1", "A-2-2", "A-3-1", "A-3-2"]
    assert walk[6:8] == ["B-3-1", "B-3-2"]
    assert walk[12:14] == ["C-1-1", "C-1-2"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", PatternProblem.EMPTY),
        ("A-{1..", PatternProblem.BRACES),
        ("A-1}", PatternProblem.BRACES),
        ("A-{}", PatternProblem.RANGE),
        ("A-{1-4}", PatternProblem.RANGE),
        ("A-{A..c}", PatternProblem.RANGE),
        ("A-{1..2..3}", PatternProblem.RANGE),
        ("A-{9..1}", PatternProblem.BACKWARDS),
        ("A-{D..A}", PatternProblem.BACKWARDS),
        ("{1..12}{1..12}", PatternProblem.RANGE),
        ("{1..5001}", PatternProblem.TOO_MANY),
        ("{1..100}-{1..51}", PatternProblem.TOO_MANY),
        ("A" * 33, PatternProblem.TOO_LONG),
        ("A 1", PatternProblem.SPACE),
        ("A\x001", PatternProblem.SPACE),
    ],
)
def test_what_says_no_bins_says_why(text: str, problem: PatternProblem) -> None:
    with pytest.raises(BadPattern) as refusal:
        read_pattern(text)
    assert refusal.value.problem == problem


@given(PATTERNS)
def test_it_says_exactly_its_bins(text: str) -> None:
    pattern = read_pattern(text)
    codes = list_codes(pattern)
    assert len(codes) == len(set(codes)) == pattern.count <= MOST
    assert all(len(code) <= LONGEST for code in codes)


@given(PATTERNS)
def test_a_walk_passes_every_bin_once_and_never_jumps_between_aisles(text: str) -> None:
    pattern = read_pattern(text)
    walk = list_walk(pattern, is_serpentine=True)
    assert sorted(walk) == sorted(list_codes(pattern))
    if len(pattern.ranges) == 2:
        steps = [code.split("-")[1:] for code in walk]
        turns = [(a, b) for a, b in pairwise(steps) if a[0] != b[0]]
        assert all(a[1] == b[1] for a, b in turns)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        codes = list_codes(read_pattern(text))
    except BadPattern:
        return
    assert codes
