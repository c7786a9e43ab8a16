"""A real shop end to end: an order placed in it is pulled, split by hand, shipped in two parcels, and the shop knows both numbers."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import relay
from core.tenancy import tenant
from inventory.models import BinKind
from orders.models import ChannelOrder, Order, OrderLine, OrderStatus, ShipBack, ShipBackState
from orders.services import hand_split, ship_back
from tests import builders as make
from tests import laws
from tests.campaigns.shop.real_shop import RealShop, running
from tests.conftest import fresh_tenant
from tests.orders.connectors.scene import Scene, make_scene
from warehouse.models import Parcel, ParcelStatus
from warehouse.services import floor, tracking, waves
from warehouse.services.tracking import NumberInput

pytestmark = [pytest.mark.campaign, pytest.mark.usefixtures("database")]


@pytest.fixture(scope="module")
def shop() -> Iterator[RealShop]:
    began = time.monotonic()
    with running(Path(os.environ["ERP_TEST_RUN"])) as found:
        print(f"the shop was installed, filled and started in {time.monotonic() - began:.1f} s")
        yield found


@pytest.fixture
def scene(shop: RealShop, settings: object) -> Scene:
    settings.ERP_CONNECTOR_LOOPBACK = True  # type: ignore[attr-defined]
    tenant_id = fresh_tenant()
    given = {"user": shop.user, "password": shop.password}
    scene = make_scene(tenant_id, "own", shop.api, credentials=given)
    with tenant(tenant_id):
        make.make_bins(scene.facility_id, 3, BinKind.TOTE)
    return scene


def order_of(scene: Scene, number: str) -> Order:
    with tenant(scene.tenant_id):
        found = ChannelOrder.objects.get(external_number=number).order_id
        assert found
        return Order.objects.get(id=found)


def live_parcels(scene: Scene, order_id: int) -> list[int]:
    with tenant(scene.tenant_id):
        found = Parcel.objects.filter(ref=order_id).exclude(status=ParcelStatus.CANCELLED).order_by("id")
        return list(found.values_list("id", flat=True))


def say(scene: Scene) -> list[tuple[str, int, str]]:
    """What is due is said; (number, state, why) of every row."""
    relay.deliver(scene.tenant_id)
    scene.set("next_say_at = clock_timestamp(), quiet_until = NULL, say_lease_until = NULL")
    while ship_back.run(scene.tenant_id, scene.connection_id):
        pass
    with tenant(scene.tenant_id):
        return list(ShipBack.objects.order_by("parcel_id").values_list("number", "state", "code"))


def ship(scene: Scene) -> int:
    """Waves, picks, shipment; units that left."""
    units = 0
    with tenant(scene.tenant_id):
        wave_ids = waves.release(facility_id=scene.facility_id, limit=10).wave_ids
    with tenant(scene.tenant_id):
        floor.confirm_picks(wave_ids=wave_ids)
    with tenant(scene.tenant_id):
        units += floor.ship(wave_ids=wave_ids).units
    return units


def test_two_parcels_of_an_order_are_known_in_the_shop(shop: RealShop, scene: Scene) -> None:
    began = time.monotonic()
    placed = shop.buy({"Teapot": 3, "Cup": 2})
    number = placed["number"]
    assert (placed["status"], placed["total_incl_tax"]) == ("Pending", "289.00")
    scene.pull()
    assert scene.connection().error_code == ""
    order = order_of(scene, number)
    assert (order.status, order.amount_minor) == (OrderStatus.FULFILLING, 28_900)
    with tenant(scene.tenant_id):
        teapots, cups = OrderLine.objects.filter(order_id=order.id).order_by("id")
        wanted = [[(teapots.id, 2)], [(teapots.id, 1), (cups.id, 2)]]
        hand_split.split(order_id=order.id, wanted=wanted, actor_id=None)
    first, second = live_parcels(scene, order.id)
    assert ship(scene) == 5
    assert laws.broken(scene.tenant_id) == []
    assert [row[1:] for row in say(scene)] == [(ShipBackState.WAITING, "NO_NUMBER")] * 2
    assert shop.order(number)["status"] == "Pending"
    with tenant(scene.tenant_id):
        tracking.set_numbers(numbers=[NumberInput(first, "SF1001")], actor_id=None)
    assert [row[:2] for row in say(scene)] == [("SF1001", ShipBackState.SENT), ("", ShipBackState.WAITING)]
    assert shop.order(number)["status"] == "Being processed"
    with tenant(scene.tenant_id):
        tracking.set_numbers(numbers=[NumberInput(second, "SF1002")], actor_id=None)
    assert [row[:2] for row in say(scene)] == [("SF1001", ShipBackState.SENT), ("SF1002", ShipBackState.SENT)]
    lines = [
        int(row["url"].split("/")[-2]) for row in shop.ask(_lines(shop, number), is_staff=True)["results"]
    ]
    assert shop.shipments(number) == [
        {"number": "SF1001", "company": "44", "lines": [{"line": lines[0], "quantity": 2}]},
        {
            "number": "SF1002",
            "company": "44",
            "lines": [{"line": lines[0], "quantity": 1}, {"line": lines[1], "quantity": 2}],
        },
    ]
    assert shop.order(number)["status"] == "Complete"
    scene.pull()
    with tenant(scene.tenant_id):
        assert ChannelOrder.objects.count() == 1
    assert laws.broken(scene.tenant_id) == []
    print(f"bought, pulled, split, shipped and known there in {time.monotonic() - began:.1f} s")


def _lines(shop: RealShop, number: str) -> str:
    return str(shop.order(number)["lines"]).removeprefix(shop.api)


def test_an_order_that_is_cancelled_there_is_not_shipped_here(shop: RealShop, scene: Scene) -> None:
    number = shop.buy({"Teapot": 1})["number"]
    scene.pull()
    order = order_of(scene, number)
    assert order.status == OrderStatus.FULFILLING
    shop.cancel(number)
    scene.pull()
    relay.deliver(scene.tenant_id)
    assert order_of(scene, number).status == OrderStatus.CANCELLED
    assert live_parcels(scene, order.id) == []
    assert laws.broken(scene.tenant_id) == []


def test_more_orders_than_a_page_come_once_each(shop: RealShop, scene: Scene) -> None:
    bought = {shop.buy({"Cup": 1 + n % 3})["number"] for n in range(25)}
    for _twice in range(2):
        scene.pull()
    with tenant(scene.tenant_id):
        known = set(ChannelOrder.objects.values_list("external_number", flat=True))
        assert Order.objects.count() == len(known)
    assert bought <= known
    assert laws.broken(scene.tenant_id) == []
