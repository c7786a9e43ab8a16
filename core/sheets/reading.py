"""Files as they really come -> rows of text, in bounded memory.

Encoding is proved over the whole file and never guessed: UTF-8 (with or without BOM), UTF-16 with BOM, else
GB18030, else a person is asked, who sees how the first line would read.  A row's number is its number in a
spreadsheet: the header is 1, blank rows count, a cell with line breaks is one row.
"""

import csv
import gzip
import io
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.errors import Invalid
from core.sheets.square import Block, cut, squared

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

BLOCK = 1 << 16  # rows of one block stay in the processor's cache
PIECE = 32  # lines that are cut with care because of one among them
MAX_UNPACKED = 2 << 30  # bytes of text behind a .gz
MAX_LINE = 1 << 20  # characters of one line
MAX_SPAN = 60  # lines of one quoted cell; more is a quote that nobody closed
MAX_COLUMNS = 1_000
MAX_CELL = 131_072  # the csv module's limit
DELIMITERS = ",\t;|"
ASKED = ("utf-16-le", "utf-16-be", "big5hkscs", "cp932", "euc-kr", "cp1252")  # never chosen by a program
SHOWN = 200  # characters of a line that shows how an encoding reads


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
    kind: str  # csv, xlsx, html
    encoding: str = ""
    delimiter: str = ","
    is_gzip: bool = False
    has_nul: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The header and its row number; the rows after it come once, in blocks of some hundred."""

    header: tuple[str, ...]
    header_row: int
    blocks: Iterator[Block]

    @property
    def rows(self) -> Iterator[list[str]]:
        """The same rows, one by one."""
        return chain.from_iterable(self.blocks)


def inspect(path: Path, encoding: str = "") -> Source:
    """Say what a file is, by its bytes and not by its name.  Reads all of a text file once.  Raises
    FileRefused in words; with `choices`, when a person must say in which encoding it was written.

    `encoding`: what a person said, one of ASKED; it is proved as well.
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
    encoding, has_nul = _prove_encoding(path, is_gzip, encoding)
    source = Source(path, "csv", encoding, ",", is_gzip, has_nul)
    first = _first_line(source)
    if _is_page(first):
        return Source(path, "html", encoding, ",", is_gzip, has_nul)
    _refuse_other_formats(first, path, is_gzip)
    delimiter = max(DELIMITERS, key=lambda mark: (first.count(mark), -DELIMITERS.index(mark)))
    return Source(path, "csv", encoding, delimiter, is_gzip, has_nul)


def _first_line(source: Source) -> str:
    """The first that is not blank."""
    return next((line for text in _texts(source) for line in text.split("\n") if line.strip()), "")


def _is_page(first: str) -> bool:
    from core.sheets.webpage import is_webpage

    return is_webpage(first)


def readings(path: Path, is_gzip: bool) -> list[dict[str, str]]:
    """The encodings in which every byte is right, each with the first line as it would read."""
    found = []
    for encoding in ASKED:
        try:
            has_nul = _has_nul(path, is_gzip, encoding)
            first = _first_line(Source(path, "csv", encoding, ",", is_gzip))
        except (UnicodeDecodeError, FileRefused):
            continue
        if first.isprintable() and not has_nul:
            found.append({"encoding": encoding, "line": first[:SHOWN]})
    return found


def open_table(source: Source, sheet: "CalamineSheet | None" = None) -> Table:
    """Start reading: the first row that is not blank is the header.  Raises FileRefused without one.

    `sheet`: a workbook's, when it was loaded before.
    """
    if source.kind == "xlsx":
        from core.sheets.workbook import load_sheet, sheet_blocks

        blocks = sheet_blocks(sheet or load_sheet(source.path))
    elif source.kind == "html":
        from core.sheets.webpage import page_blocks

        blocks = page_blocks(text + "\n" for text in _texts(source))
    else:
        blocks = csv_blocks(_texts(source), source.delimiter)
    above = 0
    for block in blocks:
        for number, row in enumerate(block, above + 1):
            if any(cell.strip() for cell in row):
                rest = block[number - above :]
                return Table(_header(row), number, chain([rest], blocks) if rest else blocks)
        above += len(block)
    raise FileRefused(_("文件里没有表头。"), code="no_header")


def _header(row: list[str]) -> tuple[str, ...]:
    names = list(row)
    while names and not names[-1].strip():
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise FileRefused(
            _("有 %(n)s 列，最多 %(max)s 列。") % {"n": len(names), "max": MAX_COLUMNS},
            code="too_many_columns",
        )
    return tuple(map(_name, names))


def _name(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").replace("\0", "").split())[:100]


def _refuse_other_formats(first: str, path: Path, is_gzip: bool) -> None:
    if first.lstrip("\ufeff \t").lower().startswith("<?xml"):
        raise FileRefused(
            _("这是改了后缀的网页（XML），不是表格。用表格软件打开，另存为 XLSX 或 CSV 再传。"),
            code="is_html",
        )
    if "\0" in first:
        raise FileRefused(
            _("表头里有空字符。像是没有 BOM 的 UTF-16，选一种文字编码再传。"),
            code="nul_in_header",
            choices=readings(path, is_gzip),
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


def _prove_encoding(path: Path, is_gzip: bool, asked: str = "") -> tuple[str, bool]:
    """The encoding in which every byte of the file is right, and whether there is a NUL."""
    from core.sheets.webpage import declared_encoding

    with gzip.open(path, "rb") if is_gzip else path.open("rb") as file:
        try:
            head = file.read(1024)
        except (EOFError, OSError, zlib.error) as broken:
            raise FileRefused(_("压缩包坏了或没传完。重新导出再传。"), code="bad_gzip") from broken
    usual: tuple[str, ...] = ("utf-8-sig", "gb18030")
    if head[:2] in (BOM_UTF16_LE, BOM_UTF16_BE):
        usual = ("utf-16",)
    elif _is_page(head.decode("latin-1")) and declared_encoding(head) in ASKED:
        usual = (declared_encoding(head),)
    line = 0
    for encoding in (asked,) if asked in ASKED else usual:
        try:
            return encoding, _has_nul(path, is_gzip, encoding)
        except UnicodeDecodeError as wrong:
            line = int(wrong.reason)
    raise FileRefused(
        _("第 %(n)s 行附近的字既不是 UTF-8 也不是 GBK，整个文件没导。选一种文字编码再传。") % {"n": line},
        code="bad_encoding",
        choices=readings(path, is_gzip),
    )


def _has_nul(path: Path, is_gzip: bool, encoding: str) -> bool:
    """Decode all of it.  Raises UnicodeDecodeError, whose reason is the number of the line."""
    decoder, line, has_nul = getincrementaldecoder(encoding)(), 1, False
    try:
        for block in _blocks(path, is_gzip=is_gzip):
            text = decoder.decode(block)
            has_nul = has_nul or "\0" in text
            line += text.count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as wrong:
        wrong.reason = str(line)
        raise
    return has_nul


def _texts(source: Source) -> Iterator[str]:
    """Whole lines, some at a time, without the end of the last; any kind of line end."""
    decoder = io.IncrementalNewlineDecoder(getincrementaldecoder(source.encoding)(), translate=True)
    rest = ""
    for block in _blocks(source.path, is_gzip=source.is_gzip):
        text = rest + decoder.decode(block)
        end = text.rfind("\n")
        rest = text[end + 1 :]
        if len(rest) > MAX_LINE:
            raise FileRefused(
                _("有一行超过 %(n)s 个字，这不像表格。") % {"n": MAX_LINE}, code="line_too_long"
            )
        if end >= 0:
            yield text[:end]
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest.removesuffix("\n")


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
                again.append(line)  # below what the close will put back
                yield self._close()
            else:
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


class _Lines(Iterator[str]):
    """Lines one by one, out of the lists they come in, of which the unread rest can be had back."""

    def __init__(self, first: list[str], more: list[list[str]], lists: Iterator[list[str]]) -> None:
        self.now, self.more, self.lists = iter(first), more, lists
        self.is_first = True

    def __next__(self) -> str:
        while True:
            line = next(self.now, None)
            if line is not None:
                return line
            self.is_first = False
            self.now = iter(self.more.pop() if self.more else next(self.lists))


def csv_blocks(texts: Iterator[str], delimiter: str) -> Iterator[Block]:
    """Rows of cells, in blocks.  What cannot be cut with certainty comes as Broken, at its own row, and costs
    no other row.

    Lines that are surely one row each are cut together; the others with care, row by row.
    """
    waiting: list[list[str]] = []  # a stack
    lists = (text.split("\n") for text in texts)
    width = 0
    while True:
        if not waiting:
            text = next(texts, None)
            if text is None:
                return
            square = cut(text, delimiter) if len(text) < MAX_CELL else None
            if square is not None:
                width = width or square.width
                yield square
                continue
            waiting.append(text.split("\n"))
        lines = waiting.pop()
        rows = _cut(lines, delimiter)
        if rows is None and len(lines) > PIECE:
            waiting += [lines[n : n + PIECE] for n in range(0, len(lines), PIECE)][::-1]
            continue
        if rows is None:
            rows = _cut_with_care(_Lines(lines, waiting, lists), delimiter, width, waiting)
        width = width or len(rows[0])
        yield rows


def _cut(lines: list[str], delimiter: str) -> Block | None:
    """One row a line, when that is certain: no quote at all, or none that spans lines or stands alone."""
    if max(map(len, lines)) >= MAX_CELL:
        return None
    if '"' not in "".join(lines):
        return squared([line.split(delimiter) for line in lines])
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return squared(rows) if len(rows) == len(lines) else None


def _cut_with_care(lines: _Lines, delimiter: str, width: int, waiting: list[list[str]]) -> Block:
    """The rows of the first list of lines, and the rest of the row that goes beyond it; `waiting` gets back what
    was not used.
    """
    feed, rows = _Feed(lines), list[list[str]]()
    reader = csv.reader(iter(feed), delimiter=delimiter)
    taken = feed.taken
    while lines.is_first or feed.again:
        try:
            row = next(reader)
        except StopIteration:
            return rows
        except csv.Error:  # a cell beyond the reader's limit
            feed.is_forced, row = True, []
        width = width or len(row)
        rows.append(row if len(taken) == 1 and not feed.is_forced else feed.settle(delimiter, width))
        taken.clear()
    rest = list(lines.now)
    if rest:
        waiting.append(rest)
    return rows
