"""The board and two phones in a real Chromium: a tap wins, the other store learns at once, the goods
leave.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from core import crypto, db
from core.accounts import Role
from core.services.accounts import create_user, join
from core.services.tenants import create_tenant
from core.tenancy import tenant
from o2o.services import dispatches
from tests.browser.floor import broken_rules
from tests.live import PATIENCE_MS, LiveSite
from tests.o2o import scene

pytestmark = pytest.mark.browser

PASSWORD = "catfish-in-the-mud-7"
DOOR = "478 号 3 幢"
PHONE: ViewportSize = {"width": 360, "height": 640}


@dataclass
class Town:
    tenant_id: int
    city: scene.City
    dispatch_ids: list[int]
    people: dict[str, str]


@pytest.fixture
def town() -> Town:
    """Three stores, two orders offered to them, an operator and a clerk for each of the first two stores."""
    slug = f"o{uuid4().hex[:12]}"
    tenant_id = create_tenant(name="青砚家电", slug=slug)
    people = {name: f"{slug}-{name}" for name in ("operator", "first", "second")}
    users = {
        name: create_user(username=account, name="周敏", password=PASSWORD)
        for name, account in people.items()
    }
    with tenant(tenant_id):
        city = scene.make_city(3)
        join(user_id=users["operator"], role=Role.OPERATOR)
        join(user_id=users["first"], role=Role.STORE, facility_ids=[city.stores[0]])
        join(user_id=users["second"], role=Role.STORE, facility_ids=[city.stores[1]])
        scene.set_rounds(scene.round_of(3, 300), scene.round_of(3, 300))
        ids = scene.offer(city, 2, 2)
        receiver = {
            "name": "王小敏",
            "phone": "13800002046",
            "district": "西湖区",
            "street": f"文三路 {DOOR}",
        }
        label = crypto.seal(tenant_id, "receiver", json.dumps(receiver, ensure_ascii=False))
        db.execute("UPDATE warehouse_parcel SET label = %s WHERE handover = 0", label)
    return Town(tenant_id, city, ids, people)


@pytest.fixture
def phone(browser: Browser, page_errors: list[str]) -> Iterator[Callable[[], Page]]:
    """More pages with cookies of their own, as small as a phone."""
    opened = []

    def another() -> Page:
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", viewport=PHONE)
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        made = context.new_page()
        made.on("pageerror", lambda error: page_errors.append(f"script: {error}"))
        made.on("console", lambda line: page_errors.append(line.text) if line.type == "error" else None)
        return made

    yield another
    for context in opened:
        context.close()


def sign_in(page: Page, site: LiveSite, account: str, path: str, arrives: str = "") -> None:
    page.goto(f"{site.url}/signin/?next={path}")
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"**{arrives or path}")


def store_path(town: Town, index: int, dispatch: int | None = None) -> str:
    path = f"/o2o/store/{town.city.stores[index]}/"
    return path if dispatch is None else f"{path}{town.dispatch_ids[dispatch]}/"


def assert_sound(page: Page) -> None:
    """Fits its screen, and a screen reader gets through."""
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert broken_rules(page) == []


def test_a_tap_wins_and_the_others_learn_at_once(
    page: Page, site: LiveSite, town: Town, phone: Callable[[], Page]
) -> None:
    first, second = phone(), phone()
    sign_in(page, site, town.people["operator"], "/o2o/")
    sign_in(first, site, town.people["first"], store_path(town, 0))
    sign_in(second, site, town.people["second"], store_path(town, 1, 0))
    for each in (page, first, second):
        expect(each.get_by_text("实时")).to_be_visible()
        assert_sound(each)
    expect(page.get_by_text("2 单").first).to_be_visible()
    expect(second.get_by_text("抢到后看门牌")).to_be_visible()
    assert DOOR not in second.content()

    first.get_by_role("link", name="加湿器 M2").first.click()
    first.wait_for_url(f"**{store_path(town, 0, 0)}")
    first.get_by_role("button", name="抢单").click()
    expect(first.get_by_role("heading", name="抢到了")).to_be_visible()
    expect(first.get_by_text(DOOR)).to_be_visible()
    assert "王小敏" not in first.content()
    assert_sound(first)

    expect(second.get_by_role("heading", name="被1号店抢走了")).to_be_visible()
    assert_sound(second)
    expect(page.get_by_text("1号店抢到，第 1 轮")).to_be_visible()

    hand_over = first.get_by_role("button", name="交给骑手")
    expect(hand_over).to_be_disabled()
    expect(first.get_by_text("样没打勾")).to_be_visible()
    for tick in first.locator("[data-tick]").all():
        tick.click()
    hand_over.click()
    expect(first.get_by_role("heading", name="交出去了")).to_be_visible()
    assert_sound(first)
    with tenant(town.tenant_id):
        won = scene.dispatch(town.dispatch_ids[0])
        assert (won["status"], won["winner_id"]) == ("WON", town.city.stores[0])
        assert [row[1] for row in scene.parcels_of(won["order_ref"])] == [4]


def test_a_late_tap_is_told_without_blame(
    page: Page, site: LiveSite, town: Town, page_errors: list[str]
) -> None:
    page.set_viewport_size(PHONE)
    page.route("**/events/", lambda route: route.abort())  # this phone has not heard yet
    sign_in(page, site, town.people["second"], store_path(town, 1, 1))
    with tenant(town.tenant_id):
        dispatches.grab(dispatch_id=town.dispatch_ids[1], facility_id=town.city.stores[2], actor_id=None)
    page.get_by_role("button", name="抢单").click()
    expect(page.get_by_role("heading", name="被3号店抢走了")).to_be_visible()
    expect(page.get_by_text("库存没动，不用做什么。")).to_be_visible()
    page_errors.clear()


def test_declining_and_sending_to_the_warehouse(
    page: Page, site: LiveSite, town: Town, phone: Callable[[], Page]
) -> None:
    clerk = phone()
    sign_in(clerk, site, town.people["first"], store_path(town, 0, 0))
    clerk.get_by_role("button", name="不接").click()
    clerk.get_by_role("button", name="忙不过来").click()
    clerk.wait_for_url(f"**{store_path(town, 0)}")
    expect(clerk.get_by_role("heading", name="1 单在等您")).to_be_visible()

    sign_in(page, site, town.people["operator"], f"/o2o/dispatches/{town.dispatch_ids[0]}/")
    expect(page.get_by_text("忙不过来")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="现在就转仓").click()
    page.get_by_role("button", name="转仓", exact=True).click()
    expect(page.get_by_text("转中心仓发货。")).to_be_visible()
    with tenant(town.tenant_id):
        assert scene.dispatch(town.dispatch_ids[0])["status"] == "FALLBACK"


def test_a_clerk_has_only_his_own_store(
    page: Page, site: LiveSite, town: Town, page_errors: list[str]
) -> None:
    sign_in(page, site, town.people["first"], "/o2o/store/", arrives=store_path(town, 0))
    for path in (store_path(town, 1), store_path(town, 1, 0), "/o2o/"):
        answer = page.goto(f"{site.url}{path}")
        assert answer is not None
        assert answer.status == 403
    page_errors.clear()
