"""Order files: taking them in, saying what their columns are, starting the job that imports them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from core import db, jobs, options
from core.db import Rank
from core.errors import Conflict, Invalid, NotFound
from core.models import Job, StoredFile
from core.models.jobs import UNFINISHED, JobStatus
from core.services.accounts import record
from core.services.files import Readable
from core.sheets.reading import Source, inspect, open_table
from core.tenancy import current_tenant, scope
from core.web.formats import exponent, mask_name, mask_phone, mask_street
from orders.importing.layouts import Layout, Part, find_layout
from orders.importing.mapping import recognise, signature
from orders.importing.presets import Preset, find_preset
from orders.importing.settings import BadLine, Options, Target, columns_of, missing
from orders.models import Import
from orders.services.channels import ChannelInput, create_channel, find_channel_id
from orders.services.import_files import Received, receive
from orders.services.import_known import ImportFile, as_json, get_import, known_source
from orders.services.import_pairs import find_partner, lacks_half, open_file

JOB = "orders.import"
SAMPLES = 2
PREVIEW_ROWS = 200
PATH_LENGTH = 200
BAD_LINE = options.declare(
    "import.bad_line", BadLine.STOP.value, "导入时一行不对：stop 停下整张单，drop 只去掉这一行"
)


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column of the file: its first values, what it is mapped to, whether that was recognised."""

    index: int
    name: str
    samples: tuple[str, ...]
    target: Target | None
    is_recognised: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The file as the mapping screen shows it.  `mapping_name`: the saved mapping or preset that its header
    called for.
    """

    import_id: int
    channel_id: int
    name: str
    size: int
    kind: str
    encoding: str
    columns: tuple[PreviewColumn, ...]
    rows_seen: int
    is_whole: bool
    mapping_name: str
    options: Options
    preset: Preset | None
    missing: tuple[Target, ...]
    layout: Layout
    partner: "ImportFile | None"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file in its channel, with what is known of its columns; `missing` must be mapped by a person first.  `lacks`: the
    other file that it takes and that is not there yet.  With both there it is the one with the items.
    """

    import_id: int
    header: tuple[str, ...]
    columns: Mapping[str, int]
    chosen: Mapping[str, Any]
    missing: tuple[Target, ...]
    lacks: Part = Part.WHOLE


@dataclass(frozen=True, slots=True)
class Started:
    """The job of an import.  `is_new`: this call queued it."""

    job_id: int
    is_new: bool


def upload(
    *,
    tenant_id: int,
    channel_id: int,
    file: Readable,
    name: str,
    actor_id: int | None,
    encoding: str = "",
) -> int:
    """Keep the bytes under ERP_FILES and note the import; the same file into the same channel is the same
    import.

    Raises FileRefused for what cannot be read at all, Invalid when it is too large, NotFound for a foreign
    channel.  The bytes are on the disk (fsync) before the row that speaks of them.
    """
    with scope(tenant_id):
        _get_currency(channel_id)
        received = receive(tenant_id=tenant_id, file=file, encoding=encoding)
        try:
            return _keep(channel_id, received, name, actor_id)
        finally:
            received.drop()


def hand_in(
    *, tenant_id: int, channel_id: int, received: Received, name: str, actor_id: int | None = None
) -> HandedIn:
    """Keep a file that was received and say how its columns would be read: as decided before for this file,
    else by the saved mapping of its layout, else the preset, else the names.  Queues nothing.

    The same file into the same channel is the same import, also when two hand it in at once.  Raises NotFound
    for a foreign channel.
    """
    with scope(tenant_id):
        _get_currency(channel_id)
        file = get_import(_keep(channel_id, received, name, actor_id))
        partner = find_partner(file)
        if partner is not None and file.layout.part is Part.ORDERS:
            file, partner = partner, file
        header = open_file(file, partner).header
        known, _name, chosen = _known_mapping(file, header, find_preset(header), partner)
        columns = {str(target): index for target, index in known.items()}
        return HandedIn(file.id, header, columns, chosen.stored(), missing(known), lacks_half(file, partner))


def start_once(*, tenant_id: int, handed_in: HandedIn, actor_id: int | None = None) -> Started:
    """Queue the job of a file that was handed in, unless it has one: running, done and cancelled ones stay as
    they are, one that failed is queued again.

    Locks the import, so that of two at once only one queues.  Raises Invalid when a needed column is not mapped.
    """
    with scope(tenant_id):
        db.lock(Rank.DOCUMENT, Import, "id", "id = %s", handed_in.import_id)
        file = get_import(handed_in.import_id)
        if file.job_id is not None and not _is_job(file.job_id, JobStatus.FAILED.value):
            return Started(file.job_id, is_new=False)
        job_id = _start(file, handed_in.header, handed_in.columns, handed_in.chosen, actor_id)
        return Started(job_id, is_new=True)


def _keep(channel_id: int, received: Received, name: str, actor_id: int | None) -> int:
    place = received.keep(current_tenant())
    described = _described(received.source, received.header)
    return _note(channel_id, name, place, received.sha256, received.size, described, actor_id)


def _described(source: Source, header: Sequence[str]) -> dict[str, Any]:
    """What an import keeps of a file that was looked through."""
    layout = find_layout(header)
    return {"source": asdict(source) | {"path": ""}, "layout": layout.name if layout else ""}


def register(*, tenant_id: int, channel_id: int, path: Path, actor_id: int | None = None) -> int:
    """The import of a file that stays where it is (command line).  Raises FileRefused, NotFound."""
    place = path.resolve()
    if not place.is_file():
        raise NotFound(_("没有这个文件：%(path)s。") % {"path": path}, code="file_not_found")
    source = inspect(place)
    with place.open("rb") as file:
        sha = hashlib.file_digest(file, "sha256").hexdigest()
    described = _described(source, open_table(source).header)
    with scope(tenant_id):
        _get_currency(channel_id)
        return _note(channel_id, place.name, str(place), sha, place.stat().st_size, described, actor_id)


def _note(
    channel_id: int,
    name: str,
    path: str,
    sha: str,
    size: int,
    described: Mapping[str, Any],
    actor_id: int | None,
) -> int:
    tenant_id = current_tenant()
    if len(path) > PATH_LENGTH:
        raise Invalid(_("文件的路径太长，最多 %(n)s 个字。") % {"n": PATH_LENGTH}, code="path_too_long")
    shown = (
        "".join(char for char in Path(name.replace("\\", "/")).name if char.isprintable())[-200:] or "orders"
    )
    file_id, import_id = db.new_ids(2)
    file_row = (file_id, shown, path, size, sha, actor_id)
    known = _find_same(channel_id, sha)
    if known is not None:
        _move(known, file_row)
        return known
    made = db.rows(
        _NOTE,
        tenant_id,
        import_id,
        channel_id,
        file_id,
        sha,
        json.dumps(described),
        actor_id,
        shown,
        path,
        size,
    )
    return import_id if made else int(_find_same(channel_id, sha) or 0)


# One statement: whoever loses a race for the same file leaves no row of its own behind.
_NOTE = """
WITH made AS (
  INSERT INTO orders_import (tenant_id, id, channel_id, file_id, sha256, counts, created_by)
  VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s)
  ON CONFLICT (tenant_id, channel_id, sha256) DO NOTHING RETURNING tenant_id, file_id, sha256, created_by
)
INSERT INTO core_storedfile (tenant_id, id, name, path, size, sha256, created_by)
SELECT tenant_id, file_id, %s, %s, %s, sha256, created_by FROM made RETURNING id
"""
_FILE_COLUMNS = ("id", "name", "path", "size", "sha256", "created_by")


def _move(import_id: int, file_row: tuple[object, ...]) -> None:
    """The same bytes were handed in from another place: they may be gone from the first."""
    if get_import(import_id).stored_path == file_row[2]:
        return
    db.insert(StoredFile, _FILE_COLUMNS, [file_row])
    db.execute(
        "UPDATE orders_import SET file_id = %s WHERE tenant_id = %s AND id = %s",
        file_row[0],
        current_tenant(),
        import_id,
    )


def _find_same(channel_id: int, sha: str) -> int | None:
    found = db.rows(
        "SELECT id FROM orders_import WHERE tenant_id = %s AND channel_id = %s AND sha256 = %s",
        current_tenant(),
        channel_id,
        sha,
    )
    return found[0][0] if found else None


def _get_currency(channel_id: int) -> str:
    found = db.rows(
        "SELECT currency FROM orders_channel WHERE tenant_id = %s AND id = %s", current_tenant(), channel_id
    )
    if not found:
        raise NotFound(_("没有这个店铺。"), code="channel_not_found")
    return str(found[0][0])


def preview(import_id: int) -> Preview:
    """The header, the first rows and the mapping as far as it is known.  Reads the file; no lock."""
    file = get_import(import_id)
    source, partner = known_source(file), find_partner(file)
    table = open_file(file, partner)
    first = list(islice(table.rows, PREVIEW_ROWS))
    preset = find_preset(table.header)
    known, mapping_name, chosen = _known_mapping(file, table.header, preset, partner)
    recognised = set(recognise(table.header).values()) | set(_layout_columns(file, partner).values())
    if preset is not None:
        recognised.update(preset.columns.values())
    by_index = {index: target for target, index in known.items()}
    columns = tuple(
        PreviewColumn(
            i,
            name,
            tuple(_sample(row[i], by_index.get(i)) for row in first[:SAMPLES] if len(row) > i),
            by_index.get(i),
            i in recognised,
        )
        for i, name in enumerate(table.header)
    )
    return Preview(
        file.id,
        file.channel_id,
        file.name,
        file.size,
        source.kind,
        source.encoding,
        columns,
        len(first),
        len(first) < PREVIEW_ROWS,
        mapping_name,
        chosen,
        preset,
        missing(known),
        file.layout,
        partner,
    )


_MASKS = {
    Target.NAME: mask_name,
    Target.PHONE: mask_phone,
    Target.STREET: mask_street,
    Target.INVOICE_TITLE: mask_name,
    Target.INVOICE_EMAIL: mask_name,
}


def _sample(value: str, target: Target | None) -> str:
    """A value of the file for the mapping screen.  People are masked there too: whoever maps columns need not know them."""
    mask = _MASKS.get(target) if target else None
    return (mask(value) if mask else value)[:60]


def _known_mapping(
    file: ImportFile, header: tuple[str, ...], preset: Preset | None, partner: ImportFile | None
) -> tuple[dict[Target, int], str, Options]:
    """What was decided for this import; else the saved mapping of its layout; else the preset; else what the
    platform's layout says; else what the names say.
    """
    if file.columns:
        return columns_of(file.columns, len(header)), "", Options.of(file.options)
    saved = db.rows(
        "SELECT name, columns, options FROM orders_mapping WHERE tenant_id = %s AND signature = %s"
        " ORDER BY changed_at DESC LIMIT 1",
        current_tenant(),
        signature(header),
    )
    if saved:
        name, columns, chosen = saved[0]
        return columns_of(as_json(columns), len(header)), name, Options.of(as_json(chosen))
    decimals = exponent(_get_currency(file.channel_id))
    if preset is not None:
        return dict(preset.columns), preset.name, preset.options
    options_ = Options(layout=file.layout.name, decimals=decimals, bad_line=BadLine(options.get(BAD_LINE)))
    return _layout_columns(file, partner) or recognise(header), "", options_


def _layout_columns(file: ImportFile, partner: ImportFile | None) -> dict[Target, int]:
    """The columns of a platform's file, of both files where it takes two; nothing for an unknown layout."""
    layout = file.layout
    header = open_table(known_source(file)).header
    found = layout.places(header)
    if partner is not None and layout.part is Part.ITEMS:
        beside = partner.layout.places(open_table(known_source(partner)).header)
        found = {target: at + len(header) for target, at in beside.items()} | found
    return found


def save_mapping(
    *, tenant_id: int, import_id: int, name: str, columns: Mapping[str, int], chosen: Mapping[str, Any]
) -> None:
    """Remember how this layout is read; the next file with the same header needs no mapping.  The name is
    overwritten.
    """
    with scope(tenant_id):
        file = get_import(import_id)
        header = open_file(file).header
        checked = {str(target): index for target, index in columns_of(columns, len(header)).items()}
        title = name.strip()[:60] or file.name[:60]
        db.execute(
            "INSERT INTO orders_mapping (tenant_id, id, name, signature, columns, options)"
            " VALUES (%s, %s, %s, %s, %s::jsonb, %s::jsonb) ON CONFLICT (tenant_id, name) DO UPDATE"
            " SET signature = excluded.signature,"
            " columns = excluded.columns, options = excluded.options, changed_at = clock_timestamp()",
            tenant_id,
            db.new_id(),
            title,
            signature(header),
            json.dumps(checked),
            json.dumps(Options.of(chosen).stored(), ensure_ascii=False),
        )


def start_import(
    *,
    tenant_id: int,
    import_id: int,
    columns: Mapping[str, int],
    chosen: Mapping[str, Any],
    actor_id: int | None,
) -> int:
    """Queue the job that imports this file, or queue it again; returns the job's id.

    Locks the import.  Raises Invalid when a needed column is not mapped, Conflict while the same import is
    running.
    """
    with scope(tenant_id):
        db.lock(Rank.DOCUMENT, Import, "id", "id = %s", import_id)
        file = get_import(import_id)
        if file.job_id is not None and _is_job(file.job_id, *UNFINISHED):
            raise Conflict(_("这个文件正在导，等它做完。"), code="import_running", job_id=file.job_id)
        header = open_file(file).header
        return _start(file, header, columns, chosen, actor_id)


def _start(
    file: ImportFile,
    header: tuple[str, ...],
    columns: Mapping[str, int],
    chosen: Mapping[str, Any],
    actor_id: int | None,
) -> int:
    """Under the import's lock: store what was decided and queue its job."""
    checked = columns_of(columns, len(header))
    lacking = missing(checked)
    if lacking:
        raise Invalid(
            _("还有列没对上，导不了。"),
            code="import_columns_missing",
            missing=[str(target) for target in lacking],
        )
    stored = Options.of(chosen).stored()
    partner = find_partner(file)
    if file.job_id is None:
        title = _("导入 %(name)s") % {"name": file.name}
        job_id = jobs.start(JOB, title, {"import_id": file.id}, created_by=actor_id)
    else:
        job_id = file.job_id
        jobs.again(job_id)
    db.execute(
        "UPDATE orders_import SET columns = %s::jsonb, options = %s::jsonb, job_id = %s,"
        " counts = counts || %s::jsonb WHERE tenant_id = %s AND id = %s",
        json.dumps({str(target): index for target, index in checked.items()}),
        json.dumps(stored, ensure_ascii=False),
        job_id,
        json.dumps({"partner": partner.id if partner else None}),
        current_tenant(),
        file.id,
    )
    detail = {"file": file.name, "job_id": job_id}
    record("import.started", "import", file.id, actor_id=actor_id, detail=detail)
    return job_id


def _is_job(job_id: int, *states: str) -> bool:
    return Job.objects.filter(id=job_id, status__in=states).exists()


def start_recognised(*, tenant_id: int, import_id: int, actor_id: int | None = None) -> int:
    """Start with the mapping that the header called for (command line, API).  Raises Invalid when it is not
    complete.
    """
    with scope(tenant_id):
        seen = preview(import_id)
        columns = {str(column.target): column.index for column in seen.columns if column.target}
        return start_import(
            tenant_id=tenant_id,
            import_id=import_id,
            columns=columns,
            chosen=seen.options.stored(),
            actor_id=actor_id,
        )


def ensure_channel(*, preset: Preset, facility_id: int) -> int:
    """The channel that a preset calls for, made when there is none, for the tenant in scope; returns its
    id.
    """
    wish = preset.channel
    known = find_channel_id(wish.code)
    if known is not None:
        return known
    return create_channel(
        ChannelInput(
            wish.code,
            wish.name,
            facility_id,
            currency=wish.currency,
            needs_address=wish.needs_address,
            handover=wish.handover,
        )
    )
