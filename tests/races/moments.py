"""Who waits for whom, in a race whose order is its point: told by what happens, so that it holds on the slowest machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core import db

PATIENCE_S = 30
LOOK_S = 0.01
IS_WAITED_FOR = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"


@dataclass(frozen=True)
class Moment:
    """Comes once, in one racer, and others wait for it.  A file: it travels with the work, and every process sees it."""

    path: Path

    def come(self) -> None:
        self.path.touch()

    def wait(self) -> None:
        """Raises TimeoutError."""
        _until(self.path.exists, f"{self.path.name} never came")

    def come_and_be_waited_for(self) -> None:
        """It came, inside a transaction, and somebody has run into this one's locks.  Raises TimeoutError."""
        self.come()
        _until(lambda: bool(db.rows(IS_WAITED_FOR)[0][0]), f"nobody waited for who said {self.path.name}")


def _until(is_so: Callable[[], bool], problem: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(problem)
        time.sleep(LOOK_S)
