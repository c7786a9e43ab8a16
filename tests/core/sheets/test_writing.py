"""What leaves as a table is text, harmless to a spreadsheet, and comes in again as the same."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.sheets.reading import inspect, open_table
from core.sheets.writing import as_written, harmless, stream_csv, write_workbook

HEADER = ["编码", "名称"]
ROWS = [["0012", "=1+1"], ["-5", "+86"], ["@x", "引号\"，'"], ["'", "a,b"], ["1E5", ""]]


def parts() -> Iterator[Sequence[Sequence[str]]]:
    yield ROWS[:2]
    yield ROWS[2:]


@given(st.text())
def test_what_is_made_harmless_comes_back(cell: str) -> None:
    assert not harmless(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert as_written(harmless(cell)) == cell or cell.startswith("'")


def test_a_csv_file_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"".join(stream_csv(HEADER, parts())))
    table = open_table(inspect(path))
    assert list(table.header) == HEADER
    assert [[as_written(cell) for cell in row] for row in table.rows] == ROWS


def test_a_workbook_comes_back_without_formulas_or_lost_zeros(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write_workbook(path, "商品", HEADER, parts())
    table = open_table(inspect(path))
    assert list(table.header) == HEADER
    assert list(table.rows) == ROWS
