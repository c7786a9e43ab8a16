"""The counter of numbers is taken last: what may fail or wait comes before it, so nobody else waits for a number meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from core import db
from core.models.numbers import NumberRange
from core.tenancy import tenant
from inventory.models import AdjustmentReason, Transfer
from inventory.services.adjusting import AdjustmentLineInput, adjust
from inventory.services.counts import create_count
from inventory.services.purchasing import PurchaseInput, PurchaseLineInput, create_purchases
from inventory.services.suppliers import SupplierInput, save_suppliers
from inventory.services.transfers import TransferInput, TransferLineInput, create_transfers
from tests import builders as make


def written(work: Callable[[], Any]) -> list[str]:
    """Tables that are written or locked, in order."""
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        text = sql.strip().replace('"', "")
        if text.startswith("INSERT INTO "):
            seen.append(text.split()[2])
        elif text.startswith(("UPDATE ", "DELETE ")):
            seen.append(text.split()[1])
        elif "FOR NO KEY UPDATE" in text:
            seen.append("lock")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return seen


def papers(kind: str) -> Callable[[], Any]:
    facility, other, sku = make.make_facility(), make.make_facility(), make.make_sku()
    bin_id = make.make_bin(facility)
    lot = make.make_stock(bin_id, sku, 9)
    if kind == "inventory_transfer":
        lines = (TransferLineInput(sku, 2),)
        paper = TransferInput(facility, other, lines)
        return lambda: create_transfers(transfers=[paper, paper], actor_id=None)
    if kind == "inventory_stockcount":
        return lambda: create_count(facility_id=facility, actor_id=None)
    if kind == "inventory_adjustment":
        line = AdjustmentLineInput(bin_id, lot, -1)
        reason = AdjustmentReason.LOST
        return lambda: adjust(facility_id=facility, reason=reason, lines=[line], actor_id=None)
    supplier = save_suppliers([SupplierInput("S-1", "清溪")], actor_id=None)["S-1"]
    order = PurchaseInput(supplier, facility, (PurchaseLineInput(sku, 5),))
    return lambda: create_purchases(purchases=[order, order], actor_id=None)


@pytest.mark.parametrize(
    "table",
    ["inventory_transfer", "inventory_stockcount", "inventory_adjustment", "inventory_purchaseorder"],
)
def test_after_the_number_only_the_papers_own_row_and_the_audit_trail(tenant_id: int, table: str) -> None:
    with tenant(tenant_id):
        work = papers(table)
    with tenant(tenant_id):
        tables = written(work)
        assert tables[-3:] == ["core_numberrange", table, "core_auditentry"], tables


def test_a_draft_sent_twice_takes_one_number_and_a_refused_one_none(tenant_id: int) -> None:
    with tenant(tenant_id):
        near, far, sku = make.make_facility(), make.make_facility(), make.make_sku()
        paper = TransferInput(near, far, (TransferLineInput(sku, 2),), id=db.new_id())
        for _ in range(2):
            assert create_transfers(transfers=[paper], actor_id=None) == [paper.id]
        assert list(NumberRange.objects.filter(kind="TR").values_list("last", flat=True)) == [1]
        (other,) = create_transfers(transfers=[TransferInput(near, far, paper.lines)], actor_id=None)
        numbers = dict(Transfer.objects.values_list("id", "number"))
        assert paper.id is not None
        assert (numbers[paper.id][-5:], numbers[other][-5:]) == ("-0001", "-0002")
