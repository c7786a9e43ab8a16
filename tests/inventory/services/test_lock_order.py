"""Stock is locked in one order, whatever the paper: the anchors by (facility, SKU), then rows of balances.

Two programs that ask for more anchors after their balances, or for a smaller one after a greater one, can wait for each other for ever.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from core import clock, db
from core.db import Rank
from core.tenancy import tenant
from inventory import sql
from inventory.models import AdjustmentReason, Balance, BinKind, Lot
from inventory.services import holds, transfer_moves, transfers
from inventory.services.adjusting import AdjustmentLineInput, adjust
from inventory.services.aging import settle_aged
from inventory.services.bins import BinChange, change_bins
from inventory.services.promises import lock_anchors
from inventory.services.transfer_moves import Arrival, Loss
from inventory.services.transfers import TransferInput, TransferLineInput
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from traceability import services as trace

Place = tuple[int, int]


class Watch:
    """Reads along: what is asked for in the wrong order."""

    def __init__(self) -> None:
        self.held: set[Place] = set()
        self.balances = ""
        self.wrong: list[str] = []

    def __call__(self, execute: Any, text: str, params: Any, many: bool, context: Any) -> Any:
        if text == sql.LOCK_ANCHORS:
            fresh = self._read(params) - self.held
            if fresh and self.balances:
                self.wrong.append(f"anchors {sorted(fresh)} after: {self.balances}")
            if fresh and self.held and min(fresh) < max(self.held):
                self.wrong.append(f"anchors {sorted(fresh)} after {max(self.held)}")
            self.held |= fresh
        elif "inventory_balance" in text and ("FOR NO KEY UPDATE" in text or text.startswith("INSERT")):
            self.balances = self.balances or text[:60]
        return execute(text, params, many, context)

    def _read(self, params: Any) -> set[Place]:
        facilities, skus = ([int(one) for one in column.strip("{}").split(",")] for column in params[-2:])
        return set(zip(facilities, skus, strict=True))


def watched(tenant_id: int, work: Callable[[], Any]) -> Watch:
    watch = Watch()
    with tenant(tenant_id), connection.execute_wrapper(watch):
        work()
    assert watch.held, "no anchor was locked: nothing was watched"
    assert laws.broken(tenant_id, "inventory.") == []
    return watch


def test_the_watch_sees_what_is_wrong(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        first, second = make.make_sku(), make.make_sku()

    def backwards() -> None:
        lock_anchors([(facility, second)])
        lock_anchors([(facility, first)])

    def late() -> None:
        lock_anchors([(facility, first)])
        db.lock(Rank.STOCK, Balance, "id", "sku_id = %s", first)
        lock_anchors([(facility, second)])

    assert watched(tenant_id, backwards).wrong and watched(tenant_id, late).wrong


def test_a_transfer_arrives_in_part_and_is_lost_in_part(tenant_id: int) -> None:
    with tenant(tenant_id):
        near, far = make.make_facility(), make.make_facility()
        near_bin, far_bin = make.make_bin(near), make.make_bin(far, BinKind.RECEIVING)
        skus = [make.make_sku(), make.make_sku()]
        gone, came = (make.make_stock(near_bin, sku, 5) for sku in skus)
        lines = tuple(TransferLineInput(sku, 5) for sku in skus)
        (paper,) = transfers.create_transfers(transfers=[TransferInput(near, far, lines)], actor_id=None)
    with tenant(tenant_id):
        transfer_moves.send_transfer(transfer_id=paper, actor_id=None)
    arrival = Arrival(came, far_bin, 4), Loss(gone, 2)
    watch = watched(
        tenant_id,
        lambda: transfer_moves.arrive(
            transfer_id=paper, arrivals=[arrival[0]], losses=[arrival[1]], reason="少了", actor_id=None
        ),
    )
    assert watch.wrong == [] and watch.held == {(far, sku) for sku in skus}
    back = watched(tenant_id, lambda: transfer_moves.cancel_transfer(transfer_id=paper, actor_id=None))
    assert back.wrong == []


def test_an_adjustment_that_makes_a_row(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        shelf, other = make.make_bin(facility), make.make_bin(facility)
        lot = make.make_stock(shelf, make.make_sku(), 5)
    lines = [AdjustmentLineInput(shelf, lot, -2), AdjustmentLineInput(other, lot, 2)]
    watch = watched(
        tenant_id,
        lambda: adjust(
            facility_id=facility, reason=AdjustmentReason.OTHER, lines=lines, note="放错了", actor_id=None
        ),
    )
    assert watch.wrong == []


def test_bins_of_two_kinds_stop_selling_together(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        shelf, tote = make.make_bin(facility), make.make_bin(facility, BinKind.TOTE)
        make.make_stock(shelf, sku, 5)
    watch = watched(
        tenant_id,
        lambda: change_bins(
            facility_id=facility, bin_ids=[shelf, tote], change=BinChange(kind=BinKind.DAMAGED), actor_id=None
        ),
    )
    assert watch.wrong == []


@pytest.mark.parametrize("is_first", [True, False])
def test_lots_of_several_places_pass_their_day_together(tenant_id: int, is_first: bool) -> None:
    with tenant(tenant_id):
        facilities = [make.make_facility(), make.make_facility()]
        skus = [make.make_sku(), make.make_sku()]
        promised = skus[0] if is_first else skus[1]
        lots = [make.make_stock(make.make_bin(at), sku, 5) for at in facilities for sku in skus]
        for at in facilities:
            stock.must_reserve(at, (promised, 2))
        others = [
            (at, stock.must_reserve(at, (sku, 2))) for at in facilities for sku in skus if sku != promised
        ]
    for at, owner in others:
        with tenant(tenant_id):
            stock.allocate(at, owner)
    with tenant(tenant_id):
        Lot.objects.filter(id__in=lots).update(expires_on=clock.today() - timedelta(days=1))
    watch = watched(tenant_id, settle_aged)
    assert watch.wrong == []
    assert watch.held == {(at, sku) for at in facilities for sku in skus}


def test_a_lot_is_stopped_while_another_facility_receives_it(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The places are read once: one that is new by then is not locked after greater ones."""
    with tenant(tenant_id):
        first, second = make.make_facility(), make.make_facility()
        new_bin, sku = make.make_bin(first), make.make_sku()
        lot = make.make_stock(make.make_bin(second), sku, 5, lot="L")

    def come() -> None:
        with tenant(tenant_id):
            make.make_stock(new_bin, sku, 3, lot="L", reference="R-NEW")
        connection.close()

    def meanwhile(places: Iterable[Place]) -> None:
        lock_anchors(places)
        thread = Thread(target=come)
        thread.start()
        thread.join()

    for module in (holds, trace):
        monkeypatch.setattr(module, "lock_anchors", meanwhile, raising=False)
    watch = watched(
        tenant_id, lambda: trace.hold_rest(lot_id=lot, document="D", reason="召回", actor_id=None)
    )
    assert (watch.wrong, watch.held) == ([], {(second, sku)})
