"""What a delivery does to the order it was brought for, and what its lots are called.  Units are base units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

NO_LOT = "-"
"""The one lot of goods that are not told apart and do not expire."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of a purchase order: what was asked for, and what came of it so far."""

    line_id: int
    sku_id: int
    quantity: int
    received: int = 0

    @property
    def open_units(self) -> int:
        return max(0, self.quantity - self.received)


@dataclass(frozen=True, slots=True)
class Over:
    """Units of one SKU that nobody asked for: beyond its line, or without one (`expected` 0)."""

    sku_id: int
    expected: int
    received: int
    units: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The lines after a delivery.  `added`: line -> units that came; `over`: by SKU, all that is beyond what was expected; `beyond`: those
    of them that a person has to agree to; `is_complete`: no line is open any more.

    Law: units delivered = units added to lines + units of SKUs that have no line.
    """

    added: Mapping[int, int]
    over: tuple[Over, ...]
    beyond: tuple[Over, ...]
    is_complete: bool


def count_up(
    expected: Iterable[Expected],
    delivered: Mapping[int, int],
    *,
    over_percent: int = 0,
    is_open: bool = True,
) -> Counted:
    """Count a delivery (SKU -> units) up on its order's lines, of which each SKU has at most one.

    Goods at the door are always counted; what is over is named.  Up to `over_percent` of the line's quantity, rounded down, nobody need
    agree.  An order that is not open any more expects nothing.
    """
    lines = {line.sku_id: line for line in expected}
    over, beyond = [], []
    for sku_id, units in sorted(delivered.items()):
        line = lines.get(sku_id)
        quantity, received = (line.quantity, line.received + units) if line else (0, units)
        spare = min(units, received - quantity) if is_open else units
        if spare <= 0:
            continue
        found = Over(sku_id, quantity, received, spare)
        over.append(found)
        if not is_open or received > quantity + quantity * over_percent // 100:
            beyond.append(found)
    return Counted(
        {lines[sku_id].line_id: units for sku_id, units in delivered.items() if sku_id in lines},
        tuple(over),
        tuple(beyond),
        all(line.received + delivered.get(sku_id, 0) >= line.quantity for sku_id, line in lines.items()),
    )


def name_lot(given: str, expires_on: date | None, *, has_lots: bool) -> str:
    """The lot's code: as given; of goods without lots the expiry date, or NO_LOT.  Empty: a code must be given."""
    if given or has_lots:
        return given
    return expires_on.isoformat() if expires_on else NO_LOT
