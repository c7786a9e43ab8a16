"""Lots in another order, one lot a parcel, a picker's change of lot: through the services, on real tables."""

from datetime import date
from typing import Any

import pytest

from core import db, outbox
from core.tenancy import tenant
from inventory.errors import LotRefused, UnknownGoods, UnknownPlace
from inventory.models import BinKind, HoldKind, LotOrder, MoveKind, Sku
from inventory.services import holds, moving
from inventory.services.ledger import MoveRow
from inventory.services.lot_changes import change_lot
from tests import builders as make
from tests import laws
from tests.inventory.services import stock

SOON, LATE, LAST = date(2099, 5, 1), date(2099, 9, 1), date(2099, 12, 1)
OLD, NEW = date(2025, 1, 1), date(2025, 2, 1)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)


class Scene:
    """A facility with two pick bins, a cart and one SKU."""

    def __init__(self, **manner: Any) -> None:
        self.facility, self.sku = make.make_facility(), make.make_sku()
        self.bin, self.other = make.make_bin(self.facility), make.make_bin(self.facility)
        self.tote = make.make_bin(self.facility, BinKind.TOTE)
        Sku.objects.filter(id=self.sku).update(**manner) if manner else None

    def lot(self, units: int, expires_on: date, received_on: date = OLD, *, bin_id: int = 0) -> int:
        lot = make.make_stock(bin_id or self.bin, self.sku, units, expires_on=expires_on)
        db.execute(
            "UPDATE inventory_lot SET received_on = %s WHERE tenant_id = %s AND id = %s",
            received_on,
            db.rows("SELECT tenant_id FROM inventory_lot WHERE id = %s", lot)[0][0],
            lot,
        )
        return lot


def only_allocation(owner: int) -> int:
    ((id_,),) = db.rows("SELECT id FROM inventory_allocation WHERE owner_ref = %s", owner)
    return int(id_)


def test_first_in_first_out_takes_the_oldest_lot_that_nobody_was_promised(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene(lot_order=LotOrder.FIFO)
        late, soon = scene.lot(5, LATE, OLD), scene.lot(5, SOON, NEW)
        picky = stock.must_reserve(scene.facility, (scene.sku, 3), day=date(2099, 6, 1))
        anyone = stock.must_reserve(scene.facility, (scene.sku, 4))
    with tenant(tenant_id):
        assert stock.allocate(scene.facility, anyone).short == ()
        assert stock.allocated(anyone) == {late: 2, soon: 2}
    assert not laws.broken(tenant_id, "inventory.")
    with tenant(tenant_id):
        assert stock.allocate(scene.facility, picky).short == ()
        assert stock.allocated(picky) == {late: 3}
    assert not laws.broken(tenant_id, "inventory.")


def test_first_expired_first_out_is_left_as_it_was(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        scene.lot(5, LATE, OLD)
        soon = scene.lot(5, SOON, NEW)
        owner = stock.must_reserve(scene.facility, (scene.sku, 4))
        stock.allocate(scene.facility, owner)
        assert stock.allocated(owner) == {soon: 4}


def test_a_parcel_that_wants_one_lot_gets_it_whole_or_stays_promised(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene(one_lot_per_parcel=True)
        lots = [scene.lot(3, SOON), scene.lot(3, LATE)]
        owners = [stock.must_reserve(scene.facility, (scene.sku, 2)) for _ in range(3)]
        done = stock.allocate(scene.facility, *owners)
        assert (done.owners, done.short) == (tuple(owners[:2]), (owners[2],))
        assert [stock.allocated(owner) for owner in owners] == [{lots[0]: 2}, {lots[1]: 2}, {}]
    assert not laws.broken(tenant_id, "inventory.")


def test_lost_units_of_one_lot_are_replaced_from_the_same_lot_only(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene(one_lot_per_parcel=True)
        lot = make.make_stock(scene.bin, scene.sku, 3, lot="L-A", expires_on=SOON)
        make.make_stock(scene.other, scene.sku, 1, lot="L-A", expires_on=SOON)
        scene.lot(9, LATE)
        owner = stock.must_reserve(scene.facility, (scene.sku, 3))
        stock.allocate(scene.facility, owner)
        first = make.balance_of(scene.other, lot)
        second = make.balance_of(scene.bin, lot)
        lost = moving.move_stock(
            facility_id=scene.facility,
            moves=[MoveRow(MoveKind.LOST, 1, second, None, db.new_id())],
            actor_id=None,
        )
        assert (lost.reallocated, lost.short_owners) in (((1, ())), ((0, ())))
        lost = moving.move_stock(
            facility_id=scene.facility,
            moves=[
                MoveRow(MoveKind.LOST, 1, first, None, db.new_id()),
                MoveRow(MoveKind.LOST, 1, second, None, db.new_id()),
            ],
            actor_id=None,
        )
        assert lost.short_owners == (owner,)
        assert set(stock.allocated(owner)) == {lot}
    assert not laws.broken(tenant_id, "inventory.")


class TestChangeOfLot:
    def test_allowed_while_nothing_promised_is_lost_and_the_old_units_are_free_again(
        self, tenant_id: int
    ) -> None:
        with tenant(tenant_id):
            scene = Scene()
            soon, late = scene.lot(5, SOON), scene.lot(5, LATE, bin_id=scene.other)
            owner = stock.must_reserve(scene.facility, (scene.sku, 4))
            stock.allocate(scene.facility, owner)
            allocation, into = only_allocation(owner), make.balance_of(scene.other, late)
            change_lot(allocation_id=allocation, to_balance_id=into, actor_id=None)
            change_lot(allocation_id=allocation, to_balance_id=into, actor_id=None)
            assert stock.allocated(owner) == {late: 4}
            assert stock.units(soon)["allocated"] == 0
            entries = db.rows("SELECT object_id FROM core_auditentry WHERE action = 'change_lot'")
            assert entries == [(allocation,)]
        assert not laws.broken(tenant_id, "inventory.")

    def test_refused_when_a_promise_would_lose_its_lot_and_it_says_which(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene()
            soon, late = scene.lot(5, SOON), scene.lot(5, LATE)
            owner = stock.must_reserve(scene.facility, (scene.sku, 4))
            stock.must_reserve(scene.facility, (scene.sku, 3), day=date(2099, 6, 1))
            stock.allocate(scene.facility, owner)
            with pytest.raises(LotRefused, match="2 件") as refused:
                change_lot(
                    allocation_id=only_allocation(owner),
                    to_balance_id=make.balance_of(scene.bin, late),
                    actor_id=None,
                )
            assert refused.value.code == "promise_would_break"
            assert refused.value.fields == {"min_expires_on": "2099-06-01", "units": 2}
            assert stock.allocated(owner) == {soon: 4}
            assert stock.units(soon)["allocated"] == 4
        assert not laws.broken(tenant_id, "inventory.")

    def test_refused_for_too_few_too_short_dated_held_picked_and_gone(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene()
            soon, late, last = scene.lot(5, SOON), scene.lot(5, LATE), scene.lot(2, LAST)
            held = scene.lot(9, LAST)
            dock = scene.lot(9, LAST, bin_id=scene.tote)
            owner = stock.must_reserve(scene.facility, (scene.sku, 3), day=date(2099, 6, 1))
            stock.allocate(scene.facility, owner)
            holds.hold_lots(lot_ids=[held], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
            allocation = only_allocation(owner)
            codes = {
                lot: refused_code(allocation, make.balance_of(scene.tote if lot == dock else scene.bin, lot))
                for lot in (soon, last, held, dock)
            }
            assert codes == {
                soon: "lot_too_short_dated",
                last: "lot_has_too_few",
                held: "lot_does_not_sell",
                dock: "lot_does_not_sell",
            }
            assert stock.allocated(owner) == {late: 3}
            with pytest.raises(UnknownPlace):
                change_lot(allocation_id=allocation, to_balance_id=db.new_id(), actor_id=None)
            with pytest.raises(UnknownGoods):
                change_lot(allocation_id=db.new_id(), to_balance_id=db.new_id(), actor_id=None)
            stock.pick(scene.tote, owner)
            assert refused_code(allocation, make.balance_of(scene.bin, soon)) == "lot_picked"

    def test_units_of_a_held_lot_may_be_given_back(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene()
            soon, late = scene.lot(5, SOON), scene.lot(5, LATE)
            owner = stock.must_reserve(scene.facility, (scene.sku, 4))
            stock.allocate(scene.facility, owner)
            holds.hold_lots(lot_ids=[soon], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
            for allocation_id in [
                row[0] for row in db.rows("SELECT id FROM inventory_allocation WHERE owner_ref = %s", owner)
            ]:
                change_lot(
                    allocation_id=allocation_id, to_balance_id=make.balance_of(scene.bin, late), actor_id=None
                )
            assert stock.allocated(owner) == {late: 4}
        assert not laws.broken(tenant_id, "inventory.")

    def test_one_lot_a_parcel_stays_one_lot(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene(one_lot_per_parcel=True)
            lot = make.make_stock(scene.bin, scene.sku, 2, lot="L-A", expires_on=SOON)
            make.make_stock(scene.other, scene.sku, 2, lot="L-A", expires_on=SOON)
            late = scene.lot(9, LATE)
            owner = stock.must_reserve(scene.facility, (scene.sku, 4))
            stock.allocate(scene.facility, owner)
            assert stock.allocated(owner) == {lot: 4}
            first = db.rows("SELECT id FROM inventory_allocation WHERE owner_ref = %s ORDER BY id", owner)[0][
                0
            ]
            assert refused_code(first, make.balance_of(scene.bin, late)) == "one_lot_per_parcel"


def refused_code(allocation_id: int, balance_id: int) -> str:
    with pytest.raises(LotRefused) as refused:
        change_lot(allocation_id=allocation_id, to_balance_id=balance_id, actor_id=None)
    return refused.value.code
