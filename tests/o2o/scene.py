"""A city with stores, a warehouse and orders that wait for a store; everything through the real services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core import db, options
from inventory.models import BinKind
from inventory.rules.promise import Demand
from inventory.services import promises
from o2o.options import ROUNDS
from o2o.services import dispatches
from o2o.services.dispatches import DispatchStart
from tests import builders
from warehouse.services import parcels
from warehouse.services.parcels import LineInput, ParcelInput

HERE = (31_230_000, 121_470_000)
KM_E6 = 8_993  # a kilometre of latitude in millionths of a degree
DAY = date(2025, 1, 1)  # a minimum expiry that everything meets


@dataclass
class City:
    """The warehouse keeps the reservations; `stores` stand north of HERE, one kilometre apart, the nearest
    first.
    """

    warehouse: int
    sku: int
    stores: list[int] = field(default_factory=list)
    bins: dict[int, int] = field(default_factory=dict)


def make_city(stores: int = 4, *, stock: int = 10, warehouse_stock: int = 1_000) -> City:
    """A warehouse and `stores` stores with `stock` units of one SKU each, a pick bin and a cart."""
    city = City(builders.make_facility(name="中心仓"), builders.make_sku(name="加湿器 M2"))
    builders.make_stock(builders.make_bin(city.warehouse), city.sku, warehouse_stock)
    for number in range(1, stores + 1):
        add_store(city, number * KM_E6, stock, name=f"{number}号店")
    return city


def add_store(city: City, north_e6: int, stock: int, *, name: str = "新店") -> int:
    from inventory.models import FacilityKind

    store = builders.make_facility(
        name=name, kind=FacilityKind.STORE, point_e6=(HERE[0] + north_e6, HERE[1]), code=builders.unique("S")
    )
    city.bins[store] = builders.make_bin(store)
    builders.make_bin(store, BinKind.TOTE)
    if stock:
        builders.make_stock(city.bins[store], city.sku, stock)
    city.stores.append(store)
    return store


def set_rounds(*rounds: Mapping[str, Any]) -> None:
    options.put(ROUNDS, list(rounds))


def round_of(stores: int | None = 3, seconds: int = 60, radius_m: int | None = None) -> Mapping[str, Any]:
    return {"stores": stores, "radius_m": radius_m, "seconds": seconds}


def make_order(city: City, units: int = 1, *, ref: int | None = None) -> int:
    """An order whose parcel waits for a store, its units promised at the warehouse; its ref."""
    ref = ref or db.new_id()
    demand = Demand(ref, DAY, ((city.sku, units),))
    plan = promises.plan(city.warehouse, [demand], locked=True)
    assert not plan.short
    promises.add_counters(city.warehouse, plan.added)
    parcel = ParcelInput(
        ref=ref, lines=(LineInput(city.sku, ref, units),), weight_g=500, reason="", min_expires_on=DAY, priority=0,
        ship_by=datetime.now(UTC) + timedelta(days=1),
    )  # fmt: skip
    parcels.plan(facility_id=city.warehouse, parcels=[parcel], waiting=[True])
    return ref


def start_of(city: City, ref: int, units: int = 1) -> DispatchStart:
    return DispatchStart(ref, f"QY-{ref}", city.warehouse, *HERE, ((city.sku, units),), DAY)


def offer(city: City, count: int = 1, units: int = 1) -> list[int]:
    """Orders offered to the first round's stores; the dispatches' ids."""
    refs = [make_order(city, units) for _ in range(count)]
    assert set(dispatches.start(starts=[start_of(city, ref, units) for ref in refs])) == set(refs)
    found = db.rows(
        "SELECT id FROM o2o_dispatch WHERE order_ref = ANY (%s::bigint[]) ORDER BY id", db.array(refs)
    )
    return [row[0] for row in found]


def make_due(dispatch_ids: Sequence[int], seconds: float = 1) -> None:
    """The deadline passed that long ago."""
    db.execute(
        "UPDATE o2o_dispatch SET deadline = clock_timestamp() - %s * interval '1 second' WHERE id = ANY (%s::bigint[])",
        seconds,
        db.array(dispatch_ids),
    )


def dispatch(dispatch_id: int) -> dict[str, Any]:
    names = "status, round, winner_id, order_ref, deadline, reason, version"
    row = db.rows(f"SELECT {names} FROM o2o_dispatch WHERE id = %s", dispatch_id)[0]
    return dict(zip(names.split(", "), row, strict=True))


def offers(dispatch_id: int) -> dict[int, tuple[int, str, str]]:
    """facility -> (round, status, reason)."""
    found = db.rows(
        "SELECT facility_id, round, status, reason FROM o2o_offer WHERE dispatch_id = %s", dispatch_id
    )
    return {row[0]: row[1:] for row in found}


def promised(facility_id: int) -> int:
    sql = "SELECT coalesce(sum(quantity), 0)::int FROM inventory_promise WHERE facility_id = %s"
    return int(db.rows(sql, facility_id)[0][0])


def parcels_of(order_ref: int) -> list[tuple[int, int, int]]:
    """(facility, status, handover) of the order's parcels."""
    sql = "SELECT facility_id, status, handover FROM warehouse_parcel WHERE ref = %s ORDER BY id"
    return db.rows(sql, order_ref)


def facts(topic: str) -> list[dict[str, Any]]:
    import json

    found = db.rows("SELECT payload FROM core_outbox WHERE topic = %s ORDER BY at, id", topic)
    return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in found]
