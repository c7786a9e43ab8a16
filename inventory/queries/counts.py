"""Counts to look at: how far they are, what was counted against what the book said, what the difference is worth."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core import db
from core.tenancy import current_tenant
from inventory.models import AdjustmentStatus, CountTaskStatus
from inventory.rules.counting import Finding, Reading, decide

_TASK = """
    SELECT t.id, t.count_id, t.bin_id, n.code, n.zone, t.sku_id, s.code, s.name, t.status, t.round, t.counter_id, u.name, t.started_at,
           t.accepted_by IS NOT NULL, t.place, n.facility_id
    FROM inventory_counttask t JOIN inventory_bin n ON n.tenant_id = t.tenant_id AND n.id = t.bin_id
    LEFT JOIN inventory_sku s ON s.tenant_id = t.tenant_id AND s.id = t.sku_id
    LEFT JOIN core_user u ON u.id = t.counter_id
"""

_ENTRIES = """
    SELECT e.task_id, e.lot_id, l.code, l.expires_on, k.id, k.code, k.name, k.unit, k.cost_minor, e.round, u.name, e.before, e.after,
           e.counted, e.moved_in, e.moved_out, e.counted_by
    FROM inventory_countentry e JOIN inventory_lot l ON l.tenant_id = e.tenant_id AND l.id = e.lot_id
    JOIN inventory_sku k ON k.tenant_id = l.tenant_id AND k.id = l.sku_id
    LEFT JOIN core_user u ON u.id = e.counted_by
    WHERE e.tenant_id = %s AND e.task_id = ANY (%s::bigint[]) AND e.counted IS NOT NULL
    ORDER BY e.task_id, k.code, l.code, l.id, e.round
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """Tasks of a count by status."""

    by_status: Mapping[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def done(self) -> int:
        return self.of(CountTaskStatus.AGREED, CountTaskStatus.DISPUTED, CountTaskStatus.POSTED)

    @property
    def left(self) -> int:
        return self.total - self.done

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0

    def of(self, *statuses: CountTaskStatus) -> int:
        return sum(self.by_status.get(status, 0) for status in statuses)


@dataclass(frozen=True, slots=True)
class Round:
    """One reading of one lot, and who took it."""

    number: int
    person: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class LotCount:
    """A lot in a bin with all its readings.  `difference` is what is or would be booked; `value_minor` at cost, None when unknown."""

    lot_id: int
    lot_code: str
    expires_on: date | None
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    cost_minor: int | None
    rounds: Sequence[Round]
    finding: Finding
    difference: int
    has_one_person: bool

    @property
    def book(self) -> int:
        return self.rounds[-1].reading.after

    @property
    def numbers(self) -> list[int]:
        return [round_.reading.counted for round_ in self.rounds]

    @property
    def value_minor(self) -> int | None:
        return None if self.cost_minor is None else self.cost_minor * self.difference


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as the review shows it."""

    id: int
    count_id: int
    bin_id: int
    bin_code: str
    zone: str
    sku_id: int | None
    sku_code: str | None
    sku_name: str | None
    status: CountTaskStatus
    round: int
    counter_id: int | None
    counter: str | None
    started_at: datetime | None
    is_accepted: bool
    place: int
    facility_id: int
    lots: Sequence[LotCount] = ()


@dataclass(frozen=True, slots=True)
class CountAdjustment:
    id: int
    number: str
    status: AdjustmentStatus
    units: int


@dataclass(frozen=True, slots=True)
class CountTotals:
    """What the agreed differences come to, before or after they are booked; `minus` as a positive number."""

    plus: int
    minus: int
    value_minor: int
    unknown_cost: int
    adjustments: Sequence[CountAdjustment]


def list_progress(count_ids: Sequence[int]) -> dict[int, Progress]:
    """Every count's tasks by status.  One statement."""
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for count_id, status, number in db.rows(
        "SELECT count_id, status, count(*)::int FROM inventory_counttask"
        " WHERE tenant_id = %s AND count_id = ANY (%s::bigint[]) GROUP BY 1, 2",
        current_tenant(),
        db.array(count_ids),
    ):
        found[count_id][status] = number
    return {count_id: Progress(found[count_id]) for count_id in count_ids}


def list_tasks(task_ids: Sequence[int], *, with_lots: bool = True) -> list[TaskRow]:
    """These tasks in the order of the walk, with the readings of every lot.  Two statements."""
    ids = db.array(task_ids)
    found = db.rows(
        f"{_TASK} WHERE t.tenant_id = %s AND t.id = ANY (%s::bigint[]) ORDER BY t.place, t.id",
        current_tenant(),
        ids,
    )
    lots = _lots(db.rows(_ENTRIES, current_tenant(), ids)) if with_lots else {}
    return [_task(row, lots.get(row[0], ())) for row in found]


def _task(row: tuple[Any, ...], lots: Sequence[LotCount]) -> TaskRow:
    named: tuple[Any, ...] = (*row[:8], CountTaskStatus(row[8]), *row[9:], lots)
    return TaskRow(*named)


def find_task(task_id: int) -> TaskRow | None:
    """One task without its numbers: what the person in front of the bin may see."""
    return next(iter(list_tasks([task_id], with_lots=False)), None)


def get_progress(count_id: int, user_id: int) -> tuple[Progress, int | None]:
    """How far one count is, and the task of it that this person has in hand."""
    found = db.rows(
        "SELECT status, count(*)::int, min(id) FILTER (WHERE status = 1 AND counter_id = %s) FROM inventory_counttask"
        " WHERE tenant_id = %s AND count_id = %s GROUP BY 1",
        user_id,
        current_tenant(),
        count_id,
    )
    in_hand = next((task_id for _status, _number, task_id in found if task_id is not None), None)
    return Progress({status: number for status, number, _task in found}), in_hand


def get_totals(count_id: int) -> CountTotals:
    """Differences of agreed and booked tasks, and the papers that book them, the first one first."""
    tenant_id = current_tenant()
    ((*sums, papers),) = db.rows(
        "SELECT coalesce(sum(e.difference) FILTER (WHERE e.difference > 0), 0)::bigint,"
        " coalesce(-sum(e.difference) FILTER (WHERE e.difference < 0), 0)::bigint,"
        " coalesce(sum(e.difference * k.cost_minor), 0)::bigint, count(e.id) FILTER (WHERE k.cost_minor IS NULL)::int,"
        " (SELECT json_agg(json_build_array(a.id, a.number, a.status, a.units) ORDER BY a.created_at, a.id) FROM inventory_adjustment a"
        " WHERE a.tenant_id = %s AND a.count_id = %s)::text"
        " FROM inventory_counttask t JOIN inventory_countentry e ON e.tenant_id = t.tenant_id AND e.task_id = t.id AND e.round = t.round"
        " JOIN inventory_lot l ON l.tenant_id = e.tenant_id AND l.id = e.lot_id"
        " JOIN inventory_sku k ON k.tenant_id = l.tenant_id AND k.id = l.sku_id"
        " WHERE t.tenant_id = %s AND t.count_id = %s AND t.status IN (3, 5) AND e.difference <> 0",
        tenant_id,
        count_id,
        tenant_id,
        count_id,
    )
    adjustments = [
        CountAdjustment(id_, number, AdjustmentStatus(status), units)
        for id_, number, status, units in json.loads(papers or "[]")
    ]
    plus, minus, value_minor, unknown_cost = sums
    return CountTotals(plus, minus, value_minor, unknown_cost, adjustments)


def list_zones(facility_ids: Iterable[int]) -> list[str]:
    """Names of the zones there, in order."""
    found = db.rows(
        "SELECT DISTINCT zone FROM inventory_bin WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[]) AND zone <> '' AND is_active"
        " ORDER BY 1",
        current_tenant(),
        db.array(facility_ids),
    )
    return [row[0] for row in found]


@dataclass(frozen=True, slots=True)
class LotChoice:
    """A lot that a counted unit may be of."""

    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_code: str
    expires_on: date | None


def list_lots_of(facility_id: int, sku_id: int) -> list[LotChoice]:
    """Lots of these goods that lie anywhere in the facility, first expired first; where and how many is not told."""
    return _choices(
        "l.sku_id = %s AND EXISTS (SELECT FROM inventory_balance b WHERE b.tenant_id = l.tenant_id AND b.lot_id = l.id"
        " AND b.facility_id = %s AND b.on_hand > 0)",
        sku_id,
        facility_id,
    )


def list_lots_coded(codes: Iterable[str], sku_id: int | None) -> list[LotChoice]:
    """Lots with one of these codes; of one SKU when it is given."""
    return _choices(
        "l.code = ANY (%s::text[]) AND (%s OR l.sku_id = %s)",
        db.array(sorted(set(codes) - {""})),
        sku_id is None,
        sku_id or 0,
    )


def list_barcode_units(codes: Iterable[str]) -> dict[str, int]:
    """Barcode -> base units behind one scan of it."""
    return dict(
        db.rows(
            "SELECT code, quantity FROM inventory_barcode WHERE tenant_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            db.array(sorted(set(codes) - {""})),
        )
    )


def _choices(where: str, *params: object) -> list[LotChoice]:
    found = db.rows(
        "SELECT l.sku_id, k.code, k.name, k.unit, l.code, l.expires_on FROM inventory_lot l"
        f" JOIN inventory_sku k ON k.tenant_id = l.tenant_id AND k.id = l.sku_id WHERE l.tenant_id = %s AND {where}"
        " ORDER BY coalesce(l.expires_on, '9999-12-31'), l.code, l.id LIMIT 50",
        current_tenant(),
        *params,
    )
    return [LotChoice(*row) for row in found]


def _lots(rows: Sequence[tuple[Any, ...]]) -> dict[int, list[LotCount]]:
    grouped: defaultdict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        grouped[row[:9]].append(row[9:])
    found: defaultdict[int, list[LotCount]] = defaultdict(list)
    for (task_id, *lot), values in grouped.items():
        rounds = [Round(value[0], value[1] or "", Reading(*value[2:7])) for value in values]
        verdict = decide([round_.reading for round_ in rounds])
        is_one = len(values) > 1 and len({value[7] for value in values}) == 1
        known: tuple[Any, ...] = (*lot, rounds, verdict.finding, verdict.difference, is_one)
        found[task_id].append(LotCount(*known))
    return found
