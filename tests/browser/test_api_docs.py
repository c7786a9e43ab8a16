"""The page of the OpenAPI document works in a browser under the strict CSP."""

import pytest
from playwright.sync_api import Page

from tests.live import LiveSite


@pytest.mark.browser
def test_swagger_shows_the_operations(site: LiveSite, page: Page) -> None:
    page.goto(f"{site.url}/api/v1/docs/")
    page.locator(".opblock-summary-path", has_text="/api/v1/orders/").first.wait_for()
    assert page.locator(".opblock").count() > 20
