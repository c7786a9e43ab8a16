"""Rows of one width as one list of cells: a column of it is a slice.

Most blocks of most files are such; making a list of every row and looking into each for every column costs more than
all that is done with the cells.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Union, overload


class Square(Sequence[list[str]]):
    """A sequence of rows that all have `width` cells.

    `text`: its rows as lines of cells with commas between them, if that is how they came and no cell has a comma, a
    quote or a line break.
    """

    __slots__ = ("cells", "text", "width")

    def __init__(self, cells: list[str], width: int, text: str | None = None) -> None:
        self.cells, self.width, self.text = cells, width, text

    def __len__(self) -> int:
        return len(self.cells) // self.width

    def __iter__(self) -> Iterator[list[str]]:
        cells, width = self.cells, self.width
        return (cells[at : at + width] for at in range(0, len(cells), width))

    @overload
    def __getitem__(self, at: int) -> list[str]: ...
    @overload
    def __getitem__(self, at: slice) -> "Square": ...
    def __getitem__(self, at: int | slice) -> "list[str] | Square":
        if isinstance(at, slice):
            first, last, _step = at.indices(len(self))
            return Square(self.cells[first * self.width : last * self.width], self.width)
        first = range(len(self))[at] * self.width
        return self.cells[first : first + self.width]

    def column(self, at: int) -> list[str]:
        """The cells at this place of every row."""
        return self.cells[at :: self.width]

    def lines(self) -> list[str] | None:
        """Each row as one text with commas between its cells; None where a cell has a comma, a quote or a line break."""
        if self.text is not None:
            return self.text.split("\n")
        cells = self.cells.copy()
        cells[:: self.width] = map("\n".__add__, cells[:: self.width])
        text = ",".join(cells)
        if '"' in text or "\r" in text or text.count("\n") != len(self) or text.count(",") != len(cells) - 1:
            return None
        return text[1:].split(",\n")


Block = Union[list[list[str]], Square]  # noqa: UP007  a name that is read at run time


def squared(rows: list[list[str]]) -> Block:
    """The same rows, as a Square if they are one."""
    width = len(rows[0]) if rows else 0
    if not width or set(map(len, rows)) != {width} or set(map(type, rows)) != {list}:
        return rows
    return Square(list(chain.from_iterable(rows)), width)


def cut(text: str, delimiter: str) -> Square | None:
    """Lines of text as rows, if that is certain at one look: no quote at all, or every cell in quotes without any
    inside, and all lines of one width.  None: look closer.
    """
    breaks = text.count("\n")
    if '"' in text:
        plain = None
        cells = _cells_in_quotes(text, delimiter, breaks)
    else:
        plain = text if delimiter == "," else None
        cells = text.replace("\n", f"{delimiter}\n").split(delimiter)
    # Each line break is now the beginning of a cell.  If all of them begin rows of one width, they are the rows.
    width, rest = divmod(len(cells), breaks + 1)
    if width < 2 or rest:
        return None
    heads = "".join(cells[::width])
    if heads.count("\n") != breaks:
        return None
    cells[::width] = heads.split("\n")
    return Square(cells, width, plain)


def _cells_in_quotes(text: str, delimiter: str, breaks: int) -> list[str]:
    """The cells, if all are in quotes and none has a quote inside; else none.

    The separators that are cut at have two quotes each and share none.  If that is all the quotes there are but the
    first and the last, none is left for a cell.
    """
    between = f'"{delimiter}"'
    flat = text.replace('"\n"', f"{between}\n")
    if len(flat) - len(text) != breaks or text[0] != '"' or text[-1] != '"' or len(text) < 2:
        return []
    cells = flat[1:-1].split(between)
    return cells if text.count('"') == 2 * len(cells) else []
