"""Import in a real Chromium: a file goes in, its columns are mapped, the job runs, the wrong rows are listed."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core import jobs
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.models import Import
from tests.browser.floor import broken_rules
from tests.browser.test_base import SIZES, is_wider_than_the_screen, set_theme
from tests.builders import PASSWORD, make_member
from tests.live import LiveSite
from tests.orders.importing.files import line, write
from tests.orders.importing.world import Shop, make_shop

pytestmark = pytest.mark.browser

ROWS = [
    *(line(f"N{n}", quantity=n % 3 + 1) for n in range(30)),
    line("B", price="1O28.5", quantity=4),
    line("C", quantity=-1),
    line("D", code="QY-NEW"),
]


def enter(page: Page, site: LiveSite, shop: Shop) -> None:
    with tenant(shop.tenant_id):
        name = User.objects.get(id=make_member(Role.OPERATOR)).username
    page.goto(f"{site.url}/signin/?next=/imports/")
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="导入", level=1)).to_be_visible()


def finish(shop: Shop) -> None:
    """What a worker does."""
    with tenant(shop.tenant_id):
        job_id = Import.objects.get().job_id
    assert job_id is not None
    assert jobs.run(shop.tenant_id, job_id)


def test_a_file_becomes_orders(
    page: Page, page_errors: list[str], site: LiveSite, tenant_id: int, tmp_path: Path
) -> None:
    shop = make_shop(tenant_id)
    enter(page, site, shop)
    page.get_by_role("link", name="传文件").click()
    page.get_by_label("订单文件").set_input_files(write(tmp_path / "订单.csv", ROWS))
    expect(page.locator("[data-name]")).to_have_text("订单.csv")
    page.get_by_role("button", name="传上去").click()
    expect(page.get_by_text("5 列，对上 5 列")).to_be_visible()

    column = page.get_by_role("combobox", name="单价 对到")
    row = page.locator("tr", has=column)
    column.select_option("")
    expect(row.get_by_text("没用到")).to_be_visible()
    column.select_option("amount")
    expect(row.get_by_text("您选的")).to_be_visible()
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_role("alert")).to_contain_text("还有列没对上")
    page_errors.clear()  # the browser reports the refusal (422) that was provoked
    page.get_by_role("combobox", name="单价 对到").select_option("unit_price")
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("排着队")).to_be_visible()

    finish(shop)
    expect(page.get_by_text("对上了，差 0")).to_be_visible()
    expect(page.locator("#import-steps li.is-done")).to_have_count(4)
    expect(page.get_by_role("button", name="再导一次")).to_be_enabled()
    asking = page.locator("#import-live[hx-get]")
    expect(asking, "what is over asks no more").to_have_count(0)
    expect(page.get_by_text("1O28.5")).to_be_visible()
    expect(page.get_by_text("1 张单停下了")).to_be_visible()
    for size in SIZES:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for theme in ("light", "dark"):
            set_theme(page, theme)
            assert not is_wider_than_the_screen(page), (size, theme)
            assert broken_rules(page) == [], (size, theme)
    page.get_by_role("link", name="看全部").click()
    expect(page.get_by_role("heading", name="没进订单的行", level=1)).to_be_visible()
    assert not is_wider_than_the_screen(page)
    assert broken_rules(page) == []


def test_the_result_comes_without_the_push_too(
    page: Page, page_errors: list[str], site: LiveSite, tenant_id: int, tmp_path: Path
) -> None:
    """What was invented, the sums and the steps appear by themselves, though no message ever arrives."""
    shop = make_shop(tenant_id)
    page.route("**/events/", lambda route: route.abort())
    enter(page, site, shop)
    page.goto(f"{site.url}/imports/new/")
    rows = [line("A1", code="QY-INVENTED", quantity=2), line("A2", quantity=1)]
    page.get_by_label("订单文件").set_input_files(write(tmp_path / "新商品.csv", rows))
    page.get_by_role("button", name="传上去").click()
    invented = page.locator("[data-invented]")
    expect(invented).to_contain_text("2 个编码，有 1 个商品里没有")
    expect(invented.get_by_text("用到这些编码的单会停下")).to_be_visible()
    expect(invented.get_by_label("新建的商品补期初库存，分两批")).to_be_disabled()
    invented.get_by_label("没有的商品先建上").check()
    expect(invented.get_by_text("先用默认值")).to_be_visible()
    invented.get_by_label("新建的商品补期初库存，分两批").check()
    expect(invented.get_by_text("期初件数和批次是编的")).to_be_visible()
    assert broken_rules(page) == []
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("排着队")).to_be_visible()
    finish(shop)
    expect(page.get_by_text("对上了，差 0")).to_be_visible()
    expect(page.locator("#import-top")).to_contain_text("补建了 1 个商品")
    expect(page.locator("#import-steps li.is-done")).to_have_count(4)

    page.goto(f"{site.url}/imports/new/")
    page.get_by_label("订单文件").set_input_files(write(tmp_path / "新商品.csv", rows))
    page.get_by_role("button", name="传上去").click()
    expect(page.locator("#import-top")).to_contain_text("导过，这就是那一次")
    page.close()  # nothing is reported after this
    page_errors.clear()  # the browser reports the push that was cut off
