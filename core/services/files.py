"""Files that people hand in: their bytes under ERP_FILES, named by their hash, and the row that speaks of them."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from core import db
from core.errors import Invalid, NotFound
from core.models import StoredFile
from core.tenancy import current_tenant

BLOCK = 1 << 20


class Readable(Protocol):
    """What an upload is to us."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Landed:
    """Bytes on the disk that nobody has kept yet.  Whoever has it keeps or drops it."""

    path: Path
    sha256: str
    size: int

    def drop(self) -> None:
        """Forget what nobody kept."""
        self.path.unlink(missing_ok=True)


def land(file: Readable, *, tenant_id: int, most: int) -> Landed:
    """Write a stream beside its place, block by block, under at most `most` bytes.  Needs no transaction.

    Raises Invalid `too_large`; then nothing is left.
    """
    folder = Path(settings.ERP_FILES) / str(tenant_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    path = Path(name)
    try:
        digest, size = hashlib.sha256(), 0
        with os.fdopen(handle, "wb") as out:
            while block := file.read(BLOCK):
                size += len(block)
                if size > most:
                    raise Invalid(
                        _("文件超过 %(n)s MB，分成几个再传。") % {"n": most >> 20}, code="too_large"
                    )
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Landed(path, digest.hexdigest(), size)


def settle(landed: Landed, *, tenant_id: int) -> str:
    """Put the bytes in their place, which is named after them; returns it, relative to ERP_FILES.

    They are on the disk before any row speaks of them; bytes without a row are no harm.
    """
    landed.path.replace(landed.path.with_name(landed.sha256))
    handle = os.open(landed.path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return f"{tenant_id}/{landed.sha256}"


def keep(landed: Landed, *, name: str, actor_id: int | None) -> int:
    """Put the bytes in their place and note them; the file's id."""
    place = settle(landed, tenant_id=current_tenant())
    shown = "".join(char for char in Path(name.replace("\\", "/")).name if char.isprintable())[-200:]
    file_id = db.new_id()
    db.insert(
        StoredFile,
        ["id", "name", "path", "size", "sha256", "created_by"],
        [(file_id, shown or "file", place, landed.size, landed.sha256, actor_id)],
    )
    return file_id


def path_of(file_id: int) -> Path:
    """Where the bytes lie.  Raises NotFound, also for another tenant's file and for bytes that are gone."""
    found = StoredFile.objects.filter(id=file_id).values_list("path", flat=True).first()
    path = Path(settings.ERP_FILES) / found if found else None
    if path is None or not path.is_file():
        raise NotFound(_("没有这个文件。"), code="file_not_found", file_id=file_id)
    return path
