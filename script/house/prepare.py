"""What must be made before the project's own processes can run: translations, static files, tables."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from script.house.problem import Problem
from script.house.processes import MARK
from script.house.setup_env import STAMPS, one_at_a_time
from script.house.stamps import Stamp, fingerprint, listing
from script.house.state import ROOT
from script.house.translations import compile_translations

COLLECTED = ROOT / ".static"


def manage(env: Mapping[str, str], *arguments: str, what: str, owner: Path) -> str:
    """Run one management command to its end: its stdout; Problem with its last words when it fails."""
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        cwd=ROOT, env={**env, MARK: str(owner)}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise Problem(f"{what} failed:\n{(done.stdout + done.stderr).strip()[-4000:]}")
    return done.stdout


def prepare_files(env: Mapping[str, str], owner: Path) -> None:
    """Compile the translations and collect the static files, each only when its sources have changed."""
    with one_at_a_time():
        compile_translations(ROOT, STAMPS)
        tops = [ROOT / "static", *ROOT.glob("*/static")]
        sources = [path for top in tops for path in top.rglob("*") if path.is_file()]
        key = fingerprint(listing(sources), ROOT / "requirements.txt", ROOT / "erp" / "settings.py")
        stamp = Stamp(STAMPS, "collected")
        if not stamp.fresh(key, COLLECTED):
            manage(env, "collectstatic", "--noinput", what="Collecting the static files", owner=owner)
            stamp.write(key)


def migrate(env: Mapping[str, str], owner: Path) -> None:
    """Bring the tables up to date as the owner role."""
    manage(env, "migrate", "--database", "owner", "--noinput", what="Making the tables", owner=owner)


def main() -> None:
    """While an image is built there are no servers and no secrets; settings only need something to read."""
    nothing = dict.fromkeys(("SECRET_KEY", "ERP_FIELD_KEY", "ERP_FILES"), "only-while-building")
    nothing |= {"DATABASE_URL": "postgresql://nobody@nowhere/none", "REDIS_URL": "redis://nowhere/0"}
    try:
        prepare_files(nothing | os.environ, ROOT)
    except Problem as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
