"""What the rules of orders read and say. Grams, millimetres, base units; money in minor units of one
currency.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum


class ParcelRule(IntEnum):
    """How the units of a SKU travel; the numbers are stored."""

    RIDES_ALONG = 0
    """Must travel with something."""
    NORMAL = 1
    BULKY = 2
    """Each unit is its own parcel; small things may ride."""
    ALONE = 3
    """Each unit is its own parcel; nothing rides."""
    CASE_PACK = 4
    """`case_quantity` units are a parcel; what is left over is NORMAL."""


@dataclass(frozen=True, slots=True)
class Sku:
    """What splitting and audit need to know of a SKU. None is unknown, never 0. `min_days`: how long it must still
    last by its own minimum. `is_one_lot`: what a parcel holds of it is of one lot.
    """

    id: int
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    parcel_rule: ParcelRule
    case_quantity: int | None
    shipping_class: str
    min_days: int = 0
    is_one_lot: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One order line, bundles already expanded.

    `sku_id` is 0 where the goods could not be mapped. Lines with the same `bundle` are parts of one bundle;
    0: none.
    """

    id: int
    sku_id: int
    quantity: int
    unit_price_minor: int
    bundle: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the rules see it.

    `receiver_key` is equal for orders that go to the same receiver; None where nothing can be said.
    `amount_minor` is what the channel says was to be paid: lines + `charge_minor` (freight, fees) -
    `discount_minor`. `min_expires_on` is the strictest of its lines; `floors` has the SKUs that want less.
    `rest_minor`: what the lines cost beyond quantity × price (parts of bundles).
    """

    id: int
    receiver_key: int | None
    remark: str
    seller_remark: str
    amount_minor: int
    charge_minor: int
    discount_minor: int
    min_expires_on: date
    ship_by: date
    has_address: bool
    needs_address: bool
    lines: Sequence[Line]
    floors: Mapping[int, date] = field(default_factory=dict)
    rest_minor: int = 0


@dataclass(frozen=True, slots=True)
class CarrierLimit:
    """The most a carrier takes in one parcel: total weight, total volume, longest side of a unit. None: no
    limit.
    """

    weight_g: int | None
    volume_mm3: int | None
    longest_mm: int | None


Fact = int | str | tuple[int, ...]
"""A number, a text, or ids."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason that a person should look; at most one of each code per order. `dict(detail)` names the
    facts.
    """

    code: str
    detail: tuple[tuple[str, Fact], ...]
    stops: bool
