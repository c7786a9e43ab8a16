"""The servers we run ourselves, from the wheels, killed and started again."""

import os
import signal
import stat
from pathlib import Path

import psycopg2
import pytest
import redis

from script.house.embedded import Postgres, Valkey, shelf_of
from script.house.problem import Problem
from script.house.processes import marked
from script.house.servers import Purpose
from script.house.state import State, default_folder, write_private


@pytest.fixture(autouse=True)
def _from_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_PG", "wheel")
    monkeypatch.setenv("ERP_VALKEY", "wheel")


def postgres_of(state: State) -> Postgres:
    return Postgres(state, state.keys(), Purpose.THROW_AWAY, shelf_of(State(default_folder())))


def test_postgres_survives_its_own_death_and_a_killed_supervisor(state: State) -> None:
    server = postgres_of(state)
    server.start()
    assert server.process
    connection = psycopg2.connect(server.admin_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id int)")
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("127.0.0.1",)
    connection.close()
    assert server.process.pid in marked(state.folder)
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert server.data.stat().st_uid != 0

    # Another start, as after a kill -9 of its holder: the running one is stopped, nothing is lost.
    second = postgres_of(state)
    second.start()
    server.process.wait(10)
    connection = psycopg2.connect(second.admin_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (0,)
    connection.close()

    # With keys that are not those it was made with, it says so instead of waiting in vain.
    (state.folder / "keys.json").unlink()
    third = postgres_of(state)
    with pytest.raises(Problem, match=r"another keys\.json"):
        third.start()
    third.stop()
    assert second.process
    second.process.wait(10)


def test_a_half_made_cluster_is_made_anew(state: State) -> None:
    server = postgres_of(state)
    part = server.cluster / "data.part"
    part.mkdir()
    (part / "PG_VERSION").write_text("18\n")
    server.start()
    try:
        assert not part.exists()
        assert server.answers()
    finally:
        server.stop()
    assert not (server.data / "postmaster.pid").exists()


def test_valkey_wants_its_password_keeps_its_data_and_can_be_found(state: State) -> None:
    server = Valkey(state, state.keys(), Purpose.REAL, shelf_of(State(default_folder())))
    server.start()
    assert server.process
    client = redis.Redis.from_url(server.url)
    client.set("kept", "yes")
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(host="127.0.0.1", port=server.port).ping()
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    client.close()
    assert server.process.pid in marked(state.folder)
    assert (
        state.keys().valkey_password.encode() not in Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    )
    os.kill(server.process.pid, signal.SIGTERM)
    server.process.wait(10)
    server.start()
    client = redis.Redis.from_url(server.url, decode_responses=True)
    assert client.get("kept") == "yes"
    client.close()
    server.stop()


def test_private_files_are_private(state: State) -> None:
    path = state.folder / "secret"
    write_private(path, "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
