"""Pause, resume and cancel background jobs."""

from collections.abc import Mapping, Sequence
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import db, live, outbox
from core.db import Rank
from core.errors import Conflict, NotFound
from core.job_wishes import Change, Refused, Standing, Wish, answer
from core.jobs import TABLE
from core.models import Job
from core.models.jobs import JobStatus
from core.services.accounts import record_each
from core.tenancy import current_tenant

_WORDS = {
    Refused.ENDED: gettext_lazy("这个任务已经结束了，改不了。"),
    Refused.CANCELLING: gettext_lazy("有人已经取消了这个任务，正在停。"),
}


def control(*, job_ids: Sequence[int], wish: Wish, actor_id: int | None) -> Mapping[int, Change | None]:
    """Pause, resume or cancel jobs; what each became, None where it was so already.

    A job at work is only asked: its runner stops before its next chunk, so nothing is half done; one that nobody works on changes at
    once.  Paused keeps cursor and counts; cancelled undoes nothing.  Locks the jobs by id.  Raises NotFound, Conflict `job_ended` and
    `job_cancelling`; one that is refused leaves all as they were.
    """
    ids = sorted(set(job_ids))
    found = db.lock(
        Rank.JOB,
        Job,
        "id, status, asked, coalesce(lease_until >= clock_timestamp(), false), rows_done",
        "id = ANY (%s::bigint[])",
        db.array(ids),
    )
    if len(found) < len(ids):
        raise NotFound(_("没有这个任务。"), code="job_not_found")
    answers: dict[int, Change | None] = {}
    for job_id, status, asked, is_held, _rows in found:
        change = answer(Standing(status, asked, is_held), wish)
        if isinstance(change, Refused):
            raise Conflict(str(_WORDS[change]), code=str(change), job_id=job_id, status=status)
        answers[job_id] = change
    changes = {job_id: change for job_id, change in answers.items() if change is not None}
    rows = {job_id: done for job_id, _status, _asked, _held, done in found}
    _write(changes, {job_id: rows[job_id] for job_id in changes}, wish, actor_id)
    return answers


def _write(changes: Mapping[int, Change], rows: Mapping[int, int], wish: Wish, actor_id: int | None) -> None:
    if not changes:
        return
    tenant_id = current_tenant()
    db.execute(
        _STORE,
        db.array(list(changes)),
        db.array([change.status for change in changes.values()]),
        db.array([change.asked for change in changes.values()]),
        tenant_id,
    )
    told = {
        job_id: {"rows_done": rows[job_id], "status": change.status, "asked": change.asked}
        for job_id, change in changes.items()
    }
    record_each(str(wish), "job", told, actor_id=actor_id)
    live.push(tenant_id, "job", list(changes))
    for job_id in [job_id for job_id, change in changes.items() if change.status == JobStatus.QUEUED]:
        transaction.on_commit(partial(outbox.nudge, "core.tasks.run_job", tenant_id, job_id))


# A lease is kept by the runner that was asked and taken from everybody else, so that a slow one finds its job gone.
_STORE = f"""
UPDATE {TABLE} j SET status = u.status, asked = u.asked, version = version + 1,
  lease_token = CASE WHEN u.status = 'RUNNING' THEN lease_token END,
  lease_until = CASE WHEN u.status = 'RUNNING' THEN lease_until END,
  attempts = CASE WHEN u.status = 'RUNNING' THEN attempts ELSE 0 END,
  finished_at = CASE WHEN u.status = 'CANCELLED' THEN clock_timestamp() END
FROM unnest(%s::bigint[], %s::text[], %s::text[]) u(id, status, asked)
WHERE j.tenant_id = %s AND j.id = u.id
"""
