"""Stock that moves for any reason but a pick: nobody loses what was promised to him without being told."""

from datetime import date
from typing import Any

import pytest
from django.db import connection

from core import db, outbox
from core.models import Outbox
from core.tenancy import tenant
from inventory.errors import StockShort
from inventory.models import BinKind, MoveKind
from inventory.queries import available
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import Moved, move_stock
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.inventory.services.stock import DAY

SOON, LATE = date(2099, 5, 1), date(2099, 9, 1)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)


class Scene:
    """A facility with two pick bins, a storage bin, a cart and a damaged bin; 10 units that expire first in the first pick bin."""

    def __init__(self) -> None:
        self.facility, self.sku = make.make_facility(), make.make_sku()
        self.pick, self.other = make.make_bins(self.facility, 2)
        self.storage = make.make_bin(self.facility, BinKind.STORAGE)
        self.tote = make.make_bin(self.facility, BinKind.TOTE)
        self.damaged = make.make_bin(self.facility, BinKind.DAMAGED)
        self.soon = make.make_stock(self.pick, self.sku, 10, expires_on=SOON)

    def late(self, units: int, bin_id: int | None = None) -> int:
        return make.make_stock(bin_id or self.other, self.sku, units, expires_on=LATE)

    def allocated(self, units: int, *, priority: int = 0, days: int = 0) -> int:
        """An owner whose units have their lots."""
        owner = stock.must_reserve(self.facility, (self.sku, units), priority=priority, days=days)
        assert stock.allocate(self.facility, owner).owners == (owner,)
        return owner

    def balance(self, bin_id: int, lot_id: int | None = None) -> int:
        place = (self.facility, bin_id, self.sku, lot_id or self.soon)
        return find_or_make_balances([place])[bin_id, lot_id or self.soon]

    def moved(
        self, units: int, to: int | None, *, out_of: int | None = None, lot: int | None = None
    ) -> Moved:
        """Move units of a lot (the first, out of the first bin, unless told otherwise)."""
        into = self.balance(to, lot) if to else None
        kind = MoveKind.TRANSFER if to else MoveKind.WRITE_OFF
        row = MoveRow(kind, units, self.balance(out_of or self.pick, lot), into, db.new_id())
        return move_stock(facility_id=self.facility, moves=[row], actor_id=None, reason="破损")


def lies(bin_id: int, owner: int) -> int:
    """Units of the owner in a bin."""
    sql = (
        "SELECT coalesce(sum(a.quantity), 0)::int FROM inventory_allocation a JOIN inventory_balance b ON b.id = a.balance_id"
        " WHERE b.bin_id = %s AND a.owner_ref = %s"
    )
    return int(db.rows(sql, bin_id, owner)[0][0])


def facts(topic: str) -> list[Any]:
    return list(Outbox.objects.filter(topic=topic).order_by("at", "id").values_list("payload", flat=True))


def test_units_nobody_has_go_first(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owner = scene.allocated(6)
        assert scene.moved(4, None) == Moved()
        assert stock.allocated(owner) == {scene.soon: 6}
        assert stock.units(scene.soon)["on_hand"] == 6
        assert facts("AllocationsBroken") == facts("PromisesBroken") == []
    assert not laws.broken(tenant_id, "inventory.")


@pytest.mark.parametrize("place", ["other", "storage"])
def test_allocations_follow_their_units_into_a_bin_that_sells(tenant_id: int, place: str) -> None:
    with tenant(tenant_id):
        scene = Scene()
        there = getattr(scene, place)
        strong, weak = scene.allocated(4, priority=5), scene.allocated(4)
        assert scene.moved(7, there) == Moved()
        assert (lies(there, strong), lies(there, weak)) == (1, 4)
        assert (lies(scene.pick, strong), lies(scene.pick, weak)) == (3, 0)
        assert stock.pick(scene.tote, strong, weak).units == 8
    assert not laws.broken(tenant_id, "inventory.")


def test_what_is_freed_gets_other_lots_first_expired_first(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owner = scene.allocated(8)
        middle = make.make_stock(scene.other, scene.sku, 3, expires_on=date(2099, 7, 1))
        late = scene.late(20)
        assert scene.moved(10, scene.damaged) == Moved(reallocated=8)
        assert stock.allocated(owner) == {middle: 3, late: 5}
        assert facts("AllocationsBroken") == []
    assert not laws.broken(tenant_id, "inventory.")


def test_the_minimum_expiry_of_what_is_freed_is_kept(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        late = scene.late(4)
        floor = date(2099, 6, 1)
        owner = stock.must_reserve(scene.facility, (scene.sku, 4), day=floor)
        stock.allocate(scene.facility, owner)
        moved = scene.moved(3, None, out_of=scene.other, lot=late)
        assert moved == Moved(short_owners=(owner,)), "the ten that expire earlier are not for this owner"
        assert stock.allocated(owner) == {late: 1}
        assert available(scene.facility, scene.sku, DAY) == 10
    assert not laws.broken(tenant_id, "inventory.")


def test_no_other_lots_the_owners_are_told_and_the_strong_keep_theirs(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        strong, weak, weaker = scene.allocated(4, priority=1), scene.allocated(3), scene.allocated(3, days=2)
        scene.late(2)
        assert scene.moved(5, None) == Moved(reallocated=2, short_owners=(weaker,))
        assert [sum(stock.allocated(o).values()) for o in (strong, weak, weaker)] == [4, 3, 0]
        assert facts("AllocationsBroken") == [{"facility_id": scene.facility, "owner_refs": [weaker]}]
    assert not laws.broken(tenant_id, "inventory.")


def test_work_on_the_floor_goes_before_promises_which_are_settled(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        late = scene.late(6)
        floor = scene.allocated(10)
        promised = stock.must_reserve(scene.facility, (scene.sku, 5))
        assert scene.moved(4, None) == Moved(reallocated=4, broken_owners=(promised,))
        assert stock.allocated(floor) == {scene.soon: 6, late: 4}
        assert stock.reserved(promised) == 0
        assert facts("PromisesBroken") == [{"facility_id": scene.facility, "owner_refs": [promised]}]
    assert not laws.broken(tenant_id, "inventory.")


def test_a_move_out_of_sale_breaks_the_promises_that_no_longer_fit(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        first, second = (
            stock.must_reserve(scene.facility, (scene.sku, 4)),
            stock.must_reserve(scene.facility, (scene.sku, 4), days=1),
        )
        assert scene.moved(5, scene.damaged).broken_owners == (second,)
        assert (stock.reserved(first), stock.reserved(second)) == (4, 0)
        assert scene.moved(5, scene.storage, out_of=scene.damaged).broken_owners == ()
        assert available(scene.facility, scene.sku, DAY) == 6
    assert not laws.broken(tenant_id, "inventory.")


def test_a_bin_that_has_not_the_units_is_named_and_nothing_is_changed(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owner = scene.allocated(8)
        ((code, lot),) = db.rows(
            "SELECT n.code, l.code FROM inventory_bin n, inventory_lot l WHERE n.id = %s AND l.id = %s",
            scene.pick, scene.soon,
        )  # fmt: skip
        rows = [
            MoveRow(MoveKind.ADJUST, units, scene.balance(scene.pick), None, db.new_id()) for units in (6, 5)
        ]
    with pytest.raises(StockShort) as refused, tenant(tenant_id):
        move_stock(facility_id=scene.facility, moves=rows, actor_id=None)
    assert refused.value.fields == {"bin": code, "lot": lot, "have": 10, "want": 11}
    assert code in str(refused.value)
    with tenant(tenant_id):
        assert stock.units(scene.soon) == {"received": 10, "on_hand": 10, "allocated": 8, "shipped": 0}
        assert stock.allocated(owner) == {scene.soon: 8}
        assert facts("AllocationsBroken") == []


def test_units_that_are_found_take_nothing_from_anybody(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owner = scene.allocated(10)
        found = MoveRow(MoveKind.ADJUST, 3, None, scene.balance(scene.pick), db.new_id())
        assert move_stock(facility_id=scene.facility, moves=[found], actor_id=None) == Moved()
        assert stock.allocated(owner) == {scene.soon: 10}
        assert available(scene.facility, scene.sku, DAY) == 3
    assert not laws.broken(tenant_id, "inventory.ledger", "inventory.allocated")


def test_two_bins_change_places(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        make.make_stock(scene.other, scene.sku, 4, lot=lot_code(scene.soon), expires_on=SOON)
        owner = scene.allocated(14)
        here, there = scene.balance(scene.pick), scene.balance(scene.other)
        rows = [
            MoveRow(MoveKind.TRANSFER, 10, here, there, db.new_id()),
            MoveRow(MoveKind.TRANSFER, 4, there, here, db.new_id()),
        ]
        assert move_stock(facility_id=scene.facility, moves=rows, actor_id=None) == Moved()
        assert (lies(scene.pick, owner), lies(scene.other, owner)) == (4, 10)
    assert not laws.broken(tenant_id, "inventory.")


def test_what_goes_to_another_facility_is_not_followed(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owner = scene.allocated(8)
        elsewhere = make.make_facility()
        shelf = make.make_bin(elsewhere)
        into = find_or_make_balances([(elsewhere, shelf, scene.sku, scene.soon)])[shelf, scene.soon]
        row = MoveRow(MoveKind.SENT, 5, scene.balance(scene.pick), into, db.new_id())
        moved = move_stock(facility_id=scene.facility, moves=[row], actor_id=None)
        assert moved == Moved(short_owners=(owner,))
        assert (lies(scene.pick, owner), lies(shelf, owner)) == (5, 0)
        assert available(elsewhere, scene.sku, DAY) == 5
    assert not laws.broken(tenant_id, "inventory.")


def test_units_lost_off_a_cart_are_told(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owner = scene.allocated(8)
        stock.pick(scene.tote, owner)
        late = scene.late(5)
        assert scene.moved(3, None, out_of=scene.tote) == Moved(reallocated=3)
        assert stock.allocated(owner) == {scene.soon: 7, late: 1}, (
            "first the two that still lie in the bin, then the later lot"
        )
        assert facts("PickedUnitsLost") == [{"facility_id": scene.facility, "owner_refs": [owner]}]
    assert not laws.broken(tenant_id, "inventory.")


def test_a_hundred_moves_cost_what_one_costs(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        damaged = make.make_bin(facility, BinKind.DAMAGED)
        pick = make.make_bins(facility, 101)
        skus = [make.make_sku() for _ in range(101)]
        lots = [
            make.make_stock(bin_id, sku, 5, expires_on=SOON) for bin_id, sku in zip(pick, skus, strict=True)
        ]
        for bin_id, sku in zip(pick, skus, strict=True):
            make.make_stock(bin_id, sku, 2, expires_on=LATE)
            stock.allocate(facility, stock.must_reserve(facility, (sku, 4)))
            stock.must_reserve(facility, (sku, 3))
        places = [(facility, b, s, lot) for b, s, lot in zip(pick, skus, lots, strict=True)]
        out = find_or_make_balances(places)
        into = find_or_make_balances([(facility, damaged, s, lot) for _f, _b, s, lot in places])
        moves = [
            MoveRow(MoveKind.TRANSFER, 3, out[b, lot], into[damaged, lot], db.new_id())
            for _f, b, _s, lot in places
        ]
    counts = []
    for part in (moves[:1], moves[1:]):
        with tenant(tenant_id), connection.execute_wrapper(counter := Counter()):
            moved = move_stock(facility_id=facility, moves=part, actor_id=None)
        assert moved.reallocated == 2 * len(part)
        assert len(moved.broken_owners) == len(part)
        counts.append(counter.count)
    assert counts[0] == counts[1] <= 22
    assert not laws.broken(tenant_id, "inventory.")


class Counter:
    """Statements sent, but for fresh blocks of ids, which come when they come."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += "core_id_block" not in sql
        return execute(sql, params, many, context)


def lot_code(lot_id: int) -> str:
    return str(db.rows("SELECT code FROM inventory_lot WHERE id = %s", lot_id)[0][0])
