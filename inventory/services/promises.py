"""Reserve and unreserve: promises at (facility, SKU), the lot chosen late.

Lock: the anchor row of each (facility, SKU), by facility, then SKU; counters are read in the next statement, because a locking one that
waited does not see rows inserted while it waited.  Several facilities in one transaction are taken by id.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import NamedTuple

from core import db, outbox
from core.db import Rank
from core.tenancy import current_tenant
from inventory import sql
from inventory.models import Promise, Reservation
from inventory.queries import ANCHOR, list_supplies
from inventory.rules import promise
from inventory.rules.promise import Demand, PromisePlan, Reserved
from inventory.sellable import Standing, read_standing, standing, standing_params


class GuessedWrong(Exception):
    """Stock changed between the unlocked look and the lock: roll back and run the work again, locking first."""


class ReservationRow(NamedTuple):
    """One line's share of a promise.  `owner_ref` and `line_ref` mean something to the caller only."""

    owner_ref: int
    line_ref: int
    sku_id: int
    min_expires_on: date
    quantity: int
    priority: int
    ship_by: datetime


_FIELDS = (
    "owner_ref",
    "line_ref",
    "sku",
    "min_expires_on",
    "quantity",
    "priority",
    "ship_by",
)  # of a ReservationRow


def plan(
    facility_id: int, demands: Sequence[Demand], *, locked: bool, seen: Standing | None = None
) -> PromisePlan:
    """Which demands fit now, whole or not at all, first come first served.  With `locked` the answer holds until the commit.

    `seen`: stock that was read a moment ago and has all SKUs of the demands; a guess as good as a look now.
    """
    if seen is not None and not locked:
        return promise.plan_promises(demands, seen.supplies, seen.promised)
    return plan_with_standing(facility_id, demands, locked=locked)[0]


def plan_with_standing(
    facility_id: int, demands: Sequence[Demand], *, locked: bool
) -> tuple[PromisePlan, Standing]:
    """The plan, and what it was made from.  Lock and look are two statements of one trip to the database."""
    sku_ids = {sku_id for demand in demands for sku_id, _ in demand.units}
    if not locked:
        here = read_standing(facility_id, sku_ids)
    elif not sku_ids:
        here = Standing([], [], frozenset())
    else:
        params = (
            *_anchor_params({(facility_id, sku_id) for sku_id in sku_ids}),
            *standing_params(facility_id, sku_ids, {demand.min_expires_on for demand in demands}),
        )
        # One trip, two snapshots: the look sees what was committed while the lock was waited for.
        here = standing(db.lock_sql(Rank.STOCK, f"{sql.LOCK_ANCHORS}; {sql.STANDING}", *params))
    return promise.plan_promises(demands, here.supplies, here.promised), here


def commit_plan(facility_id: int, demands: Sequence[Demand], guess: PromisePlan) -> None:
    """Lock last: prove a plan that was guessed without a lock, then write its counters.  Raises GuessedWrong when it no longer holds."""
    if plan(facility_id, demands, locked=True) != guess:
        raise GuessedWrong
    add_counters(facility_id, guess.added)


def write_reservations(facility_id: int, rows: Sequence[ReservationRow]) -> None:
    """The rows behind the counters.  The caller writes counters for exactly these rows in the same transaction."""
    db.insert_behind(
        Reservation,
        ["id", "facility", *_FIELDS],
        [(id_, facility_id, *row) for id_, row in zip(db.new_ids(len(rows)), rows, strict=True)],
    )


def unreserve(owner_refs: Sequence[int]) -> int:
    """Give back what these owners still hold as promises; returns units.  Locks the anchors concerned."""
    places = db.rows(
        "SELECT DISTINCT facility_id, sku_id FROM inventory_reservation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])",
        current_tenant(),
        db.array(owner_refs),
    )
    lock_anchors(places)
    gone = db.rows(
        "DELETE FROM inventory_reservation WHERE tenant_id = %s AND owner_ref = ANY (%s::bigint[])"
        " RETURNING facility_id, sku_id, min_expires_on, quantity",
        current_tenant(),
        db.array(owner_refs),
    )
    freed: dict[int, dict[tuple[int, date], int]] = defaultdict(lambda: defaultdict(int))
    for facility_id, sku_id, day, quantity in gone:
        freed[facility_id][sku_id, day] -= quantity
    for facility_id in sorted(freed):
        add_counters(facility_id, freed[facility_id])
    return sum(row[3] for row in gone)


def move_reservations(
    owner_refs: Sequence[int], from_facility: int, to_facility: int, *, units: int | None = None
) -> bool:
    """Move whole owners' promises to another facility, both locked in order; False (and nothing done) when it has not the stock.

    `units`: what the owners must still have promised between them; fewer means that a promise was broken meanwhile, and nothing moves.
    """
    held = db.rows(
        "SELECT id, owner_ref, sku_id, min_expires_on, quantity FROM inventory_reservation"
        " WHERE tenant_id = %s AND facility_id = %s AND owner_ref = ANY (%s::bigint[]) ORDER BY id",
        current_tenant(),
        from_facility,
        db.array(owner_refs),
    )
    sku_ids = {row[2] for row in held}
    lock_anchors((facility, sku_id) for facility in (from_facility, to_facility) for sku_id in sku_ids)
    still = db.rows(
        "SELECT count(*) FROM inventory_reservation WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array([row[0] for row in held]),
    )[0][0]
    if not held or still != len(held) or (units is not None and sum(row[4] for row in held) != units):
        return False
    demands = [Demand(row[0], row[3], ((row[2], row[4]),)) for row in held]
    there = read_standing(to_facility, sku_ids)
    wanted = promise.plan_promises(demands, there.supplies, there.promised)
    if wanted.short:
        return False
    add_counters(from_facility, {key: -units for key, units in wanted.added.items()})
    add_counters(to_facility, wanted.added)
    db.execute(
        "UPDATE inventory_reservation SET facility_id = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        to_facility,
        current_tenant(),
        db.array([row[0] for row in held]),
    )
    return True


def settle_promises(facility_id: int, sku_ids: Iterable[int]) -> tuple[int, ...]:
    """After sellable stock was lost: promises that no longer fit give way, lowest priority and latest deadline first.

    Returns their owners and says PromisesBroken.  In the transaction of the loss; the anchors are locked (again) here.
    """
    skus = sorted(set(sku_ids))
    lock_anchors((facility_id, sku_id) for sku_id in skus)
    rows = db.rows(
        "SELECT id, owner_ref, sku_id, min_expires_on, quantity, priority, ship_by FROM inventory_reservation"
        " WHERE tenant_id = %s AND facility_id = %s AND sku_id = ANY (%s::bigint[])",
        current_tenant(),
        facility_id,
        db.array(skus),
    )
    broken = promise.settle([Reserved(*row) for row in rows], list_supplies(facility_id, skus))
    if not broken.reservations:
        return ()
    db.execute(
        "DELETE FROM inventory_reservation WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(broken.reservations),
    )
    add_counters(facility_id, {key: -units for key, units in broken.freed.items()})
    outbox.emit("PromisesBroken", {"facility_id": facility_id, "owner_refs": list(broken.owners)})
    return broken.owners


def lock_anchors(places: Iterable[tuple[int, int]]) -> None:
    """Lock the (facility, SKU) pairs, in that order, in one statement; a missing anchor row is made when its turn comes.

    So locks and new rows are waited for in one total order, and no two programs that call this once can wait for each other.
    """
    wanted = set(places)
    if wanted:
        db.lock_sql(Rank.STOCK, sql.LOCK_ANCHORS, *_anchor_params(wanted))


def _anchor_params(places: AbstractSet[tuple[int, int]]) -> tuple[object, ...]:
    wanted = sorted(places)
    return (
        current_tenant(),
        ANCHOR,
        db.array(db.new_ids(len(wanted))),
        db.array([p[0] for p in wanted]),
        db.array([p[1] for p in wanted]),
    )


def add_counters(facility_id: int, added: Mapping[tuple[int, date], int]) -> None:
    """Change the promise counters, under the anchors' lock.  Update first, insert what is missing: ON CONFLICT would check the
    proposed row's quantity, so it could not take units away."""
    keys = sorted(added)
    if not keys:
        return
    columns = (
        db.array([k[0] for k in keys]),
        db.array([k[1] for k in keys]),
        db.array([added[k] for k in keys]),
    )
    done = db.rows(
        "UPDATE inventory_promise p SET quantity = p.quantity + u.quantity FROM unnest(%s::bigint[], %s::date[], %s::int[])"
        " u(sku_id, min_expires_on, quantity) WHERE p.tenant_id = %s AND p.facility_id = %s AND p.sku_id = u.sku_id"
        " AND p.min_expires_on = u.min_expires_on RETURNING p.sku_id, p.min_expires_on",
        *columns,
        current_tenant(),
        facility_id,
    )
    missing = sorted(set(keys) - set(done))
    db.insert(
        Promise,
        ["id", "facility", "sku", "min_expires_on", "quantity"],
        [
            (id_, facility_id, *key, added[key])
            for id_, key in zip(db.new_ids(len(missing)), missing, strict=True)
        ],
    )
