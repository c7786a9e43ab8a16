"""Buying, receiving for an order and transfers in a real Chromium."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from inventory.models import BinKind, PurchaseOrder, Transfer
from inventory.models.documents import TransferStatus
from inventory.models.purchases import PurchaseStatus
from inventory.services import purchasing, suppliers, transfer_moves, transfers
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput
from inventory.services.suppliers import SupplierInput
from inventory.services.transfers import TransferInput, TransferLineInput
from tests import builders as make
from tests.browser.floor import look, scan, sign_in
from tests.live import LiveSite, scripts_ready
from tests.warehouse.scene import TEA_BARCODE, Scene, make_scene

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(page: Page, site: LiveSite, tenant_id: int) -> Scene:
    scene = make_scene(tenant_id)
    sign_in(page, site, tenant_id, Role.OWNER)
    return scene


def wide(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_scan_counts_up_what_is_expected(
    page: Page, site: LiveSite, scene: Scene, page_errors: list[str]
) -> None:
    with tenant(scene.tenant_id):
        supplier = suppliers.save_suppliers([SupplierInput("QX", "清溪")], actor_id=None)["QX"]
        line = PurchaseInput(supplier, scene.warehouse, (PurchaseLineInput(scene.tea, 2, 900),))
        (purchase,) = purchasing.create_purchases(purchases=[line], actor_id=None, is_open=True)
    page.goto(f"{site.url}/purchases/{purchase}/")
    look(page, "purchase")
    wide(page)
    page.get_by_role("link", name="对单收货").click()
    scripts_ready(page)
    for _unit in range(3):
        scan(page, f"]d201{TEA_BARCODE:0>14}10T-9")
    scan(page, "A-03-not-a-bin")
    expect(page.locator(".cf-toast")).to_contain_text("不认识")
    scan(page, "]C1B-01")
    row = page.locator('[data-expect="TEA-1"]')
    expect(row.locator("[data-expect-now]")).to_have_text("3")
    expect(row.locator("[data-expect-left]")).to_have_text("多 1")
    look(page, "purchase-receive")
    wide(page)
    expect(page.locator("[data-line]").get_by_label("货位")).to_have_value("B-01")
    page.get_by_role("button", name="收货入账").click()
    expect(page.get_by_text("TEA-1 多 1 件")).to_be_visible()
    assert all("409" in error or "422" in error for error in page_errors)
    page_errors.clear()
    page.get_by_role("button", name="数对了，多的也收").click()
    expect(page.locator(".cf-st").first).to_contain_text("已收齐")
    with tenant(scene.tenant_id):
        assert PurchaseOrder.objects.get(id=purchase).status == PurchaseStatus.CLOSED


def test_goods_come_off_the_road_by_scanning(page: Page, site: LiveSite, scene: Scene) -> None:
    with tenant(scene.tenant_id):
        store = make.make_store(code="S1")
        make.make_bin(store, BinKind.RECEIVING, code="RCV-01")
        lines = (TransferLineInput(scene.tea, 2),)
        paper = TransferInput(scene.warehouse, store, lines)
        (transfer,) = transfers.create_transfers(transfers=[paper], actor_id=None)
        transfer_moves.send_transfer(transfer_id=transfer, actor_id=None)
    page.goto(f"{site.url}/transfers/{transfer}/")
    look(page, "transfer")
    wide(page)
    page.get_by_role("link", name="到货", exact=True).click()
    scripts_ready(page)
    look(page, "transfer-arrive")
    for _unit in range(2):
        scan(page, f"]d201{TEA_BARCODE:0>14}10T-1")
    scan(page, "RCV-01")
    expect(page.get_by_label("到了")).to_have_value("2")
    expect(page.get_by_label("放进货位")).to_have_value("RCV-01")
    page.get_by_role("button", name="入账").click()
    expect(page.locator(".cf-st").first).to_contain_text("已到")
    with tenant(scene.tenant_id):
        assert Transfer.objects.get(id=transfer).status == TransferStatus.ARRIVED


def test_a_paper_is_written_by_scanning(page: Page, site: LiveSite, scene: Scene) -> None:
    with tenant(scene.tenant_id):
        make.make_store(code="S1")
    page.goto(f"{site.url}/transfers/new/")
    scripts_ready(page)
    look(page, "transfer-new")
    wide(page)
    for _unit in range(2):
        scan(page, TEA_BARCODE)
    line = page.locator("[data-line]")
    expect(line).to_have_count(1)
    expect(line.get_by_label("数量")).to_have_value("2")
    page.get_by_label("到哪里").select_option(index=1)
    page.get_by_role("button", name="存成草稿").click()
    expect(page.locator(".cf-st").first).to_contain_text("草稿")
