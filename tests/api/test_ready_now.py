"""Part of an order now over REST: seen, sent, taken back; bodies that are none are refused."""

import pytest

from core.tenancy import tenant
from orders.services import pipeline
from tests import laws
from tests.api.client import Api
from tests.builders import incoming, make_bin, make_channel, make_facility, make_sku, make_stock
from tests.orders.services.scene import parcels


@pytest.fixture
def order(tenant_id: int) -> int:
    """Three of it, two are there."""
    with tenant(tenant_id):
        facility_id = make_facility()
        make_stock(make_bin(facility_id), make_sku(code="S"), 2)
        channel_id = make_channel(facility_id)
    found = pipeline.push(
        tenant_id=tenant_id, channel_id=channel_id, incoming=[incoming(("S", 3), number="N")]
    )
    return (found.order_ids or {})["N"]


def test_seen_sent_and_taken_back(api: Api, tenant_id: int, order: int) -> None:
    answer = api.post("orders/ready-now/preview/", {"order_ids": [order]})
    assert answer.status_code == 200, answer.content.decode()
    (one,) = answer.json()["orders"]
    (parcel,) = one["parcels"]
    assert [item["units"] for item in parcel["items"]] == [2]
    assert ([item["units"] for item in one["waits"]], one["findings"]) == ([1], ["STOCK_SHORT"])
    with tenant(tenant_id):
        assert parcels("N") == []
    sent = api.post("orders/ready-now/", {"order_ids": [order]}, key="part-1")
    assert sent.json() == {"in_part": [order], "whole": [], "stopped": []}
    assert api.post("orders/ready-now/", {"order_ids": [order]}, key="part-1").json() == sent.json()
    with tenant(tenant_id):
        assert [sum(box.values()) for box in parcels("N")] == [2]
    assert laws.broken(tenant_id) == []
    back = api.post("orders/ready-now/back/", {"order_ids": [order, 1]}, key="part-2")
    assert back.json() == {"order_ids": [order], "left": [1]}
    with tenant(tenant_id):
        assert parcels("N") == []
    assert laws.broken(tenant_id) == []


@pytest.mark.parametrize(
    "bad", [{}, {"order_ids": []}, {"order_ids": ["x"]}, {"order_ids": [2**60]}, {"order_ids": 7}]
)
def test_a_body_that_is_none_is_refused(api: Api, bad: dict[str, object]) -> None:
    for path in ("", "preview/", "back/"):
        assert api.post(f"orders/ready-now/{path}", bad, key=f"k-{path}").status_code == 422


def test_an_order_that_is_not_there_is_nothing_to_do(api: Api) -> None:
    assert api.post("orders/ready-now/preview/", {"order_ids": [1]}).json() == {"orders": []}
    sent = api.post("orders/ready-now/", {"order_ids": [1]}, key="k")
    assert sent.json() == {"in_part": [], "whole": [], "stopped": []}
