"""Tracing in a real Chromium: found by a scan, stopped by one press, taken back by another."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from tests.browser.floor import look, scan, sign_in
from tests.live import LiveSite, scripts_ready
from tests.warehouse.scene import Scene, make_scene

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(page: Page, site: LiveSite, tenant_id: int) -> Scene:
    """Quality is signed in; of lot M-100 3 left, 2 lie on a cart, 5 are there."""
    scene = make_scene(tenant_id)
    for units in (3, 2):
        scene.order([("MILK-800", units)])
        wave_id = scene.release()
        scene.pick_all(wave_id)
        if units == 3:
            scene.ship(wave_id)
    scene.order([("MILK-800", 43)])
    sign_in(page, site, tenant_id, Role.QUALITY)
    return scene


def test_from_a_scan_to_the_stop_and_back(page: Page, site: LiveSite, scene: Scene) -> None:
    page.goto(f"{site.url}/trace/")
    look(page, "trace")
    page.set_viewport_size({"width": 1440, "height": 900})
    scripts_ready(page)
    scan(page, "MILK-800")
    expect(page.get_by_role("link", name="M-100")).to_be_visible()
    look(page, "trace-found")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="M-100").click()
    expect(page.get_by_text("对上了，差 0")).to_be_visible()
    page.get_by_label("召回单号").fill("R-2026-003")
    page.get_by_label("原因").fill("原料奶检出异常")
    page.get_by_role("button", name="冻结剩下的").click()
    toast = page.locator(".cf-toast")
    expect(toast).to_contain_text(
        "冻结了 M-100 剩下的 7 罐。1 个楼内包裹停住。1 个包裹的占用落空，退回审单。"
    )
    expect(page.get_by_text("停在车上")).to_be_visible()
    look(page, "lot-held")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.reload()
    page.get_by_role("button", name="解冻").click()
    expect(page.get_by_text("解冻了").first).to_be_visible()
    expect(page.get_by_role("button", name="冻结剩下的")).to_be_visible()


def test_back_from_a_parcel(page: Page, site: LiveSite, scene: Scene) -> None:
    number = next(iter(scene.orders))
    page.goto(f"{site.url}/trace/?q={number}")
    expect(page.get_by_role("link", name="M-100")).to_be_visible()
    look(page, "order-lots")
