"""Keeps child processes alive, in one loop, no threads: what dies starts again, visibly, with back-off."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from script.house.embedded import last_lines
from script.house.processes import stop

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0
TICK_S = 0.2
APP_SIGNALS: Sequence[tuple[int, float]] = ((signal.SIGTERM, 10), (signal.SIGQUIT, 4))


class Stopped(BaseException):
    """Somebody asked the whole system to stop (Ctrl-C, SIGTERM, SIGHUP)."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the three stop signals into `Stopped` in the main thread; only the first one counts."""

    def ask(signum: int, frame: FrameType | None) -> None:
        for other in handled:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped

    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {signum: signal.signal(signum, ask) for signum in handled}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def pause_s(deaths_in_a_row: int) -> float:
    """Seconds to wait before a start: 1, 2, 4 … 30."""
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** max(0, deaths_in_a_row - 1))


@dataclass
class Child:
    """One process to keep alive. `start` starts it anew; `process` is set while it lives.

    A `lent` child is stopped by whoever lent it (the servers, which must outlive everything else).
    """

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    lent: bool = False
    deaths: int = 0
    started_at: float = 0.0
    start_at: float = field(default=0.0)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


class Supervisor:
    """Runs children until told to stop; `tick` is to be called a few times a second."""

    def __init__(self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self.say, self.now = say, now
        self.children: list[Child] = []

    def add(self, child: Child) -> None:
        """Take a child over, starting it unless it runs already."""
        self.children.append(child)
        if child.process is None:
            child.process = child.start()
        child.started_at = self.now()

    def tick(self) -> None:
        """Notice who died, and start those whose pause is over."""
        for child in self.children:
            if child.process is None:
                if self.now() >= child.start_at:
                    child.process = child.start()
                    child.started_at = self.now()
                    self.say(f"{child.name} is running again.")
            elif (code := child.process.poll()) is not None:
                self._died(child, code)

    def _died(self, child: Child, code: int) -> None:
        if self.now() - child.started_at > HEALTHY_S:
            child.deaths = 0
        child.deaths += 1
        child.process = None
        wait = pause_s(child.deaths)
        child.start_at = self.now() + wait
        self.say(
            f"{child.name} {ending(code)}; starting it again in {wait:.0f} s. The end of {child.log}:\n"
            f"{last_lines(child.log, 6)}"
        )

    def stop(self) -> None:
        """Ask all of them to end at once, then wait for each; what does not end is killed."""
        own = [child.process for child in self.children if child.process and not child.lent]
        alive = [process for process in own if process.poll() is None]
        for process in alive:
            process.send_signal(APP_SIGNALS[0][0])
        for process in alive:
            try:
                process.wait(APP_SIGNALS[0][1])
            except subprocess.TimeoutExpired:
                stop(process, APP_SIGNALS[1:])
