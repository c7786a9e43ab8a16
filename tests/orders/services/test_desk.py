"""The desk: what a person releases goes on with what is still outstanding, and only facts still stop it."""

from dataclasses import replace

import pytest

from core import db, relay
from inventory.models import HoldKind
from inventory.services import holds
from orders.models import OrderStatus
from orders.rules import audit
from orders.services import desk, planning
from tests import builders as make
from tests import laws
from tests.orders.services import scene
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, status_of
from tests.steps import Do
from warehouse.services import floor, waves

STOPPED, FULFILLING, SHIPPED = OrderStatus.STOPPED, OrderStatus.FULFILLING, OrderStatus.SHIPPED


def release(do: Do, *numbers: str) -> desk.Released:
    ids = [do(order_of, number).id for number in numbers]
    return do(desk.release, order_ids=ids, actor_id=None)


def hold(do: Do, lot: int) -> int:
    (hold_id,) = do(
        holds.hold_lots, lot_ids=[lot], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None
    )
    return hold_id


def test_a_code_that_was_unknown_is_mapped_on_release(do: Do) -> None:
    shop = do(Shop)
    push(do, shop, make.incoming(("NEW", 2), number="T-1"), make.incoming(("BAR", 1), number="T-2"))
    assert release(do, "T-1", "T-2").order_ids == ()
    assert set(do(findings, "T-1")) == {audit.SKU_UNMAPPED}
    do(shop.stock, "NEW", 5, barcodes=["BAR"])
    assert len(release(do, "T-1", "T-2").order_ids) == 2
    sku = db_sku(do, "NEW")
    assert (do(parcels, "T-1"), do(parcels, "T-2")) == ([{sku: 2}], [{sku: 1}])
    assert do(findings, "T-1") == {}
    assert release(do, "T-1", "T-2") == desk.Released((), ()), "it is on its way"
    assert (do(scene.promised), laws.broken(do.tenant_id)) == (3, [])


def db_sku(do: Do, code: str) -> int:
    return int(do(db.rows, "SELECT id FROM inventory_sku WHERE code = %s", code)[0][0])


def test_what_may_be_waived_is_waived_and_facts_stay(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 1)
    do(shop.stock, "B", 0, weight_g=None)
    push(
        do, shop,
        make.incoming(("A", 1), number="REMARK", remark="要发票"),
        replace(make.incoming(("A", 1), number="ADDRESS", remark="急"), receiver=None),
        make.incoming(("B", 1), number="WEIGHT"),
        make.incoming(("A", 9), number="SHORT", remark="多"),
    )  # fmt: skip
    done = release(do, "REMARK", "ADDRESS", "WEIGHT", "SHORT")
    assert [do(status_of, n) for n in ("REMARK", "ADDRESS", "WEIGHT", "SHORT")] == [
        FULFILLING,
        STOPPED,
        STOPPED,
        STOPPED,
    ]
    assert len(done.stopped) == 3
    assert {n: set(do(findings, n)) for n in ("REMARK", "ADDRESS", "WEIGHT", "SHORT")} == {
        "REMARK": set(), "ADDRESS": {audit.ADDRESS_MISSING}, "WEIGHT": {audit.WEIGHT_UNKNOWN}, "SHORT": {planning.STOCK_SHORT},
    }  # fmt: skip
    assert set(do(findings, "REMARK", is_open=False)) == {audit.BUYER_REMARK}
    assert laws.broken(do.tenant_id) == []


def test_an_order_that_a_hold_stopped_is_planned_anew_whole(do: Do) -> None:
    shop = do(Shop)
    lot = do(shop.stock, "A", 5)
    push(do, shop, make.incoming(("A", 3), number="T-1"))
    hold_id = hold(do, lot)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), do(parcels, "T-1"), do(scene.promised)) == (STOPPED, [], 0)
    assert do(findings, "T-1")[planning.STOCK_SHORT][0] is True
    assert laws.broken(do.tenant_id) == []
    assert release(do, "T-1").order_ids == ()
    do(holds.clear_hold, hold_id=hold_id, actor_id=None)
    assert len(release(do, "T-1").order_ids) == 1
    assert (do(parcels, "T-1"), do(scene.promised)) == ([{db_sku(do, "A"): 3}], 3)
    assert scene.ship_everything(do, shop) == 3
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, [])


@pytest.mark.parametrize("is_gone", [True, False], ids=["shipped", "on the floor"])
def test_only_what_is_outstanding_is_planned_again(do: Do, is_gone: bool) -> None:
    """One parcel is on the floor or gone when the other loses its promise: units are conserved, no unit goes twice, and what is to be
    collected at the door is collected once.
    """
    shop = do(Shop)
    do(shop.stock, "BIG", 1, parcel_rule=3)
    lot = do(shop.stock, "OTHER", 1, parcel_rule=3)
    push(do, shop, replace(make.incoming(("BIG", 1), ("OTHER", 1), number="T-1"), cod_minor=2_000))
    order = do(order_of, "T-1")
    sql = "SELECT p.id FROM warehouse_parcel p JOIN warehouse_parcelline l ON l.parcel_id = p.id WHERE l.sku_id = %s"
    (big,) = [row[0] for row in do(db.rows, sql, db_sku(do, "BIG"))]
    wave_ids = do(waves.release, facility_id=shop.facility, limit=1, parcel_ids=[big]).wave_ids
    if is_gone:
        do(floor.confirm_picks, wave_ids=wave_ids)
        do(floor.ship, wave_ids=wave_ids)
        relay.deliver(do.tenant_id)
        assert do(status_of, "T-1") == FULFILLING, "half of it has left"
    hold(do, lot)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), do(parcels, "T-1")) == (STOPPED, [{db_sku(do, "BIG"): 1}])
    assert laws.broken(do.tenant_id) == []
    do(make.make_stock, shop.bin, db_sku(do, "OTHER"), 5)
    assert do(desk.release, order_ids=[order.id], actor_id=None).order_ids == (order.id,)
    assert sorted(do(parcels, "T-1"), key=str) == sorted(
        [{db_sku(do, "BIG"): 1}, {db_sku(do, "OTHER"): 1}], key=str
    )
    if not is_gone:
        do(floor.confirm_picks, wave_ids=wave_ids)
        do(floor.ship, wave_ids=wave_ids)
    assert scene.ship_everything(do, shop) == 1
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, [])
    assert do(db.rows, "SELECT sum(quantity)::int FROM inventory_move WHERE kind = 3") == [(2,)]
    assert do(db.rows, "SELECT sum(cod_minor)::int FROM warehouse_parcel WHERE status = 4") == [(2_000,)]


def test_orders_of_another_tenant_are_left_alone(do: Do, other_tenant_id: int) -> None:
    theirs = do.of(other_tenant_id)
    shop = theirs(Shop)
    push(theirs, shop, make.incoming(("NO", 1), number="T-1"))
    order = theirs(order_of, "T-1")
    assert do(desk.release, order_ids=[order.id, 1], actor_id=None) == desk.Released((), ())
    assert theirs(status_of, "T-1") == STOPPED
