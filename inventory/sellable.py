"""What sells at a facility and what of it is promised, read in one statement that no missing statistics can hurt.

Balances are found by (facility, SKU), their bins and lots by id, the open holds as they are: parts of one statement without a join, each
on an index whatever the planner believes of a tenant that was loaded a moment ago.  (As one join it walked every lot for every balance
until the first ANALYZE.)  Joined here; inventory.sql.SELLS says the same for pages and proofs, and a test compares the two.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core import clock, db, options
from core.tenancy import current_tenant
from inventory import sql
from inventory.models.places import SELLING_KINDS, BinKind
from inventory.options import EXPIRY_DAY_SELLS
from inventory.rules import expiry
from inventory.rules.expiry import NEVER
from inventory.rules.fefo import Shelf
from inventory.rules.promise import Promised, Supply


@dataclass(frozen=True, slots=True)
class Standing:
    """Stock and promises of some SKUs at one facility, read at one instant.  `counters`: (SKU, minimum expiry) that have a row, all that
    are promised and those of the days that were asked for.
    """

    supplies: list[Supply]
    promised: list[Promised]
    counters: AbstractSet[tuple[int, date]]


@dataclass(slots=True)
class _Parts:
    """The rows of inventory.sql.STANDING by what they are."""

    balances: list[tuple[int, int, int, int, int]] = field(default_factory=list)  # id, SKU, lot, bin, units
    bins: dict[int, tuple[int, int]] = field(default_factory=dict)  # kind, sequence
    lots: dict[int, tuple[date, date]] = field(default_factory=dict)  # expiry, received
    holds: set[tuple[int | None, int | None]] = field(default_factory=set)  # lot, bin
    counters: dict[tuple[int, date], int] = field(default_factory=dict)


def minimum_expiry(day: date, min_days: int) -> date:
    """The earliest expiry date acceptable for goods that leave on `day` and must then last `min_days`, by the tenant's setting."""
    return expiry.first_acceptable_expiry(
        day, expiry_day_sells=options.get(EXPIRY_DAY_SELLS), min_days=min_days
    )


def first_sellable() -> date:
    """The earliest expiry date that may still be sold today."""
    return minimum_expiry(clock.today(), 0)


def list_shelves(facility_id: int, sku_ids: Iterable[int]) -> list[Shelf]:
    """Balances that may be allocated from: a selling bin, no open hold, a day that allows, units that nobody has."""
    parts = _read(facility_id, sku_ids)
    return [
        Shelf(
            id_,
            sku_id,
            lot_id,
            *parts.lots[lot_id],
            parts.bins[bin_id][1],
            units,
            parts.bins[bin_id][0] == BinKind.STORAGE,
        )
        for id_, sku_id, lot_id, bin_id, units in _selling(parts)
    ]


def list_supplies(facility_id: int, sku_ids: Iterable[int]) -> list[Supply]:
    """Sellable, unallocated units by SKU and expiry date."""
    return _supplies(_read(facility_id, sku_ids))


def read_standing(facility_id: int, sku_ids: Iterable[int]) -> Standing:
    """What sells and what is promised, in one statement.  For a decision: under the anchors' lock, in a statement after it."""
    return standing(db.rows(sql.STANDING, *standing_params(facility_id, sku_ids)))


def standing_params(
    facility_id: int, sku_ids: Iterable[int], days: Iterable[date] = ()
) -> tuple[object, ...]:
    """The parameters of inventory.sql.STANDING."""
    tenant_id, skus = current_tenant(), db.array(sorted(set(sku_ids)))
    goods = tenant_id, facility_id, skus, tenant_id, tenant_id, tenant_id, facility_id
    return *goods, tenant_id, facility_id, skus, db.array(set(days)), tenant_id


def standing(rows: Sequence[tuple[Any, ...]]) -> Standing:
    """The rows of inventory.sql.STANDING as values."""
    parts = _parts(rows)
    promised = [Promised(*key, units) for key, units in parts.counters.items() if units]
    return Standing(_supplies(parts), promised, parts.counters.keys())


def _read(facility_id: int, sku_ids: Iterable[int]) -> _Parts:
    return _parts(db.rows(sql.STANDING, *standing_params(facility_id, sku_ids)))


def _parts(rows: Sequence[tuple[Any, ...]]) -> _Parts:
    parts = _Parts()
    for part, id_, a, b, c, units, day, other_day, text in rows:
        if part == "balance":
            parts.balances.append((id_, a, b, c, units))
        elif part == "lot":
            parts.lots[id_] = day or NEVER, other_day
        elif part == "bin":
            parts.bins[id_] = a, b
        elif part == "counter":
            parts.counters[id_, day] = units
        elif part == "hold":
            parts.holds.add((a, b))
        else:
            _know(day, text)
    return parts


def _know(today: date, decided: str | None) -> None:
    """The day and the settings come with the goods: two questions fewer in a transaction that asks for stock first."""
    if not clock.is_known():
        clock.know_day(today)
    if not options.is_known():
        options.know(json.loads(decided or "{}"))


def _supplies(parts: _Parts) -> list[Supply]:
    units: dict[tuple[int, date], int] = defaultdict(int)
    for _id, sku_id, lot_id, _bin_id, count in _selling(parts):
        units[sku_id, parts.lots[lot_id][0]] += count
    return [Supply(sku_id, expires_on, count) for (sku_id, expires_on), count in units.items()]


def _selling(parts: _Parts) -> list[tuple[int, int, int, int, int]]:
    """Balances in a selling bin, whose day allows and that no hold covers."""
    floor, bins, lots, holds = first_sellable(), parts.bins, parts.lots, parts.holds
    selling = {id_ for id_, (kind, _) in bins.items() if kind in SELLING_KINDS}
    good = {id_ for id_, (expires_on, _) in lots.items() if expires_on >= floor}
    sells = [row for row in parts.balances if row[3] in selling and row[2] in good]
    if holds:
        sells = [row for row in sells if not _is_held(row[2], row[3], holds)]
    return sells


def _is_held(lot_id: int, bin_id: int, holds: AbstractSet[tuple[int | None, int | None]]) -> bool:
    return not holds.isdisjoint(((lot_id, None), (None, bin_id), (lot_id, bin_id), (None, None)))
