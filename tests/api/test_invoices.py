"""Invoices over REST: pushed with an order, asked for, issued, reversed; people stay masked until they are asked for."""

from typing import Any

from core.tenancy import tenant
from orders.models import InvoiceRequest
from tests import laws
from tests.api.client import Api
from tests.api.test_flow import order, stocked

NUMBER, RED = "26332000000012345678", "26332000000087654321"


def pushed(api: Api, tenant_id: int, **wish: Any) -> int:
    """An order of 30.00, with an invoice if one is wished for."""
    stocked(api, tenant_id)
    one = order("T1", ("S", 3)) | ({"invoice": wish} if wish else {})
    answer = api.post("orders/", {"channel": "SHOP", "orders": [one]})
    assert answer.status_code == 200, answer.content.decode()
    return int(answer.json()["order_ids"]["T1"])


def test_an_invoice_is_asked_for_issued_and_reversed(api: Api, tenant_id: int) -> None:
    order_id = pushed(api, tenant_id)
    body = {"order_id": order_id, "title": "张小三", "email": "zhang@example.com"}
    asked = api.post("invoice-requests/", body)
    assert asked.status_code == 200, asked.content.decode()
    row = asked.json()
    assert (row["state"], row["kind"], row["amount"], row["currency"]) == (
        "WAITING",
        "PERSON",
        "30.00",
        "CNY",
    )
    assert row["buyer_mask"] == "张** z***@example.com"
    assert api.post("invoice-requests/", body).status_code == 409
    assert api.get(f"invoice-requests/{row['id']}/").json() == row
    assert "张小三" not in api.get("invoice-requests/", state="WAITING").content.decode()
    (buyer,) = api.post("invoice-requests/buyers/", {"ids": [row["id"]]}).json()["buyers"]
    assert (buyer["title"], buyer["email"]) == ("张小三", "zhang@example.com")
    one = {"id": row["id"], "number": NUMBER, "on": "2026-01-02"}
    assert api.post("invoice-requests/reverse/", {"invoices": [one]}).status_code == 409
    assert api.post("invoice-requests/issue/", {"invoices": [one | {"number": "1"}]}).status_code == 422
    assert api.post("invoice-requests/issue/", {"invoices": [one]}).json()["ids"] == [row["id"]]
    red = {"invoices": [one | {"number": RED}], "asks_again": True}
    (again,) = api.post("invoice-requests/reverse/", red).json()["again"]
    given_up = {"ids": [again], "reason": "买家不要了"}
    assert api.post("invoice-requests/cancel/", given_up).json()["ids"] == [again]
    assert api.post("invoice-requests/fail/", given_up).status_code == 409
    assert [i["number"] for i in api.get("invoice-requests/", state="REVERSED").json()["items"]] == [NUMBER]
    assert laws.broken(tenant_id) == []


def test_what_cannot_be_issued_is_refused_or_kept_with_its_problem(api: Api, tenant_id: int) -> None:
    order_id = pushed(api, tenant_id, title="某某公司", kind="COMPANY")
    (row,) = api.get("invoice-requests/", order=order_id).json()["items"]
    assert (row["problem"], row["kind"]) == ("NO_TAX_NUMBER", "COMPANY")
    again = order("T1", ("S", 3)) | {"invoice": {"title": "某某公司", "kind": "COMPANY"}}
    done = api.post("orders/", {"channel": "SHOP", "orders": [again]}).json()
    assert (done["unchanged"], len(api.get("invoice-requests/").json()["items"])) == (1, 1)
    assert api.post("invoice-requests/fail/", {"ids": [row["id"]], "reason": "税号没有"}).status_code == 200
    for wish, status in (
        ({"title": "", "order_id": order_id}, 422),
        ({"title": "x", "kind": "COMPANY", "tax_number": "1", "order_id": order_id}, 422),
        ({"title": "x", "amount": "30.01", "order_id": order_id}, 409),
        ({"title": "x", "amount": "1.001", "order_id": order_id}, 422),
        ({"title": "x", "order_id": 7}, 404),
    ):
        assert api.post("invoice-requests/", wish).status_code == status, wish


def test_an_order_pushed_before_invoices_were_known_is_the_same_order(api: Api, tenant_id: int) -> None:
    pushed(api, tenant_id)
    for one in (order("T1", ("S", 3)), order("T1", ("S", 3)) | {"invoice": None}):
        done = api.post("orders/", {"channel": "SHOP", "orders": [one]}).json()
        assert (done["unchanged"], done["changed"]) == (1, 0)


def test_another_tenant_sees_nothing(api: Api, stranger: Api, tenant_id: int) -> None:
    order_id = pushed(api, tenant_id, title="个人")
    with tenant(tenant_id):
        id_ = InvoiceRequest.objects.get().id
    one = {"id": id_, "number": NUMBER, "on": "2026-01-02"}
    for path, body in (
        ("invoice-requests/", {"order_id": order_id, "title": "x"}),
        ("invoice-requests/issue/", {"invoices": [one]}),
        ("invoice-requests/buyers/", {"ids": [id_]}),
        ("invoice-requests/fail/", {"ids": [id_], "reason": "x"}),
    ):
        assert stranger.post(path, body).status_code == 404, path
    assert stranger.get(f"invoice-requests/{id_}/").status_code == 404
