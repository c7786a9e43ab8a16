"""The pages that send part of an order now: looked at, sent, taken back; and the shop's own choice."""

import re

import pytest

from core.accounts import Role
from core.tenancy import tenant
from orders.models import Channel, Order, OrderStatus
from tests import laws
from tests.builders import incoming
from tests.orders.services.scene import parcels
from tests.orders.views.scene import KETTLE, RARE, Desk, make_desk
from tests.orders.views.test_workbench import stamps, text


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_looked_at_sent_and_taken_back(desk: Desk) -> None:
    short, hopeless = desk.take(
        incoming((RARE, 5), (KETTLE, 1), number="T-1"), incoming((RARE, 9), number="T-2")
    )
    client = desk.client(Role.OPERATOR)
    form = {
        "ids": f"{short},{hopeless}",
        "stamps": stamps(desk, short, hopeless),
        "back": "/orders/?queue=STOCK_SHORT",
    }
    assert "先发有货的" in text(client, "/orders/?queue=STOCK_SHORT")
    seen = client.post("/orders/ready-now/", form)
    page = plain(seen.content.decode())
    assert seen.status_code == 200
    assert "限量杯 ×2" in page and "限量杯 ×3" in page, "two go, three wait"
    assert "没有能先发的" in page and "先发 1 单：1 个包裹，3 件" in page
    with tenant(desk.tenant_id):
        assert parcels("T-1") == [], "looking sends nothing"
    sent = client.post("/orders/ready-now/", {**form, "go": "1"})
    assert (sent.status_code, sent["Location"]) == (302, "/orders/?queue=STOCK_SHORT")
    with tenant(desk.tenant_id):
        assert [sum(box.values()) for box in parcels("T-1")] == [3]
    assert laws.broken(desk.tenant_id) == []
    listed = text(client, "/orders/?queue=STOCK_SHORT")
    assert "1 单先发有货的" in listed and "记住了，一到货就先发" in listed
    assert "先发 1 个包裹" in listed
    one = text(client, f"/orders/{short}/")
    assert "先发 3 件，3 件等到货" in one and "收回先发的" in one
    form = {"ids": str(short), "stamps": stamps(desk, short), "back": f"/orders/{short}/"}
    back = client.post("/orders/ready-now/back/", form)
    assert (back.status_code, back["Location"]) == (302, f"/orders/{short}/")
    with tenant(desk.tenant_id):
        assert parcels("T-1") == []
    assert "收回了 1 单" in text(client, f"/orders/{short}/")
    assert desk.status(short) == OrderStatus.STOPPED


def test_where_to_go_back_to_is_never_another_site(desk: Desk) -> None:
    (short,) = desk.take(incoming((RARE, 5), number="T-1"))
    client = desk.client(Role.OPERATOR)
    for bad in ("https://example.com/", "//example.com/", "javascript:alert(1)"):
        form = {"ids": str(short), "stamps": stamps(desk, short), "back": bad, "go": "1"}
        assert client.post("/orders/ready-now/", form)["Location"] == "/orders/"


def test_who_only_looks_sends_nothing(desk: Desk) -> None:
    (short,) = desk.take(incoming((RARE, 5), number="T-1"))
    form = {"ids": str(short), "stamps": stamps(desk, short), "go": "1"}
    client = desk.client(Role.READONLY)
    assert client.post("/orders/ready-now/", form).status_code == 403
    assert client.post("/orders/ready-now/back/", form).status_code == 403
    assert "先发有货的" not in text(client, f"/orders/{short}/")


def test_what_changed_since_it_was_seen_is_left_alone_and_said(desk: Desk) -> None:
    (short,) = desk.take(incoming((RARE, 5), number="T-1"))
    client = desk.client(Role.OPERATOR)
    client.post("/orders/ready-now/", {"ids": str(short), "stamps": "0.0", "go": "1"})
    assert "1 单刚变了" in text(client, "/orders/")
    with tenant(desk.tenant_id):
        assert parcels("T-1") == []
        assert Order.objects.get(id=short).decided is None


@pytest.mark.parametrize(("said", "kept"), [("yes", True), ("no", False), ("", None)])
def test_a_shop_says_what_its_short_orders_do(desk: Desk, said: str, kept: bool | None) -> None:
    client = desk.client(Role.OPERATOR)
    url = f"/channels/{desk.channel_id}/"
    fields = {
        "name": "天猫旗舰店", "facility": str(desk.facility_id), "handover": "0", "ship_within_h": "48", "min_days": "0",
        "needs_address": "on", "is_active": "on", "ready_now": said,
    }  # fmt: skip
    assert client.post(url, fields).status_code == 302
    with tenant(desk.tenant_id):
        assert Channel.objects.get(id=desk.channel_id).ready_now is kept
    assert f'<option value="{said}" selected' in client.get(url).content.decode()
