"""Two files that only together say what was ordered -> one table: a row for each item, with its order beside it.

Taobao and Tmall: 宝贝报表 has the items, 订单报表 has the order, both have its number.
"""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from core.sheets.reading import FileRefused, Table
from orders.importing.problems import Code
from orders.importing.values import read_number

MAX_ORDERS = 300_000
MAX_KEPT = 128 << 20  # bytes of rows of orders in memory
BLOCK = 500
BESIDE = "订单报表·"  # before a name that both files have
_CELL = "\x1f"


class Unjoined(list[str]):
    """A row whose other half is in no file.  `lacks`: which half."""

    lacks: Code
    row_number: int = 0  # in the other file

    def shown(self, at: int) -> str:
        """Its number, and where it stands."""
        return _("%(number)s（订单报表第 %(row)s 行）") % {"number": self[at], "row": self.row_number}


def joined_header(items: Sequence[str], orders: Sequence[str]) -> tuple[str, ...]:
    """The names of both, each once."""
    known = set(items)
    return (*items, *(f"{BESIDE}{name}" if name in known else name for name in orders))


def order_rows(orders: Table, number_at: int) -> dict[str, tuple[int, bytes]]:
    """Order number -> its row number and cells, packed.  Raises FileRefused for more than fits into memory."""
    found: dict[str, tuple[int, bytes]] = {}
    size, width = 0, len(orders.header)
    for row_number, row in enumerate(orders.rows, orders.header_row + 1):
        number = read_number(row[number_at]) if len(row) > number_at else Code.NO_NUMBER
        if isinstance(number, Code) or number in found or not any(row):
            continue
        packed = _CELL.join((row + [""] * width)[:width]).encode("utf-8", "surrogatepass")
        found[number] = row_number, packed
        size += len(packed)
        if len(found) > MAX_ORDERS or size > MAX_KEPT:
            words = _("订单报表超过 %(n)s 单，分成几段时间再导出。") % {"n": len(found) - 1}
            raise FileRefused(words, code="too_large", row=row_number)
    return found


def join(items: Table, orders: Table, *, items_at: int, orders_at: int) -> Table:
    """The rows of `items`, each followed by the row of its order; behind them the orders that no item names.

    A half that is missing is blank, and the row is Unjoined.  A row of `items` keeps its number.
    """
    header = joined_header(items.header, orders.header)
    return Table(header, items.header_row, _joined(items, orders, items_at, orders_at))


def _joined(items: Table, orders: Table, items_at: int, orders_at: int) -> Iterator[list[list[str]]]:
    beside = order_rows(orders, orders_at)
    width, blank = len(items.header), [""] * len(orders.header)
    named: set[str] = set()
    for block in items.blocks:
        done: list[list[str]] = []
        for row in block:
            if row.__class__ is not list or len(row) < width or any(row[width:]) or not any(row):
                wrong = width < len(row) and any(
                    row
                )  # it must not become as wide as the joined table by accident
                done.append([*row, *["…"] * (width + len(blank) + 1 - len(row))] if wrong else row)
                continue
            number = read_number(row[items_at])
            half = beside.get(number)
            if isinstance(number, Code) or half is None:
                done.append(
                    row[:width] + blank if isinstance(number, Code) else _lacking(row[:width] + blank)
                )
                continue
            named.add(number)
            done.append(row[:width] + half[1].decode("utf-8", "surrogatepass").split(_CELL))
        yield done
    rest: list[list[str]] = []
    for number, (row_number, packed) in beside.items():
        if number not in named:
            rest.append(_without_items(number, row_number, packed, width, items_at))
            if len(rest) >= BLOCK:
                yield rest
                rest = []
    if rest:
        yield rest


def _lacking(row: list[str]) -> Unjoined:
    lone = Unjoined(row)
    lone.lacks = Code.NO_ORDER_ROW
    return lone


def _without_items(number: str, row_number: int, packed: bytes, width: int, items_at: int) -> Unjoined:
    lone = Unjoined([""] * width + packed.decode("utf-8", "surrogatepass").split(_CELL))
    lone[items_at] = number
    lone.lacks = Code.NO_ITEM_ROW
    lone.row_number = row_number
    return lone
