"""Lots chosen otherwise than first expired first out, without breaking a promise.

Let S(d) and P(d) be as in rules.promise.  Serving k promised units of minimum expiry f from a lot that expires on e leaves S - P as it is
for every d <= f and for every d > e, and lowers it by k in between.  So it keeps the law P <= S exactly if the least S - P over f < d <= e
is at least k; and since S - P has its minima on promised minima, only those days are looked at.  First expired first out has the smallest
e there is and needs no look: it is served by rules.fefo.

All rows of one call belong to one facility; `promised` counts the wants too, until they are served.  Units are base units.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from inventory.rules import fefo
from inventory.rules.fefo import AllocationPlan, Shelf, Take, Want
from inventory.rules.promise import Promised


@dataclass(frozen=True, slots=True)
class Manner:
    """How lots of one SKU are chosen.  `is_fifo`: first in, first out, by received date; else first expired first out.  `is_one_lot`: what
    one owner gets of it is of one lot.
    """

    is_fifo: bool = False
    is_one_lot: bool = False


@dataclass(frozen=True, slots=True)
class LotDemand:
    """What one order wants of goods that cannot be promised without their lot: for each of its parcels (SKU, units, minimum expiry)."""

    key: int
    parts: tuple[tuple[int, int, date], ...]


@dataclass(frozen=True, slots=True)
class LotShortage:
    """One part of a demand for which no single lot is enough; `most` is the most that one acceptable lot could give."""

    key: int
    sku_id: int
    wanted: int
    most: int


@dataclass(frozen=True, slots=True)
class LotPlan:
    """Demand key -> the lot of each of its parts, for those that are granted whole; the shortages of the others."""

    lots: Mapping[int, tuple[int, ...]]
    short: tuple[LotShortage, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """The promises that a choice would break: of the units promised for `day` or later, `units` would have no lot."""

    day: date
    units: int


class _Law:
    """S - P of one SKU on every promised minimum."""

    __slots__ = ("days", "left")

    def __init__(self, supplies: Iterable[tuple[date, int]], promised: Iterable[Promised]) -> None:
        wanted: defaultdict[date, int] = defaultdict(int)
        for row in promised:
            wanted[row.min_expires_on] += row.units
        self.days = sorted(wanted)
        steps = [0] * (len(self.days) + 1)
        for expires_on, units in supplies:
            steps[bisect_right(self.days, expires_on)] += units
        for index, day in enumerate(self.days):
            steps[index + 1] -= wanted[day]
        self.left: list[int] = []
        rest = sum(steps)
        for gone in steps[: len(self.days)]:
            rest -= gone
            self.left.append(rest)

    def room(self, above: date | None, until: date) -> int | None:
        """Units that may be taken from what expires on `until` for a promise of minimum `above` (None: for no promise); None: any."""
        found = self.left[self._slice(above, until)]
        return min(found) if found else None

    def add(self, above: date | None, until: date, units: int) -> None:
        """Units come back (negative: go) in what expires on `until`, and so do promises of minimum `above`."""
        part = self._slice(above, until)
        self.left[part] = [left + units for left in self.left[part]]

    def broken(self) -> Broken | None:
        """The day on which most is missing; the latest of several."""
        worst = min(self.left, default=0)
        if worst >= 0:
            return None
        return Broken(
            max(day for day, left in zip(self.days, self.left, strict=True) if left == worst), -worst
        )

    def _slice(self, above: date | None, until: date) -> slice:
        return slice(0 if above is None else bisect_right(self.days, above), bisect_right(self.days, until))


class _Goods:
    """One SKU: its shelves in the order in which they are wished for, what is left on them, and the law."""

    def __init__(self, shelves: Sequence[Shelf], promised: Sequence[Promised], manner: Manner) -> None:
        self.shelves = sorted(shelves, key=_received if manner.is_fifo else _expiring)
        self.left = {shelf.balance_id: shelf.available for shelf in shelves}
        self.law = _Law([(shelf.expires_on, shelf.available) for shelf in shelves], promised)

    def serve(self, want: Want) -> tuple[list[Take], int]:
        """Units from the first shelves that keep the law, and the units still needed."""
        takes, need = [], want.quantity
        for shelf in self.shelves:
            if not need:
                break
            if is_acceptable(shelf, want.min_expires_on):
                units = self._most(shelf, want.min_expires_on, need)
                if units > 0:
                    self._take(shelf, want.min_expires_on, units)
                    takes.append(Take(want.key, shelf.balance_id, units))
                    need -= units
        return takes, need

    def serve_from_one_lot(self, wants: Sequence[Want]) -> list[Take]:
        """All of these from the first lot that has them and keeps the law; nothing when there is none."""
        units, floor = sum(want.quantity for want in wants), max(want.min_expires_on for want in wants)
        for lot in self._lots(floor):
            if sum(self.left[shelf.balance_id] for shelf in lot) < units:
                continue
            before = list(self.law.left)
            for want in wants:
                self.law.add(want.min_expires_on, lot[0].expires_on, -want.quantity)
            if self._is_worse(before):
                self.law.left = before
                continue
            rest = [replace(shelf, available=self.left[shelf.balance_id]) for shelf in lot]
            takes = list(fefo.allocate(wants, rest).takes)
            for take in takes:
                self.left[take.balance_id] -= take.quantity
            return takes
        return []

    def set_aside(self, units: int, floor: date) -> int | None:
        """The first lot that can give `units` beside everything promised; they are gone then."""
        for lot in self._lots(floor):
            if self.most_of(lot) >= units:
                for shelf in lot:
                    taken = min(units, self.left[shelf.balance_id])
                    self._take(shelf, None, taken)
                    units -= taken
                return lot[0].lot_id
        return None

    def most_of(self, lot: Sequence[Shelf]) -> int:
        """Units of a lot that are not needed for a promise."""
        have, room = sum(self.left[shelf.balance_id] for shelf in lot), self.law.room(None, lot[0].expires_on)
        return have if room is None else max(0, min(have, room))

    def most_in_one_lot(self, floor: date) -> int:
        return max(map(self.most_of, self._lots(floor)), default=0)

    def _most(self, shelf: Shelf, above: date | None, need: int) -> int:
        units, room = min(need, self.left[shelf.balance_id]), self.law.room(above, shelf.expires_on)
        return units if room is None else min(units, room)

    def _take(self, shelf: Shelf, above: date | None, units: int) -> None:
        self.left[shelf.balance_id] -= units
        self.law.add(above, shelf.expires_on, -units)

    def _is_worse(self, before: Sequence[int]) -> bool:
        return any(now < 0 and now < was for now, was in zip(self.law.left, before, strict=True))

    def _lots(self, floor: date) -> list[list[Shelf]]:
        lots: dict[int, list[Shelf]] = {}
        for shelf in self.shelves:
            if is_acceptable(shelf, floor):
                lots.setdefault(shelf.lot_id, []).append(shelf)
        return list(lots.values())


def allocate(
    wants: Sequence[Want],
    shelves: Iterable[Shelf],
    promised: Iterable[Promised],
    manners: Mapping[int, Manner],
) -> AllocationPlan:
    """Gives wants their lots, in the order given, each SKU in its manner (`manners` has every SKU that is wanted).

    First in, first out is by received date, then expiry date, bin sequence, balance id.
    Law: as rules.fefo.allocate; and the promise law holds after every want if it held before, so that nothing is short then, but for
    goods of one lot, which are served whole from one lot or not at all.
    """
    goods = _by_sku(shelves, promised, manners)
    takes: list[Take] = []
    short: dict[int, int] = {}
    groups: dict[tuple[int, ...], list[Want]] = {}
    for want in wants:
        is_one_lot = manners[want.sku_id].is_one_lot
        groups.setdefault(
            (want.sku_id, want.owner) if is_one_lot else (want.sku_id, want.owner, want.key), []
        ).append(want)
    for (sku_id, *_rest), group in groups.items():
        if manners[sku_id].is_one_lot:
            found = goods[sku_id].serve_from_one_lot(group)
            takes += found
            short |= {} if found else {want.key: want.quantity for want in group}
            continue
        for want in group:
            found, missing = goods[sku_id].serve(want)
            takes += found
            if missing:
                short[want.key] = missing
    return AllocationPlan(tuple(takes), short)


def plan_lots(
    demands: Iterable[LotDemand],
    shelves: Iterable[Shelf],
    promised: Iterable[Promised],
    manners: Mapping[int, Manner],
) -> LotPlan:
    """Sets lots aside for whole demands, first come first served; one that does not fit takes nothing.

    Each part is given the first lot, in the SKU's order, that has all its units beside what is promised.
    Law: no lot gives more than it has, no promise loses a unit, and 2 + 2 + 2 from lots of 3 + 3 is short.
    """
    goods = _by_sku(shelves, promised, manners)
    lots: dict[int, tuple[int, ...]] = {}
    short: list[LotShortage] = []
    for demand in demands:
        kept = {
            sku: (dict(goods[sku].left), list(goods[sku].law.left)) for sku, _units, _floor in demand.parts
        }
        found: list[int] = []
        for sku_id, units, floor in demand.parts:
            lot_id = goods[sku_id].set_aside(units, floor)
            if lot_id is None:
                short.append(LotShortage(demand.key, sku_id, units, goods[sku_id].most_in_one_lot(floor)))
                for sku, (left, law) in kept.items():
                    goods[sku].left, goods[sku].law.left = left, law
                break
            found.append(lot_id)
        else:
            lots[demand.key] = tuple(found)
    return LotPlan(lots, tuple(short))


def is_acceptable(shelf: Shelf, floor: date) -> bool:
    """Whether goods of this shelf expire late enough for a demand of this minimum."""
    return shelf.expires_on >= floor


def change(
    shelves: Iterable[Shelf], promised: Iterable[Promised], gives: date | None, takes: date, units: int
) -> Broken | None:
    """What breaks when allocated units of one SKU are exchanged for others: those that come back expire on `gives` (None: they do not
    sell), those that are taken on `takes`.  None: the law holds after it, whatever it was before.
    """
    law = _Law([(shelf.expires_on, shelf.available) for shelf in shelves], promised)
    if gives is not None:
        law.add(None, gives, units)
    law.add(None, takes, -units)
    return law.broken()


def _by_sku(
    shelves: Iterable[Shelf], promised: Iterable[Promised], manners: Mapping[int, Manner]
) -> dict[int, _Goods]:
    stock: defaultdict[int, list[Shelf]] = defaultdict(list)
    taken: defaultdict[int, list[Promised]] = defaultdict(list)
    for shelf in shelves:
        if shelf.available > 0:
            stock[shelf.sku_id].append(shelf)
    for row in promised:
        taken[row.sku_id].append(row)
    return {sku_id: _Goods(stock[sku_id], taken[sku_id], manner) for sku_id, manner in manners.items()}


def _received(shelf: Shelf) -> tuple[date, date, int, int, int]:
    return shelf.received_on, shelf.expires_on, shelf.lot_id, shelf.sequence, shelf.balance_id


def _expiring(shelf: Shelf) -> tuple[date, date, int, int, int]:
    return shelf.expires_on, shelf.received_on, shelf.lot_id, shelf.sequence, shelf.balance_id
