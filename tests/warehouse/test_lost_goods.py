"""Goods vanish under a parcel that is on the floor already: it gets others, or its order is told; it never leaves with too few."""

from collections.abc import Sequence

import pytest

from core import clock, db, invariants, relay
from core.tenancy import tenant
from inventory.models import MoveKind
from inventory.services.aging import settle_aged
from inventory.services.ledger import MoveRow
from inventory.services.lot_dates import LotCorrection, correct_lots
from inventory.services.moving import Moved, move_stock
from orders.models import OrderStatus
from tests import builders as make
from tests.conftest import fresh_tenant
from tests.warehouse.scene import Scene, make_scene
from warehouse.errors import NotPickable
from warehouse.models import ParcelStatus, WaveStatus
from warehouse.services import floor


@pytest.fixture
def scene(database: object) -> Scene:
    return make_scene(fresh_tenant())


def lose(scene: Scene, lot: str, bin_code: str, keep: int = 0) -> Moved:
    """Units of a lot in a bin are gone, but for `keep`."""
    with tenant(scene.tenant_id):
        ((balance, on_hand),) = db.rows(
            "SELECT b.id, b.on_hand FROM inventory_balance b JOIN inventory_lot l ON l.id = b.lot_id"
            " JOIN inventory_bin n ON n.id = b.bin_id WHERE l.code = %s AND n.code = %s",
            lot,
            bin_code,
        )
        row = MoveRow(MoveKind.LOST, on_hand - keep, balance, None, db.new_id())
        return move_stock(facility_id=scene.warehouse, moves=[row], actor_id=None, reason="没了")


def one(scene: Scene, sql: str, *params: object) -> object:
    with tenant(scene.tenant_id):
        return db.rows(sql, *params)[0][0]


def status_of(scene: Scene, order_id: int) -> object:
    return one(scene, "SELECT status FROM orders_order WHERE id = %s", order_id)


def parcel_states(scene: Scene, order_ids: Sequence[int]) -> list[int]:
    with tenant(scene.tenant_id):
        found = db.rows(
            "SELECT status FROM warehouse_parcel WHERE ref = ANY (%s::bigint[]) ORDER BY id",
            db.array(order_ids),
        )
    return [row[0] for row in found]


def lawful(scene: Scene) -> bool:
    return not list(invariants.prove(scene.tenant_id))


def test_a_parcel_on_the_floor_gets_other_lots(scene: Scene) -> None:
    (order,) = scene.order([("MILK-800", 3)])
    wave = scene.release()
    (_id, lot, bin_code, _units, _parcel), *_ = scene.allocations()
    moved = lose(scene, lot, bin_code)
    assert moved.reallocated == 3 and moved.short_owners == ()
    assert lot not in {row[1] for row in scene.allocations()}
    scene.pick_all(wave)
    assert scene.ship(wave) == 3
    relay.deliver(scene.tenant_id)
    assert status_of(scene, order) == OrderStatus.SHIPPED and lawful(scene)


def test_without_other_lots_the_order_stops_and_the_parcel_never_leaves(scene: Scene) -> None:
    first, second = scene.order([("TEA-1", 2)], [("MILK-800", 1)])
    wave = scene.release()
    tea = next(row for row in scene.allocations() if row[3] == 2)
    moved = lose(scene, tea[1], tea[2], keep=1)
    assert moved.short_owners == (tea[4],)
    with tenant(scene.tenant_id):
        done = floor.confirm_picks(wave_ids=[wave])
    assert done.short == (tea[4],) and len(done.parcel_ids) == 1
    assert parcel_states(scene, [first]) == [ParcelStatus.RELEASED]
    with tenant(scene.tenant_id):
        shipped = floor.ship(wave_ids=[wave])
    assert shipped.units == 1
    relay.deliver(scene.tenant_id)
    assert parcel_states(scene, [first]) == [ParcelStatus.CANCELLED]
    assert status_of(scene, first) == OrderStatus.STOPPED and status_of(scene, second) == OrderStatus.SHIPPED
    assert one(scene, "SELECT status FROM warehouse_wave WHERE id = %s", wave) == WaveStatus.SHIPPED
    left = one(
        scene,
        "SELECT sum(b.on_hand) FROM inventory_balance b JOIN inventory_bin n ON n.id = b.bin_id WHERE n.kind = 3 AND b.allocated = 0",
    )
    assert left == 1, "the unit on the cart is nobody's, to be put back"
    assert lawful(scene)


def test_goods_lost_off_the_cart_are_picked_again(scene: Scene) -> None:
    (order,) = scene.order([("MILK-800", 2)])
    wave = scene.release()
    scene.pick_all(wave)
    assert parcel_states(scene, [order]) == [ParcelStatus.PICKED]
    with tenant(scene.tenant_id):
        ((balance,),) = db.rows(
            "SELECT b.id FROM inventory_balance b JOIN inventory_bin n ON n.id = b.bin_id WHERE n.kind = 3 AND b.on_hand > 0"
        )
        row = MoveRow(MoveKind.LOST, 1, balance, None, db.new_id())
        moved = move_stock(facility_id=scene.warehouse, moves=[row], actor_id=None)
    assert moved.reallocated == 1
    with tenant(scene.tenant_id):
        assert floor.ship(wave_ids=[wave]).units == 0, "a unit of it lies on the shelf"
    relay.deliver(scene.tenant_id)
    assert parcel_states(scene, [order]) == [ParcelStatus.RELEASED]
    scene.pick_all(wave)
    assert scene.ship(wave) == 2
    relay.deliver(scene.tenant_id)
    assert status_of(scene, order) == OrderStatus.SHIPPED and lawful(scene)


def test_what_passed_its_day_on_the_floor_does_not_leave(scene: Scene) -> None:
    first, second = scene.order([("MILK-800", 2)], [("MILK-800", 3)])
    wave = scene.release()
    assert {row[1] for row in scene.allocations()} == {"M-100"}
    (allocation, *_rest) = next(row for row in scene.allocations() if row[3] == 2)
    with tenant(scene.tenant_id):
        floor.confirm_pick(wave_id=wave, allocation_id=allocation)
    with clock.pinned(scene.day(101)):
        with tenant(scene.tenant_id):
            done = floor.confirm_picks(wave_ids=[wave])
        assert len(done.held) == 1 and done.units == 0
        left = next(row[0] for row in scene.allocations() if row[3] == 3)
        with tenant(scene.tenant_id), pytest.raises(NotPickable) as refusal:
            floor.confirm_pick(wave_id=wave, allocation_id=left)
        assert refusal.value.code == "lot_expired"
        with tenant(scene.tenant_id):
            shipped = floor.ship(wave_ids=[wave])
        assert shipped.units == 0 and len(shipped.held) == 1

        with tenant(scene.tenant_id):
            assert settle_aged() == 0, "there is another lot"
        relay.deliver(scene.tenant_id)
        assert {row[1] for row in scene.allocations()} == {"M-400"}
        assert parcel_states(scene, [first, second]) == [ParcelStatus.RELEASED] * 2
        scene.pick_all(wave)
        assert scene.ship(wave) == 5
        relay.deliver(scene.tenant_id)
        assert lawful(scene)
    assert status_of(scene, first) == status_of(scene, second) == OrderStatus.SHIPPED


@pytest.fixture
def picky(scene: Scene) -> Scene:
    """Its channel wants 60 days; milk of 100 days goes first."""
    with tenant(scene.tenant_id):
        scene.channel = make.make_channel(scene.warehouse, min_days=60)
    return scene


def shorten(scene: Scene, *lots: str) -> None:
    """The lots have 30 days left after all: they sell, but not to this channel."""
    wanted = [LotCorrection(scene.lots[lot], expires_on=scene.day(30)) for lot in lots]
    with tenant(scene.tenant_id):
        correct_lots(corrections=wanted, reason="看错了", may_extend=False, actor_id=None)


def test_a_lot_that_proves_too_short_for_the_channel_is_not_picked_for_it(picky: Scene) -> None:
    (order,) = picky.order([("MILK-800", 3)])
    wave = picky.release()
    assert {row[1] for row in picky.allocations()} == {"M-100"}
    shorten(picky, "M-100")
    assert {row[1] for row in picky.allocations()} == {"M-400"}
    picky.pick_all(wave)
    assert picky.ship(wave) == 3
    relay.deliver(picky.tenant_id)
    assert status_of(picky, order) == OrderStatus.SHIPPED and lawful(picky)


def test_without_a_lot_that_lasts_the_order_is_short(picky: Scene) -> None:
    (order,) = picky.order([("MILK-800", 3)])
    picky.release()
    shorten(picky, "M-100", "M-400")
    assert picky.allocations() == []
    relay.deliver(picky.tenant_id)
    assert status_of(picky, order) == OrderStatus.STOPPED
    assert parcel_states(picky, [order]) == [ParcelStatus.CANCELLED] and lawful(picky)


def test_a_lot_on_the_cart_that_proves_too_short_is_picked_again(picky: Scene) -> None:
    (order,) = picky.order([("MILK-800", 3)])
    wave = picky.release()
    picky.pick_all(wave)
    shorten(picky, "M-100")
    with tenant(picky.tenant_id):
        assert floor.ship(wave_ids=[wave]).parcel_ids == ()
    relay.deliver(picky.tenant_id)
    assert parcel_states(picky, [order]) == [ParcelStatus.RELEASED]
    picky.pick_all(wave)
    assert picky.ship(wave) == 3 and lawful(picky)
