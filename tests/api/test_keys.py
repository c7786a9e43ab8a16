"""Who may call: keys, scopes, tenants."""

import pytest
from django.test import Client

from core.tenancy import tenant
from tests.api.client import Api
from tests.builders import make_token, revoke


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "cf_1_2",
        "cf_1_2_" + "x" * 43,
        "cf_9007199254740991_1_" + "x" * 43,
        "cf_9999999999999999_9999999999999999_" + "x" * 43,
    ],
)
def test_a_missing_or_wrong_key_is_401(database: object, token: str) -> None:
    answer = Api(token).get("skus/")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] in {"key_missing", "key_wrong"}


def test_a_revoked_key_opens_nothing(api: Api, tenant_id: int) -> None:
    assert api.get("skus/").status_code == 200
    with tenant(tenant_id):
        revoke(int(api.token.split("_")[2]))
    assert api.get("skus/").status_code == 401


def test_a_key_with_another_tenants_number_opens_nothing(api: Api, other_tenant_id: int) -> None:
    _cf, _tenant, key, secret = api.token.split("_", 3)
    assert Api(f"cf_{other_tenant_id}_{key}_{secret}").get("skus/").status_code == 401


def test_reading_and_writing_are_scopes_of_their_own(tenant_id: int) -> None:
    with tenant(tenant_id):
        reader = Api(make_token("stock:read"))
    assert reader.get("skus/").status_code == 200
    refused = reader.post("skus/", {"skus": []})
    assert refused.status_code == 403
    assert "stock:write" in refused.json()["detail"]
    assert reader.get("orders/").status_code == 403


def test_an_unknown_address_answers_a_problem(api: Api) -> None:
    posted = Client(enforce_csrf_checks=True).post("/api/v1/nothing/here/")
    for answer in (api.get("nothing/here/"), posted):
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "not_found"


def test_a_method_that_is_not_there_is_405(api: Api) -> None:
    answer = api.post("lots/", {})
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
