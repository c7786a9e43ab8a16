"""The workbench in a real Chromium: keys, choice, release, live changes, and that it fits and reads well."""

import pytest
from playwright.sync_api import Page, expect

from core import live
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.models import OrderStatus
from tests.browser.floor import broken_rules
from tests.browser.test_base import SIZES, is_wider_than_the_screen, set_theme
from tests.builders import PASSWORD, incoming, make_finding, make_member
from tests.live import LiveSite, pass_a_moment
from tests.orders.views.scene import FILTER, KETTLE, VACUUM, Desk, make_desk

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def enter(page: Page, site: LiveSite, desk: Desk, role: Role = Role.OPERATOR) -> None:
    with tenant(desk.tenant_id):
        name = User.objects.get(id=make_member(role)).username
    page.goto(f"{site.url}/signin/?next=/orders/")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#queues")).to_contain_text("全部停下的")


def press(page: Page, *keys: str) -> None:
    page.wait_for_load_state()  # a key pressed while the next page's scripts are on their way is nobody's
    for key in keys:
        page.keyboard.press(key)
        pass_a_moment(page)


def take(desk: Desk, count: int) -> list[int]:
    return desk.take(*(incoming((KETTLE, n % 3 + 1), number=f"T-{n}", remark="慢点") for n in range(count)))


@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_and_readers_get_through(
    page: Page, site: LiveSite, desk: Desk, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    stopped, passed = desk.take(
        incoming((VACUUM, 3), (FILTER, 7), ("QY-NEW", 1), number="T-BIG", remark="周三以后送，工作日没人"),
        incoming((VACUUM, 3), (KETTLE, 1), number="T-GONE"),
    )
    enter(page, site, desk)
    paths = [
        "/orders/",
        "/orders/?queue=waiting",
        "/orders/?queue=STOCK_SHORT",
        f"/orders/{stopped}/",
        f"/orders/{passed}/",
        "/channels/",
        "/channels/new/",
        "/fulfil/",
        f"/orders/codes/?code=QY-NEW&order={stopped}",
    ]
    for path in paths:
        page.goto(f"{site.url}{path}")
        page.wait_for_load_state("networkidle" if "queue" not in path else "load")
        for theme in ("light", "dark"):
            set_theme(page, theme)
            assert not is_wider_than_the_screen(page), (path, theme)
            assert broken_rules(page) == [], (path, theme)


def test_the_hand_never_leaves_the_keys(page: Page, site: LiveSite, desk: Desk) -> None:
    orders = take(desk, 4)
    enter(page, site, desk)
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", level=2).first).to_have_text("T-0")
    press(page, "j", "x", "j", "x")
    expect(panel.get_by_role("heading", level=2).first).to_have_text("T-2")
    expect(page.locator(".bulk")).to_contain_text("选了 2 单 · ¥50.00")
    press(page, "r")
    ask = page.get_by_role("alertdialog")
    expect(ask).to_contain_text("放行 2 单？其中 2 单有留言或备注，放行就是照办：“慢点”")
    ask.get_by_role("button", name="留着").click()
    expect(page.locator("#list tbody tr")).to_have_count(4)
    press(page, "r")
    ask.get_by_role("button", name="照办，放行 2 单").click()
    expect(page.locator("#toasts")).to_contain_text("放行了 2 单")
    expect(page.locator("#list tbody tr")).to_have_count(2)
    expect(page.locator(".bulk")).to_be_hidden()
    expect(panel.get_by_role("heading", level=2).first).to_have_text("T-3")
    press(page, "r")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.locator("#q-stopped b")).to_have_text("1")
    assert [desk.status(order) for order in orders] == [OrderStatus.STOPPED, *[OrderStatus.FULFILLING] * 3]
    press(page, "]")
    expect(page).to_have_url(f"{site.url}/orders/?queue=SKU_UNMAPPED")
    press(page, "[")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    press(page, "Enter")
    expect(page).to_have_url(f"{site.url}/orders/{orders[0]}/")
    press(page, "Escape")
    expect(page).to_have_url(f"{site.url}/orders/")
    press(page, "Enter")
    expect(page).to_have_url(f"{site.url}/orders/{orders[0]}/")
    press(page, "r")
    expect(page).to_have_url(f"{site.url}/orders/")
    expect(page.locator("#list")).to_contain_text("没有要您看的单")


def test_all_of_a_queue_that_is_longer_than_a_page(page: Page, site: LiveSite, desk: Desk) -> None:
    take(desk, 60)
    enter(page, site, desk)
    page.locator("[data-all]").check()
    expect(page.locator(".bulk")).to_contain_text("选了 50 单")
    page.get_by_role("button", name="选全部 60 单").click()
    expect(page.locator(".bulk")).to_contain_text("选了 60 单 · ¥1,200.00")
    expect(page.get_by_role("button", name="选全部 60 单")).to_be_hidden()
    page.locator(".bulk").get_by_role("button", name="放行").click()
    page.get_by_role("button", name="照办，放行 60 单").click()
    expect(page.locator("#toasts")).to_contain_text("放行了 60 单")
    expect(page.locator("#list")).to_contain_text("没有要您看的单")


def test_what_changes_elsewhere_waits_for_the_hand(page: Page, site: LiveSite, desk: Desk) -> None:
    first, second, *_rest = take(desk, 3)
    enter(page, site, desk)
    expect(page.locator("#live")).to_have_text("实时")
    page.locator("tbody .cf-ck").nth(1).check()
    with tenant(desk.tenant_id):
        make_finding(second, code="CHANNEL_CHANGED", stops=False)
    bar = page.locator("[data-changes]")
    for _try in range(100):  # until the channel is subscribed
        live.push(desk.tenant_id, "order", [second])
        if bar.is_visible():
            break
        page.wait_for_timeout(200)
    expect(bar).to_have_text("有 1 单变化，点这里刷新")
    expect(page.locator("#list tbody tr")).to_have_count(3)
    page.locator(".bulk").get_by_role("button", name="放行").click()
    expect(page.locator("#toasts")).to_contain_text("1 单刚变了，没放行")
    assert desk.status(second) == OrderStatus.STOPPED
    assert desk.status(first) == OrderStatus.STOPPED


def test_the_bar_refreshes_and_keeps_the_choice(page: Page, site: LiveSite, desk: Desk) -> None:
    take(desk, 2)
    enter(page, site, desk)
    expect(page.locator("#live")).to_have_text("实时")
    page.locator("tbody .cf-ck").first.check()
    desk.take(incoming((KETTLE, 1), number="T-NEW", remark="刚来"))
    bar = page.locator("[data-changes]")
    for _try in range(100):  # until the channel is subscribed
        live.push(desk.tenant_id, "order", [])
        if bar.is_visible():
            break
        page.wait_for_timeout(300)
    expect(page.locator("#list")).not_to_contain_text("T-NEW")
    bar.click()
    expect(page.locator("#list")).to_contain_text("T-NEW")
    expect(page.locator(".bulk")).to_contain_text("选了 1 单")
    expect(bar).to_be_hidden()


def test_who_only_looks_has_no_boxes(page: Page, site: LiveSite, desk: Desk) -> None:
    take(desk, 2)
    enter(page, site, desk, Role.READONLY)
    expect(page.locator("#panel")).to_contain_text("买家留言")
    press(page, "j", "x")
    assert page.locator("tr[aria-selected=true]").count() == 0
    assert page.get_by_role("button", name="放行").count() == 0


def test_on_a_phone_a_row_opens_its_page(page: Page, site: LiveSite, desk: Desk) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    (order,) = take(desk, 1)
    enter(page, site, desk)
    page.locator("#list tbody tr .goods").click()
    expect(page).to_have_url(f"{site.url}/orders/{order}/")


def test_english_is_complete(page: Page, site: LiveSite, desk: Desk) -> None:
    take(desk, 2)
    enter(page, site, desk)
    page.get_by_role("button", name="Switch to English").click()
    expect(page.locator("#queues")).to_contain_text("All stopped")
    expect(page.locator("#panel")).to_contain_text("Why it stopped")
    assert not is_wider_than_the_screen(page)


def test_a_code_is_said_once_and_all_who_waited_go(page: Page, site: LiveSite, desk: Desk) -> None:
    orders = desk.take(*(incoming(("KETTLE-WHITE", n + 1), number=f"T-{n}") for n in range(3)))
    enter(page, site, desk)
    page.locator("#panel").get_by_role("link", name="去处理").click()
    expect(page.get_by_role("heading", name="KETTLE-WHITE", level=1)).to_be_visible()
    expect(page.get_by_text("3 张单停在这个编码上")).to_be_visible()
    page.get_by_label("找商品").fill("电水壶")
    page.get_by_label("找商品").press("Enter")
    page.get_by_role("button", name="就是 电水壶 D3 白").click()
    expect(page.locator("#toasts")).to_contain_text("记住了，以后自动配")
    page.get_by_role("button", name="放行这 3 张单").click()
    expect(page.locator("#toasts")).to_contain_text("放行了 3 单")
    assert {desk.status(order) for order in orders} == {OrderStatus.FULFILLING}
    (later,) = desk.take(incoming(("KETTLE-WHITE", 1)))
    assert desk.status(later) == OrderStatus.FULFILLING
