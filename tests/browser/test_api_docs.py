"""The page of the OpenAPI document works in a browser under the strict CSP."""

import pytest
from playwright.sync_api import Page

from tests.live import LiveSite

STEPS, STEP_PX = 80, 1_200


@pytest.mark.browser
def test_swagger_shows_the_operations(site: LiveSite, page: Page) -> None:
    page.goto(f"{site.url}/api/v1/docs/")
    paths = page.locator(".opblock-summary-path")
    paths.first.wait_for()
    seen: set[str] = set()
    for _ in range(STEPS):  # what is out of sight is drawn when it is scrolled to
        seen.update(text.replace("\u200b", "") for text in paths.all_inner_texts())
        if "/api/v1/orders/" in seen:
            break
        page.mouse.wheel(0, STEP_PX)
        page.wait_for_timeout(100)
    assert "/api/v1/orders/" in seen
    assert len(seen) > 20
