"""Warnings and explained numbers in a real Chromium."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from core.accounts import Role
from core.tenancy import tenant
from inventory.services import digests
from inventory.services.safety import SafetyInput, save_safety
from tests.browser.floor import look, sign_in
from tests.live import LiveSite
from tests.warehouse.scene import Scene, make_scene

pytestmark = pytest.mark.browser
DESK: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture
def scene(page: Page, site: LiveSite, tenant_id: int) -> Scene:
    """A keeper is signed in; one lot is past its day, one is near it, tea runs low; two of the tea are picked."""
    scene = make_scene(tenant_id)
    scene.order([("TEA-1", 2)], [("TEA-1", 3)])
    scene.pick_all(scene.release(1))
    with tenant(tenant_id):
        save_safety(rows=[SafetyInput(scene.warehouse, scene.tea, 60, 90)], actor_id=None)
        digests.write_digest(digests.local_now())
    sign_in(page, site, tenant_id, Role.WAREHOUSE)
    return scene


def test_from_a_warning_to_the_ledger(page: Page, site: LiveSite, scene: Scene) -> None:
    page.goto(f"{site.url}/stock/warnings/")
    tabs = page.locator("#warning-tabs")
    expect(tabs.get_by_role("link", name="过期 1")).to_be_visible()  # the counts come after the page
    expect(page.get_by_role("row", name="M-OLD")).to_be_visible()
    look(page, "warnings")
    page.set_viewport_size(DESK)
    tabs.get_by_role("link", name="低于安全库存").click()
    expect(page.get_by_role("row", name="红茶")).to_contain_text("15")
    look(page, "warnings-low")
    page.set_viewport_size(DESK)
    page.goto(f"{site.url}/stock/digests/")
    look(page, "digests")
    page.set_viewport_size(DESK)
    page.locator("tbody a").first.click()
    expect(page.get_by_text("M-OLD")).to_be_visible()
    look(page, "digest")


def test_a_number_opens_what_it_is_made_of(page: Page, site: LiveSite, scene: Scene) -> None:
    page.goto(f"{site.url}/stock/{scene.tea}/")
    page.locator(".cf-eq").get_by_role("link", name="50").click()
    expect(page.get_by_text("和流水对上，差 0")).to_be_visible()
    expect(page.locator(".led tbody tr")).to_have_count(2)
    look(page, "sku-ledger")
    page.set_viewport_size(DESK)
    page.get_by_label("事情").select_option(label="拣货")
    expect(page.locator(".led tbody tr")).to_have_count(1)
    page.goto(f"{site.url}/stock/{scene.tea}/")
    page.locator(".cf-eq").get_by_role("link", name="3").click()
    expect(page.get_by_role("cell", name="包裹 P")).to_be_visible()
    look(page, "taken")
    page.set_viewport_size(DESK)
    page.goto(f"{site.url}/stock/balances/")
    look(page, "balances")
    page.set_viewport_size(DESK)
    page.get_by_label("状态").select_option(label="过期")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("row", name="M-OLD")).to_be_visible()
