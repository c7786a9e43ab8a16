"""First expired, first out: which bins and lots serve which wants.

Total order of the shelves of one SKU: expiry date (goods without one last), received date, the bin that
empties, bin sequence, balance id. "The bin that empties" means, among bins of one expiry and received date:
bins that hold no more than is still needed are emptied first, the smallest first; when every such bin holds
more, the first by bin sequence is opened, and the next want comes back to it. So few bins are left half full.

All rows of one call belong to one facility. Units are base units.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import heappop, heappush, heapreplace


@dataclass(frozen=True, slots=True)
class Want:
    """Units of one SKU that must be given lots: `key` names the line served, `owner` the parcel it belongs
    to.
    """

    key: int
    owner: int
    sku_id: int
    min_expires_on: date
    quantity: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """One balance that may be allocated from; `expires_on` is NEVER for goods that do not expire.

    `replenish` marks storage: what is taken there is carried to a pick bin first. It does not change the
    order.
    """

    balance_id: int
    sku_id: int
    lot_id: int
    expires_on: date
    received_on: date
    sequence: int
    available: int
    replenish: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """Units of one balance given to one want."""

    key: int
    balance_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class AllocationPlan:
    """Takes in the order of the wants, and want key -> units short, only where something is short."""

    takes: tuple[Take, ...]
    short: Mapping[int, int]


class _Tier:
    """The bins of one SKU that expiry and received date cannot tell apart."""

    __slots__ = ("left", "sizes", "walk")

    def __init__(self, bins: Sequence[Shelf]) -> None:
        self.left = {shelf.balance_id: shelf.available for shelf in bins}
        # A heap by size. A bin that was opened has a newer, smaller entry above its old one, so an old entry
        # comes to the top only when the bin is empty.
        self.sizes = sorted((shelf.available, shelf.sequence, shelf.balance_id) for shelf in bins)
        self.walk = sorted(((shelf.sequence, shelf.balance_id) for shelf in bins), reverse=True)

    def take(self, key: int, need: int, takes: list[Take]) -> int:
        """Adds takes for up to `need` units and returns the units still needed."""
        left, sizes = self.left, self.sizes
        while need and left:
            size, _, balance_id = sizes[0]
            if balance_id not in left:
                heappop(sizes)
            elif size <= need:
                heappop(sizes)
                del left[balance_id]
                takes.append(Take(key, balance_id, size))
                need -= size
            else:
                self._open(key, need, takes)
                return 0
        return need

    def _open(self, key: int, need: int, takes: list[Take]) -> None:
        left, sizes, walk = self.left, self.sizes, self.walk
        while walk[-1][1] not in left:
            walk.pop()
        sequence, balance_id = walk[-1]
        left[balance_id] -= need
        entry = left[balance_id], sequence, balance_id
        if sizes[0][2] == balance_id:
            heapreplace(sizes, entry)
        else:
            heappush(sizes, entry)
        takes.append(Take(key, balance_id, need))


def allocate(wants: Iterable[Want], shelves: Iterable[Shelf]) -> AllocationPlan:
    """Gives wants their lots, in the order given; a shelf that expires before a want's minimum is not for it.

    Law: per want, units taken + units short = quantity; no shelf gives more than it has; no unit is taken
    while an earlier one in the order above would do; a want is short only if nothing it may take is left.
    """
    stock = _tiers(shelves)
    takes: list[Take] = []
    short: dict[int, int] = {}
    for want in wants:
        need = want.quantity
        tiers = stock.get(want.sku_id)
        if tiers:
            days, queue = tiers
            index = bisect_left(days, want.min_expires_on)
            while need and index < len(queue):
                tier = queue[index]
                if isinstance(tier, list):
                    tier = queue[index] = _Tier(tier)
                need = tier.take(want.key, need, takes)
                if not tier.left:
                    del days[index], queue[index]
        if need:
            short[want.key] = need
    return AllocationPlan(tuple(takes), short)


def _tiers(shelves: Iterable[Shelf]) -> Mapping[int, tuple[list[date], list[_Tier | list[Shelf]]]]:
    """Per SKU its tiers, first expired first, beside their expiry dates; laid out when first reached."""
    groups: defaultdict[int, defaultdict[tuple[date, date], list[Shelf]]]
    groups = defaultdict(lambda: defaultdict(list))
    for shelf in shelves:
        if shelf.available > 0:
            groups[shelf.sku_id][shelf.expires_on, shelf.received_on].append(shelf)
    stock: dict[int, tuple[list[date], list[_Tier | list[Shelf]]]] = {}
    for sku_id, bins in groups.items():
        order = sorted(bins)
        stock[sku_id] = [expires_on for expires_on, _ in order], [bins[dates] for dates in order]
    return stock
