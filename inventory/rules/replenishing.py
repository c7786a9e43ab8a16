"""How much to buy: when what is there and what is coming falls below the minimum, fill up to the target.  Units are base units.

The (s, S) policy of inventory theory, with s the minimum, S the target, and whole cases as the supplier packs them.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """One SKU at one facility.  `available`: what reserve would accept now; `on_order`: open units of purchase orders; `on_the_road`:
    units of transfers on their way here; `short`: paid units that could not be promised; `case_quantity`: None is single units.
    """

    facility_id: int
    sku_id: int
    available: int
    on_order: int = 0
    on_the_road: int = 0
    minimum: int = 0
    target: int = 0
    short: int = 0
    case_quantity: int | None = None

    @property
    def position(self) -> int:
        """What will be free when everything that is coming has come and everything paid has been served."""
        return self.available + self.on_order + self.on_the_road - self.short


@dataclass(frozen=True, slots=True)
class Proposal:
    """Units to buy; `missing` of them are needed, the rest fills the last case."""

    need: Need
    missing: int
    quantity: int


def propose(needs: Iterable[Need]) -> tuple[Proposal, ...]:
    """What to buy, the most short first, then the furthest below its minimum, then by facility and SKU.

    Law: a need is proposed exactly if its position is below its minimum; then position + missing = target, `quantity` is the least whole
    number of cases that holds `missing`; so buying what is proposed leaves nothing to propose.
    """
    found = []
    for need in needs:
        if need.position >= need.minimum:
            continue
        missing = max(need.target, need.minimum) - need.position
        case = need.case_quantity or 1
        found.append(Proposal(need, missing, -(-missing // case) * case))
    return tuple(sorted(found, key=_urgency))


def _urgency(proposal: Proposal) -> tuple[int, int, int, int]:
    need = proposal.need
    return -need.short, need.position - need.minimum, need.facility_id, need.sku_id
