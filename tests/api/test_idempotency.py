"""A request sent again has its effect once and gets the same answer, byte for byte."""

import threading
from typing import Any

from django.db import connections

from core import db
from core.models import IdempotentRequest
from core.tenancy import tenant
from inventory.models import Receipt, Sku
from tests.api.client import Api
from tests.builders import make_bin, make_facility, make_sku

SKUS = {"skus": [{"code": "A", "name": "甲"}, {"code": "B", "name": "乙"}]}


def test_a_repeated_request_is_answered_from_what_was_stored(api: Api, tenant_id: int) -> None:
    first = api.post("skus/", SKUS, key="k1")
    with tenant(tenant_id):
        Sku.objects.filter(code="A").update(name="改过")
    second = api.post("skus/", SKUS, key="k1")
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    with tenant(tenant_id):
        assert Sku.objects.get(code="A").name == "改过"


def test_the_key_of_another_request_is_refused(api: Api) -> None:
    assert api.post("skus/", SKUS, key="k1").status_code == 200
    answer = api.post("skus/", {"skus": SKUS["skus"][:1]}, key="k1")
    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_conflict"


def test_a_refused_request_may_be_mended_and_sent_with_its_key(api: Api, tenant_id: int) -> None:
    assert api.post("skus/", {"skus": [{"code": ""}]}, key="k1").status_code == 422
    with tenant(tenant_id):
        assert not IdempotentRequest.objects.exists()
    assert api.post("skus/", SKUS, key="k1").status_code == 200


def test_two_tenants_may_use_one_key(api: Api, stranger: Api) -> None:
    assert api.post("skus/", SKUS, key="k1").status_code == 200
    answer = stranger.post("skus/", SKUS, key="k1")
    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer


def test_bulk_writes_need_a_key(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}
    for path in ("skus/", "receipts/", "orders/", "waves/"):
        answer = api.client.post(f"/api/v1/{path}", b"{}", content_type="application/json", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["code"] == "idempotency_key_required"


def test_a_key_is_visible_ascii(api: Api) -> None:
    for key in ("k" * 121, "a b", "鲶鱼"):
        headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": key}
        answer = api.client.post("/api/v1/skus/", b"{}", content_type="application/json", headers=headers)
        assert answer.json()["code"] == "idempotency_key_malformed"


def test_two_at_once_have_one_effect(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility_id, sku_id = make_facility(code="WH"), make_sku(code="S")
        make_bin(facility_id, code="A-1")
    line = {"sku": "S", "lot": "L1", "bin": "A-1", "quantity": 5}
    body = {"reference": "R-1", "facility": "WH", "lines": [line]}
    answers: list[Any] = []
    gate = threading.Barrier(4, timeout=20)

    def send() -> None:
        gate.wait()
        answers.append(Api(api.token).post("receipts/", body, key="k1"))
        connections.close_all()

    threads = [threading.Thread(target=send, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sorted("Idempotency-Replayed" in answer for answer in answers) == [False, True, True, True]
    with tenant(tenant_id):
        assert Receipt.objects.count() == 1
        ((units,),) = db.rows(
            "SELECT sum(on_hand)::int FROM inventory_balance WHERE tenant_id = %s AND sku_id = %s",
            tenant_id,
            sku_id,
        )
        assert units == 5
