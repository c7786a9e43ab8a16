"""Receivers in clear over REST: a scope of its own, a limit, and an answer that is kept sealed."""

import pytest

from core import options
from core.models import AuditEntry, IdempotentRequest
from core.tenancy import tenant
from orders import options as settings
from orders.models import Order, Unmasking
from orders.services import pipeline
from tests import laws
from tests.api.client import Api
from tests.builders import (
    incoming,
    make_bin,
    make_channel,
    make_facility,
    make_sku,
    make_stock,
    make_token,
    receiver,
)

TO = receiver()
WORDS = (TO.name, TO.phone, TO.street)


@pytest.fixture
def ids(tenant_id: int) -> list[int]:
    with tenant(tenant_id):
        facility_id = make_facility()
        make_stock(make_bin(facility_id), make_sku(code="S"), 100)
        channel_id = make_channel(facility_id)
    batch = [incoming(("S", 1), number=f"N{n}", to=TO) for n in range(3)]
    found = pipeline.push(tenant_id=tenant_id, channel_id=channel_id, incoming=batch).order_ids or {}
    return [found[one.external_number] for one in batch]


def asked(ids: list[int], **more: object) -> dict[str, object]:
    return {"order_ids": ids, "reason": "DELIVERY", **more}


def test_receivers_come_in_the_order_asked_for(api: Api, tenant_id: int, ids: list[int]) -> None:
    answer = api.post("orders/unmask/", asked([ids[2], ids[0]], note="呼叫中心"))
    assert answer.status_code == 200, answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    plain = {name: getattr(TO, name) for name in ("name", "phone", "province", "city", "district", "street")}
    assert answer.json() == {
        "orders": [
            {"order_id": ids[n], "number": f"N{n}", "receiver": plain | {"is_masked": False}, "source": "STORED", "gap": None}
            for n in (2, 0)
        ],
        "left": 48,
        "limit": 50,
    }  # fmt: skip
    with tenant(tenant_id):
        key = int(api.token.split("_")[2])
        assert set(Unmasking.objects.values_list("user_id", "api_key", "note")) == {(None, key, "呼叫中心")}
        assert {entry.detail["api_key"] for entry in AuditEntry.objects.filter(action="unmask")} == {key}
    assert laws.broken(tenant_id, "orders.unmasked") == []


def test_a_key_needs_the_scope_by_name(tenant_id: int, ids: list[int]) -> None:
    with tenant(tenant_id):
        weak = Api(make_token("orders:read", "orders:write"))
        only = Api(make_token("orders:unmask"))
    refused = weak.post("orders/unmask/", asked(ids))
    assert refused.status_code == 403
    assert "orders:unmask" in refused.json()["detail"]
    assert only.post("orders/unmask/", asked(ids)).status_code == 200
    assert only.get("orders/").status_code == 403


def test_a_request_sent_again_is_one_unmasking_and_its_answer_is_kept_sealed(
    api: Api, tenant_id: int, ids: list[int]
) -> None:
    first = api.post("orders/unmask/", asked(ids), key="k1")
    again = api.post("orders/unmask/", asked(ids), key="k1")
    assert again["Idempotency-Replayed"] == "true"
    assert again["Cache-Control"] == "no-store"
    assert first.content == again.content
    assert all(word in first.content.decode() for word in WORDS)
    with tenant(tenant_id):
        assert Unmasking.objects.count() == 3
        kept = IdempotentRequest.objects.get().response
    assert kept.startswith("sealed:")
    assert not [word for word in WORDS if word in kept]
    assert api.post("orders/unmask/", asked(ids[:1]), key="k1").status_code == 409


def test_the_limit_is_a_conflict_with_what_is_left(api: Api, tenant_id: int, ids: list[int]) -> None:
    with tenant(tenant_id):
        options.put(settings.UNMASK_LIMIT, 2)
    refused = api.post("orders/unmask/", asked(ids), key="k1")
    assert (refused.status_code, refused.json()["code"]) == (409, "unmask_limit")
    assert refused.json()["fields"] == {"limit": 2, "left": 2}
    assert api.post("orders/unmask/", asked(ids[:2])).json()["left"] == 0
    assert api.post("orders/unmask/", asked(ids)).status_code == 409
    with tenant(tenant_id):
        assert Unmasking.objects.count() == 2
        options.put(settings.UNMASK_LIMIT, 3)
    assert api.post("orders/unmask/", asked(ids), key="k1").status_code == 200, (
        "refused before, mended, sent again"
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"order_ids": [], "reason": "RISK"}, 422),
        ({"order_ids": list(range(1, 102)), "reason": "RISK"}, 422),
        ({"order_ids": [1]}, 422),
        ({"order_ids": [1], "reason": "WHIM"}, 422),
        ({"order_ids": [1], "reason": "OTHER"}, 422),
        ({"order_ids": [1], "reason": "RISK", "note": "长" * 201}, 422),
        ({"order_ids": ["x"], "reason": "RISK"}, 422),
        ({"order_ids": [1], "reason": "RISK"}, 404),
        ({"order_ids": 7, "reason": "RISK"}, 422),
        (b"[]", 422),
        (b"{", 400),
        (b"", 422),
        (b"[" * 100_000, 400),
    ],
)
def test_what_cannot_be_done_is_a_problem(api: Api, body: object, status: int) -> None:
    answer = api.post("orders/unmask/", body)
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"


def test_another_merchants_orders_are_not_there(stranger: Api, tenant_id: int, ids: list[int]) -> None:
    answer = stranger.post("orders/unmask/", asked(ids))
    assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")
    assert not [word for word in WORDS if word in answer.content.decode()]
    with tenant(tenant_id):
        assert not Unmasking.objects.exists()
        assert Order.objects.count() == 3


def test_orders_over_the_api_stay_masked(api: Api, ids: list[int]) -> None:
    api.post("orders/unmask/", asked(ids))
    for path in ("orders/", f"orders/{ids[0]}/"):
        assert not [word for word in (TO.phone, TO.street) if word in api.get(path).content.decode()]


def test_strangers_and_wrong_methods(tenant_id: int, api: Api) -> None:
    assert Api("").post("orders/unmask/", {}).status_code == 401
    assert Api("cf_1_1_aaaaaaaaaaaaaaaaaaaaaaaaaaaa").post("orders/unmask/", {}).status_code == 401
    assert api.get("orders/unmask/").status_code == 405
