"""Jobs: progress and effect commit together, and whatever kills the runner, the work goes on where it was."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import OperationalError, connections

from core import db, jobs
from core.errors import Invalid
from core.jobs import JobRun, LeaseLost
from core.models import AuditEntry, Job
from core.models.jobs import JobStatus
from core.services import accounts
from core.tenancy import tenant

STEPS = 5
Wire = Callable[[jobs.JobFunction], None]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The function that runs jobs of the kind "steps"."""

    def set_function(function: jobs.JobFunction) -> None:
        monkeypatch.setattr(jobs, "import_string", lambda _name: {"steps": function})

    return set_function


def start(tenant_id: int) -> int:
    with tenant(tenant_id):
        return jobs.start("steps", "五步", {"steps": STEPS})


def step(run: JobRun, after: Callable[[int], None] | None = None) -> Mapping[str, Any]:
    """STEPS chunks, each leaving one entry in the audit trail; `after` may die inside the chunk."""
    while run.cursor.get("done", 0) < run.params["steps"]:
        with run.chunk() as chunk:
            done = chunk.cursor.get("done", 0)
            accounts.record("step", "job", done, actor_id=None)
            chunk.rows_total = STEPS
            chunk.cursor["done"] = done + 1
            chunk.advance(done=1)
            if after:
                after(done)
    return {"done": run.cursor["done"]}


def job_of(tenant_id: int, job_id: int) -> Job:
    with tenant(tenant_id):
        return Job.objects.get(id=job_id)


def steps_made(tenant_id: int) -> list[int | None]:
    with tenant(tenant_id):
        return list(
            AuditEntry.objects.filter(action="step").order_by("at", "id").values_list("object_id", flat=True)
        )


def let_the_lease_run_out(tenant_id: int) -> None:
    with tenant(tenant_id):
        db.execute("UPDATE core_job SET lease_until = clock_timestamp() - interval '1 second'")


def test_a_job_runs_to_its_end(tenant_id: int, wire: Wire) -> None:
    wire(step)
    job_id = start(tenant_id)
    assert (tenant_id, job_id) in jobs.due()
    assert jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.rows_done, job.rows_total, job.result) == (
        JobStatus.DONE,
        STEPS,
        STEPS,
        {"done": STEPS},
    )
    assert (job.attempts, job.lease_until) == (1, None)
    assert job.finished_at is not None
    assert steps_made(tenant_id) == list(range(STEPS))
    assert not jobs.run(tenant_id, job_id)
    assert (tenant_id, job_id) not in jobs.due()


def test_progress_and_effect_are_one_transaction(tenant_id: int, wire: Wire) -> None:
    seen: list[tuple[int, int]] = []

    def watched(run: JobRun) -> Mapping[str, Any]:
        def look(done: int) -> None:
            if done == 3:
                raise OperationalError("gone")

        try:
            return step(run, look)
        finally:
            seen.append((job_of(run.tenant_id, run.job_id).rows_done, len(steps_made(run.tenant_id))))

    wire(watched)
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.rows_done, job.cursor, job.status) == (3, {"done": 3}, JobStatus.RUNNING)
    assert seen == [(3, 3)]


def test_a_database_that_went_away_leaves_the_job_to_be_resumed(tenant_id: int, wire: Wire) -> None:
    deaths = iter([OperationalError("server closed the connection")])

    def dies(done: int) -> None:
        if done == 2 and (death := next(deaths, None)):
            raise death

    wire(lambda run: step(run, dies))
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    assert not jobs.run(tenant_id, job_id), "its lease still runs"
    let_the_lease_run_out(tenant_id)
    assert (tenant_id, job_id) in jobs.due()
    assert jobs.run(tenant_id, job_id)
    assert steps_made(tenant_id) == list(range(STEPS))
    assert job_of(tenant_id, job_id).attempts == 1, "a step forward counts anew"


def test_a_job_that_kills_every_runner_is_given_up(tenant_id: int, wire: Wire) -> None:
    def dies(_done: int) -> None:
        raise OperationalError("out of memory")

    wire(lambda run: step(run, dies))
    job_id = start(tenant_id)
    for _ in range(jobs.GIVE_UP_AFTER):
        assert not jobs.run(tenant_id, job_id)
        assert job_of(tenant_id, job_id).status == JobStatus.RUNNING
        let_the_lease_run_out(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert job.status == JobStatus.FAILED and str(jobs.GIVE_UP_AFTER) in job.error
    assert steps_made(tenant_id) == []


@pytest.mark.parametrize("fatal_step", [0, 2, STEPS - 1])
def test_a_killed_process_loses_at_most_its_open_chunk(tenant_id: int, wire: Wire, fatal_step: int) -> None:
    wire(lambda run: step(run, lambda done: os._exit(9) if done == fatal_step else None))
    job_id = start(tenant_id)
    connections.close_all()
    child = os.fork()
    if child == 0:
        jobs.run(tenant_id, job_id)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert steps_made(tenant_id) == list(range(fatal_step))
    wire(step)
    let_the_lease_run_out(tenant_id)
    assert jobs.run(tenant_id, job_id)
    assert steps_made(tenant_id) == list(range(STEPS))
    assert job_of(tenant_id, job_id).rows_done == STEPS


def test_a_kill_after_the_last_chunk_finishes_without_doing_it_again(tenant_id: int, wire: Wire) -> None:
    class Killed(BaseException):
        pass

    def dies_at_the_end(run: JobRun) -> Mapping[str, Any]:
        step(run)
        raise Killed

    wire(dies_at_the_end)
    job_id = start(tenant_id)
    with pytest.raises(Killed):
        jobs.run(tenant_id, job_id)
    wire(step)
    let_the_lease_run_out(tenant_id)
    assert jobs.run(tenant_id, job_id)
    assert steps_made(tenant_id) == list(range(STEPS))
    assert job_of(tenant_id, job_id).result == {"done": STEPS}


def test_who_lost_the_lease_writes_nothing_more(tenant_id: int, wire: Wire) -> None:
    lost: list[int] = []

    def slow(run: JobRun) -> Mapping[str, Any]:
        with run.chunk() as chunk:
            chunk.cursor["done"] = 1
        let_the_lease_run_out(run.tenant_id)  # a long pause: another worker takes over
        wire(lambda other: {"by": "the other"})
        assert jobs.run(run.tenant_id, run.job_id)
        try:
            with run.chunk():
                accounts.record("step", "job", 99, actor_id=None)
        except LeaseLost:
            lost.append(1)
            raise
        return {"by": "the slow one"}

    wire(slow)
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    assert lost == [1]
    job = job_of(tenant_id, job_id)
    assert (job.status, job.result) == (JobStatus.DONE, {"by": "the other"})
    assert steps_made(tenant_id) == []


def test_a_chunk_past_its_lease_keeps_the_job_while_nobody_took_it(tenant_id: int, wire: Wire) -> None:
    def slow(run: JobRun) -> Mapping[str, Any]:
        let_the_lease_run_out(run.tenant_id)
        run.heartbeat()
        assert not jobs.run(run.tenant_id, run.job_id)
        return step(run)

    wire(slow)
    assert jobs.run(tenant_id, start(tenant_id))


def cancel(tenant_id: int) -> None:
    with tenant(tenant_id):
        db.execute("UPDATE core_job SET status = 'CANCELLED', finished_at = clock_timestamp()")


def test_a_cancelled_job_stops_at_the_next_chunk(tenant_id: int, wire: Wire) -> None:
    def cancelled_halfway(run: JobRun) -> Mapping[str, Any]:
        with run.chunk() as chunk:
            accounts.record("step", "job", 0, actor_id=None)
            chunk.advance(done=1)
        cancel(run.tenant_id)
        return step(run)

    wire(cancelled_halfway)
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.rows_done) == (JobStatus.CANCELLED, 1)
    assert steps_made(tenant_id) == [0]


def test_a_job_cancelled_after_its_last_chunk_stays_cancelled(tenant_id: int, wire: Wire) -> None:
    def cancelled_at_the_end(run: JobRun) -> Mapping[str, Any]:
        done = step(run)
        cancel(run.tenant_id)
        return done

    wire(cancelled_at_the_end)
    job_id = start(tenant_id)
    jobs.run(tenant_id, job_id)
    assert job_of(tenant_id, job_id).status == JobStatus.CANCELLED


def test_a_cancelled_job_is_not_taken(tenant_id: int, wire: Wire) -> None:
    wire(step)
    job_id = start(tenant_id)
    cancel(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    assert (tenant_id, job_id) not in jobs.due()


def test_a_refusal_ends_the_job_with_its_words(tenant_id: int, wire: Wire) -> None:
    def refuses(run: JobRun) -> Mapping[str, Any]:
        raise Invalid("第 3 行，数量要大于 0。")

    wire(refuses)
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.error) == (JobStatus.FAILED, "第 3 行，数量要大于 0。")
    assert job.finished_at is not None


def test_a_defect_ends_the_job_and_says_what_it_was(tenant_id: int, wire: Wire) -> None:
    def broken(run: JobRun) -> Mapping[str, Any]:
        missing: dict[str, None] = {}
        step(run, lambda done: missing["a\x00b"] if done == 2 else None)
        return {}

    wire(broken)
    job_id = start(tenant_id)
    assert not jobs.run(tenant_id, job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.rows_done) == (JobStatus.FAILED, 2)
    assert "KeyError" in job.error


def test_a_kind_nobody_knows_is_a_failure_not_a_loop(tenant_id: int) -> None:
    with tenant(tenant_id):
        job_id = jobs.start("no.such.kind", "?", {})
    assert not jobs.run(tenant_id, job_id)
    assert job_of(tenant_id, job_id).status == JobStatus.FAILED


def test_again_starts_a_finished_job_from_its_beginning_and_leaves_an_unfinished_one(
    tenant_id: int, wire: Wire
) -> None:
    wire(step)
    job_id = start(tenant_id)
    jobs.run(tenant_id, job_id)
    with tenant(tenant_id):
        jobs.again(job_id)
    job = job_of(tenant_id, job_id)
    assert (job.status, job.cursor, job.rows_done, job.finished_at) == (JobStatus.QUEUED, {}, 0, None)
    assert jobs.run(tenant_id, job_id)
    with tenant(tenant_id):
        db.execute("UPDATE core_job SET status = 'RUNNING', finished_at = NULL, cursor = '{\"done\": 3}'")
        jobs.again(job_id)
    assert job_of(tenant_id, job_id).cursor == {"done": 3}


def test_a_job_of_another_tenant_is_not_there(tenant_id: int, other_tenant_id: int, wire: Wire) -> None:
    wire(step)
    job_id = start(tenant_id)
    assert not jobs.run(other_tenant_id, job_id)
    assert job_of(tenant_id, job_id).status == JobStatus.QUEUED
