"""The returns desk in a real Chromium: from the scan of a parcel to its goods in stock again."""

import pytest
from playwright.sync_api import Page, expect

from core import db
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import BinKind
from orders.models import Return, ReturnState
from orders.services import refunds
from orders.services.refunds import RefundInput
from tests import builders, laws
from tests.browser.floor import look, scan, sign_in
from tests.builders import incoming
from tests.live import LiveSite, scripts_ready
from tests.orders.views.scene import FILTER, Desk, make_desk
from tests.orders.views.test_returns import ship

pytestmark = pytest.mark.browser
NUMBER = "T-20261122"


@pytest.fixture
def desk(page: Page, site: LiveSite, tenant_id: int) -> Desk:
    """An order of two filters has left and its buyer wants all his money back.  A keeper is signed in."""
    desk = make_desk(tenant_id)
    with tenant(tenant_id):
        builders.make_bins(desk.facility_id, 2, BinKind.TOTE)
        builders.make_bin(desk.facility_id, BinKind.QUARANTINE)
        builders.make_bin(desk.facility_id, BinKind.DAMAGED)
    (order_id,) = desk.take(incoming((FILTER, 2), number=NUMBER))
    ship(desk)
    with tenant(tenant_id):
        refunds.ask(refunds=[RefundInput(order_id, "RF1", 1_000, is_whole=True)])
    sign_in(page, site, tenant_id, Role.WAREHOUSE)
    return desk


def scan_at(page: Page, text: str) -> None:
    scripts_ready(page)
    scan(page, text)


def on_hand(desk: Desk) -> int:
    with tenant(desk.tenant_id):
        found = db.rows(
            "SELECT sum(on_hand)::int FROM inventory_balance WHERE bin_id = %s AND sku_id = %s",
            desk.bin_id,
            desk.skus[FILTER],
        )
    return int(found[0][0])


def test_a_parcel_goes_from_the_scan_to_stock(
    page: Page, site: LiveSite, desk: Desk, page_errors: list[str]
) -> None:
    before = on_hand(desk)
    page.goto(f"{site.url}/after-sales/desk/")
    look(page, "returns-desk")
    scan_at(page, NUMBER)
    expect(page.get_by_text("收下了，扫里面的商品。")).to_be_visible()
    expect(page.get_by_role("region", name="数量")).to_contain_text("2该回来")
    page.locator("[name=units]").focus()  # what is scanned goes to its field, wherever the cursor is
    scan_at(page, FILTER)
    expect(page.get_by_text("收进 1。")).to_be_visible()
    scan_at(page, FILTER)
    row = page.locator(".rd-items tbody tr")
    expect(row).to_contain_text("2 件好的")
    look(page, "return")
    page.set_viewport_size({"width": 1440, "height": 900})
    row.get_by_label("放回货位").first.fill("NOWHERE")
    row.get_by_role("button", name="2 件好的").click()
    expect(row.get_by_role("alert")).to_have_text("这个仓库里没有货位 NOWHERE。")
    page_errors.clear()  # the refusal is a 422
    row.get_by_role("button", name="2 件好的").click()
    expect(row).to_contain_text("检完了")
    page.get_by_role("button", name="处理完了").click()
    expect(page.get_by_role("heading", name="退货台", level=1)).to_be_visible()
    with tenant(desk.tenant_id):
        assert Return.objects.get().state == ReturnState.CLOSED
    assert on_hand(desk) == before + 2
    assert laws.broken(desk.tenant_id) == []


def test_a_parcel_that_nobody_knows_finds_its_order_by_its_goods(
    page: Page, site: LiveSite, desk: Desk
) -> None:
    page.goto(f"{site.url}/after-sales/desk/")
    scan_at(page, "YT-0000001")
    expect(page.get_by_text("不知道是谁的，先记成无主件。")).to_be_visible()
    scan_at(page, FILTER)
    expect(page.get_by_role("region", name="认主")).to_contain_text(NUMBER)
    look(page, "return-unknown")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name=f"认到 {NUMBER} 名下").click()
    expect(page.locator(".cf-head")).to_contain_text(NUMBER)
    with tenant(desk.tenant_id):
        states = sorted(Return.objects.values_list("state", flat=True))
    assert states == [ReturnState.RECEIVED, ReturnState.CANCELLED]
    assert laws.broken(desk.tenant_id) == []
