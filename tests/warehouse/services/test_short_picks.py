"""At the shelf: fewer than the book says, or some of them damaged.  Nothing is lost, nothing is promised twice, somebody counts."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from core import db, invariants, relay
from core.errors import ERPError
from core.tenancy import tenant
from inventory.errors import BadQuantity, UnknownPlace
from inventory.models import BinKind, HoldKind
from inventory.services import holds
from orders.models import OrderStatus
from tests import builders
from tests.races.rig import together
from tests.warehouse.scene import Scene, make_scene
from warehouse.errors import NotPickable, NoWave
from warehouse.models import ParcelStatus
from warehouse.services import floor
from warehouse.services.short_picks import Damage, ShortPick, report_short, set_damaged_aside


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


def short(scene: Scene, wave_id: int, allocation_id: int, found: int) -> ShortPick:
    with tenant(scene.tenant_id):
        return report_short(wave_id=wave_id, allocation_id=allocation_id, found=found, actor_id=None)


def damaged(scene: Scene, wave_id: int, allocation_id: int, units: int, document_id: int = 0) -> Damage:
    with tenant(scene.tenant_id):
        return set_damaged_aside(
            wave_id=wave_id,
            allocation_id=allocation_id,
            units=units,
            document_id=document_id or db.new_id(),
            actor_id=None,
        )


def rows(scene: Scene, sql: str, *params: object) -> list[tuple[Any, ...]]:
    with tenant(scene.tenant_id):
        return db.rows(sql, *params)


def held(scene: Scene) -> Sequence[tuple[object, ...]]:
    return rows(
        scene,
        "SELECT n.code, l.code, h.kind, h.document FROM inventory_hold h JOIN inventory_bin n ON n.id = h.bin_id"
        " JOIN inventory_lot l ON l.id = h.lot_id WHERE h.cleared_at IS NULL",
    )


def make_damaged_bin(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        scene.bins["D-01"] = builders.make_bin(scene.warehouse, BinKind.DAMAGED, code="D-01")


def lawful(scene: Scene) -> bool:
    return not list(invariants.prove(scene.tenant_id))


def test_what_is_there_is_picked_and_the_rest_comes_from_another_bin(scene: Scene) -> None:
    """10 of M-100 by the book, 3 asked for, 1 found: 1 on the cart, 2 of the next lot, 9 held at the bin, a count is open."""
    (order,) = scene.order([("MILK-800", 3)])
    wave = scene.release()
    ((allocation, lot, place, quantity, parcel),) = scene.allocations()
    assert (lot, place, quantity) == ("M-100", "A-01", 3)
    done = short(scene, wave, allocation, 1)
    assert (done.picked, done.elsewhere, done.lacking, done.others_short) == (1, 2, 0, 0)
    assert done.bins == ("A-02",)
    assert {row[1:] for row in scene.allocations()} == {
        ("M-100", "C-01", 1, parcel),
        ("M-400", "A-02", 2, parcel),
    }
    assert held(scene) == [("A-01", "M-100", HoldKind.HELD.value, done.count_number)]
    assert scene.on_hand("A-01") == 5 + 9, "the book keeps what nobody has counted"
    counting = rows(scene, "SELECT name FROM inventory_stockcount WHERE number = %s", done.count_number)
    assert counting == [("短拣 A-01",)]
    scene.pick_all(wave)
    assert scene.ship(wave) == 3
    relay.deliver(scene.tenant_id)
    assert rows(scene, "SELECT status FROM orders_order WHERE id = %s", order) == [(OrderStatus.SHIPPED,)]
    assert lawful(scene)


def test_others_who_count_on_the_bin_get_other_units_too(scene: Scene) -> None:
    scene.order([("MILK-800", 3)], [("MILK-800", 4)])
    wave = scene.release()
    first, second = scene.allocations()
    assert {first[2], second[2]} == {"A-01"}
    done = short(scene, wave, first[0], 0)
    assert (done.picked, done.elsewhere, done.others_short) == (0, 3, 0)
    assert {row[2] for row in scene.allocations()} <= {"A-02", "B-01"}
    assert sum(row[3] for row in scene.allocations()) == 7
    assert lawful(scene)


def test_without_other_units_the_order_is_told_and_the_parcel_never_leaves(scene: Scene) -> None:
    tea, milk = scene.order([("TEA-1", 3)], [("MILK-800", 1)])
    wave = scene.release()
    allocation = next(row for row in scene.allocations() if row[1] == "T-1")
    done = short(scene, wave, allocation[0], 2)
    assert (done.picked, done.elsewhere, done.lacking, done.bins) == (2, 0, 1, ())
    relay.deliver(scene.tenant_id)
    states = dict(rows(scene, "SELECT ref, status FROM warehouse_parcel"))
    assert states == {tea: ParcelStatus.CANCELLED, milk: ParcelStatus.RELEASED}
    assert rows(scene, "SELECT status FROM orders_order WHERE id = %s", tea) == [(OrderStatus.STOPPED,)]
    assert lawful(scene)


def test_a_second_report_changes_nothing(scene: Scene) -> None:
    """A device that did not hear the answer sends again."""
    scene.order([("MILK-800", 3)])
    wave = scene.release()
    allocation = scene.allocations()[0][0]
    short(scene, wave, allocation, 1)
    before = scene.allocations(), scene.moves(), held(scene)
    for found in (0, 1, 2):
        with pytest.raises(NotPickable) as refusal:
            short(scene, wave, allocation, found)
        assert refusal.value.code == "pick_gone"
    assert (scene.allocations(), scene.moves(), held(scene)) == before


@pytest.mark.parametrize("found", [3, 4, -1, 10**12])
def test_what_is_not_short_is_refused(scene: Scene, found: int) -> None:
    scene.order([("MILK-800", 3)])
    wave = scene.release()
    before = scene.allocations()
    with pytest.raises(BadQuantity):
        short(scene, wave, before[0][0], found)
    assert (scene.allocations(), held(scene)) == (before, [])


def test_a_wave_that_is_not_there_and_a_line_of_another_one(scene: Scene) -> None:
    scene.order([("MILK-800", 1)])
    first = scene.release()
    scene.order([("MILK-800", 1)])
    second = scene.release()
    allocation = scene.allocations()[0][0]
    with pytest.raises(NoWave):
        short(scene, second + 10**6, allocation, 0)
    with pytest.raises(NotPickable):
        short(scene, second, allocation, 0)
    assert first != second


def test_what_is_held_cannot_be_picked_short_either(scene: Scene) -> None:
    scene.order([("MILK-800", 3)])
    wave = scene.release()
    allocation = scene.allocations()[0][0]
    with tenant(scene.tenant_id):
        lots = [scene.lots["M-100"]]
        holds.hold_lots(lot_ids=lots, kind=HoldKind.RECALL, document="R", reason="异物", actor_id=None)
    before = scene.allocations(), scene.moves()
    with pytest.raises(ERPError) as refusal:
        short(scene, wave, allocation, 1)
    assert refusal.value.code == "stock_held"
    assert (scene.allocations(), scene.moves()) == before


def test_damaged_units_leave_the_shelf_and_nobody_waits_while_there_are_others(scene: Scene) -> None:
    make_damaged_bin(scene)
    scene.order([("MILK-800", 3)])
    wave = scene.release()
    before = scene.allocations()
    done = damaged(scene, wave, before[0][0], 2)
    assert (done.units, done.to_bin, done.bins, done.lacking) == (2, "D-01", ("A-01",), 0)
    assert scene.allocations() == before, "the bin has enough good ones"
    assert (scene.on_hand("D-01"), scene.on_hand("A-01")) == (2, 5 + 8)
    assert lawful(scene)


def test_damaged_units_that_the_parcel_needed_come_from_elsewhere(scene: Scene) -> None:
    make_damaged_bin(scene)
    scene.order([("MILK-800", 10)])
    wave = scene.release()
    ((allocation, *_rest),) = scene.allocations()
    document = 0
    with tenant(scene.tenant_id):
        document = db.new_id()
    done = damaged(scene, wave, allocation, 4, document)
    assert (done.bins, done.lacking) == (("A-01", "A-02"), 0)
    assert {row[1:4] for row in scene.allocations()} == {("M-100", "A-01", 6), ("M-400", "A-02", 4)}
    again = damaged(scene, wave, allocation, 4, document)
    assert (again.units, scene.on_hand("D-01")) == (4, 4), "sent twice, counted once"
    assert lawful(scene)


def test_a_facility_without_a_place_for_damaged_goods_says_so(scene: Scene) -> None:
    scene.order([("MILK-800", 3)])
    wave = scene.release()
    with pytest.raises(UnknownPlace) as refusal:
        damaged(scene, wave, scene.allocations()[0][0], 1)
    assert refusal.value.code == "no_damaged_bin"


def told(work: Callable[[], object]) -> str:
    """How it ended, in a process of its own."""
    try:
        work()
    except ERPError as refusal:
        return refusal.code
    return "done"


def tell_short(scene: Scene, wave_id: int, allocation_id: int, found: int) -> str:
    return told(lambda: short(scene, wave_id, allocation_id, found))


def tell_picked(scene: Scene, wave_id: int, allocation_id: int) -> str:
    def confirm() -> None:
        with tenant(scene.tenant_id):
            floor.confirm_pick(wave_id=wave_id, allocation_id=allocation_id)

    return told(confirm)


@pytest.mark.parametrize("heat", range(4))
def test_pickers_of_one_bin_report_and_scan_at_once(scene: Scene, heat: int) -> None:
    """Three parcels of two waves take from one bin.  One report is sent twice, another picker finds nothing, a third scans: nothing is
    lost or promised twice, nobody waits for ever, and what one of them has on the cart is not given to another."""
    scene.order([("MILK-800", 3)])
    other = scene.release()
    scene.order([("MILK-800", 2)], [("MILK-800", 2)])
    wave = scene.release()
    found = {row[3]: row for row in reversed(scene.allocations())}
    first = found[3]
    second, third = [row for row in scene.allocations() if row[3] == 2]
    works = [
        partial(tell_short, scene, other, first[0], 1),
        partial(tell_short, scene, wave, second[0], 0),
        partial(tell_picked, scene, wave, third[0]),
        partial(tell_short, scene, other, first[0], 1),
    ]
    answers = together(works[heat:] + works[:heat])
    assert set(answers) <= {"done", "pick_gone", "allocation_gone", "not_pickable", "lot_held", "stock_held"}
    assert "done" in answers
    relay.deliver(scene.tenant_id)
    assert lawful(scene)
    on_carts = [row for row in scene.allocations() if row[2].startswith("C-")]
    assert sum(row[3] for row in scene.allocations()) == 7, "every parcel has its units, wherever they lie"
    assert sum(row[3] for row in on_carts) == scene.on_hand("C-01") + scene.on_hand("C-02")
