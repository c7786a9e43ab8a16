"""Tables of goods: what a cell says, what an empty one does not, and that what goes out comes in again as the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.goods_table import (
    BUNDLE_COLUMNS,
    bundle_mistakes,
    read_barcodes,
    read_bundles,
    read_skus,
    sku_columns,
    sku_mistakes,
    tidy_path,
    titles,
    write_barcodes,
    write_cells,
)
from inventory.rules.table_diff import Entry, Mistake, RowKind, differences, kind_of, money, place_columns

COLUMNS = sku_columns(2)
_texts = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
_whole = st.one_of(st.none(), st.integers(2, 36_500))

skus: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "name": _texts,
        "spec": st.just(""),
        "product": st.one_of(st.none(), _texts),
        "category": st.one_of(st.none(), st.just("食品/饼干")),
        "unit": st.just("件"),
        "barcodes": st.dictionaries(_texts, st.integers(1, 99), max_size=4).map(
            lambda found: [list(pair) for pair in sorted(found.items())]
        ),
        "weight_g": _whole,
        "parcel_rule": st.integers(0, 4),
        "case_quantity": _whole,
        "tracking": st.integers(0, 2),
        "lot_order": st.integers(0, 1),
        "one_lot_per_parcel": st.booleans(),
        "min_remaining_days": st.integers(0, 400),
        "cost_minor": st.one_of(st.none(), st.integers(0, 10**9)),
        "is_active": st.booleans(),
    }
)


def read(*cells: dict[str, str]) -> list[Entry]:
    """Rows given by field, as a file with all columns."""
    rows = [
        (number, [row.get(column.field, "") for column in COLUMNS]) for number, row in enumerate(cells, 2)
    ]
    return read_skus(titles(COLUMNS, is_english=False), rows, COLUMNS)


def mistakes(entry: Entry) -> list[tuple[str, Mistake]]:
    return [(one.column, one.mistake) for one in entry.wrong]


@given(skus, st.booleans())
def test_what_goes_out_comes_in_as_the_same(values: dict[str, Any], is_english: bool) -> None:
    values = {"code": "A", **values}
    cells = write_cells(values, COLUMNS, 2, is_english=is_english)
    (entry,) = read_skus(titles(COLUMNS, is_english=is_english), [(2, cells)], COLUMNS)
    assert not entry.wrong
    assert not differences(values, entry.values)
    assert kind_of(values, {}) == RowKind.UNCHANGED


def test_an_empty_cell_says_nothing_and_a_word_clears() -> None:
    now = {"name": "杯", "weight_g": 300, "barcodes": [["69", 1]], "shipping_class": "冷链"}
    (empty,) = read({"code": "A"})
    assert empty.values == {}
    (cleared,) = read({"code": "A", "weight_g": "清空", "barcodes": "clear", "shipping_class": " 清空 "})
    assert differences(now, cleared.values) == {
        "weight_g": (300, None),
        "barcodes": ([["69", 1]], []),
        "shipping_class": ("冷链", ""),
    }
    (kept,) = read({"code": "A", "name": "清空"})
    assert mistakes(kept) == [("name", Mistake.CANNOT_CLEAR)]


@pytest.mark.parametrize(
    ("field", "cell", "mistake"),
    [
        ("weight_g", "1.5", Mistake.NOT_WHOLE),
        ("weight_g", "0", Mistake.OUT_OF_RANGE),
        ("weight_g", "９", Mistake.NOT_WHOLE),
        ("weight_g", "9" * 12, Mistake.OUT_OF_RANGE),
        ("cost_minor", "1.005", Mistake.NOT_MONEY),
        ("cost_minor", "NaN", Mistake.NOT_MONEY),
        ("cost_minor", "-1", Mistake.OUT_OF_RANGE),
        ("parcel_rule", "超大", Mistake.UNKNOWN_WORD),
        ("barcodes", "69*0", Mistake.BAD_BARCODE),
        ("barcodes", "69 69*2", Mistake.BARCODE_TWICE),
        ("name", "a\x07b", Mistake.HIDDEN),
        ("name", "长" * 201, Mistake.TOO_LONG),
    ],
)
def test_a_wrong_cell_is_named(field: str, cell: str, mistake: Mistake) -> None:
    (entry,) = read({"code": "A", field: cell})
    assert mistakes(entry) == [(field, mistake)]


def test_a_code_or_a_barcode_twice_is_wrong_at_the_second_row() -> None:
    first, second, third = read(
        {"code": "A", "barcodes": "69"}, {"code": "A"}, {"code": "B", "barcodes": "69*2 70"}
    )
    assert not first.wrong
    assert mistakes(second) == [("code", Mistake.CODE_TWICE)]
    assert mistakes(third) == [("barcodes", Mistake.BARCODE_TWICE)]


def test_a_shelf_life_is_in_days_or_in_months() -> None:
    (months,) = read({"code": "A", "shelf_life_months": "18"})
    assert months.values == {"shelf_life_months": 18, "shelf_life_days": None}
    (both,) = read({"code": "A", "shelf_life_months": "18", "shelf_life_days": "540"})
    assert mistakes(both) == [("shelf_life_months", Mistake.TWO_SHELF_LIVES)]


def test_what_must_hold_across_cells_is_asked_of_the_result() -> None:
    now = {
        "name": "杯",
        "length_mm": 10,
        "width_mm": 10,
        "height_mm": 10,
        "case_quantity": None,
        "tracking": 1,
    }
    (entry,) = read({"code": "A", "width_mm": "清空", "parcel_rule": "按箱规", "tracking": "SERIAL"})
    told = {one.column: one.mistake for one in sku_mistakes(entry, {**now, "has_stock": True})}
    assert told == {
        "width_mm": Mistake.SIZES_PART,
        "case_quantity": Mistake.CASE_QUANTITY,
        "tracking": Mistake.TRACKING_STOCK,
    }
    assert [one.column for one in sku_mistakes(Entry(2, "B"), None)] == ["name"]


def test_columns_are_known_by_their_titles_in_either_language() -> None:
    places, ignored = place_columns(["Name", "商家编码", "重量（g）", "备注", "名称", ""], COLUMNS)
    assert places == {"name": 0, "code": 1, "weight_g": 2}
    assert ignored == ["备注", "名称"]


@given(st.integers(0, 10**12), st.sampled_from([0, 2, 3]))
def test_money_is_exact(minor: int, digits: int) -> None:
    column = next(column for column in sku_columns(digits) if column.field == "cost_minor")
    (cell,) = write_cells({"cost_minor": minor}, [column], digits, is_english=False)
    assert money(digits)(cell) == minor


@given(st.dictionaries(_texts, st.integers(1, 10**5), max_size=20))
def test_barcodes_are_read_as_written(found: dict[str, int]) -> None:
    pairs = [list(pair) for pair in sorted(found.items())]
    assert read_barcodes(write_barcodes(pairs)) == pairs


def test_paths_are_tidy() -> None:
    assert tidy_path(" 食品 / 饼干// ") == "食品/饼干"


def bundles(*rows: tuple[str, ...]) -> list[Entry]:
    header = titles(BUNDLE_COLUMNS, is_english=False)
    return read_bundles(header, [(number, row) for number, row in enumerate(rows, 2)])


def test_a_bundle_is_all_its_rows() -> None:
    (entry, other) = bundles(
        ("SET", "礼盒", "否", "", "B", "2"), ("OTHER", "", "", "", "", ""), ("SET", "", "", "", "A", "1")
    )
    assert (entry.row, entry.code) == (2, "SET")
    assert entry.values == {"name": "礼盒", "is_cartons": False, "parts": [["A", 1], ["B", 2]]}
    assert other.values == {}
    assert not bundle_mistakes(other, {"name": "有", "parts": [["A", 1]]})
    assert [one.mistake for one in bundle_mistakes(other, None)] == [Mistake.MISSING, Mistake.NO_PARTS]


def test_what_a_bundle_says_twice_must_agree() -> None:
    (entry,) = bundles(
        ("SET", "礼盒", "", "", "A", "1"), ("SET", "盒子", "", "", "A", "2"), ("SET", "", "", "", "C", "")
    )
    assert mistakes(entry) == [
        ("part", Mistake.PART_TWICE),
        ("name", Mistake.HEAD_DIFFERS),
        ("quantity", Mistake.MISSING),
    ]
    (nameless,) = bundles(("", "礼盒", "", "", "A", "1"))
    assert mistakes(nameless) == [("code", Mistake.MISSING)]
