"""Taobao's two reports: handed in in any order, imported once both are there, and said which one is missing."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from core.tenancy import tenant
from orders.models import Order, OrderLine
from orders.services import imports
from orders.services.import_known import get_import
from orders.services.import_pairs import find_partner, get_runner
from tests.orders.importing import world
from tests.orders.importing.files import write
from tests.orders.importing.platforms import DOUYIN, TAOBAO_ITEMS, TAOBAO_ORDERS, row
from tests.orders.importing.test_pages import OPTIONS, member
from tests.orders.importing.world import Shop, make_shop


@pytest.fixture(autouse=True)
def _settings(settings: Settings, tmp_path: Path) -> None:
    settings.ERP_FILES = tmp_path / "kept"


@pytest.fixture
def shop(tenant_id: int) -> Shop:
    return make_shop(tenant_id)


@pytest.fixture
def items(tmp_path: Path) -> Path:
    lines = [row(TAOBAO_ITEMS), row(TAOBAO_ITEMS, {"商家编码": "QY-2", "购买数量": "3"})]
    return write(tmp_path / "ExportItemList.csv", lines, TAOBAO_ITEMS, "gb18030")


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    return write(tmp_path / "ExportOrderList.csv", [row(TAOBAO_ORDERS)], TAOBAO_ORDERS, "gb18030")


def register(shop: Shop, path: Path) -> int:
    return imports.register(tenant_id=shop.tenant_id, channel_id=shop.channel_id, path=path)


@pytest.mark.parametrize("is_items_first", [True, False])
def test_in_any_order_the_two_become_one_import(
    shop: Shop, items: Path, heads: Path, is_items_first: bool
) -> None:
    ids = {path: register(shop, path) for path in ((items, heads) if is_items_first else (heads, items))}
    with tenant(shop.tenant_id):
        assert get_runner(ids[heads]) == get_runner(ids[items]) == ids[items]
        seen = imports.preview(ids[items])
        assert seen.missing == ()
        assert seen.partner is not None
        assert seen.partner.id == ids[heads]
    done = world.run(shop, items)
    assert (done.orders, done.input_units, done.difference, done.problems) == (1, 5, 0, 0)
    with tenant(shop.tenant_id):
        order = Order.objects.get()
        assert (order.number, order.amount_minor) == ("1234567890123456789", 102_580)
        assert OrderLine.objects.count() == 2
    again = world.run(shop, items)
    assert (again.created, again.unchanged) == (0, 1)


def test_one_alone_says_what_is_missing(shop: Shop, items: Path, heads: Path) -> None:
    client = member(shop)
    for path, words in ((items, "还差订单报表"), (heads, "两个报表都在")):
        file = SimpleUploadedFile(path.name, path.read_bytes())
        answer = client.post("/imports/new/", {"channel": str(shop.channel_id), "file": file})
        assert answer.status_code == 302
        page = client.get(str(answer["Location"])).content.decode()
        assert words in page
        assert "淘宝/天猫 宝贝报表" in page
    # its columns are known and sent as they are offered
    chosen = {f"column_{column.index}": str(column.target or "") for column in _preview(shop, items).columns}
    answer = client.post(f"{answer['Location']}start/".replace("?again=1", ""), chosen | OPTIONS)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    import_id = _preview(shop, items).import_id
    with tenant(shop.tenant_id):
        assert get_import(import_id).counts["partner"] is not None
        assert get_import(import_id).options["layout"] == "taobao_items"


def _preview(shop: Shop, path: Path) -> imports.Preview:
    import_id = register(shop, path)
    with tenant(shop.tenant_id):
        return imports.preview(import_id)


def test_orders_alone_say_that_the_items_are_missing(shop: Shop, heads: Path) -> None:
    client = member(shop)
    file = SimpleUploadedFile(heads.name, heads.read_bytes())
    answer = client.post("/imports/new/", {"channel": str(shop.channel_id), "file": file})
    assert "还差宝贝报表" in client.get(str(answer["Location"])).content.decode()


def test_only_files_of_one_channel_that_share_orders_belong_together(
    shop: Shop, items: Path, tmp_path: Path
) -> None:
    others = write(
        tmp_path / "other.csv", [row(TAOBAO_ORDERS, {"订单编号": '="999"'})], TAOBAO_ORDERS, "gb18030"
    )
    mine = register(shop, items)
    register(shop, others)
    register(shop, write(tmp_path / "douyin.csv", [row(DOUYIN)], DOUYIN))
    with tenant(shop.tenant_id):
        assert find_partner(get_import(mine)) is None


def test_a_platforms_file_is_imported_as_it_is(shop: Shop, tmp_path: Path) -> None:
    both = {
        "子订单编号": "691;692",
        "选购商品": "杯;壶",
        "商家编码": "QY-1;QY-2",
        "商品数量": "2",
        "主订单编号": "\t77",
    }
    bad = both | {"商品数量": "5", "主订单编号": "\t78"}
    path = write(
        tmp_path / "douyin.csv", [row(DOUYIN), row(DOUYIN, both), row(DOUYIN, bad)], DOUYIN, "utf-8-sig"
    )
    done = world.run(shop, path)
    assert (done.input_units, done.orders, done.codes, done.difference) == (8, 2, {"ITEMS_NOT_SHARED": 1}, 0)
