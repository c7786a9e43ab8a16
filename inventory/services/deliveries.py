"""What a delivery does to the purchase order it was brought for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, options
from core.db import Rank
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, OverDelivered, UnknownDocument, WrongState
from inventory.models import UNITS_MOST, PurchaseOrder
from inventory.models.purchases import PurchaseStatus
from inventory.options import OVER_DELIVERY_PERCENT
from inventory.rules.receiving import Counted, Expected, count_up


@dataclass(frozen=True, slots=True)
class OrderAtDoor:
    """A purchase order under its lock."""

    id: int
    number: str
    supplier: str
    is_open: bool
    lines: tuple[Expected, ...]

    @property
    def line_of(self) -> Mapping[int, int]:
        return {line.sku_id: line.line_id for line in self.lines}


def lock_order(purchase_id: int, *, facility_id: int) -> OrderAtDoor:
    """Lock the order (rank DOCUMENT) and read its lines after the lock.

    Raises UnknownDocument, also for another facility's order; WrongState for a draft or a cancelled one.
    """
    locked = db.lock(
        Rank.DOCUMENT,
        PurchaseOrder,
        "id, number, facility_id, status,"
        " (SELECT s.name FROM inventory_supplier s WHERE s.tenant_id = inventory_purchaseorder.tenant_id"
        " AND s.id = inventory_purchaseorder.supplier_id)",
        "id = %s",
        purchase_id,
    )
    if not locked or locked[0][2] != facility_id:
        raise UnknownDocument(_("这个仓库没有这张采购单。"), purchase_id=purchase_id)
    ((_id, number, _facility, status, supplier),) = locked
    if status == PurchaseStatus.DRAFT:
        raise WrongState(_("采购单 %(number)s 还是草稿，先下单再收货。") % {"number": number}, status="DRAFT")
    if status == PurchaseStatus.CANCELLED:
        raise WrongState(
            _("采购单 %(number)s 已取消。货真到了，就不对单收货。") % {"number": number}, status="CANCELLED"
        )
    found = db.rows(
        "SELECT id, sku_id, quantity, received FROM inventory_purchaseline WHERE tenant_id = %s AND purchase_id = %s",
        current_tenant(),
        purchase_id,
    )
    lines = tuple(Expected(*row) for row in found)
    return OrderAtDoor(purchase_id, number, supplier, status == PurchaseStatus.OPEN, lines)


def judge(
    order: OrderAtDoor, goods: Iterable[tuple[int, int]], codes: Mapping[int, str], *, accept_over: bool
) -> Counted:
    """What (SKU, units) mean for the order.  Raises OverDelivered for what a person has not agreed to, naming every SKU."""
    delivered: dict[int, int] = defaultdict(int)
    for sku_id, units in goods:
        delivered[sku_id] += units
    for line in order.lines:
        if line.received + delivered.get(line.sku_id, 0) > UNITS_MOST:
            raise BadQuantity(_("%(sku)s 的数量太大。") % {"sku": codes.get(line.sku_id, "")})
    percent = max(0, options.get(OVER_DELIVERY_PERCENT))
    counted = count_up(order.lines, delivered, over_percent=percent, is_open=order.is_open)
    if counted.beyond and not accept_over:
        named = [
            {"sku": codes[o.sku_id], "expected": o.expected, "received": o.received, "over": o.units}
            for o in counted.beyond
        ]
        text = "、".join(
            _("%(sku)s 多 %(n)d 件") % {"sku": row["sku"], "n": row["over"]} for row in named[:5]
        )
        more = _("等 %(n)d 种") % {"n": len(named)} if len(named) > 5 else ""
        raise OverDelivered(
            _("比采购单多：%(text)s%(more)s。数对了就点下面的“数对了，多的也收”。")
            % {"text": text, "more": more},
            lines=named,
        )
    return counted


def book(order: OrderAtDoor, counted: Counted) -> bool:
    """Write what came onto the lines, close the order when nothing is open; True when it was closed now.  Under the order's lock."""
    ids = sorted(counted.added)
    if ids:
        db.execute(
            "UPDATE inventory_purchaseline l SET received = l.received + u.units FROM unnest(%s::bigint[], %s::int[]) u(id, units)"
            " WHERE l.tenant_id = %s AND l.id = u.id",
            db.array(ids),
            db.array([counted.added[i] for i in ids]),
            current_tenant(),
        )
    if not (order.is_open and counted.is_complete):
        return False
    db.execute(
        "UPDATE inventory_purchaseorder SET status = %s, closed_at = clock_timestamp() WHERE tenant_id = %s AND id = %s",
        int(PurchaseStatus.CLOSED),
        current_tenant(),
        order.id,
    )
    return True
