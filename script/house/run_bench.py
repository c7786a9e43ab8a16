"""script/bench NAME ARGS: `python -m bench.NAME` on a server set up like the real one, with a fresh database.

BENCH_ADMIN_URL is a superuser's URL of that server; the usual variables lead to an empty, migrated database.
"""

import os
import re
import subprocess
import sys

from script.house.prepare import migrate, prepare_files
from script.house.problem import Problem
from script.house.processes import MARK, reap
from script.house.roles import drop_database, is_superuser, make_database, make_roles
from script.house.servers import Purpose
from script.house.site import derived_urls, project_env, servers
from script.house.state import ROOT, State, default_folder
from script.house.supervisor import Stopped, stoppable

SUFFIX = "_bench"
CALLED = {"import": "importing"}  # a name that Python keeps for itself
DATABASE = "erp_bench"


def known_benchmarks() -> list[str]:
    stems = {path.stem for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("_")}
    return sorted(stems - set(CALLED.values()) | set(CALLED))


def bench(name: str, arguments: list[str], state: State) -> int:
    """Run one benchmark to its end; its exit code."""
    keys = state.keys()
    with servers(state, Purpose.REAL, State(default_folder()), os.environ) as (admin, broker, _):
        if not is_superuser(admin):
            raise Problem(
                "Benchmarks make roles and databases: give a superuser's DATABASE_URL, or none at all."
            )
        urls = derived_urls(admin, keys, DATABASE, SUFFIX)
        make_roles(admin, urls, change_passwords=True)
        drop_database(admin, DATABASE)
        make_database(admin, urls)
        env = project_env(keys, urls, broker, state) | {"BENCH_ADMIN_URL": admin}
        prepare_files(env, state.folder)
        migrate(env, state.folder)
        process = subprocess.Popen(
            [sys.executable, "-m", f"bench.{CALLED.get(name, name)}", *arguments],
            cwd=ROOT, env={**env, MARK: str(state.folder)}, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait()
        except Stopped:
            reap(state.folder)
            raise


def main() -> None:
    if len(sys.argv) < 2 or not re.fullmatch(r"[a-z_][a-z0-9_.]*", sys.argv[1]):
        sys.exit(f"script/bench NAME ARGS, where NAME is one of: {', '.join(known_benchmarks())}")
    try:
        with stoppable():
            state = State(default_folder().joinpath("bench"))
            with state.hold("bench", wait_for=frozenset({"bench"})):
                code = bench(sys.argv[1], sys.argv[2:], state)
    except Problem as problem:
        sys.exit(str(problem))
    except Stopped:
        sys.exit("Stopped.")
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
