"""Stock counts over REST: made, counted blind, booked."""

import pytest

from core import db
from core.tenancy import tenant
from inventory.models import Bin, Facility
from tests import builders as make
from tests.api.client import Api


@pytest.fixture
def place(tenant_id: int) -> str:
    """The code of a warehouse with 10 of lot A (barcode 4006381333931) in bin X-1, and an empty bin X-2."""
    with tenant(tenant_id):
        facility = make.make_facility(code="WH")
        sku = make.make_sku(code="TEA", barcodes=["4006381333931"])
        for code in ("X-1", "X-2"):
            make.make_bin(facility, code=code)
        make.make_stock(Bin.objects.get(code="X-1").pk, sku, 10, lot="A")
        return str(Facility.objects.get(id=facility).code)


def make_count(api: Api, **asked: object) -> int:
    answer = api.post("counts/", {"facility": "WH", "name": "月底", **asked})
    assert answer.status_code == 200, answer.content.decode()
    return int(answer.json()["count_id"])


def count_next(api: Api, count_id: int, *lines: dict[str, object]) -> str:
    task = api.post(f"counts/{count_id}/next/").json()["task"]
    answer = api.post(f"count-tasks/{task['id']}/hand-in/", {"round": task["round"], "lines": lines})
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.json()["status"])


def test_a_count_from_the_order_to_the_book(api: Api, place: str, tenant_id: int) -> None:
    count_id = make_count(api)
    found: dict[str, object] = {"sku": "4006381333931", "lot": "A", "quantity": 8}
    assert count_next(api, count_id, found) == "RECOUNT"
    assert count_next(api, count_id) == "AGREED", "the empty bin comes before the recount of his own"
    assert count_next(api, count_id, found) == "AGREED"
    assert api.post(f"counts/{count_id}/next/").json() == {"task": None}
    row = api.get(f"counts/{count_id}/").json()
    assert (row["status"], row["tasks"], row["tasks_done"], row["tasks_disputed"]) == ("REVIEW", 2, 2, 0)
    (result, empty) = api.all("count-results/", count=count_id)
    assert empty["lots"] == []
    (lot,) = result["lots"]
    assert result["bin"] == "X-1"
    assert lot | {"lot_id": 0} == {
        "sku": "TEA", "lot": "A", "lot_id": 0, "book": 10, "counts": [8, 8], "finding": "agreed", "difference": -2,
    }  # fmt: skip
    posted = api.post(f"counts/{count_id}/post/").json()
    assert (posted["tasks"], posted["adjustment"]["status"], posted["again"]) == (2, "POSTED", [])
    again = api.post(f"counts/{count_id}/post/")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    with tenant(tenant_id):
        assert db.rows("SELECT sum(on_hand)::int FROM inventory_balance") == [(8,)]
    assert [row["status"] for row in api.all("counts/", status="POSTED")] == ["POSTED"]


def test_a_task_does_not_tell_what_the_book_says(api: Api, place: str) -> None:
    count_id = make_count(api)
    task = api.post(f"counts/{count_id}/next/", {"bin": "X-1"}).json()["task"]
    assert set(task) == {"id", "count_id", "bin_id", "sku_id", "status", "round", "place", "started_at"}
    assert set(api.get(f"count-tasks/{task['id']}/").json()) == set(task)
    wrong = {"round": 1, "lines": [{"sku": "TEA", "lot": "A", "quantity": 1}]}
    answer = api.post(f"count-tasks/{task['id']}/hand-in/", wrong)
    assert answer.json() == {"status": "RECOUNT", "is_new": True}
    assert api.post(f"count-tasks/{task['id']}/hand-in/", wrong).json() == {
        "status": "RECOUNT",
        "is_new": False,
    }


def test_a_task_is_given_back_and_a_count_cancelled(api: Api, place: str) -> None:
    count_id = make_count(api, bins=["X-1"])
    task = api.post(f"counts/{count_id}/next/").json()["task"]
    assert api.post(f"count-tasks/{task['id']}/give-back/").json()["status"] == "TODO"
    assert api.post(f"counts/{count_id}/cancel/").json()["status"] == "CANCELLED"
    answer = api.post(f"counts/{count_id}/next/")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


def test_three_numbers_are_accepted_or_counted_again(api: Api, place: str) -> None:
    count_id = make_count(api, skus=["TEA"])
    for units in (7, 8, 9):
        status = count_next(api, count_id, {"sku": "TEA", "lot": "A", "quantity": units})
    assert status == "DISPUTED"
    (task,) = api.all("count-tasks/", count=count_id, status="DISPUTED")
    assert api.post(f"counts/{count_id}/post/").json()["code"] == "count_not_done"
    assert api.post(f"counts/{count_id}/recount/", {"task_ids": [task["id"]]}).json() == {"changed": 1}
    assert api.post(f"counts/{count_id}/accept/", {"task_ids": [task["id"]]}).json() == {"changed": 1}
    assert api.get(f"count-tasks/{task['id']}/").json()["status"] == "AGREED"
    assert api.post(f"counts/{count_id}/post/").json()["tasks"] == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"facility": "NO"}, "facility"),
        ({"bins": ["NO"]}, "bins"),
        ({"skus": ["NO"]}, "skus"),
        ({"not_counted_for_days": 0}, "not_counted_for_days"),
    ],
)
def test_what_nobody_knows_is_named(api: Api, place: str, asked: dict[str, object], field: str) -> None:
    answer = api.post("counts/", {"facility": "WH", **asked})
    assert answer.status_code == 422, answer.content.decode()
    assert field in answer.content.decode()


def test_unknown_goods_in_a_hand_in_are_named_by_their_line(api: Api, place: str) -> None:
    count_id = make_count(api)
    task = api.post(f"counts/{count_id}/next/").json()["task"]
    lines = [{"sku": "TEA", "lot": "A", "quantity": 1}, {"sku": "NO", "lot": "A", "quantity": 1}]
    answer = api.post(f"count-tasks/{task['id']}/hand-in/", {"round": 1, "lines": lines})
    assert answer.status_code == 422
    assert "没有这个商品" in answer.content.decode()


def test_a_stranger_sees_nothing_of_it(api: Api, place: str, stranger: Api) -> None:
    count_id = make_count(api)
    assert stranger.get(f"counts/{count_id}/").status_code == 404
    assert stranger.post(f"counts/{count_id}/next/").status_code == 404
    assert stranger.post(f"counts/{count_id}/post/").status_code == 404
    assert stranger.all("counts/") == []
