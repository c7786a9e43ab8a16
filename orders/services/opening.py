"""Goods that a file names and nobody has entered yet, made on request; with opening stock in two lots, on
request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from core import clock, db
from core.errors import Invalid
from core.tenancy import current_tenant
from inventory.models import BinKind, MoveKind
from inventory.services.catalogue import SkuInput, create_missing
from inventory.services.receiving import ReceiptInput, receive
from orders.importing.settings import Options
from orders.services import platform_ids

CHUNK = 500  # SKUs a transaction
LOTS = ("OPENING-A", "OPENING-B")


@dataclass(frozen=True, slots=True)
class Made:
    """What one chunk made."""

    skus: int
    units: int
    lots: int


def make_goods(channel_id: int, demand: Mapping[str, int], options: Options, reference: str) -> Made:
    """Make the SKUs that are missing among `demand` (units by code), in the open scope, with the sizes of
    `options`.

    With opening stock: as many units as the file asks for and a margin, half of them in a lot that expires
    first.  Idempotent: goods that exist are left alone, and the receipt has `reference`.  Raises Invalid
    when the facility has no picking bin.
    """
    defaults = SkuInput(
        "",
        "",
        weight_g=options.weight_g,
        size_mm=(options.length_mm, options.width_mm, options.height_mm),
        shelf_life_days=options.shelf_life_days,
    )
    listed = platform_ids.list_codes(channel_id, demand)
    made = create_missing(codes=sorted(demand.keys() - listed), defaults=defaults)
    if not made or not options.opening_stock:
        return Made(len(made), 0, 0)
    facility_id, bins = _bins(channel_id)
    today = clock.today()
    life = options.shelf_life_days
    expiries = (today + timedelta(max(1, life // 2)), today + timedelta(life)) if life else (None, None)
    lines = []
    for place, (code, sku_id) in enumerate(sorted(made.items())):
        wanted = demand[code] + -(-demand[code] * options.margin_percent // 100)
        for lot, expires_on, quantity in zip(
            LOTS, expiries, (wanted - wanted // 2, wanted // 2), strict=True
        ):
            if quantity:
                lines.append(ReceiptInput(sku_id, lot, bins[place % len(bins)], quantity, expires_on))
    done = receive(
        facility_id=facility_id,
        reference=reference,
        lines=lines,
        supplier=_("导入时补的期初"),
        kind=MoveKind.OPENING,
    )
    return Made(len(made), done.units, len(lines))


def _bins(channel_id: int) -> tuple[int, list[int]]:
    """The channel's facility and its picking bins in the picker's walk."""
    found = db.rows(
        "SELECT b.facility_id, b.id FROM orders_channel c JOIN inventory_bin b"
        " ON b.tenant_id = c.tenant_id AND b.facility_id = c.facility_id WHERE c.tenant_id = %s AND"
        " c.id = %s AND b.kind = %s"
        " ORDER BY b.sequence, b.id",
        current_tenant(),
        channel_id,
        BinKind.PICK.value,
    )
    if not found:
        raise Invalid(
            _("店铺的仓库没有拣货位，放不下期初库存。先建货位，或者不要期初库存。"), code="no_pick_bin"
        )
    return found[0][0], [bin_id for _facility, bin_id in found]


def add_up(before: Mapping[str, Any], made: Made, options: Options) -> dict[str, Any]:
    """What was assumed and not told, for the page and the command."""
    return {
        "skus": before.get("skus", 0) + made.skus,
        "units": before.get("units", 0) + made.units,
        "lots": before.get("lots", 0) + made.lots,
        "weight_g": options.weight_g,
        "size_mm": [options.length_mm, options.width_mm, options.height_mm],
        "shelf_life_days": options.shelf_life_days,
        "parcel_rule": "NORMAL",
        "margin_percent": options.margin_percent,
    }
