"""What all runs with platforms share: how they end when something goes wrong, and how long the shop is left alone then."""

import logging
from collections.abc import Callable, Mapping

from django.db import InterfaceError, OperationalError, connections
from django.utils.translation import gettext as _

from orders.connectors.errors import PlatformError, Throttled, Unauthorized
from orders.rules.backing_off import pause_s

log = logging.getLogger(__name__)
REFUSALS = 3  # of the credentials in a row before a person must look
LONGEST_BAN_S = 3_600.0


class LeaseLost(Exception):
    """Another run has the lease, or a person stopped it: this one ends without a word."""


def take_turn(
    work: Callable[[], bool], fail: Callable[[PlatformError], None], *, name: str, who: Mapping[str, int]
) -> bool:
    """Do one run's work; whether there is more.  `fail` keeps what went wrong.  Raises nothing.

    When the database itself is gone nothing can be kept: the lease runs out, and the work is done again.
    """
    try:
        return work()
    except LeaseLost:
        pass
    except PlatformError as problem:
        fail(problem)
    except (OperationalError, InterfaceError):
        log.exception("%s interrupted", name, extra=dict(who))
        connections["default"].close()
    except Exception:
        log.exception("%s failed", name, extra=dict(who))
        fail(PlatformError("defect", _("我们这边出错了，已经记下来。")))
    return False


def quiet(alias: str) -> str:
    """The condition in SQL that a connection may be talked to now."""
    return f"({alias}.quiet_until IS NULL OR {alias}.quiet_until < clock_timestamp())"


def count_failures(problem: PlatformError | None, before: int) -> int:
    """In a row.  A ban is no failure."""
    if problem is None:
        return 0
    return before + (0 if isinstance(problem, Throttled) else 1)


def wait_s(problem: PlatformError | None, failures: int, token: int) -> float:
    """How long the shop is left alone: as long as it says, else longer after each failure."""
    if problem is None:
        return 0.0
    if isinstance(problem, Throttled):
        return min(problem.retry_after_s, LONGEST_BAN_S)
    return pause_s(failures, spread=token % 1_000 / 1_000)


def stops(problem: PlatformError | None, failures: int) -> bool:
    """Whether a person has to look at the credentials before anything is tried again."""
    return isinstance(problem, Unauthorized) and failures >= REFUSALS
