"""Promise first, choose the lot late.

Law. At one (facility, SKU) let S(d) be the sellable, unallocated units that expire on or after d, and P(d)
the promised, unallocated units whose minimum expiry is on or after d. If P(d) <= S(d) for every d, then
serving the promises first-expired-first-out, in any order, never fails. So what can still be promised for a
minimum expiry f is `min over d <= f of S(d) - P(d)`, and there is no second formula: all three functions
below read it from `_Room`.

All rows of one call belong to one facility. Units are base units.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Demand:
    """What one order wants, whole or not at all. A SKU may be named twice; quantities are positive."""

    key: int
    min_expires_on: date
    units: tuple[tuple[int, int], ...]
    """(sku_id, quantity) pairs."""
    floors: Mapping[int, date] = field(default_factory=dict)
    """SKU -> its minimum expiry, where it is not `min_expires_on`."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Sellable, unallocated units of one SKU and expiry date; NEVER for goods that do not expire."""

    sku_id: int
    expires_on: date
    units: int


@dataclass(frozen=True, slots=True)
class Promised:
    """Units of one SKU already promised, not yet allocated, for one minimum expiry date."""

    sku_id: int
    min_expires_on: date
    units: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """One SKU of a demand that could not be promised, with what was left for it when its turn came."""

    key: int
    sku_id: int
    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class PromisePlan:
    """Demands granted, in the given order; shortages of the others; units to add per (sku_id,
    min_expires_on).
    """

    granted: tuple[int, ...]
    short: tuple[Shortage, ...]
    added: Mapping[tuple[int, date], int]


@dataclass(frozen=True, slots=True)
class Reserved:
    """One reservation row that is promised and not allocated. A higher priority is kept longer.

    `ship_by` is a date or an instant, the same kind for all rows of one call.
    """

    id: int
    owner: int
    sku_id: int
    min_expires_on: date
    quantity: int
    priority: int
    ship_by: date


@dataclass(frozen=True, slots=True)
class BrokenPlan:
    """Reservations that give way, weakest first; their owners, each once; units to free per (sku_id,
    min_expires_on).
    """

    reservations: tuple[int, ...]
    owners: tuple[int, ...]
    freed: Mapping[tuple[int, date], int]


class _OfSku(Protocol):
    @property
    def sku_id(self) -> int: ...


_Row = TypeVar("_Row", bound=_OfSku)


class _Room:
    """What can still be promised of one SKU, for each date that matters as a minimum expiry.

    S - P falls only where units expire and rises only after a promised minimum, so its minima lie on promised
    minima and on the date asked. `left` is the running minimum over ascending dates; it never rises, and
    after a grant at one date the later ones are at most what is left there: that keeps it exact without going
    back to S and P.
    """

    __slots__ = ("at", "left")

    def __init__(
        self, supplies: Sequence[Supply], promised: Sequence[Promised], dates: Iterable[date]
    ) -> None:
        days = sorted({row.min_expires_on for row in promised}.union(dates))
        self.at = {day: index for index, day in enumerate(days)}
        steps = [0] * (len(days) + 1)
        for supply in supplies:
            steps[bisect_right(days, supply.expires_on)] += supply.units
        for row in promised:
            steps[self.at[row.min_expires_on] + 1] -= row.units
        self.left: list[int] = []
        difference = least = sum(steps)
        for gone in steps[: len(days)]:
            difference -= gone
            least = min(least, difference) if self.left else difference
            self.left.append(least)

    def available(self, min_expires_on: date) -> int:
        return max(0, self.left[self.at[min_expires_on]])

    def take(self, min_expires_on: date, quantity: int) -> None:
        left, index = self.left, self.at[min_expires_on]
        for earlier in range(index + 1):
            left[earlier] -= quantity
        most = left[index]
        for later in range(index + 1, len(left)):
            if left[later] <= most:
                break
            left[later] = most


def available(supplies: Iterable[Supply], promised: Iterable[Promised], min_expires_on: date) -> int:
    """Units of one SKU that can still be promised for a minimum expiry: what `plan_promises` would just
    accept.

    The rows are those of one SKU. Never below 0, also where the law is already broken.
    """
    return _Room(tuple(supplies), tuple(promised), (min_expires_on,)).available(min_expires_on)


def plan_promises(
    demands: Iterable[Demand], supplies: Iterable[Supply], promised: Iterable[Promised]
) -> PromisePlan:
    """Promises whole demands, first come first served in the given order; one that does not fit takes
    nothing.

    Law: every demand is granted or has a shortage, and if P <= S held before, it holds after the plan is
    written. A refused demand names every SKU it is short of.
    """
    demands = tuple(demands)
    dates = {demand.min_expires_on for demand in demands}.union(
        *[d.floors.values() for d in demands if d.floors]
    )
    stock, taken = _by_sku(supplies), _by_sku(promised)
    rooms: dict[int, _Room] = {}
    granted: list[int] = []
    short: list[Shortage] = []
    added: dict[tuple[int, date], int] = {}
    for demand in demands:
        day, floors, misses = demand.min_expires_on, demand.floors, len(short)
        units = demand.units if len(demand.units) == 1 else _summed(demand.units)
        for sku_id, quantity in units:
            room = rooms.get(sku_id)
            if room is None:
                room = rooms[sku_id] = _Room(stock.get(sku_id, ()), taken.get(sku_id, ()), dates)
            if floors:
                day = floors.get(sku_id, demand.min_expires_on)
            if room.left[room.at[day]] < quantity:
                short.append(Shortage(demand.key, sku_id, quantity, room.available(day)))
        if len(short) > misses:
            continue
        granted.append(demand.key)
        for sku_id, quantity in units:
            if floors:
                day = floors.get(sku_id, demand.min_expires_on)
            rooms[sku_id].take(day, quantity)
            added[sku_id, day] = added.get((sku_id, day), 0) + quantity
    return PromisePlan(tuple(granted), tuple(short), added)


@dataclass(frozen=True, slots=True)
class LawStep:
    """P and S of one SKU on one promised minimum: units promised for `day` or later, and units that would do."""

    day: date
    promised: int
    fitting: int


def law_steps(supplies: Sequence[Supply], promised: Sequence[Promised]) -> list[LawStep]:
    """The law of one SKU on every promised minimum, where it could break first; earliest day first."""
    return [
        LawStep(
            day,
            sum(row.units for row in promised if row.min_expires_on >= day),
            sum(row.units for row in supplies if row.expires_on >= day),
        )
        for day in sorted({row.min_expires_on for row in promised})
    ]


def settle(reservations: Iterable[Reserved], supplies: Iterable[Supply]) -> BrokenPlan:
    """Which reservations give way after sellable stock was lost, so that the law holds again.

    `reservations` are all promised, unallocated ones of the SKUs concerned, `supplies` what is left for them.
    The lowest priority gives way first, then the latest deadline, then the highest id; put the other way
    round, the strongest are kept first, each that still fits with those kept before it.
    Law: afterwards P <= S; nothing gives way while P <= S; nothing that gave way could have stayed.
    """
    stock = _by_sku(supplies)
    broken: list[Reserved] = []
    for sku_id, rows in _by_sku(reservations).items():
        room = _Room(stock.get(sku_id, ()), (), {row.min_expires_on for row in rows})
        for row in sorted(rows, key=_strength):
            if room.available(row.min_expires_on) >= row.quantity:
                room.take(row.min_expires_on, row.quantity)
            else:
                broken.append(row)
    broken.sort(key=_strength, reverse=True)
    freed: dict[tuple[int, date], int] = {}
    for row in broken:
        key = row.sku_id, row.min_expires_on
        freed[key] = freed.get(key, 0) + row.quantity
    return BrokenPlan(
        tuple(row.id for row in broken), tuple(dict.fromkeys(row.owner for row in broken)), freed
    )


def _strength(row: Reserved) -> tuple[int, date, int]:
    return -row.priority, row.ship_by, row.id


def _by_sku(rows: Iterable[_Row]) -> Mapping[int, Sequence[_Row]]:
    groups: defaultdict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.sku_id].append(row)
    return groups


def _summed(units: Iterable[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    sums: dict[int, int] = {}
    for sku_id, quantity in units:
        sums[sku_id] = sums.get(sku_id, 0) + quantity
    return tuple(sums.items())
