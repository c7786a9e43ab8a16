"""Stock that changes under a promise which nobody could see yet: the look after the commit settles what the one before it could not."""

import time
from collections.abc import Callable

import pytest

from core import db, relay
from core.tenancy import tenant
from inventory.models import BinKind, HoldKind, MoveKind
from inventory.services import holds
from inventory.services.bins import BinChange, archive_bins, change_bins
from inventory.services.ledger import MoveRow
from inventory.services.moving import move_stock
from inventory.services.receiving import ReceiptInput, receive
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.races.rig import together
from tests.steps import Do


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


def before_the_commit(tenant_id: int, change: Callable[[], object]) -> Callable[[], None]:
    """A change that is made, and committed half a second later."""

    def work() -> None:
        with tenant(tenant_id):
            change()
            time.sleep(0.8)

    return work


def come_and_be_promised(tenant_id: int, facility: int, bin_id: int, sku: int) -> Callable[[], list[int]]:
    """Goods arrive in the bin meanwhile, 4 are allocated to one owner and 5 promised to another, before the change commits."""

    def work() -> list[int]:
        time.sleep(0.3)
        with tenant(tenant_id):
            receive(facility_id=facility, reference="R", lines=[ReceiptInput(sku, "L", bin_id, 10)])
        with tenant(tenant_id):
            given = stock.must_reserve(facility, (sku, 4))
        with tenant(tenant_id):
            stock.allocate(facility, given)
        with tenant(tenant_id):
            return [given, stock.must_reserve(facility, (sku, 5))]

    return work


def test_goods_that_came_to_a_bin_while_it_stopped_selling(do: Do) -> None:
    tenant_id, facility, sku = do.tenant_id, do(make.make_facility), do(make.make_sku)
    bin_id = do(make.make_bin, facility)

    def change() -> None:
        kind = BinChange(kind=BinKind.DAMAGED)
        change_bins(facility_id=facility, bin_ids=[bin_id], change=kind, actor_id=None)

    _none, (given, promised) = together(
        [
            before_the_commit(tenant_id, change),
            come_and_be_promised(tenant_id, facility, bin_id, sku),
        ]
    )
    assert laws.broken(tenant_id, "inventory.promise_law"), "the promise was given before the change was seen"
    relay.deliver(tenant_id)
    assert laws.broken(tenant_id, "inventory.") == []
    assert (do(stock.allocated, given), do(stock.reserved, promised)) == ({}, 0)


def test_goods_that_came_to_a_bin_while_it_was_archived_still_sell(do: Do) -> None:
    tenant_id, facility, sku = do.tenant_id, do(make.make_facility), do(make.make_sku)
    bin_id = do(make.make_bin, facility)

    def archive() -> None:
        archive_bins(facility_id=facility, bin_ids=[bin_id], actor_id=None)

    _none, (given, promised) = together(
        [
            before_the_commit(tenant_id, archive),
            come_and_be_promised(tenant_id, facility, bin_id, sku),
        ]
    )
    relay.deliver(tenant_id)
    assert laws.broken(tenant_id, "inventory.") == []
    assert (sum(do(stock.allocated, given).values()), do(stock.reserved, promised)) == (4, 5)
    tote = do(make.make_bin, facility, BinKind.TOTE)
    assert do(stock.pick, tote, given).units == 4


def test_a_facility_that_gets_the_lot_for_the_first_time_while_it_is_held(do: Do) -> None:
    """The hold cannot lock a row that nobody sees yet.  Nothing of it leaves all the same, and the promise gives way after the commit."""
    tenant_id, facility, sku = do.tenant_id, do(make.make_facility), do(make.make_sku)
    bin_id, lot = do(make.make_bin, facility), do(make.make_lot, sku, code="L")

    def hold() -> None:
        holds.hold_lots(lot_ids=[lot], kind=HoldKind.RECALL, document="D", reason="召回", actor_id=None)

    _none, (given, promised) = together(
        [
            before_the_commit(tenant_id, hold),
            come_and_be_promised(tenant_id, facility, bin_id, sku),
        ]
    )
    tote = do(make.make_bin, facility, BinKind.TOTE)
    picked = do(stock.pick, tote, given)
    assert (picked.units, picked.held_owners) == (0, (given,)), "held from the commit of the hold on"
    assert do(stock.reserve, facility, (sku, 1)) is None
    assert laws.broken(tenant_id, "inventory.promise_law"), "the promise was given before the hold was seen"
    relay.deliver(tenant_id)
    assert laws.broken(tenant_id, "inventory.") == []
    assert do(stock.reserved, promised) == 0


def test_a_facility_that_had_the_lot_before_waits_for_the_hold(do: Do) -> None:
    """An empty balance is a row that can be locked: what comes into it comes after the hold, and is never promised."""
    tenant_id, facility, sku = do.tenant_id, do(make.make_facility), do(make.make_sku)
    bin_id = do(make.make_bin, facility)
    lot = do(make.make_stock, bin_id, sku, 2, lot="L")

    def empty() -> None:
        row = MoveRow(MoveKind.LOST, 2, make.balance_of(bin_id, lot), None, db.new_id())
        move_stock(facility_id=facility, moves=[row], actor_id=None)

    def hold() -> None:
        holds.hold_lots(lot_ids=[lot], kind=HoldKind.RECALL, document="D", reason="召回", actor_id=None)

    def come() -> int | None:
        time.sleep(0.3)
        with tenant(tenant_id):
            receive(facility_id=facility, reference="R", lines=[ReceiptInput(sku, "L", bin_id, 10)])
        with tenant(tenant_id):
            return stock.reserve(facility, (sku, 1))

    do(empty)
    assert together([before_the_commit(tenant_id, hold), come]) == [None, None]
    assert laws.broken(tenant_id, "inventory.") == []
