"""The order of the article in a real Chromium: three vacuum cleaners, a stand and seven filters, in one step with all the others."""

import os
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from core.tenancy import tenant
from orders.services import pipeline
from tests import builders as make
from tests import laws
from tests.browser.test_orders import enter
from tests.live import LiveSite
from tests.orders.views.scene import make_desk

pytestmark = pytest.mark.browser

OTHERS = 10_000 if os.environ.get("ERP_CAMPAIGN") else 600
PAID = datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_three_vacuums_a_stand_and_seven_filters_are_three_parcels_among_all_others(
    page: Page, site: LiveSite, tenant_id: int
) -> None:
    desk = make_desk(tenant_id)
    with tenant(tenant_id):
        for code, name, rule, units in (
            ("VACUUM", "吸尘器", 2, 10),
            ("STAND", "收纳支架", 0, 10),
            ("NET", "滤网", 1, 2 * OTHERS),
        ):
            make.make_stock(
                desk.bin_id, make.make_sku(code=code, name=name, weight_g=900, parcel_rule=rule), units
            )
    big = make.incoming(("NET", 7), ("VACUUM", 3), ("STAND", 1), number="BIG-1", placed_at=PAID)
    others = [make.incoming(("NET", 1), placed_at=PAID) for _ in range(OTHERS)]
    half = OTHERS // 2
    done = pipeline.push(
        tenant_id=tenant_id, channel_id=desk.channel_id, incoming=[*others[:half], big, *others[half:]]
    )
    assert (done.created, done.stopped, done.parcels) == (OTHERS + 1, 0, OTHERS + 3)
    enter(page, site, desk)
    page.goto(f"{site.url}/orders/{(done.order_ids or {})['BIG-1']}/")
    boxes = page.locator("article.pcl")
    expect(boxes).to_have_count(3)
    held = [sorted(box.locator(".it").all_inner_texts()) for box in boxes.all()]
    told = [sorted(" ".join(text.split()) for text in box) for box in held]
    assert told == [["吸尘器 ×1", "收纳支架 ×1", "滤网 ×7"], ["吸尘器 ×1"], ["吸尘器 ×1"]]
    assert laws.broken(tenant_id, "orders.") == []
