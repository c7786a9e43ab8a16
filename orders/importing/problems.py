"""Why a row of a file was not taken as an order line."""

from dataclasses import dataclass
from enum import StrEnum

from orders.rules.incoming import IncomingOrder

VALUE_CUT = 200  # of a cell that is shown as it came
NUMBER_CUT = 64


class Code(StrEnum):
    """Stable and machine readable; `orders.importing.advice` has the words."""

    # Set aside: no fault, nothing to mend.
    NOT_POSITIVE = "NOT_POSITIVE"
    NOT_GOODS = "NOT_GOODS"
    TOTALS = "TOTALS"
    REFUNDED = "REFUNDED"
    # Refused: the row's order stops.
    ZERO_PRICE = "ZERO_PRICE"
    NEGATIVE_PRICE = "NEGATIVE_PRICE"
    PRICE_DECIMALS = "PRICE_DECIMALS"
    PRICE_UNREADABLE = "PRICE_UNREADABLE"
    AMOUNT_UNREADABLE = "AMOUNT_UNREADABLE"
    AMOUNT_TOO_LARGE = "AMOUNT_TOO_LARGE"
    QUANTITY_UNREADABLE = "QUANTITY_UNREADABLE"
    QUANTITY_TOO_LARGE = "QUANTITY_TOO_LARGE"
    NO_CODE = "NO_CODE"
    NO_NUMBER = "NO_NUMBER"
    SCIENTIFIC_NUMBER = "SCIENTIFIC_NUMBER"
    BAD_CHARACTER = "BAD_CHARACTER"
    NUL_CHARACTER = "NUL_CHARACTER"
    TOO_LONG = "TOO_LONG"
    DATE_UNREADABLE = "DATE_UNREADABLE"
    STATE_UNKNOWN = "STATE_UNKNOWN"
    WRONG_CELLS = "WRONG_CELLS"
    UNCLOSED_QUOTE = "UNCLOSED_QUOTE"
    ITEMS_NOT_SHARED = "ITEMS_NOT_SHARED"
    AFTER_SALES_OPEN = "AFTER_SALES_OPEN"
    NO_ORDER_ROW = "NO_ORDER_ROW"
    NO_ITEM_ROW = "NO_ITEM_ROW"


SET_ASIDE = frozenset({Code.NOT_POSITIVE, Code.NOT_GOODS, Code.TOTALS, Code.REFUNDED})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, before its order is known.  `units`: its quantity, 0 when not above 0 or
    unreadable.
    """

    code: Code
    column: int | None
    value: str
    units: int
    charge_minor: int = 0


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row that was not taken.  `row` as a person counts (header = 1), `value` as it came, cut at 200."""

    row: int
    column: str
    value: str
    code: Code
    units: int
    external_number: str
    stops: bool


@dataclass(frozen=True, slots=True)
class ParsedGroup:
    """What became of the rows of one order: an order or none, and every row that is not among its lines."""

    order: IncomingOrder | None
    problems: tuple[RowProblem, ...]
    rows: int
