"""An order as it comes in, whatever brought it (file, push, connector): the one shape that the pipeline takes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets it.  `is_masked`: the platform hid part of it, so it proves nothing about being the same person."""

    name: str
    phone: str
    province: str
    city: str
    district: str
    street: str
    is_masked: bool = False


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """`code` is the merchant's code as the channel has it; quantity in base units above 0; price in minor units, not below 0."""

    code: str
    quantity: int
    unit_price_minor: int
    source_row: int | None = None


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """One channel order.  `raw` is kept as received; `refused_rows` are rows of its file that could not be taken and stop it.

    `buyer`: the account on the platform.  `receiver_token`: the platform's own id of a receiver that it hides (OAID, open address id).
    `cod_minor`: to be collected at the door.  `wait_until`: a presale ships on this day, not before.
    """

    external_number: str
    placed_at: datetime
    amount_minor: int
    lines: tuple[IncomingLine, ...]
    raw: str
    receiver: Receiver | None = None
    charge_minor: int = 0
    discount_minor: int = 0
    remark: str = ""
    seller_remark: str = ""
    state: int = 1
    refused_rows: tuple[int, ...] = ()
    buyer: str = ""
    receiver_token: str = ""
    cod_minor: int = 0
    wait_until: datetime | None = None
