"""A row of every paper of stock, written straight into the tables: the walls are tested here, not the services."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import models

from core import clock, db
from core.models import NumberRange
from core.services.files import keep, land
from core.tenancy import current_tenant
from inventory.models import (
    Adjustment,
    AdjustmentLine,
    Assembly,
    Bin,
    Bundle,
    BundlePart,
    CatalogueImport,
    CatalogueRow,
    Category,
    CountEntry,
    CountTask,
    Facility,
    Lot,
    LotLink,
    Picture,
    Product,
    PurchaseLine,
    PurchaseOrder,
    RecipePart,
    SafetyStock,
    ShelfLifeRule,
    Sku,
    StockCount,
    StockDigest,
    Supplier,
    Transfer,
    TransferItem,
    TransferLine,
)
from inventory.services.assembling import assemble
from tests import builders as make

Ids = dict[type[models.Model], int]

ARGUMENTS: Mapping[str, type[models.Model]] = {
    "adjustment_id": Adjustment,
    "assembly_id": Assembly,
    "bundle_id": Bundle,
    "catalogue_import_id": CatalogueImport,
    "category_id": Category,
    "count_id": StockCount,
    "digest_id": StockDigest,
    "picture_id": Picture,
    "product_id": Product,
    "purchase_id": PurchaseOrder,
    "rule_id": ShelfLifeRule,
    "supplier_id": Supplier,
    "task_id": CountTask,
    "transfer_id": Transfer,
}


def make_papers(ids: Ids) -> None:
    """One row of each; `ids` has the places and goods already."""
    facility, bin_id, sku, lot = ids[Facility], ids[Bin], ids[Sku], ids[Lot]
    part, other = make.make_sku(code="PART"), make.make_facility(code="WH2")
    day = date(2026, 1, 1)
    _row(ids, Category, path="食品/饼干")
    _row(ids, Product, code="P", name="商品")
    file = keep(
        land(io.BytesIO(b"a picture"), tenant_id=current_tenant(), most=100),
        name="picture.jpg",
        actor_id=None,
    )
    _row(ids, Picture, sku=sku, file=file, thumbnail=file)
    _row(ids, Bundle, code="SET", name="组合")
    _row(ids, CatalogueImport, subject=0, file=file, counts='{"1": 1}')
    _row(
        ids,
        CatalogueRow,
        document=ids[CatalogueImport],
        row=2,
        code="NEW",
        kind=1,
        detail='{"changes": {"name": [null, "新"]}}',
    )
    _row(ids, BundlePart, bundle=ids[Bundle], sku=sku, quantity=2)
    _assemble(ids, facility, bin_id, part)
    _row(ids, Supplier, code="SUP", name="供应商")
    _row(ids, PurchaseOrder, number="PO-1", supplier=ids[Supplier], facility=facility, status=1)
    _row(ids, PurchaseLine, purchase=ids[PurchaseOrder], sku=sku, quantity=5)
    _row(ids, Transfer, number="TR-1", from_facility=facility, to_facility=other, status=0)
    _row(ids, TransferLine, transfer=ids[Transfer], sku=sku, quantity=1)
    gone = _row({}, Transfer, number="TR-2", from_facility=facility, to_facility=other, status=3)
    _row(ids, TransferItem, transfer=gone, lot=lot, from_bin=bin_id, sent=1, arrived=1)
    _row(ids, StockCount, number="CT-1", facility=facility)
    _row(ids, CountTask, count=ids[StockCount], bin=bin_id)
    _row(ids, CountEntry, task=ids[CountTask], round=1, lot=lot, before=3)
    _row(ids, Adjustment, number="ADJ-1", facility=facility, reason=9, status=0, units=1)
    _row(ids, AdjustmentLine, adjustment=ids[Adjustment], bin=bin_id, lot=lot, delta=-1)
    _row(ids, ShelfLifeRule, sku=sku, min_days=3)
    _row(ids, SafetyStock, facility=facility, sku=sku, minimum=1, target=2)
    _row(ids, StockDigest, day=day, content="{}")
    _row(ids, NumberRange, kind="XX", day=clock.today(), last=1)


def _assemble(ids: Ids, facility: int, bin_id: int, part: int) -> None:
    """Its moves are part of what it says, so the service writes it."""
    kit = make.make_sku(code="KIT")
    make.make_stock(bin_id, part, 2, lot="P1")
    _row(ids, RecipePart, sku=kit, part=part, quantity=2)
    done = assemble(facility_id=facility, sku_id=kit, quantity=1, bin_id=bin_id, actor_id=None)
    ids[Assembly] = done.assembly_id
    ids[LotLink] = LotLink.objects.get(assembly=done.assembly_id).pk


def _row(ids: Ids, model: type[models.Model], **values: Any) -> int:
    id_ = db.new_id()
    names: Sequence[str] = ["id", *values]
    db.insert(model, names, [(id_, *values.values())])
    ids[model] = id_
    return id_
