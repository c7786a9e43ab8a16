"""The job that imports a file: survey, goods, orders.

Everything a chunk did (orders, problems, counts, progress, cursor) commits together or not at all, and the
cursor counts orders in the sequence of the file: a run that is killed and resumed anywhere ends with the
numbers of one that was not.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from python_calamine import CalamineSheet

from core import db
from core.db import Rank
from core.jobs import Chunk, JobRun
from core.models import Tenant
from core.sheets.reading import Source, Table
from core.sheets.workbook import load_sheet
from core.tenancy import current_tenant, tenant
from orders.importing.grouping import Survey, orders, survey
from orders.importing.parsing import Parser
from orders.importing.problems import ParsedGroup, RowProblem
from orders.importing.settings import Options, columns_of
from orders.models import Import
from orders.rules.incoming import IncomingOrder
from orders.services import opening, pipeline
from orders.services.import_known import ImportFile, get_import, trusted_source
from orders.services.import_pairs import open_joined
from orders.services.import_results import result

CHUNK_ORDERS = 2_000
CHUNK_ROWS = 10_000
BEAT_S = 5.0
_COUNTED = ("created", "unchanged", "changed", "stopped", "parcels")


@dataclass(slots=True)
class _File:
    """The file of one run, opened as often as it is read."""

    file: ImportFile
    source: Source
    options: Options
    timezone: ZoneInfo
    partner: ImportFile | None = None
    sheet: CalamineSheet | None = None

    def open(self) -> tuple[Table, Parser]:
        if self.source.kind == "xlsx" and self.sheet is None:
            self.sheet = load_sheet(self.source.path)
        table = open_joined(self.file, self.source, self.partner, self.sheet)
        columns = columns_of(self.file.columns, len(table.header))
        return table, Parser(table.header, columns, self.options, self.timezone, has_nul=self.source.has_nul)


class _Beat:
    """Keeps the job's lease while the file is read without a chunk."""

    def __init__(self, run: JobRun) -> None:
        self.run, self.last = run, time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self.last > BEAT_S:
            self.last = now
            self.run.heartbeat()


@dataclass(slots=True)
class _Batch:
    """What one chunk is going to write."""

    orders: list[IncomingOrder] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    groups: int = 0
    rows: int = 0


def run_import(run: JobRun) -> Mapping[str, Any]:
    """The job function "orders.import".  Returns the result that the page shows and the command prints.

    Raises FileRefused when the file cannot be read, before any order is made.
    """
    beat = _Beat(run)
    with tenant(run.tenant_id):
        opened = _open(int(run.params["import_id"]))
    table, parser = opened.open()
    found = survey(table, parser, wants_demand=opened.options.create_skus, beat=beat)
    if "phase" not in run.cursor:
        _begin(run, opened, found)
    if run.cursor["phase"] == "goods":
        _make_goods(run, opened, found)
    _take_orders(run, opened, found, beat)
    with tenant(run.tenant_id):
        return asdict(result(opened.file.id))


def _open(import_id: int) -> _File:
    file = get_import(import_id)
    zone = ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(id=current_tenant()))
    partner = file.counts.get("partner")
    beside = get_import(int(partner)) if partner else None
    return _File(file, trusted_source(file), Options.of(file.options), zone, beside)


def _begin(run: JobRun, opened: _File, found: Survey) -> None:
    """The first chunk: what the file holds, and counts from zero."""
    mark = _mark(opened)
    with run.chunk() as chunk:
        _lock(opened.file.id)
        if opened.file.counts.get("mark", mark) != mark:
            _forget_problems(
                opened.file.id
            )  # read another way now; a row that is right must not stay in the list
        counts: dict[str, Any] = dict.fromkeys((*_COUNTED, "elsewhere_units"), 0)
        counts |= {
            "mark": mark,
            "layout": opened.file.layout.name,
            "partner": opened.partner.id if opened.partner else None,
            "source": asdict(opened.source) | {"path": ""},
            "defaults": opened.file.counts.get("defaults", {}),
        }
        chunk.rows_total = found.rows
        chunk.cursor = {
            "phase": "goods" if opened.options.create_skus else "orders",
            "done": 0,
            "counts": counts,
        }
        db.execute(
            "UPDATE orders_import SET rows_total = %s, input_units = %s, counts = %s::jsonb WHERE"
            " tenant_id = %s AND id = %s",
            found.rows,
            found.input_units,
            json.dumps(counts, ensure_ascii=False),
            current_tenant(),
            opened.file.id,
        )


def _mark(opened: _File) -> str:
    beside = opened.partner.id if opened.partner else None
    decided = json.dumps([dict(opened.file.columns), opened.options.stored(), beside], sort_keys=True)
    return hashlib.sha256(decided.encode()).hexdigest()[:16]


def _lock(import_id: int) -> None:
    db.lock(Rank.DOCUMENT, Import, "id", "id = %s", import_id)


def _forget_problems(import_id: int) -> None:
    db.execute(
        "UPDATE orders_importproblem SET code = '', units = 0, stops = false WHERE tenant_id = %s AND"
        " import_doc_id = %s",
        current_tenant(),
        import_id,
    )


def _make_goods(run: JobRun, opened: _File, found: Survey) -> None:
    """Goods that are not known yet, chunk by chunk; with stock when it was asked for."""
    codes = sorted(found.demand)
    while True:
        start = int(run.cursor["done"])
        part = codes[start : start + opening.CHUNK]
        with run.chunk() as chunk:
            _lock(opened.file.id)
            counts = chunk.cursor["counts"]
            if part:
                demand = {code: found.demand[code] for code in part}
                made = opening.make_goods(
                    opened.file.channel_id, demand, opened.options, f"OPENING-{opened.file.id}-{start}"
                )
                counts["defaults"] = opening.add_up(counts["defaults"], made, opened.options)
                chunk.cursor["done"] = start + len(part)
            else:
                chunk.cursor |= {"phase": "orders", "done": 0}
            _store_counts(opened.file.id, counts)
        if not part:
            return


def _take_orders(run: JobRun, opened: _File, found: Survey, beat: _Beat) -> None:
    table, parser = opened.open()
    rest = orders(table, parser, found, skip=int(run.cursor["done"]), beat=beat)
    for batch in _batches(rest):
        pipeline.until_settled(partial(_take_batch, run, opened.file, batch))
        beat.last = time.monotonic()


def _batches(parsed: Iterator[ParsedGroup]) -> Iterator[_Batch]:
    batch = _Batch()
    for group in parsed:
        if group.order is not None:
            batch.orders.append(group.order)
        batch.problems += group.problems
        batch.groups += 1
        batch.rows += group.rows
        if len(batch.orders) >= CHUNK_ORDERS or batch.rows >= CHUNK_ROWS:
            yield batch
            batch = _Batch()
    if batch.groups:
        yield batch


def _take_batch(run: JobRun, file: ImportFile, batch: _Batch, *, lock_first: bool) -> None:
    with run.chunk() as chunk:
        _take(chunk, file, batch, lock_first=lock_first)


def _take(chunk: Chunk, file: ImportFile, batch: _Batch, *, lock_first: bool) -> None:
    """One chunk of orders.  Locks job, import, then what the pipeline locks."""
    _lock(file.id)
    order_ids: Mapping[str, int] = {}
    counts = chunk.cursor["counts"]
    if batch.orders:
        done = pipeline.process(
            channel_id=file.channel_id, incoming=batch.orders, import_ref=file.id, lock_first=lock_first
        )
        order_ids = done.order_ids or {}
        for name in _COUNTED:
            counts[name] += getattr(done, name)
        if done.unchanged or done.changed:
            counts["elsewhere_units"] += _units_elsewhere(file, batch.orders)
    _write_problems(file.id, batch.problems, order_ids)
    _store_counts(file.id, counts)
    chunk.cursor["done"] += batch.groups
    chunk.advance(done=batch.rows - len(batch.problems), failed=len(batch.problems))


def _units_elsewhere(file: ImportFile, orders: Sequence[IncomingOrder]) -> int:
    """Units of orders in this file that came in another way before: they are counted there."""
    others = {
        number
        for (number,) in db.rows(
            "SELECT external_number FROM orders_channelorder WHERE tenant_id = %s AND channel_id = %s"
            " AND external_number = ANY (%s::text[]) AND import_ref IS DISTINCT FROM %s",
            current_tenant(),
            file.channel_id,
            db.array([order.external_number for order in orders]),
            file.id,
        )
    }
    return sum(line.quantity for order in orders if order.external_number in others for line in order.lines)


def _store_counts(import_id: int, counts: Mapping[str, Any]) -> None:
    db.execute(
        "UPDATE orders_import SET counts = %s::jsonb WHERE tenant_id = %s AND id = %s",
        json.dumps(counts, ensure_ascii=False),
        current_tenant(),
        import_id,
    )


_LIST_PROBLEMS = """
INSERT INTO orders_importproblem AS p (
  tenant_id, id, import_doc_id, row_number, "column", value, code, external_number, units, stops, order_id
)
SELECT %s, u.id, %s, u.row_number, u.name, u.value, u.code, u.external_number, u.units, u.stops, u.order_id
FROM unnest(
  %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::bool[], %s::bigint[]
) u(id, row_number, name, value, code, external_number, units, stops, order_id)
ON CONFLICT (tenant_id, import_doc_id, row_number) DO UPDATE SET
  "column" = excluded."column", value = excluded.value, code = excluded.code, units = excluded.units,
  external_number = excluded.external_number, stops = excluded.stops, order_id = excluded.order_id
WHERE (p.code, p.units, p.stops, p.order_id)
  IS DISTINCT FROM (excluded.code, excluded.units, excluded.stops, excluded.order_id)
"""


def _write_problems(import_id: int, problems: Sequence[RowProblem], order_ids: Mapping[str, int]) -> None:
    """The refused rows of a chunk.  A row that is listed with the same fault stays untouched."""
    if not problems:
        return
    columns: Sequence[Sequence[object]] = (
        db.new_ids(len(problems)),
        [p.row for p in problems],
        [p.column[:100] for p in problems],
        [p.value for p in problems],
        [str(p.code) for p in problems],
        [p.external_number for p in problems],
        [p.units for p in problems],
        [p.stops for p in problems],
        [order_ids.get(p.external_number) for p in problems],
    )
    db.execute(_LIST_PROBLEMS, current_tenant(), import_id, *map(db.array, columns))
