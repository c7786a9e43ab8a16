"""Waves: a parcel is in one wave, a cart in one open wave, and what lost its promise stays behind."""

import threading
from datetime import date
from typing import Any

import pytest
from django.db import connection

from core import clock, db
from core.db import Rank
from core.tenancy import tenant
from inventory.models import Bin, HoldKind
from inventory.services import holds
from tests import laws
from tests.steps import Do
from tests.warehouse.services.scene import Floor, facts, nothing_claimed, statuses, wave
from warehouse.models import Parcel, ParcelStatus, Wave
from warehouse.services import floor, waves

PLANNED, RELEASED = ParcelStatus.PLANNED, ParcelStatus.RELEASED
NOTHING = waves.Released((), ())


def lawful(do: Do) -> bool:
    return laws.broken(do.tenant_id, "inventory.", "warehouse.") == []


def test_a_parcel_is_released_once(do: Do) -> None:
    scene = do(Floor)
    made = do(scene.parcels, 5)
    first = do(waves.release, facility_id=scene.facility, limit=100, size=2)
    assert (len(first.wave_ids), list(first.parcel_ids)) == (3, made)
    assert do(waves.release, facility_id=scene.facility, limit=100) == NOTHING
    assert do(statuses, made) == [RELEASED] * 5
    slots = do(lambda: sorted(Parcel.objects.values_list("wave_id", "slot")))
    assert [slot for _wave, slot in slots] == [1, 2, 1, 2, 1]
    assert do(lambda: sorted(Wave.objects.values_list("parcel_count", flat=True))) == [1, 2, 2]
    assert lawful(do)


def test_the_code_says_the_merchants_day(do: Do) -> None:
    """At one in the morning in Shanghai it is still yesterday by the database's clock."""
    scene = do(Floor)
    do(scene.parcels, 1)
    with clock.pinned(date(2026, 3, 9)):
        made = do(waves.release, facility_id=scene.facility, limit=1).wave_ids
    assert do(lambda: Wave.objects.get(id=made[0]).code).startswith("W0309-")


def test_the_earliest_deadlines_go_first(do: Do) -> None:
    scene = do(Floor)
    later, sooner = do(scene.parcels, 2, first_day=5), do(scene.parcels, 2)
    assert do(waves.release, facility_id=scene.facility, limit=2).parcel_ids == tuple(sooner)
    assert do(waves.release, facility_id=scene.facility, limit=2).parcel_ids == tuple(later)


def test_what_another_release_holds_is_skipped(do: Do) -> None:
    scene = do(Floor)
    made = do(scene.parcels, 4)
    claimed, done = threading.Event(), threading.Event()

    def other() -> None:
        with tenant(do.tenant_id):
            db.claim(Rank.PARCEL, Parcel, "id", "id = ANY (%s::bigint[])", db.array(made[:2]), limit=2)
            db.claim(Rank.WAVE, Bin, "id", "id = %s", scene.totes[0], limit=1)
            claimed.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    assert claimed.wait(10)
    assert do(waves.release, facility_id=scene.facility, limit=100).parcel_ids == tuple(made[2:])
    assert do(wave).tote_id == scene.totes[1]
    done.set()
    thread.join(60)
    assert not thread.is_alive()


def test_without_a_free_cart_nothing_is_released(do: Do) -> None:
    scene = do(Floor, carts=1)
    made = do(scene.parcels, 4)
    first = do(waves.release, facility_id=scene.facility, limit=100, size=2)
    assert first.parcel_ids == tuple(made[:2])
    assert do(waves.release, facility_id=scene.facility, limit=100) == NOTHING
    assert do(statuses, made) == [RELEASED, RELEASED, PLANNED, PLANNED]
    assert len(do(facts, "WavesReleased")) == 1
    do(floor.confirm_picks, wave_ids=first.wave_ids)
    do(floor.ship, wave_ids=first.wave_ids)
    assert do(waves.release, facility_id=scene.facility, limit=100).parcel_ids == tuple(made[2:])
    assert lawful(do)


def test_a_cart_taken_between_the_look_and_the_lock_is_not_taken_twice(
    do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim of a cart reads a snapshot from before the other release committed; the lock alone does not tell."""
    scene = do(Floor, carts=2)
    do(scene.parcels, 2)
    do(waves.release, facility_id=scene.facility, limit=1)
    claim = db.claim

    def stale(rank: Rank, model: type[Bin], *args: object, **options: int) -> list[Any]:
        if model is Bin:
            return [(tote,) for tote in scene.totes][: options["limit"]]
        return claim(rank, model, *args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(db, "claim", stale)
        assert do(waves.release, facility_id=scene.facility, limit=1) == NOTHING, "the cart is in use"
    do(waves.release, facility_id=scene.facility, limit=1)
    assert do(lambda: sorted(Wave.objects.values_list("tote_id", flat=True))) == sorted(scene.totes)


def test_a_promise_broken_in_between_leaves_the_parcel_behind_and_is_said(do: Do) -> None:
    scene = do(Floor, units=2)
    made = do(scene.parcels, 4)
    do(holds.hold_lots, lot_ids=[scene.soon], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
    assert do(facts, "PromisesBroken") == [{"facility_id": scene.facility, "owner_refs": [made[3], made[2]]}]
    released = do(waves.release, facility_id=scene.facility, limit=100)
    assert (released.parcel_ids, sorted(released.short)) == (tuple(made[:2]), made[2:])
    assert do(statuses, made) == [RELEASED, RELEASED, PLANNED, PLANNED]
    assert sorted(do(facts, "PromisesBroken")[-1]["owner_refs"]) == made[2:]
    assert not do(db.rows, "SELECT 1 FROM inventory_reservation")
    assert lawful(do)


def test_a_parcel_with_half_a_promise_does_not_leave_without_the_rest(do: Do) -> None:
    scene = do(Floor)
    (half,) = do(scene.parcels, 1, units=3)
    do(db.execute, "UPDATE inventory_reservation SET quantity = 2")
    do(db.execute, "UPDATE inventory_promise SET quantity = 2 WHERE quantity = 3")
    assert do(waves.release, facility_id=scene.facility, limit=100) == waves.Released((), (), (half,))
    assert do(nothing_claimed)
    assert not do(facts, "WavesReleased")
    assert laws.broken(do.tenant_id, "inventory.") == []


def test_the_first_lot_to_expire_is_taken_whichever_wave(do: Do) -> None:
    scene = do(Floor, units=3)
    do(scene.parcels, 5)
    for _ in range(3):
        do(waves.release, facility_id=scene.facility, limit=2)
    sql = (
        "SELECT b.lot_id, sum(a.quantity)::int FROM inventory_allocation a"
        " JOIN inventory_balance b ON b.id = a.balance_id GROUP BY 1"
    )
    assert dict(do(db.rows, sql)) == {scene.soon: 3, scene.late: 2}


def test_pallets_share_the_staging_area(do: Do) -> None:
    scene = do(Floor, carts=0)
    made = do(scene.parcels, 4)
    staging = do(waves.get_bulk_tote, scene.facility)
    assert do(waves.get_bulk_tote, scene.facility) == staging
    for _ in range(2):
        do(waves.release, facility_id=scene.facility, limit=2, bulk_tote=staging)
    assert do(statuses, made) == [RELEASED] * 4
    do(scene.parcels, 1)
    assert do(waves.release, facility_id=scene.facility, limit=2) == NOTHING, "staging is no cart"
    assert lawful(do)


def test_parcels_of_another_tenant_are_not_there(do: Do, other_tenant_id: int) -> None:
    theirs = do.of(other_tenant_id)
    scene = theirs(Floor)
    made = theirs(scene.parcels, 2)
    do(Floor)
    assert do(waves.release, facility_id=scene.facility, limit=10, parcel_ids=made) == NOTHING
    assert theirs(statuses, made) == [PLANNED] * 2
