"""The receiver in clear on the order's page, by mouse and by keys, at a desk and on a phone; it closes and leaves nothing behind."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import options
from core.accounts import Role
from core.tenancy import tenant
from orders import options as settings
from orders.models import Unmasking
from orders.rules.incoming import Receiver
from tests.browser.floor import broken_rules
from tests.browser.test_base import is_wider_than_the_screen, set_theme
from tests.browser.test_orders import enter
from tests.builders import incoming
from tests.live import LiveSite
from tests.orders.views.scene import KETTLE, Desk, make_desk

pytestmark = pytest.mark.browser

TO = Receiver(
    "王敏", "13800001111", "浙江省", "杭州市", "西湖区", "文三路 90 号 东部软件园 3 号楼 1207 室前台代收"
)
SIZES = {"desktop": (1440, 900), "phone": (360, 740)}


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def fits(page: Page, name: str) -> None:
    """In both themes; with ERP_SHOTS its pictures are kept there."""
    folder = os.environ.get("ERP_SHOTS", "")
    for theme in ("light", "dark"):
        set_theme(page, theme)
        if folder:
            page.screenshot(path=Path(folder, f"{name}-{theme}.png"), full_page=True)
        assert not is_wider_than_the_screen(page), (name, theme)
        assert broken_rules(page) == [], (name, theme)


@pytest.mark.parametrize("size", SIZES)
def test_one_button_a_reason_and_it_stands_there(page: Page, site: LiveSite, desk: Desk, size: str) -> None:
    page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))  # type: ignore[arg-type]
    (order,) = desk.take(incoming((KETTLE, 1), number="U-1", to=TO, remark="周末送"))
    enter(page, site, desk)
    page.goto(f"{site.url}/orders/{order}/")
    main = page.locator("main")
    expect(main).not_to_contain_text("文三路")
    box = page.locator("#unmask")
    box.get_by_role("button", name="查看完整信息").click()
    expect(box.get_by_label("为什么要看")).to_be_focused()
    expect(box).to_contain_text("今天还能看 50 单，共 50 单")
    fits(page, f"unmask-asks-{size}")
    box.get_by_role("button", name="看", exact=True).click()
    expect(page.locator("#um-reason:invalid")).to_be_visible()
    box.get_by_label("为什么要看").select_option(label="派送要联系买家")
    box.get_by_label("补充一句").fill("快递说找不到门")
    page.keyboard.press("Enter")
    expect(box).to_contain_text("13800001111")
    expect(box).to_contain_text(TO.street)
    expect(box).to_contain_text("今天还能看 49 单")
    fits(page, f"unmask-shown-{size}")
    assert "13800001111" not in page.url
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "13800001111" not in stored
    log = site.log.read_text(errors="replace")
    assert f"/orders/{order}/unmask/" in log
    assert not [word for word in (TO.name, TO.phone, TO.street, "快递说找不到门") if word in log]
    box.get_by_role("button", name="收起").click()
    expect(main).not_to_contain_text("文三路")
    page.goto(f"{site.url}/orders/")
    page.go_back()
    expect(page.locator("#unmask")).to_be_visible()
    expect(main).not_to_contain_text("13800001111")
    with tenant(desk.tenant_id):
        assert Unmasking.objects.count() == 1


def test_what_was_shown_is_gone_when_one_comes_back(page: Page, site: LiveSite, desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), number="U-1", to=TO))
    enter(page, site, desk)
    page.goto(f"{site.url}/orders/{order}/")
    page.locator("#unmask").get_by_role("button").click()
    page.get_by_label("为什么要看").select_option(value="RISK")
    page.get_by_role("button", name="看", exact=True).click()
    expect(page.locator("main")).to_contain_text("13800001111")
    page.evaluate(
        "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))"
    )  # as a browser that keeps pages does
    expect(page.locator("main")).not_to_contain_text("13800001111")
    page.goto(f"{site.url}/orders/")
    page.go_back()
    expect(page.get_by_role("button", name="查看完整信息")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("13800001111")


def test_it_closes_by_itself(page: Page, site: LiveSite, desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), number="U-1", to=TO))
    enter(page, site, desk)
    page.clock.install()
    page.goto(f"{site.url}/orders/{order}/")
    box = page.locator("#unmask")
    box.get_by_role("button", name="查看完整信息").click()
    box.get_by_label("为什么要看").select_option(value="RISK")
    box.get_by_role("button", name="看", exact=True).click()
    expect(box).to_contain_text("13800001111")
    page.clock.run_for(125_000)
    expect(box).not_to_contain_text("13800001111")
    expect(box.get_by_role("button", name="查看完整信息")).to_be_visible()


def test_a_refusal_is_told_and_the_page_stays(
    page: Page, site: LiveSite, desk: Desk, page_errors: list[str]
) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), number="U-1", to=TO))
    enter(page, site, desk)
    page.goto(f"{site.url}/orders/{order}/")
    page.locator("#unmask").get_by_role("button").click()
    page.get_by_label("为什么要看").select_option(value="OTHER")
    page.get_by_role("button", name="看", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("写明为什么要看")
    expect(page.get_by_label("为什么要看")).to_have_value("OTHER")
    with tenant(desk.tenant_id):
        options.put(settings.UNMASK_LIMIT, 0)
    page.get_by_label("补充一句").fill("买家来电")
    page.get_by_role("button", name="看", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("今天最多看 0 单")
    page_errors.clear()


def test_the_address_form_is_filled_on_demand(page: Page, site: LiveSite, desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), number="U-1", to=TO, remark="改门牌"))
    enter(page, site, desk)
    page.goto(f"{site.url}/orders/addresses/{order}/")
    street = page.get_by_label("街道门牌")
    expect(street).to_have_value("")
    page.get_by_role("button", name="填上现在的街道、姓名、电话").click()
    page.get_by_role("button", name="填上", exact=True).click()
    expect(street).to_have_value(TO.street)
    expect(page.get_by_label("电话")).to_have_value(TO.phone)
    expect(page.locator("#unmask")).to_contain_text("填上了，这一次记下了")
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        fits(page, f"unmask-edit-{name}")


def test_the_owner_sees_who_looked(page: Page, site: LiveSite, desk: Desk) -> None:
    orders = desk.take(*(incoming((KETTLE, 1), number=f"U-{n}", to=TO) for n in range(3)))
    looker = desk.client(Role.OPERATOR)
    enter(page, site, desk, Role.OWNER)
    page.goto(f"{site.url}/orders/unmaskings/")
    expect(page.locator("main")).to_contain_text("还没人看过")
    for order, form in zip(
        orders, ({"reason": "RISK"}, {"reason": "OTHER", "note": "买家来电核对地址"}), strict=False
    ):
        looker.post(f"/orders/{order}/unmask/", form)
    page.goto(f"{site.url}/orders/")
    page.get_by_role("button", name="更多", exact=True).click()
    page.get_by_role("link", name="谁看过收件信息").click()
    expect(page.locator("main")).to_contain_text("2 / 50")
    expect(page.locator("main")).to_contain_text("买家来电核对地址")
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        fits(page, f"unmaskings-{name}")
    page.get_by_label("一个人一天最多看多少单").fill("20")
    page.get_by_label("财务").check()
    page.get_by_role("button", name="存", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("存好了")
    expect(page.get_by_label("财务")).to_be_checked()
