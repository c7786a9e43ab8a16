"""The catalogue in a real Chromium: a bundle by hand, a file with its difference, a picture."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core import jobs
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import CatalogueImport, Sku
from inventory.queries.catalogue import find_bundles
from tests.browser.floor import look, sign_in
from tests.live import LiveSite
from tests.warehouse.scene import Scene, make_scene

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(page: Page, site: LiveSite, tenant_id: int) -> Scene:
    scene = make_scene(tenant_id)
    sign_in(page, site, tenant_id, Role.OPERATOR)
    return scene


def test_a_bundle_is_made_and_found(page: Page, site: LiveSite, scene: Scene) -> None:
    page.goto(f"{site.url}/skus/")
    look(page, "skus")
    page.get_by_role("link", name="组合装").click()
    page.get_by_role("link", name="建组合装").click()
    page.get_by_label("组合编码").fill("SET-1")
    page.get_by_label("名称").fill("早餐礼盒")
    page.locator("[name=part-0-sku]").fill("MILK-800")
    page.locator("[name=part-0-quantity]").fill("2")
    page.locator("[name=part-1-sku]").fill("TEA-1")
    page.locator("[name=part-1-quantity]").fill("1")
    look(page, "bundle")
    page.get_by_role("button", name="存", exact=True).click()
    expect(page.get_by_role("row", name="SET-1")).to_contain_text("MILK-800 × 2")
    look(page, "bundles")
    with tenant(scene.tenant_id):
        assert find_bundles(["SET-1"])["SET-1"].units == 3


def test_a_file_shows_its_difference_first(page: Page, site: LiveSite, scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "goods.csv"
    file.write_text(
        "商家编码,名称,重量(g),备注\nMILK-800,新奶粉,,x\nNEW-1,新茶,200,\nTEA-1,,很重,\n", encoding="utf-8"
    )
    page.goto(f"{site.url}/skus/import/")
    look(page, "catalogue-imports")
    page.get_by_label("文件", exact=True).set_input_files(file)
    page.get_by_role("button", name="传上去看差异").click()
    expect(page.get_by_text("不是整数。")).to_be_visible()
    expect(page.get_by_role("row", name="MILK-800")).to_contain_text("新奶粉")
    look(page, "catalogue-difference")
    with tenant(scene.tenant_id):
        assert not Sku.objects.filter(code="NEW-1").exists()
    page.get_by_role("button", name="导入这 2 行").click()
    expect(page.get_by_text("开始导入。可以离开本页。")).to_be_visible()
    with tenant(scene.tenant_id):
        job_id = CatalogueImport.objects.get().job_id
    assert job_id is not None
    jobs.run(scene.tenant_id, job_id)
    page.reload()
    expect(page.get_by_text("导入了").first).to_be_attached()
    with tenant(scene.tenant_id):
        assert Sku.objects.filter(code="NEW-1", name="新茶").exists()


def test_a_picture_is_seen_where_the_goods_are(
    page: Page, site: LiveSite, scene: Scene, tmp_path: Path
) -> None:
    picture = tmp_path / "tea.png"
    Image.new("RGB", (400, 300), "green").save(picture)
    page.goto(f"{site.url}/skus/{scene.tea}/edit/")
    page.locator("#picture").set_input_files(picture)
    page.get_by_role("button", name="加这张图").click()
    shown = page.get_by_role("img", name="红茶")
    expect(shown).to_be_visible()
    assert shown.evaluate("img => img.decode().then(() => img.naturalWidth)") == 160
    look(page, "sku-edit")
    page.goto(f"{site.url}/skus/")
    expect(page.locator(".thumb")).to_have_count(1)
    page.get_by_role("link", name="TEA-1").click()
    expect(page.locator(".thumb--head")).to_be_visible()
