"""Hold, assign and note by keys alone; narrowing; rules tried before they are kept; and that all of it fits and reads well."""

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from orders.models import AuditRule, Order, OrderStatus
from orders.services.gift_rules import GiftRuleInput, save_gift_rules
from orders.services.rules import AuditRuleInput, FacilityPlanInput, save_audit_rules, save_facility_plans
from tests import builders
from tests.browser.floor import broken_rules
from tests.browser.test_base import SIZES, is_wider_than_the_screen, set_theme
from tests.browser.test_orders import enter, press, take
from tests.builders import incoming
from tests.live import LiveSite
from tests.orders.views.scene import FILTER, KETTLE, Desk, make_desk
from warehouse.services.carriers import CarrierInput, PriceInput, save_carriers

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def test_hold_assign_and_note_by_keys_alone(page: Page, site: LiveSite, desk: Desk) -> None:
    orders = desk.take(*(incoming((KETTLE, 1), number=f"T-{n}") for n in range(4)))
    enter(page, site, desk)
    page.goto(f"{site.url}/orders/?queue=waiting")
    press(page, "x", "j", "x")
    expect(page.locator(".bulk")).to_contain_text("选了 2 单")
    press(page, "h")
    dialog = page.locator("#mark-hold")
    expect(dialog).to_contain_text("挂起 2 单")
    page.keyboard.type("等客服回话", delay=80)
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("挂起了 2 单")
    expect(dialog).to_be_hidden()
    expect(page.locator("#list tbody tr")).to_have_count(2)
    expect(page.locator(".bulk")).to_be_hidden()
    assert [desk.status(order) for order in orders[:2]] == [OrderStatus.STOPPED] * 2

    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", level=2).first).to_have_text("T-2")
    press(page, "a")
    page.locator("#mark-assignee").select_option(label="我")
    page.locator("#mark-assign [data-yes]").click()
    expect(page.locator("#toasts")).to_contain_text("分出去了 1 单")
    expect(page.locator("#list tbody tr").first).to_contain_text("王芳")
    expect(panel).to_contain_text("王芳分给")
    press(page, "n")
    page.locator("#mark-text").fill("周五前发")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("记在了 1 单上")
    expect(page.locator("#list tbody tr").first).to_contain_text("周五前发")
    with tenant(desk.tenant_id):
        assert Order.objects.filter(note="周五前发", assignee_id__isnull=False).count() == 1

    page.goto(f"{site.url}/orders/?queue=HELD")
    expect(page.locator("#panel")).to_contain_text("挂起了：等客服回话")
    press(page, "r")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(panel.get_by_role("heading", level=2).first).to_have_text("T-1")
    press(page, "h")
    expect(dialog).to_contain_text("挂起")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    press(page, "?")
    expect(page.locator("#keys-help")).to_contain_text("挂起")
    expect(page.locator("#keys-help")).to_contain_text("分给")


def test_a_reason_of_spaces_is_no_reason(page: Page, site: LiveSite, desk: Desk) -> None:
    take(desk, 1)
    enter(page, site, desk)
    expect(page.locator("#panel")).to_contain_text("挂起")
    press(page, "h")
    page.locator("#mark-reason").fill("   ")
    page.locator("#mark-hold [data-yes]").click()
    expect(page.locator("#mark-reason:invalid")).to_be_visible()
    page.locator("#mark-reason").fill("等回话")
    page.keyboard.press("Enter")
    expect(page.locator("#mark-hold")).to_be_hidden()
    expect(page.locator("#panel")).to_contain_text("挂起了：等回话")


def test_the_list_is_narrowed_and_widened_again(page: Page, site: LiveSite, desk: Desk) -> None:
    take(desk, 3)
    enter(page, site, desk)
    page.locator("#who").select_option("me")
    expect(page.locator("#list")).to_contain_text("这几个条件下没有单")
    page.get_by_role("link", name="去掉 分给我的").click()
    expect(page.locator("#list tbody tr")).to_have_count(3)
    with page.expect_download() as got:
        page.get_by_role("button", name="更多", exact=True).click()
        page.get_by_role("link", name="导出这一队 CSV").click()
    assert got.value.suggested_filename.startswith("orders-stopped-")


def test_a_rule_is_tried_before_it_is_kept(page: Page, site: LiveSite, desk: Desk) -> None:
    take(desk, 3)
    enter(page, site, desk)
    page.goto(f"{site.url}/orders/rules/")
    page.get_by_role("link", name="加规则").click()
    page.get_by_label("规则叫什么").fill("多件")
    page.get_by_label("总件数超过").fill("1")
    page.get_by_role("button", name="试一试").click()
    tried = page.locator("#try")
    expect(tried).to_contain_text("2 单会停下")
    expect(tried).to_contain_text("看了 3 单，占 66.6%")
    with tenant(desk.tenant_id):
        assert not AuditRule.objects.exists()
    page.get_by_role("button", name="存", exact=True).click()
    expect(page.locator("main")).to_contain_text("超过 1 件")


def is_covered(page: Page) -> list[str]:
    """First rows that lie under the head of their table, and choices whose words stand upright for want of room."""
    found: list[str] = page.evaluate(
        """() => [
            ...[...document.querySelectorAll("main table")].filter(table => {
                const head = table.tHead?.rows[0]?.getBoundingClientRect(), row = table.tBodies[0]?.rows[0]?.getBoundingClientRect();
                return head?.height && row?.height && row.top < head.bottom - 1;
            }).map(table => table.className),
            ...[...document.querySelectorAll("main fieldset label")].filter(label => label.offsetHeight > 48).map(label => label.innerText),
        ]"""
    )
    return found


@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_and_readers_get_through(
    page: Page, site: LiveSite, desk: Desk, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    (order,) = take(desk, 1)
    with tenant(desk.tenant_id):
        builders.make_facility(name="广州仓")
        rule = AuditRuleInput("西藏的货到付款", {"regions": ["54", "65"], "is_cod": True})
        (rule_id,) = save_audit_rules(rules=[rule], actor_id=None)
        prices = [PriceInput("", first_minor=1_200), PriceInput("54", is_served=False)]
        (carrier,) = save_carriers(carriers=[CarrierInput("SF", "顺丰", prices=prices)], actor_id=None)
        gift = GiftRuleInput(
            "满额送滤网", desk.skus[FILTER], conditions={"from_minor": 30_000, "currency": "CNY"}
        )
        (gift_id,) = save_gift_rules(rules=[gift], actor_id=None)
        save_facility_plans(plans=[FacilityPlanInput(desk.facility_id, 5, ("33",))], actor_id=None)
    enter(page, site, desk, Role.OPERATOR)
    for path in (
        "/orders/",
        f"/orders/{order}/",
        f"/orders/{order}/refund/",
        f"/orders/{order}/follow/",
        "/after-sales/",
        "/after-sales/?queue=returns",
        "/orders/rules/",
        "/orders/rules/new/",
        f"/orders/rules/{rule_id}/",
        "/orders/gifts/",
        "/orders/gifts/new/",
        f"/orders/gifts/{gift_id}/",
        "/orders/plans/",
        f"/orders/plans/{desk.facility_id}/",
        "/orders/carriers/",
        f"/orders/carriers/{carrier}/",
        "/orders/blocked/",
    ):
        page.goto(f"{site.url}{path}")
        page.wait_for_load_state("load")
        for theme in ("light", "dark"):
            set_theme(page, theme)
            assert not is_wider_than_the_screen(page), (path, theme)
            assert not is_covered(page), (path, theme)
            assert broken_rules(page) == [], (path, theme)
