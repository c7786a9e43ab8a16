"""Reserve for whoever asks: the plain way to promise stock.  (The pipeline promises and writes its parcels in one go.)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from inventory import sql
from inventory.errors import BadQuantity
from inventory.rules.promise import Demand, PromisePlan, Shortage
from inventory.sellable import Standing
from inventory.services import promises


@dataclass(frozen=True, slots=True)
class ReserveLine:
    """Units of one SKU; `ref` means something to the caller only."""

    ref: int
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ReserveInput:
    """What one owner wants promised, whole or not at all.  A higher `priority` keeps its promise longer."""

    owner_ref: int
    lines: tuple[ReserveLine, ...]
    min_expires_on: date
    ship_by: datetime
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ReserveResult:
    """Owners that have their promise, and what the others were short of, with what was left for it when its turn came."""

    granted: tuple[int, ...]
    short: tuple[Shortage, ...]


def reserve(*, facility_id: int, requests: Sequence[ReserveInput]) -> ReserveResult:
    """Promise units to many owners at one facility, first come first served; who does not fit gets nothing and takes nothing.

    `Shortage.key` is the owner.  Two trips to the database, however many: one locks the anchors of the SKUs, in order, and looks; one
    writes counters and rows.  What was granted holds from the commit.  Not idempotent: an owner named again is promised again, so the
    caller locks its own paper first.  Raises BadQuantity.
    """
    if any(line.quantity <= 0 for request in requests for line in request.lines):
        raise BadQuantity(_("数量要大于 0。"))
    demands = [
        Demand(n, request.min_expires_on, tuple((line.sku_id, line.quantity) for line in request.lines))
        for n, request in enumerate(requests)
    ]
    plan, here = promises.plan_with_standing(facility_id, demands, locked=True)
    if plan.granted:
        _write(facility_id, [requests[n] for n in plan.granted], plan, here)
    return ReserveResult(
        tuple(requests[n].owner_ref for n in plan.granted),
        tuple(Shortage(requests[s.key].owner_ref, s.sku_id, s.wanted, s.available) for s in plan.short),
    )


def _write(facility_id: int, granted: Sequence[ReserveInput], plan: PromisePlan, here: Standing) -> None:
    """Under the anchors' lock nobody else makes counters, so those that were not seen are missing."""
    keys = sorted(plan.added)
    old = [key for key in keys if key in here.counters]
    new = [key for key in keys if key not in here.counters]
    rows = [(request, line) for request in granted for line in request.lines]
    place = current_tenant(), facility_id
    db.execute(
        sql.WRITE_PROMISES,
        *place,
        db.array([key[0] for key in old]),
        db.array([key[1] for key in old]),
        db.array([plan.added[key] for key in old]),
        *place,
        db.array(db.new_ids(len(new))),
        db.array([key[0] for key in new]),
        db.array([key[1] for key in new]),
        db.array([plan.added[key] for key in new]),
        *place,
        db.array(db.new_ids(len(rows))),
        db.array([request.owner_ref for request, _line in rows]),
        db.array([line.ref for _request, line in rows]),
        db.array([line.sku_id for _request, line in rows]),
        db.array([request.min_expires_on for request, _line in rows]),
        db.array([line.quantity for _request, line in rows]),
        db.array([request.priority for request, _line in rows]),
        db.array([request.ship_by for request, _line in rows]),
    )
