"""What can be served, by brute force: units are matched to wants one by one along augmenting paths.  No formula of ours is used."""

from collections.abc import Iterable, Sequence
from datetime import date


def served(supplies: Sequence[date], wants: Sequence[date]) -> int:
    """How many wants (each one unit with its minimum expiry) can have a unit of their own that expires late enough."""
    holder: dict[int, int] = {}  # unit -> want

    def find(want: int, tried: set[int]) -> bool:
        for unit, expires_on in enumerate(supplies):
            if expires_on >= wants[want] and unit not in tried:
                tried.add(unit)
                if unit not in holder or find(holder[unit], tried):
                    holder[unit] = want
                    return True
        return False

    return sum(find(want, set()) for want in range(len(wants)))


def most(supplies: Iterable[tuple[date, int]], promised: Iterable[tuple[date, int]], floor: date) -> int:
    """The largest quantity for `floor` that can be served beside every promise, all of which can be served."""
    units = [day for day, count in supplies for _ in range(count)]
    wants = [day for day, count in promised for _ in range(count)]
    if served(units, wants) < len(wants):
        raise AssertionError("a promise cannot be served")
    found = 0
    while served(units, [*wants, *[floor] * (found + 1)]) == len(wants) + found + 1:
        found += 1
    return found
