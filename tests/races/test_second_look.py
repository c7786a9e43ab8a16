"""Stock that changes under a promise which nobody could see yet: the look after the commit settles what the one before it could not."""

from collections.abc import Callable
from pathlib import Path

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
from tests.races.moments import Moment
from tests.races.rig import together
from tests.steps import Do


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


def committed_after(
    tenant_id: int, change: Callable[[], object], is_over: Callable[[], None]
) -> Callable[[], None]:
    """A change that is made, and committed when something is over."""

    def work() -> None:
        with tenant(tenant_id):
            change()
            is_over()

    return work


def goods_come_before_the_commit(
    do: Do, folder: Path, change: Callable[[], object], goods: tuple[int, int, int]
) -> tuple[int, int]:
    """Goods (facility, bin, SKU) arrive when the change is made, and before it commits 4 are allocated to one owner and 5 promised to
    another; the two owners.
    """
    facility, bin_id, sku = goods
    changed, promised = Moment(folder / "changed"), Moment(folder / "promised")

    def tell_and_wait() -> None:
        changed.come()
        promised.wait()

    def come() -> tuple[int, int]:
        changed.wait()
        do(receive, facility_id=facility, reference="R", lines=[ReceiptInput(sku, "L", bin_id, 10)])
        given = do(stock.must_reserve, facility, (sku, 4))
        do(stock.allocate, facility, given)
        owners = given, do(stock.must_reserve, facility, (sku, 5))
        promised.come()
        return owners

    owners: tuple[int, int]
    _none, owners = together([committed_after(do.tenant_id, change, tell_and_wait), come])
    return owners


def test_goods_that_came_to_a_bin_while_it_stopped_selling(do: Do, tmp_path: Path) -> None:
    tenant_id, facility, sku = do.tenant_id, do(make.make_facility), do(make.make_sku)
    bin_id = do(make.make_bin, facility)

    def change() -> None:
        kind = BinChange(kind=BinKind.DAMAGED)
        change_bins(facility_id=facility, bin_ids=[bin_id], change=kind, actor_id=None)

    given, promised = goods_come_before_the_commit(do, tmp_path, change, (facility, bin_id, sku))
    assert laws.broken(tenant_id, "inventory.promise_law"), "the promise was given before the change was seen"
    relay.deliver(tenant_id)
    assert laws.broken(tenant_id, "inventory.") == []
    assert (do(stock.allocated, given), do(stock.reserved, promised)) == ({}, 0)


def test_goods_that_came_to_a_bin_while_it_was_archived_still_sell(do: Do, tmp_path: Path) -> None:
    tenant_id, facility, sku = do.tenant_id, do(make.make_facility), do(make.make_sku)
    bin_id = do(make.make_bin, facility)

    def archive() -> None:
        archive_bins(facility_id=facility, bin_ids=[bin_id], actor_id=None)

    given, promised = goods_come_before_the_commit(do, tmp_path, archive, (facility, bin_id, sku))
    relay.deliver(tenant_id)
    assert laws.broken(tenant_id, "inventory.") == []
    assert (sum(do(stock.allocated, given).values()), do(stock.reserved, promised)) == (4, 5)
    tote = do(make.make_bin, facility, BinKind.TOTE)
    assert do(stock.pick, tote, given).units == 4


def test_a_facility_that_gets_the_lot_for_the_first_time_while_it_is_held(do: Do, tmp_path: Path) -> None:
    """The hold cannot lock a row that nobody sees yet.  Nothing of it leaves all the same, and the promise gives way after the commit."""
    tenant_id, facility, sku = do.tenant_id, do(make.make_facility), do(make.make_sku)
    bin_id, lot = do(make.make_bin, facility), do(make.make_lot, sku, code="L")

    def hold() -> None:
        holds.hold_lots(lot_ids=[lot], kind=HoldKind.RECALL, document="D", reason="召回", actor_id=None)

    given, promised = goods_come_before_the_commit(do, tmp_path, hold, (facility, bin_id, sku))
    tote = do(make.make_bin, facility, BinKind.TOTE)
    picked = do(stock.pick, tote, given)
    assert (picked.units, picked.held_owners) == (0, (given,)), "held from the commit of the hold on"
    assert do(stock.reserve, facility, (sku, 1)) is None
    assert laws.broken(tenant_id, "inventory.promise_law"), "the promise was given before the hold was seen"
    relay.deliver(tenant_id)
    assert laws.broken(tenant_id, "inventory.") == []
    assert do(stock.reserved, promised) == 0


def test_a_facility_that_had_the_lot_before_waits_for_the_hold(do: Do, tmp_path: Path) -> None:
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
        held.wait()
        do(receive, facility_id=facility, reference="R", lines=[ReceiptInput(sku, "L", bin_id, 10)])
        return do(stock.reserve, facility, (sku, 1))

    do(empty)
    held = Moment(tmp_path / "held")
    works = [committed_after(tenant_id, hold, held.come_and_be_waited_for), come]
    assert together(works) == [None, None]
    assert laws.broken(tenant_id, "inventory.") == []
