"""Bins come in hundreds, change many at once, and go only when nothing needs them; what they lose is settled."""

from dataclasses import dataclass

import pytest
from django.db import connection

from core.tenancy import tenant
from inventory.errors import BadQuantity, UnknownPlace, WrongState
from inventory.models import Bin, BinKind, CountTask, Facility, PurchaseOrder, StockCount, Transfer
from inventory.rules.bin_pattern import list_walk, read_pattern
from inventory.services.bins import (
    BinChange,
    BinsExist,
    BinsInUse,
    add_bins,
    archive_bins,
    change_bins,
    next_sequence,
    restore_bins,
)
from inventory.services.catalogue import BinInput
from inventory.services.facilities import (
    FacilityInput,
    FacilityInUse,
    archive_facility,
    restore_facility,
    save_facilities,
)
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput, create_purchases
from inventory.services.suppliers import SupplierInput, save_suppliers
from inventory.services.transfer_moves import send_transfer
from inventory.services.transfers import TransferInput, TransferLineInput, create_transfers
from tests import builders as make
from tests import laws
from tests.inventory.services import stock

NUMBERS = 3  # that a refusal names


@dataclass
class House:
    tenant_id: int
    facility: int
    bin: int
    sku: int
    lot: int


@pytest.fixture
def house(tenant_id: int) -> House:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility, code="A-1")
        return House(tenant_id, facility, bin_id, sku, make.make_stock(bin_id, sku, 10))


def inputs(pattern: str) -> list[BinInput]:
    codes = list_walk(read_pattern(pattern), is_serpentine=True)
    return [BinInput(code, BinKind.STORAGE, n * 10, "A") for n, code in enumerate(codes)]


def test_five_thousand_are_made_in_one_statement(house: House) -> None:
    seen: list[str] = []

    def note(execute: object, sql: str, params: object, many: object, context: object) -> object:
        seen.append(sql)
        return execute(sql, params, many, context)  # type: ignore[operator]

    with tenant(house.tenant_id):
        bins = inputs("B-{01..50}-{001..100}")
        with connection.execute_wrapper(note):
            ids = add_bins(facility_id=house.facility, bins=bins, actor_id=None)
        assert len(ids) == 5000
        assert sum('INSERT INTO "inventory_bin"' in sql for sql in seen) == 1
        assert len(seen) <= 5
        walk = Bin.objects.filter(zone="A").order_by("sequence").values_list("code", flat=True)
        assert list(walk[99:101]) == ["B-01-100", "B-02-100"]


def test_codes_that_are_there_are_named_and_nothing_is_made(house: House) -> None:
    with pytest.raises(BinsExist) as refusal, tenant(house.tenant_id):
        add_bins(facility_id=house.facility, bins=inputs("A-{1..3}"), actor_id=None)
    assert refusal.value.fields == {"codes": ["A-1"], "count": 1}
    with tenant(house.tenant_id):
        assert Bin.objects.count() == 1


def test_what_cannot_be_made(house: House, other_tenant_id: int) -> None:
    with pytest.raises(WrongState), tenant(house.tenant_id):
        add_bins(facility_id=house.facility, bins=[BinInput("T", BinKind.TRANSIT)], actor_id=None)
    with pytest.raises(BadQuantity), tenant(house.tenant_id):
        add_bins(facility_id=house.facility, bins=[BinInput("T", sequence=2**31)], actor_id=None)
    with pytest.raises(UnknownPlace), tenant(other_tenant_id):
        add_bins(facility_id=house.facility, bins=[BinInput("T")], actor_id=None)


def test_many_are_changed_at_once(house: House) -> None:
    with tenant(house.tenant_id):
        ids = add_bins(facility_id=house.facility, bins=inputs("B-{1..3}"), actor_id=None)
        assert next_sequence(house.facility) == 30
    with tenant(house.tenant_id):
        change = BinChange(kind=BinKind.PICK, zone="冷藏", first_sequence=100, step=5)
        change_bins(facility_id=house.facility, bin_ids=ids[::-1], change=change, actor_id=None)
        rows = list(Bin.objects.filter(id__in=ids).order_by("id").values_list("kind", "zone", "sequence"))
        assert rows == [(0, "冷藏", 110), (0, "冷藏", 105), (0, "冷藏", 100)]
        change_bins(facility_id=house.facility, bin_ids=ids[:1], change=BinChange(zone="常温"), actor_id=None)
        assert Bin.objects.filter(id=ids[0]).values_list("kind", "zone", "sequence").get() == (0, "常温", 110)


def test_a_bin_that_sells_no_more_settles_what_counted_on_it(house: House) -> None:
    with tenant(house.tenant_id):
        other = make.make_bin(house.facility)
        make.make_stock(other, house.sku, 6)
        given = stock.must_reserve(house.facility, (house.sku, 4))
    with tenant(house.tenant_id):
        stock.allocate(house.facility, given)
    with tenant(house.tenant_id):
        kept = stock.must_reserve(house.facility, (house.sku, 2), priority=1)
        weak = stock.must_reserve(house.facility, (house.sku, 9))
    with tenant(house.tenant_id):
        moved = change_bins(
            facility_id=house.facility,
            bin_ids=[house.bin],
            change=BinChange(kind=BinKind.QUARANTINE),
            actor_id=None,
        )
        assert (moved.reallocated, moved.short_owners, moved.broken_owners) == (4, (), (weak,))
        assert house.lot not in stock.allocated(given)
        assert stock.reserved(kept) == 2
    assert not laws.broken(house.tenant_id, "inventory.")


def test_owners_are_short_when_there_is_no_other_lot(house: House) -> None:
    with tenant(house.tenant_id):
        owner = stock.must_reserve(house.facility, (house.sku, 4))
    with tenant(house.tenant_id):
        stock.allocate(house.facility, owner)
    with tenant(house.tenant_id):
        change = BinChange(kind=BinKind.DAMAGED)
        moved = change_bins(facility_id=house.facility, bin_ids=[house.bin], change=change, actor_id=None)
        assert moved.short_owners == (owner,)
    assert not laws.broken(house.tenant_id, "inventory.")


@pytest.mark.parametrize("kind", [BinKind.TOTE, BinKind.PUT_WALL, BinKind.PACKING])
def test_goods_do_not_become_goods_in_a_tote(house: House, kind: BinKind) -> None:
    with pytest.raises(BinsInUse), tenant(house.tenant_id):
        change_bins(
            facility_id=house.facility, bin_ids=[house.bin], change=BinChange(kind=kind), actor_id=None
        )
    with pytest.raises(WrongState), tenant(house.tenant_id):
        change = BinChange(kind=BinKind.TRANSIT)
        change_bins(facility_id=house.facility, bin_ids=[house.bin], change=change, actor_id=None)


def test_a_bin_in_use_is_not_archived_and_says_why(house: House) -> None:
    with tenant(house.tenant_id):
        empty, counted = make.make_bin(house.facility), make.make_bin(house.facility, code="C-1")
        count = StockCount(id=1, number="CT-1", facility_id=house.facility)
        count.save(force_insert=True)
        CountTask(id=2, count_id=1, bin_id=counted).save(force_insert=True)
    with pytest.raises(BinsInUse) as refusal, tenant(house.tenant_id):
        archive_bins(facility_id=house.facility, bin_ids=[house.bin, empty, counted], actor_id=None)
    assert refusal.value.fields["bins"] == [{"bin": "A-1", "why": "stock"}, {"bin": "C-1", "why": "count"}]
    with tenant(house.tenant_id):
        assert archive_bins(facility_id=house.facility, bin_ids=[empty], actor_id=None) == 1
    with tenant(house.tenant_id):
        assert archive_bins(facility_id=house.facility, bin_ids=[empty], actor_id=None) == 0
    with tenant(house.tenant_id):
        assert not Bin.objects.get(id=empty).is_active
        assert restore_bins(facility_id=house.facility, bin_ids=[empty], actor_id=None) == 1


def test_bins_of_elsewhere_are_refused(house: House) -> None:
    with tenant(house.tenant_id):
        elsewhere = make.make_facility()
    for act in (archive_bins, restore_bins):
        with pytest.raises(UnknownPlace), tenant(house.tenant_id):
            act(facility_id=elsewhere, bin_ids=[house.bin], actor_id=None)
    with pytest.raises(UnknownPlace), tenant(house.tenant_id):
        change_bins(facility_id=elsewhere, bin_ids=[house.bin], change=BinChange(zone="x"), actor_id=None)


def test_a_facility_is_saved_by_its_code_and_archived_when_empty(house: House) -> None:
    with tenant(house.tenant_id):
        one = FacilityInput("ST-9", "徐汇店", address="漕溪北路 88 号", point_e6=(31_200_000, 121_400_000))
        ids = save_facilities([one], actor_id=None)
        assert save_facilities([FacilityInput("ST-9", "徐汇二店")], actor_id=None) == ids
        assert Facility.objects.get(id=ids["ST-9"]).name == "徐汇二店"
        archive_facility(facility_id=ids["ST-9"], actor_id=None)
        assert not Facility.objects.get(id=ids["ST-9"]).is_active
        restore_facility(facility_id=ids["ST-9"], actor_id=None)
        stock.must_reserve(house.facility, (house.sku, 2))
    with pytest.raises(FacilityInUse) as refusal, tenant(house.tenant_id):
        archive_facility(facility_id=house.facility, actor_id=None)
    assert refusal.value.fields["what"] == {"stock": 10, "promises": 2}


def test_a_facility_that_waits_for_goods_is_not_archived_and_names_the_papers(house: House) -> None:
    with tenant(house.tenant_id):
        there = make.make_facility()
        supplier = save_suppliers([SupplierInput("S-1", "清溪")], actor_id=None)["S-1"]
        orders = [
            PurchaseInput(supplier, there, (PurchaseLineInput(house.sku, 5),)) for _ in range(NUMBERS + 1)
        ]
        create_purchases(purchases=orders, actor_id=None, is_open=True)
        lines = (TransferLineInput(house.sku, 2),)
        (transfer,) = create_transfers(transfers=[TransferInput(house.facility, there, lines)], actor_id=None)
        numbers = list(PurchaseOrder.objects.order_by("number").values_list("number", flat=True))
        road = Transfer.objects.get(id=transfer).number
    with tenant(house.tenant_id):
        send_transfer(transfer_id=transfer, actor_id=None)
    with pytest.raises(FacilityInUse) as refusal, tenant(house.tenant_id):
        archive_facility(facility_id=there, actor_id=None)
    assert refusal.value.fields["what"] == {"stock": 2, "transfers": 1, "purchases": 4}
    assert refusal.value.fields["papers"] == {"transfers": [road], "purchases": numbers[:NUMBERS]}
    assert f"1 张没完的调拨单（{road}）" in refusal.value.message
    assert f"4 张没完的采购单（{'、'.join(numbers[:NUMBERS])}…）" in refusal.value.message
