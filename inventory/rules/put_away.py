"""Where goods that came in should go: to their own lot, else to their own kind, else to the first empty bin on the walk.

All rows of one call belong to one facility.  Bins offered are active and sell.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum


class Why(Enum):
    """What a suggestion rests on."""

    SAME_LOT = "same_lot"
    SAME_SKU = "same_sku"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Goods of one lot that wait to be put away."""

    sku_id: int
    lot_id: int


@dataclass(frozen=True, slots=True)
class Stocked:
    """One lot in one bin where it may stay."""

    bin_id: int
    sequence: int
    sku_id: int
    lot_id: int


@dataclass(frozen=True, slots=True)
class EmptyBin:
    bin_id: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    bin_id: int
    why: Why


def suggest(
    waiting: Iterable[Waiting], stocked: Iterable[Stocked], empty: Iterable[EmptyBin]
) -> Mapping[Waiting, Suggestion]:
    """A bin for each, as far as there is one.

    First the bin that has the same lot, then one that has the same SKU, then an empty one; among several the first on the walk
    (sequence, then id).  Lots of one SKU share an empty bin; two SKUs never do.
    Law: independent of the order of all three; an empty bin goes to one SKU; nothing is left without a bin while an empty one is left.
    """
    by_lot: dict[int, tuple[int, int]] = {}
    by_sku: dict[int, tuple[int, int]] = {}
    for row in stocked:
        place = (row.sequence, row.bin_id)
        by_lot[row.lot_id] = min(by_lot.get(row.lot_id, place), place)
        by_sku[row.sku_id] = min(by_sku.get(row.sku_id, place), place)
    free = iter(sorted((one.sequence, one.bin_id) for one in empty))
    groups: defaultdict[int, list[Waiting]] = defaultdict(list)
    for one in waiting:
        groups[one.sku_id].append(one)
    found = {}
    for sku_id in sorted(groups):
        new_home: tuple[int, int] | None = None
        for one in sorted(groups[sku_id], key=lambda w: w.lot_id):
            if one.lot_id in by_lot:
                found[one] = Suggestion(by_lot[one.lot_id][1], Why.SAME_LOT)
            elif sku_id in by_sku:
                found[one] = Suggestion(by_sku[sku_id][1], Why.SAME_SKU)
            else:
                new_home = new_home or next(free, None)
                if new_home:
                    found[one] = Suggestion(new_home[1], Why.EMPTY)
    return found
