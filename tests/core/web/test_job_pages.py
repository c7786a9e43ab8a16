"""The strip of a job: what it says, who has its buttons, what they do."""

from collections.abc import Callable

import pytest
from django.test import Client

from core import clock, db
from core.accounts import Role
from core.models import Job
from core.models.jobs import Asked
from core.tenancy import tenant

SignIn = Callable[[Role], Client]


def make_job(tenant_id: int, status: str, asked: str = "", *, is_held: bool = False) -> int:
    with tenant(tenant_id):
        job_id, now = db.new_id(), clock.now()
        ended = now if status in ("DONE", "FAILED", "CANCELLED") else None
        Job.objects.create(
            id=job_id, kind="import", title="导入订单", status=status, asked=asked, rows_done=3200, rows_failed=4,
            rows_total=10_000, started_at=now, finished_at=ended,
        )  # fmt: skip
        if is_held:
            db.execute(
                "UPDATE core_job SET lease_token = 1, lease_until = clock_timestamp() + interval '1 hour'"
            )
    return job_id


@pytest.mark.parametrize(
    ("status", "asked", "words", "buttons"),
    [
        ("QUEUED", "", "排着队", {"pause", "cancel"}),
        ("RUNNING", "", "接着做", {"pause", "cancel"}),
        ("RUNNING", Asked.PAUSE.value, "做完手上这一批就暂停。", {"resume", "cancel"}),
        ("RUNNING", Asked.CANCEL.value, "做完手上这一批就取消，做了的不撤回。", set()),
        ("PAUSED", "", "从第 3,205 行做起", {"resume", "cancel"}),
        ("CANCELLED", "", "取消了。做了 3,200 行，没有撤回。", set()),
        ("DONE", "", "做完了", set()),
        ("FAILED", "", "做完的 3,200 行有效。", set()),
    ],
)
def test_the_strip_says_where_the_job_stands_and_offers_what_helps(
    member: SignIn, tenant_id: int, status: str, asked: str, words: str, buttons: set[str]
) -> None:
    job_id = make_job(tenant_id, status, asked)
    client = member(Role.OPERATOR)
    for address in (f"/jobs/{job_id}/", f"/jobs/{job_id}/strip/"):
        page = client.get(address).content.decode()
        assert words in page
        found = {wish for wish in ("pause", "resume", "cancel") if f'action="/jobs/{job_id}/{wish}/"' in page}
        assert found == buttons
        assert ("every 3s" in page) == (status in ("QUEUED", "RUNNING", "PAUSED"))


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.OWNER, True), (Role.OPERATOR, True), (Role.WAREHOUSE, False), (Role.READONLY, False)],
)
def test_the_owner_and_the_operator_may(member: SignIn, tenant_id: int, role: Role, may: bool) -> None:
    job_id = make_job(tenant_id, "QUEUED")
    client = member(role)
    assert (f"/jobs/{job_id}/pause/" in client.get(f"/jobs/{job_id}/").content.decode()) is may
    answer = client.post(f"/jobs/{job_id}/pause/")
    assert answer.status_code == (302 if may else 403)
    assert f"/jobs/{job_id}/" == answer.get("Location", f"/jobs/{job_id}/")
    with tenant(tenant_id):
        assert Job.objects.get(id=job_id).status == ("PAUSED" if may else "QUEUED")


def test_a_button_answers_with_a_word_and_every_page_asks_again(member: SignIn, tenant_id: int) -> None:
    job_id = make_job(tenant_id, "RUNNING", is_held=True)
    client, headers = member(Role.OPERATOR), {"HX-Request": "true"}
    said = []
    for wish in ("pause", "resume", "resume", "cancel", "pause"):
        answer = client.post(f"/jobs/{job_id}/{wish}/", headers=headers)
        said.append((answer.status_code, "cf:refetch" in answer.get("HX-Trigger", "")))
    assert said == [*[(204, True)] * 4, (409, False)]
    with tenant(tenant_id):
        assert Job.objects.get(id=job_id).asked == Asked.CANCEL
    assert client.get(f"/jobs/{job_id}/pause/").status_code == 405
