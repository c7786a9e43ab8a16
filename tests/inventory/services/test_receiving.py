"""Goods come in once, into places that exist, in lots with one truth about their dates."""

from datetime import date

import pytest
from django.db import IntegrityError

from core import db
from core.tenancy import tenant
from inventory.errors import BadQuantity, LotDiffers, UnknownGoods, UnknownPlace, WrongState
from inventory.models import Balance, Lot, Move, Receipt, ReceiptLine
from inventory.services.facilities import archive_facility
from inventory.services.receiving import ReceiptInput, receive
from tests import builders as make
from tests import laws

MAY, JUNE = date(2027, 5, 1), date(2027, 6, 1)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Receipt, ReceiptLine, Lot, Balance, Move))


def test_the_same_reference_is_received_once(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
        line = ReceiptInput(sku, "A", bin_id, 5, MAY)
        first = receive(facility_id=facility, reference="R1", lines=[line, line])
    assert (first.units, first.is_new) == (10, True)
    for _ in range(3):
        with tenant(tenant_id):
            again = receive(facility_id=facility, reference="R1", lines=[line])
            assert (again.receipt_id, again.units, again.is_new) == (first.receipt_id, 10, False)
            assert counts() == (1, 2, 1, 1, 2)
            assert Balance.objects.get().on_hand == 10
    assert not laws.broken(tenant_id)


def test_the_same_reference_at_another_facility_is_another_note(tenant_id: int) -> None:
    with tenant(tenant_id):
        sku, here, there = make.make_sku(), make.make_facility(), make.make_facility()
        make.make_stock(make.make_bin(here), sku, 5, reference="R1")
        bin_id = make.make_bin(there)
    with pytest.raises(WrongState, match="R1"), tenant(tenant_id):
        receive(facility_id=there, reference="R1", lines=[ReceiptInput(sku, "A", bin_id, 5, MAY)])


def test_an_archived_facility_receives_nothing(tenant_id: int) -> None:
    with tenant(tenant_id):
        sku, facility = make.make_sku(), make.make_facility()
        bin_id = make.make_bin(facility)
        archive_facility(facility_id=facility, actor_id=None)
    with pytest.raises(UnknownPlace), tenant(tenant_id):
        receive(facility_id=facility, reference="R1", lines=[ReceiptInput(sku, "A", bin_id, 5, MAY)])


@pytest.mark.parametrize("is_known", [False, True])
def test_a_lot_with_two_expiry_dates_is_refused(tenant_id: int, is_known: bool) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
        if is_known:
            make.make_stock(bin_id, sku, 1, lot="A", expires_on=MAY)
        before = counts()
    lines = [ReceiptInput(sku, "B", bin_id, 1, MAY)] + [
        ReceiptInput(sku, "A", bin_id, 1, d) for d in ([JUNE] if is_known else [MAY, None])
    ]
    with pytest.raises(LotDiffers), tenant(tenant_id):
        receive(facility_id=facility, reference="R1", lines=lines)
    with tenant(tenant_id):
        assert counts() == before
        assert receive(facility_id=facility, reference="R1", lines=lines[:1]).is_new, (
            "the reference was not used up"
        )


def test_the_same_lot_code_of_two_skus_is_two_lots(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        bin_id, skus = make.make_bin(facility), [make.make_sku(), make.make_sku()]
        receive(
            facility_id=facility,
            reference="R",
            lines=[ReceiptInput(s, "A", bin_id, 1, d) for s, d in zip(skus, (MAY, JUNE), strict=True)],
        )
        assert Lot.objects.filter(code="A").count() == 2


@pytest.mark.parametrize("quantity", [0, -1, -(2**40), 2**31, 2**63])
def test_a_quantity_that_is_none_is_refused_with_its_line(tenant_id: int, quantity: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
    with pytest.raises(BadQuantity) as refusal, tenant(tenant_id):
        receive(
            facility_id=facility,
            reference="R",
            lines=[ReceiptInput(sku, "A", bin_id, 1), ReceiptInput(sku, "A", bin_id, quantity)],
        )
    assert refusal.value.fields["line"] == 2
    with tenant(tenant_id):
        assert counts() == (0, 0, 0, 0, 0)


def test_an_empty_receipt_is_refused(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
    with pytest.raises(BadQuantity), tenant(tenant_id):
        receive(facility_id=facility, reference="R", lines=[])


def test_places_and_goods_of_elsewhere_are_refused(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        foreign_sku = make.make_sku()
        foreign_bin = make.make_bin(make.make_facility())
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id, other_bin = make.make_bin(facility), make.make_bin(make.make_facility())
    for wrong_bin in (other_bin, foreign_bin, 1):
        with pytest.raises(UnknownPlace), tenant(tenant_id):
            receive(
                facility_id=facility,
                reference="R",
                lines=[ReceiptInput(sku, "A", bin_id, 1), ReceiptInput(sku, "A", wrong_bin, 1)],
            )
    for wrong_sku in (foreign_sku, 1):
        with pytest.raises(UnknownGoods), tenant(tenant_id):
            receive(facility_id=facility, reference="R", lines=[ReceiptInput(wrong_sku, "A", bin_id, 1)])
    with tenant(tenant_id):
        assert counts() == (0, 0, 0, 0, 0)


def test_the_ledger_numbers_every_move_and_what_it_left(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
        lines = [ReceiptInput(sku, "A", bin_id, n, MAY) for n in (3, 1, 4)]
        receive(facility_id=facility, reference="R1", lines=lines)
        receive(facility_id=facility, reference="R2", lines=lines[:2])
        chain = list(Move.objects.order_by("to_seq").values_list("to_seq", "quantity", "to_after"))
        assert chain == [(1, 3, 3), (2, 1, 4), (3, 4, 8), (4, 3, 11), (5, 1, 12)]
        balance = Balance.objects.get()
        assert (balance.on_hand, balance.seq) == (12, 5)


def test_the_ledger_cannot_be_changed(tenant_id: int) -> None:
    from django.db import ProgrammingError

    with tenant(tenant_id):
        make.make_stock(make.make_bin(make.make_facility()), make.make_sku(), 3)
    for sql in ("UPDATE inventory_move SET quantity = 1", "DELETE FROM inventory_move"):
        with pytest.raises(ProgrammingError, match="permission denied"), tenant(tenant_id):
            db.execute(sql)


def test_the_database_refuses_less_than_nothing(tenant_id: int) -> None:
    with tenant(tenant_id):
        make.make_stock(make.make_bin(make.make_facility()), make.make_sku(), 3)
    for sql in ("on_hand = -1", "allocated = 4", "allocated = -1"):
        with pytest.raises(IntegrityError, match="inventory_balance_sane"), tenant(tenant_id):
            db.execute(f"UPDATE inventory_balance SET {sql}")
