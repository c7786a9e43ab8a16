"""The pages cost the same however many rounds run, and the door stays hidden until the grab."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import crypto, db
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from o2o.services import dispatches
from tests import builders
from tests.o2o import scene

BUDGET = 12


def client_of(tenant_id: int, user_id: int) -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(User.objects.get(id=user_id), backend="core.web.auth.AccountBackend")
    session = client.session
    session["tenant_id"] = tenant_id
    session.save()
    return client


def cost(client: Client, path: str) -> tuple[int, str, int]:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    told = [one for one in asked.captured_queries if one["sql"] not in ("BEGIN", "COMMIT")]
    return answer.status_code, answer.content.decode(), len(told)


@pytest.mark.parametrize("orders", [1, 30])
def test_the_board_stays_within_its_budget(tenant_id: int, orders: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(4, stock=50)
        ids = scene.offer(city, orders)
        user_id = builders.make_member(Role.OPERATOR)
    client = client_of(tenant_id, user_id)
    for path in ("/o2o/", "/o2o/?show=WON", f"/o2o/?d={ids[0]}", f"/o2o/dispatches/{ids[0]}/"):
        status, _text, statements = cost(client, path)
        assert status == 200
        assert statements <= BUDGET, path
    assert client.get(f"/o2o/dispatches/{ids[-1] + 1}/").status_code == 404


def test_the_phone_hides_the_door_until_the_grab(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2)
        (dispatch_id,) = scene.offer(city)
        store = city.stores[0]
        receiver = {
            "name": "王小敏",
            "phone": "13800002046",
            "district": "西湖区",
            "street": "文三路 478 号 3 幢",
        }
        label = crypto.seal(tenant_id, "receiver", json.dumps(receiver, ensure_ascii=False))
        db.execute("UPDATE warehouse_parcel SET label = %s", label)
        user_id = builders.make_member(Role.STORE, facility_ids=[store])
    client = client_of(tenant_id, user_id)
    path = f"/o2o/store/{store}/{dispatch_id}/"
    for page in (f"/o2o/store/{store}/", path):
        status, text, statements = cost(client, page)
        assert status == 200
        assert "478" not in text
        assert "王小敏" not in text
        assert statements <= BUDGET, page
    assert client.get(f"{path}?seen=offer&plan=").status_code == 204
    answer = client.post(f"{path}grab/", {"tap": "a"})
    assert "478 号 3 幢" in answer.content.decode()
    assert "王小敏" not in answer.content.decode()
    assert "13800002046" not in answer.content.decode()
    assert cost(client, path)[2] <= BUDGET


def test_a_store_of_others_looks_like_none(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2)
        (dispatch_id,) = scene.offer(city)
        user_id = builders.make_member(Role.STORE, facility_ids=[city.stores[0]])
    with tenant(other_tenant_id):
        foreign = scene.make_city(1).stores[0]
    client = client_of(tenant_id, user_id)
    for store in (city.stores[1], foreign, city.warehouse, 1):
        for end in ("", f"{dispatch_id}/"):
            assert client.get(f"/o2o/store/{store}/{end}").status_code == 403
        assert client.post(f"/o2o/store/{store}/{dispatch_id}/grab/").status_code == 403
    with tenant(tenant_id):
        assert scene.dispatch(dispatch_id)["status"] == "OFFERING"


def test_lost_sold_out_and_cancelled_are_told_in_words(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2, stock=1)
        mine, lost, sold, gone = scene.offer(city, 4)
        first, second = city.stores
        user_id = builders.make_member(Role.STORE, facility_ids=[first])
        ref = scene.dispatch(gone)["order_ref"]
    client = client_of(tenant_id, user_id)
    with tenant(tenant_id):
        dispatches.grab(dispatch_id=lost, facility_id=second, actor_id=None)
    with tenant(tenant_id):
        dispatches.cancel(order_refs=[ref], reason="refund")
    assert "抢到了" in client.post(f"/o2o/store/{first}/{mine}/grab/").content.decode()
    for dispatch_id, words in ((lost, "被2号店抢走了"), (sold, "店里的货不够了"), (gone, "买家取消了")):
        assert words in client.post(f"/o2o/store/{first}/{dispatch_id}/grab/").content.decode()
