"""Workers take turns between tenants: a huge job of one keeps nobody else waiting for more than a turn."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from core import jobs, outbox
from core.job_wishes import Wish
from core.jobs import JobRun
from core.models import Job
from core.models.jobs import JobStatus
from core.services.jobs import control
from core.tenancy import tenant
from tests.conftest import fresh_tenant
from tests.core.test_jobs import job_of, wire

__all__ = ["wire"]
Wire = Callable[[jobs.JobFunction], None]
HUGE = 40


class Worker:
    """One worker process and its broker: nudges first in, first out."""

    def __init__(self) -> None:
        self.nudges: deque[tuple[int, int]] = deque()
        self.steps: list[int] = []  # job ids, in the order of their steps
        self.between: Callable[[JobRun], None] = lambda _run: None

    def hear(self, task: str, tenant_id: int, job_id: int) -> None:
        assert task == "core.tasks.run_job"
        self.nudges.append((tenant_id, job_id))

    def work(self) -> int:
        """Until nothing is nudged for; turns taken."""
        turns = 0
        while self.nudges:
            turns += jobs.take_turn(*self.nudges.popleft())
        return turns

    def step(self, run: JobRun) -> Mapping[str, Any]:
        while run.cursor.get("done", 0) < run.params["steps"]:
            run.heartbeat()  # as a function that reads a long file does
            with run.chunk() as chunk:
                chunk.cursor["done"] = chunk.cursor.get("done", 0) + 1
                chunk.advance(done=1)
            self.steps.append(run.job_id)
            self.between(run)
        return {}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Worker:
    """Turns that are over after one step, and nothing else to do."""
    made = Worker()
    wire(made.step)
    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)
    for tenant_id, job_id in jobs.due():
        jobs.settle(tenant_id, job_id)
        with tenant(tenant_id):
            control(job_ids=[job_id], wish=Wish.CANCEL, actor_id=None)
    monkeypatch.setattr(outbox, "nudge", made.hear)
    monkeypatch.setattr(jobs, "TURN_S", 0.0)
    monkeypatch.setattr(jobs, "monotonic", lambda: 0.0)
    monkeypatch.setattr(jobs, "WAIT_S", 0.0)
    return made


def queue(tenant_id: int, steps: int) -> int:
    with tenant(tenant_id):
        return jobs.start("steps", "", {"steps": steps})


def test_a_small_job_beside_a_huge_one_of_another_tenant_is_done_after_a_few_chunks(
    tenant_id: int, other_tenant_id: int, worker: Worker
) -> None:
    huge, small = queue(tenant_id, HUGE), []

    def begin(run: JobRun) -> None:
        if run.job_id == huge and run.cursor["done"] == 3:
            small.append(queue(other_tenant_id, 2))

    worker.between = begin
    worker.work()
    began, ended = 3, len(worker.steps) - worker.steps[::-1].index(small[0])
    assert worker.steps[began:ended].count(huge) <= 2
    for owner, job_id in ((tenant_id, huge), (other_tenant_id, small[0])):
        assert job_of(owner, job_id).status == JobStatus.DONE
    assert job_of(tenant_id, huge).rows_done == HUGE


def test_a_job_that_nobody_waits_behind_is_done_in_one_turn(tenant_id: int, worker: Worker) -> None:
    queue(tenant_id, HUGE)
    assert worker.work() == 1


def test_before_a_step_forward_a_turn_is_not_over(
    tenant_id: int, other_tenant_id: int, worker: Worker
) -> None:
    """What was read of a long file would be lost, again and again."""
    first = queue(tenant_id, 2)
    queue(other_tenant_id, 1)
    worker.work()
    assert worker.steps[0] == first
    assert job_of(tenant_id, first).attempts <= 1


def test_many_jobs_of_one_tenant_are_one_turn_to_the_others(
    tenant_id: int, other_tenant_id: int, worker: Worker
) -> None:
    crowd = [queue(tenant_id, 2) for _ in range(20)]
    single = queue(other_tenant_id, 2)
    worker.work()
    assert worker.steps.index(single) <= 1
    assert sum(job_id in crowd for job_id in worker.steps[: worker.steps.index(single) + 4]) <= 4
    assert len(worker.steps) == 42


def test_huge_jobs_of_many_tenants_go_round(worker: Worker) -> None:
    owners = [fresh_tenant() for _ in range(4)]
    found = {queue(owner, 6): owner for owner in owners}
    worker.work()
    rounds = [worker.steps[start : start + 4] for start in range(0, 24, 4)]
    assert all(set(each) == set(found) for each in rounds), rounds


def test_of_one_tenants_jobs_the_one_that_waits_longest_is_next(tenant_id: int, worker: Worker) -> None:
    first, second = queue(tenant_id, 3), queue(tenant_id, 3)
    worker.work()
    assert worker.steps == [first, second] * 3


def test_the_tenant_that_fewest_workers_work_for_is_first(
    tenant_id: int, other_tenant_id: int, worker: Worker
) -> None:
    at_work, waits, others = (
        queue(tenant_id, 1),
        queue(tenant_id, 1),
        [queue(other_tenant_id, 1) for _ in range(2)],
    )
    assert jobs._take(tenant_id, at_work, None) is not None
    assert jobs.in_turn() == [(other_tenant_id, others[0]), (other_tenant_id, others[1]), (tenant_id, waits)]
    assert jobs.is_somebody_waiting(tenant_id)
    assert jobs._take(other_tenant_id, others[0], None) is not None
    assert jobs.in_turn()[0] == (tenant_id, waits), "a worker each: the one whose turn is longer ago"


def test_a_worker_for_each_tenant_does_not_change_places_for_nothing(
    tenant_id: int, other_tenant_id: int, worker: Worker
) -> None:
    """Two tenants, two workers, three jobs: only the tenant with a second job waiting goes round."""
    mine, other = queue(tenant_id, 1), [queue(other_tenant_id, 1) for _ in range(2)]
    assert jobs._take(tenant_id, mine, None) is not None
    assert jobs._take(other_tenant_id, other[0], None) is not None
    assert not jobs.is_somebody_waiting(tenant_id)
    assert jobs.is_somebody_waiting(other_tenant_id)


def test_a_nudge_whose_job_nobody_waits_for_is_worth_nothing(
    tenant_id: int, other_tenant_id: int, worker: Worker
) -> None:
    ended = queue(tenant_id, 1)
    worker.work()
    waiting = queue(other_tenant_id, 1)
    assert not jobs.take_turn(tenant_id, ended)
    assert job_of(other_tenant_id, waiting).status == JobStatus.QUEUED


def test_a_turn_given_back_is_taken_up_where_it_was(
    tenant_id: int, other_tenant_id: int, worker: Worker
) -> None:
    first, second = queue(tenant_id, 5), queue(other_tenant_id, 5)
    turns = worker.work()
    assert turns > 2
    for owner, job_id in ((tenant_id, first), (other_tenant_id, second)):
        job = job_of(owner, job_id)
        assert (job.rows_done, job.status, job.attempts, worker.steps.count(job_id)) == (
            5, JobStatus.DONE, 1, 5,
        )  # fmt: skip


def test_pause_and_resume_between_turns(tenant_id: int, other_tenant_id: int, worker: Worker) -> None:
    first = queue(tenant_id, 6)
    queue(other_tenant_id, 6)

    def meddle(run: JobRun) -> None:
        if len(worker.steps) % 3 == 1:
            with tenant(tenant_id):
                job = Job.objects.get(id=first)
                if job.status in ("QUEUED", "RUNNING"):
                    control(job_ids=[first], wish=Wish.PAUSE, actor_id=None)
        elif len(worker.steps) % 3 == 0:
            with tenant(tenant_id):
                if Job.objects.get(id=first).status == "PAUSED":
                    control(job_ids=[first], wish=Wish.RESUME, actor_id=None)

    worker.between = meddle
    worker.work()
    while job_of(tenant_id, first).status != JobStatus.DONE:
        with tenant(tenant_id):
            control(job_ids=[first], wish=Wish.RESUME, actor_id=None)
        worker.work()
    assert worker.steps.count(first) == 6
