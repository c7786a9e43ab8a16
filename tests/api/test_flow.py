"""From a pushed order to a shipped parcel, as an integrator does it; the laws hold after every step."""

from typing import Any

from core import invariants, relay
from core.tenancy import tenant
from inventory.models import BinKind, FacilityKind
from tests.api.client import Api
from tests.builders import make_bin, make_channel, make_facility


def order(number: str, *lines: tuple[str, int], phone: str = "13900000001") -> dict[str, Any]:
    return {
        "external_number": number,
        "placed_at": "2026-06-01T08:30:00+08:00",
        "amount": f"{sum(quantity for _code, quantity in lines) * 10}.00",
        "lines": [{"code": code, "quantity": quantity, "unit_price": "10.00"} for code, quantity in lines],
        "receiver": {
            "name": "李雷",
            "phone": phone,
            "province": "上海市",
            "city": "上海市",
            "district": "徐汇区",
            "street": "漕溪北路 88 号",
        },
    }


def assert_laws(tenant_id: int) -> None:
    assert list(invariants.prove(tenant_id)) == []


def stocked(api: Api, tenant_id: int, units: int = 20) -> None:
    """A warehouse with a channel, a cart, and units of SKU S."""
    with tenant(tenant_id):
        facility_id = make_facility(code="WH", kind=FacilityKind.WAREHOUSE)
        make_bin(facility_id, code="A-1")
        make_bin(facility_id, BinKind.TOTE)
        make_bin(facility_id, BinKind.TOTE)
        make_channel(facility_id, code="SHOP")
    sku = {"code": "S", "name": "滤芯", "weight_g": 500, "length_mm": 10, "width_mm": 10, "height_mm": 10}
    assert api.post("skus/", {"skus": [sku]}).json()["saved"] == 1
    line = {"sku": "S", "lot": "L1", "bin": "A-1", "quantity": units, "expires_on": "2099-12-31"}
    got = api.post("receipts/", {"reference": "R-1", "facility": "WH", "lines": [line]}).json()
    assert (got["units"], got["is_new"]) == (units, True)
    again = api.post("receipts/", {"reference": "R-1", "facility": "WH", "lines": [line]}).json()
    assert again == got | {"is_new": False}


def test_push_release_pick_ship(api: Api, tenant_id: int) -> None:
    stocked(api, tenant_id)
    batch = {"channel": "SHOP", "orders": [order("T1", ("S", 2)), order("T2", ("S", 3), phone="13900000002")]}
    pushed = api.post("orders/", batch)
    assert pushed.status_code == 200, pushed.content.decode()
    assert pushed.json() | {"order_ids": None} == {
        "created": 2, "unchanged": 0, "changed": 0, "stopped": 0, "parcels": 2, "order_ids": None,
    }  # fmt: skip
    assert_laws(tenant_id)

    waves = api.post("waves/", {"facility": "WH"}).json()
    assert len(waves["parcel_ids"]) == 2
    assert_laws(tenant_id)
    (wave_id,) = waves["wave_ids"]

    picked = api.post(f"waves/{wave_id}/pick/").json()
    assert (picked["units"], picked["held_parcel_ids"]) == (5, [])
    assert api.post(f"waves/{wave_id}/pick/").json()["units"] == 0
    assert_laws(tenant_id)

    shipped = api.post(f"waves/{wave_id}/ship/").json()
    assert shipped["units"] == 5
    assert api.post(f"waves/{wave_id}/ship/").json()["units"] == 0
    relay.deliver(tenant_id)
    assert_laws(tenant_id)
    assert {row["status"] for row in api.all("orders/", external_number="T1")} == {"SHIPPED"}
    assert {row["status"] for row in api.all("parcels/", wave=wave_id)} == {"SHIPPED"}
    assert sum(row["on_hand"] for row in api.all("balances/")) == 15
    assert {row["kind"] for row in api.all("moves/")} == {"RECEIPT", "PICK", "SHIP"}

    (lot,) = api.all("lots/")
    trace = api.get(f"trace/lots/{lot['id']}/").json()
    equation = trace["equation"]
    assert (equation["received"], equation["on_hand"], equation["shipped"], equation["difference"]) == (
        20,
        15,
        5,
        0,
    )
    left = api.all(f"trace/lots/{lot['id']}/parcels/", limit=1)
    assert {(row["order_number"], row["units"]) for row in left} == {("T1", 2), ("T2", 3)}
    assert all("李雷" not in row["receiver_mask"] for row in left)


def test_the_same_order_again_changes_nothing(api: Api, tenant_id: int) -> None:
    stocked(api, tenant_id)
    batch = {"channel": "SHOP", "orders": [order("T1", ("S", 2))]}
    first = api.post("orders/", batch, key="one").json()
    second = api.post("orders/", batch, key="two").json()
    assert (first["created"], second["created"], second["unchanged"]) == (1, 0, 1)
    assert second["order_ids"] == first["order_ids"]
    assert_laws(tenant_id)


def test_what_is_short_or_unknown_stops_with_its_reason(api: Api, tenant_id: int) -> None:
    stocked(api, tenant_id, units=1)
    batch = {
        "channel": "SHOP",
        "orders": [order("T1", ("S", 2)), order("T2", ("NOPE", 1), phone="13900000003")],
    }
    answer = api.post("orders/", batch).json()
    assert (answer["created"], answer["stopped"], answer["parcels"]) == (2, 2, 0)
    findings = {
        row["number"]: {finding["code"] for finding in row["findings"] if finding["stops"]}
        for row in api.all("orders/", status="STOPPED")
    }
    assert findings["T1"] == {"STOCK_SHORT"}
    assert findings["T2"]
    assert_laws(tenant_id)


def test_a_held_lot_is_neither_promised_nor_picked(api: Api, tenant_id: int) -> None:
    stocked(api, tenant_id)
    api.post("orders/", {"channel": "SHOP", "orders": [order("T1", ("S", 2))]})
    (wave_id,) = api.post("waves/", {"facility": "WH"}).json()["wave_ids"]
    (lot,) = api.all("lots/")
    hold = api.post(f"lots/{lot['id']}/hold/", {"document": "QC-1", "reason": "抽检不合格"}).json()
    assert api.post(f"waves/{wave_id}/pick/").json()["units"] == 0
    late = api.post(
        "orders/", {"channel": "SHOP", "orders": [order("T2", ("S", 1), phone="13900000004")]}
    ).json()
    assert late["stopped"] == 1
    assert_laws(tenant_id)
    assert api.post(f"holds/{hold['hold_id']}/clear/").json()["cleared_at"]
    twice = api.post(f"holds/{hold['hold_id']}/clear/")
    assert (twice.status_code, twice.json()["code"]) == (409, "hold_cleared")
    assert api.post(f"waves/{wave_id}/pick/").json()["units"] == 2
    assert_laws(tenant_id)


def test_unknown_places_and_goods_of_a_receipt_are_named(api: Api, tenant_id: int) -> None:
    stocked(api, tenant_id)
    good = {"sku": "S", "lot": "L2", "bin": "A-1", "quantity": 1}
    lines = [good, good | {"sku": "NOPE"}, good | {"bin": "Z-9", "quantity": 0}, good | {"bin": "Z-9"}]
    answer = api.post("receipts/", {"reference": "R-2", "facility": "WH", "lines": lines})
    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/lines/2/quantity"}
    answer = api.post(
        "receipts/", {"reference": "R-2", "facility": "WH", "lines": [good, lines[1], lines[3]]}
    )
    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/lines/1/sku", "#/lines/2/bin"}
    answer = api.post("receipts/", {"reference": "R-2", "facility": "NOPE", "lines": [good]})
    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/facility"}
    assert len(api.all("receipts/")) == 1


def test_bad_orders_are_refused_whole(api: Api, tenant_id: int) -> None:
    stocked(api, tenant_id)
    sound = order("T1", ("S", 1))
    bad = [
        sound | {"placed_at": "2026-06-01 08:30:00"},
        sound | {"external_number": "T2", "lines": []},
        sound | {"external_number": "T3", "lines": [{"code": "S", "quantity": -1, "unit_price": "1"}]},
        sound | {"external_number": "T4", "amount": "10.001"},
        sound | {"external_number": "T5", "amount": "-1"},
        sound | {"external_number": "T6", "state": "UNPAID"},
        sound | {"external_number": "T7", "placed_at": "9999-12-31T23:59:59+00:00"},
    ]
    for one in bad:
        answer = api.post("orders/", {"channel": "SHOP", "orders": [sound | {"external_number": "T0"}, one]})
        assert answer.status_code == 422, answer.content.decode()
        assert {error["pointer"].split("/")[2] for error in answer.json()["errors"]} == {"1"}
    twice = api.post("orders/", {"channel": "SHOP", "orders": [sound, sound]})
    assert twice.status_code == 422
    assert api.post("orders/", {"channel": "NOPE", "orders": [sound]}).status_code == 422
    assert api.all("orders/") == []


def test_a_barcode_belongs_to_one_sku(api: Api) -> None:
    assert api.post("skus/", {"skus": [{"code": "A", "name": "甲", "barcodes": ["690"]}]}).status_code == 200
    assert api.post("skus/", {"skus": [{"code": "A", "name": "甲", "barcodes": ["690"]}]}).status_code == 200
    answer = api.post("skus/", {"skus": [{"code": "B", "name": "乙", "barcodes": ["690"]}]})
    assert (answer.status_code, answer.json()["code"]) == (409, "barcode_taken")
    assert answer.json()["fields"]["barcodes"] == {"690": "A"}
    assert len(api.all("skus/")) == 1
