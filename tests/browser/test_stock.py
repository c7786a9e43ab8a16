"""Stock, receiving and waves in a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from inventory import queries
from tests.browser.floor import look, scan, sign_in
from tests.live import LiveSite, scripts_ready
from tests.warehouse.scene import MILK_BARCODE, Scene, make_scene

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(page: Page, site: LiveSite, tenant_id: int) -> Scene:
    """A keeper of the warehouse is signed in; 12 of the milk are promised."""
    scene = make_scene(tenant_id)
    scene.order([("MILK-800", 12)], [("TEA-1", 2)])
    sign_in(page, site, tenant_id, Role.WAREHOUSE)
    return scene


def test_from_the_list_to_the_ledger(page: Page, site: LiveSite, scene: Scene) -> None:
    page.goto(f"{site.url}/stock/")
    look(page, "stock")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="奶粉 800 g").click()
    expect(page.get_by_text("和流水对上，差 0").first).to_be_visible()
    expect(page.locator(".led tbody tr").first).to_be_visible()  # the ledger comes after the page
    numbers = page.locator(".cf-eq__n b").all_inner_texts()
    values = [int("".join(char for char in number if char.isdigit())) for number in numbers]
    assert values[0] - sum(values[1:-1]) == values[-1] == 38
    look(page, "sku")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("row", name="M-100").get_by_role("link", name="10").first.click()
    expect(page.get_by_role("cell", name="R-1187")).to_be_visible()
    look(page, "ledger")


def test_a_hold_is_taken_back_by_its_toast(page: Page, site: LiveSite, scene: Scene) -> None:
    page.goto(f"{site.url}/stock/{scene.milk}/")
    page.get_by_text("冻结一个批次").click()
    page.get_by_label("批次", exact=True).select_option(label="M-400")
    page.get_by_label("原因").fill("罐盖密封抽检")
    page.get_by_role("button", name="冻结这个批次").click()
    toast = page.locator(".cf-toast")
    expect(toast).to_contain_text("冻结了 MILK-800 批次 M-400")
    toast.hover()  # under the pointer it stays
    expect(page.locator(".hld")).to_contain_text("罐盖密封抽检")
    toast.get_by_role("button", name="撤销").click()
    expect(page.locator(".hld")).to_have_count(0)


def test_goods_are_received_by_scanning(
    page: Page, site: LiveSite, scene: Scene, page_errors: list[str]
) -> None:
    page.goto(f"{site.url}/stock/receive/")
    look(page, "receive")
    page.set_viewport_size({"width": 1440, "height": 900})
    scripts_ready(page)
    code = f"]d201{MILK_BARCODE:0>14}10M-9"
    for _unit in range(3):
        scan(page, code)
    scan(page, "]C1B-01")
    line = page.locator("[data-line]")
    expect(line).to_have_count(1)
    expect(line.get_by_label("数量")).to_have_value("3")
    expect(line.get_by_label("货位")).to_have_value("B-01")
    line.get_by_label("生产日期").fill(f"{scene.today:%Y-%m-%d}")
    page.get_by_role("button", name="加一行").click()
    second = page.locator("[data-line]").nth(1)
    second.get_by_label("编码或条码").fill("TEA-1")
    second.get_by_label("数量").fill("4")
    page.get_by_role("button", name="收货入账").click()
    expect(page.get_by_text("要填批次")).to_be_visible()
    look(page, "receive-wrong")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert all("422" in error for error in page_errors)
    page_errors.clear()
    page.locator("[data-line]").nth(1).get_by_label("批次").fill("T-2")
    page.get_by_role("button", name="收货入账").click()
    expect(page.locator(".cf-toast")).to_contain_text("收了 2 行，7 件，已经入账")
    with tenant(scene.tenant_id):
        assert sum(row.on_hand for row in queries.list_balances([scene.warehouse], scene.milk)) == 64


def test_a_wave_is_released_and_shipped_only_after_a_question(
    page: Page, site: LiveSite, scene: Scene
) -> None:
    page.goto(f"{site.url}/waves/")
    look(page, "waves")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="下发波次").click()
    expect(page.locator(".cf-toast")).to_contain_text("下发了 1 个波次，2 个包裹")
    page.locator("tbody a[data-open]").click()
    look(page, "wave")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="剩下 2 个包裹都拣好了").click()
    page.get_by_role("alertdialog").get_by_role("button", name="2 个都拣好了").click()
    page.get_by_role("button", name="发 2 个包裹").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("2 个包裹出库？发了就收不回来。")
    question.get_by_role("button", name="发 2 个").click()
    expect(page.locator(".cf-toast").last).to_contain_text("发了 2 个包裹，14 件出库")
    page.goto(f"{site.url}/parcels/?tab=shipped")
    look(page, "parcels")
    page.goto(f"{site.url}/skus/new/")
    expect(page.get_by_text("这一页给")).to_have_count(0)
    look(page, "sku-form")
