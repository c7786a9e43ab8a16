"""Text of a cell -> a value or the code of what is wrong with it.  Each reader remembers what it has read:
columns repeat themselves.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from orders.importing.problems import Code
from orders.importing.settings import DateOrder

T = TypeVar("T")
REMEMBERED = 50_000
HIDDEN = "无权限"  # instead of a value that the person who made the export may not see
BLANK = frozenset({"", "-", "—", "无", HIDDEN})
MAX_QUANTITY = 2**31 - 1
MAX_MONEY = 10**13  # minor units of one price, one line, one amount
NUMBER_LENGTH = CODE_LENGTH = 64
YEARS = range(1990, 2100)

_WHOLE = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.0*)?", re.ASCII)
_MONEY = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d*))?|(-?)()\.(\d+)", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d+", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}", re.ASCII)
_WRAPPED = re.compile(r'="(.*)"', re.DOTALL)
_DATE = re.compile(
    r"(\d{1,4})[-/.年](\d{1,2})[-/.月](\d{1,4})日?"
    r"(?:[ T]+(\d{1,2})[:时](\d{1,2})分?(?::?(\d{1,2})秒?(?:\.\d+)?)?)?",
    re.ASCII,
)
_SIMPLE_DATES = re.compile(r"(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)*", re.ASCII).fullmatch
_DAY_IN_NUMBER = re.compile(r"(\d\d)(\d\d)(\d\d)-\d{15}", re.ASCII)
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
    0: ("等待买家付款", "待付款", "未付款", "待支付", "等待付款", "unpaid", "pending"),
    1: (
        "买家已付款，等待卖家发货",
        "买家已付款,等待卖家发货",
        "等待出库",
        "待发货",
        "备货中",
        "等待卖家发货",
        "买家已付款",
        "已付款",
        "已支付",
        "paid",
        "processing",
        "",
    ),
    2: (
        "卖家已发货，等待买家确认", "卖家已发货,等待买家确认", "等待买家确认收货", "等待确认收货", "等待买家收货",
        "已发货", "已发货，待签收", "待收货", "已出库", "shipped",
    ),
    3: ("交易成功", "已完成", "完成", "已收货", "已签收", "completed"),
    4: (
        "交易关闭", "已关闭", "已取消", "退款成功", "已退款", "订单取消", "已取消，退款成功", "未发货，退款成功",
        "已发货，退款成功", "(删除)等待出库", "(删除)已取消", "closed", "cancelled", "canceled", "refunded",
    ),
}  # fmt: skip
AFTER_SALES_NONE = frozenset(
    {
        "", "-", "—", "无", "无售后", "无售后或售后取消", "售后关闭", "售后取消", "退款关闭", "退款取消", "没有申请退款",
        "无退款申请", "无退款", "未申请", "未申请退款", "none",
    }
)  # fmt: skip
REFUNDED = frozenset({"退款成功", "已退款", "已全额退款", "退款完成", "退货退款成功", "refunded"})
_STATE_WORDS = {word: state for state, words in STATES.items() for word in words}


class Reader(dict[str, T | Code], Generic[T]):
    """`reader[cell]`: what `read` says of the cell; a dictionary, so a cell seen before costs nothing.

    `is_plain` says which values need no second look: `doubtful` are the remembered cells whose values do.
    """

    def __init__(
        self, read: Callable[[str], T | Code], is_plain: Callable[[T | Code], bool] | None = None
    ) -> None:
        super().__init__()
        self.read = read
        self.is_plain = is_plain or (lambda value: not isinstance(value, Code))
        self.doubtful: set[str] = set()

    def __missing__(self, cell: str) -> T | Code:
        if len(self) >= REMEMBERED:
            self.clear()
            self.doubtful.clear()
        value = self[cell] = self.read(cell)
        if not self.is_plain(value):
            self.doubtful.add(cell)
        return value

    def column(self, cells: Sequence[str], doubt: set[int]) -> list[Any]:
        """Many cells; the places of values that need a second look are added to `doubt`."""
        if cells[0] == cells[-1] and cells.count(cells[0]) == len(cells):
            values = [self[cells[0]]] * len(cells)
        else:
            values = list(map(self.__getitem__, cells))
        if self.doubtful:
            doubtful = self.doubtful
            if not doubtful.isdisjoint(cells):
                doubt.update(place for place, cell in enumerate(cells) if cell in doubtful)
        return values


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
    if not text or text == HIDDEN:
        return Code.NO_NUMBER
    if text.rstrip(":：") in ("合计", "总计", "小计", "Total", "TOTAL"):
        return Code.TOTALS
    if _SCIENTIFIC.fullmatch(text):
        return Code.SCIENTIFIC_NUMBER
    return _checked(text, NUMBER_LENGTH)


def simple_numbers(cells: Sequence[str]) -> Sequence[str] | None:
    """Many order numbers that all mean themselves: digits, letters and hyphens, blanks around them taken off.  None:
    look at each.
    """
    text = "".join(cells)
    if not text.isprintable() or " " in text:
        cells = list(map(str.strip, cells))
        text = "".join(cells)
    letters = text.replace("-", "")
    if not (letters.isalnum() and letters.isascii() and all(cells)) or max(map(len, cells)) > NUMBER_LENGTH:
        return None
    return None if any(part in text for part in ("e", "E", "otal", "OTAL")) else cells


def code_reader(not_goods: Iterable[str], no_code: Iterable[str]) -> Reader[str]:
    """Reads merchant codes; those of charges come as NotGoods."""
    charges, blanks = frozenset(not_goods), frozenset(no_code)

    def read(cell: str) -> str | Code:
        text = identifier(cell)
        if not text or text == HIDDEN or text in blanks:
            return Code.NO_CODE
        return NotGoods(text) if text in charges else _checked(text, CODE_LENGTH)

    return Reader(read, lambda code: code.__class__ is str)


def _checked(text: str, length: int) -> str | Code:
    if "\0" in text:
        return Code.NUL_CHARACTER
    if len(text) > length:
        return Code.TOO_LONG
    return text if text.isprintable() else Code.BAD_CHARACTER


def read_id(cell: str) -> str:
    """A platform's own id of goods; what cannot be one (blank, 0, several joined, scientific) is none."""
    text = identifier(cell)
    return text if text != "0" and _ID.fullmatch(text) else ""


def read_quantity(cell: str) -> int | Code:
    """A whole number of base units; may be 0 or less."""
    found = _WHOLE.fullmatch(cell.strip().replace("\u2212", "-"))
    if not found:
        return Code.QUANTITY_UNREADABLE
    digits = found[2].replace(",", "").lstrip("0") or "0"
    if len(digits) > 10 or int(digits) > MAX_QUANTITY:
        return Code.QUANTITY_TOO_LARGE
    return -int(digits) if found[1] == "-" else int(digits)


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and value > 0


def quantity_reader() -> Reader[int]:
    """Reads quantities; only those above 0 need no second look."""
    return Reader(read_quantity, _is_positive)


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

    return Reader(read, _is_positive)


def optional_money_reader(decimals: int) -> Reader[int]:
    """Like money_reader, for columns that may be blank: that is 0."""
    reader = money_reader(decimals, Code.AMOUNT_UNREADABLE)
    return Reader(lambda cell: 0 if cell.strip(_SYMBOLS) in BLANK else reader.read(cell))


def read_after_sales(cell: str) -> Code | bool:
    """What stands in the way of shipping a line: REFUNDED, AFTER_SALES_OPEN, or nothing (False)."""
    text = plain(cell).casefold()
    if text in AFTER_SALES_NONE:
        return False
    return Code.REFUNDED if text in REFUNDED else Code.AFTER_SALES_OPEN


class Dates(Reader[datetime]):
    """The tenant's local time; a day without a time is its midnight."""

    def __init__(self, order: DateOrder, timezone: ZoneInfo) -> None:
        super().__init__(partial(_read_date, order=order, timezone=timezone))
        self.offsets: Reader[str] = Reader(partial(_offset, timezone=timezone))

    def column(self, cells: Sequence[str], doubt: set[int]) -> list[Any]:
        """Mostly 2026-11-22 09:00:01: of a day on which the clocks do not change, its offset says it all."""
        offsets, different = self.offsets, set(cells)
        if set(map(len, different)) != {19} or not _SIMPLE_DATES("".join(different)):
            return super().column(cells, doubt)
        if not all(map(offsets.__getitem__, {cell[:10] for cell in different})):
            return super().column(cells, doubt)
        try:
            read = {cell: datetime.fromisoformat(cell + str(offsets[cell[:10]])) for cell in different}
        except ValueError:
            return super().column(cells, doubt)
        return list(map(read.__getitem__, cells))


def _read_date(cell: str, *, order: DateOrder, timezone: ZoneInfo) -> datetime | Code:
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


def _offset(day: str, *, timezone: ZoneInfo) -> str:
    """+08:00 of a day on which, and around which, the clocks do not change; else nothing."""
    try:
        noon = date.fromisoformat(day)
        before, after = (
            datetime.combine(noon + timedelta(days=n), time(), timezone).utcoffset() for n in (-1, 2)
        )
    except (ValueError, OverflowError):
        return ""
    if before != after or before is None or noon.year not in YEARS:
        return ""
    minutes, seconds = divmod(before // timedelta(seconds=1), 60)
    hours, rest = divmod(abs(minutes), 60)
    return "" if seconds else f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def date_of_number(number: str, timezone: ZoneInfo) -> datetime | None:
    """The day that an order number of Pinduoduo begins with: YYMMDD-15 digits."""
    found = _DAY_IN_NUMBER.fullmatch(number)
    try:
        return (
            datetime(2000 + int(found[1]), int(found[2]), int(found[3]), tzinfo=timezone) if found else None
        )
    except ValueError:
        return None


def read_state(cell: str) -> int | Code:
    """What the platform says of the order, as orders.models.ChannelState numbers it."""
    return _STATE_WORDS.get(plain(cell).casefold(), Code.STATE_UNKNOWN)
