"""How a background job looks: percent, rate, what is left."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.models import Job
from core.models.jobs import JobStatus
from core.web.parts import Hue, State

_STATES = {
    JobStatus.QUEUED: State(Hue.WAIT, _("排队")),
    JobStatus.RUNNING: State(Hue.LIVE, _("进行中")),
    JobStatus.DONE: State(Hue.DONE, _("做完了")),
    JobStatus.FAILED: State(Hue.STOP, _("停下了")),
    JobStatus.CANCELLED: State(Hue.WAIT, _("已取消"), "circle-x"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """A job at one instant.  `percent` is None while the total is unknown; `rate` is rows a second;
    `left_s` seconds to the
    end; `segments` of `whole` make its bar."""

    state: State
    percent: int | None
    rate: int | None
    left_s: int | None
    took_s: int | None
    resume_row: int
    is_open: bool
    segments: tuple[tuple[str, int], ...]
    whole: int


def state_of(status: str) -> State:
    """The badge of a job's status."""
    return _STATES[JobStatus(status)]


def progress(job: Job, now: datetime) -> Progress:
    """The job as the strip shows it.  100 only when it is done; the rate is the mean since the start."""
    status = JobStatus(job.status)
    handled = job.rows_done + job.rows_failed
    percent = None
    if status == JobStatus.DONE:
        percent = 100
    elif job.rows_total:
        percent = min(99, handled * 100 // job.rows_total)
    rate = left = None
    if status == JobStatus.RUNNING and job.started_at and handled:
        seconds = max(1.0, (now - job.started_at).total_seconds())
        rate = max(1, round(handled / seconds))
        if job.rows_total:
            left = round(max(0, job.rows_total - handled) / (handled / seconds))
    took = (
        round((job.finished_at - job.started_at).total_seconds())
        if job.finished_at and job.started_at
        else None
    )
    hue = {JobStatus.DONE: Hue.DONE, JobStatus.FAILED: Hue.STOP}.get(status, Hue.LIVE)
    return Progress(
        state=state_of(status),
        percent=percent,
        rate=rate,
        left_s=left,
        took_s=took,
        resume_row=handled + 1,
        is_open=status in (JobStatus.QUEUED, JobStatus.RUNNING),
        segments=((str(hue), job.rows_done), (str(Hue.WARN), job.rows_failed)),
        whole=job.rows_total or handled or 1,
    )
