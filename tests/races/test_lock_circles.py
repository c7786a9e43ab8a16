"""Two programs that lock the same balances never wait for each other in a circle: each locks them once, by id."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import db
from core.tenancy import tenant
from inventory.models import BinKind, MoveKind
from inventory.rules.promise import Demand
from inventory.services import handling, promises
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import move_stock
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.inventory.services.stock import DAY, SHIP_BY
from tests.races.actors import first
from tests.races.moments import Moment
from tests.races.rig import together
from tests.races.test_stock import deadlocks
from tests.steps import Do
from warehouse.models import ParcelStatus
from warehouse.services import parcels, waves
from warehouse.services.parcels import LineInput, ParcelInput


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def no_deadlocks(admin_url: str) -> Iterator[None]:
    before = deadlocks(admin_url)
    yield
    assert deadlocks(admin_url) == before


@dataclass(frozen=True)
class Aside:
    """A whole parcel; one that lost its promise and has a lot set aside in the older balance; an owner on the floor with both goods."""

    facility: int
    whole: int
    short: int
    neighbour: int
    older: int
    newer: int


def make_aside() -> Aside:
    facility, plain, one_lot = make.make_facility(), make.make_sku(), make.make_sku()
    bin_id = make.make_bin(facility)
    make.make_bins(facility, 2, BinKind.TOTE)
    lot = make.make_stock(bin_id, one_lot, 5)
    older = make.balance_of(bin_id, lot)
    newer = make.balance_of(bin_id, make.make_stock(bin_id, plain, 5))
    assert older < newer
    neighbour = stock.must_reserve(facility, (plain, 1), (one_lot, 1))
    stock.allocate(facility, neighbour)
    plan = promises.plan(facility, [Demand(n, DAY, ((plain, 1),)) for n in range(2)], locked=True)
    promises.add_counters(facility, plan.added)
    refs = db.new_ids(2)
    wanted = [
        ParcelInput(refs[0], (LineInput(plain, refs[0], 1),), 500, "", DAY, 0, SHIP_BY),
        ParcelInput(
            refs[1],
            (LineInput(plain, refs[1], 1), LineInput(one_lot, refs[1], 1, lot_id=lot)),
            500,
            "",
            DAY,
            0,
            SHIP_BY,
        ),
    ]
    whole, short = parcels.plan(facility_id=facility, parcels=wanted, waiting=[False, False])
    db.execute("DELETE FROM inventory_reservation WHERE owner_ref = %s", short)
    promises.add_counters(facility, {(plain, DAY): -1})
    return Aside(facility, whole, short, neighbour, older, newer)


@pytest.mark.usefixtures("no_deadlocks")
def test_what_a_short_parcel_has_aside_is_locked_with_what_the_others_take(do: Do, tmp_path: Path) -> None:
    """A release gives back goods of one lot of a parcel that is short, while somebody picks the same two goods."""
    tenant_id, scene, locked = do.tenant_id, do(make_aside), Moment(tmp_path / "locked")

    def release() -> tuple[tuple[int, ...], tuple[int, ...]]:
        with first(waves, "give_back", locked.come_and_be_waited_for), tenant(tenant_id):
            done = waves.release(facility_id=scene.facility, limit=10)
        return done.parcel_ids, done.short

    def pick() -> list[int]:
        locked.wait()
        with tenant(tenant_id):
            return handling.lock_owned_balances([scene.neighbour])

    done = together([release, pick])
    assert done == [((scene.whole,), (scene.short,)), [scene.older, scene.newer]]
    statuses = "SELECT id, status FROM warehouse_parcel"
    assert dict(do(db.rows, statuses)) == {
        scene.whole: ParcelStatus.RELEASED,
        scene.short: ParcelStatus.PLANNED,
    }
    assert do(db.rows, "SELECT 1 FROM inventory_allocation WHERE owner_ref = %s", scene.short) == []
    assert laws.broken(tenant_id, "inventory.") == []


@dataclass(frozen=True)
class Cart:
    """A tote that had the lot before its bin had it: the tote's balance is the older one."""

    facility: int
    tote: int
    owner: int
    tote_balance: int
    bin_balance: int


def make_cart() -> Cart:
    facility, sku = make.make_facility(), make.make_sku()
    tote, shelf = make.make_bin(facility, BinKind.TOTE), make.make_bin(facility)
    lot = make.make_lot(sku, code="L")
    tote_balance = find_or_make_balances([(facility, tote, sku, lot)])[tote, lot]
    make.make_stock(shelf, sku, 5, lot="L")
    owner = stock.must_reserve(facility, (sku, 2))
    stock.allocate(facility, owner)
    return Cart(facility, tote, owner, tote_balance, make.balance_of(shelf, lot))


@pytest.mark.usefixtures("no_deadlocks")
def test_a_pick_locks_the_tote_with_the_bin(do: Do, tmp_path: Path) -> None:
    """A paper takes units of the same goods while they are picked: it locks all balances of the SKU, by id, the tote's before the bin's."""
    tenant_id, scene, locked = do.tenant_id, do(make_cart), Moment(tmp_path / "locked")
    assert scene.tote_balance < scene.bin_balance

    def pick() -> int:
        with first(handling, "write_moves", locked.come_and_be_waited_for), tenant(tenant_id):
            return stock.pick(scene.tote, scene.owner).units

    def lose() -> int:
        locked.wait()
        with tenant(tenant_id):
            row = MoveRow(MoveKind.LOST, 1, scene.bin_balance, None, db.new_id())
            return move_stock(facility_id=scene.facility, moves=[row], actor_id=None).reallocated

    assert together([pick, lose]) == [2, 0]
    assert laws.broken(tenant_id, "inventory.") == []
