import json
import os
import stat
import subprocess
import sys

import pytest

from script.house import state as state_module
from script.house.problem import Problem
from script.house.setup_env import ROOT
from script.house.state import Keys, State, default_folder

HOLD = (
    "import sys, time\nfrom pathlib import Path\nfrom script.house.state import State\n"
    "s = State(Path(sys.argv[1]))\n"
    "with s.hold('up'):\n"
    "    s.announce('up', 'http://localhost:8000/', {'A': 'b'}); print('held', flush=True); time.sleep(600)"
)


@pytest.fixture
def holder(state: State) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, state.folder], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_command_is_told_which_one_runs_and_where(
    state: State, holder: "subprocess.Popen[bytes]"
) -> None:
    with (
        pytest.raises(
            Problem, match=rf"script/up is already running .*localhost:8000/ \(process {holder.pid}\)"
        ),
        state.hold("manage"),
    ):
        pass
    found = state.holder()
    assert found is not None
    assert found.env == {"A": "b"}
    holder.kill()
    holder.communicate(timeout=20)
    assert state.holder() is None
    with state.hold("up"):
        pass


def test_keys_are_made_once_and_are_private(state: State) -> None:
    keys = state.keys()
    assert state.keys() == keys
    assert len(set(vars(keys).values())) == len(vars(keys))
    path = state.folder / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keys(**json.loads(path.read_text())) == keys


def test_each_checkout_has_its_own_folder_and_erp_state_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERP_STATE", raising=False)
    here = default_folder()
    monkeypatch.setattr(state_module, "ROOT", ROOT.parent / "elsewhere" / ROOT.name)
    assert default_folder() != here
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_folder().is_relative_to("/home/somebody/.local/share/catfish-erp")
    monkeypatch.setenv("ERP_STATE", "/srv/erp")
    assert str(default_folder()) == "/srv/erp"
