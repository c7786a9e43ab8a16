"""XLSX -> rows of text.  Sizes are proved by unpacking before the reader sees the file: a small zip can
hold a terabyte, and one cell at XFD1048576 makes a reader reserve seventeen thousand million cells.
"""

import re
import string
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext as _
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from core.sheets.reading import FileRefused
from core.sheets.square import Block, Square

BLOCK = 1 << 18
ROWS = 500  # of a block
MAX_ENTRIES = 2_000
MAX_UNPACKED = 768 << 20
MAX_STRINGS = 128 << 20  # everything but the sheets is kept in memory
MAX_CELLS = 4_000_000
MAX_TAG = 1 << 18  # bytes
EXACT = 10**15  # whole numbers up to here are exact in a cell; a longer order number has lost digits
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]*[0-9]+)")
_USUAL_PLACE = re.compile(rb' r="([A-Za-z]*[0-9]+)')  # a quarter of the time
_LETTERS = string.ascii_letters.encode()
_TAG = re.compile(rb"<(?:[^\s<>/:]+:)?(row|c)(?=[\s/>])([^>]*)")
_QUOTED = re.compile(rb"\"[^\"]*\"|'[^']*'")
_HAS_PLACE = re.compile(rb'(?:^|[\s"])r\s*=\s*"')
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_Cell = int | float | str | bool | time | date | datetime | timedelta


def check_workbook(path: Path) -> None:
    """Refuse what is no workbook, or one that would not fit: raises FileRefused."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            entries = archive.infolist()
            if "xl/workbook.xml" not in {entry.filename for entry in entries}:
                raise FileRefused(_("这是压缩包，不是表格。解开以后传里面的文件。"), code="is_zip")
            if len(entries) > MAX_ENTRIES:
                raise FileRefused(_("这个 XLSX 里的东西太多，另存为 CSV 再传。"), code="too_large")
            _measure(file, entries)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError) as broken:
        raise FileRefused(_("这个 XLSX 坏了或没传完。重新导出再传。"), code="bad_xlsx") from broken


def _measure(file: BinaryIO, entries: list[zipfile.ZipInfo]) -> None:
    total = strings = 0
    for entry in entries:
        is_sheet = "worksheets/" in entry.filename
        extent = _Extent()
        for block in _inflate(file, entry):
            total += len(block)
            strings += 0 if is_sheet else len(block)
            if total > MAX_UNPACKED or strings > MAX_STRINGS:
                raise FileRefused(_("这个 XLSX 解开以后太大，另存为 CSV 再传。"), code="too_large")
            extent.see(block)
        if extent.width * extent.height > MAX_CELLS:
            raise FileRefused(
                _("这个 XLSX 有 %(rows)s 行 %(columns)s 列，太大了。另存为 CSV 再传。")
                % {"rows": extent.height, "columns": extent.width},
                code="too_large",
            )


class _Extent:
    """The rows and columns that a sheet can have at most: all between the first cell and the last are kept in memory.

    A row or cell that says no place is the next one, so these are counted; `length`: of such cells in the row so far.
    """

    def __init__(self) -> None:
        self.letters: set[bytes] = set()
        self.last_row = self.more_rows = self.more_columns = self.length = 0
        self.tail = b""

    @property
    def width(self) -> int:
        return max(map(_column, self.letters), default=0) + self.more_columns

    @property
    def height(self) -> int:
        return self.last_row + self.more_rows

    def see(self, block: bytes) -> None:
        """The next bytes of the sheet."""
        text = self.tail + block
        end = text.rfind(b"<")
        if end < 0 or b">" in text[end:]:
            end = len(text)
        text, self.tail = text[:end], text[end:]
        if len(self.tail) > MAX_TAG:
            raise ValueError
        rows, cells = text.count(b'<row r="'), text.count(b"<c")
        is_usual = (
            text.count(b"<row") == rows
            and text.count(b'<c r="') in (cells, cells - text.count(b"<col"))
            and (b":" not in text or (b":c" not in text and b":row" not in text))
        )
        places = b" ".join((_USUAL_PLACE if is_usual else _PLACE).findall(text))
        self.letters.update(places.translate(None, b"0123456789").split(b" "))
        numbers = set(places.translate(None, _LETTERS).split())
        self.last_row = max([self.last_row, *(int(number[:9]) for number in numbers)])
        if not is_usual:
            self._count_placeless(text)
        elif rows:
            self.length = 0

    def _count_placeless(self, text: bytes) -> None:
        for kind, attributes in _TAG.findall(text):
            has_place = _HAS_PLACE.search(_QUOTED.sub(b'""', attributes)) is not None
            if kind == b"row":
                self.length = 0
                self.more_rows += not has_place
            elif not has_place:
                self.length += 1
                self.more_columns = max(self.more_columns, self.length)


def _inflate(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """What really is in an entry, whatever its header says of the size."""
    file.seek(entry.header_offset)
    fields = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    file.seek(fields[-2] + fields[-1], 1)
    left = entry.compress_size
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
        raise FileRefused(_("这个 XLSX 有密码或用了少见的压缩，另存为普通 XLSX 再传。"), code="locked")
    unpack = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left:
        packed = file.read(min(BLOCK, left))
        if not packed:
            raise EOFError
        left -= len(packed)
        if unpack is None:
            yield packed
            continue
        while packed and not unpack.eof:
            yield unpack.decompress(packed, BLOCK)
            packed = unpack.unconsumed_tail


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:8]:
        number = number * 26 + letter - 64
    return number


def load_sheet(path: Path) -> CalamineSheet:
    """The first visible sheet, in memory; reading its rows again costs little.  Raises FileRefused."""
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        if not names:
            raise FileRefused(_("这个 XLSX 里没有看得见的表。"), code="no_header")
        return book.get_sheet_by_name(names[0])
    except PasswordError as locked:
        raise FileRefused(
            _("这个 XLSX 有密码或用了少见的压缩，另存为普通 XLSX 再传。"), code="locked"
        ) from locked
    except (CalamineError, OSError, ValueError) as broken:
        raise FileRefused(_("这个 XLSX 坏了或没传完。重新导出再传。"), code="bad_xlsx") from broken


def sheet_blocks(sheet: CalamineSheet) -> Iterator[Block]:
    """Its rows from row 1 on, blank ones too, as text, in blocks."""
    rows = sheet.iter_rows()
    while block := list(islice(rows, ROWS)):
        width = len(block[0])  # of all: the reader fills them up
        cells = list(chain.from_iterable(block))
        for at in range(width):
            cells[at::width] = _texts(cells[at::width])
        yield Square(cast("list[str]", cells), width)


def _texts(column: list[_Cell]) -> list[_Cell]:
    kinds = set(map(type, column))
    if kinds == {str}:
        return column
    if kinds <= {float, str}:  # values of other types can be equal to numbers
        said = {cell: cell if cell.__class__ is str else _text(cell) for cell in set(column)}
        return list(map(said.__getitem__, column))
    return [cell if cell.__class__ is str else _text(cell) for cell in column]


def _text(cell: _Cell) -> str:
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < EXACT:
            return str(int(cell))
        return f"{cell:.15g}" if abs(cell) < EXACT else f"{cell:.14E}"
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)
