"""Kits in a real Chromium: assembled of what is there, and taken apart again."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from inventory.models import Sku
from inventory.services.recipes import RecipeInput, save_recipes
from tests import builders as make
from tests import laws
from tests.browser.floor import look, sign_in
from tests.live import LiveSite

pytestmark = pytest.mark.browser


@pytest.fixture
def bench(page: Page, site: LiveSite, tenant_id: int) -> int:
    """Three cups of C1 and three of C2, three lids: enough for three sets.  A keeper is signed in."""
    with tenant(tenant_id):
        facility = make.make_facility(code="WH", name="上海仓")
        _kit, cup, lid = (make.make_sku(code=code, name=f"名{code}") for code in ("SET", "CUP", "LID"))
        bin_id = make.make_bin(facility, code="A-1")
        make.make_stock(bin_id, cup, 3, lot="C1")
        make.make_stock(bin_id, cup, 3, lot="C2")
        make.make_stock(bin_id, lid, 3, lot="L1")
        Sku.objects.filter(id=cup).update(cost_minor=150)
    with tenant(tenant_id):
        save_recipes(recipes=[RecipeInput("SET", [("CUP", 2), ("LID", 1)])], actor_id=None)
    sign_in(page, site, tenant_id, Role.WAREHOUSE)
    return tenant_id


def test_sets_are_assembled_and_taken_apart(
    page: Page, site: LiveSite, bench: int, page_errors: list[str]
) -> None:
    page.goto(f"{site.url}/stock/assemblies/new/")
    page.locator("input[name=goods]").first.fill("SET")
    page.get_by_role("button", name="看够组装几套").click()
    expect(page.get_by_text("现在够组装 3 套")).to_be_visible()
    look(page, "kits-assemble")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("input[name=quantity]").fill("4")
    page.locator("input[name=bin]").fill("A-1")
    page.get_by_role("button", name="组装", exact=True).click()
    expect(page.get_by_text("现有零件够组装 3 套")).to_be_visible()
    page_errors.clear()  # the refusal is a 422
    page.locator("input[name=quantity]").fill("2")
    page.locator("input[name=lot]").first.fill("S1")
    page.get_by_role("button", name="组装", exact=True).click()
    expect(page.get_by_text("用掉的零件")).to_be_visible()
    expect(page.get_by_role("cell", name="C1").first).to_be_visible()
    look(page, "kits-paper")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{site.url}/stock/assemblies/apart/")
    page.locator("[name=goods]").fill("SET")
    page.locator("[name=quantity]").fill("2")
    page.locator("[name=bin]").fill("A-1")
    page.locator("[name=to_bin]").fill("A-1")
    look(page, "kits-apart")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="拆开", exact=True).click()
    expect(page.get_by_text("拆出来的零件")).to_be_visible()
    page.goto(f"{site.url}/stock/assemblies/new/?goods=SET")
    expect(page.get_by_text("现在够组装 3 套")).to_be_visible()
    assert laws.broken(bench, "inventory.") == []
