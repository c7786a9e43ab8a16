"""script/manage: manage.py with the environment of this checkout's installation.

Speaks to the system that runs; when none does, the embedded servers are started for this one command.
"""

import os
import signal
import subprocess
import sys

from script.house.embedded import wait_until
from script.house.prepare import prepare_files
from script.house.problem import Problem
from script.house.processes import MARK
from script.house.site import open_site
from script.house.state import ROOT, State, already_running, default_folder

PATIENCE_S = 120.0


def running_env(state: State) -> dict[str, str] | None:
    """The environment of the running script/up, waited for while it starts; None when nothing runs."""
    holder = state.holder()
    if holder is None or holder.command == "manage":
        return None

    def ready() -> bool:
        now = state.holder()
        return now is None or bool(now.env)

    if not wait_until(ready, PATIENCE_S):
        raise Problem(already_running(holder))
    holder = state.holder()
    return {**os.environ, **holder.env} if holder else None


def run(env: dict[str, str], state: State, arguments: list[str]) -> int:
    """Run manage.py where the caller stands; Ctrl-C is the command's own affair."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(
        [sys.executable, ROOT / "manage.py", *arguments],
        cwd=os.environ.get("ERP_CALLER_DIR", ROOT),
        env={**env, MARK: str(state.folder)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def main() -> None:
    arguments = sys.argv[1:]
    try:
        state = State(default_folder())
        env = running_env(state)
        if env is not None:
            code = run(env, state, arguments)
        else:
            with state.hold("manage", wait_for=frozenset({"manage"})), open_site(state) as site:
                prepare_files(site.env, state.folder)
                code = run(site.env, state, arguments)
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
