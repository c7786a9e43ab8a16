"""Picks are confirmed once, parcels leave once, and what is held stays."""

import pytest

from core import db
from inventory.models import HoldKind, MoveKind
from inventory.services import holds
from tests import laws
from tests.inventory.services import stock
from tests.steps import Do
from tests.warehouse.services.scene import Floor, facts, moves, statuses, wave
from warehouse.errors import NotPickable, NoWave
from warehouse.models import Parcel, ParcelStatus, WaveStatus
from warehouse.services import floor, parcels, waves

RELEASED, PICKED, SHIPPED = ParcelStatus.RELEASED, ParcelStatus.PICKED, ParcelStatus.SHIPPED
NOTHING_PICKED, NOTHING_SHIPPED = floor.Picked((), 0, ()), floor.Shipped((), 0, ())


def lawful(do: Do) -> bool:
    return laws.broken(do.tenant_id, "inventory.", "warehouse.") == []


def release(do: Do, scene: Floor, count: int, units: int = 1) -> tuple[list[int], int]:
    """(parcels, their one wave)."""
    made = do(scene.parcels, count, units)
    (wave_id,) = do(waves.release, facility_id=scene.facility, limit=count, parcel_ids=made).wave_ids
    return made, wave_id


def hold(do: Do, *lot_ids: int) -> tuple[int, ...]:
    return do(
        holds.hold_lots, lot_ids=lot_ids, kind=HoldKind.RECALL, document="D", reason="召回", actor_id=None
    )


def allocations(do: Do, parcel_id: int) -> list[int]:
    sql = "SELECT id FROM inventory_allocation WHERE owner_ref = %s ORDER BY id"
    return [row[0] for row in do(db.rows, sql, parcel_id)]


def test_confirming_a_wave_twice_counts_once(do: Do) -> None:
    scene = do(Floor)
    made, wave_id = release(do, scene, 5, 3)
    first = do(floor.confirm_picks, wave_ids=[wave_id])
    assert (sorted(first.parcel_ids), first.units, first.held) == (made, 15, ())
    for _ in range(2):
        assert do(floor.confirm_picks, wave_ids=[wave_id]) == NOTHING_PICKED
        assert do(moves, MoveKind.PICK) == (1, 15)
        assert do(statuses, made) == [PICKED] * 5
        assert do(wave).status == WaveStatus.PICKED
    assert lawful(do)


def test_confirming_one_instruction_twice_counts_once(do: Do) -> None:
    scene = do(Floor, units=2)
    (parcel,), wave_id = release(do, scene, 1, 3)  # two of the first lot, one of the second
    first, second = allocations(do, parcel)
    assert do(floor.confirm_pick, wave_id=wave_id, allocation_id=first).units > 0
    assert do(floor.confirm_pick, wave_id=wave_id, allocation_id=first) == NOTHING_PICKED
    assert do(statuses, [parcel]) == [RELEASED]
    assert do(floor.confirm_pick, wave_id=wave_id, allocation_id=second).parcel_ids == (parcel,)
    assert do(floor.confirm_pick, wave_id=wave_id, allocation_id=second) == NOTHING_PICKED
    assert do(floor.confirm_picks, wave_ids=[wave_id]) == NOTHING_PICKED
    assert do(moves, MoveKind.PICK) == (2, 3)
    assert (do(statuses, [parcel]), do(wave).status) == ([PICKED], WaveStatus.PICKED)
    assert lawful(do)


def test_half_by_scans_and_the_rest_at_once(do: Do) -> None:
    scene = do(Floor, units=2)
    (parcel,), wave_id = release(do, scene, 1, 3)
    do(floor.confirm_pick, wave_id=wave_id, allocation_id=allocations(do, parcel)[0])
    assert do(floor.confirm_picks, wave_ids=[wave_id]).parcel_ids == (parcel,)
    assert do(moves, MoveKind.PICK) == (2, 3)
    assert lawful(do)


def test_an_instruction_of_another_wave_is_not_confirmed_here(do: Do, other_tenant_id: int) -> None:
    theirs = do.of(other_tenant_id)
    (foreign,), foreign_wave = release(theirs, theirs(Floor), 1)
    scene = do(Floor)
    (first,), wave_id = release(do, scene, 1)
    (second,), _other_wave = release(do, scene, 1)
    for wrong in (*allocations(do, second), *allocations(theirs, foreign), 1):
        with pytest.raises(NotPickable):
            do(floor.confirm_pick, wave_id=wave_id, allocation_id=wrong)
    for wrong_wave in (foreign_wave, 1):
        with pytest.raises(NoWave):
            do(floor.confirm_pick, wave_id=wrong_wave, allocation_id=allocations(do, first)[0])
    assert do(floor.confirm_picks, wave_ids=[foreign_wave]) == NOTHING_PICKED
    assert do(floor.ship, wave_ids=[foreign_wave]) == NOTHING_SHIPPED
    for one in (do, theirs):
        assert one(moves, MoveKind.PICK) == (0, 0)


def test_shipping_twice_ships_nothing(do: Do) -> None:
    scene = do(Floor)
    made, wave_id = release(do, scene, 4, 2)
    assert do(floor.ship, wave_ids=[wave_id]) == NOTHING_SHIPPED, "nothing is picked yet"
    do(floor.confirm_picks, wave_ids=[wave_id])
    done = do(floor.ship, wave_ids=[wave_id])
    assert (sorted(done.parcel_ids), done.units, done.held) == (made, 8, ())
    for _ in range(2):
        assert do(floor.ship, wave_ids=[wave_id]) == NOTHING_SHIPPED
        assert do(moves, MoveKind.SHIP) == (4, 8)
        assert len(do(facts, "ParcelsShipped")) == 1
        assert (do(statuses, made), do(wave).status) == ([SHIPPED] * 4, WaveStatus.SHIPPED)
        assert do(stock.conserved, [scene.soon, scene.late])
    assert lawful(do)


def test_every_move_out_names_its_parcel_and_line(do: Do) -> None:
    scene = do(Floor, units=2)
    (parcel,), wave_id = release(do, scene, 1, 3)
    do(floor.confirm_picks, wave_ids=[wave_id])
    do(floor.ship, wave_ids=[wave_id])
    sql = (
        "SELECT b.lot_id, m.quantity, m.document_id, l.quantity FROM inventory_move m"
        " JOIN inventory_balance b ON b.id = m.from_balance_id"
        " JOIN warehouse_parcelline l ON l.id = m.line_id WHERE m.kind = 3 ORDER BY m.quantity DESC"
    )
    assert do(db.rows, sql) == [(scene.soon, 2, parcel, 3), (scene.late, 1, parcel, 3)]


def test_a_lot_held_on_the_shelf_is_not_picked(do: Do) -> None:
    scene = do(Floor, units=2)
    made, wave_id = release(do, scene, 3)  # two parcels of the first lot, one of the second
    (hold_id,) = hold(do, scene.soon)
    with pytest.raises(NotPickable) as refusal:
        do(floor.confirm_pick, wave_id=wave_id, allocation_id=allocations(do, made[0])[0])
    assert refusal.value.code == "lot_held"
    done = do(floor.confirm_picks, wave_ids=[wave_id])
    assert (done.parcel_ids, done.units, sorted(done.held)) == ((made[2],), 1, made[:2])
    assert do(wave).status == WaveStatus.RELEASED
    shipped = do(floor.ship, wave_ids=[wave_id])
    assert (shipped.parcel_ids, shipped.units) == ((made[2],), 1)
    assert do(wave).status == WaveStatus.RELEASED, "two parcels are still on the floor"
    assert lawful(do)
    do(holds.clear_hold, hold_id=hold_id, actor_id=None)
    assert sorted(do(floor.confirm_picks, wave_ids=[wave_id]).parcel_ids) == made[:2]
    assert sorted(do(floor.ship, wave_ids=[wave_id]).parcel_ids) == made[:2]
    assert do(wave).status == WaveStatus.SHIPPED


def test_a_lot_held_on_the_cart_stays_in_the_house(do: Do) -> None:
    scene = do(Floor, units=2)
    made, wave_id = release(do, scene, 3)
    do(floor.confirm_picks, wave_ids=[wave_id])
    hold(do, scene.soon)
    done = do(floor.ship, wave_ids=[wave_id])
    assert (done.parcel_ids, done.units, sorted(done.held)) == ((made[2],), 1, made[:2])
    for _ in range(2):
        again = do(floor.ship, wave_ids=[wave_id])
        assert (again.parcel_ids, again.units, sorted(again.held)) == ((), 0, made[:2])
    said = [fact["parcel_ids"] for fact in do(facts, "ParcelsShipped")]
    assert said == [[made[2]]], "a fact is said when something happened"
    assert do(statuses, made) == [PICKED, PICKED, SHIPPED]
    assert do(stock.units, scene.soon) == {"received": 2, "on_hand": 2, "allocated": 2, "shipped": 0}
    assert lawful(do)


def test_cancelling_gives_the_promises_back_and_spares_what_is_on_the_floor(do: Do) -> None:
    scene = do(Floor)
    on_the_floor, _wave = release(do, scene, 1)
    planned = do(scene.parcels, 2)
    refs = do(lambda: list(Parcel.objects.values_list("ref", flat=True)))
    for expected in (planned, []):
        assert do(parcels.cancel_of_orders, order_refs=refs) == expected
    assert do(statuses, on_the_floor + planned) == [RELEASED, ParcelStatus.CANCELLED, ParcelStatus.CANCELLED]
    assert do(stock.promised, scene.facility) == 0
    assert lawful(do)
