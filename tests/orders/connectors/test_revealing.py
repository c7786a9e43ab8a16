"""Receivers that a platform hides: asked for when somebody may see them, shown, and kept nowhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.models import Channel, Order, Unmasking, UnmaskSource
from orders.services import revealing
from tests import builders as make
from tests import laws
from tests.api.client import Api
from tests.orders.connectors import dialects
from tests.orders.connectors.platform_server import Shop
from tests.orders.connectors.scene import Scene, make_scene

PLAIN = ("张三", "13800002046", "漕溪北路 88 号")
DECRYPT = "taobao.top.oaid.decrypt"


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def scene(tenant_id: int, shop: Shop, settings: object) -> Iterator[Scene]:
    settings.ERP_CONNECTOR_LOOPBACK = True  # type: ignore[attr-defined]
    with dialects.platform(shop, "tmall") as url:
        yield make_scene(tenant_id, "tmall", url)


def pulled(scene: Scene, shop: Shop, *numbers: str) -> list[int]:
    for number in numbers:
        shop.add(number, ("S", 1, 1_000), token="oaid")
    scene.pull()
    with tenant(scene.tenant_id):
        ids = dict(Order.objects.values_list("number", "id"))
    return [ids[number] for number in numbers]


def browser(scene: Scene, role: Role = Role.OPERATOR) -> Client:
    with tenant(scene.tenant_id):
        name = User.objects.get(id=make.make_member(role)).username
    client = Client()
    client.post("/signin/", {"username": name, "password": make.PASSWORD})
    return client


def look(client: Client, order_id: int, **more: str) -> str:
    return client.post(f"/orders/{order_id}/unmask/", {"reason": "DELIVERY", **more}).content.decode()


def asked(shop: Shop) -> int:
    return sum(name == DECRYPT for name, _params in shop.calls)


def rows(scene: Scene) -> list[tuple[int, int]]:
    with tenant(scene.tenant_id):
        return list(Unmasking.objects.order_by("at", "id").values_list("order_id", "source"))


def test_the_platform_is_asked_with_no_transaction_open(
    scene: Scene, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order,) = pulled(scene, shop, "7001")
    open_: list[bool] = []
    real = revealing.ask

    def watched(*args: Any) -> Any:
        open_.append(connection.in_atomic_block)
        return real(*args)

    monkeypatch.setattr(revealing, "ask", watched)
    page = look(browser(scene), order)
    assert all(word in page for word in PLAIN)
    assert "是问平台要的，没有存" in page
    assert open_ == [False]
    assert rows(scene) == [(order, UnmaskSource.PLATFORM)]
    assert laws.broken(scene.tenant_id, "orders.unmasked") == []


def test_what_the_platform_gave_is_not_kept(scene: Scene, shop: Shop) -> None:
    (order,) = pulled(scene, shop, "7001")
    with tenant(scene.tenant_id):
        before = Order.objects.values_list("receiver", "receiver_mask", "receiver_key").get(id=order)
    look(browser(scene), order)
    with tenant(scene.tenant_id):
        after = Order.objects.values_list("receiver", "receiver_mask", "receiver_key").get(id=order)
    assert [bytes(part) if isinstance(part, memoryview) else part for part in after] == [
        bytes(part) if isinstance(part, memoryview) else part for part in before
    ]


@pytest.mark.parametrize("form", [{"reason": ""}, {"reason": "OTHER"}, {"reason": "WHIM"}])
def test_without_a_reason_nobody_is_asked(scene: Scene, shop: Shop, form: dict[str, str]) -> None:
    (order,) = pulled(scene, shop, "7001")
    page = look(browser(scene), order, **form)
    assert PLAIN[0] not in page
    assert (asked(shop), rows(scene)) == (0, [])


def test_nobody_is_asked_for_who_may_not_see(scene: Scene, shop: Shop) -> None:
    (order,) = pulled(scene, shop, "7001")
    for role in (Role.WAREHOUSE, Role.STORE, Role.READONLY, Role.QUALITY):
        assert PLAIN[0] not in look(browser(scene, role), order)
    with tenant(scene.tenant_id):
        elsewhere = User.objects.get(id=make.make_member(Role.OPERATOR, facility_ids=[make.make_facility()]))
    client = Client()
    client.post("/signin/", {"username": elsewhere.username, "password": make.PASSWORD})
    assert PLAIN[0] not in look(client, order)
    assert (asked(shop), rows(scene)) == (0, [])


def test_a_wrong_token_is_said(scene: Scene, shop: Shop) -> None:
    (order,) = pulled(scene, shop, "7001")
    shop.orders["7001"].token = "another"
    page = look(browser(scene), order)
    assert "平台没有给全" in page
    assert (asked(shop), rows(scene)) == (1, [])


@pytest.mark.parametrize("fault", ["throttle", "die", "busy"])
def test_a_platform_that_does_not_answer_costs_nothing(scene: Scene, shop: Shop, fault: str) -> None:
    (order,) = pulled(scene, shop, "7001")
    shop.faults = [fault]
    page = look(browser(scene), order)
    assert "它现在没回答" in page
    assert "今天还能看 50 单" in page
    assert rows(scene) == []
    shop.faults = []
    assert PLAIN[0] in look(browser(scene), order)


def test_a_shop_that_is_paused_or_not_connected_says_so(scene: Scene, shop: Shop) -> None:
    (order,) = pulled(scene, shop, "7001")
    scene.set("state = 2")
    assert "没连上平台" in look(browser(scene), order)
    scene.set("state = 1, quiet_until = clock_timestamp() + interval '1 hour'")
    assert "它现在没回答" in look(browser(scene), order)
    with tenant(scene.tenant_id):
        Channel.objects.filter(id=scene.channel_id).update(platform="pdd")
    assert "用平台自己的面单" in look(browser(scene), order)
    assert (asked(shop), rows(scene)) == (0, [])


def test_at_the_limit_nobody_is_asked(scene: Scene, shop: Shop) -> None:
    first, second = pulled(scene, shop, "7001", "7002")
    client = browser(scene, Role.OWNER)
    client.post("/orders/unmaskings/allow/", {"limit": "1"})
    assert PLAIN[0] in look(client, first)
    assert PLAIN[0] not in look(client, second)
    assert asked(shop) == 1
    assert PLAIN[0] in look(client, first), "an order that was seen today may be seen again"


def test_over_the_api_a_request_sent_again_asks_nobody_again(scene: Scene, shop: Shop) -> None:
    ids = pulled(scene, shop, "7001", "7002")
    with tenant(scene.tenant_id):
        api = Api(make.make_token("orders:unmask"))
    body = {"order_ids": ids, "reason": "DELIVERY"}
    answers = [api.post("orders/unmask/", body, key="k1") for _ in range(2)]
    assert answers[0].status_code == 200, answers[0].content.decode()
    assert answers[0].content == answers[1].content
    assert [one["receiver"]["phone"] for one in answers[0].json()["orders"]] == [PLAIN[1]] * 2
    assert {one["source"] for one in answers[0].json()["orders"]} == {"PLATFORM"}
    assert asked(shop) == 1
    assert len(rows(scene)) == 2
