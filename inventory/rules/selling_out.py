"""Selling out: how much of each lot will be left on its last sellable day, if it goes on selling as it does now.

The rate is what left in a window of days, as a fraction of whole numbers: 10 units in 28 days are 10/28 a day, and by the end of the
n-th day from today (today is the first) floor(10 n / 28) units have left.  Lots leave first expired first out.  Units are base units.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class LotStock:
    """Units of one lot at one facility that may be sold up to and including `last_day`."""

    lot_id: int
    last_day: date
    received_on: date
    units: int


@dataclass(frozen=True, slots=True)
class Left:
    """Units of one lot that nobody will have bought on its last sellable day; more than none."""

    lot_id: int
    units: int


def run_down(lots: Iterable[LotStock], *, today: date, shipped: int, days: int) -> tuple[Left, ...]:
    """What will be left of the lots of one SKU at one facility, in the order in which they go (last day, received, id).

    `shipped` units left in the last `days` days.  Let u be the units of the lots up to and including one, and D what is asked for up to
    its last day: the lots up to there sell S = min(S of the lots before + its units, D), and what is left of it is its units − its share
    of S.  Goods that come later change nothing about a lot that goes earlier, so a list cut off after some day is right up to there.
    Laws: 0 < left <= units; selling faster never leaves more; equal to selling day by day.
    Raises ValueError for a window shorter than a day or less than nothing shipped.
    """
    if days < 1 or shipped < 0:
        raise ValueError("a rate is of at least one day and not below nothing")
    left = []
    sold = 0
    for lot in sorted(lots, key=lambda lot: (lot.last_day, lot.received_on, lot.lot_id)):
        selling_days = max(0, (lot.last_day - today).days + 1)
        after = min(sold + lot.units, shipped * selling_days // days)
        if rest := lot.units - (after - sold):
            left.append(Left(lot.lot_id, rest))
        sold = after
    return tuple(left)
