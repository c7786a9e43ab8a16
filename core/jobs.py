"""Background jobs: progress people watch, work that survives any kill.

A job is a row with a cursor.  The runner holds a lease; every chunk is one transaction that locks the row, proves the lease, does the
work, and writes progress, cursor and a longer lease: all of it or nothing.  A killed runner's lease runs out and another goes on at
the cursor.

People ask in a column (core.services.jobs); the runner looks at it under the same lock, before each chunk, so nothing is left half
done.  A worker works in turns: a job that had its turn goes back to the queue as soon as somebody else's waits.
"""

import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import db, live, outbox, statistics
from core.db import Rank
from core.errors import ERPError
from core.models import Job
from core.models.jobs import RUNNABLE, UNFINISHED, Asked, JobStatus
from core.tenancy import current_tenant, tenant

log = logging.getLogger(__name__)
LEASE_S = 20
GIVE_UP_AFTER = 30  # runners in a row that got nowhere (killed, or without a database): ten minutes; any step forward counts anew
TURN_S = 1.0  # a worker stays this long with a job while others wait; never less than one step forward
WAIT_S = 0.3  # who waits less may be on its way to an idle worker
TABLE = Job._meta.db_table


class LeaseLost(Exception):
    """The job is no longer this runner's: another took it, it was paused or cancelled, or its turn is over.  It stops without a word."""


_LEAVES = {Asked.PAUSE.value: JobStatus.PAUSED, Asked.CANCEL.value: JobStatus.CANCELLED}


@dataclass(slots=True)
class Chunk:
    """One transaction's share of a job.  Change `cursor` and call `advance`; it is stored on leaving the block."""

    cursor: dict[str, Any]
    rows_done: int
    rows_failed: int
    rows_total: int | None

    def advance(self, *, done: int = 0, failed: int = 0) -> None:
        self.rows_done += done
        self.rows_failed += failed


@dataclass(slots=True)
class JobRun:
    """What a job's function gets: its parameters and the way to work in chunks."""

    tenant_id: int
    job_id: int
    kind: str
    params: Mapping[str, Any]
    token: int
    attempts: int  # runners that took it since the last step forward, this one included
    cursor: dict[str, Any] = field(default_factory=dict)  # as of the last committed chunk
    turn_ends: float | None = None  # on this process's steady clock; None: it stays to the end
    taken_at: float = 0.0
    has_moved: bool = (
        False  # a step forward since it was taken: before that, giving it back would lose what was read
    )

    @contextmanager
    def chunk(self) -> Iterator[Chunk]:
        """One tenant transaction under the job's lock.  Raises LeaseLost when the job is no longer ours, also because people asked."""
        is_over = self._is_turn_over()
        with tenant(self.tenant_id):
            chunk, version, asked = self._lock()
            leaves = _LEAVES.get(asked) or (JobStatus.QUEUED if is_over else None)
            if leaves is None:
                yield chunk
                self._store(chunk)
            else:
                _leave(self.tenant_id, self.job_id, leaves)
            live.push(self.tenant_id, "job", [self.job_id], version + 1)
        if leaves is not None:
            raise LeaseLost(self.job_id)
        self._count_step(chunk)
        self.cursor = chunk.cursor
        statistics.refresh()

    def heartbeat(self) -> None:
        """Keep the lease while working outside of a chunk (reading a long file)."""
        with self.chunk():
            pass

    def _count_step(self, chunk: Chunk) -> None:
        """The way to the first step is gone again when the job is given back, so a turn is at least twice as long."""
        if self.turn_ends is None or self.has_moved or chunk.cursor == self.cursor:
            return
        now = monotonic()
        self.has_moved, self.turn_ends = True, max(self.turn_ends, 2 * now - self.taken_at)

    def _is_turn_over(self) -> bool:
        if self.turn_ends is None or not self.has_moved or monotonic() < self.turn_ends:
            return False
        return is_somebody_waiting(self.tenant_id)

    def _lock(self) -> tuple[Chunk, int, str]:
        found = db.lock(
            Rank.JOB,
            Job,
            "status, lease_token, cursor, rows_done, rows_failed, rows_total, version, asked",
            "id = %s",
            self.job_id,
        )
        if not found or found[0][0] != JobStatus.RUNNING or found[0][1] != self.token:
            raise LeaseLost(self.job_id)
        _, _, cursor, done, failed, total, version, asked = found[0]
        return Chunk(_json(cursor), done, failed, total), version, asked

    def _store(self, chunk: Chunk) -> None:
        db.execute(
            f"UPDATE {TABLE} SET cursor = %s::jsonb, rows_done = %s, rows_failed = %s, rows_total = %s, version = version + 1,"
            " attempts = CASE WHEN cursor = %s::jsonb THEN attempts ELSE 1 END,"
            " lease_until = clock_timestamp() + %s * interval '1 second' WHERE tenant_id = %s AND id = %s",
            _dump(chunk.cursor),
            chunk.rows_done,
            chunk.rows_failed,
            chunk.rows_total,
            _dump(chunk.cursor),
            LEASE_S,
            self.tenant_id,
            self.job_id,
        )


JobFunction = Callable[[JobRun], Mapping[str, Any]]


def start(kind: str, title: str, params: Mapping[str, Any], *, created_by: int | None = None) -> int:
    """Queue a job in the open transaction; a worker is nudged after the commit.  Returns the job's id."""
    tenant_id, job_id = current_tenant(), db.new_id()
    db.insert(
        Job,
        [
            "id",
            "kind",
            "title",
            "params",
            "status",
            "cursor",
            "result",
            "created_by",
            "error",
            "rows_done",
            "rows_failed",
            "attempts",
            "version",
        ],
        [
            (
                job_id,
                kind,
                title[:200],
                _dump(params),
                JobStatus.QUEUED.value,
                "{}",
                "{}",
                created_by,
                "",
                0,
                0,
                0,
                0,
            )
        ],
    )
    transaction.on_commit(lambda: outbox.nudge("core.tasks.run_job", tenant_id, job_id))
    live.push(tenant_id, "job", [job_id])
    return job_id


def again(job_id: int) -> None:
    """Queue a finished job once more, from its start (its effects are idempotent)."""
    tenant_id = current_tenant()
    db.execute(
        f"UPDATE {TABLE} SET status = %s, cursor = '{{}}', rows_done = 0, rows_failed = 0, finished_at = NULL, lease_until = NULL,"
        " lease_token = NULL, error = '', attempts = 0, version = version + 1 WHERE tenant_id = %s AND id = %s AND status <> ALL (%s)",
        JobStatus.QUEUED.value,
        tenant_id,
        job_id,
        list(UNFINISHED),
    )
    transaction.on_commit(lambda: outbox.nudge("core.tasks.run_job", tenant_id, job_id))


def due() -> list[tuple[int, int]]:
    """(tenant, job) of every job that nobody works on (a plain read as sys)."""
    with connections["sys"].cursor() as cursor:
        cursor.execute(
            f"SELECT tenant_id, id FROM {TABLE} WHERE status = ANY (%s) AND (lease_until IS NULL OR lease_until < clock_timestamp())"
            " ORDER BY tenant_id, id",
            [list(RUNNABLE)],
        )
        return cursor.fetchall()  # type: ignore[no-any-return]


_WAITING = f"""
WITH waiting AS (
  SELECT tenant_id, id, coalesce(turn_at, created_at) AS since FROM {TABLE}
  WHERE status = ANY (%(runnable)s) AND (lease_until IS NULL OR lease_until < clock_timestamp())
), tenants AS (
  SELECT t.tenant_id,
    (SELECT max(j.turn_at) FROM {TABLE} j WHERE j.tenant_id = t.tenant_id AND j.turn_at IS NOT NULL) AS last_turn,
    (SELECT count(*) FROM {TABLE} j WHERE j.tenant_id = t.tenant_id AND j.status = ANY (%(runnable)s)
       AND j.lease_until >= clock_timestamp()) AS running
  FROM (SELECT tenant_id FROM waiting UNION SELECT %(mine)s) t
)
"""
_IN_TURN = f"""{_WAITING}
SELECT w.tenant_id, w.id FROM waiting w JOIN tenants t USING (tenant_id)
ORDER BY t.running, t.last_turn NULLS FIRST, w.since, w.id LIMIT 20
"""
_IS_SOMEBODY_WAITING = f"""{_WAITING}
SELECT EXISTS (
  SELECT FROM waiting w JOIN tenants t USING (tenant_id) JOIN tenants mine ON mine.tenant_id = %(mine)s
  WHERE w.since < clock_timestamp() - %(wait)s * interval '1 second' AND (w.tenant_id = %(mine)s OR t.running < mine.running)
)
"""


def in_turn() -> list[tuple[int, int]]:
    """(tenant, job) of the first of those that nobody works on, whose turn it is first (a plain read as sys).

    First the tenant that fewest workers work for, then the one whose last turn is longest ago; of its jobs the one that waits longest.
    """
    with connections["sys"].cursor() as cursor:
        cursor.execute(_IN_TURN, {"runnable": list(RUNNABLE), "mine": None})
        return cursor.fetchall()  # type: ignore[no-any-return]


def is_somebody_waiting(tenant_id: int) -> bool:
    """Whether a job waits that would come before this tenant's, if a worker of this tenant came free (a plain read as sys)."""
    with connections["sys"].cursor() as cursor:
        cursor.execute(_IS_SOMEBODY_WAITING, {"runnable": list(RUNNABLE), "mine": tenant_id, "wait": WAIT_S})
        return bool(cursor.fetchone()[0])


def take_turn(tenant_id: int, job_id: int) -> bool:
    """What a worker does when it is nudged for a job: one turn of the job whose turn it is, which may be another one.

    A nudge is worth one turn as long as its job waits; as long as it still waits after the turn, the worker is nudged again, behind
    whatever waits at the broker.  False: there was nothing to do.
    """
    if not _is_waiting(tenant_id, job_id):
        return False
    worked = any(_work(*each, turn_s=TURN_S) is not None for each in [*in_turn(), (tenant_id, job_id)])
    if _is_waiting(tenant_id, job_id):
        outbox.nudge("core.tasks.run_job", tenant_id, job_id)
    return worked


def _is_waiting(tenant_id: int, job_id: int) -> bool:
    with tenant(tenant_id):
        return bool(
            db.rows(
                f"SELECT 1 FROM {TABLE} WHERE tenant_id = %s AND id = %s AND status = ANY (%s)"
                " AND (lease_until IS NULL OR lease_until < clock_timestamp())",
                tenant_id,
                job_id,
                list(RUNNABLE),
            )
        )


def run(tenant_id: int, job_id: int) -> bool:
    """Take the lease and work to the end, whoever waits.  False: somebody else has it, it was stopped, or there is nothing to do.

    A refusal (ERPError) or a defect ends the job as FAILED with its words; a database that went away leaves it to be resumed, and so does
    a runner that was killed.  A job that kills GIVE_UP_AFTER runners without a step forward ends as FAILED too.
    """
    return bool(_work(tenant_id, job_id, turn_s=None))


def _work(tenant_id: int, job_id: int, *, turn_s: float | None) -> bool | None:
    """Whether it was worked to its end; None when it could not be taken."""
    taken = _take(tenant_id, job_id, turn_s)
    if taken is None:
        return None
    if taken.attempts > GIVE_UP_AFTER:
        words = _("试了 %(n)d 次都断在同一个地方，不再试了。看日志，修好后重新开始。")
        _finish(taken, JobStatus.FAILED, {}, words % {"n": GIVE_UP_AFTER})
        return False
    functions: Mapping[str, JobFunction] = import_string(settings.JOBS)
    try:
        result = functions[taken.kind](taken)
    except LeaseLost:
        return False
    except (OperationalError, InterfaceError):
        log.exception("job interrupted", extra={"job_id": job_id, "tenant_id": tenant_id})
        for name in ("default", "sys"):
            connections[name].close()
        return False
    except Exception as problem:
        log.exception("job failed", extra={"job_id": job_id, "tenant_id": tenant_id})
        words = problem.message if isinstance(problem, ERPError) else f"{type(problem).__name__}: {problem}"
        _finish(taken, JobStatus.FAILED, {}, words)
        return False
    _finish(taken, JobStatus.DONE, result, "")
    return True


def settle(tenant_id: int, job_id: int) -> None:
    """What people asked of a runner that died is done without it."""
    with tenant(tenant_id):
        is_held = "coalesce(lease_until >= clock_timestamp(), false)"
        found = db.lock(Rank.JOB, Job, f"asked, {is_held}", "id = %s", job_id)
        if found and found[0][0] and not found[0][1]:
            _leave(tenant_id, job_id, _LEAVES[found[0][0]])
            live.push(tenant_id, "job", [job_id])


def settle_all() -> None:
    """The same for every job whose runner died with a question unanswered; the clock calls it, so no worker need live."""
    with connections["sys"].cursor() as cursor:
        cursor.execute(
            f"SELECT tenant_id, id FROM {TABLE} WHERE status = 'RUNNING' AND asked <> ''"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp()) ORDER BY tenant_id, id"
        )
        found = cursor.fetchall()
    for tenant_id, job_id in found:
        settle(tenant_id, job_id)


def _leave(tenant_id: int, job_id: int, status: JobStatus) -> None:
    """Under the job's lock: nobody works on it any more.  Cursor and counts stay."""
    db.execute(
        f"UPDATE {TABLE} SET status = %s, asked = '', lease_token = NULL, lease_until = NULL, attempts = 0, turn_at = clock_timestamp(),"
        " finished_at = CASE WHEN %s THEN clock_timestamp() END, version = version + 1 WHERE tenant_id = %s AND id = %s",
        status.value,
        status == JobStatus.CANCELLED,
        tenant_id,
        job_id,
    )


def _take(tenant_id: int, job_id: int, turn_s: float | None) -> JobRun | None:
    token = secrets.randbits(62)
    settle(tenant_id, job_id)
    with tenant(tenant_id):
        found = db.rows(
            f"UPDATE {TABLE} SET status = %s, lease_token = %s, lease_until = clock_timestamp() + %s * interval '1 second',"
            " started_at = coalesce(started_at, clock_timestamp()), turn_at = clock_timestamp(), attempts = attempts + 1,"
            " version = version + 1 WHERE tenant_id = %s AND id = %s AND status = ANY (%s) AND asked = ''"
            " AND (lease_until IS NULL OR lease_until < clock_timestamp()) RETURNING kind, params, attempts, cursor",
            JobStatus.RUNNING.value,
            token,
            LEASE_S,
            tenant_id,
            job_id,
            list(RUNNABLE),
        )
    if not found:
        return None
    kind, params, attempts, cursor = found[0]
    now = monotonic()
    ends = None if turn_s is None else now + turn_s
    return JobRun(tenant_id, job_id, kind, _json(params), token, attempts, _json(cursor), ends, now)


def _finish(taken: JobRun, status: JobStatus, result: Mapping[str, Any], error: str) -> None:
    """What was asked and came too late to be answered is forgotten: the work is done."""
    with tenant(taken.tenant_id):
        db.execute(
            f"UPDATE {TABLE} SET status = %s, result = %s::jsonb, error = %s, finished_at = clock_timestamp(), lease_until = NULL,"
            " asked = '', version = version + 1 WHERE tenant_id = %s AND id = %s AND lease_token = %s AND status = 'RUNNING'",
            status.value,
            _dump(result),
            error.replace("\x00", "")[:4000],
            taken.tenant_id,
            taken.job_id,
            taken.token,
        )
        live.push(taken.tenant_id, "job", [taken.job_id])


def _json(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else dict(value)


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
