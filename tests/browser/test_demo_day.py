"""A small dose of the busy day: a scripted operator clears the desk in a real Chromium, every action counted."""

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from bench._operator import WAITS, Operator
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.demo.day import count, make_day, open_shop, run_day
from orders.models import Order, OrderStatus
from tests.browser.floor import broken_rules
from tests.browser.test_base import SIZES, is_wider_than_the_screen, set_theme
from tests.builders import PASSWORD, PLACED_AT, make_member
from tests.live import LiveSite

pytestmark = pytest.mark.browser

ORDERS = 300
MOST_ACTIONS = 60


def test_an_operator_clears_a_day_in_few_actions(page: Page, site: LiveSite) -> None:
    shop = open_shop(f"day-{uuid4().hex[:10]}", ORDERS)
    done = run_day(shop, make_day(ORDERS, PLACED_AT))
    assert done.untouched_percent >= 90
    assert done.stopped
    with tenant(shop.tenant_id):
        name = User.objects.get(id=make_member(Role.OPERATOR)).username
    operator = Operator(page, site.url)
    operator.sign_in(name, PASSWORD)
    for path in ("/orders/unknown-codes/", "/orders/addresses/", "/orders/remarks/"):
        page.goto(f"{site.url}{path}")
        operator.ready()
        for size in SIZES:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            assert not is_wider_than_the_screen(page), (path, size)
        for theme in ("light", "dark"):
            set_theme(page, theme)
            assert broken_rules(page) == [], (path, theme)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{site.url}/orders/")
    operator.ready()
    operator.clear_the_desk()
    assert len(operator.did) <= MOST_ACTIONS, operator.did
    with tenant(shop.tenant_id):
        ids = list(Order.objects.values_list("id", flat=True))
        left = Order.objects.filter(status=OrderStatus.STOPPED)
        assert set(left.values_list("note", flat=True)) <= set(WAITS.values())
    after = count(shop, ids)
    assert after.going > done.going
    assert after.stopped < done.stopped
    page.goto(f"{site.url}/orders/unknown-codes/")
    expect(page.get_by_text("编码都配上了")).to_be_visible()
