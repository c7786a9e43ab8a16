"""Handlers of facts: the same fact a hundred times, late, in any order, ends where one in order ends."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from core import relay
from inventory.models import HoldKind
from inventory.services import holds
from orders import handlers
from orders.models import Finding, Order, OrderStatus
from orders.services import desk, planning
from tests import builders as make
from tests import laws
from tests.orders.services import scene
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, status_of
from tests.steps import Do
from warehouse.services import floor, waves

STOPPED, FULFILLING, SHIPPED = OrderStatus.STOPPED, OrderStatus.FULFILLING, OrderStatus.SHIPPED
Fact = Mapping[str, Any]


def version(number: str) -> int:
    return int(Order.objects.get(number=number).version)


def hold(do: Do, lot: int) -> int:
    (hold_id,) = do(
        holds.hold_lots, lot_ids=[lot], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None
    )
    return hold_id


def test_shipped_said_a_hundred_times_changes_once(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 9)
    push(do, shop, make.incoming(("A", 1), number="T-1"), make.incoming(("A", 1), number="T-2"))
    scene.ship_everything(do, shop)
    (fact,) = do(scene.facts, "ParcelsShipped")
    do(handlers.on_parcels_shipped, fact)
    first = do(version, "T-1")
    for _ in range(100):
        do(handlers.on_parcels_shipped, fact)
    assert (do(status_of, "T-1"), do(status_of, "T-2"), do(version, "T-1")) == (SHIPPED, SHIPPED, first)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_order_of_three_parcels_is_shipped_with_the_last_whatever_the_order_of_facts(
    do: Do, order: tuple[int, ...]
) -> None:
    shop = do(Shop)
    do(shop.stock, "BIG", 3, parcel_rule=3)
    push(do, shop, make.incoming(("BIG", 3), number="T-1"))
    for _ in range(3):
        wave_ids = do(waves.release, facility_id=shop.facility, limit=1).wave_ids
        do(floor.confirm_picks, wave_ids=wave_ids)
        do(floor.ship, wave_ids=wave_ids)
    said = do(scene.facts, "ParcelsShipped")
    assert len(said) == 3
    for place in order:
        do(handlers.on_parcels_shipped, said[place])
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, [])


def test_a_parcel_that_leaves_does_not_ship_its_order_while_another_is_open(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "BIG", 2, parcel_rule=3)
    push(do, shop, make.incoming(("BIG", 2), number="T-1"))
    wave_ids = do(waves.release, facility_id=shop.facility, limit=1).wave_ids
    do(floor.confirm_picks, wave_ids=wave_ids)
    do(floor.ship, wave_ids=wave_ids)
    (fact,) = do(scene.facts, "ParcelsShipped")
    do(handlers.on_parcels_shipped, fact)
    assert do(status_of, "T-1") == FULFILLING


def test_a_broken_promise_said_a_hundred_times_stops_once(do: Do) -> None:
    shop = do(Shop)
    lot = do(shop.stock, "A", 9)
    push(do, shop, make.incoming(("A", 1), number="T-1"))
    hold(do, lot)
    (fact,) = do(scene.facts, "PromisesBroken")
    for _ in range(100):
        do(handlers.on_promises_broken, fact)
    assert do(status_of, "T-1") == STOPPED
    assert do(lambda: Finding.objects.filter(code=planning.STOCK_SHORT).count()) == 1
    assert laws.broken(do.tenant_id) == []


def test_a_broken_promise_said_late_leaves_the_new_plan_alone(do: Do) -> None:
    """Said twice (the hold and the wave both noticed), the second a day late: the order goes on from other stock meanwhile."""
    shop = do(Shop)
    lot = do(shop.stock, "A", 2)
    push(do, shop, make.incoming(("A", 2), number="T-1"))
    hold(do, lot)
    do(waves.release, facility_id=shop.facility, limit=10)
    first, second = do(scene.facts, "PromisesBroken")
    do(handlers.on_promises_broken, first)
    do(make.make_stock, shop.bin, do(_sku), 5)
    do(desk.release, order_ids=[do(order_of, "T-1").id], actor_id=None)
    before = do(parcels, "T-1")
    do(handlers.on_promises_broken, second)
    assert (do(status_of, "T-1"), do(parcels, "T-1"), do(findings, "T-1")) == (FULFILLING, before, {})
    assert scene.ship_everything(do, shop) == 2
    do(handlers.on_promises_broken, second)
    do(handlers.on_promises_broken, first)
    for fact in do(scene.facts, "ParcelsShipped"):
        do(handlers.on_parcels_shipped, fact)
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, [])


def _sku() -> int:
    from inventory.models import Sku

    return int(Sku.objects.get().id)


def test_facts_of_another_tenants_orders_change_nothing(do: Do, other_tenant_id: int) -> None:
    theirs = do.of(other_tenant_id)
    shop = theirs(Shop)
    theirs(shop.stock, "A", 9)
    push(theirs, shop, make.incoming(("A", 1), number="T-1"))
    order = theirs(order_of, "T-1").id
    do(handlers.on_parcels_shipped, {"parcel_ids": [], "order_refs": [order]})
    do(handlers.on_promises_broken, {"facility_id": shop.facility, "owner_refs": [order]})
    do(handlers.on_dispatches_won, {"order_refs": [order], "facility_ids": [shop.facility]})
    do(handlers.on_dispatches_fell_back, {"order_refs": [order]})
    assert theirs(status_of, "T-1") == FULFILLING


def test_through_the_relay_and_all_over_again(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 9)
    push(do, shop, make.incoming(("A", 1), number="T-1"))
    scene.ship_everything(do, shop)
    for _ in range(5):
        relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, [])
