"""A new user's first hour, in full: a clean copy of the repository, one command, kill -9, twice, and again.

Every start works in a copy of what git knows (plus what is new), with a state folder and a home of its own
and without npm on the path, as on a bare Debian. Under root the same is done once more as an ordinary user.
"""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import pytest

from script.house.embedded import wait_until
from script.house.processes import marked, reap
from script.house.servers import free_port

pytestmark = pytest.mark.campaign
ROOT = Path(__file__).resolve().parents[3]
NOT_ON_A_BARE_MACHINE = {"npm", "npx", "node", "nodejs", "uv", "psql", "valkey-server", "redis-server"}
PASSED_ON = ("PIP_", "SSL_", "NODE_EXTRA", "npm_config_", "LANG", "HTTP", "http", "NO_PROXY", "no_proxy")
STRANGER = "catfish-fresh-start"


@dataclass
class Machine:
    """A bare machine with a clean clone on it, as one user sees it."""

    home: Path
    user: str | None
    checkout: Path = field(init=False)
    state: Path = field(init=False)

    def __post_init__(self) -> None:
        self.checkout = self.home / "catfish"
        self.state = self.home / "state"

    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        programs = str(self.home / "bin")
        return kept | {
            "HOME": str(self.home),
            "PATH": programs,
            "ERP_STATE": str(self.state),
            "ERP_PG": "wheel",
        }

    def run(self, *command: str, seconds: int = 900) -> "subprocess.CompletedProcess[str]":
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=self.checkout, env=self.env(), capture_output=True, text=True, timeout=seconds,
            user=self.user, group=self.group, extra_groups=self.groups,
        )  # fmt: skip
        print(
            f"{' '.join(command)} as {self.user or 'this user'}: {time.monotonic() - began:.0f} s", flush=True
        )
        return done

    def start(self, *command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command, cwd=self.checkout, env=self.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, user=self.user, group=self.group, extra_groups=self.groups,
        )  # fmt: skip

    @property
    def group(self) -> int | None:
        return pwd.getpwnam(self.user).pw_gid if self.user else None

    @property
    def groups(self) -> list[int] | None:
        return [] if self.user else None


def bare_programs(target: Path) -> None:
    """A folder with the machine's own programs, without what a bare Debian does not have."""
    target.mkdir()
    for folder in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        for program in Path(folder).glob("*"):
            link = target / program.name
            if program.name not in NOT_ON_A_BARE_MACHINE and not link.is_symlink():
                link.symlink_to(program)


def clean_clone(target: Path) -> None:
    """What a clone of this working tree would hold: tracked and new files, nothing that is ignored."""
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


@pytest.fixture(params=["this user", "a stranger"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    stranger = request.param == "a stranger"
    if stranger and os.geteuid() != 0:
        pytest.skip("only root can make another user")
    home = Path("/var/tmp" if os.geteuid() == 0 else Path.home()) / f"{STRANGER}-{token_hex(3)}"  # noqa: S108
    home.mkdir(mode=0o755)
    if stranger:
        subprocess.run(["useradd", "--home-dir", home, "--no-create-home", STRANGER], check=True)
    made = Machine(home, STRANGER if stranger else None)
    bare_programs(home / "bin")
    clean_clone(made.checkout)
    if stranger:
        subprocess.run(["chown", "-R", f"{STRANGER}:", home], check=True)
        home.chmod(0o700)
    yield made
    reap(made.state)
    shutil.rmtree(home, ignore_errors=True)
    if stranger:
        subprocess.run(["userdel", STRANGER], check=False)


def wait_for_line(process: "subprocess.Popen[str]", text: str) -> list[str]:
    """Read its output up to the line with this text."""
    lines: list[str] = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"It ended without saying {text!r}:\n{''.join(lines)}")


def page(port: int) -> int:
    with urllib.request.urlopen(f"http://localhost:{port}/", timeout=20) as answer:
        status: int = answer.status
        return status


def test_from_nothing_to_the_main_job_twice(machine: Machine) -> None:
    for _ in range(2):
        done = machine.run("script/up", "--once", "--port", str(free_port()))
        assert done.returncode == 0, done.stdout + done.stderr
        result = json.loads(done.stdout.splitlines()[-1])
        assert isinstance(result, dict)
        assert marked(machine.state) == []


def test_killed_at_any_moment_the_next_start_works(machine: Machine) -> None:
    port = str(free_port())
    for seconds in (2.0, 6.0, 12.0, 25.0):
        process = machine.start("script/up", "--port", port)
        time.sleep(seconds)
        process.kill()
        process.communicate()
    process = machine.start("script/up", "--port", port)
    wait_for_line(process, "Ctrl-C stops everything")
    assert page(int(port)) == 200

    second = machine.run("script/up", "--port", str(free_port()))
    assert second.returncode != 0
    assert f"already running from this checkout at http://localhost:{port}/" in second.stderr
    asked = machine.run("script/manage", "shell", "-v", "0", "-c", "print(6 * 7)")
    assert asked.stdout.strip() == "42", asked.stderr

    process.kill()
    process.communicate()
    began = time.monotonic()
    process = machine.start("script/up", "--port", port)
    wait_for_line(process, "Ctrl-C stops everything")
    print(f"start after kill -9: {time.monotonic() - began:.0f} s", flush=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert wait_until(lambda: not marked(machine.state), 5)


def test_a_child_that_dies_comes_back(machine: Machine) -> None:
    process = machine.start("script/up", "--port", str(free_port()))
    wait_for_line(process, "Ctrl-C stops everything")
    victims = subprocess.check_output(
        ["pgrep", "-f", f"{machine.checkout}/manage.py clock"], text=True
    ).split()
    for pid in victims:
        os.kill(int(pid), signal.SIGKILL)
    lines = wait_for_line(process, "clock is running again")
    assert any("clock was killed by SIGKILL; starting it again in 1 s" in line for line in lines)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_busy_port_is_said_before_anything_is_started(machine: Machine) -> None:
    code = "import socket, time; s = socket.create_server(('127.0.0.1', 0));"
    code += "print(s.getsockname()[1], flush=True); time.sleep(3600)"
    taken = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert taken.stdout
    port = taken.stdout.readline().strip()
    try:
        done = machine.run("script/up", "--port", port)
        assert done.returncode != 0
        assert f"Port {port} is in use by another program" in done.stderr
        assert marked(machine.state) == []
    finally:
        taken.kill()
        taken.wait()
