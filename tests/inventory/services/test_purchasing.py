"""Suppliers, purchase orders, and what comes for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pytest

from core import db, options
from inventory.errors import (
    BadQuantity,
    LotDiffers,
    OverDelivered,
    SerialTaken,
    UnknownDocument,
    UnknownGoods,
    UnknownPlace,
    UnknownSupplier,
    WrongState,
)
from inventory.models import (
    BinKind,
    Lot,
    PurchaseLine,
    PurchaseOrder,
    Receipt,
    ReceiptLine,
    Sku,
    Supplier,
)
from inventory.models.goods import Tracking
from inventory.models.purchases import PurchaseStatus
from inventory.options import OVER_DELIVERY_PERCENT
from inventory.queries.replenishing import list_last_bought
from inventory.services import proposals, purchasing, safety, suppliers
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput
from inventory.services.receiving import ReceiptInput, ReceiptResult, receive
from inventory.services.safety import SafetyInput
from inventory.services.suppliers import SupplierInput
from tests import builders as make
from tests import laws
from tests.races.rig import together
from tests.steps import Do

MAY = date(2027, 5, 1)


@dataclass(frozen=True, slots=True)
class Yard:
    """A facility with a bin and a supplier, and two SKUs."""

    facility: int
    bin: int
    supplier: int
    sku: int
    other: int


def make_yard() -> Yard:
    facility = make.make_facility()
    ids = suppliers.save_suppliers([SupplierInput("QX", "清溪乳业")], actor_id=None)
    return Yard(facility, make.make_bin(facility), ids["QX"], make.make_sku(), make.make_sku())


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def yard(do: Do) -> Yard:
    return do(make_yard)


def order(yard: Yard, *lines: tuple[int, int], is_open: bool = True) -> int:
    rows = tuple(PurchaseLineInput(sku, units, 1_250) for sku, units in lines)
    purchase = PurchaseInput(yard.supplier, yard.facility, rows)
    return purchasing.create_purchases(purchases=[purchase], actor_id=None, is_open=is_open)[0]


def deliver(
    yard: Yard,
    purchase_id: int,
    lines: Sequence[tuple[int, int]],
    *,
    reference: str | None = None,
    accept_over: bool = False,
) -> ReceiptResult:
    return receive(
        facility_id=yard.facility,
        reference=reference or f"R{db.new_id()}",  # processes share the counters of the builders
        lines=[ReceiptInput(sku, "A", yard.bin, units, MAY) for sku, units in lines],
        purchase_id=purchase_id,
        accept_over=accept_over,
    )


def state(purchase_id: int) -> tuple[PurchaseStatus, dict[int, int]]:
    status = PurchaseStatus(PurchaseOrder.objects.get(id=purchase_id).status)
    return status, dict(PurchaseLine.objects.filter(purchase=purchase_id).values_list("sku_id", "received"))


def test_an_order_is_filled_in_parts_and_closes_itself(do: Do, yard: Yard) -> None:
    purchase = do(order, yard, (yard.sku, 10), (yard.other, 4))
    first = do(deliver, yard, purchase, [(yard.sku, 6), (yard.sku, 4)])
    assert (first.units, first.over_units, first.is_order_closed) == (10, 0, False)
    assert do(state, purchase) == (PurchaseStatus.OPEN, {yard.sku: 10, yard.other: 0})
    last = do(deliver, yard, purchase, [(yard.other, 4)])
    assert last.is_order_closed
    assert do(state, purchase) == (PurchaseStatus.CLOSED, {yard.sku: 10, yard.other: 4})
    assert do(lambda: Receipt.objects.get(id=last.receipt_id).supplier) == "清溪乳业"
    assert do(ReceiptLine.objects.filter(purchase_line__isnull=True).count) == 0
    assert not laws.broken(do.tenant_id, "inventory")


def test_the_same_note_counts_once(do: Do, yard: Yard) -> None:
    purchase = do(order, yard, (yard.sku, 10))
    for is_new in (True, False, False):
        assert do(deliver, yard, purchase, [(yard.sku, 10)], reference="N1").is_new is is_new
    assert do(state, purchase)[1] == {yard.sku: 10}
    other = do(order, yard, (yard.sku, 3))
    with pytest.raises(WrongState, match="已经用在别的收货上"):
        do(deliver, yard, other, [(yard.sku, 3)], reference="N1")
    assert not laws.broken(do.tenant_id, "inventory")


def test_more_than_ordered_is_booked_when_a_person_agrees(do: Do, yard: Yard) -> None:
    purchase = do(order, yard, (yard.sku, 10))
    with pytest.raises(OverDelivered) as refused:
        do(deliver, yard, purchase, [(yard.sku, 11), (yard.other, 2)])
    assert [(row["over"], row["expected"]) for row in refused.value.fields["lines"]] == [(1, 10), (2, 0)]
    assert do(state, purchase) == (PurchaseStatus.OPEN, {yard.sku: 0})
    done = do(deliver, yard, purchase, [(yard.sku, 11), (yard.other, 2)], accept_over=True)
    assert (done.units, done.over_units, done.is_order_closed) == (13, 3, True)
    assert do(state, purchase) == (PurchaseStatus.CLOSED, {yard.sku: 11})
    with pytest.raises(OverDelivered):
        do(deliver, yard, purchase, [(yard.sku, 1)])
    late = do(deliver, yard, purchase, [(yard.sku, 1)], accept_over=True)
    assert (late.over_units, late.is_order_closed) == (1, False)
    assert not laws.broken(do.tenant_id, "inventory")


def test_a_tenant_may_take_a_few_more_without_asking(do: Do, yard: Yard) -> None:
    purchase = do(order, yard, (yard.sku, 100))
    do(options.put, OVER_DELIVERY_PERCENT, 5)
    assert do(deliver, yard, purchase, [(yard.sku, 105)]).over_units == 5
    with pytest.raises(OverDelivered):
        do(deliver, yard, do(order, yard, (yard.sku, 100)), [(yard.sku, 106)])


def test_deliveries_at_the_same_moment_all_count(do: Do, yard: Yard) -> None:
    purchase = do(order, yard, (yard.sku, 40))
    works = [lambda: do(deliver, yard, purchase, [(yard.sku, 10)]).is_order_closed for _ in range(4)]
    assert sorted(together(works)) == [False, False, False, True]
    assert do(state, purchase) == (PurchaseStatus.CLOSED, {yard.sku: 40})
    twice = do(order, yard, (yard.sku, 5))
    same = [lambda: do(deliver, yard, twice, [(yard.sku, 5)], reference="TWICE").is_new for _ in range(4)]
    assert sorted(together(same)) == [False, False, False, True]
    assert do(state, twice)[1] == {yard.sku: 5}
    assert not laws.broken(do.tenant_id, "inventory")


def test_the_status_of_an_order(do: Do, yard: Yard) -> None:
    draft = do(order, yard, (yard.sku, 10), is_open=False)
    with pytest.raises(WrongState, match="还是草稿"):
        do(deliver, yard, draft, [(yard.sku, 1)])
    with pytest.raises(WrongState):
        do(purchasing.close_purchases, purchase_ids=[draft], actor_id=None)
    assert do(purchasing.open_purchases, purchase_ids=[draft], actor_id=None) == (draft,)
    assert do(purchasing.open_purchases, purchase_ids=[draft], actor_id=None) == ()
    do(deliver, yard, draft, [(yard.sku, 1)])
    with pytest.raises(WrongState, match="已经收了 1 件"):
        do(purchasing.cancel_purchases, purchase_ids=[draft], actor_id=None)
    assert do(purchasing.close_purchases, purchase_ids=[draft], actor_id=None) == (draft,)
    void = do(order, yard, (yard.sku, 10))
    assert do(purchasing.cancel_purchases, purchase_ids=[void], actor_id=None) == (void,)
    for refused in (purchasing.open_purchases, purchasing.close_purchases):
        with pytest.raises(WrongState):
            do(refused, purchase_ids=[void], actor_id=None)
    with pytest.raises(WrongState, match="已取消"):
        do(deliver, yard, void, [(yard.sku, 1)])
    with pytest.raises(UnknownDocument):
        do(purchasing.open_purchases, purchase_ids=[void, 999], actor_id=None)
    with pytest.raises(UnknownDocument):
        do(deliver, yard, 999, [(yard.sku, 1)])


def test_a_draft_is_edited_an_open_order_is_not(do: Do, yard: Yard) -> None:
    draft = do(order, yard, (yard.sku, 10), is_open=False)
    change = PurchaseInput(yard.supplier, yard.facility, (PurchaseLineInput(yard.other, 3),), MAY, "改")
    do(purchasing.edit_purchase, purchase_id=draft, change=change, actor_id=None)
    assert do(state, draft) == (PurchaseStatus.DRAFT, {yard.other: 0})
    do(purchasing.open_purchases, purchase_ids=[draft], actor_id=None)
    with pytest.raises(WrongState, match="只有草稿能改"):
        do(purchasing.edit_purchase, purchase_id=draft, change=change, actor_id=None)


def test_an_order_of_what_is_not_there_is_refused(do: Do, yard: Yard) -> None:
    def create(
        *lines: PurchaseLineInput, supplier: int = yard.supplier, facility: int = yard.facility
    ) -> None:
        purchasing.create_purchases(purchases=[PurchaseInput(supplier, facility, lines)], actor_id=None)

    line = PurchaseLineInput(yard.sku, 1)
    for refusal, lines, places in (
        (BadQuantity, (), {}),
        (BadQuantity, (PurchaseLineInput(yard.sku, 0),), {}),
        (BadQuantity, (PurchaseLineInput(yard.sku, 2**31),), {}),
        (BadQuantity, (PurchaseLineInput(yard.sku, 1, -1),), {}),
        (BadQuantity, (line, line), {}),
        (UnknownGoods, (PurchaseLineInput(999, 1),), {}),
        (UnknownSupplier, (line,), {"supplier": 999}),
        (UnknownPlace, (line,), {"facility": 999}),
    ):
        with pytest.raises(refusal):
            do(create, *lines, **places)
    do(suppliers.set_active, [yard.supplier], is_active=False, actor_id=None)
    with pytest.raises(UnknownSupplier):
        do(create, line)
    with pytest.raises(UnknownSupplier):
        do(suppliers.set_active, [999], is_active=True, actor_id=None)
    assert do(PurchaseOrder.objects.count) == 0


def test_the_same_paper_twice_is_one_order(do: Do, yard: Yard) -> None:
    id_ = do(db.new_id)
    paper = PurchaseInput(yard.supplier, yard.facility, (PurchaseLineInput(yard.sku, 3),), id=id_)
    for _ in range(2):
        assert do(purchasing.create_purchases, purchases=[paper], actor_id=None) == [id_]
    assert do(PurchaseLine.objects.count) == 1


def test_a_supplier_is_saved_by_its_code(do: Do, yard: Yard) -> None:
    ids = do(
        suppliers.save_suppliers,
        [SupplierInput("QX", "清溪", lead_days=3), SupplierInput("B", "乙")],
        actor_id=None,
    )
    assert ids["QX"] == yard.supplier
    assert do(lambda: Supplier.objects.get(id=yard.supplier).lead_days) == 3


# ── lots, serials, numbers ──


def track(sku: int, how: Tracking, **values: object) -> None:
    Sku.objects.filter(id=sku).update(tracking=how, **values)


def one(yard: Yard, *lines: ReceiptInput) -> ReceiptResult:
    return receive(facility_id=yard.facility, reference=make.unique("R"), lines=lines)


def test_a_serial_number_is_one_unit_received_once(do: Do, yard: Yard) -> None:
    do(track, yard.sku, Tracking.SERIAL)
    do(one, yard, ReceiptInput(yard.sku, "S1", yard.bin, 1), ReceiptInput(yard.sku, "S2", yard.bin, 1))
    for refusal, lines in (
        (SerialTaken, [ReceiptInput(yard.sku, "S2", yard.bin, 1)]),
        (SerialTaken, [ReceiptInput(yard.sku, "S3", yard.bin, 1)] * 2),
        (BadQuantity, [ReceiptInput(yard.sku, "S4", yard.bin, 2)]),
        (BadQuantity, [ReceiptInput(yard.sku, "", yard.bin, 1)]),
    ):
        with pytest.raises(refusal):
            do(one, yard, *lines)
    do(one, yard, ReceiptInput(yard.other, "S1", yard.bin, 2))
    assert do(Lot.objects.count) == 3
    works = [lambda: _try(do, yard) for _ in range(4)]
    assert sorted(together(works)) == [False, False, False, True]
    assert not laws.broken(do.tenant_id, "inventory")


def _try(do: Do, yard: Yard) -> bool:
    try:
        do(
            receive,
            facility_id=yard.facility,
            reference=f"RACE-{do(db.new_id)}",
            lines=[ReceiptInput(yard.sku, "S9", yard.bin, 1)],
        )
    except SerialTaken:
        return False
    return True


def test_goods_without_lots_need_no_lot(do: Do, yard: Yard) -> None:
    do(track, yard.sku, Tracking.NONE)
    for _ in range(2):
        do(one, yard, ReceiptInput(yard.sku, "", yard.bin, 5), ReceiptInput(yard.sku, "", yard.bin, 1, MAY))
    assert sorted(do(lambda: list(Lot.objects.values_list("code", flat=True)))) == ["-", "2027-05-01"]
    with pytest.raises(BadQuantity, match="要填批次"):
        do(one, yard, ReceiptInput(yard.other, " ", yard.bin, 5))
    assert not laws.broken(do.tenant_id, "inventory")


@pytest.mark.parametrize(
    ("life", "expires"),
    [
        ({"shelf_life_days": 30}, date(2026, 9, 30)),
        ({"shelf_life_months": 18}, date(2028, 2, 29)),
        ({}, None),
    ],
)
def test_the_expiry_date_follows_from_the_shelf_life(
    do: Do, yard: Yard, life: dict[str, int], expires: date | None
) -> None:
    do(track, yard.sku, Tracking.LOT, **life)
    made = date(2026, 8, 31)
    do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, 1, None, made, "QX-7"))
    lot = do(Lot.objects.get)
    assert (lot.expires_on, lot.produced_on, lot.supplier_lot) == (expires, made, "QX-7")
    if life:
        with pytest.raises(BadQuantity, match="有保质期"):
            do(one, yard, ReceiptInput(yard.sku, "B", yard.bin, 1))


def test_a_supplier_lot_is_filled_in_but_never_changed(do: Do, yard: Yard) -> None:
    do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, 1))
    do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, 1, supplier_lot="QX-7"))
    do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, 1))
    assert do(Lot.objects.get).supplier_lot == "QX-7"
    with pytest.raises(LotDiffers, match="供应商批号是 QX-7"):
        do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, 1, supplier_lot="QX-8"))
    lines = [ReceiptInput(yard.sku, "B", yard.bin, 1, supplier_lot=code) for code in ("X", "Y")]
    with pytest.raises(LotDiffers, match="两个供应商批号"):
        do(one, yard, *lines)


def test_numbers_that_no_column_holds_are_refused_in_words(do: Do, yard: Yard) -> None:
    most = 2**31 - 1
    with pytest.raises(BadQuantity, match="第 1 行，数量太大"):
        do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, most + 1))
    with pytest.raises(BadQuantity, match="一张收货单"):
        do(one, yard, *[ReceiptInput(yard.sku, "A", yard.bin, most)] * 2)
    do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, most))
    with pytest.raises(BadQuantity, match="数不下"):
        do(one, yard, ReceiptInput(yard.sku, "A", yard.bin, 1))


def test_bins_that_take_no_goods(do: Do, yard: Yard) -> None:
    transit = do(make.make_bin, yard.facility, BinKind.TRANSIT)
    archived = do(make.make_bin, yard.facility)
    do(
        db.execute,
        "UPDATE inventory_bin SET is_active = false WHERE tenant_id = %s AND id = %s",
        do.tenant_id,
        archived,
    )
    for bin_id in (transit, archived):
        with pytest.raises(UnknownPlace, match="不收货"):
            do(one, yard, ReceiptInput(yard.sku, "A", bin_id, 1))


# ── proposals and safety stock ──


def want(yard: Yard, sku: int, minimum: int, target: int) -> int:
    return safety.save_safety(rows=[SafetyInput(yard.facility, sku, minimum, target)], actor_id=None)


def proposed(yard: Yard, short: dict[tuple[int, int], int] | None = None) -> dict[int, int]:
    found = proposals.propose(facility_ids=[yard.facility], short=short or {})
    return {one.need.sku_id: one.quantity for one in found}


def test_safety_stock_is_set_in_bulk(do: Do, yard: Yard) -> None:
    assert do(want, yard, yard.sku, 5, 20) == 1
    assert do(want, yard, yard.sku, 5, 20) == 0, "nothing changed"
    assert do(want, yard, yard.sku, 6, 20) == 1
    assert do(want, yard, yard.sku, 0, 0) == 1
    for rows in ([(5, 4)], [(-1, 4)], [(1, 2**31)], [(1, 2), (1, 2)]):
        with pytest.raises(BadQuantity):
            do(
                safety.save_safety,
                rows=[SafetyInput(yard.facility, yard.sku, *row) for row in rows],
                actor_id=None,
            )


def test_what_is_missing_becomes_drafts_once(do: Do, yard: Yard) -> None:
    do(want, yard, yard.sku, 10, 30)
    do(make.make_stock, yard.bin, yard.sku, 4)
    place, unsafe = (yard.facility, yard.sku), (yard.facility, yard.other)
    assert do(proposed, yard) == {yard.sku: 26}
    assert do(proposed, yard, {place: 3, unsafe: 2, (999, yard.sku): 9}) == {yard.sku: 29, yard.other: 2}
    do(lambda: Sku.objects.filter(id=yard.sku).update(case_quantity=12))
    assert do(proposed, yard) == {yard.sku: 36}
    with pytest.raises(UnknownSupplier):
        do(proposals.order_proposals, chosen={place: None}, short={}, default_supplier_id=None, actor_id=None)

    def click() -> list[int]:
        return do(
            proposals.order_proposals,
            chosen={place: None},
            short={},
            default_supplier_id=yard.supplier,
            actor_id=None,
        )

    made = [len(ids) for ids in together([click, click, click])]
    assert sorted(made) == [0, 0, 1]
    assert do(lambda: PurchaseLine.objects.get().quantity) == 36
    assert do(proposed, yard) == {}
    draft = do(PurchaseOrder.objects.get).id
    do(purchasing.cancel_purchases, purchase_ids=[draft], actor_id=None)
    assert do(proposed, yard) == {yard.sku: 36}


def test_the_last_supplier_is_asked_again(do: Do, yard: Yard) -> None:
    second = do(suppliers.save_suppliers, [SupplierInput("B", "乙")], actor_id=None)["B"]
    do(order, yard, (yard.sku, 1))
    line = (PurchaseLineInput(yard.sku, 1, 900),)
    do(purchasing.create_purchases, purchases=[PurchaseInput(second, yard.facility, line)], actor_id=None)
    found = do(list_last_bought, [yard.sku, yard.other])
    assert {sku: (row.supplier_id, row.price_minor) for sku, row in found.items()} == {
        yard.sku: (second, 900)
    }
    short = {(yard.facility, yard.sku): 50, (yard.facility, yard.other): 5}
    ids = do(
        proposals.order_proposals,
        chosen=dict.fromkeys(short) | {(yard.facility, yard.sku): 60},
        short=short,
        default_supplier_id=yard.supplier,
        actor_id=None,
    )
    lines = do(
        lambda: {
            (r.purchase.supplier_id, r.sku_id): r.quantity
            for r in PurchaseLine.objects.filter(purchase__in=ids).select_related("purchase")
        }
    )
    assert lines == {(second, yard.sku): 60, (yard.supplier, yard.other): 5}
