import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from script.house.embedded import wait_until
from script.house.supervisor import Child, Stopped, Supervisor, pause_s, stoppable


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def program(code: str) -> Callable[[], "subprocess.Popen[bytes]"]:
    return lambda: subprocess.Popen([sys.executable, "-c", code])


def alive(child: Child) -> bool:
    return child.process is not None


def test_pauses_double_up_to_a_limit() -> None:
    assert [pause_s(deaths) for deaths in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_what_dies_is_started_again_visibly_with_back_off(tmp_path: Path) -> None:
    said: list[str] = []
    clock = Clock()
    log = tmp_path / "worker.log"
    log.write_text("first line\nwhy it died\n")
    supervisor = Supervisor(said.append, clock)
    child = Child("worker", program("raise SystemExit(3)"), log)
    supervisor.add(child)
    for wait in (1, 2, 4):
        assert child.process
        child.process.wait(10)
        supervisor.tick()
        assert not alive(child)
        clock.time += wait - 0.1
        supervisor.tick()
        assert not alive(child)
        clock.time += 0.2
        supervisor.tick()
        assert alive(child)
    assert "worker ended with exit code 3; starting it again in 1 s" in said[0]
    assert "why it died" in said[0]
    assert said[1] == "worker is running again."
    supervisor.stop()


def test_a_long_life_forgives_earlier_deaths(tmp_path: Path) -> None:
    clock = Clock()
    supervisor = Supervisor(lambda text: None, clock)
    child = Child("web", program("import time; time.sleep(600)"), tmp_path / "web.log", deaths=5)
    supervisor.add(child)
    clock.time += 61
    assert child.process
    child.process.kill()
    child.process.wait(10)
    supervisor.tick()
    assert child.deaths == 1


def test_stop_ends_its_own_and_leaves_what_was_lent(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda text: None)
    own = Child("web", program("import time; time.sleep(600)"), tmp_path / "web.log")
    lent = Child("postgres", program("import time; time.sleep(600)"), tmp_path / "postgres.log", lent=True)
    supervisor.add(own)
    supervisor.add(lent)
    assert own.process
    assert lent.process
    own_process, lent_process = own.process, lent.process
    supervisor.stop()
    try:
        assert own_process.poll() == -signal.SIGTERM
        assert lent_process.poll() is None
    finally:
        lent_process.kill()
        lent_process.wait(20)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_signals_unwind_once_and_are_given_back(signum: signal.Signals) -> None:
    before = signal.getsignal(signum)
    with pytest.raises(Stopped), stoppable():
        os.kill(os.getpid(), signum)
        wait_until(lambda: False, 2)
    assert signal.getsignal(signum) == before
