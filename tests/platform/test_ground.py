"""The ground the other tests stand on: whose database, which role, what stays."""

import os
import urllib.request

import pytest
from playwright.sync_api import Page

from script.house.roles import Urls, connect, user_of
from tests.conftest import TEMPLATE, WORKER
from tests.live import LiveSite


def test_each_worker_enters_its_own_clone_as_the_bound_role(database: Urls) -> None:
    from django.conf import settings
    from django.db import connection

    assert settings.DATABASES["default"]["NAME"] == f"{TEMPLATE}_{WORKER}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_database(), current_user, rolsuper OR rolbypassrls FROM pg_roles"
            " WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (f"{TEMPLATE}_{WORKER}", user_of(database.app), False)
    assert user_of(database.app).endswith("_test")


def test_tenants_are_fresh_and_really_there(tenant_id: int, other_tenant_id: int, admin_url: str) -> None:
    assert tenant_id != other_tenant_id
    connection = connect(admin_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_tenant WHERE id = ANY(%s)", [[tenant_id, other_tenant_id]])
        assert cursor.fetchone() == (2,)
    connection.close()


def test_strangers_may_not_enter_the_clone(database: Urls, admin_url: str) -> None:
    connection = connect(admin_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_database_privilege('public', current_database(), 'CONNECT')")
        assert cursor.fetchone() == (False,)
    connection.close()


def test_workers_use_different_spaces_of_the_broker() -> None:
    number = 0 if WORKER == "main" else int(WORKER.removeprefix("gw")) + 1
    assert os.environ["REDIS_URL"].endswith(f"/{number}")


def test_the_site_answers_over_http(site: LiveSite) -> None:
    with urllib.request.urlopen(f"{site.url}/", timeout=30) as answer:
        assert answer.status == 200
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.browser
def test_a_real_browser_opens_a_page_without_a_complaint(site: LiveSite, page: Page) -> None:
    page.goto(f"{site.url}/")
    assert page.title()
    assert (page.locator("html").get_attribute("lang") or "").startswith("zh")


@pytest.mark.browser
def test_a_complaint_of_the_page_is_noticed(site: LiveSite, page: Page, page_errors: list[str]) -> None:
    page.goto(f"{site.url}/")
    page.evaluate("setTimeout(() => { throw new Error('on purpose') })")
    for _try in range(100):
        if page_errors:
            break
        page.wait_for_timeout(100)
    assert any("on purpose" in error for error in page_errors)
    page_errors.clear()
