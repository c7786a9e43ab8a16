"""Purchase orders: what a supplier is asked to bring.  Thin: quantities and dates, no money but the price a unit."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.services.accounts import record
from core.tenancy import current_tenant
from inventory.errors import (
    BadQuantity,
    UnknownDocument,
    UnknownGoods,
    UnknownPlace,
    UnknownSupplier,
    WrongState,
)
from inventory.models import UNITS_MOST, PurchaseLine, PurchaseOrder
from inventory.models.purchases import PurchaseStatus
from inventory.queries.active import find_active
from inventory.services.numbering import number_papers

KIND = "PO"
PRICE_MOST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class PurchaseLineInput:
    """Units of one SKU; the price of one unit in minor units of the tenant's currency, None when nobody said."""

    sku_id: int
    quantity: int
    price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class PurchaseInput:
    """One order: each SKU once.  `id`: from core.db.new_ids, known before, so that the same click twice makes one order."""

    supplier_id: int
    facility_id: int
    lines: tuple[PurchaseLineInput, ...]
    expected_on: date | None = None
    note: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class _Locked:
    id: int
    number: str
    status: PurchaseStatus
    received: int


def create_purchases(
    *, purchases: Sequence[PurchaseInput], actor_id: int | None, is_open: bool = False
) -> list[int]:
    """Make orders, as drafts or open at once; their ids in the given order.  A constant number of statements.

    An order whose `id` is there already is left as it is.  The numbers are taken last.  Raises BadQuantity (no line, a quantity or
    price out of range, a SKU twice), UnknownSupplier, UnknownPlace, UnknownGoods; archived ones count as unknown.
    """
    _check(purchases)
    spare = iter(db.new_ids(sum(one.id is None for one in purchases)))
    ids = [one.id if one.id is not None else next(spare) for one in purchases]
    status = PurchaseStatus.OPEN if is_open else PurchaseStatus.DRAFT
    made = {
        row[0]
        for row in db.rows(
            "INSERT INTO inventory_purchaseorder (tenant_id, id, number, supplier_id, facility_id, status, expected_on, note, created_by)"
            " SELECT %s, u.id, u.number, u.supplier_id, u.facility_id, %s, u.expected_on, u.note, %s FROM"
            " unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::date[], %s::text[])"
            " u(id, number, supplier_id, facility_id, expected_on, note) ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id",
            current_tenant(),
            int(status),
            actor_id,
            db.array(ids),
            db.array([str(id_) for id_ in ids]),
            db.array([one.supplier_id for one in purchases]),
            db.array([one.facility_id for one in purchases]),
            db.array([one.expected_on for one in purchases]),
            db.array([one.note for one in purchases]),
        )
    }
    fresh = [(id_, one) for id_, one in zip(ids, purchases, strict=True) if id_ in made]
    _write_lines(fresh)
    if fresh:
        numbers = number_papers(PurchaseOrder, KIND, [id_ for id_, _one in fresh])
        detail = {"numbers": numbers, "is_open": is_open}
        record("purchase.created", "purchase", fresh[0][0], actor_id=actor_id, detail=detail)
    return ids


def edit_purchase(*, purchase_id: int, change: PurchaseInput, actor_id: int | None) -> None:
    """Replace what a draft says.  Locks it.  Raises as create_purchases; UnknownDocument; WrongState when it is no draft any more."""
    (order,) = _lock([purchase_id])
    if order.status != PurchaseStatus.DRAFT:
        raise _wrong(order, _("只有草稿能改"))
    _check([change])
    db.execute(
        "UPDATE inventory_purchaseorder SET supplier_id = %s, facility_id = %s, expected_on = %s, note = %s"
        " WHERE tenant_id = %s AND id = %s",
        change.supplier_id,
        change.facility_id,
        change.expected_on,
        change.note,
        current_tenant(),
        purchase_id,
    )
    db.execute(
        "DELETE FROM inventory_purchaseline WHERE tenant_id = %s AND purchase_id = %s",
        current_tenant(),
        purchase_id,
    )
    _write_lines([(purchase_id, change)])
    record("purchase.edited", "purchase", purchase_id, actor_id=actor_id)


def open_purchases(*, purchase_ids: Sequence[int], actor_id: int | None) -> tuple[int, ...]:
    """Drafts become open: goods may come for them.  Those that are open already stay; returns those that were opened now.

    Locks them by id.  Raises UnknownDocument; WrongState for a closed or cancelled one, and then nothing is done.
    """
    return _change(purchase_ids, PurchaseStatus.OPEN, (PurchaseStatus.DRAFT,), actor_id)


def close_purchases(*, purchase_ids: Sequence[int], actor_id: int | None) -> tuple[int, ...]:
    """No more will come for these open orders, whatever is missing.  As open_purchases."""
    return _change(purchase_ids, PurchaseStatus.CLOSED, (PurchaseStatus.OPEN,), actor_id)


def cancel_purchases(*, purchase_ids: Sequence[int], actor_id: int | None) -> tuple[int, ...]:
    """These orders are void.  Raises WrongState for one that goods have come for: it can be closed.  As open_purchases."""
    allowed = PurchaseStatus.DRAFT, PurchaseStatus.OPEN
    return _change(purchase_ids, PurchaseStatus.CANCELLED, allowed, actor_id)


def _change(
    ids: Sequence[int], to: PurchaseStatus, allowed: tuple[PurchaseStatus, ...], actor_id: int | None
) -> tuple[int, ...]:
    due = []
    for order in _lock(ids):
        if order.status == to:
            continue
        if order.status not in allowed:
            raise _wrong(order, _("不能改成“%(to)s”") % {"to": to.label})
        if to == PurchaseStatus.CANCELLED and order.received:
            raise WrongState(
                _("采购单 %(number)s 已经收了 %(n)d 件，不能取消；不再来货就关单。")
                % {"number": order.number, "n": order.received},
                received=order.received,
            )
        due.append(order)
    if due:
        is_end = to in (PurchaseStatus.CLOSED, PurchaseStatus.CANCELLED)
        db.execute(
            "UPDATE inventory_purchaseorder SET status = %s, closed_at = CASE WHEN %s THEN clock_timestamp() END"
            " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            int(to),
            is_end,
            current_tenant(),
            db.array([order.id for order in due]),
        )
        numbers = [order.number for order in due]
        record(
            f"purchase.{to.name.lower()}",
            "purchase",
            due[0].id,
            actor_id=actor_id,
            detail={"numbers": numbers},
        )
    return tuple(order.id for order in due)


def _lock(ids: Sequence[int]) -> list[_Locked]:
    wanted = sorted(set(ids))
    locked = db.lock(
        Rank.DOCUMENT, PurchaseOrder, "id, number, status", "id = ANY (%s::bigint[])", db.array(wanted)
    )
    if len(locked) < len(wanted):
        raise UnknownDocument(_("没有这张采购单。"), purchase_ids=wanted)
    received = dict(
        db.rows(
            "SELECT purchase_id, sum(received)::bigint FROM inventory_purchaseline"
            " WHERE tenant_id = %s AND purchase_id = ANY (%s::bigint[]) GROUP BY 1",
            current_tenant(),
            db.array(wanted),
        )
    )
    return [
        _Locked(id_, number, PurchaseStatus(status), received.get(id_, 0)) for id_, number, status in locked
    ]


def _wrong(order: _Locked, what: str) -> WrongState:
    return WrongState(
        _("采购单 %(number)s 是“%(status)s”，%(what)s。")
        % {"number": order.number, "status": order.status.label, "what": what},
        number=order.number,
        status=order.status.name,
    )


def _write_lines(orders: Iterable[tuple[int, PurchaseInput]]) -> None:
    rows = [(id_, line) for id_, one in orders for line in one.lines]
    db.insert(
        PurchaseLine,
        ["id", "purchase", "sku", "quantity", "price_minor"],
        [
            (line_id, id_, line.sku_id, line.quantity, line.price_minor)
            for line_id, (id_, line) in zip(db.new_ids(len(rows)), rows, strict=True)
        ],
    )


def _check(purchases: Sequence[PurchaseInput]) -> None:
    for one in purchases:
        if not one.lines:
            raise BadQuantity(_("采购单是空的。"))
        for number, line in enumerate(one.lines, 1):
            if not 0 < line.quantity <= UNITS_MOST:
                raise BadQuantity(
                    _("第 %(n)d 行，数量要在 1 到 %(most)d 之间。") % {"n": number, "most": UNITS_MOST},
                    line=number,
                )
            if line.price_minor is not None and not 0 <= line.price_minor <= PRICE_MOST:
                raise BadQuantity(_("第 %(n)d 行，单价不对。") % {"n": number}, line=number)
        if any(count > 1 for count in Counter(line.sku_id for line in one.lines).values()):
            raise BadQuantity(_("一张采购单里，一个商品只能有一行。"), code="sku_twice")
    suppliers = {one.supplier_id for one in purchases}
    if missing := suppliers - find_active("inventory_supplier", suppliers):
        raise UnknownSupplier(_("没有这个供应商，或者已经停用。"), supplier_ids=sorted(missing))
    facilities = {one.facility_id for one in purchases}
    if missing := facilities - find_active("inventory_facility", facilities):
        raise UnknownPlace(_("没有这个仓库。"), facility_ids=sorted(missing))
    skus = {line.sku_id for one in purchases for line in one.lines}
    if missing := skus - find_active("inventory_sku", skus):
        raise UnknownGoods(_("没有这个商品，或者已经停用。"), sku_ids=sorted(missing))
