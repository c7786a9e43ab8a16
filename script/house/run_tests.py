"""script/test: every check and every test, on servers of its own that vanish afterwards.

Without arguments: ruff, mypy, import-linter, missing migrations, pytest. With arguments: pytest with these
only. `--campaign NAME`: the full doses in tests/campaigns/NAME.
"""

import argparse
import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from script.house.browser import TRIED, install_chromium
from script.house.embedded import Postgres, shelf_of
from script.house.prepare import prepare_files
from script.house.problem import Problem
from script.house.processes import MARK, reap
from script.house.roles import Urls, drop_database, is_superuser, make_roles
from script.house.servers import Purpose
from script.house.site import derived_urls, project_env, servers
from script.house.state import ROOT, State, default_folder
from script.house.supervisor import Stopped, stoppable

SUFFIX = "_test"
BIN = ROOT / ".venv" / "bin"


@dataclass(frozen=True)
class Step:
    name: str
    command: list[str | Path]


CHECKS = [
    Step("ruff check", [BIN / "ruff", "check", "."]),
    Step("ruff format", [BIN / "ruff", "format", "--check", "."]),
    Step("mypy", [BIN / "mypy"]),
    Step("import-linter", [BIN / "lint-imports"]),
    Step("migrations", [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]),
]


def remove_run(folder: Path) -> None:
    """End what a run left behind and remove its folder."""
    for pid_file in folder.glob("pg/*/data/postmaster.pid"):
        state = State(folder)
        postgres = Postgres(state, state.keys(), Purpose.THROW_AWAY, shelf_of(State(default_folder())))
        postgres.data = pid_file.parent
        postgres.stop_stale()
    reap(folder)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_folder(base: Path) -> Iterator[State]:
    """A folder for this run only; runs may be parallel. Folders of killed runs are cleared away first."""
    base.mkdir(parents=True, exist_ok=True)
    base.chmod(0o711)
    for old in base.glob("run-*"):
        with (old / "alive").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            remove_run(old)
    folder = base / f"run-{secrets.token_hex(4)}"
    state = State(folder)
    with (folder / "alive").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield state
        finally:
            remove_run(folder)


def perform(step: Step, env: dict[str, str], owner: Path) -> bool:
    """Run one step with its output shown; whether it passed."""
    began = time.monotonic()
    print(f"── {step.name}", flush=True)
    process = subprocess.Popen(step.command, cwd=ROOT, env={**env, MARK: str(owner)}, start_new_session=True)
    try:
        code = process.wait()
    except Stopped:
        reap(owner)
        raise
    verdict = "passed" if code == 0 else f"FAILED ({code})"
    print(f"── {step.name}: {verdict}, {time.monotonic() - began:.1f} s", flush=True)
    return code == 0


def campaigns() -> list[str]:
    folders = (ROOT / "tests" / "campaigns").glob("*")
    return sorted(path.name for path in folders if path.is_dir() and path.name[0] not in "._")


def pytest_step(arguments: list[str], campaign: str | None) -> Step:
    """pytest on two processes, unless the arguments say otherwise."""
    command: list[str | Path] = [sys.executable, "-m", "pytest"]
    if campaign:
        folder = ROOT / "tests" / "campaigns" / campaign
        if not folder.is_dir():
            raise Problem(f"There is no campaign {campaign}; there are: {', '.join(campaigns()) or 'none'}.")
        return Step(
            f"campaign {campaign}",
            [*command, "-m", "campaign", "-n", "0", "-s", "-o", "timeout=0", *arguments, folder],
        )
    # Halves in order, the idle one helps: what a file's tests share is made once, and the browser starts once.
    alone = any(one.startswith(("-n", "--pdb")) for one in arguments)
    parallel = [] if alone else ["--dist", "worksteal", "-n", "2"]
    return Step("pytest", [*command, *parallel, *arguments])


def needs_browser(arguments: list[str]) -> bool:
    """Whether browser tests may be among the chosen ones: no path is given, or one of theirs is."""
    paths = [one for one in arguments if (ROOT / one.partition("::")[0]).exists()]
    return not paths or any("browser" in one or one.rstrip("/") in ("tests", ".") for one in paths)


def steps(state: State, arguments: list[str], campaign: str | None) -> list[str]:
    """Run what was asked for; the names of the steps that failed."""
    keys = state.keys()
    external = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    with servers(state, Purpose.THROW_AWAY, State(default_folder()), external) as (admin, broker, _):
        if not is_superuser(admin):
            raise Problem(
                "The tests make roles and databases: give a superuser's DATABASE_URL, or none at all."
            )
        database = f"erp_test_{state.folder.name.removeprefix('run-')}"
        urls: Urls = derived_urls(admin, keys, database, SUFFIX)
        make_roles(admin, urls, change_passwords=True)
        env = project_env(keys, urls, broker, state)
        # tests/conftest.py names the settings itself, after it has chosen the worker's database.
        del env["DJANGO_SETTINGS_MODULE"]
        env |= {"ERP_TEST_ADMIN_URL": admin, "ERP_TEST_TEMPLATE": database, "ERP_TEST_RUN": str(state.folder)}
        if campaign:
            env["ERP_CAMPAIGN"] = campaign
        elif needs_browser(arguments) and (reason := install_chromium()):
            env[TRIED] = reason
        try:
            prepare_files(env, state.folder)
            wanted = [*([] if arguments or campaign else CHECKS), pytest_step(arguments, campaign)]
            return [step.name for step in wanted if not perform(step, env, state.folder)]
        finally:
            if external["DATABASE_URL"]:
                drop_test_databases(admin, database)


def drop_test_databases(admin_url: str, template: str) -> None:
    """Leave a server that is not ours as it was found, roles with the suffix excepted."""
    for suffix in ["", "_part", "_main", *(f"_gw{number}" for number in range(16))]:
        drop_database(admin_url, template + suffix)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="script/test", description="Every check and every test, on servers of its own that vanish afterwards.",
        usage="script/test [PATH ...] [-k WORDS] [-n PROCESSES] [any option of pytest]\n       script/test --campaign NAME",
        epilog="With nothing: ruff, mypy, import-linter, missing migrations, then all tests; browser tests install Chromium with apt"
        " when they may. With paths or options: pytest with these only.",
    )  # fmt: skip
    parser.add_argument("--campaign", metavar="NAME", help=f"the full doses: {', '.join(campaigns())}")
    options, arguments = parser.parse_known_args()
    began = time.monotonic()
    try:
        with stoppable(), run_folder(State(default_folder()).folder / "tests") as state:
            failed = steps(state, arguments, options.campaign)
    except Problem as problem:
        sys.exit(str(problem))
    except Stopped:
        sys.exit("Stopped.")
    print(
        f"{'All passed' if not failed else 'FAILED: ' + ', '.join(failed)} ({time.monotonic() - began:.0f} s)"
    )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
