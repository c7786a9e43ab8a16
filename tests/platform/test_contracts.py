"""The import contracts of pyproject.toml can fail: each is shown a house that breaks it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from script.house.setup_env import ROOT

FLOORS = [
    "core",
    "inventory",
    "warehouse",
    "o2o",
    "orders",
    "traceability",
    "erp",
    "script",
    "tests",
    "bench",
]


def judge(house: Path, **modules: str) -> str:
    """The linter's words about a house of empty floors with these modules (`floor__name`) in it."""
    for floor in FLOORS:
        (house / floor / "rules").mkdir(parents=True)
        (house / floor / "__init__.py").touch()
        (house / floor / "rules" / "__init__.py").touch()
    for name, code in modules.items():
        (house / (name.replace("__", "/") + ".py")).write_text(code)
    (house / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"],
        cwd=house,
        env=os.environ | {"PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def broken(words: str) -> list[str]:
    return [line.removesuffix(" BROKEN") for line in words.splitlines() if line.endswith(" BROKEN")]


def test_a_clean_house_passes(tmp_path: Path) -> None:
    words = judge(tmp_path, orders__services="import inventory.rules", orders__rules__split="import datetime")
    assert "0 broken" in words, words


@pytest.mark.parametrize(
    ("module", "code", "contract"),
    [
        ("inventory__services", "import orders", "Floors: imports point down only"),
        ("core__tasks", "import erp", "Floors: imports point down only"),
        (
            "orders__rules__split",
            "from django.utils import timezone",
            "Rules are pure: values in, values out",
        ),
        ("orders__rules__split", "import random", "Rules are pure: values in, values out"),
        ("o2o__rules__rounds", "import core", "Rules are pure: values in, values out"),
        ("warehouse__services", "import script", "Apps know nothing of scripts and tests"),
        ("warehouse__services", "import bench", "Apps know nothing of scripts and tests"),
    ],
)
def test_a_house_that_breaks_a_contract_is_refused(
    tmp_path: Path, module: str, code: str, contract: str
) -> None:
    words = judge(tmp_path, **{module: code})
    assert broken(words) == [contract], words
