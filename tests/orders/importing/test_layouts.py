"""The platforms' files as they really are: every quirk that breaks a naive reader, with rows of our own."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from core.sheets.reading import inspect, open_table
from orders.importing.addresses import split_address
from orders.importing.grouping import groups, orders, survey
from orders.importing.joining import join
from orders.importing.layouts import LAYOUTS, find_layout
from orders.importing.parsing import Parser
from orders.importing.problems import ParsedGroup
from orders.importing.settings import Options, Target, missing
from orders.rules.incoming import IncomingOrder
from tests.orders.importing.files import SHANGHAI, codes, csv_text, read, write
from tests.orders.importing.platforms import (
    ALIBABA,
    DOUYIN,
    JD,
    PINDUODUO,
    TAOBAO_ITEMS,
    TAOBAO_ITEMS_OLD,
    TAOBAO_ORDERS,
    row,
)

NUMBER = "1234567890123456789"


def parsed(
    folder: Path, header: Sequence[str], *changes: dict[str, str], encoding: str = "utf-8-sig"
) -> list[ParsedGroup]:
    """What becomes of a file with this header."""
    layout = find_layout(header)
    assert layout is not None
    path = write(folder / "orders.csv", [row(header, one) for one in changes], header, encoding)
    found = layout.places(open_table(inspect(path)).header)
    return read(path, Options(layout=layout.name), found)[1]


def order(folder: Path, header: Sequence[str], *changes: dict[str, str]) -> IncomingOrder:
    (group,) = parsed(folder, header, *changes)
    assert group.order is not None, group.problems
    return group.order


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (TAOBAO_ORDERS, "taobao_orders"), (TAOBAO_ITEMS_OLD, "taobao_items_old"), (TAOBAO_ITEMS, "taobao_items"), (JD, "jd"),
        (PINDUODUO, "pinduoduo"), (DOUYIN, "douyin"), (ALIBABA, "1688"),
    ],
)  # fmt: skip
def test_a_platform_is_known_by_its_header_in_any_order_of_columns(header: Sequence[str], name: str) -> None:
    for names in (header, header[::-1], [f" {one} " for one in header]):
        layout = find_layout(names)
        assert layout is not None
        assert layout.name == name
        if not layout.part:
            assert not missing(layout.places(names))
    assert find_layout(header[:2]) is None
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)


def test_jd_says_the_orders_total_on_every_row_and_writes_addresses_in_one_piece(tmp_path: Path) -> None:
    found = order(tmp_path, JD, {}, {"货号": "QY-2", "京东价": "70.00", "商品ID": "10002"})
    assert (found.amount_minor, len(found.lines)) == (12_000, 2)
    assert found.receiver is not None
    place = (found.receiver.province, found.receiver.city, found.receiver.district, found.receiver.street)
    assert place == ("广东省", "深圳市", "南山区", "科技路1号")
    assert found.receiver.is_masked
    assert found.state == 1


def test_jd_in_gbk(tmp_path: Path) -> None:
    (group,) = parsed(tmp_path, JD, {}, encoding="gb18030")
    assert group.order is not None


def test_pinduoduo_amounts_ids_and_masks(tmp_path: Path) -> None:
    found = order(tmp_path, PINDUODUO, {})
    assert (found.external_number, found.amount_minor) == ("261122-123456789012345", 102_850)
    assert found.receiver is not None
    assert found.receiver.is_masked
    assert found.receiver.name == "****"


def test_pinduoduo_takes_the_day_from_the_number_when_the_time_is_empty(tmp_path: Path) -> None:
    for blank in ("", "-"):
        found = order(tmp_path, PINDUODUO, {"订单成交时间": blank})
        assert found.placed_at == datetime(2026, 11, 22, tzinfo=SHANGHAI)
    (group,) = parsed(tmp_path, PINDUODUO, {"订单成交时间": "", "订单号": "269922-123456789012345"})
    assert codes([group]) == {2: "DATE_UNREADABLE"}
    (group,) = parsed(tmp_path, PINDUODUO, {"订单成交时间": "昨天"})
    assert codes([group]) == {2: "DATE_UNREADABLE"}


def test_pinduoduo_shares_a_rows_amount_over_its_units_to_the_cent(tmp_path: Path) -> None:
    found = order(
        tmp_path, PINDUODUO, {"商品数量(件)": "3", "商品总价(元)": "10.00", "用户实付金额(元)": "10.00"}
    )
    assert [(line.quantity, line.unit_price_minor) for line in found.lines] == [(2, 333), (1, 334)]
    assert sum(line.quantity * line.unit_price_minor for line in found.lines) == 1000


def test_pinduoduo_uses_the_products_code_where_the_variant_has_none(tmp_path: Path) -> None:
    found = order(tmp_path, PINDUODUO, {"商家编码-规格维度": "", "商家编码-商品维度": "QY-9"})
    assert found.lines[0].code == "QY-9"


@pytest.mark.parametrize(
    ("word", "code"),
    [("退款成功", "REFUNDED"), ("待商家处理", "AFTER_SALES_OPEN"), ("退款中", "AFTER_SALES_OPEN")],
)
def test_what_was_refunded_does_not_leave(tmp_path: Path, word: str, code: str) -> None:
    first, second = parsed(tmp_path, PINDUODUO, {"售后状态": word}, {"订单号": "261122-000000000000001"})
    assert (first.order, codes([first])) == (None, {2: code})
    assert second.order is not None


def test_douyin_ids_masks_and_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    text = csv_text([row(DOUYIN)], DOUYIN).replace("\t6917420000000000001", '"\t6917420000000000001"')
    path.write_bytes(text.encode("utf-8-sig"))
    (group,) = read(path, Options(layout="douyin"), find_layout(DOUYIN).places(DOUYIN))[1]  # type: ignore[union-attr]
    found = group.order
    assert found is not None
    assert found.external_number == "6917420000000000001"
    assert found.seller_remark == ""
    assert found.receiver is not None
    assert (found.receiver.name, found.receiver.phone, found.receiver.is_masked) == ("##x9Kd", "$$ab12", True)


def test_douyin_two_items_in_one_row_and_two_pieces_are_one_each(tmp_path: Path) -> None:
    both = {
        "子订单编号": "\t691;692",
        "选购商品": "杯;壶",
        "商家编码": "QY-1;QY-2",
        "商品数量": "2",
        "订单应付金额": "30.01",
    }
    found = order(tmp_path, DOUYIN, both)
    assert [(line.code, line.quantity, line.unit_price_minor) for line in found.lines] == [
        ("QY-1", 1, 1501),
        ("QY-2", 1, 1500),
    ]
    assert found.amount_minor == 3001


@pytest.mark.parametrize("quantity", ["5", "1", "4"])
def test_douyin_two_items_and_five_pieces_stop_and_are_not_guessed(tmp_path: Path, quantity: str) -> None:
    both = {"子订单编号": "691;692", "选购商品": "杯;壶", "商家编码": "QY-1;QY-2", "商品数量": quantity}
    (group,) = parsed(tmp_path, DOUYIN, both)
    assert group.order is None
    (problem,) = group.problems
    assert (problem.code, problem.column, problem.value, problem.row) == (
        "ITEMS_NOT_SHARED",
        "商品数量",
        quantity,
        2,
    )
    assert (problem.units, problem.stops) == (int(quantity), True)


def test_douyin_rows_of_one_order_add_up(tmp_path: Path) -> None:
    found = order(tmp_path, DOUYIN, {"订单应付金额": "36.00", "运费": "6.00"}, {"商家编码": "QY-2"})
    assert found.amount_minor == 6600
    assert found.charge_minor == 600
    assert sum(line.quantity * line.unit_price_minor for line in found.lines) == 6000


def test_1688(tmp_path: Path) -> None:
    found = order(tmp_path, ALIBABA, {})
    assert (found.amount_minor, found.charge_minor, found.lines[0].quantity) == (10_700, 800, 10)


@pytest.mark.parametrize("target", ["收货人姓名", "联系手机", "收货地址"])
def test_what_the_exporter_may_not_see_is_a_mask(tmp_path: Path, target: str) -> None:
    found = order(tmp_path, ALIBABA, {target: "无权限", "实付款(元)": "无权限"})
    assert found.receiver is not None
    assert found.receiver.is_masked
    assert found.amount_minor == 9900 + 800


def test_a_number_or_code_that_may_not_be_seen_is_none(tmp_path: Path) -> None:
    first, second = parsed(tmp_path, ALIBABA, {"订单编号": "无权限"}, {"货号": "无权限"})
    assert codes([first, second]) == {2: "NO_NUMBER", 3: "NO_CODE"}


def test_totals_below_the_table(tmp_path: Path) -> None:
    blank = dict.fromkeys(ALIBABA, "")
    groups_ = parsed(
        tmp_path,
        ALIBABA,
        {},
        blank | {"订单编号": "合计:", "数量": "10"},
        blank | {"买家公司名": "合计：", "数量": "1"},
    )
    assert codes(groups_) == {3: "TOTALS", 4: "TOTALS"}
    assert not any(one.stops or one.units for group in groups_ for one in group.problems)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("浙江省 金华市 婺城区 八一街 3 号(321000)", ("浙江省", "金华市", "婺城区", "八一街 3 号")),
        ("北京朝阳区三环以内1号", ("北京市", "北京市", "朝阳区", "三环以内1号")),
        ("****", None), ("天上人间1号", None), ("广东东莞市厚街镇1号", None),
    ],
)  # fmt: skip
def test_addresses_are_split_where_that_is_certain(text: str, place: tuple[str, ...] | None) -> None:
    assert split_address(text) == place


def joined(
    folder: Path, items: Sequence[str], rows: list[list[str]], beside: list[list[str]]
) -> list[ParsedGroup]:
    """Both reports of Taobao, as one table."""
    one = inspect(write(folder / "items.csv", rows, items, "gb18030"))
    two = inspect(write(folder / "orders.csv", beside, TAOBAO_ORDERS, "gb18030"))
    layout, other = find_layout(items), find_layout(TAOBAO_ORDERS)
    assert layout is not None
    assert other is not None
    mine, theirs = layout.places(items), other.places(TAOBAO_ORDERS)
    at = {"items_at": mine[Target.NUMBER], "orders_at": theirs[Target.NUMBER]}
    columns = {target: place + len(items) for target, place in theirs.items()} | mine

    def parser() -> Parser:
        header = join(open_table(one), open_table(two), **at).header
        return Parser(header, columns, Options(layout=layout.name), SHANGHAI)

    def table() -> object:
        return join(open_table(one), open_table(two), **at)

    found, first, second = survey(table(), parser()), parser(), parser()  # type: ignore[arg-type]
    done = list(orders(table(), first, found))  # type: ignore[arg-type]
    assert done == [second.parse(group) for group in groups(table(), second, found)]  # type: ignore[arg-type]
    return done


@pytest.mark.parametrize("items", [TAOBAO_ITEMS, TAOBAO_ITEMS_OLD])
def test_taobaos_two_reports_make_one_order(tmp_path: Path, items: Sequence[str]) -> None:
    (group,) = joined(
        tmp_path,
        items,
        [row(items), row(items, {"商家编码": "", "外部系统编号": "QY-2"})],
        [row(TAOBAO_ORDERS)],
    )
    found = group.order
    assert found is not None
    assert (found.external_number, found.amount_minor, found.charge_minor) == (NUMBER, 102_580, 600)
    assert [line.code for line in found.lines] == ["QY-1", "QY-2"]
    assert found.placed_at == datetime(2016, 5, 23, 22, 2, tzinfo=SHANGHAI)
    assert found.receiver is not None
    assert (found.receiver.name, found.receiver.phone, found.receiver.district) == (
        "李**",
        "138****0000",
        "婺城区",
    )
    assert (found.receiver.street, found.receiver.is_masked) == ("八一街 3 号", True)


def test_an_order_without_its_other_half_says_which_is_missing(tmp_path: Path) -> None:
    items = [row(TAOBAO_ITEMS, {"主订单编号": "777"}), row(TAOBAO_ITEMS), ["1", NUMBER, "x"]]
    done = joined(
        tmp_path, TAOBAO_ITEMS, items, [row(TAOBAO_ORDERS, {"订单编号": '="888"'}), row(TAOBAO_ORDERS)]
    )
    assert codes(done) == {2: "NO_ORDER_ROW", 4: "WRONG_CELLS", 5: "NO_ITEM_ROW"}
    problems = {str(one.code): one for group in done for one in group.problems}
    assert (problems["NO_ORDER_ROW"].units, problems["NO_ORDER_ROW"].value) == (2, "777")
    assert "888" in problems["NO_ITEM_ROW"].value
    assert "第 2 行" in problems["NO_ITEM_ROW"].value
    assert sum(group.order is not None for group in done) == 1
