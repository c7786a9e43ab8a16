"""Places and put-away in a real Chromium: bins by pattern, goods scanned into their bin, a wrong scan that fills the screen."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from inventory.models import Balance, BinKind
from tests import builders as make
from tests.browser.floor import look, scan, sign_in
from tests.live import LiveSite

pytestmark = pytest.mark.browser


def test_bins_are_previewed_made_and_changed_by_choice(page: Page, site: LiveSite, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility(code="WH", name="上海仓")
    sign_in(page, site, tenant_id, Role.WAREHOUSE)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{site.url}/stock/places/{facility}/pattern/")
    page.get_by_label("编号规则").fill("B-{1..3}-{1..2}")
    page.get_by_role("button", name="先看看").click()
    expect(page.get_by_role("status").filter(has_text="个货位")).to_contain_text("6")
    look(page, "bin-pattern")
    page.get_by_role("button", name="建这 6 个").click()
    expect(page.get_by_text("建好了 6 个货位")).to_be_visible()
    look(page, "bins")
    page.get_by_role("checkbox", name="全选").check()
    page.get_by_role("button", name="改类型、库区、顺序").click()
    expect(page.get_by_role("heading", name="改 6 个货位")).to_be_visible()
    page.get_by_label("库区").fill("冷藏")
    page.get_by_role("button", name="改这 6 个").click()
    expect(page.get_by_role("cell", name="冷藏", exact=True)).to_have_count(6)


def test_goods_are_scanned_into_their_bin(page: Page, site: LiveSite, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility(code="WH", name="上海仓")
        dock = make.make_bin(facility, BinKind.RECEIVING, code="DOCK-1")
        shelf = make.make_bin(facility, code="SHELF-1")
        sku = make.make_sku(code="MILK-800", name="奶粉")
        lot = make.make_stock(dock, sku, 9, lot="LOT-100")
    sign_in(page, site, tenant_id, Role.WAREHOUSE)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{site.url}/stock/put-away/{facility}/hand/")
    expect(page.locator("[data-f=to]")).to_have_text("SHELF-1")
    look(page, "put-away")
    scan(page, "SHELF-1")
    expect(page.locator("[data-view=wrong]").get_by_role("heading")).to_have_text("先扫商品")
    look(page, "put-away-wrong")
    scan(page, "MILK-800")
    expect(page.locator("[data-say]")).to_contain_text("扫放进去的货位")
    page.get_by_role("button", name="少一件").click()
    scan(page, "SHELF-1")
    expect(page.locator("[data-f=quantity]")).to_have_text("1")
    scan(page, "LOT-100")
    expect(page.locator("[data-say]")).to_contain_text("扫放进去的货位")
    scan(page, "SHELF-1")
    expect(page.get_by_role("heading", name="都上架了")).to_be_visible()
    with tenant(tenant_id):
        assert Balance.objects.get(bin=shelf, lot=lot).on_hand == 9
