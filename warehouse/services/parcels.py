"""Parcels: planned, moved to another facility, cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core import db, outbox
from core.db import Rank
from core.tenancy import current_tenant
from inventory.services import allocations, handling, promises
from inventory.services.allocations import LotRow
from inventory.services.promises import ReservationRow
from warehouse.models import Handover, Parcel, ParcelLine, ParcelStatus

LIMBO = (int(ParcelStatus.WAITING), int(ParcelStatus.PLANNED))  # not on the floor yet


@dataclass(frozen=True, slots=True)
class LineInput:
    """Units of one order line (`ref`) in a parcel.  `min_expires_on`: where it is not the parcel's.  `lot_id`: the lot that was set aside
    for it (goods of which a parcel holds one lot only); else the lot is chosen at wave release.
    """

    sku_id: int
    ref: int
    quantity: int
    min_expires_on: date | None = None
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class ParcelInput:
    """A parcel as the splitting rule planned it.  `ref` is the order; `label` the sealed receiver; weight None is unknown."""

    ref: int
    lines: tuple[LineInput, ...]
    weight_g: int | None
    reason: str
    min_expires_on: date
    priority: int
    ship_by: datetime
    handover: int = Handover.CARRIER
    label: bytes | None = None
    carton_no: int = 1
    carton_of: int = 1
    carrier_id: int | None = None
    freight_minor: int | None = None
    cod_minor: int = 0


_COLUMNS = [
    "id", "facility", "ref", "status", "handover", "units", "weight_g", "carton_no", "carton_of",
    "reason", "min_expires_on", "priority", "ship_by", "label", "carrier", "freight_minor", "cod_minor",
]  # fmt: skip


def _row(id_: int, facility_id: int, p: ParcelInput, *, is_waiting: bool) -> tuple[object, ...]:
    status = ParcelStatus.WAITING if is_waiting else ParcelStatus.PLANNED
    units = sum([line.quantity for line in p.lines])
    head = (
        id_,
        facility_id,
        p.ref,
        int(status),
        int(p.handover),
        units,
        p.weight_g,
        p.carton_no,
        p.carton_of,
    )
    who = (p.carrier_id, p.freight_minor, p.cod_minor)
    return (*head, p.reason, p.min_expires_on, p.priority, p.ship_by, p.label, *who)


def plan(*, facility_id: int, parcels: Sequence[ParcelInput], waiting: Sequence[bool]) -> Sequence[int]:
    """Write parcels, their lines and the reservations (or lots) behind them; their ids.

    A `waiting` one is not for waves yet (stores may grab it).
    Three statements, however many.  The caller has the promise plan and writes its counters in the same transaction.
    """
    ids = db.new_ids(len(parcels))
    rows = [
        _row(id_, facility_id, p, is_waiting=wait) for id_, p, wait in zip(ids, parcels, waiting, strict=True)
    ]
    db.insert_behind(Parcel, _COLUMNS, rows)
    flat = [(id_, p, line) for id_, p in zip(ids, parcels, strict=True) for line in p.lines]
    line_ids = db.new_ids(len(flat))
    db.insert_behind(
        ParcelLine,
        ["id", "parcel", "sku", "ref", "quantity"],
        [
            (line_id, id_, line.sku_id, line.ref, line.quantity)
            for line_id, (id_, _, line) in zip(line_ids, flat, strict=True)
        ],
    )
    promises.write_reservations(
        facility_id,
        [
            ReservationRow(id_, line_id, line.sku_id, day, line.quantity, p.priority, p.ship_by)
            for line_id, (id_, p, line) in zip(line_ids, flat, strict=True)
            if line.lot_id is None
            for day in (line.min_expires_on or p.min_expires_on,)
        ],
    )
    allocations.allocate_to_lots(
        facility_id,
        [
            LotRow(id_, line_id, line.sku_id, line.lot_id, day, line.quantity, p.priority, p.ship_by)
            for line_id, (id_, p, line) in zip(line_ids, flat, strict=True)
            if line.lot_id is not None
            for day in (line.min_expires_on or p.min_expires_on,)
        ],
    )
    return ids


def lock_of_orders(order_refs: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Lock the parcels of these orders: (id, ref, status, facility)."""
    return db.lock(
        Rank.PARCEL, Parcel, "id, ref, status, facility_id", "ref = ANY (%s::bigint[])", db.array(order_refs)
    )


def cancel_of_orders(*, order_refs: Sequence[int]) -> list[int]:
    """Cancel the parcels of these orders that are not on the floor yet, and give their promises back; the parcels cancelled."""
    found = [id_ for id_, _, status, _ in lock_of_orders(order_refs) if status in LIMBO]
    if found:
        _set_status(found, ParcelStatus.CANCELLED)
        give_back(found)
        outbox.emit("ParcelsCancelled", {"parcel_ids": found})
    return found


def give_back(parcel_ids: Sequence[int]) -> None:
    """Parcels that are not on the floor give back what was promised to them, also lots that were set aside.

    Locks as handling.give_back.
    """
    handling.give_back(parcel_ids)


def release_waiting(*, order_refs: Sequence[int]) -> list[int]:
    """Parcels that waited for stores become ready for waves where they are."""
    found = [id_ for id_, _, status, _ in lock_of_orders(order_refs) if status == ParcelStatus.WAITING]
    _set_status(found, ParcelStatus.PLANNED)
    return found


def move_waiting(*, order_ref: int, to_facility: int) -> bool:
    """A store has grabbed the order: its waiting parcels and their promises move there.  False, and nothing done, without the stock.

    Locks the parcels, then the anchors of both facilities in order.
    """
    locked = db.lock(Rank.PARCEL, Parcel, "id, facility_id, units, status", "ref = %s", order_ref)
    found = [row for row in locked if row[3] == ParcelStatus.WAITING]
    if not found:
        return False
    ids, units = [row[0] for row in found], sum(row[2] for row in found)
    if not promises.move_reservations(ids, found[0][1], to_facility, units=units):
        return False
    db.execute(
        "UPDATE warehouse_parcel SET facility_id = %s, status = %s, handover = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        to_facility,
        int(ParcelStatus.PLANNED),
        int(Handover.STORE),
        current_tenant(),
        db.array(ids),
    )
    return True


def _set_status(parcel_ids: Sequence[int], status: ParcelStatus) -> None:
    if parcel_ids:
        db.execute(
            "UPDATE warehouse_parcel SET status = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            int(status),
            current_tenant(),
            db.array(parcel_ids),
        )
