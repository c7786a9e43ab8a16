"""The catalogue as a file: taken in, compared, and applied when somebody has seen the difference."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from core import db, jobs
from core.db import Rank
from core.errors import Invalid
from core.jobs import JobRun
from core.services import accounts
from core.services.files import Readable, keep, land
from core.sheets.reading import Broken, Table, inspect, open_table
from core.sheets.writing import as_written
from core.tenancy import current_tenant
from inventory.errors import UnknownDocument, WrongState
from inventory.models import CatalogueImport, CatalogueOutcome, CatalogueRow, CatalogueSubject
from inventory.queries.catalogue import money_digits
from inventory.rules.goods_table import BUNDLE_COLUMNS, read_bundles, read_skus, sku_columns
from inventory.rules.table_diff import (
    Column,
    Entry,
    Mistake,
    RowKind,
    Values,
    Wrong,
    differences,
    kind_of,
    place_columns,
)
from inventory.services import bundle_rows, sku_rows

JOB = "inventory.catalogue"
ROWS_MOST = 50_000
FILE_MOST = 32 << 20
CHUNK = 1_000
APPLIES = (RowKind.NEW, RowKind.CHANGED, RowKind.ARCHIVED)
_ROWS = {CatalogueSubject.SKUS: sku_rows, CatalogueSubject.BUNDLES: bundle_rows}


def take_in(
    *, subject: CatalogueSubject, file: Readable, name: str, actor_id: int | None, sees_costs: bool = True
) -> int:
    """Keep a file, compare it with the catalogue, and store what each row would change; the import's id.  Changes no goods.

    Without `sees_costs` the column of costs is not read.  A constant number of statements.  Raises FileRefused for what cannot be read
    at all, Invalid `too_large`, `too_many_rows`, `no_code_column`.
    """
    landed = land(file, tenant_id=current_tenant(), most=FILE_MOST)
    try:
        columns = _columns(subject, sees_costs)
        entries, ignored = _read(subject, open_table(inspect(landed.path)), columns)
        now, told = _ROWS[subject].compare(entries)
        rows = [_row(entry, now.get(entry.code), told.get(entry.row, ())) for entry in entries]
        file_id = keep(landed, name=name, actor_id=actor_id)
    finally:
        landed.drop()
    import_id = db.new_id()
    counts = {str(int(kind)): sum(row[2] == kind for row in rows) for kind in RowKind}
    db.insert(
        CatalogueImport,
        ["id", "subject", "file", "counts", "ignored", "created_by"],
        [(import_id, int(subject), file_id, json.dumps(counts), json.dumps(ignored), actor_id)],
    )
    db.insert(
        CatalogueRow,
        ["id", "document", "row", "code", "kind", "detail"],
        [
            (id_, import_id, *row[:2], int(row[2]), json.dumps(row[3], ensure_ascii=False))
            for id_, row in zip(db.new_ids(len(rows)), rows, strict=True)
        ],
    )
    return import_id


def _columns(subject: CatalogueSubject, sees_costs: bool) -> Sequence[Column]:
    if subject == CatalogueSubject.BUNDLES:
        return BUNDLE_COLUMNS
    return [column for column in sku_columns(money_digits()) if sees_costs or column.field != "cost_minor"]


def _read(
    subject: CatalogueSubject, table: Table, columns: Sequence[Column]
) -> tuple[list[Entry], list[str]]:
    """The entries of a file, and the titles of columns that are not read."""
    places, ignored = place_columns(table.header, columns)
    if "code" not in places:
        raise Invalid(
            _("表头里没有“%(title)s”这一列。先导出一份，照它的表头填。") % {"title": columns[0].titles[0]},
            code="no_code_column",
        )
    numbered = enumerate(islice(table.rows, ROWS_MOST + 1), table.header_row + 1)
    rows, broken = [], []
    for number, row in numbered:
        if isinstance(row, Broken):
            broken.append(
                Entry(number, "", {}, [Wrong(number, "code", row[0][:200] if row else "", Mistake.BROKEN)])
            )
        elif any(cell.strip() for cell in row):
            rows.append((number, [as_written(cell.strip()) for cell in row]))
    if len(rows) + len(broken) > ROWS_MOST:
        raise Invalid(_("一次最多 %(n)d 行，分成几个文件再传。") % {"n": ROWS_MOST}, code="too_many_rows")
    if subject == CatalogueSubject.BUNDLES:
        return [*read_bundles(table.header, rows), *broken], ignored
    return [*read_skus(table.header, rows, columns), *broken], ignored


def _row(
    entry: Entry, now: Values | None, told: Collection[Wrong]
) -> tuple[int, str, RowKind, Mapping[str, Any]]:
    wrong = [*entry.wrong, *told]
    name = entry.values.get("name") or (now or {}).get("name") or ""
    if wrong:
        said = [[one.row, one.column, one.value, str(one.mistake)] for one in wrong]
        return entry.row, entry.code, RowKind.WRONG, {"name": name, "wrong": said}
    changes = differences(now or {}, entry.values)
    if now is None:
        changes = {field: (None, value) for field, value in entry.values.items()}
    return entry.row, entry.code, kind_of(now, changes), {"name": name, "changes": changes}


def get_import(import_id: int) -> CatalogueImport:
    """Raises UnknownDocument, also for another tenant's."""
    found = CatalogueImport.objects.select_related("file", "job").filter(id=import_id).first()
    if found is None:
        raise UnknownDocument(_("没有这次导入。"), import_id=import_id)
    return found


def start(*, import_id: int, actor_id: int | None) -> int:
    """Queue the job that applies an import; its id.  Asked again, the same job.  Locks the import.

    Raises UnknownDocument, WrongState `nothing_to_import` when no row would change anything.
    """
    if not db.lock(Rank.DOCUMENT, CatalogueImport, "id", "id = %s", import_id):
        raise UnknownDocument(_("没有这次导入。"), import_id=import_id)
    document = get_import(import_id)
    if document.job_id is not None:
        return int(document.job_id)
    if not to_apply(document.counts):
        raise WrongState(_("没有要导入的行。"), code="nothing_to_import", import_id=import_id)
    title = _("商品资料：%(name)s") % {"name": document.file.name}
    job_id = jobs.start(JOB, title, {"import_id": import_id, "actor_id": actor_id}, created_by=actor_id)
    db.execute(
        "UPDATE inventory_catalogueimport SET job_id = %s WHERE tenant_id = %s AND id = %s",
        job_id,
        current_tenant(),
        import_id,
    )
    accounts.record(
        "import",
        "catalogue",
        import_id,
        actor_id=actor_id,
        detail={"file": document.file.name, "job_id": job_id},
    )
    return job_id


def to_apply(counts: Mapping[str, int]) -> int:
    """Rows that would change something."""
    return sum(counts.get(str(int(kind)), 0) for kind in APPLIES)


def run_import(run: JobRun) -> Mapping[str, Any]:
    """The job function "inventory.catalogue".  Every chunk is one transaction: its rows are applied or marked as overtaken, all or none.

    A row is applied only if what it would change is still as it was when it was compared; otherwise it is left alone and shown.
    Returns how many rows were done and how many overtaken.
    """
    import_id, actor_id = int(run.params["import_id"]), run.params["actor_id"]
    totals = {"done": 0, "stale": 0}
    is_open = True
    while is_open:
        with run.chunk() as chunk:
            db.lock(Rank.DOCUMENT, CatalogueImport, "id", "id = %s", import_id)
            document = get_import(import_id)
            rows = _next_rows(import_id, int(chunk.cursor.get("after", 0)))
            chunk.rows_total = to_apply(document.counts)
            is_open = bool(rows)
            if rows:
                entries = [_entry(row) for row in rows]
                stale = _ROWS[CatalogueSubject(document.subject)].apply(entries, actor_id=actor_id)
                _mark(rows, stale)
                chunk.advance(done=len(rows) - len(stale), failed=len(stale))
                chunk.cursor["after"] = rows[-1].row
            totals = {"done": chunk.rows_done, "stale": chunk.rows_failed}
    return totals


def _next_rows(import_id: int, after: int) -> list[CatalogueRow]:
    return list(
        CatalogueRow.objects.filter(
            document=import_id,
            kind__in=[int(kind) for kind in APPLIES],
            outcome=CatalogueOutcome.WAITING,
            row__gt=after,
        ).order_by("row", "id")[:CHUNK]
    )


def _entry(row: CatalogueRow) -> sku_rows.Change:
    changes = {field: (old, new) for field, (old, new) in row.detail["changes"].items()}
    return sku_rows.Change(row.row, row.code, row.kind == RowKind.NEW, changes)


def _mark(rows: Sequence[CatalogueRow], stale: Mapping[int, sku_rows.Overtaken]) -> None:
    outcomes = [CatalogueOutcome.STALE if row.row in stale else CatalogueOutcome.DONE for row in rows]
    told = [
        json.dumps({"overtaken": asdict(stale[row.row])}, ensure_ascii=False) if row.row in stale else "{}"
        for row in rows
    ]
    db.execute(
        "UPDATE inventory_cataloguerow r SET outcome = u.outcome, detail = r.detail || u.told::jsonb"
        " FROM unnest(%s::bigint[], %s::smallint[], %s::text[]) u(id, outcome, told) WHERE r.tenant_id = %s AND r.id = u.id",
        db.array([row.id for row in rows]),
        db.array([int(outcome) for outcome in outcomes]),
        db.array(told),
        current_tenant(),
    )
