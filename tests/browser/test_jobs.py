"""A job's page in a real Chromium: pause, go on, cancel, by mouse and by key, and what others press is seen without a reload."""

import pytest
from playwright.sync_api import Page, expect

from core import db
from core.accounts import Role
from core.job_wishes import Wish
from core.models import Job
from core.models.jobs import JobStatus
from core.services.jobs import control
from core.tenancy import tenant
from tests.browser.floor import look, sign_in
from tests.builders import make_job
from tests.live import LiveSite, scripts_ready

pytestmark = pytest.mark.browser

AT_WORK = """
UPDATE core_job SET status = 'RUNNING', lease_token = 1, lease_until = clock_timestamp() + interval '1 hour',
  started_at = clock_timestamp(), rows_done = 3200, rows_total = 10000
"""


def open_job(page: Page, site: LiveSite, tenant_id: int) -> int:
    with tenant(tenant_id):
        job_id = make_job(status=JobStatus.QUEUED)
        db.execute(AT_WORK)
    sign_in(page, site, tenant_id, Role.OPERATOR)
    page.goto(f"{site.url}/jobs/{job_id}/")
    scripts_ready(page)
    expect(page.locator("#live")).to_have_text("实时")
    return job_id


def job(tenant_id: int, job_id: int) -> Job:
    with tenant(tenant_id):
        return Job.objects.get(id=job_id)


def test_pause_go_on_and_cancel(page: Page, site: LiveSite, tenant_id: int) -> None:
    job_id = open_job(page, site, tenant_id)
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_text("正在暂停")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_text("进行中")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_text("正在暂停")).to_be_visible()
    with tenant(tenant_id):  # its worker dies
        db.execute("UPDATE core_job SET lease_until = clock_timestamp() - interval '1 s'")
        control(job_ids=[job_id], wish=Wish.PAUSE, actor_id=None)
    expect(page.get_by_text("从第 3,201 行做起")).to_be_visible()
    page.keyboard.press("c")
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_text("做了的不撤回，剩下的不做了。")).to_be_visible()
    with page.expect_response("**/strip/"):  # what the page shows is fetched again under the open question
        pass
    dialog.get_by_role("button", name="取消任务").click()
    expect(page.get_by_text("取消了。做了 3,200 行，没有撤回。")).to_be_visible()
    expect(page.get_by_role("button", name="接着做")).to_have_count(0)
    assert job(tenant_id, job_id).status == JobStatus.CANCELLED


def test_the_page_fits_and_can_be_read(page: Page, site: LiveSite, tenant_id: int) -> None:
    job_id = open_job(page, site, tenant_id)
    with tenant(tenant_id):
        control(job_ids=[job_id], wish=Wish.PAUSE, actor_id=None)
    expect(page.get_by_role("button", name="接着做")).to_be_visible()
    look(page, "job-paused")
