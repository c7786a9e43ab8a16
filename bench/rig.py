"""Clocks, counters and connections that the benchmarks share.

A figure is a ratio of two sides measured in one run on one machine.  Where other programs share the cores, the time that client and
server spent waiting for a core is taken out of both sides alike (`alone`); the plain wall clock is printed beside it.
"""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ADMIN_URL = os.environ.get("BENCH_ADMIN_URL", "")


def admin() -> Any:
    """A superuser's connection to the bench database, autocommit: seeding and checking only."""
    bench = urlsplit(os.environ["DATABASE_URL"]).path
    connection = psycopg2.connect(urlunsplit(urlsplit(ADMIN_URL)._replace(path=bench)))
    connection.autocommit = True
    return connection


def waited_s(pid: int | str) -> float:
    """Seconds a process has waited for a core so far; 0 where the kernel does not say."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


@dataclass(slots=True)
class Clock:
    """Wall time, and time alone on the cores, per stage, of this process and one server process.

    `is_overlapped`: the two work at once (core.behind), so that both may have waited in the same moment: the longer wait is taken out,
    not their sum, which says too little of our speed rather than too much.
    """

    backend: int
    is_overlapped: bool = False
    wall: dict[str, float] = field(default_factory=dict)
    alone: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        ours, theirs = waited_s("self"), waited_s(self.backend)
        start = time.perf_counter()
        yield
        spent = time.perf_counter() - start
        ours, theirs = waited_s("self") - ours, waited_s(self.backend) - theirs
        lost = max(ours, theirs) if self.is_overlapped else ours + theirs
        self.wall[name] = self.wall.get(name, 0.0) + spent
        self.alone[name] = self.alone.get(name, 0.0) + max(0.0, spent - lost)


def peak_rss_mb() -> int:
    """The most memory this process has held."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
