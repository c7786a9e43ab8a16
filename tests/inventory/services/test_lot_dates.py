"""A lot's dates put right: who is told, who may, what is written down; on real tables."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock, db, outbox, relay
from core.errors import Forbidden
from core.models import AuditEntry
from core.tenancy import tenant
from inventory.errors import BadDates, UnknownGoods
from inventory.models import BinKind, Lot
from inventory.services import lot_dates
from inventory.services.lot_dates import LotCorrection, correct_lots
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.steps import count_statements
from tests.warehouse.services.scene import facts

LATE, SOON = date(2099, 9, 1), date(2099, 5, 1)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)


def correct(*corrections: LotCorrection, may_extend: bool = False, reason: str = "看错了") -> tuple[int, ...]:
    return correct_lots(corrections=corrections, reason=reason, may_extend=may_extend, actor_id=None)


def test_what_changes_is_written_with_its_reason_and_the_same_again_changes_nothing(tenant_id: int) -> None:
    with tenant(tenant_id):
        sku = make.make_sku()
        lot = make.make_lot(sku, expires_on=LATE, produced_on=date(2025, 1, 1))
        asked = LotCorrection(lot, expires_on=SOON, supplier_lot="S-7")
        assert correct(asked) == (lot,)
        assert correct(asked) == ()
        found = Lot.objects.get(id=lot)
        assert (found.produced_on, found.expires_on, found.supplier_lot) == (date(2025, 1, 1), SOON, "S-7")
        entry = AuditEntry.objects.get(action="correct_lot", object_id=lot)
        assert entry.detail == {
            "reason": "看错了",
            "changes": {"expires_on": ["2099-09-01", "2099-05-01"], "supplier_lot": ["", "S-7"]},
        }


def test_an_earlier_date_breaks_the_promises_that_counted_on_it_at_every_facility(tenant_id: int) -> None:
    with tenant(tenant_id):
        sku = make.make_sku()
        facilities = [make.make_facility() for _ in range(2)]
        lot = 0
        for facility in facilities:
            lot = make.make_stock(make.make_bin(facility), sku, 5, lot="L", expires_on=LATE)
        picky = [stock.must_reserve(facility, (sku, 3), day=date(2099, 6, 1)) for facility in facilities]
        anyone = [stock.must_reserve(facility, (sku, 2)) for facility in facilities]
    with tenant(tenant_id):
        correct(LotCorrection(lot, expires_on=SOON))
        assert [stock.reserved(owner) for owner in picky] == [0, 0]
        assert [stock.reserved(owner) for owner in anyone] == [2, 2]
    assert not laws.broken(tenant_id, "inventory.")


def test_a_date_set_where_none_was_is_earlier_and_none_where_one_was_is_later(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        lot = make.make_stock(make.make_bin(facility), sku, 5)
        owner = stock.must_reserve(facility, (sku, 5), day=date(2099, 6, 1))
    with tenant(tenant_id):
        correct(LotCorrection(lot, expires_on=SOON))
        assert stock.reserved(owner) == 0
    with tenant(tenant_id), pytest.raises(Forbidden) as refused:
        correct(LotCorrection(lot, expires_on=None))
    assert refused.value.code == "later_date_needs_quality"
    with tenant(tenant_id):
        assert correct(LotCorrection(lot, expires_on=None), may_extend=True) == (lot,)
        assert stock.must_reserve(facility, (sku, 5), day=date(2099, 6, 1))
    assert not laws.broken(tenant_id, "inventory.")


def test_what_is_allocated_of_a_lot_that_proves_expired_is_given_others(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
        lot = make.make_stock(bin_id, sku, 5, expires_on=SOON)
        other = make.make_stock(bin_id, sku, 5, expires_on=LATE)
        owner = stock.must_reserve(facility, (sku, 4))
        stock.allocate(facility, owner)
        assert stock.allocated(owner) == {lot: 4}
    with tenant(tenant_id):
        correct(LotCorrection(lot, expires_on=clock.today() - timedelta(days=1)))
        assert stock.allocated(owner) == {other: 4}
    assert not laws.broken(tenant_id, "inventory.")


@dataclass(frozen=True)
class Shelf:
    """5 of `lot` and 3 of `other`, both late; `picky` wants a date after SOON and has 4 of the lot, `anyone` has 1."""

    facility: int
    tote: int
    lot: int
    other: int
    picky: int
    anyone: int


def make_shelf(*, spare: int = 3) -> Shelf:
    facility, sku = make.make_facility(), make.make_sku()
    bin_id, tote = make.make_bin(facility), make.make_bin(facility, BinKind.TOTE)
    lot = make.make_stock(bin_id, sku, 5, expires_on=LATE - timedelta(days=1))
    picky, anyone = stock.must_reserve(facility, (sku, 4), day=date(2099, 6, 1)), 0
    stock.allocate(facility, picky)
    anyone = stock.must_reserve(facility, (sku, 1))
    stock.allocate(facility, anyone)
    other = make.make_stock(bin_id, sku, spare, expires_on=LATE) if spare else 0
    return Shelf(facility, tote, lot, other, picky, anyone)


def test_whoever_wants_a_later_date_gives_the_lot_up_and_the_others_keep_it(tenant_id: int) -> None:
    with tenant(tenant_id):
        here = make_shelf(spare=4)
    with tenant(tenant_id):
        correct(LotCorrection(here.lot, expires_on=SOON))
        assert stock.allocated(here.picky) == {here.other: 4}
        assert stock.allocated(here.anyone) == {here.lot: 1}
        assert not facts("AllocationsBroken")
    assert not laws.broken(tenant_id, "inventory.")


def test_without_another_lot_the_owner_is_told(tenant_id: int) -> None:
    with tenant(tenant_id):
        here = make_shelf(spare=3)
    with tenant(tenant_id):
        correct(LotCorrection(here.lot, expires_on=SOON))
        assert stock.allocated(here.picky) == {here.other: 3}
        assert facts("AllocationsBroken") == [{"facility_id": here.facility, "owner_refs": [here.picky]}]
    assert not laws.broken(tenant_id, "inventory.")


def test_a_date_that_still_serves_everybody_moves_nothing(tenant_id: int) -> None:
    with tenant(tenant_id):
        here = make_shelf()
    with tenant(tenant_id):
        correct(LotCorrection(here.lot, expires_on=date(2099, 6, 1)))
        assert stock.allocated(here.picky) == {here.lot: 4}


def test_what_lies_on_the_cart_is_picked_again(tenant_id: int) -> None:
    with tenant(tenant_id):
        here = make_shelf(spare=4)
        stock.pick(here.tote, here.picky)
    with tenant(tenant_id):
        correct(LotCorrection(here.lot, expires_on=SOON))
        assert facts("PickedUnitsLost") == [{"facility_id": here.facility, "owner_refs": [here.picky]}]
        assert stock.allocated(here.picky) == {here.other: 4}
    assert not laws.broken(tenant_id, "inventory.")


def test_a_lot_that_came_in_the_instant_of_the_correction(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The correction looked before it was there; what was promised and allocated meanwhile is settled by the second look."""
    with tenant(tenant_id):
        here = make_shelf(spare=4)
        sku = Lot.objects.get(id=here.lot).sku_id
        promised = stock.must_reserve(here.facility, (sku, 4), day=date(2099, 6, 1))
    with monkeypatch.context() as blind, tenant(tenant_id):
        blind.setattr(lot_dates, "_places", lambda _lots: [])
        blind.setattr(lot_dates, "_settle", lambda _places, _lots: None)
        correct(LotCorrection(here.lot, expires_on=SOON))
    with tenant(tenant_id):
        assert stock.allocated(here.picky) == {here.lot: 4}
    relay.deliver(tenant_id)
    with tenant(tenant_id):
        assert stock.allocated(here.picky) == {here.other: 4}
        assert stock.reserved(promised) == 0
    assert not laws.broken(tenant_id, "inventory.")


def test_dates_that_cannot_be_and_lots_that_are_not_change_nothing(
    tenant_id: int, other_tenant_id: int
) -> None:
    with tenant(other_tenant_id):
        foreign = make.make_lot(make.make_sku(), expires_on=LATE)
    with tenant(tenant_id):
        sku = make.make_sku()
        good, wrong = (make.make_lot(sku, expires_on=LATE) for _ in range(2))
        with pytest.raises(BadDates):
            correct(
                LotCorrection(good, expires_on=SOON), LotCorrection(wrong, SOON + timedelta(days=1), SOON)
            )
        for missing in (db.new_id(), foreign):
            with pytest.raises(UnknownGoods):
                correct(LotCorrection(good, expires_on=SOON), LotCorrection(missing, expires_on=SOON))
        assert set(Lot.objects.filter(sku=sku).values_list("expires_on", flat=True)) == {LATE}
        assert not AuditEntry.objects.filter(action="correct_lot").exists()


def test_many_lots_cost_what_one_costs(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
        lots = [make.make_stock(bin_id, sku, 2, expires_on=LATE) for _ in range(12)]
    costs = []
    for group in (lots[:1], lots[1:]):
        with tenant(tenant_id), CaptureQueriesContext(connection) as seen:
            assert len(correct(*(LotCorrection(lot, expires_on=SOON) for lot in group))) == len(group)
        costs.append(count_statements(seen))
    assert costs[0] == costs[1]
