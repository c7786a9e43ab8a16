"""Tables that leave: text that a spreadsheet shows and does not calculate, in bounded memory."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format

BOM = b"\xef\xbb\xbf"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDTH = 16
Cell = str | Decimal  # a Decimal is a number that may be added up


def harmless(cell: str) -> str:
    """Text that a spreadsheet will show and not calculate."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def as_written(cell: str) -> str:
    """The other way round: a cell as it was before `harmless`, so that what goes out comes in again as the same."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def csv_part(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Some rows as CSV in UTF-8, without the mark that belongs to the start of a file (BOM)."""
    text = io.StringIO()
    csv.writer(text).writerows(
        [cell if isinstance(cell, Decimal) else harmless(cell) for cell in row] for row in rows
    )
    return text.getvalue().encode()


def stream_csv(header: Sequence[str], rows: Iterator[Sequence[Sequence[Cell]]]) -> Iterator[bytes]:
    """A whole file, part by part, as `rows` brings them."""
    yield BOM + csv_part([header])
    for part in rows:
        yield csv_part(part)


def write_workbook(
    path: Path, sheet: str, header: Sequence[str], rows: Iterator[Sequence[Sequence[Cell]]]
) -> None:
    """A workbook with one sheet.  Text is text: codes keep their zeros and nothing is a formula; a Decimal is a number with its digits.

    One row is in memory at a time.
    """
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False}) as book:
        table = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True})
        digits: dict[int, Format] = {}
        table.freeze_panes(1, 1)
        table.set_column(0, len(header) - 1, _WIDTH)
        for column, title in enumerate(header):
            table.write_string(0, column, title, bold)
        number = 0
        for part in rows:
            for cells in part:
                number += 1
                for column, cell in enumerate(cells):
                    if isinstance(cell, Decimal):
                        table.write_number(number, column, cell, _digits(book, digits, cell))
                    elif cell:
                        table.write_string(number, column, cell)


def _digits(book: xlsxwriter.Workbook, known: dict[int, Format], value: Decimal) -> Format:
    """The format that shows a number with as many digits after the point as it has."""
    places = max(0, -int(value.as_tuple().exponent))
    if places not in known:
        known[places] = book.add_format({"num_format": f"0.{'0' * places}" if places else "0"})
    return known[places]
