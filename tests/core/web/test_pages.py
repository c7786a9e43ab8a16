"""The pages of the ground floor, over HTTP: who gets in, what is said, what it costs."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch

from core import clock, db, queries
from core.accounts import Role
from core.db import Rank
from core.models import Job, Membership
from core.tenancy import tenant
from core.web import navigation
from core.web.navigation import NavItem
from tests.core.web.people import PASSWORD, Person

SignIn = Callable[[Role], Client]
BUDGET = 12  # statements a page, session and scope included
NAVIGATION = (
    NavItem("任务", "list-check", "core:jobs", (Role.OPERATOR,), "j"),
    NavItem("零件", "components", "core:kit", (), "k"),
)


def make_job(tenant_id: int, status: str = "RUNNING", done: int = 63420) -> int:
    with tenant(tenant_id):
        job_id, now = db.new_ids(1)[0], clock.now()
        end = now if status in ("DONE", "FAILED", "CANCELLED") else None
        Job.objects.create(
            id=job_id, kind="import", title="导入订单", status=status,
            rows_done=done, rows_failed=37, rows_total=99963,
            started_at=now - timedelta(seconds=15), finished_at=end,
        )  # fmt: skip
    return job_id


def test_wrong_name_and_wrong_password_sound_the_same(person: Person) -> None:
    said = []
    for name in (person.username, f"nobody-{person.username}"):
        answer = Client().post("/signin/", {"username": name, "password": "wrong"})
        assert answer.status_code == 200
        said.append(answer.content.decode().split('role="alert"')[1].split("</p>")[0])
    assert said[0] == said[1]
    assert "账号或密码不对" in said[0]


def test_the_door_says_when_it_will_lock_and_when_it_opens(person: Person) -> None:
    client = Client()
    for _n in range(5):
        answer = client.post("/signin/", {"username": person.username, "password": "wrong"})
    assert "再错 1 次，锁 15 分钟" in answer.content.decode()
    answer = client.post("/signin/", {"username": person.username, "password": "wrong"})
    assert answer.status_code == 429
    assert "15 分钟后再试" in answer.content.decode()
    answer = client.post("/signin/", {"username": person.username, "password": PASSWORD})
    assert answer.status_code == 429


def test_other_capitals_are_the_same_name_to_the_lock(person: Person) -> None:
    client, name = Client(), person.username
    spellings = [name, name.upper(), name.title(), f" {name}", f"{name} ", name.swapcase()]
    answers = [client.post("/signin/", {"username": each, "password": "wrong"}) for each in spellings]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert client.post("/signin/", {"username": name, "password": PASSWORD}).status_code == 429


def test_a_wait_that_was_too_long_says_come_again(
    member: SignIn, tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = member(Role.OPERATOR)

    def wait_for_nothing() -> None:
        db.execute("SET LOCAL lock_timeout = '1ms'")
        with ThreadPoolExecutor(1) as other:
            held, done = threading.Event(), threading.Event()
            other.submit(_hold_member, tenant_id, held, done)
            held.wait(10)
            try:
                db.lock(Rank.JOB, Membership, "id", "true")
            finally:
                done.set()

    monkeypatch.setattr(queries, "list_jobs", wait_for_nothing)
    answer = client.get("/jobs/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert "正在被别人改" in answer.content.decode()


def _hold_member(tenant_id: int, held: threading.Event, done: threading.Event) -> None:
    try:
        with tenant(tenant_id):
            db.lock(Rank.JOB, Membership, "id", "true")
            held.set()
            done.wait(10)
    finally:
        connection.close()


def test_an_id_that_no_row_can_have_is_not_there(member: SignIn) -> None:
    client = member(Role.OWNER)
    for number in (1 << 53, 1 << 63, 10**30):
        assert client.get(f"/jobs/{number}/").status_code == 404
        assert client.post(f"/o2o/store/{number}/{number}/decline/").status_code == 404


def test_signing_in_goes_where_the_person_wanted_to_go(person: Person) -> None:
    data = {"username": person.username.upper(), "password": PASSWORD, "next": "/jobs/"}
    assert Client().post("/signin/", data)["Location"] == "/jobs/"
    data["next"] = "https://evil.example/"
    assert Client().post("/signin/", data)["Location"] == "/"


def test_one_company_is_entered_at_once(member: SignIn) -> None:
    assert member(Role.OPERATOR).get("/jobs/").status_code == 200


def test_several_companies_are_offered_and_switched(member: SignIn, second_company: int) -> None:
    client = member(Role.OWNER)
    assert client.get("/jobs/")["Location"] == "/tenant/?next=%2Fjobs%2F"
    assert 'name="next" value="/jobs/"' in client.get("/tenant/?next=%2Fjobs%2F").content.decode()
    assert "牧汀乳品" in client.get("/tenant/").content.decode()
    assert (
        client.post("/tenant/switch/", {"tenant": second_company, "next": "/jobs/"})["Location"] == "/jobs/"
    )
    assert "牧汀乳品" in client.get("/jobs/").content.decode()


def test_a_foreign_company_looks_like_none(member: SignIn, other_tenant_id: int) -> None:
    client = member(Role.OWNER)
    for asked in (str(other_tenant_id), "999999999", "", "1 OR 1=1"):
        assert client.post("/tenant/switch/", {"tenant": asked}).status_code == 404


def test_somebody_without_a_company_is_told_whom_to_ask(person: Person) -> None:
    client = Client()
    client.post("/signin/", {"username": person.username, "password": PASSWORD})
    answer = client.get("/tenant/")
    assert "还没有商家" in answer.content.decode()
    assert person.username in answer.content.decode()


def test_signing_out_needs_a_post(member: SignIn) -> None:
    client = member(Role.OWNER)
    assert client.get("/signout/").status_code == 405
    assert client.post("/signout/").status_code == 302
    assert client.get("/jobs/").status_code == 302


@pytest.mark.parametrize("path", ["/jobs/", "/jobs/1/", "/jobs/1/strip/", "/jobs/badge/", "/kit/", "/"])
def test_strangers_are_sent_to_the_door(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/signin/")


def test_jobs_are_those_of_the_company(member: SignIn, tenant_id: int, other_tenant_id: int) -> None:
    mine, theirs = make_job(tenant_id), make_job(other_tenant_id)
    client = member(Role.OPERATOR)
    page = client.get("/jobs/").content.decode()
    assert f"/jobs/{mine}/" in page
    assert f"/jobs/{theirs}/" not in page
    assert client.get(f"/jobs/{theirs}/").status_code == 404
    assert client.get(f"/jobs/{mine}/").status_code == 200


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("RUNNING", "断了会从第 63,458 行接着做"),
        ("DONE", "做完了，用了 15 秒"),
        ("FAILED", "做完的 63,420 行有效"),
        ("CANCELLED", "取消了。"),
        ("QUEUED", "轮到就开始"),
    ],
)
def test_the_strip_says_how_it_stands(member: SignIn, tenant_id: int, status: str, said: str) -> None:
    job_id = make_job(tenant_id, status)
    strip = member(Role.OPERATOR).get(f"/jobs/{job_id}/strip/").content.decode()
    assert said in strip
    assert ("hx-get" in strip) == (status in ("RUNNING", "QUEUED"))
    assert "<html" not in strip


def test_the_badge_counts_open_jobs(member: SignIn, tenant_id: int) -> None:
    for status in ("RUNNING", "QUEUED", "DONE"):
        make_job(tenant_id, status)
    client = member(Role.OPERATOR)
    assert "<sup>2</sup>" in client.get("/jobs/badge/").content.decode()


@pytest.mark.parametrize("path", ["/jobs/", "/kit/", "/jobs/badge/"])
def test_a_page_costs_few_statements(member: SignIn, tenant_id: int, path: str) -> None:
    make_job(tenant_id)
    client = member(Role.OWNER)
    client.get(path)
    with CaptureQueriesContext(connection) as made:
        assert client.get(path).status_code == 200
    assert len(made) <= BUDGET, [query["sql"][:120] for query in made]


def test_the_kit_is_for_the_owner(member: SignIn) -> None:
    assert member(Role.OPERATOR).get("/kit/").status_code == 404


@override_settings(NAVIGATION="tests.core.web.test_pages.NAVIGATION")
def test_home_is_the_first_page_of_the_role(member: SignIn) -> None:
    client = member(Role.OPERATOR)
    assert client.get("/")["Location"] == "/jobs/"
    rail = client.get("/jobs/").content.decode()
    assert 'href="/jobs/" aria-current="page" data-go="j"' in rail


@override_settings(NAVIGATION="tests.core.web.test_pages.NAVIGATION")
def test_a_role_sees_only_its_rail() -> None:
    assert [link.url for link in navigation.links("STORE", "/kit/")] == ["/kit/"]
    assert [link.is_current for link in navigation.links("OWNER", "/kit/")] == [False, True]


LOST = (NavItem("没有", "x", "nowhere:at_all"),)


@override_settings(NAVIGATION="tests.core.web.test_pages.LOST")
def test_a_rail_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(NoReverseMatch):
        navigation.links("OWNER", "/")


def test_english(member: SignIn) -> None:
    client = member(Role.OPERATOR)
    client.post("/language/", {"language": "en", "next": "/jobs/"})
    page = client.get("/jobs/").content.decode()
    assert '<html lang="en"' in page
    assert "No background jobs" in page


def test_pages_that_are_not_there_say_so(member: SignIn) -> None:
    client = member(Role.OWNER)
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert "没有这一页" in answer.content.decode()
    answer = client.get("/nothing-here/", headers={"HX-Request": "true"})
    assert answer["HX-Reswap"] == "none"
    assert "cf:toast" in answer["HX-Trigger"]


def test_a_form_from_yesterday_is_refused_in_words() -> None:
    answer = Client(enforce_csrf_checks=True).post("/signin/", {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "这一页放太久了" in answer.content.decode()
