"""What is said to a platform of the parcels of one of its orders (发货回传), by what it can carry.

Law: every parcel is either said or gets words why not; no line is said with more numbers than the platform takes, none with more units
than it has.  What was said stays said: a second look with the same facts says nothing new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Carries(StrEnum):
    """How many tracking numbers of one order a platform takes, and what it takes with each."""

    ONE = "ONE"
    """One number for the whole order."""
    ALL = "ALL"
    """Any number of them, without saying which goods are where."""
    BY_LINE = "BY_LINE"
    """A number for some of its lines; a line takes one number."""
    BY_UNIT = "BY_UNIT"
    """A number for some units of some lines."""


class Why(StrEnum):
    """Why a tracking number was not said."""

    NO_NUMBER = "NO_NUMBER"
    ONE_NUMBER = "ONE_NUMBER"
    LINE_SAID = "LINE_SAID"
    NOT_ITS_GOODS = "NOT_ITS_GOODS"


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """A line of the order as the platform counts it."""

    id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Box:
    """A parcel that left, with what it holds of this order: platform line -> units (lines the platform does not know are left out)."""

    parcel_id: int
    number: str
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Saying:
    """What to say of one parcel.  `lines` is empty where the platform is told of the whole order; `why` says why nothing is."""

    parcel_id: int
    lines: tuple[tuple[str, int], ...] = ()
    why: Why | None = None


def plan(
    carries: Carries,
    lines: Sequence[PlatformLine],
    said: Sequence[Box],
    waiting: Sequence[Box],
    *,
    more_to_come: bool,
) -> tuple[Saying, ...]:
    """What to say of the parcels that wait, in their order; `said` are those that the platform has been told of.

    `more_to_come`: other goods of the order have not left yet or left in parcels that are not among these, so they are said line by line
    where that is possible.
    """
    left = {line.id: line.quantity for line in lines}
    for box in said:
        _take(carries, left, box)
    is_told = bool(said)
    is_split = more_to_come or len(said) + len(waiting) > 1
    sayings = []
    for box in waiting:
        saying = _say(carries, left, box, is_told=is_told, is_split=is_split)
        if saying.why is None:
            is_told = True
            _take(carries, left, box)
        sayings.append(saying)
    return tuple(sayings)


def _say(carries: Carries, left: Mapping[str, int], box: Box, *, is_told: bool, is_split: bool) -> Saying:
    if not box.number:
        return Saying(box.parcel_id, why=Why.NO_NUMBER)
    if carries == Carries.ALL or not is_split:
        return Saying(box.parcel_id)
    if carries == Carries.ONE:
        return Saying(box.parcel_id, why=Why.ONE_NUMBER) if is_told else Saying(box.parcel_id)
    if not box.units:
        return Saying(box.parcel_id, why=Why.NOT_ITS_GOODS)
    some = {id_: min(units, left.get(id_, 0)) for id_, units in box.units.items()}
    found = tuple(sorted((id_, units) for id_, units in some.items() if units > 0))
    return Saying(box.parcel_id, found) if found else Saying(box.parcel_id, why=Why.LINE_SAID)


def _take(carries: Carries, left: dict[str, int], box: Box) -> None:
    """A line that takes one number is used up by its first parcel."""
    for id_, units in box.units.items():
        if id_ in left:
            left[id_] = 0 if carries == Carries.BY_LINE else max(0, left[id_] - units)
