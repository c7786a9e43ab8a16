"""Goods on the road between two facilities: what arrived or was lost, laid on what left.  Units are base units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one lot that left one bin, and what became of them."""

    id: int
    lot_id: int
    sent: int
    arrived: int = 0
    lost: int = 0

    @property
    def on_the_road(self) -> int:
        return self.sent - self.arrived - self.lost


@dataclass(frozen=True, slots=True)
class Settled:
    """`arrived` and `lost`: item -> units added to it; `excess`: lot -> units for which nothing is on the road; `is_done`: nothing is.

    Law: for every lot, units arrived + lost = units laid on its items + its excess; no item gets more than it has on the road.
    """

    arrived: Mapping[int, int]
    lost: Mapping[int, int]
    excess: Mapping[int, int]
    is_done: bool


def settle(items: Iterable[Item], arrived: Mapping[int, int], lost: Mapping[int, int]) -> Settled:
    """Lay units (lot -> units) on the items of their lot by id, first what arrived, then what was lost."""
    rows = sorted(items, key=lambda item: item.id)
    room = {item.id: item.on_the_road for item in rows}
    excess: dict[int, int] = {}
    laid: list[dict[int, int]] = []
    for units_of in (arrived, lost):
        added: dict[int, int] = {}
        for lot_id, units in units_of.items():
            left = units
            for item in rows:
                if item.lot_id == lot_id and left and room[item.id]:
                    taken = min(left, room[item.id])
                    added[item.id] = taken
                    room[item.id] -= taken
                    left -= taken
            if left:
                excess[lot_id] = excess.get(lot_id, 0) + left
        laid.append(added)
    return Settled(laid[0], laid[1], excess, not any(room.values()))
