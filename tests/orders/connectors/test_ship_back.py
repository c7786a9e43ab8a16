"""Tracking numbers on their way back: made from the warehouse's fact, said by what the platform carries, retried, shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from core import relay
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.models import ChannelOrder, OrderLine, OrderStatus, ShipBack, ShipBackState
from orders.services import connections, ship_back
from orders.services.connections import ConnectionInput
from tests import builders as make
from tests.orders.connectors import dialects
from tests.orders.connectors.platform_server import Shop
from tests.orders.connectors.scene import Scene, make_scene
from warehouse.models import Parcel, ParcelStatus
from warehouse.services import tracking

WAITING, SENT, REFUSED, UNSAID = ShipBackState
CODES = ("tmall", "jd", "pdd", "douyin")


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture(params=CODES)
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scene(tenant_id: int, shop: Shop, settings: object, code: str) -> Iterator[Scene]:
    settings.ERP_CONNECTOR_LOOPBACK = True  # type: ignore[attr-defined]
    with dialects.platform(shop, code) as url:
        yield make_scene(tenant_id, code, url)


def take(scene: Scene, shop: Shop, *lines: tuple[str, int, int]) -> int:
    """An order is made there and pulled; our order's id."""
    shop.add("7001", *lines, modified=datetime.now(UTC) - timedelta(minutes=30))
    scene.pull()
    with tenant(scene.tenant_id):
        found = ChannelOrder.objects.get(external_number="7001").order_id
    assert found
    return found


def leave(scene: Scene, order_id: int, number: str | None, goods: dict[int, int]) -> int:
    """A parcel with units of the order's lines, by their place, leaves the building; its id."""
    with tenant(scene.tenant_id):
        lines = list(OrderLine.objects.filter(order_id=order_id).order_by("id"))
        parcel_id = make.make_parcel(
            scene.facility_id, order_id, status=ParcelStatus.SHIPPED, units=sum(goods.values())
        )
        Parcel.objects.filter(id=parcel_id).update(tracking_number=number, shipped_at=datetime.now(UTC))
        for place, units in goods.items():
            line = lines[place - 1]
            make.make_parcel_line(parcel_id, line.sku_id or 0, line.id, units)
    fact = {"parcel_ids": [parcel_id], "order_refs": [order_id]}
    for _twice in range(2):  # a fact may come twice
        with tenant(scene.tenant_id):
            ship_back.on_parcels_shipped(fact)
    return parcel_id


def say(scene: Scene) -> None:
    scene.set("next_say_at = clock_timestamp(), quiet_until = NULL, say_lease_until = NULL")
    while ship_back.run(scene.tenant_id, scene.connection_id):
        pass


def hurry(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        ShipBack.objects.filter(state=WAITING).update(next_at=datetime.now(UTC) - timedelta(seconds=1))


def rows(scene: Scene) -> list[tuple[str, int, str]]:
    with tenant(scene.tenant_id):
        return list(ShipBack.objects.order_by("created_at", "id").values_list("number", "state", "code"))


def numbers(shop: Shop) -> list[str]:
    return [number for number, _company, _lines in shop.orders["7001"].parcels]


def test_one_parcel_tells_the_whole_order(scene: Scene, shop: Shop) -> None:
    order_id = take(scene, shop, ("S", 2, 1_000))
    leave(scene, order_id, "SF1", {1: 2})
    say(scene)
    assert rows(scene) == [("SF1", SENT, "")]
    assert shop.orders["7001"].parcels == [("SF1", "44", ())]
    say(scene)
    assert len(shop.orders["7001"].parcels) == 1
    assert scene.connection().next_say_at is None


def test_two_parcels_of_two_lines(scene: Scene, shop: Shop, code: str) -> None:
    order_id = take(scene, shop, ("S", 2, 1_000), ("T", 1, 500))
    leave(scene, order_id, "SF1", {1: 2})
    say(scene)
    leave(scene, order_id, "SF2", {2: 1})
    say(scene)
    assert rows(scene) == [("SF1", SENT, ""), ("SF2", SENT, "")]
    assert numbers(shop) == ["SF1", "SF2"]
    said = [lines for _number, _company, lines in shop.orders["7001"].parcels]
    lines = {"tmall": [(("70011", 0),), (("70012", 0),)], "douyin": [(("70011", 2),), (("70012", 1),)]}
    assert said == lines.get(code, [(), ()])


def test_a_line_in_two_parcels_says_every_number_the_platform_takes(
    scene: Scene, shop: Shop, code: str
) -> None:
    order_id = take(scene, shop, ("S", 3, 1_000))
    leave(scene, order_id, "SF1", {1: 2})
    leave(scene, order_id, "SF2", {1: 1})
    say(scene)
    if code == "tmall":
        assert rows(scene) == [("SF1", SENT, ""), ("SF2", UNSAID, "LINE_SAID")]
        assert numbers(shop) == ["SF1"]
    else:
        assert rows(scene) == [("SF1", SENT, ""), ("SF2", SENT, "")]
        assert numbers(shop) == ["SF1", "SF2"]


@pytest.mark.parametrize("code", ["tmall"], indirect=True)
def test_a_number_that_comes_later_is_said_and_one_that_never_comes_is_shown(
    scene: Scene, shop: Shop
) -> None:
    order_id = take(scene, shop, ("S", 2, 1_000))
    parcel_id = leave(scene, order_id, None, {1: 2})
    say(scene)
    assert rows(scene) == [("", WAITING, "NO_NUMBER")]
    for _try in range(10):
        hurry(scene)
        say(scene)
    assert rows(scene) == [("", UNSAID, "NO_NUMBER")]
    with tenant(scene.tenant_id):
        Parcel.objects.filter(id=parcel_id).update(tracking_number="SF9")
        assert ship_back.retry(ship_back_ids=list(ShipBack.objects.values_list("id", flat=True))) == 1
    say(scene)
    assert rows(scene) == [("SF9", SENT, "")]


@pytest.mark.parametrize("code", ["tmall"], indirect=True)
def test_a_carrier_without_a_name_there_waits_for_one(scene: Scene, shop: Shop) -> None:
    with tenant(scene.tenant_id):
        connections.save(connection=ConnectionInput(scene.channel_id, address=scene.address), actor_id=None)
    order_id = take(scene, shop, ("S", 2, 1_000))
    leave(scene, order_id, "SF1", {1: 2})
    say(scene)
    assert rows(scene) == [("", UNSAID, "NO_COMPANY")] or rows(scene) == [("SF1", UNSAID, "NO_COMPANY")]
    with tenant(scene.tenant_id):
        given = ConnectionInput(scene.channel_id, companies={"": "505"}, address=scene.address)
        connections.save(connection=given, actor_id=None)
    say(scene)
    assert shop.orders["7001"].parcels == [("SF1", "505", ())]


@pytest.mark.parametrize("code", ["tmall", "jd"], indirect=True)
def test_an_answer_that_was_lost_is_asked_again_and_said_once(scene: Scene, shop: Shop, code: str) -> None:
    order_id = take(scene, shop, ("S", 2, 1_000))
    leave(scene, order_id, "SF1", {1: 2})
    shop.lose_answer_to = "taobao.logistics.online.send" if code == "tmall" else "jingdong.pop.order.shipment"
    say(scene)
    assert rows(scene) == [("SF1", WAITING, "broken_off")]
    quiet_until = scene.connection().quiet_until
    assert quiet_until
    assert quiet_until > datetime.now(UTC)
    hurry(scene)
    say(scene)
    assert rows(scene) == [("SF1", SENT, "")]
    assert numbers(shop) == ["SF1"]


@pytest.mark.parametrize("code", ["tmall"], indirect=True)
def test_throttled_is_said_later_and_refused_waits_for_a_person(scene: Scene, shop: Shop) -> None:
    order_id = take(scene, shop, ("S", 2, 1_000))
    leave(scene, order_id, "SF1", {1: 2})
    shop.faults = ["throttle"]
    say(scene)
    assert [row[1] for row in rows(scene)] == [WAITING]
    shop.orders["7001"].parcels.append(("OTHER", "44", ()))
    hurry(scene)
    say(scene)
    assert rows(scene) == [("SF1", REFUSED, "isv.logistics-online-service-error:B04")]
    shop.orders["7001"].parcels.clear()
    with tenant(scene.tenant_id):
        assert ship_back.retry(ship_back_ids=list(ShipBack.objects.values_list("id", flat=True))) == 1
    say(scene)
    assert rows(scene) == [("SF1", SENT, "")]
    with tenant(scene.tenant_id):
        assert ship_back.retry(ship_back_ids=list(ShipBack.objects.values_list("id", flat=True))) == 0


@pytest.mark.parametrize("code", ["tmall"], indirect=True)
def test_a_channel_without_a_connection_has_nothing_to_say(scene: Scene, shop: Shop) -> None:
    with tenant(scene.tenant_id):
        channel_id = make.make_channel(scene.facility_id)
        order_id = make.make_order(channel_id, scene.facility_id, status=OrderStatus.FULFILLING)
        make.make_channel_order(channel_id, order_id)
        make.make_order_line(order_id, make.make_sku())
    leave(scene, order_id, "SF1", {1: 1})
    assert rows(scene) == []


@pytest.mark.parametrize("code", ["tmall"], indirect=True)
def test_the_page_shows_and_retries(scene: Scene, shop: Shop, other_tenant_id: int) -> None:
    order_id = take(scene, shop, ("S", 3, 1_000))
    leave(scene, order_id, "SF1", {1: 2})
    leave(scene, order_id, "SF2", {1: 1})
    say(scene)
    with tenant(scene.tenant_id):
        name = User.objects.get(id=make.make_member(Role.OPERATOR)).username
        reader = User.objects.get(id=make.make_member(Role.READONLY)).username
        unsaid = ShipBack.objects.get(state=UNSAID)
        token = make.make_token()
    client, looking = Client(), Client()
    client.post("/signin/", {"username": name, "password": make.PASSWORD})
    looking.post("/signin/", {"username": reader, "password": make.PASSWORD})
    page = client.get("/ship-backs/?state=UNSAID").content.decode()
    assert "SF2" not in page or "平台一行只收一个" in page
    assert "平台一行只收一个" in page
    assert "7001" in client.get(f"/ship-backs/?order={order_id}").content.decode()
    assert looking.get("/ship-backs/").status_code == 200
    assert looking.post("/ship-backs/retry/", {"ids": str(unsaid.id)}).status_code == 403
    assert client.post("/ship-backs/retry/", {"ids": str(unsaid.id)}).status_code == 302
    assert [row[1] for row in rows(scene)] == [SENT, WAITING]
    assert client.post("/ship-backs/retry/", {"ids": "7,x,99999999999999999999"}).status_code == 404
    key = {"Authorization": f"Bearer {token}"}
    found = Client().get("/api/v1/ship-backs/?state=WAITING", headers=key).json()
    assert [row["parcel_id"] for row in found["items"]] == [unsaid.parcel_id]
    with tenant(other_tenant_id):
        foreign = {"Authorization": f"Bearer {make.make_token()}"}
    again = f"/api/v1/ship-backs/{unsaid.id}/retry/"
    assert Client().post(again, "{}", content_type="application/json", headers=foreign).status_code == 404
    assert Client().post(again, "{}", content_type="application/json", headers=key).status_code == 200


def test_a_number_that_comes_late_is_said_at_once(scene: Scene, shop: Shop) -> None:
    """What waited for its label, or was given up for want of one, is due again."""
    order_id = take(scene, shop, ("S", 2, 1_000))
    parcel_id = leave(scene, order_id, None, {1: 2})
    say(scene)
    assert rows(scene) == [("", WAITING, "NO_NUMBER")]
    with tenant(scene.tenant_id):
        ShipBack.objects.update(state=UNSAID)
        tracking.set_numbers(numbers=[tracking.NumberInput(parcel_id, "SF9")], actor_id=None)
    relay.deliver(scene.tenant_id)
    say(scene)
    assert rows(scene) == [("SF9", SENT, "")]
    assert numbers(shop) == ["SF9"]
