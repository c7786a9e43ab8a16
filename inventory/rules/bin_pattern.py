"""Bin codes by pattern, and the order in which somebody walks past them.

A pattern is text with ranges in braces: `A-{01..12}-{1..4}` is A-01-1, A-01-2 … A-12-4.  A range runs over whole numbers or over single
letters, upwards.  A number written with leading zeros keeps its width.  The last range varies fastest.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product
from math import prod

MOST = 5_000
LONGEST = 32

_RANGE = re.compile(r"\{([^{}]*)\}")
_NUMBERS = re.compile(r"([0-9]{1,6})\.\.([0-9]{1,6})")
_LETTERS = re.compile(r"([A-Z])\.\.([A-Z])|([a-z])\.\.([a-z])")


class PatternProblem(Enum):
    EMPTY = "empty"
    BRACES = "braces"
    RANGE = "range"
    BACKWARDS = "backwards"
    TOO_MANY = "too_many"
    TOO_LONG = "too_long"
    SPACE = "space"


class BadPattern(ValueError):
    """A pattern that says no bins.  `part` is the piece that is wrong, or how many bins it would be."""

    def __init__(self, problem: PatternProblem, part: str = "") -> None:
        super().__init__(f"{problem.value}: {part}")
        self.problem = problem
        self.part = part


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was read: fixed texts with a range of texts after each but the last."""

    texts: tuple[str, ...]
    ranges: tuple[tuple[str, ...], ...]

    @property
    def count(self) -> int:
        return prod(len(one) for one in self.ranges)


def read_pattern(text: str) -> Pattern:
    """Raises BadPattern.  Law: `count` codes come out, all different, each at most 32 characters."""
    if not text:
        raise BadPattern(PatternProblem.EMPTY)
    if any(char.isspace() or not char.isprintable() for char in text):
        raise BadPattern(PatternProblem.SPACE)
    texts, ranges, at = [], [], 0
    for found in _RANGE.finditer(text):
        texts.append(text[at : found.start()])
        ranges.append(_read_range(found[1]))
        at = found.end()
    texts.append(text[at:])
    if any("{" in piece or "}" in piece for piece in texts):
        raise BadPattern(PatternProblem.BRACES)
    pattern = Pattern(tuple(texts), tuple(ranges))
    if pattern.count > MOST:
        raise BadPattern(PatternProblem.TOO_MANY, str(pattern.count))
    longest = sum(map(len, texts)) + sum(max(map(len, one)) for one in ranges)
    if longest > LONGEST:
        raise BadPattern(PatternProblem.TOO_LONG, str(longest))
    codes = list_codes(pattern)
    if len(set(codes)) < len(codes):  # two ranges that touch: {1..12}{1..12} says 111 twice
        raise BadPattern(PatternProblem.RANGE, text)
    return pattern


def _read_range(text: str) -> tuple[str, ...]:
    if letters := _LETTERS.fullmatch(text):
        first, last = (ord(end) for end in letters.groups() if end)
        if first > last:
            raise BadPattern(PatternProblem.BACKWARDS, text)
        return tuple(chr(code) for code in range(first, last + 1))
    numbers = _NUMBERS.fullmatch(text)
    if numbers is None:
        raise BadPattern(PatternProblem.RANGE, text)
    low, high = int(numbers[1]), int(numbers[2])
    if low > high:
        raise BadPattern(PatternProblem.BACKWARDS, text)
    if high - low >= MOST:
        raise BadPattern(PatternProblem.TOO_MANY, str(high - low + 1))
    width = len(numbers[1]) if numbers[1].startswith("0") and len(numbers[1]) > 1 else 0
    return tuple(str(number).zfill(width) for number in range(low, high + 1))


def list_codes(pattern: Pattern) -> list[str]:
    """The codes in reading order: the last range fastest."""
    return [_join(pattern, places) for places in _places(pattern)]


def list_walk(pattern: Pattern, *, is_serpentine: bool) -> list[str]:
    """The same codes in walking order.

    Serpentine: the first range is the aisle and the second the place along it; every second aisle is walked back.  Ranges after the
    second (levels of one rack) stay upwards: nobody walks them.  With fewer than two ranges there is nothing to turn.
    Law: a permutation of list_codes, and between one aisle and the next the place along it does not change.
    """
    if not is_serpentine or len(pattern.ranges) < 2:
        return list_codes(pattern)
    last = len(pattern.ranges[1]) - 1
    walk = sorted(_places(pattern), key=lambda p: (p[0], p[1] if p[0] % 2 == 0 else last - p[1], p[2:]))
    return [_join(pattern, places) for places in walk]


def _places(pattern: Pattern) -> Iterator[tuple[int, ...]]:
    return product(*(range(len(one)) for one in pattern.ranges))


def _join(pattern: Pattern, places: Sequence[int]) -> str:
    chosen = [one[place] for one, place in zip(pattern.ranges, places, strict=True)]
    return "".join(text + piece for text, piece in zip(pattern.texts, [*chosen, ""], strict=True))
