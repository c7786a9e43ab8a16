"""Which allocations give way when units leave a bin that has promised them.

The weakest go first, by the order of rules.promise.settle: the lowest priority, then the latest deadline, then the highest id.  They
follow their units as far as these go into a bin that sells; the rest is freed and must be given other lots.  Units are base units.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Given:
    """Units of one balance that one line has: an allocation."""

    id: int
    owner_ref: int
    line_ref: int
    balance_id: int
    quantity: int
    min_expires_on: date
    priority: int
    ship_by: datetime


@dataclass(frozen=True, slots=True)
class Out:
    """A balance that gives `allocated_units` of what is allocated in it.  `into`: (balance, units) of the same lot, in bins that sell,
    to which its units go.
    """

    balance_id: int
    allocated_units: int
    into: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Displaced:
    """The plan.  `reduced`: allocation -> units it keeps; `ended`: allocations that keep nothing; `taken`: balance -> allocated units it
    loses; `carried`: allocations to make where the units go; `freed`: what must be given other lots, the strongest first.

    Law: for every balance, units taken = units asked for = carried from it + freed from it; only the weakest are touched.
    """

    reduced: Mapping[int, int] = field(default_factory=dict)
    ended: tuple[int, ...] = ()
    taken: Mapping[int, int] = field(default_factory=dict)
    carried: tuple[Given, ...] = ()
    freed: tuple[Given, ...] = ()


def displace(outs: Iterable[Out], given: Iterable[Given]) -> Displaced:
    """See Displaced.  Raises ValueError when a balance has fewer allocated units than it must give: its rows do not add up."""
    by_balance: defaultdict[int, list[Given]] = defaultdict(list)
    for row in given:
        by_balance[row.balance_id].append(row)
    reduced: dict[int, int] = {}
    ended: list[int] = []
    taken: dict[int, int] = {}
    carried: list[Given] = []
    freed: list[Given] = []
    for out in outs:
        loose = _weakest(by_balance[out.balance_id], out.allocated_units)
        if sum(row.quantity for row in loose) != out.allocated_units:
            raise ValueError(f"balance {out.balance_id} has fewer allocations than allocated units")
        whole = {row.id: row.quantity for row in by_balance[out.balance_id]}
        for row in loose:
            left = whole[row.id] - row.quantity
            if left:
                reduced[row.id] = left
            else:
                ended.append(row.id)
        if out.allocated_units:
            taken[out.balance_id] = out.allocated_units
        follow, stay = _follow(loose, out.into)
        carried += follow
        freed += stay
    freed.sort(key=strength)
    return Displaced(reduced, tuple(ended), taken, tuple(carried), tuple(freed))


def give_up(given: Iterable[Given]) -> Displaced:
    """These allocations end, and all their units must be given other lots.  Law as in Displaced, with nothing carried."""
    freed = sorted(given, key=strength)
    taken: defaultdict[int, int] = defaultdict(int)
    for row in freed:
        taken[row.balance_id] += row.quantity
    return Displaced(ended=tuple(row.id for row in freed), taken=dict(taken), freed=tuple(freed))


def strength(row: Given) -> tuple[int, datetime, int]:
    """Sorts the strongest first."""
    return -row.priority, row.ship_by, row.id


def _weakest(rows: Sequence[Given], units: int) -> list[Given]:
    """`units` of these, the weakest first; the last one in part, where it is enough."""
    found = []
    for row in sorted(rows, key=strength, reverse=True):
        if units <= 0:
            break
        quantity = min(units, row.quantity)
        found.append(replace(row, quantity=quantity))
        units -= quantity
    return found


def _follow(loose: Sequence[Given], into: Sequence[tuple[int, int]]) -> tuple[list[Given], list[Given]]:
    """The strongest follow first, as far as the units go."""
    carried, freed = [], []
    room = [[balance_id, units] for balance_id, units in into]
    for row in sorted(loose, key=strength):
        quantity = row.quantity
        for place in room:
            taken = min(quantity, place[1])
            if taken:
                carried.append(replace(row, balance_id=place[0], quantity=taken))
                place[1] -= taken
                quantity -= taken
        if quantity:
            freed.append(replace(row, quantity=quantity))
    return carried, freed
