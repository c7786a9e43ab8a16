"""The platform's own ids in a pushed order: in the place of a code, kept where nobody knows them, listed later."""

from typing import Any

import pytest

from core.tenancy import tenant
from orders.models import OrderLine
from tests.api.client import Api
from tests.builders import make_bin, make_channel, make_facility, make_sku, make_stock

PLACED = "2026-06-01T08:30:00+08:00"


@pytest.fixture
def shop(tenant_id: int) -> str:
    with tenant(tenant_id):
        facility_id = make_facility()
        make_stock(make_bin(facility_id), make_sku(code="S"), 100)
        make_channel(facility_id, code="tm1", needs_address=False)
    return "tm1"


def push(api: Api, number: str, **line: object) -> Any:
    one = {"quantity": 1, "unit_price": "1.00", **line}
    order = {"external_number": number, "placed_at": PLACED, "amount": "1.00", "lines": [one]}
    return api.post("orders/", {"channel": "tm1", "orders": [order]})


def test_ids_stand_in_for_a_code_once_the_channel_lists_them(api: Api, tenant_id: int, shop: str) -> None:
    first = push(api, "N1", item="600", variant="601")
    assert first.json()["stopped"] == 1, first.content.decode()
    with tenant(tenant_id):
        line = OrderLine.objects.get()
        assert (line.external_code, line.external_item, line.external_variant) == ("600:601", "600", "601")
    (row,) = api.all("orders/", external_number="N1")[0]["lines"]
    assert (row["sku_id"], row["external_item"], row["external_variant"]) == (None, "600", "601")
    listed = api.post(
        "listings/", {"listings": [{"channel": "tm1", "sku": "S", "item": "600", "variant": "601"}]}
    )
    assert listed.status_code == 200, listed.content.decode()
    second = push(api, "N2", item="600", variant="601")
    assert second.json()["parcels"] == 1
    assert push(api, "N2", item="600", variant="601").json()["unchanged"] == 1


def test_a_line_without_either_is_refused(api: Api, shop: str) -> None:
    answer = push(api, "N1", variant="601")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/orders/0/lines/0/code", "no_goods")


def test_an_order_without_ids_is_the_same_text_as_before_they_could_be_said(api: Api, shop: str) -> None:
    assert push(api, "N1", code="S").json()["created"] == 1
    assert push(api, "N1", code="S", item="", variant="").json()["unchanged"] == 1
