"""XLSX -> rows of text.  Sizes are proved by unpacking before the reader sees the file: a small zip can
hold a terabyte, and one cell at XFD1048576 makes a reader reserve seventeen thousand million cells.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

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

BLOCK = 1 << 18
ROWS = 500  # of a block
MAX_ENTRIES = 2_000
MAX_UNPACKED = 768 << 20
MAX_STRINGS = 128 << 20  # everything but the sheets is kept in memory
MAX_CELLS = 4_000_000
EXACT = 10**15  # whole numbers up to here are exact in a cell; a longer order number has lost digits
_PLACE = re.compile(rb"<(?:\w+:)?(?:row|c)\b[^>]*?\br\s*=\s*[\"']([A-Za-z]*)([0-9]+)")
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
        columns: set[bytes] = set()
        last_row, tail = 0, b""
        for block in _inflate(file, entry):
            total += len(block)
            strings += 0 if is_sheet else len(block)
            if total > MAX_UNPACKED or strings > MAX_STRINGS:
                raise FileRefused(_("这个 XLSX 解开以后太大，另存为 CSV 再传。"), code="too_large")
            text = tail + block
            places = _PLACE.findall(text)
            columns.update({letters for letters, _digits in places})
            last_row = max(last_row, max([int(digits[:9]) for _letters, digits in places], default=0))
            tail = text[-200:]
        width = max(map(_column, columns), default=0)
        if width * last_row > MAX_CELLS:
            raise FileRefused(
                _("这个 XLSX 有 %(rows)s 行 %(columns)s 列，太大了。另存为 CSV 再传。")
                % {"rows": last_row, "columns": width},
                code="too_large",
            )


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


def sheet_blocks(sheet: CalamineSheet) -> Iterator[list[list[str]]]:
    """Its rows from row 1 on, blank ones too, as text, in blocks."""
    rows = sheet.iter_rows()
    while block := list(islice(rows, ROWS)):
        yield [[cell if cell.__class__ is str else _text(cell) for cell in row] for row in block]


def _text(cell: _Cell) -> str:
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < EXACT:
            return str(int(cell))
        return f"{cell:.15g}" if abs(cell) < EXACT else f"{cell:.14E}"
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)
