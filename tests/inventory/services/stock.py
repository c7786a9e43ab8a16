"""Stock as these tests ask for it: one unit of work each, through the services, in the scope that is open."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from core import db
from inventory.rules.promise import Demand
from inventory.services import allocations, handling, promises
from inventory.services.allocations import AllocationResult
from inventory.services.handling import PickResult
from inventory.services.promises import ReservationRow

DAY = date(2025, 1, 1)  # a minimum expiry that everything meets
SHIP_BY = datetime(2025, 6, 3, tzinfo=UTC)


def reserve(
    facility_id: int,
    *units: tuple[int, int],
    owner: int | None = None,
    day: date = DAY,
    priority: int = 0,
    days: int = 0,
) -> int | None:
    """Promise (SKU, quantity) pairs to an owner, whole or not at all; the owner, or None when it is short."""
    owner = owner or db.new_id()
    plan = promises.plan(facility_id, [Demand(owner, day, tuple(units))], locked=True)
    if plan.short:
        return None
    promises.add_counters(facility_id, plan.added)
    rows = [
        ReservationRow(owner, owner, sku, day, quantity, priority, SHIP_BY + timedelta(days))
        for sku, quantity in units
    ]
    promises.write_reservations(facility_id, rows)
    return owner


def must_reserve(
    facility_id: int,
    *units: tuple[int, int],
    owner: int | None = None,
    day: date = DAY,
    priority: int = 0,
    days: int = 0,
) -> int:
    owner = reserve(facility_id, *units, owner=owner, day=day, priority=priority, days=days)
    assert owner is not None
    return owner


def allocate(facility_id: int, *owners: int) -> AllocationResult:
    """Allocate these owners whole: what they must have is what they have promised."""
    wanted = {owner: reserved(owner) for owner in owners}
    return allocations.allocate(facility_id=facility_id, owner_units=wanted)


def pick(tote: int, *owners: int) -> PickResult:
    return handling.pick(totes=dict.fromkeys(owners, tote), document_id=db.new_id())


def ship(*owners: int) -> tuple[int, set[int]]:
    """(units shipped, owners that a hold keeps)."""
    held = set(handling.lock_owned(owners).held)
    going = [owner for owner in owners if owner not in held]
    return (handling.ship(owner_refs=going) if going else 0), held


def reserved(owner: int) -> int:
    return int(
        db.rows(
            "SELECT coalesce(sum(quantity), 0)::int FROM inventory_reservation WHERE owner_ref = %s", owner
        )[0][0]
    )


def allocated(owner: int) -> dict[int, int]:
    """lot -> units allocated to the owner."""
    sql = (
        "SELECT b.lot_id, sum(a.quantity)::int FROM inventory_allocation a JOIN inventory_balance b ON b.id = a.balance_id"
        " WHERE a.owner_ref = %s GROUP BY 1"
    )
    return dict(db.rows(sql, owner))


def promised(facility_id: int) -> int:
    return int(
        db.rows(
            "SELECT coalesce(sum(quantity), 0)::int FROM inventory_promise WHERE facility_id = %s",
            facility_id,
        )[0][0]
    )


def units(lot_id: int) -> dict[str, int]:
    """The equation of a lot: received = on hand + shipped; `allocated` lies on hand too."""
    sql = """
        SELECT (SELECT coalesce(sum(quantity), 0) FROM inventory_receiptline WHERE lot_id = %s)::int,
            (SELECT coalesce(sum(on_hand), 0) FROM inventory_balance WHERE lot_id = %s)::int,
            (SELECT coalesce(sum(allocated), 0) FROM inventory_balance WHERE lot_id = %s)::int,
            (SELECT coalesce(sum(m.quantity), 0) FROM inventory_move m JOIN inventory_balance b ON b.id = m.from_balance_id
             WHERE b.lot_id = %s AND m.to_balance_id IS NULL)::int
    """
    return dict(
        zip(("received", "on_hand", "allocated", "shipped"), db.rows(sql, *[lot_id] * 4)[0], strict=True)
    )


def conserved(lot_ids: Sequence[int]) -> bool:
    return all(u["received"] == u["on_hand"] + u["shipped"] for u in map(units, lot_ids))
