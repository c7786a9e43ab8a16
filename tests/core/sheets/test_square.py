"""Text cut at one look: exactly what the csv module reads, or left to those who look closer."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.sheets.square import Square, cut, squared

cells = st.text("ab ,;\"'\n", max_size=4)
tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6)
)


def written(rows: list[list[str]], quoting: int = csv.QUOTE_MINIMAL, mark: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=quoting, delimiter=mark).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().removesuffix("\n")


def read(text: str, mark: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))


@given(st.text('a,;"\n', max_size=14), st.sampled_from(",;"))
@example('"a",",","b"', ",")
@example('"a","\n","b"', ",")
@example('"a","\n"b"c"', ",")
@example('"a","b","c\nd","e"\n"f","g"', ",")
def test_what_is_cut_is_what_the_csv_module_reads(text: str, mark: str) -> None:
    found = cut(text, mark)
    if found is not None:
        assert list(found) == read(text, mark)


@given(tables, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(",;"))
def test_of_tables_too(rows: list[list[str]], quoting: int, mark: str) -> None:
    text = written(rows, quoting, mark)
    found = cut(text, mark)
    if found is not None:
        assert list(found) == read(text, mark)
    plain = all(not set(cell) & {'"', "\n", ","} for row in rows for cell in row)
    if quoting == csv.QUOTE_ALL and plain:
        assert found is not None, "a plain table in quotes is cut at one look"


@pytest.mark.parametrize(
    "text", ["a,b\nc", "a,b\nc,d,e\nf", "a,b\n\nc,d", '"a","b"\n"c"', 'a,"b"', '"a,b",c', "", '"', "a"]
)
def test_what_is_not_certain_is_left(text: str) -> None:
    assert cut(text, ",") is None


@given(tables)
def test_a_square_is_its_rows(rows: list[list[str]]) -> None:
    square = squared(rows)
    assert isinstance(square, Square)
    assert (list(square), len(square), square[-1]) == (rows, len(rows), rows[-1])
    assert list(square[1:3]) == rows[1:3]
    assert square.column(1) == [row[1] for row in rows]
    lines = square.lines()
    is_plain = all(not set(cell) & {'"', "\n", ","} for row in rows for cell in row)
    assert (lines is not None) == is_plain
    assert lines is None or "\n".join(lines) == written(rows)
    with pytest.raises(IndexError):
        square[len(rows)]


def test_what_is_no_square_stays_what_it_is() -> None:
    rows = [["a", "b"], ["c"]]
    assert squared(rows) is rows
