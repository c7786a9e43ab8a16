"""How a background job looks: percent, rate, what is left."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.models import Job
from core.models.jobs import UNFINISHED, Asked, JobStatus
from core.web.parts import Hue, State

_STATES = {
    JobStatus.QUEUED: State(Hue.WAIT, _("排队")),
    JobStatus.RUNNING: State(Hue.LIVE, _("进行中")),
    JobStatus.PAUSED: State(Hue.HOLD, _("暂停了"), "player-pause"),
    JobStatus.DONE: State(Hue.DONE, _("做完了")),
    JobStatus.FAILED: State(Hue.STOP, _("停下了")),
    JobStatus.CANCELLED: State(Hue.WAIT, _("已取消"), "circle-x"),
}
_STOPPING = {
    Asked.PAUSE: State(Hue.LIVE, _("正在暂停"), "player-pause"),
    Asked.CANCEL: State(Hue.LIVE, _("正在取消"), "player-stop"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """A job at one instant.  `percent` is None while the total is unknown; `rate` is rows a second; `left_s` seconds to the end;
    `segments` of `whole` make its bar; `can` are the words of job_wishes.Wish that would change something."""

    state: State
    percent: int | None
    rate: int | None
    left_s: int | None
    took_s: int | None
    resume_row: int
    is_open: bool
    segments: tuple[tuple[str, int], ...]
    whole: int
    can: tuple[str, ...] = ()


def state_of(status: str) -> State:
    """The badge of a job's status."""
    return _STATES[JobStatus(status)]


def wishes(status: JobStatus, asked: str) -> tuple[str, ...]:
    """What a person may still want of a job, the one that can be taken back first."""
    if status not in UNFINISHED or asked == Asked.CANCEL:
        return ()
    return ("resume" if status == JobStatus.PAUSED or asked else "pause", "cancel")


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
    hues = {JobStatus.DONE: Hue.DONE, JobStatus.FAILED: Hue.STOP, JobStatus.PAUSED: Hue.HOLD}
    hue = hues.get(status, Hue.LIVE)
    return Progress(
        state=_STOPPING[Asked(job.asked)] if job.asked else state_of(status),
        percent=percent,
        rate=rate,
        left_s=left,
        took_s=took,
        resume_row=handled + 1,
        is_open=status in UNFINISHED,
        segments=((str(hue), job.rows_done), (str(Hue.WARN), job.rows_failed)),
        whole=job.rows_total or handled or 1,
        can=wishes(status, job.asked),
    )
