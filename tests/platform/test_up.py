import socket
from argparse import Namespace
from pathlib import Path

import pytest

from script.house import up
from script.house.problem import Problem
from script.house.run_tests import needs_browser, pytest_step, run_folder
from script.house.site import Site, process_env
from script.house.state import State
from script.house.supervisor import Supervisor

MAIN_JOB = """\
import json, sys
print("working")
print({last})
sys.exit({code})
"""


def test_a_busy_port_is_a_plain_sentence_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert up.busy("127.0.0.1", port) == (
            f"Port {port} is in use by another program; choose another, such as --port {port + 10}."
        )
    assert up.busy("127.0.0.1", port) == ""
    assert "not a port number" in up.busy("127.0.0.1", 70_000)


def test_orders_belong_to_once_and_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_CALLER_DIR", str(tmp_path))
    (tmp_path / "export.csv").touch()
    assert up.parse(["--once", "--orders", "export.csv"]).orders == tmp_path / "export.csv"
    for arguments in (["--orders", "export.csv"], ["--once", "--orders", "missing.csv"]):
        with pytest.raises(SystemExit):
            up.parse(arguments)


@pytest.fixture
def main_job(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for manage.py in a checkout of its own."""
    monkeypatch.setattr(up, "ROOT", tmp_path)
    return tmp_path / "manage.py"


def result_of(state: State) -> str:
    return up.run_main_job(Site({}, None, []), state, Supervisor(lambda text: None), None)


def test_the_last_line_of_the_main_job_is_its_result(
    state: State, main_job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main_job.write_text(MAIN_JOB.format(last="json.dumps({'orders': 3})", code=0))
    assert result_of(state) == '{"orders": 3}'
    assert capsys.readouterr().out == "working\n"


@pytest.mark.parametrize(
    ("last", "code", "sentence"),
    [
        ("'no json'", 0, "ended without its result"),
        ("'[1]'", 0, "without its result"),
        ("'{}'", 4, "exit code 4"),
    ],
)
def test_a_main_job_without_a_result_is_a_failure(
    state: State, main_job: Path, last: str, code: int, sentence: str
) -> None:
    main_job.write_text(MAIN_JOB.format(last=last, code=code))
    with pytest.raises(Problem, match=sentence):
        result_of(state)


def test_a_new_test_run_clears_what_a_killed_one_left_and_spares_the_living(state: State) -> None:
    base = state.folder / "tests"
    (base / "run-dead").mkdir(parents=True)
    with run_folder(base) as first:
        assert not (base / "run-dead").exists()
        with run_folder(base) as second:
            assert first.folder.exists()
            assert first.folder != second.folder
    assert list(base.iterdir()) == []


def test_pytest_runs_on_two_processes_unless_told_otherwise() -> None:
    assert pytest_step([], None).command[-2:] == ["-n", "2"]
    assert "2" not in pytest_step(["-n0", "tests/platform"], None).command
    with pytest.raises(Problem, match=r"There is no campaign nonsense; there are: .*fresh_start"):
        pytest_step([], "nonsense")


def test_chromium_is_wanted_only_where_browser_tests_may_run() -> None:
    assert needs_browser([])
    assert needs_browser(["-x"])
    assert needs_browser(["tests"])
    assert not needs_browser(["tests/platform", "-x"])


def test_the_web_is_not_given_the_ways_past_the_wall() -> None:
    urls = dict.fromkeys(("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SYS_URL"), "x")
    assert process_env("web", urls) == {"DATABASE_URL": "x", "ERP_PROCESS": "web"}
    assert process_env("clock", urls).keys() == {"DATABASE_URL", "DATABASE_SYS_URL", "ERP_PROCESS"}


def test_processes_carry_their_name_and_listen_where_told(state: State) -> None:
    options = Namespace(host="127.0.0.1", port=8123)
    made = up.children(Site({}, None, []), state, options, 8124)
    assert [child.name for child in made] == ["web", "events", "clock", "worker", "beat"]
    assert {child.log.parent for child in made} == {state.logs}
