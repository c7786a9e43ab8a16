"""An import as it is noted: where its bytes lie and what was decided so far."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core import db
from core.errors import NotFound
from core.sheets.reading import Source, inspect
from core.tenancy import current_tenant
from orders.importing.layouts import Layout, layout_of


@dataclass(frozen=True, slots=True)
class ImportFile:
    """An import with the place of its bytes and what was decided so far."""

    id: int
    channel_id: int
    name: str
    path: Path
    stored_path: str
    size: int
    columns: Mapping[str, int]
    options: Mapping[str, Any]
    job_id: int | None
    counts: Mapping[str, Any]

    @property
    def layout(self) -> Layout:
        """Whose file it is, as far as its header said when it came."""
        return layout_of(str(self.counts.get("layout", "")))


def get_import(import_id: int) -> ImportFile:
    """The import and where its bytes lie, for the tenant in scope.  Raises NotFound."""
    found = db.rows(
        "SELECT i.id, i.channel_id, f.name, f.path, f.size, i.columns, i.options, i.job_id, i.counts"
        " FROM orders_import i"
        " JOIN core_storedfile f ON f.tenant_id = i.tenant_id AND f.id = i.file_id WHERE i.tenant_id ="
        " %s AND i.id = %s",
        current_tenant(),
        import_id,
    )
    if not found:
        raise NotFound(_("没有这次导入。"), code="import_not_found")
    id_, channel_id, name, path, size, columns, chosen, job_id, counts = found[0]
    place = Path(settings.ERP_FILES) / path  # an absolute path stays what it is
    return ImportFile(
        id_, channel_id, name, place, path, size, as_json(columns), as_json(chosen), job_id, as_json(counts)
    )


def as_json(value: str | Mapping[str, Any]) -> dict[str, Any]:
    """A jsonb column as the driver gives it."""
    return json.loads(value) if isinstance(value, str) else dict(value)


def known_source(file: ImportFile) -> Source:
    """What was found when the file was handed in, without looking through it again.  Raises NotFound."""
    if not file.path.is_file():
        raise NotFound(_("文件已经不在了，再传一次。"), code="file_not_found")
    stored = file.counts.get("source")
    return Source(**(stored | {"path": file.path})) if stored else inspect(file.path)


def trusted_source(file: ImportFile) -> Source:
    """Like known_source, but a file that stays where it is may have changed: it is looked through again."""
    source = known_source(file)
    return inspect(file.path, source.encoding) if Path(file.stored_path).is_absolute() else source
