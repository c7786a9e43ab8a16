"""Stamps: a step of the set-up runs again only when what it was made from has changed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(*parts: Path | str) -> str:
    """A hash over texts and over the names and contents of files; a file that is missing counts as such."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(b"text\0" + part.encode())
        else:
            digest.update(b"file\0" + part.name.encode() + b"\0")
            digest.update(part.read_bytes() if part.is_file() else b"\0missing")
        digest.update(b"\0end\0")
    return digest.hexdigest()


def listing(files: Iterable[Path]) -> str:
    """Path, size and time of change of each file: a cheap hash over large trees."""
    digest = hashlib.sha256()
    for file in sorted(files):
        status = file.stat()
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()


class Stamp:
    """One file that holds the fingerprint under which a step was last finished."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name

    def fresh(self, key: str, *results: Path) -> bool:
        """Whether the step was finished under this key and all its results are still there."""
        try:
            return self.path.read_text() == key and all(result.exists() for result in results)
        except OSError:
            return False

    def write(self, key: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(key)
        part.replace(self.path)

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)
