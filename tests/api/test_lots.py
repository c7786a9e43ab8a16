"""Lots over REST: dates put right, another lot for what is allocated."""

import json
from typing import Any

import pytest

from core.models import AuditEntry
from core.tenancy import tenant
from tests import builders as make
from tests.api.client import Api
from tests.warehouse.scene import Scene, make_scene


def patch(api: Api, path: str, body: object) -> Any:
    headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": make.unique("key-")}
    return api.client.patch(
        f"/api/v1/{path}", json.dumps(body).encode(), content_type="application/json", headers=headers
    )


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


def test_dates_are_put_right_and_what_is_not_given_stays(api: Api, stranger: Api, scene: Scene) -> None:
    path = f"lots/{scene.lots['M-100']}/"
    before = api.get(path).json()
    answer = patch(api, path, {"expires_on": str(scene.day(60)), "reason": "看错了"})
    assert answer.status_code == 200
    assert answer.json() == {**before, "expires_on": str(scene.day(60))}
    assert api.get(path).json() == answer.json()
    assert answer.json()["supplier_lot"] == "SUP-7"
    assert patch(api, path, {"expires_on": None, "reason": "不过期"}).json()["expires_on"] is None
    with tenant(scene.tenant_id):
        assert AuditEntry.objects.filter(action="correct_lot").count() == 2
    assert patch(stranger, path, {"expires_on": None, "reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"expires_on": "2099-01-01"}, "invalid"),
        ({"expires_on": "soon", "reason": "x"}, "invalid"),
        ({"expires_on": "2024-01-01", "produced_on": "2024-02-01", "reason": "x"}, "bad_dates"),
        ({"supplier_lot": "x" * 41, "reason": "x"}, "invalid"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(api: Api, scene: Scene, body: object, code: str) -> None:
    answer = patch(api, f"lots/{scene.lots['M-100']}/", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_key_that_only_reads_changes_nothing(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        reader = Api(make.make_token("stock:read", "warehouse:read"))
    assert patch(reader, f"lots/{scene.lots['M-100']}/", {"reason": "x"}).status_code == 403
    assert reader.post("allocations/1/change-lot/", {"balance_id": 1}).status_code == 403


def test_the_lots_that_may_be_taken_instead_are_told_with_what_stands_against_each(
    api: Api, stranger: Api, scene: Scene
) -> None:
    scene.order([("MILK-800", 3)])
    scene.release()
    allocation = scene.allocations()[0][0]
    path = f"allocations/{allocation}/lots/"
    offers = api.get(path).json()["items"]
    told = {(one["lot_code"], one["bin_code"]): one for one in offers}
    assert told["M-100", "A-01"]["is_current"] is True
    assert told["M-400", "B-01"]["refusal"] == ""
    assert told["M-400", "B-01"]["available"] == 25
    assert told["M-OLD", "A-01"]["refusal"] != ""
    for one in offers:
        answer = api.post(f"allocations/{allocation}/change-lot/", {"balance_id": one["balance_id"]})
        assert (answer.status_code == 200) == (one["refusal"] == ""), one
        back = api.post(
            f"allocations/{allocation}/change-lot/", {"balance_id": told["M-100", "A-01"]["balance_id"]}
        )
        assert back.status_code == 200
    assert stranger.get(path).status_code == 404
    assert api.get(path, lot="1").status_code == 422


def test_allocated_units_are_taken_from_another_lot(api: Api, stranger: Api, scene: Scene) -> None:
    scene.order([("MILK-800", 3)])
    scene.release()
    ((allocation, lot, _bin, units, parcel),) = scene.allocations()
    assert (lot, units) == ("M-100", 3)
    (row,) = api.all("allocations/", parcel=parcel)
    assert (row["id"], row["quantity"], row["parcel_id"]) == (allocation, 3, parcel)
    with tenant(scene.tenant_id):
        good = make.balance_of(scene.bins["B-01"], scene.lots["M-400"])
        old = make.balance_of(scene.bins["A-01"], scene.lots["M-OLD"])
    path = f"allocations/{allocation}/change-lot/"
    refused = api.post(path, {"balance_id": old})
    assert (refused.status_code, refused.json()["code"]) == (409, "lot_does_not_sell")
    assert api.post(path, {"balance_id": 1}).status_code == 404
    assert api.post(path, {}).status_code == 422
    assert stranger.post(path, {"balance_id": good}).status_code == 404
    for _again in range(2):
        answer = api.post(path, {"balance_id": good})
        assert (answer.status_code, answer.json()["balance_id"]) == (200, good)
    assert [row[1:4] for row in scene.allocations()] == [("M-400", "B-01", 3)]
    assert api.get(f"allocations/{allocation}/").json() == answer.json()
