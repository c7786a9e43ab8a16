"""Warnings over REST."""

from datetime import timedelta

from core import clock
from core.tenancy import tenant
from inventory.services.safety import SafetyInput, save_safety
from tests import builders as make
from tests.api.client import Api


def test_each_kind_is_a_list_by_cursor(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku(code="MILK")
        bin_id = make.make_bin(facility)
        for days in (-1, 3, 4, 5):
            make.make_stock(bin_id, sku, 2, lot=f"D{days}", expires_on=clock.today() + timedelta(days))
        save_safety(rows=[SafetyInput(facility, sku, 7, 9)], actor_id=None)
    (expired,) = api.all("stock-warnings/", kind="EXPIRED")
    assert (expired["lot"], expired["units"], expired["days"]) == ("D-1", 2, -2)
    near = api.all("stock-warnings/", kind="NEAR_EXPIRY", limit=2)
    assert [(row["lot"], row["stage"]) for row in near] == [("D3", 7), ("D4", 7), ("D5", 7)]
    (low,) = api.all("stock-warnings/", kind="LOW_STOCK", facility=facility)
    assert (low["sku"], low["units"], low["at_risk"], low["lot_id"]) == ("MILK", 6, 1, None)
    assert [row["at_risk"] for row in api.all("stock-warnings/", kind="SELLING_OUT", limit=1)] == [2, 2, 2]
    assert api.all("stock-warnings/", kind="AGEING", stage=365) == []
    assert api.all("stock-warnings/", kind="EXPIRED", facility=1) == []
    assert api.all("stock-warnings/", kind="EXPIRED", category="没有") == []


def test_what_cannot_be_understood_is_refused(api: Api) -> None:
    assert api.get("stock-warnings/").status_code == 422
    assert api.get("stock-warnings/", kind="NOPE").status_code == 422
    assert api.get("stock-warnings/", kind="EXPIRED", kinds="x").json()["code"] == "unknown_parameter"
    assert api.get("stock-warnings/", kind="EXPIRED", cursor="x").json()["code"] == "bad_cursor"


def test_nothing_of_another_tenant(api: Api, stranger: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        make.make_stock(make.make_bin(facility), make.make_sku(), 1, expires_on=clock.today() - timedelta(1))
    assert len(api.all("stock-warnings/", kind="EXPIRED")) == 1
    assert stranger.all("stock-warnings/", kind="EXPIRED", facility=facility) == []
