"""Rows -> the rows of one order, in two passes over the file.

The first pass counts, and finds the orders whose rows do not stand together: a bitmap remembers every order
number that began (16 MB for any file); a number that seems to begin again, truly or by a collision, is
noted with its last row.  The second pass yields orders as they end; the noted ones are kept until their
last row.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from core.sheets.reading import FileRefused, Table
from orders.importing.parsing import Good, Group, Parser
from orders.importing.problems import Code, Fault

BITS = 1 << 27
MAX_ROWS = 5_000_000
MAX_GROUP = 20_000  # rows of one order
MAX_WAITING = 200_000  # rows kept until their order is whole
MAX_CODES = 200_000
BEAT = 20_000  # rows between two signs of life


@dataclass(slots=True)
class Survey:
    """What the first pass found.

    `scattered`: order number -> its last row; `demand`: units by merchant code, if it was asked for.
    """

    rows: int = 0
    input_units: int = 0
    scattered: dict[str, int] = field(default_factory=dict)
    demand: dict[str, int] = field(default_factory=dict)


def _nothing() -> None:
    pass


def is_totals(row: list[str]) -> bool:
    """Whether a row without an order number is the sum under the table."""
    first = next((cell for cell in row if cell.strip()), "").strip().lower()
    return first.startswith(("合计", "总计", "小计", "total"))


class _Begun:
    """Order numbers that have begun; may say yes by mistake, never no."""

    def __init__(self) -> None:
        self.bits = bytearray(BITS >> 3)

    def again(self, key: str) -> bool:
        place = hash(key) & (BITS - 1)
        byte, bit = place >> 3, 1 << (place & 7)
        is_known = bool(self.bits[byte] & bit)
        self.bits[byte] |= bit
        return is_known


def survey(
    table: Table, parser: Parser, *, wants_demand: bool = False, beat: Callable[[], None] = _nothing
) -> Survey:
    """Read the whole file once.  Raises FileRefused for what cannot be grouped in bounded memory."""
    found, begun = Survey(), _Begun()
    at, numbers, judge, scattered = parser.number_at, parser.numbers, parser.judge, found.scattered
    raw_now = key_now = None
    length = repeated = 0
    is_again = is_sum = False
    for number, row in enumerate(table.rows, table.header_row + 1):
        raw = row[at] if len(row) > at else ""
        if raw != raw_now or not raw:
            if not any(row):
                continue
            raw_now, key = raw, numbers[raw]
            if isinstance(key, Code):
                key_now, length, is_again, is_sum = None, 0, False, _fault(key, row) is Code.TOTALS
            elif key != key_now:
                key_now, length, is_again, is_sum = key, 0, begun.again(key), False
        found.rows += 1
        length += 1
        if is_again and key_now is not None:
            scattered[key_now] = number
            repeated += 1
        if length > MAX_GROUP or repeated > MAX_WAITING or found.rows > MAX_ROWS:
            _refuse(number, length, found.rows)
        if found.rows % BEAT == 0:
            beat()
        if not is_sum:
            _count(found, judge(row), wants_demand=wants_demand)
    if len(found.demand) > MAX_CODES:
        words = _("文件里有 %(n)s 个商家编码，太多了。编码那一列选对了吗。") % {"n": len(found.demand)}
        raise FileRefused(words, code="too_many_codes")
    return found


def _count(found: Survey, judged: Good | Fault, *, wants_demand: bool) -> None:
    if isinstance(judged, Fault):
        found.input_units += judged.units
        return
    code, units, _price = judged
    found.input_units += units
    if wants_demand:
        found.demand[code] = found.demand.get(code, 0) + units


def _refuse(row: int, length: int, rows: int) -> None:
    if length > MAX_GROUP:
        words = _("到第 %(row)s 行，同一个订单号已有 %(n)s 行。订单号那一列选对了吗。") % {
            "row": row,
            "n": MAX_GROUP,
        }
        raise FileRefused(words, code="order_too_long", row=row)
    if rows > MAX_ROWS:
        raise FileRefused(_("超过 %(n)s 行，分成几个文件再传。") % {"n": MAX_ROWS}, code="too_large", row=row)
    raise FileRefused(_("很多订单的行散在文件各处。按订单号排序再传。"), code="scattered", row=row)


def groups(
    table: Table, parser: Parser, found: Survey, *, beat: Callable[[], None] = _nothing
) -> Iterator[Group]:
    """Every row of the file, once, in groups.  The sequence depends on the file alone."""
    at, numbers, scattered = parser.number_at, parser.numbers, found.scattered
    waiting: dict[str, Group] = {}
    kept = 0
    now, raw_now = _NONE, None
    for number, row in enumerate(table.rows, table.header_row + 1):
        if number % BEAT == 0:
            beat()
        raw = row[at] if len(row) > at else ""
        if raw != raw_now or not raw:
            if not any(row):
                continue
            raw_now, key = raw, numbers[raw]
            if isinstance(key, Code) or key != now.number:
                if now.rows and now.number not in waiting:
                    yield now
                now = _begin(key, row)
                if now.number in scattered:
                    now = waiting.setdefault(now.number, now)
        now.rows.append(row)
        now.numbers.append(number)
        if waiting and now.number in waiting:
            kept += 1
            if kept > 2 * MAX_WAITING:
                _refuse(number, 0, 0)
            if scattered[now.number] == number:
                kept -= len(now.rows)
                yield waiting.pop(now.number)
                now, raw_now = _NONE, None
    if now.rows and now.number not in waiting:
        yield now


_NONE = Group("", [], [])


def _fault(key: Code, row: list[str]) -> Code:
    """What is wrong with rows without a usable order number."""
    return Code.TOTALS if key is Code.NO_NUMBER and is_totals(row) else key


def _begin(key: str | Code, row: list[str]) -> Group:
    return Group("", [], [], _fault(key, row)) if isinstance(key, Code) else Group(key, [], [])
