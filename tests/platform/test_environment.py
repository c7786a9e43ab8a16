"""What is installed, and what the lock files promise."""

import importlib.util
import json
import re
import stat
from pathlib import Path

import pytest

from script.house import setup_env
from script.house.problem import Problem
from script.house.setup_env import ROOT

LOCKS = ["requirements.txt", "requirements-dev.txt", "script/house/boot.txt", "script/house/node.txt"]
COMMANDS = ["up", "test", "manage", "bench", "lock"]


def test_psycopg_3_is_not_there() -> None:
    assert importlib.util.find_spec("psycopg") is None
    assert importlib.util.find_spec("psycopg2") is not None


def test_set_up_refuses_psycopg_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lib" / "python3.11" / "site-packages" / "psycopg"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.setattr(setup_env, "VENV", tmp_path)
    with pytest.raises(Problem, match=r"psycopg \(3\)"):
        setup_env.sync_packages(tools=True)


@pytest.mark.parametrize("name", LOCKS)
def test_python_locks_pin_and_hash_everything_and_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9._-]+==\S+", package), package
        assert "--hash=sha256:" in package, package
    assert "://" not in text
    assert "index-url" not in text


def test_tools_are_a_superset_of_what_runs() -> None:
    pins = [
        set(re.findall(r"^[a-z0-9][^ \n]*==\S+", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    ]
    assert pins[0] < pins[1]


def test_npm_lock_pins_and_hashes_everything_and_names_no_host() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        if name:
            assert package["version"], name
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_are_executable_and_known(name: str) -> None:
    command = ROOT / "script" / name
    assert command.stat().st_mode & stat.S_IXUSR
    assert f'run.sh" {name} ' in command.read_text()
    assert importlib.util.find_spec(setup_env.SECOND_STAGE[name]) is not None


def test_pip_mirror_and_certificates_are_passed_on_to_uv() -> None:
    listed = "global.index-url='https://mirror.example/x=y'\n:env:.cert='/etc/ca.pem'\nglobal.timeout='60'\n"
    assert setup_env.uv_settings(listed) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/x=y",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }
    assert setup_env.uv_settings("") == {}
