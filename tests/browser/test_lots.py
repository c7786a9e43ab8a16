"""A lead gives a parcel another lot, and the lot's own page, in a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from tests.browser.floor import look, sign_in
from tests.live import LiveSite
from tests.warehouse.scene import make_scene

pytestmark = pytest.mark.browser


def test_another_lot_is_chosen_for_a_line(page: Page, site: LiveSite, tenant_id: int) -> None:
    scene = make_scene(tenant_id)
    scene.order([("MILK-800", 3)])
    scene.release()
    ((_allocation, _lot, _bin, _units, parcel),) = scene.allocations()
    sign_in(page, site, tenant_id, Role.WAREHOUSE)
    page.goto(f"{site.url}/parcels/{parcel}/")
    page.get_by_role("link", name="换批次").click()
    expect(page.get_by_role("region", name="不能换的")).to_contain_text("过期了")
    look(page, "pick-lot")
    page.get_by_role("button", name="换成 B-01 里的 M-400").click()
    expect(page.get_by_role("main")).to_contain_text("B-01")
    expect(page.get_by_role("main")).to_contain_text("M-400")
    assert [row[1:4] for row in scene.allocations()] == [("M-400", "B-01", 3)]


def test_a_lot_is_found_in_the_list_and_its_date_put_right(
    page: Page, site: LiveSite, tenant_id: int
) -> None:
    scene = make_scene(tenant_id)
    sign_in(page, site, tenant_id, Role.QUALITY)
    page.goto(f"{site.url}/stock/lots/")
    look(page, "lots")
    page.get_by_role("link", name="M-100").click()
    expect(page.get_by_role("heading", name="批次 M-100")).to_be_visible()
    look(page, "lot")
    form = page.get_by_role("region", name="改日期")
    form.get_by_label("到期日").fill(str(scene.day(60)))
    form.get_by_label("为什么改").fill("看错了月份")
    form.get_by_role("button", name="改", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(f"{scene.day(100)} → {scene.day(60)}")
