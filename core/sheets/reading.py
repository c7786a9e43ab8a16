"""Files as they really come -> rows of text, in bounded memory.

Encoding is proved over the whole file and never guessed: UTF-8 (with or without BOM), UTF-16 with BOM, else
GB18030, else refused. A row's number is its number in a spreadsheet: the header is 1, blank rows count, a
cell with line breaks is one row.
"""

import csv
import gzip
import io
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.errors import Invalid

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

BLOCK = 1 << 18
MAX_UNPACKED = 2 << 30  # bytes of text behind a .gz
MAX_LINE = 1 << 20  # characters of one line
MAX_SPAN = 60  # lines of one quoted cell; more is a quote that nobody closed
MAX_COLUMNS = 1_000
DELIMITERS = ",\t;|"


class FileRefused(Invalid):
    """The file cannot be read at all; the message says what to do with it."""

    code = "file_refused"


class Broken(list[str]):
    """A row that could not be cut into cells with certainty; its cells are only good for showing."""

    code = "UNCLOSED_QUOTE"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was looked through: what it is and how to read it."""

    path: Path
    kind: str  # csv, xlsx
    encoding: str = ""
    delimiter: str = ","
    is_gzip: bool = False
    has_nul: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The header and its row number; `rows` come after it, one by one, once."""

    header: tuple[str, ...]
    header_row: int
    rows: Iterator[list[str]]


def inspect(path: Path) -> Source:
    """Say what a file is, by its bytes and not by its name.  Reads all of a text file once.  Raises
    FileRefused in words.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head[:4] == b"PK\x03\x04":
        from core.sheets.workbook import check_workbook

        check_workbook(path)
        return Source(path, "xlsx")
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise FileRefused(_("这是旧版 XLS。在表格软件里另存为 XLSX 或 CSV 再传。"), code="old_xls")
    if not head:
        raise FileRefused(_("文件是空的。"), code="file_empty")
    is_gzip = head[:2] == b"\x1f\x8b"
    encoding, has_nul = _prove_encoding(path, is_gzip)
    source = Source(path, "csv", encoding, ",", is_gzip, has_nul)
    first = next((line for lines in _lines(source) for line in lines if line.strip()), "")
    _refuse_other_formats(first)
    delimiter = max(DELIMITERS, key=lambda mark: (first.count(mark), -DELIMITERS.index(mark)))
    return Source(path, "csv", encoding, delimiter, is_gzip, has_nul)


def open_table(source: Source, sheet: "CalamineSheet | None" = None) -> Table:
    """Start reading: the first row that is not blank is the header.  Raises FileRefused without one.

    `sheet`: a workbook's, when it was loaded before.
    """
    if source.kind == "xlsx":
        from core.sheets.workbook import load_sheet, sheet_rows

        rows = sheet_rows(sheet or load_sheet(source.path))
    else:
        rows = csv_rows((line for lines in _lines(source) for line in lines), source.delimiter)
    for number, row in enumerate(rows, 1):
        if any(cell.strip() for cell in row):
            while row and not row[-1].strip():
                row.pop()
            if len(row) > MAX_COLUMNS:
                raise FileRefused(
                    _("有 %(n)s 列，最多 %(max)s 列。") % {"n": len(row), "max": MAX_COLUMNS},
                    code="too_many_columns",
                )
            return Table(tuple(_name(cell) for cell in row), number, rows)
    raise FileRefused(_("文件里没有表头。"), code="no_header")


def _name(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").replace("\0", "").split())[:100]


def _refuse_other_formats(first: str) -> None:
    text = first.lstrip("\ufeff \t").lower()
    if text.startswith(
        ("<!doctype", "<html", "<table", "<meta", "<head", "<body", "<?xml", "<div", "<style")
    ):
        raise FileRefused(
            _("这是改了后缀的网页（HTML），不是表格。用表格软件打开，另存为 XLSX 或 CSV 再传。"),
            code="is_html",
        )
    if "\0" in first:
        raise FileRefused(
            _("表头里有空字符。像是没有 BOM 的 UTF-16，另存为 UTF-8 的 CSV 再传。"), code="nul_in_header"
        )


def _blocks(path: Path, *, is_gzip: bool) -> Iterator[bytes]:
    """The bytes of the text.  Raises FileRefused for a broken or endless .gz."""
    total = 0
    with gzip.open(path, "rb") if is_gzip else path.open("rb") as file:
        while True:
            try:
                block = file.read(BLOCK)
            except (EOFError, OSError, zlib.error) as broken:
                if not is_gzip:
                    raise
                raise FileRefused(_("压缩包坏了或没传完。重新导出再传。"), code="bad_gzip") from broken
            if not block:
                return
            total += len(block)
            if total > MAX_UNPACKED:
                raise FileRefused(
                    _("解开以后超过 %(n)s GB，分成几个文件再传。") % {"n": MAX_UNPACKED >> 30},
                    code="too_large",
                )
            yield block


def _prove_encoding(path: Path, is_gzip: bool) -> tuple[str, bool]:
    """The encoding in which every byte of the file is right, and whether there is a NUL."""
    with gzip.open(path, "rb") if is_gzip else path.open("rb") as file:
        try:
            head = file.read(4)
        except (EOFError, OSError, zlib.error) as broken:
            raise FileRefused(_("压缩包坏了或没传完。重新导出再传。"), code="bad_gzip") from broken
    is_utf16 = head[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)
    line = 0
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "gb18030"):
        decoder, line, has_nul = getincrementaldecoder(encoding)(), 1, False
        try:
            for block in _blocks(path, is_gzip=is_gzip):
                text = decoder.decode(block)
                has_nul = has_nul or "\0" in text
                line += text.count("\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding, has_nul
    raise FileRefused(
        _("第 %(n)s 行附近的字既不是 UTF-8 也不是 GBK，整个文件没导。另存为 UTF-8 的 CSV 再传。")
        % {"n": line},
        code="bad_encoding",
    )


def _lines(source: Source) -> Iterator[list[str]]:
    """Lines in lists, without their ends; any kind of line end."""
    decoder = io.IncrementalNewlineDecoder(getincrementaldecoder(source.encoding)(), translate=True)
    rest = ""
    for block in _blocks(source.path, is_gzip=source.is_gzip):
        lines = (rest + decoder.decode(block)).split("\n")
        rest = lines.pop()
        if len(rest) > MAX_LINE:
            raise FileRefused(
                _("有一行超过 %(n)s 个字，这不像表格。") % {"n": MAX_LINE}, code="line_too_long"
            )
        if lines:
            yield lines
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest.removesuffix("\n").split("\n")


class _Feed:
    """Hands lines to the csv reader and remembers those of the row it is at.

    A quote that nobody closes would swallow the rest of the file.  So a row over several lines is parsed
    again, strictly; if that fails, only its first line is broken and the others are read anew.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.taken: list[str] = []
        self.again: list[str] = []  # a stack: next line last
        self.is_forced = False

    def __iter__(self) -> Iterator[str]:
        taken, again = self.taken, self.again
        for line in self.lines:
            if len(taken) >= MAX_SPAN:
                yield self._close()
                while again:
                    taken.append(again.pop())
                    yield taken[-1]
            taken.append(line)
            yield line
            while again:
                taken.append(again.pop())
                yield taken[-1]
        while taken:  # asked for more inside of a quoted cell, and there is no more
            yield self._close()
            while again:
                taken.append(again.pop())
                yield taken[-1]

    def _close(self) -> str:
        self.is_forced = True
        return '"'

    def settle(self, delimiter: str, width: int) -> list[str]:
        """The row of the lines taken, if they are one; else the first as a broken row, and the others will
        be read again.
        """
        taken = self.taken
        if not self.is_forced:
            try:
                (row,) = csv.reader(["\n".join(taken)], delimiter=delimiter, strict=True)
            except (csv.Error, ValueError):
                pass
            else:
                if not width or len(row) == width:
                    return row
        self.is_forced = False
        self.again.extend(reversed(taken[1:]))
        return Broken(taken[0][: MAX_LINE // 8].replace('"', "").split(delimiter))


def csv_rows(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """Rows of cells.  What cannot be cut with certainty comes as Broken, at its own row, and costs no other
    row.
    """
    feed = _Feed(lines)
    reader = csv.reader(iter(feed), delimiter=delimiter)
    taken, width = feed.taken, 0
    while True:
        try:
            for row in reader:
                width = width or len(row)
                done = row if len(taken) == 1 and not feed.is_forced else feed.settle(delimiter, width)
                taken.clear()
                yield done
        except csv.Error:  # a cell beyond the reader's limit
            feed.is_forced = True
            done = feed.settle(delimiter, width)
            taken.clear()
            yield done
        else:
            return
