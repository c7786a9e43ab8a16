"""Adjustments: the reason, the second person over a limit, and nothing moved that was not agreed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import IntegrityError

from core import clock, db, options
from core.errors import Forbidden
from core.tenancy import tenant
from inventory.errors import BadQuantity, StockShort, UnknownDocument, UnknownGoods, UnknownPlace, WrongState
from inventory.models import (
    Adjustment,
    AdjustmentReason,
    AdjustmentStatus,
    Balance,
    Bin,
    BinKind,
    Move,
    MoveKind,
    Sku,
)
from inventory.options import APPROVAL_UNITS, APPROVAL_VALUE_MINOR
from inventory.services.adjusting import KINDS, AdjustmentLineInput, AdjustmentResult, adjust, decide
from tests import builders as make
from tests import laws
from tests.inventory.services import stock

DAMAGED, FOUND = AdjustmentReason.DAMAGED, AdjustmentReason.FOUND
ANNE, BERT = 101, 102


@dataclass
class Shelf:
    tenant_id: int
    facility: int
    bin: int
    sku: int
    lot: int

    def adjust(
        self,
        *deltas: int,
        reason: AdjustmentReason = DAMAGED,
        actor: int | None = ANNE,
        lot: int | None = None,
    ) -> AdjustmentResult:
        lines = [AdjustmentLineInput(self.bin, lot or self.lot, delta) for delta in deltas]
        return adjust(facility_id=self.facility, reason=reason, lines=lines, note="摔了", actor_id=actor)

    def units(self) -> int:
        return Balance.objects.get(bin=self.bin, lot=self.lot).on_hand


@pytest.fixture
def shelf(tenant_id: int) -> Shelf:
    with tenant(tenant_id):
        facility = make.make_facility()
        bin_id, sku = make.make_bin(facility, code="A-1"), make.make_sku()
        lot = make.make_stock(bin_id, sku, 20, lot="L1", expires_on=clock.today() + timedelta(days=90))
        return Shelf(tenant_id, facility, bin_id, sku, lot)


def put_limits(*, units: int = 0, value_minor: int = 0) -> None:
    options.put(APPROVAL_UNITS, units)
    options.put(APPROVAL_VALUE_MINOR, value_minor)


def test_within_the_limits_it_is_posted_at_once(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        done = shelf.adjust(-3)
        assert done.status == AdjustmentStatus.POSTED
        assert done.number.startswith("ADJ-")
        assert shelf.units() == 17
        move = Move.objects.get(document_id=done.adjustment_id)
        assert (move.kind, move.quantity, move.actor_id, move.reason) == (MoveKind.WRITE_OFF, 3, ANNE, "摔了")
        paper = Adjustment.objects.get(id=done.adjustment_id)
        assert (paper.units, paper.value_minor, paper.decided_by) == (3, None, None)
        assert paper.decided_at is not None
    assert not laws.broken(shelf.tenant_id, "inventory.")


@pytest.mark.parametrize("reason", list(AdjustmentReason))
def test_each_reason_is_a_kind_of_move(shelf: Shelf, reason: AdjustmentReason) -> None:
    delta = 2 if reason == FOUND else -2
    with tenant(shelf.tenant_id):
        done = shelf.adjust(delta, reason=reason)
        assert Move.objects.get(document_id=done.adjustment_id).kind == KINDS[reason]
        assert shelf.units() == 20 + delta
    assert not laws.broken(shelf.tenant_id, "inventory.")


@pytest.mark.parametrize(
    ("deltas", "reason"),
    [
        ((), DAMAGED),
        ((0,), FOUND),
        ((5,), DAMAGED),
        ((-5,), FOUND),
        ((-1, -1), DAMAGED),
        ((2**31,), FOUND),
        ((-(2**63),), DAMAGED),
    ],
)
def test_what_makes_no_sense_is_refused(
    shelf: Shelf, deltas: Sequence[int], reason: AdjustmentReason
) -> None:
    with pytest.raises(BadQuantity), tenant(shelf.tenant_id):
        shelf.adjust(*deltas, reason=reason)


def test_other_wants_words(shelf: Shelf) -> None:
    line = AdjustmentLineInput(shelf.bin, shelf.lot, 1)
    with pytest.raises(BadQuantity) as refusal, tenant(shelf.tenant_id):
        adjust(
            facility_id=shelf.facility, reason=AdjustmentReason.OTHER, lines=[line], note=" ", actor_id=ANNE
        )
    assert refusal.value.code == "note_missing"


def test_a_bin_cannot_give_what_it_has_not(shelf: Shelf) -> None:
    with pytest.raises(StockShort) as refusal, tenant(shelf.tenant_id):
        shelf.adjust(-21)
    assert refusal.value.fields["have"] == 20
    with tenant(shelf.tenant_id):
        assert not Adjustment.objects.exists()


def test_places_and_goods_of_elsewhere_are_refused(shelf: Shelf, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        foreign_bin = make.make_bin(make.make_facility())
        foreign_lot = make.make_lot(make.make_sku())
    with tenant(shelf.tenant_id):
        elsewhere = make.make_bin(make.make_facility())
    for bin_id in (foreign_bin, elsewhere):
        with pytest.raises(UnknownPlace), tenant(shelf.tenant_id):
            line = AdjustmentLineInput(bin_id, shelf.lot, 1)
            adjust(facility_id=shelf.facility, reason=FOUND, lines=[line], actor_id=ANNE)
    with pytest.raises(UnknownGoods), tenant(shelf.tenant_id):
        shelf.adjust(1, reason=FOUND, lot=foreign_lot)


def test_an_archived_bin_may_be_emptied_and_not_filled(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        Bin.objects.filter(id=shelf.bin).update(is_active=False)
        assert shelf.adjust(-1).status == AdjustmentStatus.POSTED
    with pytest.raises(WrongState) as refusal, tenant(shelf.tenant_id):
        shelf.adjust(1, reason=FOUND)
    assert refusal.value.code == "bin_archived"


def test_a_form_sent_twice_counts_once(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        id_ = db.new_id()
    line = AdjustmentLineInput(shelf.bin, shelf.lot, -20)
    for _ in range(2):
        with tenant(shelf.tenant_id):
            done = adjust(
                facility_id=shelf.facility, reason=DAMAGED, lines=[line], actor_id=ANNE, adjustment_id=id_
            )
            assert done.adjustment_id == id_
            assert done.number.startswith("ADJ-")
            assert Move.objects.filter(document_id=id_).count() == 1
            assert shelf.units() == 0


# ── the second person ──


@pytest.mark.parametrize(
    ("units", "value_minor", "cost", "waits"),
    [
        (3, 0, None, False),
        (2, 0, None, True),
        (0, 300, 100, False),
        (0, 299, 100, True),
        (0, 10**9, None, True),
        (10, 300, 100, False),
    ],
)
def test_over_a_limit_it_waits(
    shelf: Shelf, units: int, value_minor: int, cost: int | None, waits: bool
) -> None:
    with tenant(shelf.tenant_id):
        put_limits(units=units, value_minor=value_minor)
        Sku.objects.filter(id=shelf.sku).update(cost_minor=cost)
        done = shelf.adjust(-3)
        assert done.status == (AdjustmentStatus.PENDING if waits else AdjustmentStatus.POSTED)
        assert shelf.units() == (20 if waits else 17)
        assert Adjustment.objects.get().value_minor == (None if cost is None else 3 * cost)


@pytest.fixture
def waiting(shelf: Shelf) -> AdjustmentResult:
    with tenant(shelf.tenant_id):
        put_limits(units=2)
        return shelf.adjust(-5)


def test_another_person_posts_it(shelf: Shelf, waiting: AdjustmentResult) -> None:
    with tenant(shelf.tenant_id):
        done = decide(adjustment_id=waiting.adjustment_id, is_approved=True, actor_id=BERT)
        assert done.status == AdjustmentStatus.POSTED
        assert shelf.units() == 15
        paper = Adjustment.objects.get()
        assert (paper.created_by, paper.decided_by) == (ANNE, BERT)
    with pytest.raises(WrongState), tenant(shelf.tenant_id):
        decide(adjustment_id=waiting.adjustment_id, is_approved=True, actor_id=BERT)
    with tenant(shelf.tenant_id):
        assert shelf.units() == 15
    assert not laws.broken(shelf.tenant_id, "inventory.")


def test_no_moves_nothing(shelf: Shelf, waiting: AdjustmentResult) -> None:
    with tenant(shelf.tenant_id):
        done = decide(adjustment_id=waiting.adjustment_id, is_approved=False, actor_id=BERT)
        assert (done.status, done.moved, shelf.units()) == (AdjustmentStatus.REJECTED, None, 20)
    with pytest.raises(WrongState), tenant(shelf.tenant_id):
        decide(adjustment_id=waiting.adjustment_id, is_approved=True, actor_id=BERT)


@pytest.mark.parametrize("actor", [ANNE, None])
def test_nobody_agrees_to_his_own(shelf: Shelf, waiting: AdjustmentResult, actor: int | None) -> None:
    with pytest.raises(Forbidden), tenant(shelf.tenant_id):
        decide(adjustment_id=waiting.adjustment_id, is_approved=True, actor_id=actor)


def test_the_database_refuses_it_too(shelf: Shelf, waiting: AdjustmentResult) -> None:
    with pytest.raises(IntegrityError, match="two_people"), tenant(shelf.tenant_id):
        Adjustment.objects.filter(id=waiting.adjustment_id).update(decided_by=ANNE)


def test_what_is_gone_meanwhile_is_said_and_nothing_is_done(shelf: Shelf, waiting: AdjustmentResult) -> None:
    with tenant(shelf.tenant_id):
        put_limits()
        shelf.adjust(-18)
    with pytest.raises(StockShort), tenant(shelf.tenant_id):
        decide(adjustment_id=waiting.adjustment_id, is_approved=True, actor_id=BERT)
    with tenant(shelf.tenant_id):
        assert Adjustment.objects.get(id=waiting.adjustment_id).status == AdjustmentStatus.PENDING
        assert shelf.units() == 2
    assert not laws.broken(shelf.tenant_id, "inventory.")


@pytest.mark.parametrize("reason", [AdjustmentReason.LOST, AdjustmentReason.COUNT])
def test_a_loss_that_somebody_booked_meanwhile_is_not_booked_again(
    shelf: Shelf, reason: AdjustmentReason
) -> None:
    """Two people miss the same five; one of them within the limit of the day."""
    with tenant(shelf.tenant_id):
        put_limits(units=2)
        asked = shelf.adjust(-5, reason=reason)
        put_limits()
        shelf.adjust(-5, reason=AdjustmentReason.LOST, actor=BERT)
    with pytest.raises(WrongState) as refusal, tenant(shelf.tenant_id):
        decide(adjustment_id=asked.adjustment_id, is_approved=True, actor_id=BERT)
    assert refusal.value.code == "book_corrected"
    assert refusal.value.fields["places"] == [{"bin": "A-1", "lot": "L1"}]
    assert "A-1" in refusal.value.message and "L1" in refusal.value.message
    with tenant(shelf.tenant_id):
        assert shelf.units() == 15
        assert decide(adjustment_id=asked.adjustment_id, is_approved=False, actor_id=BERT).moved is None
    assert not laws.broken(shelf.tenant_id, "inventory.")


def test_of_two_papers_that_miss_the_same_one_is_booked(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        put_limits(units=2)
        first, second = (shelf.adjust(-5, reason=AdjustmentReason.LOST) for _ in range(2))
        decide(adjustment_id=second.adjustment_id, is_approved=True, actor_id=BERT)
    with pytest.raises(WrongState), tenant(shelf.tenant_id):
        decide(adjustment_id=first.adjustment_id, is_approved=True, actor_id=BERT)
    with tenant(shelf.tenant_id):
        assert shelf.units() == 15


def test_what_was_carried_off_counts_whatever_the_book_says_meanwhile(shelf: Shelf) -> None:
    """Damaged goods are no difference: three found elsewhere in the bin do not make them whole."""
    with tenant(shelf.tenant_id):
        put_limits(units=2)
        asked = shelf.adjust(-5, reason=DAMAGED)
        put_limits()
        shelf.adjust(3, reason=FOUND)
    with tenant(shelf.tenant_id):
        decide(adjustment_id=asked.adjustment_id, is_approved=True, actor_id=BERT)
        assert shelf.units() == 18


def test_goods_that_only_move_do_not_make_a_difference_fall(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        put_limits(units=2)
        asked = shelf.adjust(-5, reason=AdjustmentReason.LOST)
        put_limits()
        shelf.adjust(-4, reason=DAMAGED)
        make.make_stock(shelf.bin, shelf.sku, 1, lot="L1", expires_on=clock.today() + timedelta(days=90))
    with tenant(shelf.tenant_id):
        decide(adjustment_id=asked.adjustment_id, is_approved=True, actor_id=BERT)
        assert shelf.units() == 12


def test_a_foreign_paper_is_not_there(waiting: AdjustmentResult, other_tenant_id: int) -> None:
    with pytest.raises(UnknownDocument), tenant(other_tenant_id):
        decide(adjustment_id=waiting.adjustment_id, is_approved=True, actor_id=BERT)


# ── what it costs others ──


def test_promises_and_allocations_give_way(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        weak = stock.must_reserve(shelf.facility, (shelf.sku, 6), days=1)
        strong = stock.must_reserve(shelf.facility, (shelf.sku, 10))
    with tenant(shelf.tenant_id):
        stock.allocate(shelf.facility, strong)
    with tenant(shelf.tenant_id):
        done = shelf.adjust(-5)
    assert done.moved is not None
    assert done.moved.broken_owners == (weak,)
    with tenant(shelf.tenant_id):
        done = shelf.adjust(-7)
        assert done.moved is not None
        assert done.moved.short_owners == (strong,)
        assert sum(stock.allocated(strong).values()) == 8
    assert not laws.broken(shelf.tenant_id, "inventory.")


def test_units_of_a_parcel_stay_in_their_tote(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        tote = make.make_bin(shelf.facility, BinKind.TOTE)
        owner = stock.must_reserve(shelf.facility, (shelf.sku, 4))
    with tenant(shelf.tenant_id):
        stock.allocate(shelf.facility, owner)
    with tenant(shelf.tenant_id):
        stock.pick(tote, owner)
    line = AdjustmentLineInput(tote, shelf.lot, -1)
    with pytest.raises(WrongState) as refusal, tenant(shelf.tenant_id):
        adjust(facility_id=shelf.facility, reason=DAMAGED, lines=[line], actor_id=ANNE)
    assert refusal.value.code == "in_work"


def test_goods_on_the_road_belong_to_their_transfer(shelf: Shelf) -> None:
    with tenant(shelf.tenant_id):
        road = make.make_bin(shelf.facility, BinKind.TRANSIT)
        line = AdjustmentLineInput(road, shelf.lot, 1)
    with pytest.raises(WrongState), tenant(shelf.tenant_id):
        adjust(facility_id=shelf.facility, reason=FOUND, lines=[line], actor_id=ANNE)


def test_more_than_can_be_counted_is_refused_in_words(shelf: Shelf) -> None:
    with pytest.raises(BadQuantity, match="数不下"), tenant(shelf.tenant_id):
        shelf.adjust(2**31 - 1, reason=FOUND)
    with tenant(shelf.tenant_id):
        Sku.objects.filter(id=shelf.sku).update(cost_minor=2**53)
    with pytest.raises(BadQuantity, match="太大"), tenant(shelf.tenant_id):
        shelf.adjust(2**20, reason=FOUND)
    assert laws.broken(shelf.tenant_id, "inventory.") == []
