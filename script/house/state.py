"""The state folder of one checkout: generated keys, database, logs, and who is using it right now."""

import base64
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TextIO

from script.house.problem import Problem

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Keys:
    """Secrets made once for this installation; losing `field_key` loses every sealed field."""

    secret_key: str
    field_key: str
    admin_password: str
    owner_password: str
    app_password: str
    sys_password: str
    valkey_password: str


@dataclass(frozen=True)
class Holder:
    """Who holds the state folder: the command, its process, and the environment that reaches its servers."""

    command: str
    pid: int
    address: str
    env: dict[str, str]


def default_folder() -> Path:
    """`ERP_STATE`, else one folder for each checkout, so that two checkouts never share a database."""
    if given := os.environ.get("ERP_STATE"):
        return Path(given).expanduser().resolve()
    root = os.geteuid() == 0
    base = Path("/var/lib/catfish-erp") if root else Path.home() / ".local" / "share" / "catfish-erp"
    return base / f"{ROOT.name}-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, never seen half-written."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class State:
    """One state folder. Make it, read its keys, and take hold of it for as long as a command runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Others may pass through (PostgreSQL runs as nobody under root) but not look around.
            folder.chmod(0o711)
        except PermissionError as error:
            raise Problem(
                f"The state folder {folder} cannot be written; choose another with ERP_STATE."
            ) from error
        self.logs = folder / "log"
        self.logs.mkdir(mode=0o700, exist_ok=True)
        self.files = folder / "files"
        self.files.mkdir(mode=0o700, exist_ok=True)

    def keys(self) -> Keys:
        """The keys of this installation, generated at the first call."""
        path = self.folder / "keys.json"
        if path.exists():
            known = json.loads(path.read_text())
            return Keys(**{field.name: known[field.name] for field in fields(Keys)})
        made = {field.name: secrets.token_urlsafe(32) for field in fields(Keys)}
        made["field_key"] = base64.b64encode(secrets.token_bytes(32)).decode()
        write_private(path, json.dumps(made, indent=1))
        return Keys(**made)

    @contextmanager
    def hold(self, command: str, wait_for: frozenset[str] = frozenset()) -> Iterator[None]:
        """Be the only command that runs servers from this folder.

        The lock dies with its process, so a kill -9 leaves nothing to clear away. Waits while a command of
        `wait_for` holds the folder (short ones); any other holder is a Problem that says which.
        """
        with self._lock_file() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self.holder()
                if holder is not None and holder.command not in wait_for:
                    raise Problem(already_running(holder)) from None
                fcntl.flock(lock, fcntl.LOCK_EX)
            self.announce(command, "", {})
            try:
                yield
            finally:
                self._holder_file.unlink(missing_ok=True)

    def announce(self, command: str, address: str, env: dict[str, str]) -> None:
        """Say who holds the folder and, once its servers answer, how to reach them."""
        record = {"command": command, "pid": os.getpid(), "address": address, "env": env}
        write_private(self._holder_file, json.dumps(record))

    def holder(self) -> Holder | None:
        """The command that holds the folder now; None when the lock is free."""
        with self._lock_file() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                try:
                    return Holder(**json.loads(self._holder_file.read_text()))
                except (OSError, ValueError):
                    return Holder("unknown", 0, "", {})
        return None

    def _lock_file(self) -> TextIO:
        """Open the lock, which only its owner may touch: any reader could hold it otherwise."""
        return os.fdopen(os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")

    @property
    def _holder_file(self) -> Path:
        return self.folder / "holder.json"


def already_running(holder: Holder) -> str:
    """The sentence for whoever starts a second one."""
    where = f" at {holder.address}" if holder.address else ""
    return (
        f"script/{holder.command} is already running from this checkout{where} (process {holder.pid}). "
        f"Stop it with Ctrl-C in its terminal or: kill {holder.pid}. "
        "For a second system beside it set ERP_STATE to another folder and choose another --port."
    )
