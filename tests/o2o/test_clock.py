"""The clock process: deadlines on time, fair between tenants, alive after the database went away."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connections

from core import clockwork, db, outbox
from core.clockwork import Nudger, Sweep, Sweeper, Swept
from core.tenancy import tenant
from o2o import sweep as rounds
from o2o.services import dispatches
from tests.conftest import fresh_tenant
from tests.o2o import scene

ROOT = Path(__file__).resolve().parents[2]
SWEEPS = {"o2o.rounds": Sweep(rounds.deadlines, rounds.advance)}


def status_of(tenant_id: int, dispatch_id: int) -> str:
    with tenant(tenant_id):
        return str(scene.dispatch(dispatch_id)["status"])


def due_dispatch(tenant_id: int, seconds: float = 1) -> int:
    with tenant(tenant_id):
        city = scene.make_city(1)
        scene.set_rounds(scene.round_of(1))
        (dispatch_id,) = scene.offer(city)
        scene.make_due([dispatch_id], seconds)
    return dispatch_id


def test_what_is_due_moves_in_every_tenant(tenant_id: int, other_tenant_id: int) -> None:
    ids = {each: due_dispatch(each) for each in (tenant_id, other_tenant_id)}
    sweeper = Sweeper(SWEEPS)
    while sweeper.once() == 0.0:
        pass
    assert {status_of(*pair) for pair in ids.items()} == {"FALLBACK"}


def test_what_is_not_due_yet_stays_and_is_looked_for_again(tenant_id: int) -> None:
    dispatch_id = due_dispatch(tenant_id, -60)
    sweeper = Sweeper(SWEEPS)
    while (wait := sweeper.once()) == 0.0:
        pass
    assert wait <= clockwork.TICK_S
    assert status_of(tenant_id, dispatch_id) == "OFFERING"
    assert tenant_id in [each for each, _seconds in rounds.deadlines()]


@pytest.mark.parametrize(("seconds", "wait"), [(0.1, 0.1), (60, clockwork.TICK_S)])
def test_the_clock_sleeps_until_the_next_deadline_or_a_tick(seconds: float, wait: float) -> None:
    assert Sweeper({"x": Sweep(lambda: [(1, seconds)], lambda _tenant: Swept(0, 0.0))}).once() == wait


def test_one_probe_a_tenant_lists_the_earliest(tenant_id: int, other_tenant_id: int) -> None:
    for each in (tenant_id, other_tenant_id):
        due_dispatch(each, -50)
        with tenant(each):
            scene.offer(scene.make_city(1), 3)
    found = dict(rounds.deadlines())
    assert 0 < found[tenant_id] <= 50
    assert 0 < found[other_tenant_id] <= 50


def test_a_tenant_whose_sweep_fails_keeps_nobody_waiting() -> None:
    moved: list[int] = []

    def advance(tenant_id: int) -> Swept:
        if tenant_id == 1:
            raise ValueError("bad row")
        moved.append(tenant_id)
        return Swept(1, 0.0)

    sweeper = Sweeper({"x": Sweep(lambda: [(1, -1.0), (2, -1.0), (3, 5.0)], advance)})
    assert sweeper.once() == 0.0
    sweeper.once()
    assert sorted(set(moved)) == [2]
    assert ("x", 1) in sweeper.paused


def test_one_bad_dispatch_stops_no_other(tenant_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = due_dispatch(tenant_id), due_dispatch(tenant_id, 5)
    real = dispatches.advance_due

    def advance(*, limit: int, dispatch_ids: list[int] | None = None) -> dispatches.Advanced:
        done = real(limit=limit, dispatch_ids=dispatch_ids)
        if bad in (*done.fell_back, *done.offered):
            raise ValueError("bad row")
        return done

    monkeypatch.setattr(dispatches, "advance_due", advance)
    assert rounds.advance(tenant_id).moved == 1
    assert (status_of(tenant_id, good), status_of(tenant_id, bad)) == ("FALLBACK", "OFFERING")
    with pytest.raises(RuntimeError):
        rounds.advance(tenant_id)


def test_the_clock_comes_back_when_the_database_does() -> None:
    stop, looks = threading.Event(), []

    def look() -> list[tuple[int, float]]:
        looks.append(time.monotonic())
        if len(looks) < 3:
            raise OperationalError("server closed the connection unexpectedly")
        stop.set()
        return []

    Sweeper({"x": Sweep(look, lambda _tenant: Swept(0, 0.0))}, stop).forever()
    assert len(looks) == 3


def test_facts_that_no_worker_takes_are_delivered_by_the_clock(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(outbox, "nudge", lambda *call: asked.append(call))
    with tenant(tenant_id):
        outbox.emit("NobodyListens", {})
    Nudger(grace_s=0.0, away_s=60).once()
    assert ("core.tasks.deliver", tenant_id) in asked
    asked.clear()
    Nudger(grace_s=60, away_s=60).once()
    assert asked == []
    Nudger(grace_s=0.0, away_s=0.0).once()
    with tenant(tenant_id):
        assert db.rows("SELECT count(*) FROM core_outbox WHERE done_at IS NULL") == [(0,)]


def test_a_slow_broker_is_asked_once_a_pass(tenant_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(clockwork, "SLOW_NUDGE_S", 0.0)
    monkeypatch.setattr(outbox, "nudge", lambda *call: asked.append(call))
    for each in (tenant_id, fresh_tenant()):
        with tenant(each):
            outbox.emit("NobodyListens", {})
    asked.clear()
    Nudger(grace_s=0.0, away_s=60).once()
    assert len(asked) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_moves_deadlines_and_stops_when_told(tenant_id: int, number: signal.Signals) -> None:
    dispatch_id = due_dispatch(tenant_id)
    connections.close_all()
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "erp.settings"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "clock", "--deliver-after", "0"], cwd=ROOT, env=env
    )
    try:
        until = time.monotonic() + 60
        while status_of(tenant_id, dispatch_id) == "OFFERING" and time.monotonic() < until:
            time.sleep(0.2)
        assert status_of(tenant_id, dispatch_id) == "FALLBACK"
        process.send_signal(number)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(20)
