import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from script.house.embedded import wait_until
from script.house.processes import MARK, marked, reap, spawn, stop
from script.house.state import State

PATIENCE_S = 30
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)"
)


def sleeper(state: State, program: str = "import time; time.sleep(600)") -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", program]
    return spawn(command, owner=state.folder, env={}, log=state.logs / "sleeper.log", folder=state.folder)


def test_reaper_finds_marked_processes_and_leaves_others(state: State) -> None:
    mine = sleeper(state)
    other = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], env={MARK: f"{state.folder}-other"}
    )
    try:
        assert wait_until(lambda: marked(state.folder) == [mine.pid], PATIENCE_S)
        assert reap(state.folder) == 1
        assert mine.wait(PATIENCE_S) == -signal.SIGTERM
        assert other.poll() is None
        assert marked(state.folder) == []
    finally:
        other.kill()
        other.wait(20)


def test_reaper_ends_what_ignores_the_polite_signal(state: State) -> None:
    process = sleeper(state, STUBBORN)
    assert wait_until(lambda: "up" in (state.logs / "sleeper.log").read_text(), PATIENCE_S)
    reap(state.folder, patience_s=0.3)
    assert process.wait(PATIENCE_S) == -signal.SIGKILL


def test_reaper_never_ends_its_own_ancestors(state: State) -> None:
    inner = (
        "import sys; from pathlib import Path; from script.house.processes import reap;"
        "print(reap(Path(sys.argv[1])))"
    )
    outer = (
        "import subprocess, sys;"
        f"print(subprocess.check_output([sys.executable, '-c', {inner!r}, sys.argv[1]], text=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", outer, state.folder],
        env=os.environ | {MARK: str(state.folder)}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.stdout.strip() == "0", done.stderr


def test_children_die_with_a_supervisor_that_is_killed(state: State) -> None:
    parent = (
        "import sys, time; from pathlib import Path; from script.house.processes import spawn;"
        "p = Path(sys.argv[1]); code = 'import time; time.sleep(600)';"
        "spawn([sys.executable, '-c', code], owner=p, env={}, log=p / 'x.log', folder=p);"
        "print('up', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent, state.folder], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    assert len(marked(state.folder)) == 1
    process.kill()
    process.wait(20)
    process.stdout.close()
    assert wait_until(lambda: not marked(state.folder), PATIENCE_S)


def test_stop_escalates(state: State) -> None:
    process = sleeper(state, STUBBORN)
    assert wait_until(lambda: "up" in (state.logs / "sleeper.log").read_text(), PATIENCE_S)
    began = time.monotonic()
    stop(process, [(signal.SIGTERM, 0.2)])
    assert process.returncode == -signal.SIGKILL
    assert time.monotonic() - began < PATIENCE_S


def test_the_mark_is_the_whole_path(state: State) -> None:
    process = sleeper(state)
    try:
        assert marked(Path(str(state.folder)[:-1])) == []
    finally:
        stop(process, [(signal.SIGTERM, 5)])
