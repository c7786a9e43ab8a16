"""Lines as a channel states them → lines of SKUs: bundles are taken apart and what they cost is spread over their parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inventory.rules.bundles import Expanded, Part, Wanted, expand

__all__ = ["Piece", "expand_lines", "spread"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Units of one code, from the line at `place`.  `bundle` is the code they were sold as, else empty.

    `amount_minor` is what they cost together where that is not quantity × price: a share of what the bundle cost.
    """

    place: int
    code: str
    quantity: int
    unit_price_minor: int
    bundle: str = ""
    amount_minor: int | None = None


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of `total` (not below 0) by `weights` (not below 0), whole numbers that add up to it exactly: the largest remainder first,
    of equal ones the earlier.  Without any weight all weigh the same.

    Law: each share is less than 1 away from its exact part, and they sum to `total`.
    """
    if not weights:
        raise ValueError("nothing to spread over")
    whole = sum(weights)
    if not whole:
        weights, whole = [1] * len(weights), len(weights)
    shares = [total * weight // whole for weight in weights]
    left = total - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[:left]:
        shares[i] += 1
    return shares


def expand_lines(
    lines: Iterable[tuple[str, int, int]],
    bundles: Mapping[str, Sequence[Part]],
    worth: Mapping[str, int],
) -> list[Piece]:
    """(code, quantity, price) of each line → pieces, in the order of the lines, then of the parts.

    A bundle's amount is spread by what its parts are worth (`worth`: minor units each); parts of which nobody knows the worth weigh as
    much as the cheapest that is known, so that nothing is given away for nothing.  Law: amounts of the pieces of a line add up to
    quantity × price; units are `inventory.rules.bundles.expand`'s.
    """
    said = list(lines)
    pieces: list[Piece] = []
    for place, found in _by_line(expand([Wanted(code, units) for code, units, _ in said], bundles)):
        _code, quantity, price = said[place]
        if not found[0].bundle:
            pieces.append(Piece(place, found[0].code, quantity, price))
            continue
        known = [worth[one.code] for one in found if worth.get(one.code)]
        least = min(known, default=1)
        amounts = spread(quantity * price, [one.quantity * (worth.get(one.code) or least) for one in found])
        pieces += [
            Piece(place, one.code, one.quantity, amount // one.quantity, one.bundle, amount)
            for one, amount in zip(found, amounts, strict=True)
        ]
    return pieces


def _by_line(found: Iterable[Expanded]) -> list[tuple[int, list[Expanded]]]:
    lines: dict[int, list[Expanded]] = {}
    for one in found:
        lines.setdefault(one.line, []).append(one)
    return list(lines.items())
