"""A shop is connected, pulled and told, in a real Chromium; its secrets do not come back."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from orders.models import Channel, Connection, ShipBack, ShipBackState
from orders.services import pulling, ship_back
from tests import builders as make
from tests.browser.floor import look, sign_in
from tests.live import LiveSite
from tests.orders.connectors import dialects
from tests.orders.connectors.platform_server import SECRET, SESSION, Shop
from tests.orders.connectors.scene import Scene
from tests.orders.connectors.test_ship_back import leave, take

pytestmark = pytest.mark.browser


def test_a_shop_is_connected_pulled_and_told(
    page: Page, site: LiveSite, tenant_id: int, settings: object
) -> None:
    settings.ERP_CONNECTOR_LOOPBACK = True  # type: ignore[attr-defined]
    with tenant(tenant_id):
        facility_id = make.make_facility()
        bin_id = make.make_bin(facility_id)
        make.make_stock(bin_id, make.make_sku(code="S"), 100)
        channel_id = make.make_channel(facility_id, code="tmall-1", name="天猫旗舰店")
        Channel.objects.filter(id=channel_id).update(platform="tmall")
    sign_in(page, site, tenant_id, Role.OPERATOR)
    page.goto(f"{site.url}/channels/")
    page.get_by_role("link", name="平台连接").click()
    expect(page.get_by_role("row", name="天猫旗舰店")).to_contain_text("没连")
    look(page, "connections-none")
    page.get_by_role("link", name="天猫旗舰店").click()
    page.get_by_label("App Key").fill("12345678")
    page.get_by_label("App Secret").fill(SECRET)
    page.get_by_label("店铺授权").fill(SESSION)
    page.get_by_label("快递在平台的代号").fill("505")
    look(page, "connection-new")
    page.get_by_role("button", name="存", exact=True).click()
    expect(page.get_by_text("存好了，马上拉一次。结果显示在这里。")).to_be_visible()
    assert SECRET not in page.content()
    expect(page.get_by_text(f"现在的以 {SECRET[-4:]} 结尾。不改就空着。")).to_be_visible()

    shop = Shop()
    with dialects.platform(shop, "tmall") as url:
        with tenant(tenant_id):
            Connection.objects.update(address=url, pull_from=datetime.now(UTC) - timedelta(hours=3))
            connection_id = Connection.objects.get().id
        scene = Scene(tenant_id, facility_id, bin_id, channel_id, connection_id, url)
        shop.faults = ["busy"]
        scene.pull()
        page.reload()
        expect(page.get_by_text("平台的服务器出了故障。")).to_be_visible()
        look(page, "connection-sick")
        shop.add("7002", broken=True, modified=datetime.now(UTC) - timedelta(minutes=40))
        order_id = take(scene, shop, ("S", 3, 1_000))
        page.reload()
        expect(page.get_by_text("没看懂的单")).to_be_visible()
        look(page, "connection-well")
        leave(scene, order_id, "SF1", {1: 2})
        leave(scene, order_id, "SF2", {1: 1})
        ship_back.run(tenant_id, connection_id)
        page.goto(f"{site.url}/ship-backs/")
        expect(page.get_by_role("row", name="SF1")).to_contain_text("已回传")
        told = page.get_by_role("row", name="SF2")
        expect(told).to_contain_text("平台一行只收一个")
        look(page, "ship-backs")
        told.get_by_role("button").click()
        expect(page.get_by_text("再说一次：1 条。")).to_be_visible()
    with tenant(tenant_id):
        assert ShipBack.objects.filter(state=ShipBackState.WAITING).count() == 1
    assert not pulling.run(tenant_id, connection_id)
