"""Whoever is late, every race ends as its test says: `script/test --campaign skew`.

All tests that race, again and again, each time with other racers held back behind the gate (`RACE_SKEW`, tests/races/rig.py).
`ERP_SEEDS` (8) times, from seed `ERP_FIRST_SEED` (1) on; `RACE_SKEW=3 script/test tests/races/test_kits.py` repeats one alone.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.campaign
ROOT = Path(__file__).resolve().parents[3]
FIRST, SEEDS = int(os.environ.get("ERP_FIRST_SEED", "1")), int(os.environ.get("ERP_SEEDS", "8"))
SIGNS = ("tests.races.rig import", "threading.Barrier(")


def racing_files() -> list[str]:
    """All test files that race, by what they use."""
    found = [path.relative_to(ROOT) for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    return [
        str(path)
        for path in found
        if "campaigns" not in path.parts and any(sign in (ROOT / path).read_text() for sign in SIGNS)
    ]


def test_the_races_are_found() -> None:
    found = racing_files()
    assert {"tests/races/test_grab.py", "tests/inventory/services/test_transfers.py"} < set(found)
    assert "tests/api/test_idempotency.py" in found


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_whoever_is_late(seed: int) -> None:
    """In a pytest of its own, which uses this run's servers and a database of its own."""
    env = {name: value for name, value in os.environ.items() if name != "ERP_CAMPAIGN"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-p", "tests.campaigns.skew.late", "tests/races", *racing_files()],
        env=env | {"RACE_SKEW": str(seed)}, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"with RACE_SKEW={seed}"
