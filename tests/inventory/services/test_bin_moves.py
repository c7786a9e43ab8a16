"""Units go from bin to bin with what is promised of them, once a scan, and never out of a parcel's tote."""

from dataclasses import dataclass

import pytest

from core import db
from core.tenancy import tenant
from inventory.errors import BadQuantity, LotDiffers, StockShort, UnknownPlace, WrongState
from inventory.models import Balance, Bin, BinKind, Move, MoveKind
from inventory.services.bin_moves import BinMoveLine, BinMoveResult, move_units
from inventory.services.lots import LotInput, find_or_make_lots
from tests import builders as make
from tests import laws
from tests.inventory.services import stock


@dataclass
class House:
    tenant_id: int
    facility: int
    dock: int
    shelf: int
    other: int
    sku: int
    lot: int

    def move(self, source: int, quantity: int, into: int, *, document: int | None = None) -> BinMoveResult:
        lines = [BinMoveLine(source, self.lot, quantity, into)]
        return move_units(facility_id=self.facility, lines=lines, actor_id=7, document_id=document)

    def units(self, bin_id: int) -> int:
        found = Balance.objects.filter(bin=bin_id, lot=self.lot).first()
        return found.on_hand if found else 0


@pytest.fixture
def house(tenant_id: int) -> House:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        dock = make.make_bin(facility, BinKind.RECEIVING)
        shelf, other = make.make_bin(facility), make.make_bin(facility)
        return House(tenant_id, facility, dock, shelf, other, sku, make.make_stock(dock, sku, 10))


def test_put_away_makes_goods_sell(house: House) -> None:
    with tenant(house.tenant_id):
        assert stock.reserve(house.facility, (house.sku, 1)) is None
        done = house.move(house.dock, 6, house.shelf)
        assert (house.units(house.dock), house.units(house.shelf)) == (4, 6)
        move = Move.objects.get(document_id=done.document_id)
        assert (move.kind, move.actor_id) == (MoveKind.TRANSFER, 7)
    with tenant(house.tenant_id):
        stock.must_reserve(house.facility, (house.sku, 6))
    assert not laws.broken(house.tenant_id, "inventory.")


def test_allocations_follow_their_units(house: House) -> None:
    with tenant(house.tenant_id):
        house.move(house.dock, 10, house.shelf)
    with tenant(house.tenant_id):
        owner = stock.must_reserve(house.facility, (house.sku, 8))
    with tenant(house.tenant_id):
        stock.allocate(house.facility, owner)
    with tenant(house.tenant_id):
        done = house.move(house.shelf, 10, house.other)
        assert done.moved is not None
        assert (done.moved.short_owners, done.moved.reallocated) == ((), 0)
        assert Balance.objects.get(bin=house.other).allocated == 8
    assert not laws.broken(house.tenant_id, "inventory.")


def test_a_scan_sent_twice_counts_once(house: House) -> None:
    with tenant(house.tenant_id):
        document = db.new_id()
    for is_new in (True, False):
        with tenant(house.tenant_id):
            done = house.move(house.dock, 10, house.shelf, document=document)
            assert (done.is_new, done.units, house.units(house.shelf)) == (is_new, 10, 10)


def test_what_is_not_there_is_refused(house: House) -> None:
    with pytest.raises(StockShort), tenant(house.tenant_id):
        house.move(house.dock, 11, house.shelf)
    for quantity in (0, -1, 2**31):
        with pytest.raises(BadQuantity), tenant(house.tenant_id):
            house.move(house.dock, quantity, house.shelf)
    with pytest.raises(BadQuantity), tenant(house.tenant_id):
        house.move(house.dock, 1, house.dock)
    chain = [
        BinMoveLine(house.dock, house.lot, 1, house.shelf),
        BinMoveLine(house.shelf, house.lot, 1, house.other),
    ]
    with pytest.raises(BadQuantity), tenant(house.tenant_id):
        move_units(facility_id=house.facility, lines=chain, actor_id=None)
    with tenant(house.tenant_id):
        assert house.units(house.dock) == 10


def test_where_goods_may_not_go(house: House) -> None:
    with tenant(house.tenant_id):
        tote = make.make_bin(house.facility, BinKind.TOTE)
        road = make.make_bin(house.facility, BinKind.TRANSIT)
        closed = make.make_bin(house.facility)
        Bin.objects.filter(id=closed).update(is_active=False)
        elsewhere = make.make_bin(make.make_facility())
    for bin_id in (tote, road, closed):
        with pytest.raises(WrongState), tenant(house.tenant_id):
            house.move(house.dock, 1, bin_id)
    with pytest.raises(UnknownPlace), tenant(house.tenant_id):
        house.move(house.dock, 1, elsewhere)


def test_out_of_a_tote_only_what_no_parcel_has(house: House) -> None:
    with tenant(house.tenant_id):
        house.move(house.dock, 10, house.shelf)
    with tenant(house.tenant_id):
        tote = make.make_bin(house.facility, BinKind.TOTE)
        owner = stock.must_reserve(house.facility, (house.sku, 3))
    with tenant(house.tenant_id):
        stock.allocate(house.facility, owner)
    with tenant(house.tenant_id):
        stock.pick(tote, owner)
        make.make_stock(tote, house.sku, 2, lot=_code(house.lot))
    with pytest.raises(WrongState), tenant(house.tenant_id):
        house.move(tote, 3, house.shelf)
    with tenant(house.tenant_id):
        house.move(tote, 2, house.shelf)
        assert house.units(tote) == 3


def _code(lot_id: int) -> str:
    ((code,),) = db.rows("SELECT code FROM inventory_lot WHERE id = %s", lot_id)
    return str(code)


def test_a_lot_in_the_hand_is_found_or_made(house: House) -> None:
    day = make.NEVER.replace(year=2030)
    with tenant(house.tenant_id):
        known = _code(house.lot)
        found = find_or_make_lots([LotInput(house.sku, known), LotInput(house.sku, "NEW", day)])
        assert found[house.sku, known] == house.lot
        assert (
            find_or_make_lots([LotInput(house.sku, "NEW", day)])[house.sku, "NEW"] == found[house.sku, "NEW"]
        )
    with pytest.raises(LotDiffers), tenant(house.tenant_id):
        find_or_make_lots([LotInput(house.sku, "NEW", make.NEVER.replace(year=2031))])
