"""Many processes want the same stock.  The first test of each race takes the lock away and sees it go wrong."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import db
from inventory.services import handling
from orders.models import OrderStatus
from script.house.roles import connect
from tests import laws
from tests.orders.services.scene import Shop
from tests.races import actors
from tests.races.moments import PATIENCE_S, Moment
from tests.races.rig import RACER, race, together
from tests.steps import Do
from tests.warehouse.services.scene import Floor
from warehouse.models import ParcelStatus
from warehouse.services import floor, waves

RACERS = 6
STILL_THERE = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"


def sold(do: Do) -> int:
    sql = (
        "SELECT coalesce(sum(l.quantity), 0)::int FROM warehouse_parcelline l"
        " JOIN warehouse_parcel p ON p.id = l.parcel_id WHERE p.status <> 5"
    )
    return int(do(db.rows, sql)[0][0])


def deadlocks(admin_url: str) -> int:
    """How many there were, once all racers' connections have gone: each says only then what it met."""
    connection = connect(admin_url)
    end = time.monotonic() + PATIENCE_S
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(STILL_THERE, [RACER])
            if cursor.fetchone() is None:
                break
            time.sleep(0.01)
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        (count,) = cursor.fetchone() or (0,)
    connection.close()
    return int(count)


@pytest.fixture
def no_deadlocks(admin_url: str) -> Iterator[None]:
    before = deadlocks(admin_url)
    yield
    assert deadlocks(admin_url) == before


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


def hot(do: Do, units: int) -> Shop:
    """A shop with one SKU whose promise row exists already."""
    shop = do(Shop)
    do(shop.stock, "HOT", units)
    actors.push(lambda: None, do.tenant_id, shop.channel, {"FIRST": 1}, "HOT", 1, True)
    return shop


def shares(count: int, racers: int = RACERS) -> list[dict[str, int]]:
    return [{f"T{place}-{n}": 1 for n in range(count // racers)} for place in range(racers)]


def test_without_the_lock_the_rig_oversells(do: Do) -> None:
    """Whether two racers meet is chance; that they never do in twenty heats is not."""
    shop = do(Shop)
    for heat in range(20):
        sku = f"HOT{heat}"
        do(shop.stock, sku, 5)
        actors.push(lambda: None, do.tenant_id, shop.channel, {f"FIRST-{heat}": 1}, sku, 1, True)
        named = [{f"{heat}-{name}": units for name, units in orders.items()} for orders in shares(36)]
        race(
            *[(actors.push, (do.tenant_id, shop.channel, orders, sku, 3, False)) for orders in named],
            may_fail=True,
        )
        if sold(do) > 5 * (heat + 1) or laws.broken(do.tenant_id, "inventory."):
            return
    pytest.fail("nothing was oversold without the lock: the races below prove nothing")


@pytest.mark.usefixtures("no_deadlocks")
def test_a_hot_sku_sells_exactly_what_there_is(do: Do) -> None:
    shop = hot(do, 100)
    done = race(
        *[(actors.push, (do.tenant_id, shop.channel, orders, "HOT", 20, True)) for orders in shares(996)]
    )
    assert sold(do) == 100
    assert sum(result["created"] for result in done) == 996
    assert sum(result["stopped"] for result in done) == 997 - 100
    reserved = "SELECT coalesce(sum(quantity), 0)::int FROM inventory_reservation"
    assert do(db.rows, f"SELECT sum(quantity)::int, ({reserved}) FROM inventory_promise") == [(100, 100)]
    by_status = dict(do(db.rows, "SELECT status, count(*)::int FROM orders_order GROUP BY 1"))
    assert by_status == {OrderStatus.FULFILLING: 100, OrderStatus.STOPPED: 897}
    assert laws.broken(do.tenant_id) == []


def test_the_same_orders_pushed_by_many_are_taken_once(do: Do) -> None:
    shop = hot(do, 1_000)
    orders = {f"T{n}": 1 for n in range(60)}
    backwards = dict(reversed(orders.items()))
    done = race(
        *[
            (actors.push, (do.tenant_id, shop.channel, each, "HOT", 25, True))
            for each in (orders, backwards) * 2
        ]
    )
    assert sum(result["created"] for result in done) == 60
    assert sum(result["unchanged"] for result in done) == 3 * 60
    assert do(db.rows, "SELECT count(*)::int, count(DISTINCT number)::int FROM orders_order") == [(61, 61)]
    assert (sold(do), laws.broken(do.tenant_id)) == (61, [])


def test_two_releases_without_the_claim_get_in_each_others_way(do: Do) -> None:
    for _heat in range(10):
        scene = do(Floor, units=100, carts=8)
        do(scene.parcels, 40)
        done = race(*[(actors.release, (do.tenant_id, scene.facility, 10, 5, False))] * 2, may_fail=True)
        if any(isinstance(result, str) or result[1] for result in done):
            return
    pytest.fail("two releases never met without the claim: the race below proves nothing")


@pytest.mark.usefixtures("no_deadlocks")
def test_many_releases_take_each_parcel_once(do: Do) -> None:
    scene = do(Floor, units=100, carts=60)
    made = do(scene.parcels, 100)
    done = race(*[(actors.release, (do.tenant_id, scene.facility, 7, 4, True))] * 4)
    taken = [parcel for released, _short in done for parcel in released]
    assert sorted(taken) == made
    assert [short for _released, short in done] == [[]] * 4
    sql = "SELECT count(*)::int, count(DISTINCT tote_id)::int FROM warehouse_wave WHERE status < 3"
    ((open_waves, carts),) = do(db.rows, sql)
    assert open_waves == carts <= 60
    assert laws.broken(do.tenant_id, "inventory.", "warehouse.") == []


def test_more_releases_than_carts_share_them(do: Do) -> None:
    scene = do(Floor, units=100, carts=3)
    made = do(scene.parcels, 60)
    done = race(*[(actors.release, (do.tenant_id, scene.facility, 5, 5, True))] * 4)
    taken = [parcel for released, _short in done for parcel in released]
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 15
    assert set(taken) <= set(made)
    assert laws.broken(do.tenant_id, "inventory.", "warehouse.") == []


HELD_LATE = """
    SELECT w.created_at, h.opened_at FROM inventory_hold h, warehouse_wave w
    JOIN warehouse_parcel p ON p.wave_id = w.id JOIN inventory_allocation a ON a.owner_ref = p.id
    JOIN inventory_balance b ON b.id = a.balance_id WHERE b.lot_id = h.lot_id AND w.created_at > h.opened_at
"""


WAVE, BEFORE, MOST = (
    3,
    4,
    6,
)  # units of a wave; waves before the hold comes, and of one releaser until it has come


def hold_against_releases(do: Do, is_held: Moment, *, locks: bool) -> tuple[Floor, list[int], list[Any]]:
    scene = do(Floor, units=60, carts=60)
    made = do(scene.parcels, 100)  # the lot that expires first goes first; without it 60 can be kept
    done = race(
        (actors.hold, (do.tenant_id, scene.soon, BEFORE, is_held, locks)),
        *[(actors.allocate, (do.tenant_id, scene.facility, WAVE, MOST, is_held, locks))] * 2,
        may_fail=not locks,
    )
    return scene, made, done


def test_a_hold_without_the_lock_and_allocation_contradict_each_other(do: Do, tmp_path: Path) -> None:
    for heat in range(10):
        _scene, _made, done = hold_against_releases(do, Moment(tmp_path / str(heat)), locks=False)
        if (
            any(isinstance(one, str) for one in done)
            or do(db.rows, HELD_LATE)
            or laws.broken(do.tenant_id, "inventory.")
        ):
            return
    pytest.fail("the rig found no contradiction")


@pytest.mark.usefixtures("no_deadlocks")
def test_from_its_commit_a_hold_beats_allocation(do: Do, tmp_path: Path) -> None:
    scene, made, done = hold_against_releases(do, Moment(tmp_path / "held"), locks=True)
    released = [parcel for each in done[1:] for parcel in each]
    assert sorted(released) == sorted(set(released))
    assert not do(db.rows, HELD_LATE)
    assert laws.broken(do.tenant_id, "inventory.", "warehouse.") == []
    sql = "SELECT count(*)::int FROM warehouse_parcel WHERE status = %s"
    assert do(db.rows, sql, int(ParcelStatus.RELEASED)) == [(len(released),)]
    before = (
        "SELECT coalesce(sum(a.quantity), 0)::int FROM inventory_allocation a"
        " JOIN inventory_balance b ON b.id = a.balance_id WHERE b.lot_id = %s"
    )
    ((held_back,),) = do(db.rows, before, scene.soon)
    assert BEFORE * WAVE <= held_back <= 2 * MOST * WAVE, "the hold came in between"
    ((kept,),) = do(db.rows, "SELECT coalesce(sum(quantity), 0)::int FROM inventory_reservation")
    assert len(released) + kept == held_back + 60, "what could be kept was kept"
    assert set(released) <= set(made)


@pytest.mark.usefixtures("no_deadlocks")
@pytest.mark.parametrize("is_hold_first", [False, True])
def test_no_unit_leaves_after_its_lot_was_held(do: Do, tmp_path: Path, is_hold_first: bool) -> None:
    """A shipment that is under way when the hold comes has committed before it; one that meets a hold waits for it and stays."""
    scene, tenant_id = do(Floor), do.tenant_id
    do(scene.parcels, 5)
    (wave_id,) = do(waves.release, facility_id=scene.facility, limit=10).wave_ids
    do(floor.confirm_picks, wave_ids=[wave_id])
    under_way = Moment(tmp_path / "under way")

    def ship() -> int:
        if is_hold_first:
            under_way.wait()
            return do(floor.ship, wave_ids=[wave_id]).units
        with actors.first(handling, "ship", under_way.come_and_be_waited_for):  # it has looked at the holds
            return do(floor.ship, wave_ids=[wave_id]).units

    def hold() -> None:
        if is_hold_first:
            return actors.recall(tenant_id, scene.soon, under_way.come_and_be_waited_for)
        under_way.wait()
        return actors.recall(tenant_id, scene.soon)

    assert together([ship, hold]) == [0 if is_hold_first else 5, None]
    late = (
        "SELECT m.at, h.opened_at FROM inventory_move m JOIN inventory_balance b ON b.id = m.from_balance_id"
        " JOIN inventory_hold h ON h.lot_id = b.lot_id WHERE m.kind = 3 AND m.at > h.opened_at"
    )
    assert do(db.rows, late) == []
    assert do(db.rows, "SELECT count(*)::int FROM inventory_hold") == [(1,)]
    assert laws.broken(tenant_id, "inventory.", "warehouse.") == []
