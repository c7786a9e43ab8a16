"""Pause, resume, cancel: one clear end whoever presses what when, nothing half done, also when the runner is dead."""

import itertools
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from core import clockwork, db, jobs, outbox
from core.errors import Conflict, ERPError, NotFound
from core.job_wishes import Change, Refused, Standing, Wish, answer
from core.jobs import JobRun
from core.models import AuditEntry
from core.models.jobs import JobStatus
from core.services.accounts import record
from core.services.jobs import control
from core.tenancy import tenant
from tests.builders import make_job
from tests.core.test_jobs import STEPS, job_of, let_the_lease_run_out, start, step, steps_made, wire

__all__ = ["wire"]
Wire = Callable[[jobs.JobFunction], None]


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    nudged: list[tuple[object, ...]] = []
    monkeypatch.setattr(outbox, "nudge", lambda *asked: nudged.append(asked))
    return nudged


def want(tenant_id: int, job_id: int, wish: Wish) -> Change | None:
    with tenant(tenant_id):
        return control(job_ids=[job_id], wish=wish, actor_id=7)[job_id]


def press(tenant_id: int, job_id: int, wish: Wish, gate: threading.Barrier | None = None) -> object:
    """In a thread of its own: what it came to, or the code of the refusal."""
    try:
        if gate:
            gate.wait(10)
        return want(tenant_id, job_id, wish)
    except ERPError as refusal:
        return refusal.code
    finally:
        connections.close_all()


def asking_between(wish: Wish, after: int) -> Callable[[JobRun], Mapping[str, Any]]:
    """The five steps; the wish comes when `after` steps are committed."""

    def function(run: JobRun) -> Mapping[str, Any]:
        for done in range(run.cursor.get("done", 0), STEPS + 1):
            if done == after:
                want(run.tenant_id, run.job_id, wish)
            if done < STEPS:
                one_step(run, done)
        return {"done": STEPS}

    return function


def one_step(run: JobRun, done: int) -> None:
    with run.chunk() as chunk:
        record("step", "job", done, actor_id=None)
        chunk.cursor["done"] = done + 1
        chunk.advance(done=1)


@pytest.mark.parametrize("after", range(STEPS))
def test_a_paused_job_keeps_its_place_and_goes_on_from_it(tenant_id: int, wire: Wire, after: int) -> None:
    wire(asking_between(Wish.PAUSE, after))
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.asked, job.rows_done, job.lease_token, job.finished_at) == (
        JobStatus.PAUSED, "", after, None, None,
    )  # fmt: skip
    assert not jobs.run(tenant_id, job_id), "nobody takes a paused job"
    assert (tenant_id, job_id) not in jobs.due()
    assert want(tenant_id, job_id, Wish.RESUME) == Change("QUEUED")
    wire(step)
    assert jobs.run(tenant_id, job_id)
    assert steps_made(tenant_id) == list(range(STEPS))
    assert job_of(tenant_id, job_id).rows_done == STEPS


@pytest.mark.parametrize("after", range(STEPS))
def test_a_cancelled_job_leaves_what_it_did(tenant_id: int, wire: Wire, after: int) -> None:
    wire(asking_between(Wish.CANCEL, after))
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.asked, job.rows_done, job.lease_token) == (JobStatus.CANCELLED, "", after, None)
    assert job.finished_at is not None
    assert steps_made(tenant_id) == list(range(after))
    with pytest.raises(Conflict, match="已经结束"):
        want(tenant_id, job_id, Wish.RESUME)


@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.CANCEL])
def test_a_wish_after_the_last_step_finds_the_job_done(tenant_id: int, wire: Wire, wish: Wish) -> None:
    wire(asking_between(wish, STEPS))
    job_id = start(tenant_id)
    assert jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.asked, job.rows_done) == (JobStatus.DONE, "", STEPS)


@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.CANCEL])
@pytest.mark.parametrize("at", [0, 2, STEPS - 1])
def test_a_wish_while_a_step_is_under_way_waits_for_the_step(
    tenant_id: int, wire: Wire, wish: Wish, at: int
) -> None:
    with ThreadPoolExecutor(1) as pool:

        def press_at(done: int, run: JobRun) -> None:
            if done == at:
                pool.submit(press, run.tenant_id, run.job_id, wish)

        wire(lambda run: step(run, lambda done: press_at(done, run)))
        job_id = start(tenant_id)
        jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert job.status in {JobStatus.DONE, JobStatus.PAUSED, JobStatus.CANCELLED}
    assert steps_made(tenant_id) == list(range(job.rows_done)), "whole steps only"
    assert job.rows_done > at


def test_a_queued_job_is_paused_and_cancelled_at_once(
    tenant_id: int, no_broker: list[tuple[object, ...]]
) -> None:
    job_id = start(tenant_id)
    assert want(tenant_id, job_id, Wish.PAUSE) == Change("PAUSED")
    assert want(tenant_id, job_id, Wish.PAUSE) is None
    no_broker.clear()
    assert want(tenant_id, job_id, Wish.RESUME) == Change("QUEUED")
    assert no_broker == [("core.tasks.run_job", tenant_id, job_id)]
    assert want(tenant_id, job_id, Wish.RESUME) is None
    assert want(tenant_id, job_id, Wish.PAUSE) == Change("PAUSED")
    assert want(tenant_id, job_id, Wish.CANCEL) == Change("CANCELLED")
    assert want(tenant_id, job_id, Wish.CANCEL) is None
    with tenant(tenant_id):
        entries = AuditEntry.objects.filter(object_kind="job", object_id=job_id).order_by("at", "id")
        told = [(entry.action, entry.actor_id, entry.detail["status"]) for entry in entries]
    assert told == [
        ("pause", 7, "PAUSED"), ("resume", 7, "QUEUED"), ("pause", 7, "PAUSED"), ("cancel", 7, "CANCELLED"),
    ]  # fmt: skip


def die_after(steps: int) -> Callable[[JobRun], Mapping[str, Any]]:
    def dies(done: int) -> None:
        if done == steps:
            raise OperationalError("killed")

    return lambda run: step(run, dies)


@pytest.mark.parametrize(
    ("wish", "end"), [(Wish.PAUSE, JobStatus.PAUSED), (Wish.CANCEL, JobStatus.CANCELLED)]
)
def test_a_job_whose_runner_is_dead_changes_at_once(
    tenant_id: int, wire: Wire, wish: Wish, end: JobStatus
) -> None:
    wire(die_after(2))
    job_id = start(tenant_id)
    jobs.run(tenant_id, job_id)
    let_the_lease_run_out(tenant_id)
    assert want(tenant_id, job_id, wish) == Change(end)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.rows_done, job.cursor, job.lease_token) == (end, 2, {"done": 2}, None)


@pytest.mark.parametrize("by", ["the clock", "the next runner"])
@pytest.mark.parametrize(
    ("wish", "end"), [(Wish.PAUSE, JobStatus.PAUSED), (Wish.CANCEL, JobStatus.CANCELLED)]
)
def test_what_was_asked_of_a_runner_that_died_is_done_without_it(
    tenant_id: int, wire: Wire, wish: Wish, end: JobStatus, by: str
) -> None:
    wire(die_after(2))
    job_id = start(tenant_id)
    jobs.run(tenant_id, job_id)
    assert want(tenant_id, job_id, wish) == Change("RUNNING", wish.upper())
    jobs.settle_all()
    assert job_of(tenant_id, job_id).status == JobStatus.RUNNING, "its lease still runs"
    let_the_lease_run_out(tenant_id)
    if by == "the clock":
        clockwork.Nudger(away_s=3600).once()
    else:
        assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.asked, job.rows_done, job.lease_token) == (end, "", 2, None)


def test_a_slow_runner_finds_its_job_paused_behind_its_back(tenant_id: int, wire: Wire) -> None:
    def slow(run: JobRun) -> Mapping[str, Any]:
        run.heartbeat()
        let_the_lease_run_out(run.tenant_id)
        assert want(run.tenant_id, run.job_id, Wish.PAUSE) == Change("PAUSED")
        return step(run)

    wire(slow)
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    assert (job_of(tenant_id, job_id).status, steps_made(tenant_id)) == (JobStatus.PAUSED, [])


def test_a_pause_can_be_taken_back_before_the_runner_saw_it(tenant_id: int, wire: Wire) -> None:
    def function(run: JobRun) -> Mapping[str, Any]:
        run.heartbeat()
        assert want(run.tenant_id, run.job_id, Wish.PAUSE) == Change("RUNNING", "PAUSE")
        assert want(run.tenant_id, run.job_id, Wish.RESUME) == Change("RUNNING")
        return step(run)

    wire(function)
    job_id = start(tenant_id)
    assert jobs.run(tenant_id, job_id)
    assert job_of(tenant_id, job_id).status == JobStatus.DONE


STATUSES = [status.value for status in JobStatus]
STANDINGS = [
    Standing(status, asked, is_held)
    for status, asked, is_held in itertools.product(STATUSES, ["", "PAUSE", "CANCEL"], [False, True])
    if not (status != "RUNNING" and (asked or is_held))
]


@pytest.mark.parametrize("job", STANDINGS, ids=str)
@pytest.mark.parametrize("first", list(Wish))
@pytest.mark.parametrize("second", list(Wish))
def test_the_laws_of_wishes(job: Standing, first: Wish, second: Wish) -> None:
    """Repeated is once; nothing leaves an end; cancel wins in either order; a question stands only while somebody can answer."""

    def after(standing: Standing, wish: Wish) -> Standing:
        got = answer(standing, wish)
        if got is None or isinstance(got, Refused):
            return standing
        return Standing(got.status, got.asked, standing.is_held and got.status == "RUNNING")

    once = after(job, first)
    assert after(once, first) == once
    if job.status in ("DONE", "FAILED", "CANCELLED"):
        assert once == job
    if not once.is_held and once != job:
        assert once.asked == ""
    if Wish.CANCEL in (first, second):
        end = after(once, second)
        if job.status in ("QUEUED", "RUNNING", "PAUSED"):
            assert end.status == "CANCELLED" or end.asked == "CANCEL"


@pytest.mark.parametrize("_again", range(8))
def test_two_people_and_the_runner_at_the_same_instant_make_one_end(
    tenant_id: int, wire: Wire, _again: int
) -> None:
    wire(step)
    job_id = start(tenant_id)
    gate = threading.Barrier(3)

    def work() -> object:
        try:
            gate.wait(10)
            return jobs.run(tenant_id, job_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        pause, cancel = [
            pool.submit(press, tenant_id, job_id, wish, gate) for wish in (Wish.PAUSE, Wish.CANCEL)
        ]
        ran = pool.submit(work)
        told = (pause.result(60), cancel.result(60), ran.result(60))
    job = job_of(tenant_id, job_id)
    assert (job.status, job.asked, job.finished_at is None) in {
        (JobStatus.DONE, "", False), (JobStatus.CANCELLED, "", False),
    }, told  # fmt: skip
    assert steps_made(tenant_id) == list(range(job.rows_done))
    assert (job.status == JobStatus.DONE) == (ran.result() is True)
    if told[1] == "job_ended":
        assert job.status == JobStatus.DONE


def test_one_that_is_refused_leaves_all_as_they_were(tenant_id: int, other_tenant_id: int) -> None:
    waiting = start(tenant_id)
    with tenant(tenant_id):
        ended = make_job()
    with tenant(other_tenant_id):
        foreign = make_job(status=JobStatus.QUEUED)
    for other, refusal in ((ended, Conflict), (foreign, NotFound)):
        with pytest.raises(refusal), tenant(tenant_id):
            control(job_ids=[other, waiting], wish=Wish.CANCEL, actor_id=None)
    assert job_of(tenant_id, waiting).status == JobStatus.QUEUED
    assert job_of(other_tenant_id, foreign).status == JobStatus.QUEUED


def test_many_jobs_cost_as_many_statements_as_one(tenant_id: int) -> None:
    def cost(job_ids: list[int]) -> int:
        seen = []

        def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
            seen.append(sql)
            return execute(sql, params, many, context)

        with tenant(tenant_id):
            db.new_ids(1)
            with connection.execute_wrapper(note):
                control(job_ids=job_ids, wish=Wish.PAUSE, actor_id=None)
        return sum("nextval" not in sql for sql in seen)

    assert cost([start(tenant_id)]) == cost([start(tenant_id) for _ in range(9)]) == 3
