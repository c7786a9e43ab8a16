"""Order files of our own, and the short way from rows to what became of them."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from core.sheets.reading import Source, inspect, open_table
from orders.importing.grouping import Survey, groups, orders, survey
from orders.importing.mapping import recognise
from orders.importing.parsing import Parser
from orders.importing.problems import ParsedGroup
from orders.importing.settings import Options, Target

HEADER = ("订单号", "下单时间", "商家编码", "数量", "单价")
COLUMNS = {Target.NUMBER: 0, Target.PLACED_AT: 1, Target.CODE: 2, Target.QUANTITY: 3, Target.UNIT_PRICE: 4}
SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = "2026-11-22 11:48:02"


def line(
    number: str, code: str = "QY-1", quantity: object = 1, price: str = "9.90", at: str = AT
) -> list[str]:
    return [number, at, code, str(quantity), price]


def csv_text(rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def write(
    path: Path, rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER, encoding: str = "utf-8"
) -> Path:
    path.write_bytes(csv_text(rows, header).encode(encoding))
    return path


def parser(
    source: Source, options: Options | None = None, columns: dict[Target, int] | None = None
) -> Parser:
    header = open_table(source).header
    return Parser(
        header, columns or recognise(header), options or Options(), SHANGHAI, has_nul=source.has_nul
    )


def read(
    path: Path, options: Options | None = None, columns: dict[Target, int] | None = None
) -> tuple[Survey, list[ParsedGroup]]:
    """Both passes over a file."""
    source = inspect(path)
    found = survey(open_table(source), parser(source, options, columns), wants_demand=True)
    second, alone = parser(source, options, columns), parser(source, options, columns)
    parsed = list(orders(open_table(source), second, found))
    assert parsed == [alone.parse(group) for group in groups(open_table(source), alone, found)], (
        "by columns and row by row"
    )
    return found, parsed


def units(parsed: Iterable[ParsedGroup]) -> int:
    """Units of lines and of problems."""
    total = 0
    for group in parsed:
        total += sum(one.units for one in group.problems)
        total += sum(one.quantity for one in group.order.lines) if group.order else 0
    return total


def codes(parsed: Iterable[ParsedGroup]) -> dict[int, str]:
    """Row -> code of its problem."""
    return {one.row: str(one.code) for group in parsed for one in group.problems}
