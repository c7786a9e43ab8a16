"""After-sales by hand: queues, answers to many, the returns desk from the parcel to the last look."""

import re

import pytest
from django.test import Client

from core import db, relay
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import BinKind
from orders.models import FollowUp, Order, Refund, RefundState, Return, ReturnItem, ReturnState
from orders.views.after_sales import after_sales_of
from tests import builders, laws
from tests.builders import incoming
from tests.orders.views.scene import KETTLE, VACUUM, Desk, make_desk
from warehouse.services import floor, waves


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    desk = make_desk(tenant_id)
    with tenant(tenant_id):
        builders.make_bins(desk.facility_id, 2, BinKind.TOTE)
        builders.make_bin(desk.facility_id, BinKind.QUARANTINE)
        builders.make_bin(desk.facility_id, BinKind.DAMAGED)
    return desk


def paper(client: Client, path: str) -> str:
    found = re.search(r'name="paper" value="([^"]+)"', client.get(path).content.decode())
    assert found
    return found.group(1)


def ask(client: Client, order_id: int, **fields: object) -> int:
    path = f"/orders/{order_id}/refund/"
    answer = client.post(path, {"paper": paper(client, path), "what": "whole", "amount": "10", **fields})
    return answer.status_code


def ship(desk: Desk) -> None:
    with tenant(desk.tenant_id):
        wave_ids = waves.release(facility_id=desk.facility_id, limit=10).wave_ids
    for step in (floor.confirm_picks, floor.ship):
        with tenant(desk.tenant_id):
            step(wave_ids=wave_ids)
    relay.deliver(desk.tenant_id)


def test_refunds_are_asked_on_the_order_and_answered_many_at_once(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    ids = desk.take(incoming((KETTLE, 1), number="T-1"), incoming((KETTLE, 2), (VACUUM, 1), number="T-2"))
    assert ask(client, ids[0]) == 302
    assert ask(client, ids[1], what="some") == 422
    with tenant(desk.tenant_id):
        line = Order.objects.get(id=ids[1]).id
        line = db.rows("SELECT id FROM orders_orderline WHERE order_id = %s ORDER BY id", ids[1])[0][0]
    assert ask(client, ids[1], what="some", **{f"units_{line}": "1"}) == 302
    assert "T-2" in client.get("/after-sales/").content.decode()
    with tenant(desk.tenant_id):
        chosen = ",".join(map(str, Refund.objects.values_list("id", flat=True)))
    assert (
        desk.client(Role.FINANCE).post("/after-sales/answer/?what=agree", {"ids": chosen}).status_code == 403
    )
    assert client.post("/after-sales/answer/?what=agree", {"ids": chosen}).status_code == 302
    assert "T-1" in client.get("/after-sales/?queue=to_refund").content.decode()
    assert client.post("/after-sales/answer/", {"ids": chosen, "what": "finish"}).status_code == 302
    with tenant(desk.tenant_id):
        assert set(Refund.objects.values_list("state", flat=True)) == {RefundState.DONE}
        assert [fact.kind for fact, _state, _words in after_sales_of(ids[1])] == ["refund"]
    assert (desk.status(ids[0]), laws.broken(desk.tenant_id)) == (5, [])


def test_a_parcel_goes_over_the_desk(desk: Desk) -> None:
    client, worker = desk.client(Role.OPERATOR), desk.client(Role.WAREHOUSE)
    (order_id,) = desk.take(incoming((KETTLE, 2), number="T-1"))
    ship(desk)
    assert ask(client, order_id) == 302
    assert worker.get("/after-sales/desk/").status_code == 200
    answer = worker.post("/after-sales/desk/", {"text": "SF 1", "facility": desk.facility_id})
    page = answer["Location"]
    assert "不知道是谁的" in worker.get(page).content.decode()
    assert worker.post(f"{page}scan/", {"text": "NO-SUCH"}).status_code == 422
    assert worker.post(f"{page}scan/", {"text": KETTLE, "units": "1"}).status_code == 302
    found = worker.get(page).content.decode()
    assert "T-1" in found, "by the goods"
    assert worker.post(f"{page}match/", {"order": order_id}).status_code == 302
    assert worker.post(f"{page}scan/", {"text": KETTLE, "units": "1"}).status_code == 302
    with tenant(desk.tenant_id):
        items = list(ReturnItem.objects.order_by("id").values_list("id", "units"))
    for id_, units in items:
        worker.post(f"{page}inspect/", {"item": id_, "good": units, "damaged": 0, "bin": "NOWHERE"})
        worker.post(f"{page}inspect/", {"item": id_, "good": units, "damaged": 0})
        worker.post(f"{page}inspect/", {"item": id_, "good": 0, "damaged": units})
    assert worker.post(f"{page}close/").status_code == 302
    with tenant(desk.tenant_id):
        assert ReturnState.CLOSED in set(Return.objects.values_list("state", flat=True))
    for queue in ("asked", "to_receive", "unknown", "to_inspect", "to_refund", "refunds", "returns"):
        assert worker.get(f"/after-sales/?queue={queue}&q=X").status_code == 200
    assert laws.broken(desk.tenant_id) == []


def test_an_exchange_is_made_once_a_form(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    (order_id,) = desk.take(incoming((KETTLE, 2), number="T-1"))
    path = f"/orders/{order_id}/follow/"
    form = {"paper": paper(client, path), "kind": "1", "code": KETTLE, "units_other": "1"}
    assert client.post(path, form | {"code": ""}).status_code == 422
    for _again in range(2):
        assert client.post(path, form).status_code == 302
    with tenant(desk.tenant_id):
        assert FollowUp.objects.count() == 1
    assert laws.broken(desk.tenant_id) == []


def test_the_desk_looks_at_all_of_a_row_at_once_and_says_what_is_wrong_beside_it(desk: Desk) -> None:
    client, worker = desk.client(Role.OPERATOR), desk.client(Role.WAREHOUSE)
    (order_id,) = desk.take(incoming((KETTLE, 3), number="T-1"))
    ship(desk)
    assert ask(client, order_id, amount="99999") == 422
    with tenant(desk.tenant_id):
        assert not Refund.objects.exists(), "more than was paid is said beside the amount"
    page = worker.post("/after-sales/desk/", {"text": "T-1", "facility": desk.facility_id})["Location"]
    assert worker.post(f"{page}scan/", {"text": KETTLE, "units": "3"}).status_code == 302
    with tenant(desk.tenant_id):
        item = ReturnItem.objects.get().id
    refused = worker.post(f"{page}inspect/", {"item": item, "all": "good", "bin": "NOWHERE"})
    assert refused.status_code == 422
    assert "没有货位 NOWHERE" in refused.content.decode().split("rd-items")[1]
    assert worker.post(f"{page}inspect/", {"item": item, "good": 1, "damaged": 0}).status_code == 302
    assert worker.post(f"{page}inspect/", {"item": item, "all": "damaged"}).status_code == 302
    with tenant(desk.tenant_id):
        row = ReturnItem.objects.get()
        assert (row.units, row.good, row.damaged) == (3, 1, 2)
    assert worker.post("/after-sales/desk/", {"text": "T-0", "facility": desk.facility_id}).status_code == 302
    assert worker.post("/after-sales/desk/", {"text": " ", "facility": desk.facility_id}).status_code == 422


def test_two_orders_of_one_number_are_a_choice_at_the_desk(desk: Desk) -> None:
    worker = desk.client(Role.WAREHOUSE)
    desk.take(incoming((KETTLE, 1), number="T-1"))
    with tenant(desk.tenant_id):
        other = Desk(
            desk.tenant_id, desk.facility_id, builders.make_channel(desk.facility_id, name="京东店"), desk.bin_id, desk.skus
        )  # fmt: skip
    (second,) = other.take(incoming((KETTLE, 1), number="T-1"))
    ship(desk)
    asked = worker.post("/after-sales/desk/", {"text": "T-1", "facility": desk.facility_id})
    assert asked.status_code == 422
    assert "京东店" in asked.content.decode()
    form = {"text": "T-1", "facility": desk.facility_id, "order": second}
    assert worker.post("/after-sales/desk/", form).status_code == 302
    with tenant(desk.tenant_id):
        assert Return.objects.get().order_id == second
