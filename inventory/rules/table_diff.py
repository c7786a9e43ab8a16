"""Rows of a table that a person hands in → what each would change.

A cell that is empty says nothing: the value stays.  A cell with a word of CLEAR empties it.  Values are those that JSON has, so that a
difference can be kept: text, whole numbers, truth, None, and lists of [code, units].
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import IntEnum, StrEnum
from typing import Any

CLEAR = frozenset({"清空", "clear"})
YES = frozenset({"是", "yes", "true", "1"})
NO = frozenset({"否", "no", "false", "0"})
INT4 = 2**31 - 1

Values = dict[str, Any]


class RowKind(IntEnum):
    """What a row would do."""

    NEW = 1
    CHANGED = 2
    ARCHIVED = 3
    UNCHANGED = 4
    WRONG = 5


class Mistake(StrEnum):
    """Why a cell cannot be taken."""

    MISSING = "MISSING"
    TOO_LONG = "TOO_LONG"
    HIDDEN = "HIDDEN"  # characters nobody sees
    NOT_WHOLE = "NOT_WHOLE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_MONEY = "NOT_MONEY"
    UNKNOWN_WORD = "UNKNOWN_WORD"
    CANNOT_CLEAR = "CANNOT_CLEAR"
    BAD_BARCODE = "BAD_BARCODE"
    BARCODE_TWICE = "BARCODE_TWICE"
    BARCODE_TAKEN = "BARCODE_TAKEN"
    CODE_TWICE = "CODE_TWICE"
    CODE_TAKEN = "CODE_TAKEN"
    SIZES_PART = "SIZES_PART"
    CASE_QUANTITY = "CASE_QUANTITY"
    TWO_SHELF_LIVES = "TWO_SHELF_LIVES"
    TRACKING_STOCK = "TRACKING_STOCK"
    NO_PARTS = "NO_PARTS"
    PART_UNKNOWN = "PART_UNKNOWN"
    PART_TWICE = "PART_TWICE"
    PART_ARCHIVED = "PART_ARCHIVED"
    HEAD_DIFFERS = "HEAD_DIFFERS"
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A cell that cannot be taken: its row in the sheet, the field of its column, the text as it came."""

    row: int
    column: str
    value: str
    mistake: Mistake


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it fills, the titles it is known by, how its cells are read.

    `read` gives the value or a Mistake; `is_clearable`: the field may be empty.
    """

    field: str
    titles: tuple[str, ...]
    read: Callable[[str], Any]
    is_clearable: bool = False
    empty: Any = None  # what a cleared cell means


@dataclass(slots=True)
class Entry:
    """One thing that the file speaks of.  `values` holds only what the file says."""

    row: int
    code: str
    values: Values = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)


def text(most: int) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        if any(ord(char) < 32 or ord(char) == 127 for char in cell):
            return Mistake.HIDDEN
        return Mistake.TOO_LONG if len(cell) > most else cell

    return read


def whole(least: int, most: int = INT4) -> Callable[[str], Any]:
    def read(cell: str) -> Any:
        digits = cell.replace(",", "")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 12:
            return Mistake.NOT_WHOLE
        return int(digits) if least <= int(digits) <= most else Mistake.OUT_OF_RANGE

    return read


def word(words: Mapping[str, int]) -> Callable[[str], Any]:
    """One of a few words, however it is spelled."""
    known = {_folded(name): value for name, value in words.items()}
    return lambda cell: known.get(_folded(cell), Mistake.UNKNOWN_WORD)


def yes_no(cell: str) -> Any:
    folded = _folded(cell)
    return True if folded in YES else False if folded in NO else Mistake.UNKNOWN_WORD


def money(digits: int) -> Callable[[str], Any]:
    """An amount in whole units → minor units; `digits` after the point is what the currency has."""

    def read(cell: str) -> Any:
        try:
            scaled = Decimal(cell.replace(",", "")).scaleb(digits)
        except InvalidOperation:
            return Mistake.NOT_MONEY
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            return Mistake.NOT_MONEY
        return int(scaled) if 0 <= scaled < 10**15 else Mistake.OUT_OF_RANGE

    return read


def _folded(cell: str) -> str:
    return "".join(cell.split()).casefold().replace("（", "(").replace("）", ")")


def place_columns(header: Sequence[str], columns: Sequence[Column]) -> tuple[dict[str, int], list[str]]:
    """Field → place of its column in the header, and the titles that mean nothing to us.  The first of two equal titles counts."""
    known = {_folded(title): column.field for column in columns for title in (column.field, *column.titles)}
    places: dict[str, int] = {}
    ignored = []
    for place, title in enumerate(header):
        name = known.get(_folded(title))
        if name is None or name in places:
            ignored.append(title)
        else:
            places[name] = place
    return places, [title for title in ignored if title]


def read_cells(
    row: int, cells: Sequence[str], places: Mapping[str, int], columns: Sequence[Column]
) -> tuple[Values, list[Wrong]]:
    """What one row says, and its cells that cannot be taken."""
    values: Values = {}
    wrong = []
    for column in columns:
        place = places.get(column.field)
        cell = cells[place].strip() if place is not None and place < len(cells) else ""
        if not cell:
            continue
        value = _cleared(column) if _folded(cell) in CLEAR else column.read(cell)
        if isinstance(value, Mistake):
            wrong.append(Wrong(row, column.field, cell[:200], value))
        else:
            values[column.field] = value
    return values, wrong


def _cleared(column: Column) -> Any:
    return column.empty if column.is_clearable else Mistake.CANNOT_CLEAR


def differences(now: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Field → (old, new), for what the file says otherwise than it is."""
    return {name: (now.get(name), new) for name, new in said.items() if now.get(name) != new}


def kind_of(now: Mapping[str, Any] | None, changes: Mapping[str, tuple[Any, Any]]) -> RowKind:
    """What a row without mistakes would do; `now` is None for a code that is not there yet."""
    if now is None:
        return RowKind.NEW
    if not changes:
        return RowKind.UNCHANGED
    return RowKind.ARCHIVED if changes.get("is_active", (None, None))[1] is False else RowKind.CHANGED
