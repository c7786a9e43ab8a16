"""What the pipeline reads before it decides: channels, SKUs, orders as the rules see them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from orders.errors import NoChannel
from orders.rules.values import ParcelRule, Sku

SKU_COLUMNS = (
    "id, weight_g, length_mm, width_mm, height_mm, parcel_rule, case_quantity, shipping_class, min_remaining_days,"
    " one_lot_per_parcel"
)


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    id: int
    facility_id: int
    currency: str
    needs_address: bool
    is_o2o: bool
    handover: int
    min_days: int
    ship_within_h: int
    is_routed: bool
    carrier_id: int | None
    has_carriers: bool
    has_gifts: bool
    has_shelf_rules: bool  # the tenant has rules about remaining shelf life: inventory.queries.shelf_life
    ready_now: bool | None = None  # whether its short orders go in part; None: as the tenant says


@dataclass(frozen=True, slots=True)
class Head:
    """The row of an order, without its lines."""

    id: int
    status: int
    number: str
    channel_id: int
    facility_id: int
    receiver_key: int | None
    receiver: bytes | None
    remark: str
    seller_remark: str
    amount_minor: int
    charge_minor: int
    discount_minor: int
    min_expires_on: date
    priority: int
    ship_by: datetime
    merged_into: int | None = None
    wait_until: datetime | None = None
    division_code: str = ""
    cod_minor: int = 0
    decided: str | None = None


HEAD_COLUMNS = (
    "id, status, number, channel_id, facility_id, receiver_key, receiver, remark, seller_remark, amount_minor, charge_minor,"
    " discount_minor, min_expires_on, priority, ship_by, merged_into_id, wait_until,"
    " division_code, cod_minor, decided"
)


def get_channels(channel_ids: Iterable[int]) -> Mapping[int, ChannelFacts]:
    """The channels by id.  Raises NoChannel when one is missing."""
    wanted = set(channel_ids)
    found = db.rows(
        "SELECT id, facility_id, currency, needs_address, is_o2o, handover, min_days, ship_within_h, is_routed, carrier_id,"
        " EXISTS (SELECT FROM warehouse_carrier WHERE tenant_id = %s AND is_active),"
        " EXISTS (SELECT FROM orders_giftrule WHERE tenant_id = %s AND is_active),"
        " EXISTS (SELECT FROM inventory_shelfliferule WHERE tenant_id = %s), ready_now FROM orders_channel"
        " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        *[current_tenant()] * 4,
        db.array(wanted),
    )
    if len(found) < len(wanted):
        raise NoChannel(_("没有这个店铺。"), channel_ids=sorted(wanted - {row[0] for row in found}))
    return {row[0]: ChannelFacts(*row) for row in found}


def get_channel(channel_id: int) -> ChannelFacts:
    return get_channels([channel_id])[channel_id]


def find_skus_by_code(codes: Iterable[str]) -> tuple[dict[str, int], dict[int, Sku]]:
    """Merchant code (or, failing that, barcode) -> SKU id, and the SKUs by id, in one or two statements."""
    wanted = set(codes)
    by_code: dict[str, int] = {}
    skus: dict[int, Sku] = {}
    tenant_id = current_tenant()
    found = db.rows(
        f"SELECT code, {SKU_COLUMNS} FROM inventory_sku WHERE tenant_id = %s AND code = ANY (%s::text[])",
        tenant_id,
        db.array(list(wanted)),
    )
    _collect(found, by_code, skus)
    missing = wanted - by_code.keys()
    if missing:
        columns = ", ".join(f"s.{name.strip()}" for name in SKU_COLUMNS.split(","))
        found = db.rows(
            f"SELECT b.code, {columns} FROM inventory_barcode b JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id"
            " WHERE b.tenant_id = %s AND b.code = ANY (%s::text[])",
            tenant_id,
            db.array(list(missing)),
        )
        _collect(found, by_code, skus)
    return by_code, skus


def _collect(found: Iterable[tuple[object, ...]], by_code: dict[str, int], skus: dict[int, Sku]) -> None:
    for code, id_, weight_g, length, width, height, rule, case, class_, *rest in found:
        by_code[code] = id_  # type: ignore[index, assignment]
        skus[id_] = Sku(id_, weight_g, length, width, height, ParcelRule(rule), case, class_, *rest)  # type: ignore[index, arg-type]


def get_skus(sku_ids: Iterable[int]) -> dict[int, Sku]:
    """SKUs as the rules see them."""
    found = db.rows(
        f"SELECT '', {SKU_COLUMNS} FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(set(sku_ids)),
    )
    skus: dict[int, Sku] = {}
    _collect(found, {}, skus)
    return skus


def get_codes(sku_ids: Iterable[int]) -> dict[int, str]:
    """SKU -> the merchant's code of it."""
    found = db.rows(
        "SELECT id, code FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(set(sku_ids)),
    )
    return dict(found)


def list_costs(sku_ids: Iterable[int]) -> dict[int, int]:
    """What a unit of these SKUs costs, in minor units, where the catalogue says it."""
    found = db.rows(
        "SELECT id, cost_minor FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND cost_minor IS NOT NULL",
        current_tenant(),
        db.array(set(sku_ids)),
    )
    return dict(found)


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it is stored: not mapped yet, it has a code instead of a SKU."""

    id: int
    sku_id: int | None
    external_code: str
    quantity: int
    unit_price_minor: int
    bundle_group: int | None = None
    item: str = ""
    variant: str = ""


def list_lines(order_ids: Sequence[int]) -> dict[int, list[StoredLine]]:
    """Lines by order, without what refunds took out of them."""
    lines: dict[int, list[StoredLine]] = defaultdict(list)
    for order_id, *line in db.rows(
        "SELECT order_id, id, sku_id, external_code, quantity - withdrawn, unit_price_minor, bundle_group,"
        " external_item, external_variant FROM orders_orderline"
        " WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) AND quantity > withdrawn ORDER BY id",
        current_tenant(),
        db.array(order_ids),
    ):
        lines[order_id].append(StoredLine(*line))
    return lines


def list_states(order_ids: Sequence[int]) -> dict[int, int]:
    """What the platform says now of each order; of several channel orders the one that is furthest from "paid"."""
    found = db.rows(
        "SELECT order_id, (array_agg(state ORDER BY state <> 1 DESC, state))[1] FROM orders_channelorder"
        " WHERE tenant_id = %s AND order_id = ANY (%s::bigint[]) GROUP BY order_id",
        current_tenant(),
        db.array(order_ids),
    )
    return dict(found)


def units_in_parcels(order_ids: Sequence[int]) -> dict[int, int]:
    """Order line -> units that are in parcels which were not cancelled.  `order_ids`: whole groups, whose parcels are their leader's."""
    found = db.rows(
        "SELECT l.ref, sum(l.quantity)::int FROM warehouse_parcel p JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id"
        " AND l.parcel_id = p.id WHERE p.tenant_id = %s AND p.ref = ANY (%s::bigint[]) AND p.status <> 5 GROUP BY l.ref",
        current_tenant(),
        db.array(order_ids),
    )
    return dict(found)


def cod_in_parcels(order_ids: Sequence[int]) -> dict[int, int]:
    """Leader -> what its parcels that were not cancelled collect at the door (minor units)."""
    found = db.rows(
        "SELECT ref, sum(cod_minor)::bigint FROM warehouse_parcel WHERE tenant_id = %s AND ref = ANY (%s::bigint[]) AND status <> 5"
        " GROUP BY ref",
        current_tenant(),
        db.array(order_ids),
    )
    return dict(found)


def list_left(order_ids: Sequence[int]) -> set[int]:
    """Which of these leaders have a parcel that left."""
    found = db.rows(
        "SELECT DISTINCT ref FROM warehouse_parcel WHERE tenant_id = %s AND ref = ANY (%s::bigint[]) AND status = 4",
        current_tenant(),
        db.array(order_ids),
    )
    return {row[0] for row in found}


def list_on_the_way(order_ids: Sequence[int]) -> set[int]:
    """Which of these leaders have a parcel that is planned or on the floor."""
    found = db.rows(
        "SELECT DISTINCT ref FROM warehouse_parcel WHERE tenant_id = %s AND ref = ANY (%s::bigint[]) AND status < 4",
        current_tenant(),
        db.array(order_ids),
    )
    return {row[0] for row in found}


def list_seen_receivers(keys: Iterable[int], own: Iterable[int]) -> set[int]:
    """Which of these receivers other orders go to."""
    wanted = set(keys)
    if not wanted:
        return set()
    mine = set(own)
    found = db.rows(
        "SELECT id, receiver_key FROM orders_order WHERE tenant_id = %s AND receiver_key = ANY (%s::bigint[])",
        current_tenant(),
        db.array(wanted),
    )
    return {key for id_, key in found if id_ not in mine}
