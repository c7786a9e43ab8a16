"""Refunds, returns and exchanges over REST."""

from typing import Any

from core.tenancy import tenant
from orders.models import OrderLine
from tests import laws
from tests.api.client import Api
from tests.api.test_flow import order, stocked


def pushed(api: Api, tenant_id: int) -> tuple[int, int]:
    """An order of 3 S, and its line."""
    stocked(api, tenant_id)
    done = api.post("orders/", {"channel": "SHOP", "orders": [order("T1", ("S", 3))]}).json()
    order_id = int(done["order_ids"]["T1"])
    with tenant(tenant_id):
        return order_id, OrderLine.objects.get(order=order_id).id


def refund(order_id: int, **more: Any) -> dict[str, Any]:
    return {"order_id": order_id, "external_id": "RF1", "amount": "10.00", **more}


def test_a_refund_keeps_units_back_and_is_answered(api: Api, tenant_id: int) -> None:
    order_id, line_id = pushed(api, tenant_id)
    body = refund(order_id, lines=[{"line_id": line_id, "units": 1}])
    asked = api.post("refunds/", body)
    assert asked.status_code == 200, asked.content.decode()
    row = asked.json()
    assert (row["state"], row["amount"], row["currency"]) == ("REQUESTED", "10.00", "CNY")
    assert row["lines"] == [{"order_line_id": line_id, "withdrawn": 1, "late": 0}]
    assert api.post("refunds/", body).json()["id"] == row["id"]
    assert api.post("refunds/", refund(order_id, external_id="RF2", amount="20.01")).status_code == 409
    assert (
        api.post("refunds/", refund(order_id, external_id="RF3", lines=[{"line_id": 1}])).status_code == 422
    )
    assert api.post(f"refunds/{row['id']}/agree/", {}).json()["state"] == "AGREED"
    assert api.post(f"refunds/{row['id']}/refuse/", {}).status_code == 409
    assert api.post(f"refunds/{row['id']}/finish/", {}).json()["state"] == "DONE"
    assert [one["id"] for one in api.get("refunds/", state="DONE").json()["items"]] == [row["id"]]
    assert laws.broken(tenant_id) == []


def test_a_return_and_an_exchange(api: Api, tenant_id: int) -> None:
    order_id, _line = pushed(api, tenant_id)
    said = api.post("returns/", {"order_id": order_id, "tracking_number": "sf 9"}).json()
    assert (said["tracking_number"], said["state"], said["items"]) == ("SF9", "EXPECTED", [])
    assert api.get(f"returns/{said['id']}/").json() == said
    body = {"order_id": order_id, "kind": "EXCHANGE", "goods": [{"code": "S", "units": 1}], "request": "Q1"}
    first, again = api.post("follow-ups/", body).json(), api.post("follow-ups/", body).json()
    assert (first["number"], again["is_new"], first["order_id"]) == ("T1-R1", False, again["order_id"])
    assert laws.broken(tenant_id) == []


def test_another_tenant_sees_nothing(api: Api, stranger: Api, tenant_id: int) -> None:
    order_id, _line = pushed(api, tenant_id)
    assert stranger.post("refunds/", refund(order_id)).status_code == 404
    assert stranger.post("returns/", {"order_id": order_id, "tracking_number": "X"}).status_code == 404
