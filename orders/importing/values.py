"""Text of a cell -> a value or the code of what is wrong with it.  Each reader remembers what it has read:
columns repeat themselves.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from orders.importing.problems import Code
from orders.importing.settings import DateOrder

T = TypeVar("T")
REMEMBERED = 50_000
MAX_QUANTITY = 2**31 - 1
MAX_MONEY = 10**13  # minor units of one price, one line, one amount
NUMBER_LENGTH = CODE_LENGTH = 64
YEARS = range(1990, 2100)

_WHOLE = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.0*)?", re.ASCII)
_MONEY = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d*))?|(-?)()\.(\d+)", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d+", re.ASCII)
_WRAPPED = re.compile(r'="(.*)"', re.DOTALL)
_DATE = re.compile(
    r"(\d{1,4})[-/.年](\d{1,2})[-/.月](\d{1,4})日?"
    r"(?:[ T]+(\d{1,2})[:时](\d{1,2})分?(?::?(\d{1,2})秒?(?:\.\d+)?)?)?",
    re.ASCII,
)
_SYMBOLS = "¥￥£$€元 \t\u00a0"
_UNSEEN = dict.fromkeys(
    [
        *range(9),
        11,
        12,
        *range(14, 32),
        127,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)

STATES = {
    0: ("等待买家付款", "待付款", "未付款", "unpaid", "pending"),
    1: (
        "买家已付款，等待卖家发货",
        "买家已付款,等待卖家发货",
        "等待出库",
        "待发货",
        "已付款",
        "已支付",
        "paid",
        "processing",
        "",
    ),
    2: ("卖家已发货，等待买家确认", "卖家已发货,等待买家确认", "已发货", "已出库", "shipped"),
    3: ("交易成功", "已完成", "已收货", "completed"),
    4: ("交易关闭", "已关闭", "已取消", "closed", "cancelled", "canceled"),
}
_STATE_WORDS = {word: state for state, words in STATES.items() for word in words}


class Reader(dict[str, T | Code], Generic[T]):
    """`reader[cell]`: what `read` says of the cell; a dictionary, so a cell seen before costs nothing."""

    def __init__(self, read: Callable[[str], T | Code]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, cell: str) -> T | Code:
        if len(self) >= REMEMBERED:
            self.clear()
        value = self[cell] = self.read(cell)
        return value


class NotGoods(str):
    """A code that is a charge of the order: postage, fees."""

    __slots__ = ()


def plain(cell: str) -> str:
    """A cell without blanks, byte order marks and characters that cannot be seen; a formula stays the text
    it is.
    """
    return cell.translate(_UNSEEN).strip()


def identifier(cell: str) -> str:
    """An id as it was before a spreadsheet dressed it: `="123"`, a leading `'`, tabs and blanks taken off."""
    text = cell.strip().lstrip("\ufeff")
    wrapped = _WRAPPED.fullmatch(text)
    if wrapped:
        text = wrapped[1].strip()
    return text.lstrip("'").strip().replace("\t", "")


def read_number(cell: str) -> str | Code:
    """An order number."""
    text = identifier(cell)
    if not text:
        return Code.NO_NUMBER
    if text.rstrip(":：") in ("合计", "总计", "小计", "Total", "TOTAL"):
        return Code.TOTALS
    if _SCIENTIFIC.fullmatch(text):
        return Code.SCIENTIFIC_NUMBER
    return _checked(text, NUMBER_LENGTH)


def code_reader(not_goods: Iterable[str], no_code: Iterable[str]) -> Reader[str]:
    """Reads merchant codes; those of charges come as NotGoods."""
    charges, blanks = frozenset(not_goods), frozenset(no_code)

    def read(cell: str) -> str | Code:
        text = identifier(cell)
        if not text or text in blanks:
            return Code.NO_CODE
        return NotGoods(text) if text in charges else _checked(text, CODE_LENGTH)

    return Reader(read)


def _checked(text: str, length: int) -> str | Code:
    if "\0" in text:
        return Code.NUL_CHARACTER
    if len(text) > length:
        return Code.TOO_LONG
    return text if text.isprintable() else Code.BAD_CHARACTER


def read_quantity(cell: str) -> int | Code:
    """A whole number of base units; may be 0 or less."""
    found = _WHOLE.fullmatch(cell.strip().replace("\u2212", "-"))
    if not found:
        return Code.QUANTITY_UNREADABLE
    digits = found[2].replace(",", "").lstrip("0") or "0"
    if len(digits) > 10 or int(digits) > MAX_QUANTITY:
        return Code.QUANTITY_TOO_LARGE
    return -int(digits) if found[1] == "-" else int(digits)


def money_reader(decimals: int, unreadable: Code) -> Reader[int]:
    """Reads amounts of money into minor units, exactly or not at all."""

    def read(cell: str) -> int | Code:
        found = _MONEY.fullmatch(cell.replace("\u2212", "-").strip(_SYMBOLS))
        if not found:
            return unreadable
        sign, whole, part = (
            (found[4], found[5], found[6]) if found[6] else (found[1], found[2], found[3] or "")
        )
        part = part.rstrip("0")
        if len(part) > decimals:
            return Code.PRICE_DECIMALS
        digits = (whole.replace(",", "") + part.ljust(decimals, "0")).lstrip("0") or "0"
        if len(digits) > 14 or int(digits) > MAX_MONEY:
            return Code.AMOUNT_TOO_LARGE
        return -int(digits) if sign else int(digits)

    return Reader(read)


def optional_money_reader(decimals: int) -> Reader[int]:
    """Like money_reader, for columns that may be blank: that is 0."""
    reader = money_reader(decimals, Code.AMOUNT_UNREADABLE)
    return Reader(lambda cell: 0 if cell.strip(_SYMBOLS) in ("", "-") else reader.read(cell))


def date_reader(order: DateOrder, timezone: ZoneInfo) -> Reader[datetime]:
    """Reads the tenant's local time; a day without a time is its midnight."""

    def read(cell: str) -> datetime | Code:
        found = _DATE.fullmatch(cell.replace("\t", " ").strip(" '"))
        if not found:
            return Code.DATE_UNREADABLE
        first, second, third = int(found[1]), int(found[2]), int(found[3])
        if len(found[1]) == 4:
            year, month, day = first, second, third
        elif order is DateOrder.DAY_FIRST:
            day, month, year = first, second, third
        elif order is DateOrder.MONTH_FIRST:
            month, day, year = first, second, third
        else:
            return Code.DATE_UNREADABLE
        try:
            placed = datetime(
                year, month, day, int(found[4] or 0), int(found[5] or 0), int(found[6] or 0), tzinfo=timezone
            )
        except ValueError:
            return Code.DATE_UNREADABLE
        return placed if year in YEARS else Code.DATE_UNREADABLE

    return Reader(read)


def read_state(cell: str) -> int | Code:
    """What the platform says of the order, as orders.models.ChannelState numbers it."""
    return _STATE_WORDS.get(plain(cell).casefold(), Code.STATE_UNKNOWN)
