"""Rules over REST: listed, made, changed; what is wrong is named."""

from typing import Any

from core.tenancy import tenant
from orders.models import AuditRule, FacilityPlan, GiftRule
from tests import builders as make
from tests.api.client import Api

BIG: dict[str, Any] = {"name": "大单", "conditions": {"amount_over": 500_000, "currency": "CNY"}}


def test_audit_rules_are_made_listed_and_changed(api: Api, tenant_id: int) -> None:
    cod = {"name": "到付", "conditions": {"is_cod": True}, "stops": False}
    first, second = api.post("audit-rules/", {"rules": [BIG, cod]}).json()["ids"]
    changed = api.post("audit-rules/", {"rules": [BIG | {"id": first, "is_active": False}]})
    assert changed.json()["ids"] == [first]
    rows = {row["id"]: row for row in api.all("audit-rules/")}
    assert rows[first]["conditions"] == BIG["conditions"]
    assert (rows[first]["is_active"], rows[second]["stops"]) == (False, False)
    assert [row["id"] for row in api.all("audit-rules/", is_active="true")] == [second]
    assert api.get(f"audit-rules/{second}/").json()["name"] == "到付"


def test_what_is_wrong_with_a_rule_is_named(api: Api, tenant_id: int) -> None:
    for rule, code in (
        (BIG | {"conditions": {}}, "bad_rule"),
        (BIG | {"conditions": {"colour": 1, "is_cod": True}}, "bad_rule"),
        (BIG | {"conditions": {"skus": [5]}}, "bad_rule"),
        (BIG | {"id": 77}, "rule_not_found"),
    ):
        answer = api.post("audit-rules/", {"rules": [rule]})
        assert (answer.status_code in (404, 422), answer.json()["code"]) == (True, code), answer.json()
    assert api.post("audit-rules/", {"rules": []}).status_code == 422
    with tenant(tenant_id):
        assert not AuditRule.objects.exists()


def test_gift_rules(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        sku = make.make_sku(code="CUP")
    rule: dict[str, Any] = {
        "name": "满三百送杯子", "sku_id": sku, "conditions": {"from_minor": 30_000, "currency": "CNY"}, "most_units": 100,
        "starts_at": "2026-11-01T00:00:00+08:00", "ends_at": "2026-12-01T00:00:00+08:00",
    }  # fmt: skip
    (id_,) = api.post("gift-rules/", {"rules": [rule]}).json()["ids"]
    with tenant(tenant_id):
        GiftRule.objects.filter(id=id_).update(given_units=40)
    row = api.get(f"gift-rules/{id_}/").json()
    assert (row["given_units"], row["most_units"], row["quantity"]) == (40, 100, 1)
    for change in (
        {"most_units": 39, "id": id_},
        {"name": "x", "conditions": {"colour": 1}},
        {"name": "x", "conditions": {"skus": [5]}},
        {"name": "x", "sku_id": 5},
        {"name": "x", "ends_at": "2026-10-01T00:00:00+08:00"},
    ):
        answer = api.post("gift-rules/", {"rules": [rule | change]})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_rule"), answer.json()
    assert len(api.all("gift-rules/")) == 1


def test_plans_and_carriers(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
    plan = {"facility_id": facility, "priority": 3, "regions": ["33"], "daily_parcels": 10, "cost_minor": 120}
    (first,) = api.post("facility-plans/", {"plans": [plan]}).json()["ids"]
    assert api.post("facility-plans/", {"plans": [plan | {"regions": []}]}).json()["ids"] == [first]
    assert api.get(f"facility-plans/{first}/").json()["regions"] == []
    assert api.post("facility-plans/", {"plans": [plan | {"regions": ["3x"]}]}).json()["code"] == "bad_rule"
    carrier: dict[str, Any] = {
        "code": "SF",
        "name": "顺丰",
        "weight_g": 30_000,
        "prices": [{"first_minor": 1_200}],
    }
    (id_,) = api.post("carriers/", {"carriers": [carrier]}).json()["ids"]
    row = api.get(f"carriers/{id_}/").json()
    assert (row["weight_g"], row["prices"][0]["first_minor"], row["prices"][0]["step_g"]) == (
        30_000,
        1_200,
        1_000,
    )
    api.post("carriers/", {"carriers": [{"id": id_, "code": "SF", "name": "顺丰标快"}]})
    (row,) = api.all("carriers/", code="SF")
    assert (row["name"], len(row["prices"])) == ("顺丰标快", 1)
    assert api.post("carriers/", {"carriers": [carrier]}).json()["code"] == "bad_carrier"
    with tenant(tenant_id):
        assert FacilityPlan.objects.count() == 1
