"""The accountant's day in a real Chromium: what buyers asked for, numbers noted for the chosen, one reversed after a refund."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from core.accounts import Role
from core.tenancy import tenant
from orders.models import InvoiceRequest, RefundState
from orders.rules.invoices import InvoiceWish
from orders.services import refunds
from orders.services.refunds import RefundInput
from tests import laws
from tests.browser.floor import look, sign_in
from tests.builders import incoming
from tests.live import LiveSite
from tests.orders.views.scene import KETTLE, VACUUM, make_desk

pytestmark = pytest.mark.browser
NUMBER, RED = "26332000000012345678", "26332000000087654321"


def test_invoices_are_numbered_and_reversed(page: Page, site: LiveSite, tenant_id: int) -> None:
    desk = make_desk(tenant_id)
    wishes = (
        InvoiceWish("张小三", email="zhang@example.com"),
        InvoiceWish("杭州某某科技有限公司", is_company=True),
        InvoiceWish("老王小店", is_company=True, tax_number="11010519491231002X", note="增值税专用发票"),
    )
    orders = [
        replace(incoming((KETTLE, 1), (VACUUM, 1), number=f"T-{n}"), invoice=wish)
        for n, wish in enumerate(wishes, 1)
    ]
    ids = desk.take(*orders, incoming((KETTLE, 1), number="T-4"))
    sign_in(page, site, tenant_id, Role.FINANCE)
    page.goto(f"{site.url}/orders/{ids[3]}/")
    page.get_by_role("link", name="申请发票").click()
    page.get_by_label("单位", exact=True).check()
    page.get_by_label("发票抬头").fill("某某公司")
    look(page, "invoice-new")
    page.get_by_label("税号").fill("330106000012345")
    page.get_by_role("button", name="申请发票").click()
    expect(page.get_by_text("某某公司 330106000012345")).to_be_visible()
    look(page, "invoice-order")

    page.goto(f"{site.url}/invoices/")
    expect(page.get_by_role("row", name="T-2")).to_contain_text("单位要有税号")
    look(page, "invoices")
    for number in ("T-1", "T-3"):
        page.get_by_role("row", name=number).get_by_role("checkbox").check()
    page.get_by_role("button", name="记发票号").click()
    page.get_by_label("T-1", exact=True).fill(NUMBER)
    look(page, "invoices-mark")
    page.get_by_role("button", name="记发票号").click()
    expect(page.get_by_text("1 张记好了。")).to_be_visible()
    with tenant(tenant_id):
        refunds.ask(refunds=[RefundInput(ids[0], "RF-1", 500, state=RefundState.AGREED)])
    page.goto(f"{site.url}/invoices/?queue=to_reverse")
    page.get_by_role("row", name="T-1").get_by_role("checkbox").check()
    page.get_by_role("button", name="记红冲").click()
    page.get_by_label("T-1", exact=True).fill(RED)
    page.get_by_label("剩下的金额重新申请一张").check()
    page.get_by_role("button", name="记红冲").click()
    expect(page.get_by_text("1 张记好了。")).to_be_visible()
    page.goto(f"{site.url}/invoices/?queue=all")
    look(page, "invoices-all")
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, "invoices-narrow")
    with tenant(tenant_id):
        assert InvoiceRequest.objects.count() == 5
    assert laws.broken(tenant_id) == []
