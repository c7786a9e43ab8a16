"""When a change of stock needs a second person: over the tenant's limit of units, or of money at cost.

Units are base units, both ways added up, so that +100 and −100 are 200 and not 0.  Money is in minor units.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weight:
    """What an adjustment comes to.  `value_minor` is None as soon as the cost of one thing is unknown."""

    units: int
    value_minor: int | None


def weigh(lines: Iterable[tuple[int, int | None]]) -> Weight:
    """Lines are (units more or fewer, cost of one unit)."""
    units, value = 0, 0
    is_known = True
    for delta, cost_minor in lines:
        units += abs(delta)
        if cost_minor is None:
            is_known = False
        else:
            value += abs(delta) * cost_minor
    return Weight(units, value if is_known else None)


def needs_second(weight: Weight, *, unit_limit: int, value_limit_minor: int) -> bool:
    """Whether it is over a limit; 0 is no limit.  What nobody knows the cost of is over any limit of money.

    Law: a heavier adjustment never needs fewer people than a lighter one.
    """
    if unit_limit and weight.units > unit_limit:
        return True
    if not value_limit_minor:
        return False
    return weight.value_minor is None or weight.value_minor > value_limit_minor
