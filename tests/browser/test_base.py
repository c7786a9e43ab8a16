"""The shell in a real Chromium: the policy holds, all fits, readers get through, keys and scans work."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from core import live
from core.accounts import Role
from core.services.accounts import create_user, join
from core.services.tenants import create_tenant
from core.tenancy import tenant
from tests.browser.floor import broken_rules, scan
from tests.live import LiveSite, pass_a_moment, scripts_ready

pytestmark = pytest.mark.browser

PASSWORD = "catfish-in-the-mud-7"
SIZES = [(1440, 900), (768, 1024), (360, 740)]
SignIn = Callable[[], int]


@pytest.fixture
def sign_in(page: Page, site: LiveSite) -> SignIn:
    """Signs an owner in by the form and opens the kit; returns the tenant."""

    def through_the_door() -> int:
        slug = f"b{uuid4().hex[:12]}"
        tenant_id = create_tenant(name="青砚家电", slug=slug)
        user_id = create_user(username=slug, name="周敏", password=PASSWORD)
        with tenant(tenant_id):
            join(user_id=user_id, role=Role.OWNER)
        page.goto(f"{site.url}/signin/?next=/kit/")
        page.get_by_label("账号").fill(slug)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", name="零件", level=1)).to_be_visible()
        scripts_ready(page, "Boolean(window.Alpine && window.cf)")
        return tenant_id

    return through_the_door


def is_wider_than_the_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def set_theme(page: Page, theme: str) -> None:
    page.evaluate("theme => document.dispatchEvent(new CustomEvent('cf:theme-set', {detail: theme}))", theme)


@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_and_readers_get_through(
    page: Page, site: LiveSite, sign_in: SignIn, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{site.url}/signin/")
    assert not is_wider_than_the_screen(page)
    assert broken_rules(page) == []
    sign_in()
    for path in ("/kit/", "/jobs/"):
        page.goto(f"{site.url}{path}")
        for theme in ("light", "dark"):
            set_theme(page, theme)
            assert not is_wider_than_the_screen(page), (path, theme)
            assert broken_rules(page) == [], (path, theme)


def test_a_wrong_password_is_told_to_readers(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/signin/")
    page.get_by_label("账号").fill(f"nobody-{uuid4().hex}")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("账号或密码不对")
    expect(page.get_by_label("密码")).to_be_focused()


def test_the_theme_is_kept(page: Page, site: LiveSite, sign_in: SignIn) -> None:
    sign_in()
    page.get_by_role("button", name="我的账号").click()
    page.get_by_role("button", name="深", exact=True).click()
    page.goto(f"{site.url}/jobs/")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


def test_rows_are_chosen_by_key_and_summed_to_the_cent(page: Page, sign_in: SignIn) -> None:
    sign_in()
    bulk = page.locator(".bulk")
    expect(bulk).to_be_hidden()
    for key in ("j", "x", "j", "j"):
        page.keyboard.press(key)
        pass_a_moment(page)
    page.keyboard.press("Shift+X")
    expect(bulk).to_contain_text("选了 3 单 · ¥5,385.50")
    page.locator("[data-all]").check()
    expect(bulk).to_contain_text("选了 5 单 · ¥6,312.50")
    bulk.get_by_role("button", name="选全部 61 单").click()
    expect(bulk).to_contain_text("选了 61 单")
    assert bulk.locator("[name=all]").input_value() == "1"
    assert bulk.locator("[name=ids]").input_value() == ""
    page.keyboard.press("Escape")
    expect(bulk).to_be_hidden()


def test_a_choice_outlives_the_page(page: Page, site: LiveSite, sign_in: SignIn) -> None:
    sign_in()
    page.locator("tbody .cf-ck").nth(1).check()
    page.goto(f"{site.url}/jobs/")
    page.goto(f"{site.url}/kit/")
    expect(page.locator(".bulk")).to_contain_text("选了 1 单 · ¥4,239.00")


def type_at_once(page: Page, text: str) -> None:
    """Keys with no time between them and Enter at the end, as a scanner or a password manager types."""
    page.evaluate(
        """text => { for (const key of [...text, "Enter"]) {
            const at = document.activeElement;
            const goes = at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            if (goes && key !== "Enter" && "value" in at) at.value += key;
            if (goes && key === "Enter") window.entered = true;
        } }""",
        text,
    )


@pytest.mark.parametrize("focus", [".cf-find input", "#id_note"])
def test_fast_typing_in_a_field_stays_in_the_field(page: Page, sign_in: SignIn, focus: str) -> None:
    sign_in()
    page.evaluate("document.addEventListener('cf:scan', e => { window.heard = e.detail.code })")
    page.locator(focus).focus()
    type_at_once(page, "owner12345")
    expect(page.locator(focus)).to_have_value("owner12345")
    assert page.evaluate("window.heard ?? null") is None
    assert page.evaluate("window.entered") is True, "Enter is the form's"


def test_the_form_of_sign_in_hears_no_scanner(page: Page, site: LiveSite) -> None:
    page.goto(f"{site.url}/signin/")
    assert page.locator("script[src*=scanner]").count() == 0
    page.locator("#id_username").focus()
    page.keyboard.type("nobody-at-all")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong-password")
    page.keyboard.press("Enter")
    expect(page.locator("#signin-e")).to_be_visible()


def test_a_scan_is_read_with_no_field_in_focus(page: Page, sign_in: SignIn) -> None:
    """Its letters are keys of the page as well: none of them does anything."""
    sign_in()
    page.evaluate("document.addEventListener('cf:scan', e => { window.heard = e.detail.code })")
    here = page.url
    scan(page, "jx97000g1234h")
    assert page.evaluate("window.heard") == "jx97000g1234h"
    pass_a_moment(page)
    assert page.url == here
    expect(page.locator(".bulk")).to_be_hidden()


def test_a_person_typing_is_no_scan(page: Page, sign_in: SignIn) -> None:
    sign_in()
    page.evaluate("document.addEventListener('cf:scan', e => { window.heard = e.detail.code })")
    page.locator("#id_note").focus()
    page.keyboard.type("123456789", delay=90)
    page.keyboard.press("Enter")
    assert page.evaluate("window.heard ?? null") is None


def test_keys_go_and_help_and_can_be_switched_off(page: Page, sign_in: SignIn) -> None:
    sign_in()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="全部快捷键")
    expect(help_).to_be_visible()
    expect(help_).to_contain_text("放行")
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.get_by_role("button", name="我的账号").click()
    page.get_by_role("button", name="单字母快捷键").click()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    pass_a_moment(page)
    expect(help_).to_be_hidden()


def test_what_cannot_be_taken_back_is_asked_with_its_number(page: Page, sign_in: SignIn) -> None:
    sign_in()
    here = page.url
    page.get_by_role("button", name="开召回单").first.click()
    ask = page.get_by_role("alertdialog")
    expect(ask).to_contain_text("3 个批次 6,240 罐")
    expect(ask.get_by_role("button", name="留着")).to_be_focused()
    ask.get_by_role("button", name="留着").click()
    expect(ask).to_be_hidden()
    assert page.url == here


def test_live_push_reaches_the_page_and_says_so(page: Page, sign_in: SignIn) -> None:
    tenant_id = sign_in()
    expect(page.locator("#live")).to_have_text("实时")
    page.evaluate("document.addEventListener('cf:live', e => { window.heard = e.detail })")
    for _try in range(100):  # until the channel is subscribed
        live.push(tenant_id, "order", [1, 2], 3)
        if page.evaluate("window.heard ?? null"):
            break
        page.wait_for_timeout(200)
    assert page.evaluate("window.heard") == {"kind": "order", "ids": [1, 2], "version": 3}


def test_a_toast_stays_when_it_is_an_error(page: Page, sign_in: SignIn) -> None:
    sign_in()
    shelf = page.locator("#toasts")
    page.evaluate("for (let n = 1; n < 6; n++) cf.say(`${n} 单`, {kind: 'stop'})")
    expect(shelf.locator(".cf-toast")).to_have_count(3)
    page.wait_for_timeout(300)
    shelf.get_by_role("button", name="知道了").last.click()
    expect(shelf.locator(".cf-toast")).to_have_count(2)
    expect(shelf).not_to_contain_text("1 单")


def test_english_is_complete_on_the_kit(page: Page, sign_in: SignIn) -> None:
    sign_in()
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="Parts", level=1)).to_be_visible()
    assert not is_wider_than_the_screen(page)
