"""A web page that calls itself a spreadsheet (.xls) -> rows of text: the cells of its first table with columns."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.utils.translation import gettext as _

from core.sheets.reading import FileRefused

ROWS = 500  # of a block
MAX_SPAN = 1_000
MAX_CELL = 131_072
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([a-z0-9_-]+)", re.IGNORECASE)
STARTS = ("<!doctype html", "<html", "<table", "<meta", "<head", "<body", "<div", "<style")


def is_webpage(text: str) -> bool:
    """Whether a text begins like a page."""
    return text.lstrip("\ufeff \t").lower().startswith(STARTS)


def declared_encoding(head: bytes) -> str:
    """What a page says of itself, or nothing."""
    found = _CHARSET.search(head.decode("latin-1"))
    name = found[1].lower() if found else ""
    return "gb18030" if name in ("gb2312", "gbk", "gb_2312-80") else name


class _Rows(HTMLParser):
    """Collects the rows of the first table that has a row of two cells or more; tables inside of cells are text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.row: list[str] | None = None
        self.cell: list[str] | None = None
        self.span = 1
        self.has_columns = self.is_over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._end_row()
            self.row = []
        elif tag in ("td", "th") and self.row is not None:
            self._end_cell()
            given = dict(attrs).get("colspan") or "1"
            self.span = min(int(given), MAX_SPAN) if given.isascii() and given.isdigit() else 1
            self.cell = []
        elif tag == "br" and self.cell is not None:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_row()
            self.is_over = self.has_columns

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def _end_cell(self) -> None:
        if self.cell is not None and self.row is not None:
            text = "".join(self.cell).strip(" \r\n")
            self.row += [text[:MAX_CELL], *[""] * (self.span - 1)]
        self.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None and not self.is_over and (self.has_columns or len(self.row) > 1):
            self.has_columns = True
            self.rows.append(self.row)
        self.row = None


def page_blocks(texts: Iterator[str]) -> Iterator[list[list[str]]]:
    """The rows of the table, in blocks.  Raises FileRefused when there is none."""
    parser = _Rows()
    for text in texts:
        parser.feed(text)
        if parser.is_over:
            break
        while len(parser.rows) > ROWS:
            yield parser.rows[:ROWS]
            parser.rows = parser.rows[ROWS:]
    parser.close()
    parser.handle_endtag("table")
    if not parser.has_columns:
        raise FileRefused(_("这是网页，里面没有表格。从店铺重新导出 XLSX 或 CSV 再传。"), code="is_html")
    if parser.rows:
        yield parser.rows
