"""Bundles (组合装): sold as one, stocked as several.

One level only.  A part is a SKU and never a bundle, so expanding what was expanded changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """`quantity` of a code as the order says it: a bundle's or a SKU's."""

    code: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Part:
    """`quantity` units of a SKU in one bundle."""

    code: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Expanded:
    """Units of one SKU.  `line` is the place of the wanted line, from 0; `bundle` is empty for what was wanted as a SKU."""

    line: int
    code: str
    quantity: int
    bundle: str = ""


def units_of(parts: Sequence[Part]) -> int:
    """Units that leave the shelf for one bundle."""
    return sum(part.quantity for part in parts)


def expand(lines: Sequence[Wanted], bundles: Mapping[str, Sequence[Part]]) -> list[Expanded]:
    """Lines with codes → lines with SKUs, in the order of the lines, then of the parts.

    A code that is no bundle passes as it is.  Nothing is added up over lines: which line a unit belongs to decides its price and its
    refund.  Law: a line of q bundles gives q × `units_of` units and never another SKU than its parts; expanding twice is expanding once.
    Raises ValueError for a quantity that is not above 0 and for a bundle without parts: units must not vanish.
    """
    found: list[Expanded] = []
    for place, line in enumerate(lines):
        if line.quantity <= 0:
            raise ValueError(f"line {place}: {line.quantity} is not above 0")
        parts = bundles.get(line.code)
        if parts is None:
            found.append(Expanded(place, line.code, line.quantity))
            continue
        if not parts:
            raise ValueError(f"{line.code} has no parts")
        found += [Expanded(place, part.code, line.quantity * part.quantity, line.code) for part in parts]
    return found
