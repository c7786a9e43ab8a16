"""The bytes of an order file: from a stream to the disk, looked through, known by their hash."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.sheets.reading import Source, inspect, open_table

BLOCK = 1 << 20


class Readable(Protocol):
    """What an upload is to us."""

    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A file that lies beside its place until somebody keeps it.  `header`: its columns, read once."""

    path: Path
    sha256: str
    size: int
    source: Source
    header: tuple[str, ...]

    def keep(self, tenant_id: int) -> str:
        """Put the bytes in their place, which is named after them; returns it, relative to ERP_FILES."""
        self.path.replace(self.path.with_name(self.sha256))
        _sync(self.path.parent)
        return f"{tenant_id}/{self.sha256}"

    def drop(self) -> None:
        """Forget what nobody kept."""
        self.path.unlink(missing_ok=True)


def receive(*, tenant_id: int, file: Readable) -> Received:
    """Write a stream under ERP_FILES, block by block, and say what it is.  Needs no transaction.

    Whoever calls keeps or drops what comes back.  Raises FileRefused for what cannot be read at all, Invalid
    `too_large`; then nothing is left.
    """
    folder = Path(settings.ERP_FILES) / str(tenant_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    path = Path(name)
    try:
        sha, size = _write(handle, file)
        source = inspect(path)
        return Received(path, sha, size, source, open_table(source).header)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(handle: int, file: Readable) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(handle, "wb") as out:
        while block := file.read(BLOCK):
            size += len(block)
            if size > settings.ERP_UPLOAD_MAX:
                raise Invalid(
                    _("文件超过 %(n)s MB，分成几个再传。") % {"n": settings.ERP_UPLOAD_MAX >> 20},
                    code="too_large",
                )
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
