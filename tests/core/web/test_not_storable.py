"""What no column holds is its sender's to mend: 422 in words, nothing written.  Our own faults stay ours."""

from collections.abc import Callable

import pytest
from django.test import Client

from core import db
from core.accounts import Role
from core.tenancy import tenant
from inventory.services import holds
from tests.api.client import Api
from tests.builders import make_token


@pytest.fixture
def api(tenant_id: int) -> Api:
    with tenant(tenant_id):
        return Api(make_token())


def breaking(sql: str, value: object) -> Callable[..., None]:
    def work(*_asked: object, **_named: object) -> None:
        db.rows(sql, value)

    return work


@pytest.mark.parametrize(
    ("sql", "value", "status", "code"),
    [
        ("SELECT %s::int", 10**12, 422, "value_not_storable"),
        ("SELECT %s::date", "99999999-01-01", 422, "value_not_storable"),
        ("SELECT 1 / %s", 0, 500, "defect"),
    ],
)
def test_the_api_says_so(
    api: Api, monkeypatch: pytest.MonkeyPatch, sql: str, value: object, status: int, code: str
) -> None:
    monkeypatch.setattr(holds, "clear_hold", breaking(sql, value))
    answer = api.post("holds/1/clear/")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("value", "status"), [(10**12, 422), (None, 200)])
def test_a_page_says_so(
    member: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch, value: object, status: int
) -> None:
    client = member(Role.OPERATOR)
    if value is not None:
        monkeypatch.setattr("core.web.views.queries.list_jobs", breaking("SELECT %s::int", value))
    answer = client.get("/jobs/")
    assert answer.status_code == status
    assert ("有个数太大" in answer.content.decode()) == (status == 422)


def test_a_defect_stays_a_defect(member: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch) -> None:
    client = member(Role.OPERATOR)
    client.raise_request_exception = False
    monkeypatch.setattr("core.web.views.queries.list_jobs", breaking("SELECT 1 / %s", 0))
    assert client.get("/jobs/").status_code == 500

    def wrong(*_asked: object, **_named: object) -> None:
        raise ValueError("ours")

    monkeypatch.setattr("core.web.views.queries.list_jobs", wrong)
    assert client.get("/jobs/").status_code == 500
    assert client.get("/jobs/?q=%00").status_code == 422
