"""What a row is: good, set aside, refused; and what becomes of its order."""

from datetime import datetime
from pathlib import Path

import pytest

from orders.importing.mapping import recognise, signature
from orders.importing.presets import ONLINE_RETAIL, find_preset
from orders.importing.problems import Code
from orders.importing.settings import BadLine, DateOrder, Options, Target
from orders.importing.values import (
    Dates,
    identifier,
    money_reader,
    read_number,
    read_quantity,
    read_state,
)
from tests.orders.importing.files import HEADER, SHANGHAI, codes, line, read, units, write


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1), (" 1,234 ", 1234), ("3.0", 3), ("-2", -2), ("\u22122", -2), ("0", 0),
        ("2147483647", 2147483647), ("2147483648", Code.QUANTITY_TOO_LARGE),
        ("9" * 400, Code.QUANTITY_TOO_LARGE),
        ("1.5", Code.QUANTITY_UNREADABLE), ("", Code.QUANTITY_UNREADABLE), ("1e3", Code.QUANTITY_UNREADABLE),
        ("1,23", Code.QUANTITY_UNREADABLE), ("٣", Code.QUANTITY_UNREADABLE),
        ("=1+1", Code.QUANTITY_UNREADABLE),
        ("两", Code.QUANTITY_UNREADABLE),
    ],
)  # fmt: skip
def test_quantities(cell: str, value: object) -> None:
    assert read_quantity(cell) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,028.50", 102850), ("¥9.9", 990), ("12元", 1200), (".5", 50), ("2.550", 255), ("0", 0),
        ("-3", -300),
        ("0.001", Code.PRICE_DECIMALS), ("1O28.5", Code.PRICE_UNREADABLE), ("", Code.PRICE_UNREADABLE),
        ("1e30", Code.PRICE_UNREADABLE), ("1" + "0" * 30, Code.AMOUNT_TOO_LARGE),
        ("NaN", Code.PRICE_UNREADABLE),
        ("10,28.50", Code.PRICE_UNREADABLE),
    ],
)  # fmt: skip
def test_money_is_exact_or_refused(cell: str, value: object) -> None:
    assert money_reader(2, Code.PRICE_UNREADABLE)[cell] == value


def test_money_of_other_currencies() -> None:
    assert money_reader(0, Code.PRICE_UNREADABLE)["1200"] == 1200
    assert money_reader(0, Code.PRICE_UNREADABLE)["1.5"] is Code.PRICE_DECIMALS
    assert money_reader(3, Code.PRICE_UNREADABLE)["0.001"] == 1


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('="6917420088125531"', "6917420088125531"), ("'13800138000", "13800138000"), ("\t6917\t", "6917"),
        (" 220620-1 ", "220620-1"), ("=cmd|x", "=cmd|x"),
    ],
)  # fmt: skip
def test_ids_are_undressed(cell: str, value: str) -> None:
    assert identifier(cell) == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("6.91742E+15", Code.SCIENTIFIC_NUMBER), ("", Code.NO_NUMBER), ("合计:", Code.TOTALS),
        ("a\u202eb", Code.BAD_CHARACTER), ("a\0b", Code.NUL_CHARACTER), ("x" * 65, Code.TOO_LONG),
    ],
)  # fmt: skip
def test_order_numbers_that_cannot_be_used(cell: str, code: Code) -> None:
    assert read_number(cell) is code


@pytest.mark.parametrize(
    ("cell", "order", "value"),
    [
        ("2016/5/23 22:02", DateOrder.YEAR_FIRST, (2016, 5, 23, 22, 2)),
        ("2026-11-22T09:00:01", DateOrder.YEAR_FIRST, (2026, 11, 22, 9, 0, 1)),
        ("2026年11月22日", DateOrder.YEAR_FIRST, (2026, 11, 22)),
        ("01/02/2026 10:00", DateOrder.DAY_FIRST, (2026, 2, 1, 10)),
        ("01/02/2026 10:00", DateOrder.MONTH_FIRST, (2026, 1, 2, 10)),
        ("01/02/2026", DateOrder.YEAR_FIRST, None),
        ("2026-02-30", DateOrder.YEAR_FIRST, None),
        ("0001-01-01", DateOrder.YEAR_FIRST, None),
        ("2026-11-22 25:00", DateOrder.YEAR_FIRST, None),
        ("", DateOrder.YEAR_FIRST, None),
    ],
)  # fmt: skip
def test_dates(cell: str, order: DateOrder, value: tuple[int, ...] | None) -> None:
    read_date = Dates(order, SHANGHAI)
    expected = Code.DATE_UNREADABLE if value is None else datetime(*value, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]
    assert read_date[cell] == expected
    doubt: set[int] = set()
    assert read_date.column([cell, cell], doubt) == [expected, expected]
    assert bool(doubt) is (value is None)


def test_states_of_the_platforms() -> None:
    words = ["等待买家付款", "买家已付款，等待卖家发货", "待发货", "已发货", "交易成功", "已关闭", "天晴了"]
    assert [read_state(word) for word in words] == [0, 1, 1, 2, 3, 4, Code.STATE_UNKNOWN]


ROWS = [
    line("A", quantity=2),  # row 2
    line("A", code="QY-2", quantity=3),
    line("B", quantity=-1),  # 4: set aside, B has no order
    line("C", price="0"),  # 5: refused, C has no order
    line("D", quantity=4),  # 6
    line("D", price="0.001", quantity=5),  # 7: refused, stops D
    line("E", code="POST", quantity=1, price="18.00"),  # 8: a charge
    line("E", quantity=6),  # 9
    line("F", code="UNKNOWN", quantity=7),  # 10
    ["G", "2026-11-22", "QY-1", "8"],  # 11: a cell is missing
    line("6.91742E+15", quantity=9),  # 12
    line("", quantity=10),  # 13
    ["合计", "", "", "99", ""],  # 14
    line("H", at="2026-02-30", quantity=11),  # 15
    line("I", price="-2"),  # 16
    [*line("J", quantity=12), "", ""],  # 17: empty cells beyond the header are nothing
    line("K", code="x" * 65, quantity=13),  # 18
    line("L", quantity="many"),  # 19
]
OPTIONS = Options(not_goods=("POST",), no_code=("UNKNOWN",))


def test_every_row_has_one_verdict(tmp_path: Path) -> None:
    found, parsed = read(write(tmp_path / "orders.csv", ROWS), OPTIONS)
    assert codes(parsed) == {
        4: "NOT_POSITIVE", 5: "ZERO_PRICE", 7: "PRICE_DECIMALS", 8: "NOT_GOODS", 10: "NO_CODE",
        11: "WRONG_CELLS",
        12: "SCIENTIFIC_NUMBER", 13: "NO_NUMBER", 14: "TOTALS", 15: "DATE_UNREADABLE", 16: "NEGATIVE_PRICE",
        18: "TOO_LONG", 19: "QUANTITY_UNREADABLE",
    }  # fmt: skip
    good, refused = 2 + 3 + 4 + 6 + 12, 1 + 5 + 1 + 7 + 9 + 10 + 11 + 1 + 13
    assert found.input_units == units(parsed) == good + refused
    orders = {group.order.external_number: group.order for group in parsed if group.order}
    assert {number: order.refused_rows for number, order in orders.items()} == {
        "A": (),
        "D": (7,),
        "E": (),
        "J": (),
    }
    assert (orders["E"].charge_minor, orders["E"].amount_minor) == (1800, 1800 + 6 * 990)
    stops = {one.row: one.stops for group in parsed for one in group.problems}
    assert [row for row, does in stops.items() if not does] == [4, 8, 14]


def test_a_tenant_may_drop_bad_lines_instead(tmp_path: Path) -> None:
    options = Options(not_goods=("POST",), bad_line=BadLine.DROP)
    _found, parsed = read(write(tmp_path / "orders.csv", ROWS), options)
    assert all(not group.order.refused_rows for group in parsed if group.order)


def test_a_problem_shows_its_cell_as_it_came(tmp_path: Path) -> None:
    _found, parsed = read(
        write(tmp_path / "orders.csv", [line("A", price="=1+" + "1" * 400, quantity=3)]), OPTIONS
    )
    (problem,) = parsed[0].problems
    assert (problem.row, problem.column, problem.units, problem.external_number) == (2, "单价", 3, "A")
    assert problem.value == ("=1+" + "1" * 400)[:200]


def test_nul_characters_are_refused_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "\n".join([",".join(HEADER), ",".join(line("A", code="Q\0Y", quantity=2)), ",".join(line("B"))])
    )
    _found, parsed = read(path)
    assert codes(parsed) == {2: "NUL_CHARACTER"}
    assert parsed[0].problems[0].value == "Q\u2400Y"
    assert parsed[1].order is not None


def test_an_unclosed_quote_stops_its_order_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    bad = ",".join(line("A")).replace("QY-1", '"QY-1')
    path.write_text("\n".join([",".join(HEADER), ",".join(line("A")), bad, ",".join(line("B"))]))
    _found, parsed = read(path)
    assert codes(parsed) == {3: "UNCLOSED_QUOTE"}
    assert [group.order.refused_rows for group in parsed if group.order] == [(3,), ()]


def test_people_keep_their_masks_and_formulas_stay_text(tmp_path: Path) -> None:
    header = (
        *HEADER,
        "收件人",
        "收件人手机号",
        "详细地址",
        "买家留言",
        "商家备注",
        "运费",
        "订单应付金额",
        "订单状态",
    )
    row = [
        *line("A"),
        "##x9Kd",
        "'138****0000",
        "浙江省 金华市 婺城区 八一街 3 号",
        "-",
        '=HYPERLINK("x")',
        "6",
        "15.90",
        "待发货",
    ]
    _found, parsed = read(write(tmp_path / "orders.csv", [row], header))
    order = parsed[0].order
    assert order is not None
    assert order.receiver is not None
    assert order.receiver.is_masked
    assert (order.receiver.province, order.receiver.district, order.receiver.phone) == (
        "浙江省",
        "婺城区",
        "138****0000",
    )
    assert (order.remark, order.seller_remark, order.charge_minor, order.amount_minor) == (
        "",
        '=HYPERLINK("x")',
        600,
        1590,
    )
    assert order.state == 1


def test_the_raw_order_says_nothing_of_its_place_in_the_file(tmp_path: Path) -> None:
    _one, first = read(write(tmp_path / "a.csv", [line("A", quantity=2), line("B")]))
    _two, second = read(write(tmp_path / "b.csv", [line("B"), line("A", quantity=2)]))
    raws = [
        {group.order.external_number: group.order.raw for group in one if group.order}
        for one in (first, second)
    ]
    assert raws[0] == raws[1]
    assert "2,9.90" in raws[0]["A"]


def test_headers_of_the_platforms_are_recognised() -> None:
    douyin = ["主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商家编码", "订单应付金额"]
    assert recognise(douyin)[Target.NUMBER] == 0
    assert recognise(douyin)[Target.CODE] == 5
    assert recognise(["Order_ID ", " QTY", "＊数量"])[Target.QUANTITY] in (1, 2)
    assert signature(["收货地址 ", "Qty"]) == signature(["收货地址", "qty"])


def test_the_preset_is_found_by_its_header() -> None:
    assert find_preset(ONLINE_RETAIL.header) is ONLINE_RETAIL
    assert find_preset(HEADER) is None
