"""Suppliers, purchase orders, receipts for them, safety stock, proposals and transfers over REST."""

from typing import Any

import pytest

from core.tenancy import tenant
from inventory.models import BinKind
from tests import builders as make
from tests import laws
from tests.api.client import Api


@pytest.fixture
def places(tenant_id: int) -> dict[str, int]:
    with tenant(tenant_id):
        near, far = make.make_facility(code="HZ"), make.make_facility(code="SH")
        ids = {"near": near, "far": far, "bin": make.make_bin(near, code="A-01")}
        make.make_bin(far, BinKind.RECEIVING, code="R-01")
        ids["sku"] = make.make_sku(code="TEA", barcodes=["6970000012379"])
        ids["milk"] = make.make_sku(code="MILK")
    return ids


def ok(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def order(api: Api, quantity: int = 10, **more: object) -> dict[str, Any]:
    ok(api.post("suppliers/", {"suppliers": [{"code": "QX", "name": "清溪乳业"}]}))
    lines = [{"sku": "6970000012379", "quantity": quantity, "price": "12.50"}]
    body = {"supplier": "QX", "facility": "HZ", "is_open": True, "lines": lines, **more}
    found: dict[str, Any] = ok(api.post("purchases/", body))
    return found


def delivery(number: str, quantity: int, **more: object) -> dict[str, Any]:
    lines = [{"sku": "TEA", "lot": "T-1", "bin": "A-01", "quantity": quantity, "supplier_lot": "S-9"}]
    reference = make.unique("N-")
    return {"reference": reference, "facility": "HZ", "purchase": number, "lines": lines, **more}


def test_an_order_is_made_filled_and_closed(
    api: Api, stranger: Api, tenant_id: int, places: dict[str, int]
) -> None:
    made = order(api, expected_on="2020-01-01")
    assert (made["status"], made["lines"][0]["sku"], made["lines"][0]["price"]) == ("OPEN", "TEA", "12.50")
    assert [row["number"] for row in api.all("purchases/", is_overdue="true")] == [made["number"]]
    assert api.all("purchases/", status="DRAFT") == []
    assert stranger.get(f"purchases/{made['id']}/").status_code == 404
    first = ok(api.post("receipts/", delivery(made["number"], 4)))
    assert (first["over_units"], first["is_order_closed"]) == (0, False)
    refused = api.post("receipts/", delivery(made["number"], 7))
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["code"] == "over_delivered"
    assert problem["fields"]["lines"] == [{"sku": "TEA", "expected": 10, "received": 11, "over": 1}]
    last = ok(api.post("receipts/", delivery(made["number"], 7, accept_over=True)))
    assert (last["over_units"], last["is_order_closed"]) == (1, True)
    row = ok(api.get(f"purchases/{made['id']}/"))
    assert (row["status"], row["lines"][0]["received"]) == ("CLOSED", 11)
    assert ok(api.get(f"receipts/{last['receipt_id']}/"))["purchase_id"] == made["id"]
    assert api.post("receipts/", delivery("PO-0", 1)).status_code == 422
    assert not laws.broken(tenant_id, "inventory")


def test_an_order_changes_its_state_by_commands(api: Api, places: dict[str, int]) -> None:
    draft = order(api, is_open=False)
    assert api.post(f"purchases/{draft['id']}/close/").status_code == 409
    assert ok(api.post(f"purchases/{draft['id']}/open/"))["status"] == "OPEN"
    assert ok(api.post(f"purchases/{draft['id']}/open/"))["status"] == "OPEN"
    assert ok(api.post(f"purchases/{draft['id']}/cancel/"))["status"] == "CANCELLED"
    assert api.post("purchases/999/open/").status_code == 404


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"supplier": "NO"}, "/supplier"),
        ({"facility": "NO"}, "/facility"),
        ({"lines": [{"sku": "TEA", "quantity": 1}, {"sku": "NO", "quantity": 1}]}, "/lines/1/sku"),
        ({"lines": [{"sku": "TEA", "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "TEA", "quantity": 1, "price": "-1"}]}, "/lines/0/price"),
        ({"lines": [{"sku": "TEA", "quantity": 1}] * 2}, "/lines"),
        ({"lines": []}, "/lines"),
    ],
)
def test_a_wrong_order_names_its_places(
    api: Api, places: dict[str, int], change: dict[str, object], place: str
) -> None:
    ok(api.post("suppliers/", {"suppliers": [{"code": "QX", "name": "清溪"}]}))
    body = {"supplier": "QX", "facility": "HZ", "lines": [{"sku": "TEA", "quantity": 1}]}
    answer = api.post("purchases/", body | change)
    assert answer.status_code == 422
    assert any(place in error["pointer"] for error in answer.json()["errors"]), answer.json()


def test_suppliers_are_saved_and_archived(api: Api, places: dict[str, int]) -> None:
    rows = [{"code": "A", "name": "甲", "lead_days": 3}, {"code": "B", "name": "乙"}]
    assert ok(api.post("suppliers/", {"suppliers": rows}))["saved"] == 2
    assert api.post("suppliers/", {"suppliers": [rows[0], rows[0]]}).status_code == 422
    first = api.all("suppliers/", code="A")[0]
    assert first["lead_days"] == 3
    assert ok(api.post(f"suppliers/{first['id']}/archive/"))["is_active"] is False
    assert [row["code"] for row in api.all("suppliers/", is_active="true")] == ["B"]
    assert ok(api.post(f"suppliers/{first['id']}/restore/"))["is_active"] is True
    assert api.post("suppliers/999/archive/").status_code == 404


def test_what_is_missing_is_proposed(api: Api, places: dict[str, int]) -> None:
    rows = [{"facility": "HZ", "sku": "TEA", "minimum": 5, "target": 20}]
    assert ok(api.post("safety-stock/", {"rows": rows}))["changed"] == 1
    assert [row["target"] for row in api.all("safety-stock/", facility=places["near"])] == [20]
    (proposal,) = ok(api.get("purchase-proposals/"))["items"]
    assert (proposal["quantity"], proposal["minimum"], proposal["supplier_id"]) == (20, 5, None)
    order(api, 12)
    assert ok(api.get("purchase-proposals/"))["items"] == [], "12 of at least 5 are on order"
    for wrong in (
        {"facility": "NO", "sku": "TEA", "minimum": 1, "target": 2},
        {"facility": "HZ", "sku": "NO", "minimum": 1, "target": 2},
        {"facility": "HZ", "sku": "TEA", "minimum": 3, "target": 2},
    ):
        assert api.post("safety-stock/", {"rows": [wrong]}).status_code == 422


def test_a_transfer_goes_its_way(api: Api, stranger: Api, tenant_id: int, places: dict[str, int]) -> None:
    with tenant(tenant_id):
        lot = make.make_stock(places["bin"], places["sku"], 10, lot="T-1")
    body = {"from_facility": "HZ", "to_facility": "SH", "lines": [{"sku": "TEA", "quantity": 8}]}
    paper = ok(api.post("transfers/", body))
    path = f"transfers/{paper['id']}/"
    assert (paper["status"], paper["items"]) == ("DRAFT", [])
    assert stranger.post(f"{path}send/").status_code == 404
    picks = [{"lot_id": lot, "bin": "NO", "quantity": 8}]
    assert api.post(f"{path}send/", {"picks": picks}).status_code == 422
    sent = ok(api.post(f"{path}send/", {"picks": [picks[0] | {"bin": "A-01"}]}))
    assert [(item["lot"], item["sent"]) for item in sent["items"]] == [("T-1", 8)]
    assert api.post(f"{path}send/").json()["code"] == "wrong_state"
    came = {"arrivals": [{"lot_id": lot, "bin": "R-01", "quantity": 5}]}
    assert ok(api.post(f"{path}arrive/", came, key="same"))["items"][0]["arrived"] == 5
    assert ok(api.post(f"{path}arrive/", came, key="same"))["items"][0]["arrived"] == 5
    lost = {"lost": [{"lot_id": lot, "quantity": 1}]}
    assert api.post(f"{path}arrive/", lost).json()["code"] == "reason_missing"
    assert ok(api.post(f"{path}arrive/", lost | {"reason": "破损"}))["items"][0]["lost"] == 1
    assert api.post(f"{path}cancel/", {"bin": "NO"}).status_code == 422
    assert ok(api.post(f"{path}cancel/"))["status"] == "CANCELLED"
    assert [row["id"] for row in api.all("transfers/", status="CANCELLED", to_facility=places["far"])] == [
        paper["id"]
    ]
    for change in ({"from_facility": "NO"}, {"to_facility": "HZ"}, {"lines": [{"sku": "NO", "quantity": 1}]}):
        assert api.post("transfers/", body | change).status_code in (404, 422)
    assert not laws.broken(tenant_id, "inventory")
