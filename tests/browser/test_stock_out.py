"""What a channel is told of stock, in a real Chromium: a strategy is changed and the number changes with it."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from orders.models import StockLevel
from orders.services import stock_out
from tests import builders as make
from tests.browser.floor import look, sign_in
from tests.live import LiveSite

pytestmark = pytest.mark.browser


def test_a_strategy_is_changed_and_the_number_follows(
    page: Page, site: LiveSite, tenant_id: int, page_errors: list[str]
) -> None:
    with tenant(tenant_id):
        facility_id = make.make_facility()
        make.make_stock(make.make_bin(facility_id), make.make_sku(code="CUP", name="随行杯"), 40)
        make.make_channel(facility_id, code="tmall-1", name="天猫旗舰店")
    sign_in(page, site, tenant_id, Role.OPERATOR)
    page.goto(f"{site.url}/channels/stock-out/")
    expect(page.get_by_role("row", name="天猫旗舰店")).to_contain_text("没开")
    look(page, "stock-outs")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="天猫旗舰店").click()
    page.get_by_label("上传库存").check()
    page.locator("#id_share").fill("50")
    page.get_by_role("button", name="存", exact=True).first.click()
    expect(page.get_by_text("存好了，马上重算。")).to_be_visible()
    page.get_by_label("平台商品").fill("7001 CUP\n7002 NOPE")
    page.get_by_role("button", name="存", exact=True).last.click()
    expect(page.get_by_text("第 2 行：没有这个商品。")).to_be_visible()
    page_errors.clear()  # the refusal is a 422
    page.get_by_label("平台商品").fill("7001 CUP")
    page.get_by_role("button", name="存", exact=True).last.click()
    row = page.locator("tr[data-sku=CUP]")
    expect(row).to_contain_text("7001")
    stock_out.refresh(tenant_id)
    page.reload()
    expect(row).to_contain_text("40 能占的")
    expect(row).to_contain_text("= 20 能卖")
    expect(row).to_contain_text("跟店铺")
    row.get_by_role("link", name="另外定 CUP").click()
    expect(page.locator("#sku_sku")).to_have_value("CUP")
    page.locator("#sku_fixed").fill("7")
    page.locator("#own").get_by_role("button", name="存").click()
    expect(row).to_contain_text("定死 7 件")
    stock_out.refresh(tenant_id)
    with tenant(tenant_id):
        StockLevel.objects.update(said_units=7, state=2)
    page.reload()
    expect(row).to_contain_text("= 7 能卖")
    expect(row).to_contain_text("已上传")
    look(page, "stock-out")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="不传 7001 了").click()
    expect(row).to_have_count(0)
