"""A shop, its warehouse, and what an order has come to."""

from dataclasses import dataclass, field
from typing import Any

from core import db
from core.models import Outbox
from inventory.models import BinKind
from orders.models import ChannelOrder, Finding, Order, OrderLine, OrderStatus
from orders.rules.incoming import IncomingOrder
from orders.services import pipeline
from orders.services.pipeline import ProcessResult
from tests import builders as make
from tests.steps import Do
from warehouse.models import Parcel, ParcelLine
from warehouse.services import floor, waves


@dataclass
class Shop:
    """One channel, one warehouse with carts; SKUs are made by code."""

    carts: int = 3
    facility: int = field(init=False)
    bin: int = field(init=False)
    channel: int = field(init=False)

    def __post_init__(self) -> None:
        self.facility = make.make_facility()
        self.bin = make.make_bin(self.facility)
        make.make_bins(self.facility, self.carts, BinKind.TOTE)
        self.channel = make.make_channel(self.facility)

    def stock(self, code: str, units: int, **sku: Any) -> int:
        """A SKU with units of one lot; the lot."""
        return (
            make.make_stock(self.bin, make.make_sku(code=code, **sku), units)
            if units
            else make.make_sku(code=code, **sku)
        )


def push(do: Do, shop: Shop, *orders: IncomingOrder) -> ProcessResult:
    return pipeline.push(tenant_id=do.tenant_id, channel_id=shop.channel, incoming=orders)


def order_of(number: str) -> Order:
    return Order.objects.get(number=number)


def status_of(number: str) -> OrderStatus:
    return OrderStatus(order_of(number).status)


def findings(number: str, *, is_open: bool = True) -> dict[str, tuple[bool, dict[str, Any]]]:
    """code -> (stops, detail)."""
    found = Finding.objects.filter(order_id=order_of(number).id, cleared_at__isnull=is_open)
    return {f.code: (f.stops, f.detail) for f in found}


def parcels(number: str) -> list[dict[int, int]]:
    """The live parcels of an order, each as SKU -> units."""
    live = Parcel.objects.filter(ref=order_of(number).id).exclude(status=5).order_by("id")
    return [dict(ParcelLine.objects.filter(parcel_id=p.id).values_list("sku_id", "quantity")) for p in live]


def counts() -> tuple[int, int, int]:
    """Orders, channel orders, lines."""
    return Order.objects.count(), ChannelOrder.objects.count(), OrderLine.objects.count()


def facts(topic: str) -> list[dict[str, Any]]:
    return list(Outbox.objects.filter(topic=topic).order_by("at", "id").values_list("payload", flat=True))


def promised() -> int:
    return int(db.rows("SELECT coalesce(sum(quantity), 0)::int FROM inventory_promise")[0][0])


def ship_everything(do: Do, shop: Shop) -> int:
    """Waves, picks and shipment of all that is planned; units shipped."""
    units = 0
    while wave_ids := do(waves.release, facility_id=shop.facility, limit=100).wave_ids:
        do(floor.confirm_picks, wave_ids=wave_ids)
        units += do(floor.ship, wave_ids=wave_ids).units
    return units
