"""What routing may still take at each facility: units by minimum expiry, and parcels today.

The numbers come from the promise rule; taking units that last until a day leaves fewer for all that is asked to last less long, and for
what has to last longer at most what is left of these. Facilities go by their place in line.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

__all__ = ["CAPACITY", "Need", "Row", "Stock", "Units"]

CAPACITY = -1
"""Stands where a SKU would, for parcels that a facility can hand over."""

Units = tuple[tuple[int, int], ...]
"""(SKU, quantity) pairs."""
Row = tuple[int, int, date]
"""SKU, quantity, minimum expiry."""
_Steps = Sequence[tuple[date, int]]


class Need(NamedTuple):
    """What an order, or a part of it, takes at a facility."""

    rows: tuple[Row, ...]
    parcels: int


class _Shelves:
    """One SKU at all facilities. `left[place][i]`: that can still be taken there for `days[i]`; it never rises with i. Past the last day
    nothing is known to be left: there stands a 0.
    """

    __slots__ = ("base", "days", "left", "places", "taken")

    def __init__(self, steps: Sequence[_Steps]) -> None:
        self.days = sorted({day for rows in steps for day, _units in rows})
        self.places = {day: place for place, day in enumerate(self.days)}
        self.base = [self._filled(dict(rows)) for rows in steps]
        self.left = [base[:] for base in self.base]
        self.taken = [[0] * len(self.days) for _ in steps]

    def _filled(self, units: Mapping[date, int]) -> list[int]:
        """A day of which nothing is said has what the next has that asks for more."""
        base = [0]
        for day in reversed(self.days):
            base.append(units.get(day, base[-1]))
        base.reverse()
        for place in range(1, len(self.days)):
            base[place] = min(base[place], base[place - 1])
        return base

    def find(self, day: date) -> int:
        place = self.places.get(day)
        if place is None:
            place = self.places[day] = bisect_left(self.days, day)
        return place

    def take(self, at: int, day: date, units: int) -> None:
        """Negative units are given back. Exact both ways: what is left is worked out from all that is taken."""
        taken, left, base = self.taken[at], self.left[at], self.base[at]
        place = self.places[day]
        taken[place] += units
        if len(taken) == 1:
            left[0] -= units
            return
        later = sum(taken)
        least = base[0]
        for place, gone in enumerate(taken):
            least = min(least, base[place] - later)
            left[place] = least
            later -= gone


class Stock:
    """Units and parcels of all facilities while orders are routed."""

    __slots__ = ("_facility_ids", "_is_limited", "_shelves", "_stock", "parcels_left")

    def __init__(
        self,
        facility_ids: Sequence[int],
        parcels_left: Iterable[int | None],
        stock: Mapping[tuple[int, int], _Steps],
    ) -> None:
        self._facility_ids, self._stock = facility_ids, stock
        self.parcels_left = list(parcels_left)
        self._is_limited = any(left is not None for left in self.parcels_left)
        self._shelves: dict[int, _Shelves] = {}

    def _find(self, sku_id: int) -> _Shelves:
        shelves = self._shelves.get(sku_id)
        if shelves is None:
            steps = [self._stock.get((id_, sku_id), ()) for id_ in self._facility_ids]
            shelves = self._shelves[sku_id] = _Shelves(steps)
        return shelves

    def fitting(self, places: Sequence[int], need: Need) -> Sequence[int]:
        """Those of the facilities, in the same order, that have all and can hand it over."""
        known = self._shelves
        for sku_id, units, day in need.rows:
            shelves = known.get(sku_id) or self._find(sku_id)
            at = shelves.places.get(day)
            if at is None:
                at = shelves.find(day)
            left = shelves.left
            places = [place for place in places if left[place][at] >= units]
            if not places:
                return places
        if self._is_limited:
            room, parcels = self.parcels_left, need.parcels
            return [p for p in places if (left_here := room[p]) is None or left_here >= parcels]
        return places

    def lacking(self, place: int, need: Need) -> int | None:
        """The first SKU that a facility has too little of, or CAPACITY; None: it has all."""
        for sku_id, units, day in need.rows:
            shelves = self._find(sku_id)
            if shelves.left[place][shelves.find(day)] < units:
                return sku_id
        left = self.parcels_left[place]
        return None if left is None or left >= need.parcels else CAPACITY

    def missing(self, place: int, need: Need) -> tuple[int, ...]:
        """Every SKU that a facility has too little of; none where only parcels are lacking."""
        return tuple([row[0] for row in need.rows if self.lacking(place, Need((row,), 0)) is not None])

    def could(self, place: int, need: Need) -> bool:
        """Whether a facility had enough of each SKU before anything was taken."""
        for sku_id, units, day in need.rows:
            shelves = self._find(sku_id)
            if shelves.base[place][shelves.find(day)] < units:
                return False
        return True

    def has_any(self, place: int, need: Need) -> bool:
        """Whether a facility could ship a part."""
        left = self.parcels_left[place]
        if left is not None and left < need.parcels:
            return False
        return any(self._left(place, sku_id, day) > 0 for sku_id, _units, day in need.rows)

    def _left(self, place: int, sku_id: int, day: date) -> int:
        shelves = self._find(sku_id)
        return max(0, shelves.left[place][shelves.find(day)])

    def parts(self, places: Sequence[int], need: Need) -> dict[int, Need] | None:
        """What each of these facilities ships so that nothing is missing; None where they cannot. Each SKU comes whole from the first that
        has all of it, else from one after the other. Each part counts as many parcels as the whole: never too few.
        """
        parts: dict[int, list[Row]] = {}
        for sku_id, units, day in need.rows:
            left = [self._left(place, sku_id, day) for place in places]
            whole = next((place for place, has in zip(places, left, strict=True) if has >= units), None)
            if whole is not None:
                parts.setdefault(whole, []).append((sku_id, units, day))
                continue
            if sum(left) < units:
                return None
            open_units = units
            for place, has in zip(places, left, strict=True):
                taken = min(has, open_units)
                open_units -= taken
                if taken:
                    parts.setdefault(place, []).append((sku_id, taken, day))
        return {place: Need(tuple(rows), need.parcels) for place, rows in parts.items()}

    def take(self, place: int, need: Need) -> None:
        self._move(place, need, 1)

    def give_back(self, place: int, need: Need) -> None:
        self._move(place, need, -1)

    def _move(self, place: int, need: Need, sign: int) -> None:
        for sku_id, units, day in need.rows:
            self._find(sku_id).take(place, day, sign * units)
        left = self.parcels_left[place]
        if left is not None:
            self.parcels_left[place] = left - sign * need.parcels

    def load(self, place: int, a_day: int) -> int:
        """How much of a day's parcels is taken, in thousandths; 0 where there is no end to them."""
        left = self.parcels_left[place]
        return 0 if left is None or a_day <= 0 else (a_day - left) * 1000 // a_day
