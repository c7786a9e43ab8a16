"""Reads of tracing, over every floor below.  Each function is one statement, or a stated constant number of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from core import db
from core.errors import NotFound
from core.tenancy import current_tenant
from inventory.models import BinKind, MoveKind
from traceability import sql
from traceability.rules.equation import LotEquation

INSIDE_SHOWN = 200
EXPORT_MOST = 10_000

# What crosses the border of the building.  Moves inside (picks, put-away, goods sent on the road and arrived) have two sides.
INFLOW = {
    MoveKind.RECEIPT: "received",
    MoveKind.OPENING: "received",
    MoveKind.ADJUST: "found",
    MoveKind.COUNT: "found",
    MoveKind.PUT_BACK: "returned",
    MoveKind.MADE: "made_here",
}
OUTFLOW = {
    MoveKind.SHIP: "shipped",
    MoveKind.ADJUST: "written_off",
    MoveKind.WRITE_OFF: "written_off",
    MoveKind.COUNT: "lost",
    MoveKind.LOST: "lost",
    MoveKind.USED: "used_in_lots",
    MoveKind.SENT_BACK: "sent_back",
}
OTHER_IN, OTHER_OUT = (
    "found",
    "lost",
)  # a kind that should not cross the border of the building is still counted, and shown


@dataclass(frozen=True, slots=True)
class TracedLot:
    """The lot on the page."""

    id: int
    code: str
    expires_on: date | None
    produced_on: date | None
    received_on: date
    supplier_lot: str
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Place:
    """Units of the lot in one bin."""

    balance_id: int
    facility_id: int
    facility_name: str
    bin_code: str
    bin_kind: int
    on_hand: int
    allocated: int

    @property
    def is_on_its_way(self) -> bool:
        """It lies on a cart or a packing bench: picked for a parcel."""
        return self.bin_kind in (BinKind.TOTE, BinKind.PUT_WALL, BinKind.PACKING)

    @property
    def is_on_the_road(self) -> bool:
        """It left one facility and has not arrived at the other."""
        return self.bin_kind == BinKind.TRANSIT


@dataclass(frozen=True, slots=True)
class ParcelInside:
    """A parcel in the building that has units of the lot; `is_picked`: they lie on its cart."""

    parcel_id: int
    order_id: int
    order_number: str | None
    receiver_mask: str | None
    facility_name: str
    units: int
    status: int
    is_picked: bool
    tracking_number: str | None
    ship_by: datetime


@dataclass(frozen=True, slots=True)
class ParcelLeft:
    """A parcel that left with units of the lot; every row also says how many parcels and units left in all."""

    parcel_id: int
    order_id: int
    order_number: str | None
    receiver_mask: str | None
    facility_name: str
    units: int
    tracking_number: str | None
    at: datetime
    parcels_in_all: int
    units_in_all: int


@dataclass(frozen=True, slots=True)
class ReceiptOfLot:
    """Where units of the lot came from."""

    receipt_id: int
    reference: str
    supplier: str
    facility_name: str
    bin_code: str
    units: int
    created_by_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LotLinkRow:
    """A lot that went into this one (`is_source`), or into which this one went; `units` of the lot that went in.

    Of kits that were taken apart the kit is the source of the lots of its parts.
    """

    is_source: bool
    lot_id: int
    lot_code: str
    expires_on: date | None
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    units: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HoldOfLot:
    id: int
    kind: str
    document: str
    reason: str
    opened_by_name: str | None
    opened_at: datetime
    cleared_by_name: str | None
    cleared_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None


@dataclass(frozen=True, slots=True)
class LotHit:
    """A lot that a search found."""

    id: int
    code: str
    sku_code: str
    sku_name: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class OrderHit:
    """An order that a search found, by its number or by a parcel of it."""

    id: int
    number: str
    parcel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a text may mean."""

    lots: Sequence[LotHit]
    orders: Sequence[OrderHit]

    @property
    def count(self) -> int:
        return len(self.lots) + len(self.orders)


@dataclass(frozen=True, slots=True)
class TracedOrder:
    id: int
    number: str
    receiver_mask: str
    status: int
    channel_name: str
    placed_at: datetime
    shipped_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderLot:
    """Units of a lot in one parcel of an order: left at `at`, or still in the bin `bin_code`."""

    parcel_id: int
    tracking_number: str | None
    parcel_status: int
    facility_name: str
    sku_code: str
    sku_name: str
    unit: str
    lot_id: int
    lot_code: str
    expires_on: date | None
    supplier_lot: str
    units: int
    at: datetime | None
    bin_code: str


@dataclass(frozen=True, slots=True)
class OrderPromise:
    """Units of an order that are promised; their lot is not chosen yet."""

    parcel_id: int
    parcel_status: int
    sku_code: str
    sku_name: str
    unit: str
    units: int
    min_expires_on: date


def get_lot(lot_id: int) -> TracedLot:
    """Raises NotFound, also for another tenant's."""
    found = db.rows(sql.LOT, current_tenant(), lot_id)
    if not found:
        raise NotFound(_("没有这个批次。"), code="lot_not_found", lot_id=lot_id)
    return TracedLot(*found[0])


def list_places(lot_id: int) -> list[Place]:
    """Where the lot lies, warehouses first."""
    return [Place(*row) for row in db.rows(sql.PLACES, current_tenant(), lot_id)]


def get_equation(lot_id: int, places: Sequence[Place]) -> LotEquation:
    """What came and went is read from the ledger, what is there from the balances: two tellings of the same units, so the sum proves
    something.  One statement."""
    tenant_id = current_tenant()
    in_transit = sum(place.on_hand for place in places if place.is_on_the_road)
    sums = {"on_hand": sum(place.on_hand for place in places) - in_transit, "in_transit": in_transit}
    for direction, kind, units in db.rows(sql.BORDER, tenant_id, lot_id, tenant_id, lot_id):
        known = INFLOW if direction == "in" else OUTFLOW
        name = known.get(MoveKind(kind), OTHER_IN if direction == "in" else OTHER_OUT)
        sums[name] = sums.get(name, 0) + units
    return LotEquation(**sums)


def list_inside(lot_id: int, *, limit: int) -> list[ParcelInside]:
    """Parcels in the building with units of the lot, earliest deadline first."""
    return [ParcelInside(*row) for row in db.rows(sql.INSIDE, current_tenant(), lot_id, limit)]


def list_left(lot_id: int, *, after: tuple[datetime, int] | None, limit: int) -> list[ParcelLeft]:
    """Parcels that left with units of the lot, newest first, beyond (instant, parcel id) `after`."""
    tenant_id = current_tenant()
    at, parcel_id = after or (None, 0)
    return [
        ParcelLeft(*row)
        for row in db.rows(sql.LEFT_PARCELS, tenant_id, lot_id, tenant_id, at, at, parcel_id, limit)
    ]


def list_receipts(lot_id: int) -> list[ReceiptOfLot]:
    return [ReceiptOfLot(*row) for row in db.rows(sql.RECEIPTS, current_tenant(), lot_id)]


def list_lot_links(lot_id: int) -> list[LotLinkRow]:
    """The lots one step before and one step behind this one, the newest first; at most 200."""
    tenant_id = current_tenant()
    return [LotLinkRow(*row) for row in db.rows(sql.LINKS, tenant_id, lot_id, tenant_id, lot_id, tenant_id)]


def list_holds(lot_id: int) -> list[HoldOfLot]:
    """Holds of the lot, open ones first, then the cleared ones, newest first."""
    return [HoldOfLot(*row) for row in db.rows(sql.HOLDS, current_tenant(), lot_id)]


def search(text: str) -> Found:
    """A lot code, a merchant code or barcode, an order number, a parcel (P and its number) or a tracking number.  Five statements.

    Equality only: what is traced is printed on something, so it is known whole.
    """
    tenant_id, text = current_tenant(), text.replace("\0", "").strip()
    lots = [LotHit(*row) for row in db.rows(sql.LOTS_BY_CODE, tenant_id, text)]
    lots += [LotHit(*row) for row in db.rows(sql.LOTS_OF_SKU, tenant_id, tenant_id, text, tenant_id, text)]
    orders = [OrderHit(*row) for row in db.rows(sql.ORDERS_BY_NUMBER, tenant_id, text)]
    parcels = db.rows(sql.PARCELS_BY_TRACKING, tenant_id, text)
    bare = text.upper().removeprefix("P").removeprefix("-")
    if bare.isascii() and bare.isdecimal() and len(bare) < 16:
        parcels += db.rows(sql.PARCEL_BY_ID, tenant_id, int(bare))
    known = {order.id for order in orders}
    orders += [OrderHit(ref, f"P{parcel_id}", parcel_id) for parcel_id, ref in parcels if ref not in known]
    return Found(list(dict.fromkeys(lots)), orders)


def get_order(order_id: int) -> TracedOrder:
    """Raises NotFound."""
    found = db.rows(sql.ORDER, current_tenant(), order_id)
    if not found:
        raise NotFound(_("没有这个订单。"), code="order_not_found", order_id=order_id)
    return TracedOrder(*found[0])


def list_order_lots(order_id: int) -> list[OrderLot]:
    """Lots of an order's parcels: what left, then what is in the building.  Two statements."""
    tenant_id = current_tenant()
    found = db.rows(sql.ORDER_LEFT, tenant_id, order_id) + db.rows(sql.ORDER_INSIDE, tenant_id, order_id)
    return [OrderLot(*row) for row in found]


def list_order_promises(order_id: int) -> list[OrderPromise]:
    return [OrderPromise(*row) for row in db.rows(sql.ORDER_PROMISED, current_tenant(), order_id)]
