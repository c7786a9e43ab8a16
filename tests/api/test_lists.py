"""Lists: pages join without gaps or repeats, filters and sorts are what they say, statements stay few."""

from datetime import date, timedelta

import pytest

from core.tenancy import tenant
from orders.models import OrderStatus
from tests.api.client import Api
from tests.builders import (
    PLACED_AT,
    make_bin,
    make_channel,
    make_facility,
    make_finding,
    make_job,
    make_lot,
    make_order,
    make_order_line,
    make_sku,
    make_stock,
)


def test_pages_join_without_gap_or_repeat(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        for number in range(23):
            make_sku(code=f"S{number:02}", barcodes=[f"69{number:011}"] if number % 2 else [])
    rows = api.all("skus/", limit=5)
    assert [row["code"] for row in rows] == [f"S{number:02}" for number in range(23)]
    assert rows[1]["barcodes"] == ["6900000000001"]
    by_id = api.all("skus/", limit=4, sort="id")
    assert [row["id"] for row in by_id] == sorted(row["id"] for row in rows)


def test_rows_that_come_between_two_pages_neither_repeat_nor_hide_others(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        for code in "BDFH":
            make_sku(code=code)
    first = api.get("skus/", limit=2).json()
    with tenant(tenant_id):
        make_sku(code="A")
        make_sku(code="E")
    second = api.get("skus/", limit=10, cursor=first["next"]).json()
    assert [row["code"] for row in first["items"]] == ["B", "D"]
    assert [row["code"] for row in second["items"]] == ["E", "F", "H"]


def test_equal_sort_values_are_told_apart_by_id(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility_id = make_facility()
        channel_id = make_channel(facility_id)
        ids = [make_order(channel_id, facility_id, ship_by=PLACED_AT) for _ in range(7)]
        later = make_order(channel_id, facility_id, ship_by=PLACED_AT + timedelta(seconds=1))
    rows = api.all("orders/", status="STOPPED", limit=2)
    assert [row["id"] for row in rows] == [*sorted(ids), later]
    back = api.all("orders/", status="STOPPED", limit=2, sort="-ship_by")
    assert [row["id"] for row in back] == [later, *sorted(ids, reverse=True)]


def test_a_cursor_belongs_to_its_list_and_sort(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        for number in range(3):
            make_sku(code=f"S{number}")
        facility_id = make_facility()
        make_bin(facility_id)
    cursor = api.get("skus/", limit=1).json()["next"]
    for path, parameters in (("facilities/", {}), ("skus/", {"sort": "id"})):
        answer = api.get(path, cursor=cursor, **parameters)
        assert answer.status_code == 400
        assert answer.json()["code"] == "bad_cursor"


def test_an_order_shows_money_as_text_and_its_findings(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility_id = make_facility()
        order_id = make_order(make_channel(facility_id), facility_id, amount_minor=102_850)
        make_order_line(order_id, None, 3, code="X-1", price_minor=34_283)
        make_finding(order_id, code="UNKNOWN_SKU")
    row = api.get(f"orders/{order_id}/").json()
    assert (row["amount"], row["currency"], row["status"]) == ("1028.50", "CNY", "STOPPED")
    assert row["lines"][0]["unit_price"] == "342.83"
    assert row["placed_at"].endswith(("+08:00", "Z"))
    assert [finding["code"] for finding in row["findings"]] == ["UNKNOWN_SKU"]
    assert "receiver" not in row
    assert [found["id"] for found in api.all("orders/", finding="UNKNOWN_SKU")] == [order_id]
    assert api.all("orders/", status=OrderStatus.SHIPPED.name) == []


def test_stock_is_found_by_sku_lot_and_bin(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility_id = make_facility()
        bin_id, other_bin = make_bin(facility_id), make_bin(facility_id)
        sku_id, other_sku = make_sku(barcodes=["6901234567892"]), make_sku()
        lot_id = make_stock(bin_id, sku_id, 7, lot="L7", expires_on=date(2026, 1, 31))
        make_stock(other_bin, other_sku, 3)
    balance = api.get("balances/", sku=sku_id).json()["items"]
    assert [(row["lot_id"], row["bin_id"], row["on_hand"], row["allocated"]) for row in balance] == [
        (lot_id, bin_id, 7, 0)
    ]
    assert api.all("balances/", bin=other_bin)[0]["sku_id"] == other_sku
    assert api.all("lots/", code="L7")[0]["expires_on"] == "2026-01-31"
    assert [row["id"] for row in api.all("skus/", barcode="6901234567892")] == [sku_id]
    moves = api.all("moves/", to_balance=balance[0]["id"])
    assert [(row["kind"], row["to_seq"], row["to_after"], row["from_seq"]) for row in moves] == [
        ("RECEIPT", 1, 7, None)
    ]


@pytest.mark.parametrize(
    "path",
    [
        "skus/", "lots/", "facilities/", "bins/", "balances/", "moves/", "holds/", "receipts/", "orders/",
        "channels/", "channel-orders/", "imports/", "parcels/", "waves/", "dispatches/", "offers/", "jobs/",
    ],
)  # fmt: skip
def test_an_empty_list_is_a_list(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content.decode()
    assert answer.json() == {"items": [], "next": None}


def test_the_newest_job_comes_first(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        ids = [make_job() for _ in range(3)]
    assert [row["id"] for row in api.all("jobs/", limit=1)] == ids[::-1]


def test_a_foreign_row_is_not_there(api: Api, stranger: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        lot_id = make_lot(make_sku())
    assert api.get(f"lots/{lot_id}/").status_code == 200
    foreign = stranger.get(f"lots/{lot_id}/")
    missing = stranger.get("lots/123456789/")
    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "fields": None} == {**missing.json(), "fields": None}
