"""Background jobs: progress people watch, work that survives any kill.

A job is a row with a cursor.  The runner holds a lease; every chunk is one transaction that locks the row, proves the lease, does the
work, and writes progress, cursor and a longer lease: all of it or nothing.  A killed runner's lease runs out and another goes on at
the cursor.
"""

import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from core import db, live, outbox, statistics
from core.db import Rank
from core.errors import ERPError
from core.models import Job
from core.models.jobs import UNFINISHED, JobStatus
from core.tenancy import current_tenant, tenant

log = logging.getLogger(__name__)
LEASE_S = 20
GIVE_UP_AFTER = 30  # runners in a row that got nowhere (killed, or without a database): ten minutes; any step forward counts anew
TABLE = Job._meta.db_table


class LeaseLost(Exception):
    """Another runner took the job, or it was cancelled: this one stops without a word."""


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

    @contextmanager
    def chunk(self) -> Iterator[Chunk]:
        """One tenant transaction under the job's lock.  Raises LeaseLost when the job is no longer ours."""
        with tenant(self.tenant_id):
            chunk, version = self._lock()
            yield chunk
            self._store(chunk)
            live.push(self.tenant_id, "job", [self.job_id], version + 1)
        self.cursor = chunk.cursor
        statistics.refresh()

    def heartbeat(self) -> None:
        """Keep the lease while working outside of a chunk (reading a long file)."""
        with self.chunk():
            pass

    def _lock(self) -> tuple[Chunk, int]:
        found = db.lock(
            Rank.JOB,
            Job,
            "status, lease_token, cursor, rows_done, rows_failed, rows_total, version",
            "id = %s",
            self.job_id,
        )
        if not found or found[0][0] != JobStatus.RUNNING or found[0][1] != self.token:
            raise LeaseLost(self.job_id)
        _, _, cursor, done, failed, total, version = found[0]
        return Chunk(_json(cursor), done, failed, total), version

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
            [list(UNFINISHED)],
        )
        return cursor.fetchall()  # type: ignore[no-any-return]


def run(tenant_id: int, job_id: int) -> bool:
    """Take the lease and work to the end.  False: somebody else has it, or there is nothing to do.

    A refusal (ERPError) or a defect ends the job as FAILED with its words; a database that went away leaves it to be resumed, and so does
    a runner that was killed.  A job that kills GIVE_UP_AFTER runners without a step forward ends as FAILED too.
    """
    taken = _take(tenant_id, job_id)
    if taken is None:
        return False
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
        connections["default"].close()
        return False
    except Exception as problem:
        log.exception("job failed", extra={"job_id": job_id, "tenant_id": tenant_id})
        words = problem.message if isinstance(problem, ERPError) else f"{type(problem).__name__}: {problem}"
        _finish(taken, JobStatus.FAILED, {}, words)
        return False
    _finish(taken, JobStatus.DONE, result, "")
    return True


def _take(tenant_id: int, job_id: int) -> JobRun | None:
    token = secrets.randbits(62)
    with tenant(tenant_id):
        found = db.rows(
            f"UPDATE {TABLE} SET status = %s, lease_token = %s, lease_until = clock_timestamp() + %s * interval '1 second',"
            " started_at = coalesce(started_at, clock_timestamp()), attempts = attempts + 1, version = version + 1"
            " WHERE tenant_id = %s AND id = %s AND status = ANY (%s) AND (lease_until IS NULL OR lease_until < clock_timestamp())"
            " RETURNING kind, params, attempts, cursor",
            JobStatus.RUNNING.value,
            token,
            LEASE_S,
            tenant_id,
            job_id,
            list(UNFINISHED),
        )
    if not found:
        return None
    kind, params, attempts, cursor = found[0]
    return JobRun(tenant_id, job_id, kind, _json(params), token, attempts, _json(cursor))


def _finish(taken: JobRun, status: JobStatus, result: Mapping[str, Any], error: str) -> None:
    with tenant(taken.tenant_id):
        db.execute(
            f"UPDATE {TABLE} SET status = %s, result = %s::jsonb, error = %s, finished_at = clock_timestamp(), lease_until = NULL,"
            " version = version + 1 WHERE tenant_id = %s AND id = %s AND lease_token = %s AND status = 'RUNNING'",
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
