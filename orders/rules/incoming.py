"""An order as it comes in, whatever brought it (file, push, connector): the one shape that the pipeline takes."""

from dataclasses import dataclass
from datetime import datetime

from orders.rules.invoices import InvoiceWish


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
    """`code` is the merchant's code as the channel has it, or what the platform's ids say where there is none (`code_by_ids`); quantity in
    base units above 0; price in minor units, not below 0.  `item`, `variant`: the platform's own ids of what was sold.
    """

    code: str
    quantity: int
    unit_price_minor: int
    source_row: int | None = None
    item: str = ""
    variant: str = ""


CODE_MOST = 64


def code_by_ids(item: str, variant: str) -> str:
    """What a line without a merchant's code is called."""
    both = f"{item}:{variant}" if item and variant else item or variant
    return both if len(both) <= CODE_MOST else (variant or item)[:CODE_MOST]


def is_by_ids(code: str, item: str, variant: str) -> bool:
    """Whether a line has no merchant's code: it is called by the platform's ids, or by one of them."""
    return bool(item) and code in (item, variant, f"{item}:{variant}")


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """One channel order.  `raw` is kept as received; `refused_rows` are rows of its file that could not be taken and stop it.

    `buyer`: the account on the platform.  `receiver_token`: the platform's own id of a receiver that it hides (OAID, open address id).
    `cod_minor`: to be collected at the door.  `wait_until`: a presale ships on this day, not before.  `invoice`: what the buyer asks for.
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
    invoice: InvoiceWish | None = None
