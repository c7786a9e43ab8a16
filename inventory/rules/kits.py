"""Kits: goods that people assemble of other goods, and take apart again.

A recipe says how many units of each part go into one kit.  A part may be a kit itself; no kit is a part of itself, however deep.  Units
are base units, costs minor units.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from inventory.rules import expiry


@dataclass(frozen=True, slots=True)
class Part:
    """`quantity` units of a SKU in one kit; `cost_minor` of one unit, None where nobody said it."""

    sku_id: int
    quantity: int
    cost_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """Units of one lot that are in the kits of a lot: what went in, less what was taken out again."""

    sku_id: int
    lot_id: int
    units: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A part of which there are `have` units where `want` are needed."""

    sku_id: int
    have: int
    want: int


@dataclass(frozen=True, slots=True)
class Apart:
    """What comes out of kits.  `by_lot`: lot -> units, as they went in; `by_recipe`: kits that nobody here assembled."""

    by_lot: Mapping[int, int]
    by_recipe: int


def find_cycle(recipes: Mapping[int, Iterable[int]]) -> tuple[int, ...]:
    """A kit that would be a part of itself: the way from it back to it, the first SKU named twice.  Empty when there is none.

    `recipes`: SKU -> its parts.  Deterministic: SKUs and parts are walked in ascending order.
    """
    done: set[int] = set()
    for start in sorted(recipes):
        way: list[int] = []
        inside: set[int] = set()
        stack = [(start, False)]
        while stack:
            sku_id, is_left = stack.pop()
            if is_left:
                way.pop()
                inside.discard(sku_id)
                done.add(sku_id)
            elif sku_id in inside:
                return (*way[way.index(sku_id) :], sku_id)
            elif sku_id not in done:
                way.append(sku_id)
                inside.add(sku_id)
                stack.append((sku_id, True))
                stack += [(part, False) for part in sorted(recipes.get(sku_id, ()), reverse=True)]
    return ()


def possible(parts: Iterable[Part], have: Mapping[int, int]) -> int:
    """Kits that these units are enough for; 0 for a recipe without parts."""
    return min((max(0, have.get(part.sku_id, 0)) // part.quantity for part in parts), default=0)


def missing(parts: Iterable[Part], have: Mapping[int, int], quantity: int) -> tuple[Missing, ...]:
    """Parts that are short for `quantity` kits, in the recipe's order.  Law: none exactly if `possible` >= quantity."""
    return tuple(
        Missing(part.sku_id, max(0, have.get(part.sku_id, 0)), part.quantity * quantity)
        for part in parts
        if have.get(part.sku_id, 0) < part.quantity * quantity
    )


def expires_on(
    used: Iterable[date | None],
    today: date,
    *,
    days: int | None,
    months: int | None,
    production_day_counts: bool,
) -> date:
    """When a kit made today expires: with the first of the parts in it, or by its own shelf life where that ends earlier."""
    own = expiry.expires_on(today, days=days, months=months, production_day_counts=production_day_counts)
    return expiry.earliest((*used, own))


def cost_minor(parts: Sequence[Part]) -> int | None:
    """What the parts of one kit cost; None while the cost of one of them is unknown."""
    total = 0
    for part in parts:
        if part.cost_minor is None:
            return None
        total += part.cost_minor * part.quantity
    return total if parts else None


def take_apart(inside: Iterable[Inside], *, kits: int, quantity: int) -> Apart:
    """The parts that come out of `quantity` kits of a lot of which `kits` were assembled here and not taken apart.

    Which unit went into which kit is not known, so each part's lots come out in proportion, by the largest remainder, ties to the lot with
    more units, then the lower id.  Law: no lot gives more than is inside; of a part with u units inside come out u × taken // kits; when
    all kits are taken apart, all that is inside comes out.  Kits beyond `kits` (found, received, opening stock) are for the recipe.
    """
    taken = min(kits, quantity)
    groups: defaultdict[int, list[Inside]] = defaultdict(list)
    for row in inside:
        if row.units > 0:
            groups[row.sku_id].append(row)
    by_lot: dict[int, int] = {}
    if taken:
        for rows in groups.values():
            by_lot |= _share(rows, sum(row.units for row in rows) * taken // kits)
    return Apart({lot_id: units for lot_id, units in sorted(by_lot.items()) if units}, quantity - taken)


def _share(rows: Sequence[Inside], total: int) -> dict[int, int]:
    """`total` units of these lots, in proportion to what is inside."""
    whole = sum(row.units for row in rows)
    given = {row.lot_id: row.units * total // whole for row in rows}
    rest = total - sum(given.values())
    by_remainder = sorted(rows, key=lambda row: (-(row.units * total % whole), -row.units, row.lot_id))
    for row in by_remainder[:rest]:
        given[row.lot_id] += 1
    return given
