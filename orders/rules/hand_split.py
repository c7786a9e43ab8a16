"""Parcels as a person wants them: parcel rules give way to people, units and carriers' limits do not.

Laws: every unit of the order is in exactly one parcel; no parcel is empty or over the limit; what was wanted for other lines than the
order has left now is not applied at all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orders.rules.splitting import OVER_CARRIER_LIMIT, Item, ParcelPlan, SplitPlan
from orders.rules.values import CarrierLimit, Finding, Line, Sku

__all__ = [
    "BY_HAND",
    "EMPTY",
    "MISSING",
    "TOO_MANY",
    "UNKNOWN",
    "Problem",
    "Wanted",
    "check",
    "plan",
    "read_wish",
]

BY_HAND = "BY_HAND"
EMPTY = "EMPTY"
UNKNOWN = "UNKNOWN"
MISSING = "MISSING"
TOO_MANY = "TOO_MANY"

Wanted = Sequence[Sequence[tuple[int, int]]]
"""Parcels, each as (line id, units)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why parcels cannot be as they are wanted.  `place`: of the parcel, from 0; `units` that are missing or too many of the line."""

    code: str
    place: int | None = None
    line_id: int | None = None
    units: int = 0


def check(lines: Sequence[Line], wanted: Wanted) -> tuple[Problem, ...]:
    """Everything that is wrong with it at once; nothing: each unit of each line is in exactly one parcel."""
    have = {line.id: line.quantity for line in lines}
    found: list[Problem] = []
    said: Counter[int] = Counter()
    for place, parcel in enumerate(wanted):
        if not parcel or not any(units > 0 for _line, units in parcel):
            found.append(Problem(EMPTY, place))
        for line_id, units in parcel:
            if line_id not in have or units < 0:
                found.append(Problem(UNKNOWN, place, line_id, units))
            else:
                said[line_id] += units
    for line_id, quantity in sorted(have.items()):
        if said[line_id] < quantity:
            found.append(Problem(MISSING, None, line_id, quantity - said[line_id]))
        elif said[line_id] > quantity:
            found.append(Problem(TOO_MANY, None, line_id, said[line_id] - quantity))
    return tuple(found)


def plan(
    lines: Sequence[Line], skus: Mapping[int, Sku], wanted: Wanted, limit: CarrierLimit
) -> SplitPlan | None:
    """The parcels, or a finding where one is over the limit; None where the order is not what it was when they were wanted."""
    if check(lines, wanted):
        return None
    sku_of = {line.id: line.sku_id for line in lines}
    parcels: list[ParcelPlan] = []
    over: list[int] = []
    for place, parcel in enumerate(wanted):
        items = tuple(Item(id_, sku_of[id_], units) for id_, units in sorted(parcel) if units)
        weight_g = _weight(items, skus)
        if _is_over(items, weight_g, skus, limit):
            over.append(place)
        parcels.append(ParcelPlan(items, weight_g, BY_HAND))
    if over:
        return SplitPlan((), (Finding(OVER_CARRIER_LIMIT, (("parcels", tuple(over)),), stops=True),))
    return SplitPlan(tuple(parcels), ())


def _weight(items: Sequence[Item], skus: Mapping[int, Sku]) -> int | None:
    total = 0
    for item in items:
        unit_g = skus[item.sku_id].weight_g
        if unit_g is None:
            return None
        total += unit_g * item.quantity
    return total


def _is_over(
    items: Sequence[Item], weight_g: int | None, skus: Mapping[int, Sku], limit: CarrierLimit
) -> bool:
    """What is not known is over every limit."""
    if limit.weight_g is not None and (weight_g is None or weight_g > limit.weight_g):
        return True
    if limit.longest_mm is None and limit.volume_mm3 is None:
        return False
    volume = 0
    for item in items:
        sku = skus[item.sku_id]
        if sku.length_mm is None or sku.width_mm is None or sku.height_mm is None:
            return True
        sides = (sku.length_mm, sku.width_mm, sku.height_mm)
        if limit.longest_mm is not None and max(sides) > limit.longest_mm:
            return True
        volume += sides[0] * sides[1] * sides[2] * item.quantity
    return limit.volume_mm3 is not None and volume > limit.volume_mm3


def read_wish(decided: Mapping[str, object] | None) -> Wanted | None:
    """What a person wanted, from an order's `decided`."""
    said = (decided or {}).get("by_hand")
    if not isinstance(said, list):
        return None
    return [[(int(line), int(units)) for line, units in parcel] for parcel in said]
