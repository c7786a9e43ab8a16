"""script/lock: resolve every lock file anew from requirements*.in, script/house/*.in and package.json."""

import subprocess
import sys
from pathlib import Path

from script.house.problem import Problem
from script.house.setup_env import HOUSE, ROOT, install_environment, run, say, uv

HEADER = "# Made by script/lock; do not edit."


def compile_lock(program: Path, source: Path, env: dict[str, str], *constraints: Path) -> None:
    """One hashed lock for every platform, without the address of the index it was resolved from."""
    target = source.with_suffix(".txt")
    command: list[str | Path] = [
        program,
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
    ]
    command += [
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-annotate",
        "--no-header",
    ]
    command += ["--upgrade", source.relative_to(ROOT), "-o", target.relative_to(ROOT)]
    for constraint in constraints:
        command += ["-c", constraint.relative_to(ROOT)]
    run(command, f"Resolving {source.name}", env)
    target.write_text(f"{HEADER}\n{target.read_text()}")


def main() -> None:
    env = install_environment()
    try:
        program = uv(env)
        compile_lock(program, HOUSE / "boot.in", env)
        compile_lock(program, HOUSE / "node.in", env)
        compile_lock(program, ROOT / "requirements.in", env)
        compile_lock(program, ROOT / "requirements-dev.in", env, ROOT / "requirements.txt")
        compile_lock(program, ROOT / "tests" / "campaigns" / "shop" / "requirements.in", env)
        (ROOT / "package-lock.json").unlink(missing_ok=True)
        run(["npm", "install", "--package-lock-only"], "Resolving package.json", env)
    except Problem as problem:
        sys.exit(str(problem))
    except FileNotFoundError:
        sys.exit("script/lock needs npm for package-lock.json.")
    changed = subprocess.run(["git", "status", "--short"], cwd=ROOT, capture_output=True, text=True).stdout
    say(f"Locked. Changed files:\n{changed}")


if __name__ == "__main__":
    main()
