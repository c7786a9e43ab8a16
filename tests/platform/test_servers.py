from pathlib import Path

import pytest

from script.house import servers
from script.house.problem import Problem
from script.house.servers import MEGABYTE, Programs, Purpose, choose_postgres, postgres_settings

GIGABYTE = 1024 * MEGABYTE


def offer(monkeypatch: pytest.MonkeyPatch, system: list[int], wheel: int | None) -> None:
    monkeypatch.delenv("ERP_PG", raising=False)
    monkeypatch.setattr(
        servers,
        "system_postgres",
        lambda: [Programs(Path(f"/{major}"), major, from_wheel=False) for major in system],
    )
    carried = Programs(Path("/wheel"), wheel, from_wheel=True) if wheel else None
    monkeypatch.setattr(servers, "wheel_postgres", lambda: carried)


def cluster(home: Path, major: int) -> None:
    (home / str(major) / "data").mkdir(parents=True)
    (home / str(major) / "data" / "PG_VERSION").write_text(str(major))


def test_system_programs_come_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, [17, 15], 18)
    assert choose_postgres(tmp_path).major == 17
    monkeypatch.setenv("ERP_PG", "wheel")
    assert choose_postgres(tmp_path).from_wheel


def test_an_existing_cluster_is_never_left_for_a_newer_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, [17, 15], 18)
    cluster(tmp_path, 18)
    assert choose_postgres(tmp_path).major == 18
    cluster(tmp_path, 15)
    assert choose_postgres(tmp_path).major == 15


def test_a_cluster_without_its_programs_is_said_and_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, [], 18)
    cluster(tmp_path, 16)
    with pytest.raises(Problem, match="PostgreSQL 16"):
        choose_postgres(tmp_path)
    monkeypatch.setenv("ERP_PG", "wheel")
    assert choose_postgres(tmp_path).major == 18


def test_no_programs_at_all_is_a_plain_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, [], None)
    with pytest.raises(Problem, match="No PostgreSQL 15 or newer"):
        choose_postgres(tmp_path)


@pytest.mark.parametrize(("memory", "buffers"), [(1, "128MB"), (4, "512MB"), (8, "1024MB"), (64, "2048MB")])
def test_buffers_follow_memory(memory: int, buffers: str) -> None:
    assert postgres_settings(Purpose.REAL, memory * GIGABYTE, GIGABYTE)["shared_buffers"] == buffers


def test_a_real_server_keeps_its_word_and_a_throw_away_one_need_not() -> None:
    real = postgres_settings(Purpose.REAL, 4 * GIGABYTE, GIGABYTE)
    assert not real.keys() & {"fsync", "full_page_writes", "synchronous_commit"}
    assert real["log_parameter_max_length"] == "0"
    assert postgres_settings(Purpose.THROW_AWAY, 4 * GIGABYTE, GIGABYTE)["fsync"] == "off"


def test_parallel_workers_are_off_where_shared_memory_is_small() -> None:
    small = postgres_settings(Purpose.REAL, 4 * GIGABYTE, 64 * MEGABYTE)
    assert small["max_parallel_workers_per_gather"] == "0"
    assert "max_parallel_workers_per_gather" not in postgres_settings(Purpose.REAL, 4 * GIGABYTE, GIGABYTE)
