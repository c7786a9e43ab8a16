"""What several counts of one lot in one bin say about its book, while goods come and go.

The book follows the hand: a unit that is put in or taken out is booked when it happens, so the difference d = units in the bin − units on
the book stays the same, whatever moves.  A person who counts sees every unit at most once, and each that lies still for the whole time
exactly once.  Between `before` (the book when he began) and `after` (when he handed in), let `moved_in` and `moved_out` units be booked:

    counted − before − moved_in  ≤  d  ≤  counted − before + moved_out

Without moves this is one number.  With moves it is not, even when before = after (two out, two in), and no cleverness makes it one: each
of the units that moved may have been seen or not.  So a reading with moves never makes a difference; it can only speak against one.

Law.  When `decide` says AGREED, `difference` is d, if the counts that agree are right.  Two witnesses are needed, and the book is one:
a still count equal to the book agrees at once; any other difference must be found by two still counts.  Differences are compared, not
numbers: the book may have moved between the rounds.  Allocated units that nobody has picked yet lie in the bin and are on the book.

What the second witness is for: somebody miscounted, or the hand was ahead of the book for a moment (taken, not yet scanned).  What no
rule can see: two people who miscount by the same number, and a hand that is ahead of the book by exactly what is missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

ROUNDS_MOST = 3  # after so many a person decides who may


@dataclass(frozen=True, slots=True)
class Reading:
    """One lot in one bin, counted once.  Base units; `moved_in` and `moved_out` were booked between `before` and `after`."""

    before: int
    after: int
    counted: int
    moved_in: int = 0
    moved_out: int = 0

    @property
    def is_still(self) -> bool:
        return not (self.moved_in or self.moved_out or self.before != self.after)

    @property
    def least(self) -> int:
        """The smallest difference that explains the number."""
        return self.counted - self.before - self._in

    @property
    def most(self) -> int:
        """The largest difference that explains the number."""
        return self.counted - self.before + self._out

    def explains(self, difference: int) -> bool:
        return self.least <= difference <= self.most

    @property
    def _in(self) -> int:
        """What the ledger does not tell of `after` was still being written when the count began."""
        return self.moved_in + max(0, self._untold)

    @property
    def _out(self) -> int:
        return self.moved_out + max(0, -self._untold)

    @property
    def _untold(self) -> int:
        return self.after - self.before - self.moved_in + self.moved_out


class Finding(StrEnum):
    """What is known of one lot.  DIFFERENCE: one count says so; UNCLEAR: goods moved while it was counted."""

    AGREED = "agreed"
    DIFFERENCE = "difference"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`difference`: to add to the book; only AGREED may be booked.  `reading`: the place of the count it rests on, None without one.

    UNCLEAR carries the latest still difference, or 0: what is booked if a person accepts it as it is.
    """

    finding: Finding
    difference: int
    reading: int | None


class Step(StrEnum):
    """What happens with the bin: done, counted again, or a person decides who may."""

    DONE = "done"
    RECOUNT = "recount"
    DECIDE = "decide"


def decide(readings: Sequence[Reading]) -> Verdict:
    """All readings of one lot in one bin, in the order of the rounds.  See the law above.  Raises ValueError without any."""
    if not readings:
        raise ValueError("a lot that nobody counted has no verdict")
    seen: set[int] = set()
    latest: int | None = None  # place of the latest still reading
    agreed: int | None = None
    for place, reading in enumerate(readings):
        if reading.is_still:
            latest, found = place, reading.least
            agreed = found if found == 0 or found in seen else None
            seen.add(found)
        elif agreed is not None and not reading.explains(agreed):
            agreed = None
    standing = 0 if latest is None else readings[latest].least
    if agreed is not None:
        return Verdict(Finding.AGREED, agreed, latest)
    finding = Finding.DIFFERENCE if readings[-1].is_still else Finding.UNCLEAR
    return Verdict(finding, standing, latest)


def next_step(findings: Iterable[Finding], round_: int) -> Step:
    """What becomes of a bin after `round_` rounds, from the findings of all its lots.  A bin without lots is empty, as the book says."""
    if all(finding == Finding.AGREED for finding in findings):
        return Step.DONE
    return Step.DECIDE if round_ >= ROUNDS_MOST else Step.RECOUNT
