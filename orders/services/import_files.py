"""The bytes of an order file: from a stream to the disk, looked through, known by their hash."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core.services.files import Landed, Readable, land, settle
from core.sheets.reading import Source, inspect, open_table


@dataclass(frozen=True, slots=True)
class Received:
    """A file that lies beside its place until somebody keeps it.  `header`: its columns, read once."""

    landed: Landed
    source: Source
    header: tuple[str, ...]

    @property
    def path(self) -> Path:
        return self.landed.path

    @property
    def sha256(self) -> str:
        return self.landed.sha256

    @property
    def size(self) -> int:
        return self.landed.size

    def keep(self, tenant_id: int) -> str:
        """Put the bytes in their place, which is named after them; returns it, relative to ERP_FILES."""
        return settle(self.landed, tenant_id=tenant_id)

    def drop(self) -> None:
        """Forget what nobody kept."""
        self.landed.drop()


def receive(*, tenant_id: int, file: Readable, encoding: str = "") -> Received:
    """Write a stream under ERP_FILES, block by block, and say what it is.  Needs no transaction.

    `encoding`: what a person said of a text that is neither UTF-8 nor GBK.  Whoever calls keeps or drops what
    comes back.  Raises FileRefused for what cannot be read at all, Invalid
    `too_large`; then nothing is left.
    """
    landed = land(file, tenant_id=tenant_id, most=settings.ERP_UPLOAD_MAX)
    try:
        source = inspect(landed.path, encoding)
        return Received(landed, source, open_table(source).header)
    except BaseException:
        landed.drop()
        raise
