"""Shops and the job that empties a warehouse."""

import pytest

from core.accounts import Role
from core.models import Job
from core.tenancy import tenant
from orders.models import Channel
from tests.builders import incoming
from tests.orders.views.scene import KETTLE, Desk, make_desk

FORM = {
    "code": "jd-2",
    "name": "京东旗舰店",
    "platform": "jd",
    "currency": "CNY",
    "handover": "0",
    "ship_within_h": "24",
    "min_days": "180",
    "needs_address": "on",
}


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def test_a_shop_is_made_and_changed(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    form = FORM | {"facility": str(desk.facility_id)}
    assert client.post("/channels/new/", form).status_code == 302
    with tenant(desk.tenant_id):
        made = Channel.objects.get(code="jd-2")
    assert (made.ship_within_h, made.min_days, made.is_active, made.is_o2o) == (24, 180, True, False)
    changed = form | {"code": "hacked", "currency": "USD", "name": "京东店", "is_o2o": "on"}
    assert client.post(f"/channels/{made.id}/", changed).status_code == 302
    with tenant(desk.tenant_id):
        now = Channel.objects.get(id=made.id)
    assert (now.code, now.currency, now.name, now.is_o2o, now.is_active) == (
        "jd-2",
        "CNY",
        "京东店",
        True,
        False,
    )
    assert "停了" in client.get("/channels/").content.decode()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("code", "tmall", "已经有店铺用了"),
        ("code", "京东", "小写字母"),
        ("ship_within_h", "0", "最少 1。"),
        ("facility", "1", "选一个"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(desk: Desk, field: str, value: str, said: str) -> None:
    form = FORM | {"facility": str(desk.facility_id)} | {field: value}
    answer = desk.client(Role.OPERATOR).post("/channels/new/", form)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_shop_that_is_not_there(desk: Desk) -> None:
    assert desk.client(Role.OPERATOR).get("/channels/1/").status_code == 404


def test_a_warehouse_is_emptied_by_one_job(desk: Desk) -> None:
    desk.take(incoming((KETTLE, 1)), incoming((KETTLE, 2)))
    client = desk.client(Role.OPERATOR)
    page = client.get("/fulfil/").content.decode()
    assert "杭州仓的 2 个包裹，一次拣完发走？" in page
    answer = client.post("/fulfil/", {"facility": desk.facility_id})
    with tenant(desk.tenant_id):
        (job,) = Job.objects.filter(kind="orders.fulfil")
    assert answer.headers["Location"] == f"/jobs/{job.id}/"
    again = client.post("/fulfil/", {"facility": desk.facility_id})
    assert again.headers["Location"] == f"/jobs/{job.id}/"
    with tenant(desk.tenant_id):
        assert Job.objects.filter(kind="orders.fulfil").count() == 1
    assert "正在做，看进度" in client.get("/fulfil/").content.decode()


def test_only_a_facility_of_ours_is_emptied(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    assert client.post("/fulfil/", {"facility": "1"}).status_code == 404
    assert client.post("/fulfil/", {"facility": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("role", "home"),
    [
        (Role.OWNER, "/orders/"),
        (Role.OPERATOR, "/orders/"),
        (Role.WAREHOUSE, "/waves/"),
        (Role.STORE, "/o2o/store/"),
        (Role.QUALITY, "/trace/"),
        (Role.READONLY, "/orders/"),
    ],
)
def test_a_role_starts_where_its_work_is(desk: Desk, role: Role, home: str) -> None:
    assert desk.client(role).get("/").headers["Location"] == home
