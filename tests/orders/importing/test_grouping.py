"""Rows to orders: whatever the sequence of the rows, every order once and whole, every unit in one place."""

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sheets.reading import FileRefused, inspect, open_table
from orders.importing import grouping
from orders.importing.grouping import groups, orders, survey
from orders.importing.settings import Options
from tests.orders.importing.files import line, parser, read, units, write

OPTIONS = Options(not_goods=("POST",), no_code=("UNKNOWN",))
numbers = st.sampled_from(["A", "B", "C", "D", "E", " A", "'B", "", "合计", "6.9E+15", "TOTALS"])
quantities = st.sampled_from(["1", "2", "70", "-3", "0", "x", "3000000000"])
codes = st.sampled_from(["QY-1", "QY-2", "POST", "UNKNOWN", ""])
prices = st.sampled_from(["1.00", "0", "0.001", "-1", "x", "2.5"])
rows = st.lists(
    st.builds(line, numbers, codes, quantities, prices) | st.just(["", "", "", "", ""]),
    max_size=40,
)


@given(rows, st.sampled_from([60, 400, 1 << 16]), st.integers(0, 20))
def test_blocks_and_a_resumed_run_change_nothing(made: list[list[str]], block: int, skip: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = write(Path(folder) / "orders.csv", made)
        found, parsed = read(path, OPTIONS)
        patch.setattr("core.sheets.reading.BLOCK", block)
        assert read(path, OPTIONS) == (found, parsed)
        source = inspect(path)
        rest = list(orders(open_table(source), parser(source, OPTIONS), found, skip=skip))
    assert rest == parsed[skip:]


@given(rows)
def test_no_unit_is_lost_and_no_row_twice(made: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        found, parsed = read(write(Path(folder) / "orders.csv", made), OPTIONS)
    assert units(parsed) == found.input_units
    placed = [one.row for group in parsed for one in group.problems]
    placed += [one.source_row or 0 for group in parsed if group.order for one in group.order.lines]
    assert sorted(placed) == [n for n, row in enumerate(made, 2) if any(row)]
    names = [group.order.external_number for group in parsed if group.order]
    assert len(names) == len(set(names))


@given(st.lists(st.sampled_from("ABCDEFGH"), min_size=1, max_size=60), st.integers(1, 6))
def test_scattered_rows_come_together_whatever_the_bitmap_mistakes(keys: list[str], bits: int) -> None:
    expected = defaultdict(list)
    for row, key in enumerate(keys, 2):
        expected[key].append(row)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "BITS", 1 << (bits + 2))
        patch.setattr(grouping, "EXACT", 0)
        path = write(Path(folder) / "orders.csv", [line(key) for key in keys])
        source = inspect(path)
        found = survey(open_table(source), parser(source))
        got = [(group.number, group.numbers) for group in groups(open_table(source), parser(source), found)]
        patch.setattr(grouping, "EXACT", 200_000)
        exact = survey(open_table(source), parser(source))
        again = [(group.number, group.numbers) for group in groups(open_table(source), parser(source), exact)]
    assert dict(got) == expected
    assert len(got) == len(expected)
    assert got == again, "the sequence of orders must not depend on collisions: a resumed run counts it"


def test_limits_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MAX_GROUP", 10)
    monkeypatch.setattr(grouping, "MAX_WAITING", 20)
    path = write(tmp_path / "one.csv", [line("A")] * 11)
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert (refused.value.code, refused.value.fields["row"]) == ("order_too_long", 12)
    path = write(tmp_path / "two.csv", [line(key) for _ in range(30) for key in "AB"])
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert refused.value.code == "scattered"


def test_an_order_may_be_called_like_a_fault(tmp_path: Path) -> None:
    made = [line("合计", quantity=5), line("TOTALS"), line("NO_NUMBER"), line("TOTALS")]
    found, parsed = read(write(tmp_path / "orders.csv", made))
    assert found.input_units == 3
    assert [group.order.external_number for group in parsed if group.order] == ["NO_NUMBER", "TOTALS"]
