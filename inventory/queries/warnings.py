"""What somebody should look at before it costs money: one list a kind, a page at a time.

"Expired" and "near expiry" are distances from inventory.sellable.minimum_expiry; what is short is told by list_available, the function
of reserve; what will be left over by inventory.rules.selling_out.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core import clock, db, options
from core.tenancy import current_tenant
from inventory import sql
from inventory.models import Category
from inventory.options import AGEING_DAYS, EXPIRY_DAY_SELLS, NEAR_EXPIRY_DAYS, SELLING_OUT_DAYS
from inventory.queries.plans import plan_by_hash
from inventory.queries.stock import list_available
from inventory.rules import expiry
from inventory.rules.selling_out import LotStock, run_down
from inventory.sellable import minimum_expiry

WINDOW_DAYS = 28  # what left in these days is the present rate: four of each weekday
_EPOCH = date(2000, 1, 1)  # keys of sorts by day count from here
_FIRST = -(2**62), 0
_LAST = 2**62, 2**62


class WarningKind(StrEnum):
    EXPIRED = "EXPIRED"
    NEAR_EXPIRY = "NEAR_EXPIRY"
    SELLING_OUT = "SELLING_OUT"  # will expire before it is sold
    LOW_STOCK = "LOW_STOCK"
    AGEING = "AGEING"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which warnings: at these facilities, of goods in these categories (None: all), of a stage or worse (None: all)."""

    facility_ids: Sequence[int]
    category_ids: Sequence[int] | None = None
    stage: int | None = None

    @property
    def params(self) -> tuple[object, ...]:
        return (
            current_tenant(),
            db.array(self.facility_ids),
            self.category_ids is None,
            db.array(self.category_ids or ()),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a row in the order: `key` of the sort, then id."""

    key: int
    id: int


@dataclass(frozen=True, slots=True)
class StockWarning:
    """One lot at one facility, or one SKU there (low stock: no lot).

    `units`: on hand in bins that sell; low stock: available.  `at_risk`: of these, what the warning is about; low stock: units missing.
    `days`: days of sale left (negative: past), of an ageing lot days since it came; low stock: None.  `money_minor`: `at_risk` at cost.
    """

    id: int
    key: int
    kind: WarningKind
    facility_id: int
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    units: int
    at_risk: int
    lot_id: int | None = None
    lot_code: str = ""
    expires_on: date | None = None
    received_on: date | None = None
    days: int | None = None
    stage: int | None = None
    minimum: int | None = None
    shipped: int | None = None
    money_minor: int | None = None


JUDGED = (WarningKind.LOW_STOCK, WarningKind.SELLING_OUT)


@dataclass(frozen=True, slots=True)
class PlaceSum:
    """The warnings of one kind at one facility: how many, the units they are about, the worst of them."""

    count: int
    units: int
    worst: Sequence[StockWarning]


def list_stages(kind: WarningKind) -> list[int]:
    """The tenant's stages in days, the widest first; none for kinds that have none."""
    option = {WarningKind.NEAR_EXPIRY: NEAR_EXPIRY_DAYS, WarningKind.AGEING: AGEING_DAYS}.get(kind)
    if option is None:
        return []
    wished = {day for day in options.get(option) if isinstance(day, int) and 0 < day < 10_000}
    stages = sorted(wished or set(option.default))
    return stages if kind == WarningKind.AGEING else stages[::-1]


def list_category_ids(path: str) -> list[int]:
    """A category and all below it."""
    found = Category.objects.filter(path__gte=path, path__lt=f"{path}\U0010ffff").values_list("id", "path")
    return [id_ for id_, name in found if name == path or name.startswith(f"{path}/")]


def list_category_paths(limit: int) -> tuple[list[str], int]:
    """The first categories by path, and how many more there are.  One statement."""
    found = db.rows(
        "SELECT path, count(*) OVER () FROM inventory_category WHERE tenant_id = %s ORDER BY path LIMIT %s",
        current_tenant(),
        limit,
    )
    return [row[0] for row in found], found[0][1] - len(found) if found else 0


def list_warnings(
    kind: WarningKind,
    wanted: Wanted,
    *,
    by_money: bool = False,
    beyond: Place | None = None,
    is_back: bool = False,
    limit: int,
) -> list[StockWarning]:
    """Up to `limit` warnings beyond a place, the worst first (`is_back`: before it, still the worst first).

    By day: what has the fewest days left, lies longest, lacks most of its minimum.  By money: what costs most at cost.  At most five
    statements.  Lots are cut off in the database; what is judged here (low stock, selling out) is judged whole.
    """
    if kind in JUDGED:
        return cut(list_judged(kind, wanted, by_money=by_money), beyond=beyond, is_back=is_back, limit=limit)
    condition, days = _days(kind, wanted.stage)
    tenant_id, edge = current_tenant(), _edge(beyond, is_back)
    statement = sql.lot_warnings(condition, by_money=by_money, is_back=is_back)
    plan_by_hash()
    found = db.rows(statement, *wanted.params, *days, tenant_id, tenant_id, *edge, limit)
    stages = list_stages(kind)
    rows = [_lot_warning(kind, row, stages) for row in found]
    return rows[::-1] if is_back else rows


def list_judged(kind: WarningKind, wanted: Wanted, *, by_money: bool = False) -> list[StockWarning]:
    """All warnings of a kind that is judged here, the worst first: low stock and what sells out come from sums over a whole SKU.

    At most four statements.
    """
    plan_by_hash()
    rows = _low_stock(wanted) if kind == WarningKind.LOW_STOCK else _selling_out(wanted, by_money=by_money)
    rows.sort(key=lambda row: (row.key, row.id))
    return rows


def count_warnings(wanted: Wanted) -> dict[WarningKind, int]:
    """Rows of each list; nine statements."""
    kinds = [kind for kind in WarningKind if kind not in JUDGED]
    days = [day for kind in kinds for day in _days(kind, wanted.stage)[1]]
    plan_by_hash()
    ((*counts,),) = db.rows(sql.COUNT_LOTS, *days, *wanted.params)
    return {kind: len(list_judged(kind, wanted)) for kind in JUDGED} | dict(zip(kinds, counts, strict=True))


def sum_warnings(kind: WarningKind, wanted: Wanted, *, most: int) -> dict[int, PlaceSum]:
    """Facility -> how many warnings and units, and the `most` worst; facilities without any are not named.  At most five statements.

    What is judged here is read whole; of the other kinds no more than `most` rows a facility leave the database.
    """
    if kind in JUDGED:
        places: dict[int, list[StockWarning]] = defaultdict(list)
        for row in list_judged(kind, wanted):
            places[row.facility_id].append(row)
        return {
            id_: PlaceSum(len(rows), sum(row.at_risk for row in rows), rows[:most])
            for id_, rows in places.items()
        }
    condition, days = _days(kind, wanted.stage)
    plan_by_hash()
    sums = db.rows(sql.sum_lots(condition), *wanted.params, *days)
    tenant_id, stages = current_tenant(), list_stages(kind)
    worst: dict[int, list[StockWarning]] = defaultdict(list)
    if most and sums:
        statement = sql.worst_lots(condition)
        found = db.rows(statement, *wanted.params, *days, most, tenant_id, tenant_id)
        for values in found:
            worst[values[2]].append(_lot_warning(kind, values, stages))
    return {facility_id: PlaceSum(count, units, worst[facility_id]) for facility_id, count, units in sums}


def _days(kind: WarningKind, stage: int | None) -> tuple[str, tuple[date, date]]:
    """The condition of a kind and its two days."""
    today = clock.today()
    first = minimum_expiry(today, 0)
    if kind == WarningKind.EXPIRED:
        return sql.BY_EXPIRY, (date.min, first)
    stages = list_stages(kind)
    widest = stage if stage in stages else stages[0]
    if kind == WarningKind.NEAR_EXPIRY:
        return sql.BY_EXPIRY, (first, minimum_expiry(today, widest))
    return sql.BY_AGE, (date.min, today - timedelta(widest))


def _edge(beyond: Place | None, is_back: bool) -> tuple[int, int]:
    if beyond is not None:
        return beyond.key, beyond.id
    return _LAST if is_back else _FIRST


def cut(
    rows: Sequence[StockWarning], *, beyond: Place | None, is_back: bool, limit: int
) -> list[StockWarning]:
    """Up to `limit` of the rows of `list_judged` beyond a place."""
    edge = _edge(beyond, is_back)
    if is_back:
        return [row for row in rows if (row.key, row.id) < edge][-limit:]
    return [row for row in rows if (row.key, row.id) > edge][:limit]


def _lot_warning(kind: WarningKind, row: tuple[object, ...], stages: Sequence[int]) -> StockWarning:
    id_, key, facility_id, sku_id, code, name, unit, lot_id, lot, units, ends_on, came_on, cost = row
    today = clock.today()
    if kind == WarningKind.AGEING:
        days = (today - came_on).days  # type: ignore[operator]
        stage = max((stage for stage in stages if days >= stage), default=None)
    else:
        days = (ends_on - minimum_expiry(today, 0)).days  # type: ignore[operator]
        stage = min((stage for stage in stages if days < stage), default=None)
    return StockWarning(
        id_, key, kind, facility_id, sku_id, code, name, unit, units, units, lot_id, lot, ends_on, came_on,  # type: ignore[arg-type]
        days, stage, money_minor=None if cost is None else units * cost,  # type: ignore[operator]
    )  # fmt: skip


def _low_stock(wanted: Wanted) -> list[StockWarning]:
    """Places with fewer available units than their safety stock's minimum; three statements."""
    places = db.rows(sql.SAFETY_STOCKS, *wanted.params)
    if not places:
        return []
    today = clock.today()
    floors = {row[2]: minimum_expiry(today, row[7]) for row in places}
    free = list_available(sorted({row[1] for row in places}), floors)
    rows = []
    for id_, facility_id, sku_id, code, name, unit, minimum, _days in places:
        units = max(0, free[facility_id, sku_id])
        if units < minimum:
            share = units * 10_000 // minimum  # what has the smallest part of its minimum comes first
            rows.append(
                StockWarning(
                    id_,
                    share,
                    WarningKind.LOW_STOCK,
                    facility_id,
                    sku_id,
                    code,
                    name,
                    unit,
                    units,
                    minimum - units,
                    minimum=minimum,
                )
            )
    return rows


def _selling_out(wanted: Wanted, *, by_money: bool) -> list[StockWarning]:
    """Lots of which units will be left on their last sellable day, as fast as they sell now; two statements."""
    today = clock.today()
    first, horizon = minimum_expiry(today, 0), minimum_expiry(today, options.get(SELLING_OUT_DAYS))
    found = db.rows(sql.SELLING_LOTS, *wanted.params, horizon, first)
    places: dict[tuple[int, int], list[tuple[object, ...]]] = defaultdict(list)
    for row in found:
        places[row[1], row[2]].append(row)
    shipped = _shipped(places)
    sells = options.get(EXPIRY_DAY_SELLS)
    rows: list[StockWarning] = []
    for place, lots in places.items():
        stock = [
            LotStock(lot[6], expiry.last_sellable_day(lot[9], expiry_day_sells=sells) - timedelta(lot[12]), lot[10], lot[8])  # type: ignore[arg-type]
            for lot in lots
        ]  # fmt: skip
        by_lot = {lot[6]: lot for lot in lots}
        units = shipped.get(place, 0)
        rows += [
            _left(by_lot[left.lot_id], left.units, units, first, by_money)
            for left in run_down(stock, today=today, shipped=units, days=WINDOW_DAYS)
        ]
    return rows


def _left(lot: tuple[object, ...], left: int, shipped: int, first: date, by_money: bool) -> StockWarning:
    id_, facility_id, sku_id, code, name, unit, lot_id, lot_code, units, ends_on, came_on, cost, _min = lot
    money = None if cost is None else left * cost  # type: ignore[operator]
    key = -(money if money is not None else -1) if by_money else (ends_on - _EPOCH).days  # type: ignore[operator]
    return StockWarning(
        id_, key, WarningKind.SELLING_OUT, facility_id, sku_id, code, name, unit, units, left, lot_id, lot_code,  # type: ignore[arg-type]
        ends_on, came_on, (ends_on - first).days, shipped=shipped, money_minor=money,  # type: ignore[arg-type, operator]
    )  # fmt: skip


def _shipped(places: dict[tuple[int, int], list[tuple[object, ...]]]) -> dict[tuple[int, int], int]:
    if not places:
        return {}
    facility_ids, sku_ids = (db.array(sorted({place[side] for place in places})) for side in (0, 1))
    found = db.rows(sql.SHIPPED_LATELY, current_tenant(), WINDOW_DAYS, facility_ids, sku_ids)
    return {(row[0], row[1]): row[2] for row in found}
