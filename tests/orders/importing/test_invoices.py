"""Invoice columns of files: read of the order's first row, whoever names them how, row by row and by columns alike."""

from pathlib import Path

import pytest

from core.tenancy import tenant
from orders.importing.layouts import find_layout
from orders.importing.mapping import recognise
from orders.importing.settings import Options, Target
from orders.models import InvoiceRequest
from orders.rules.incoming import IncomingOrder
from orders.rules.invoices import InvoiceWish
from tests import laws
from tests.orders.importing import world
from tests.orders.importing.files import HEADER, line, read, write
from tests.orders.importing.platforms import JD, TAOBAO_ORDERS, row

NAMES = ("发票抬头", "发票类型", "纳税人识别号", "收票邮箱", "发票内容")
USUAL = ("某某公司", "电子普通发票", "91330106MA2CFXXX0T", "a@b.cn", "商品明细")


def found(folder: Path, *rows: list[str]) -> dict[str, InvoiceWish | None]:
    header = [*HEADER, *NAMES]
    groups = read(write(folder / "orders.csv", rows, header), Options(), recognise(header))[1]
    orders: list[IncomingOrder] = [group.order for group in groups if group.order]
    return {one.external_number: one.invoice for one in orders}


@pytest.mark.parametrize("second", ["1", "x"])  # an order with a row in doubt is read row by row
def test_columns_are_known_by_their_names(tmp_path: Path, second: str) -> None:
    asked = (
        USUAL,
        ("", "", "", "", ""),
        ("个人", "-", "-", "****@b.cn", ""),
        ("某某公司", "不需要发票", "", "", ""),
    )
    rows = []
    for number, cells in enumerate(asked, 1):
        rows += [[*line(str(number)), *cells], [*line(str(number), quantity=second), *cells]]
    invoices = found(tmp_path, *rows)
    assert invoices == {
        "1": InvoiceWish("某某公司", True, "91330106MA2CFXXX0T", "a@b.cn", note="商品明细"),
        "2": None,
        "3": InvoiceWish("个人"),
        "4": None,
    }


def test_too_long_is_a_problem_of_its_row(tmp_path: Path) -> None:
    assert found(tmp_path, [*line("1"), "某" * 201, "", "", "", ""]) == {}


def test_platforms_columns(tmp_path: Path) -> None:
    more = ("发票类型", "发票抬头", "发票内容")
    for header, name in (((*JD, *more), "jd"), ((*TAOBAO_ORDERS, "发票抬头"), "taobao_orders")):
        layout = find_layout(header)
        assert layout is not None
        assert (layout.name, Target.INVOICE_TITLE in layout.places(header)) == (name, True)
    header = (*JD, *more)
    path = write(tmp_path / "jd.csv", [[*row(JD), "普通发票", "张三", "明细"]], header)
    layout = find_layout(header)
    assert layout is not None
    (group,) = read(path, Options(layout="jd"), layout.places(header))[1]
    assert group.order is not None
    assert group.order.invoice == InvoiceWish("张三", note="明细")


def test_a_file_makes_requests(tenant_id: int, tmp_path: Path) -> None:
    shop = world.make_shop(tenant_id)
    rows = [[*line("1"), *USUAL], [*line("2"), "个人", "", "", "", ""], [*line("3"), "", "", "", "", ""]]
    file = write(tmp_path / "orders.csv", rows, [*HEADER, *NAMES])
    world.run(shop, file)
    with tenant(tenant_id):
        asked = InvoiceRequest.objects.order_by("order__number").values_list(
            "order__number", "mask", "problem"
        )
        assert list(asked) == [("1", "某某公司 91330106MA2CFXXX0T", "BAD_TAX_NUMBER"), ("2", "个人", "")]
    assert laws.broken(tenant_id) == []
