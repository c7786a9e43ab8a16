"""Places and the papers of the floor over REST: named by their codes, all or none, each mistake at its place."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock, options
from core.tenancy import tenant
from inventory.models import Adjustment, Balance, Bin, BinKind, Facility, Hold
from inventory.options import APPROVAL_UNITS
from tests import builders as make
from tests.api.client import Api
from tests.inventory.services import stock


class House:
    """One facility with a dock and a shelf, and milk on both."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        with tenant(tenant_id):
            self.facility = make.make_facility(code="WH")
            self.dock = make.make_bin(self.facility, BinKind.RECEIVING, code="DOCK")
            self.shelf = make.make_bin(self.facility, code="A-1")
            self.sku = make.make_sku(code="MILK")
            day = clock.today() + timedelta(days=90)
            self.lot = make.make_stock(self.dock, self.sku, 10, lot="L1", expires_on=day)
            make.make_stock(self.shelf, self.sku, 5, lot="L1", expires_on=day)

    def units(self, bin_id: int) -> int:
        with tenant(self.tenant_id):
            return Balance.objects.get(bin=bin_id, lot=self.lot).on_hand


@pytest.fixture
def house(tenant_id: int) -> House:
    return House(tenant_id)


def test_facilities_are_saved_by_code(api: Api, tenant_id: int) -> None:
    body = {"facilities": [{"code": "ST-1", "name": "徐汇店", "kind": "STORE", "lat_e6": 31_200_000, "lng_e6": 121_400_000}]}  # fmt: skip
    made = api.post("facilities/", body).json()
    assert made["saved"] == 1
    body["facilities"][0] |= {"name": "徐汇二店", "opens_at": "09:00", "closes_at": "21:30"}
    assert api.post("facilities/", body).json() == made
    (row,) = api.all("facilities/", code="ST-1")
    assert (row["name"], row["opens_at"], row["kind"]) == ("徐汇二店", "09:00:00", "STORE")
    for wrong in ({"lat_e6": 1}, {"opens_at": "09:00"}, {"lat_e6": 91_000_000, "lng_e6": 0}, {"name": ""}):
        answer = api.post("facilities/", {"facilities": [{"code": "X", "name": "X", **wrong}]})
        assert answer.status_code == 422, wrong
    twice = [{"code": "X", "name": "X"}] * 2
    assert api.post("facilities/", {"facilities": twice}).status_code == 422


def test_a_facility_with_stock_is_not_archived(api: Api, house: House) -> None:
    answer = api.post(f"facilities/{house.facility}/archive/")
    assert (answer.status_code, answer.json()["code"]) == (409, "facility_in_use")
    with tenant(house.tenant_id):
        empty = make.make_facility()
    assert api.post(f"facilities/{empty}/archive/").json()["is_active"] is False
    assert [row["id"] for row in api.all("facilities/", is_active="false")] == [empty]
    assert api.post(f"facilities/{empty}/restore/").json()["is_active"] is True


def test_bins_by_pattern_are_previewed_then_made_once(api: Api, house: House) -> None:
    body: dict[str, Any] = {"facility": "WH", "pattern": "A-{1..3}", "kind": "STORAGE", "is_preview": True}
    assert api.post("bins/pattern/", body).json() == {
        "count": 3, "first": "A-1", "last": "A-3", "clashes": ["A-1"], "is_made": False,
    }  # fmt: skip
    body |= {"is_preview": False}
    refused = api.post("bins/pattern/", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "bins_exist")
    body |= {"pattern": "B-{1..2}-{1..2}", "is_serpentine": True, "first_sequence": 100, "zone": "B"}
    assert api.post("bins/pattern/", body, key="k").json()["count"] == 4
    assert api.post("bins/pattern/", body, key="k").json()["count"] == 4
    rows = api.all("bins/", facility=house.facility, zone="B", sort="sequence")
    assert [(row["code"], row["sequence"]) for row in rows] == [
        ("B-1-1", 100), ("B-1-2", 110), ("B-2-2", 120), ("B-2-1", 130),
    ]  # fmt: skip
    for pattern in ("A-{1..", "{9..1}", "{1..99999}", "A 1"):
        answer = api.post("bins/pattern/", {"facility": "WH", "pattern": pattern})
        assert answer.status_code == 422, pattern
    assert api.post("bins/pattern/", {"facility": "NOPE", "pattern": "A"}).status_code == 422


def test_bins_are_made_changed_archived_many_at_once(api: Api, house: House) -> None:
    bins = [{"code": f"C-{n}", "kind": "PICK", "sequence": n} for n in range(3)]
    assert api.post("bins/", {"facility": "WH", "bins": bins}).json()["created"] == 3
    assert api.post("bins/", {"facility": "WH", "bins": bins}).status_code == 409
    change = {"facility": "WH", "bins": ["C-2", "C-0"], "kind": "STORAGE", "first_sequence": 7, "step": 1}
    assert api.post("bins/change/", change).json()["bins"] == 2
    rows = {row["code"]: row for row in api.all("bins/", facility=house.facility)}
    assert (rows["C-2"]["sequence"], rows["C-0"]["sequence"], rows["C-0"]["kind"]) == (7, 8, "STORAGE")
    assert rows["C-1"]["kind"] == "PICK"
    unknown = api.post("bins/archive/", {"facility": "WH", "bins": ["C-1", "ZZ"]})
    assert unknown.status_code == 422
    assert "ZZ" in unknown.content.decode()
    in_use = api.post("bins/archive/", {"facility": "WH", "bins": ["C-1", "A-1"]})
    assert (in_use.status_code, in_use.json()["code"]) == (409, "bins_in_use")
    assert api.post("bins/archive/", {"facility": "WH", "bins": ["C-1"]}).json() == {"bins": 1}
    assert [row["code"] for row in api.all("bins/", is_active="false")] == ["C-1"]
    assert api.post("bins/restore/", {"facility": "WH", "bins": ["C-1"]}).json() == {"bins": 1}


def test_a_bin_that_stops_selling_says_what_it_cost(api: Api, house: House) -> None:
    with tenant(house.tenant_id):
        stock.must_reserve(house.facility, (house.sku, 5))
    answer = api.post("bins/change/", {"facility": "WH", "bins": ["A-1"], "kind": "DAMAGED"})
    assert answer.json() == {"bins": 1, "reallocated_units": 0, "short_owners": 0, "broken_owners": 1}


def test_goods_on_the_dock_are_offered_a_bin_and_moved_there(api: Api, house: House) -> None:
    waiting = api.get(f"facilities/{house.facility}/put-away/").json()
    assert waiting == {
        "items": [
            {
                "sku_id": house.sku, "lot_id": house.lot, "from_bin_id": house.dock, "quantity": 10,
                "to_bin_id": house.shelf, "to_bin": "A-1", "why": "SAME_LOT",
            }
        ],
        "is_cut": False,
    }  # fmt: skip
    line = {"sku": "MILK", "lot": "L1", "quantity": 10, "from_bin": "DOCK", "to_bin": "A-1"}
    done = api.post("bin-moves/", {"facility": "WH", "lines": [line]}).json()
    assert done["units"] == 10
    (move,) = api.all("moves/", document=done["document_id"])
    assert move["kind"] == "TRANSFER"
    assert house.units(house.shelf) == 15
    assert api.get(f"facilities/{house.facility}/put-away/").json()["items"] == []
    short = api.post("bin-moves/", {"facility": "WH", "lines": [line]})
    assert (short.status_code, short.json()["code"]) == (409, "stock_short")
    wrong = {"sku": "NOPE", "lot": "L1", "quantity": 1, "from_bin": "ZZ", "to_bin": "A-1"}
    answer = api.post("bin-moves/", {"facility": "WH", "lines": [line, wrong]})
    assert answer.status_code == 422


def adjustment(**line: Any) -> dict[str, Any]:
    whole = {"sku": "MILK", "lot": "L1", "bin": "A-1", "delta": -2, **line}
    return {"facility": "WH", "reason": "DAMAGED", "lines": [whole]}


def test_an_adjustment_is_posted_within_the_limit_and_waits_over_it(api: Api, house: House) -> None:
    with tenant(house.tenant_id):
        options.put(APPROVAL_UNITS, 2)
    done = api.post("adjustments/", adjustment(), key="k").json()
    assert api.post("adjustments/", adjustment(), key="k").json() == done
    assert (done["status"], house.units(house.shelf)) == ("POSTED", 3)
    waits = api.post("adjustments/", adjustment(delta=-3)).json()
    assert (waits["status"], house.units(house.shelf)) == ("PENDING", 3)
    (row,) = api.all("adjustments/", status="PENDING")
    assert row["number"] == waits["number"]
    assert [line["delta"] for line in row["lines"]] == [-3]
    assert api.get(f"adjustments/{done['adjustment_id']}/").json()["status"] == "POSTED"


def test_found_goods_may_bring_a_new_lot(api: Api, house: House) -> None:
    body = adjustment(lot="NEW", delta=4, expires_on="2030-01-01") | {"reason": "FOUND"}
    assert api.post("adjustments/", body).json()["status"] == "POSTED"
    (lot,) = api.all("lots/", code="NEW")
    assert lot["expires_on"] == "2030-01-01"
    differs = adjustment(lot="NEW", delta=4, expires_on="2031-01-01") | {"reason": "FOUND"}
    assert api.post("adjustments/", differs).json()["code"] == "lot_differs"


def test_what_an_adjustment_refuses(api: Api, house: House) -> None:
    for line in ({"sku": "NOPE"}, {"lot": "NOPE"}, {"bin": "NOPE"}, {"delta": 0}, {"delta": 5}):
        assert api.post("adjustments/", adjustment(**line)).status_code == 422, line
    assert api.post("adjustments/", adjustment() | {"reason": "COUNT"}).status_code == 422
    assert api.post("adjustments/", adjustment() | {"reason": "OTHER"}).json()["code"] == "note_missing"
    assert api.post("adjustments/", adjustment(delta=-6)).json()["code"] == "stock_short"
    with tenant(house.tenant_id):
        assert not Adjustment.objects.exists()


def test_places_are_held_and_cleared_one_by_one(api: Api, house: House) -> None:
    order = {"document": "QC-1", "reason": "温度超标", "kind": "QUARANTINE"}
    places = [{"facility": "WH"}, {"facility": "WH", "bin": "A-1", "sku": "MILK", "lot": "L1"}]
    ids = api.post("holds/places/", order | {"places": places}).json()["hold_ids"]
    assert len(ids) == 2
    for hold_id in ids:
        assert api.post(f"holds/{hold_id}/clear/").status_code == 200
    with tenant(house.tenant_id):
        assert not Hold.objects.filter(cleared_at=None).exists()
    for wrong in ({"facility": "NOPE"}, {"facility": "WH", "bin": "NOPE"}, {"facility": "WH", "lot": "L1"}):
        assert api.post("holds/places/", order | {"places": [wrong]}).status_code == 422, wrong


def test_another_merchant_reaches_nothing(house: House, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        stranger = Api(make.make_token())
    assert stranger.get(f"facilities/{house.facility}/put-away/").status_code == 404
    assert stranger.post(f"facilities/{house.facility}/archive/").status_code == 404
    assert stranger.post("bins/change/", {"facility": "WH", "bins": ["A-1"], "zone": "x"}).status_code == 422
    assert stranger.post("adjustments/", adjustment()).status_code == 422
    with tenant(house.tenant_id):
        assert Facility.objects.get(id=house.facility).is_active
        assert Bin.objects.get(id=house.shelf).zone == ""
