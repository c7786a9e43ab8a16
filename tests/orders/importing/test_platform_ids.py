"""Columns with the platform's own ids of goods, read the same by rows and by columns."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from orders.importing import mapping
from orders.importing.layouts import find_layout
from orders.importing.settings import Options, Target
from orders.importing.values import read_id
from tests.orders.importing.files import read, write
from tests.orders.importing.platforms import ALIBABA, DOUYIN, JD, PINDUODUO, USUAL

Line = tuple[str, str, str]


def lines(folder: Path, header: Sequence[str], change: dict[str, str]) -> list[Line]:
    """(code, item, variant) of each line of a usual row, with some cells of another kind, of a file with these columns."""
    usual = next(cells for names, cells in USUAL.items() if names == tuple(header)[: len(names)])
    path = write(
        folder / "orders.csv", [[(usual | change).get(name, "") for name in header]], header, "utf-8-sig"
    )
    layout = find_layout(header)
    assert layout is not None
    (group,) = read(path, Options(layout=layout.name), layout.places(header))[1]
    assert group.order is not None, group.problems
    return [(line.code, line.item, line.variant) for line in group.order.lines]


@pytest.mark.parametrize(
    ("header", "change", "said"),
    [
        (JD, {}, ("QY-1", "10001", "")),
        (JD, {"货号": ""}, ("10001", "10001", "")),
        (PINDUODUO, {"商品id": "\t600"}, ("QY-1", "600", "")),
        ((*PINDUODUO, "样式ID"), {"商品id": "600", "样式ID": "601"}, ("QY-1", "600", "601")),
        ((*PINDUODUO, "样式ID"), {"商品id": "600", "样式ID": "601", "商家编码-规格维度": ""}, ("600:601", "600", "601")),
        ((*PINDUODUO, "规格id"), {"商品id": "600", "规格id": "0"}, ("QY-1", "600", "")),
        (DOUYIN, {"商品ID": "\t6917"}, ("QY-1", "6917", "")),
        (DOUYIN, {"商品ID": "6917", "商家编码": "-"}, ("6917", "6917", "")),
        ((*ALIBABA, "Offer ID", "SKU ID"), {"Offer ID": '="700"', "SKU ID": "701"}, ("QY-1", "700", "701")),
        ((*ALIBABA, "SKU ID"), {"SKU ID": "701", "货号": ""}, ("701", "701", "")),
        (JD, {"商品ID": "6.91742E+18"}, ("QY-1", "", "")),
    ],
)  # fmt: skip
def test_the_platforms_columns(
    tmp_path: Path, header: Sequence[str], change: dict[str, str], said: Line
) -> None:
    assert set(lines(tmp_path, header, change)) == {said}


def test_several_items_in_one_row_have_each_their_own(tmp_path: Path) -> None:
    several = {"子订单编号": "691;692", "选购商品": "杯;壶", "商品数量": "2", "商品ID": "1;2"}
    assert lines(tmp_path, DOUYIN, several | {"商家编码": "QY-1;QY-2"}) == [
        ("QY-1", "1", ""),
        ("QY-2", "2", ""),
    ]
    assert lines(tmp_path, DOUYIN, several | {"商家编码": ""}) == [("1", "1", ""), ("2", "2", "")]
    fewer = several | {"商家编码": "QY-1;QY-2", "商品ID": "1;2;3"}
    assert lines(tmp_path, DOUYIN, fewer) == [("QY-1", "", ""), ("QY-2", "", "")], "nothing is guessed"


def test_an_amount_that_becomes_two_lines_is_one_thing(tmp_path: Path) -> None:
    two = lines(tmp_path, DOUYIN, {"商品数量": "3", "订单应付金额": "10.00", "商品ID": "6917"})
    assert two == [("QY-1", "6917", "")] * 2


def test_any_file_may_have_such_columns_by_their_names(tmp_path: Path) -> None:
    header = ("订单号", "下单时间", "商家编码", "数量", "单价", "平台商品ID", "SKU ID")
    found = mapping.recognise(header)
    assert (found[Target.ITEM], found[Target.VARIANT], found[Target.CODE]) == (5, 6, 2)
    rows = [
        ["1", "2026-11-22 09:00:01", "A", "1", "2.00", "600", "601"],
        ["2", "2026-11-22 09:00:01", "", "1", "2.00", "600", "601"],
        ["3", "2026-11-22 09:00:01", "B", "1", "2.00", "", "601"],
        ["4", "2026-11-22 09:00:01", "C", "1", "2.00", "-", ""],
    ]  # fmt: skip
    _found, made = read(write(tmp_path / "x.csv", rows, header), Options(), found)
    said = [(line.code, line.item, line.variant) for one in made if one.order for line in one.order.lines]
    assert said == [("A", "600", "601"), ("600:601", "600", "601"), ("B", "601", ""), ("C", "", "")]


@pytest.mark.parametrize(("cell", "said"), [
    ("600", "600"), ("\t600 ", "600"), ("'600", "600"), ('="600"', "600"), ("ab_C-9", "ab_C-9"), ("", ""), ("-", ""), ("0", ""),
    ("1;2", ""), ("6.9E+18", ""), ("无权限", ""), ("6" * 64, "6" * 64), ("6" * 65, ""),
])  # fmt: skip
def test_what_can_be_an_id(cell: str, said: str) -> None:
    assert read_id(cell) == said
