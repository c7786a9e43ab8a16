"""What becomes of a job when somebody wants it paused, resumed or cancelled.  Pure: standard library only.

Cancelling is stronger than pausing, whoever comes first; the same wish twice is one wish; what has ended has ended.
"""

from dataclasses import dataclass
from enum import StrEnum


class Wish(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class Refused(StrEnum):
    ENDED = "job_ended"
    CANCELLING = "job_cancelling"


@dataclass(frozen=True, slots=True)
class Standing:
    """A job as it is: its status, what was asked of its runner and not answered yet, whether a runner holds the lease."""

    status: str
    asked: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What the job becomes.  A job whose runner is alive is only asked; every other one changes at once."""

    status: str
    asked: str = ""


_ENDS = {Wish.PAUSE: "PAUSED", Wish.CANCEL: "CANCELLED"}
_ASKS = {Wish.PAUSE: "PAUSE", Wish.CANCEL: "CANCEL"}


def answer(job: Standing, wish: Wish) -> Change | Refused | None:
    """None: it is so already, nothing is written."""
    if job.status == "CANCELLED" and wish is Wish.CANCEL:
        return None
    if job.status not in ("QUEUED", "RUNNING", "PAUSED"):
        return Refused.ENDED
    if job.asked == "CANCEL" and wish is not Wish.CANCEL:
        return Refused.CANCELLING
    if wish is Wish.RESUME:
        return _resumed(job)
    if job.status == "RUNNING" and job.is_held:
        return None if job.asked == _ASKS[wish] else Change("RUNNING", _ASKS[wish])
    return None if job.status == _ENDS[wish] else Change(_ENDS[wish])


def _resumed(job: Standing) -> Change | None:
    if job.status == "PAUSED":
        return Change("QUEUED")
    return Change("RUNNING") if job.asked else None
