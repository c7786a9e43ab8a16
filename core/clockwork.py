"""The clock: finds what is due, in PostgreSQL alone.  Two may run; any may be killed at any instant.

Deadlines (sweeps) and nudges run in threads of their own: a broker that hangs, or a handler that takes
minutes, delays no deadline.  The truth is in the tables; Celery is told where to look, and when nobody looks,
the clock delivers facts itself.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.utils.module_loading import import_string
from prometheus_client import Gauge, Histogram

from core import jobs, outbox, relay

log = logging.getLogger(__name__)

TICK_S = 0.25  # a look, when no deadline comes earlier
GRACE_S = 1.0  # the commit itself nudged; the clock asks again only for what is still there
AGAIN_S = 5.0  # between two nudges for the same thing
AWAY_S = 10.0  # a fact that waited this long has no worker: the clock delivers it
SLOW_NUDGE_S = 1.0  # a broker that needs this long is away; the rest of the pass would wait as long again
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)  # between tries to reach the database
PAUSE_MAX_S = 60.0  # of a tenant whose sweep keeps failing

LATENESS = Histogram(
    "erp_sweep_lateness_seconds",
    "How long after its deadline the latest row of a sweep's batch was moved",
    ["sweep"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600),
)
LATEST = Gauge("erp_sweep_latest_lateness_seconds", "The same, of the last batch", ["sweep"])

WAITING_FACTS = """
    SELECT tenant_id, extract(epoch FROM clock_timestamp() - min(next_try_at))::float8 FROM core_outbox
    WHERE done_at IS NULL AND next_try_at <= statement_timestamp() GROUP BY tenant_id ORDER BY tenant_id
"""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one batch came to: rows moved, and by how many seconds the latest of them was late."""

    moved: int
    late_s: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rows with a deadline.  `deadlines`: (tenant, seconds to its earliest one; 0 or less is due), a plain
    read as sys.  `advance`: one small batch of one tenant in a transaction of its own, safe beside another
    clock.
    """

    deadlines: Callable[[], Sequence[tuple[int, float]]]
    advance: Callable[[int], Swept]


@dataclass(slots=True)
class Sweeper:
    """Moves what is due: each tenant a small batch a pass, another tenant first every time."""

    sweeps: Mapping[str, Sweep]
    stop: threading.Event = field(default_factory=threading.Event)
    turn: int = 0
    paused: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)  # until, length

    def once(self) -> float:
        """One pass; the seconds until the next look: 0 when there may be more, never above TICK_S."""
        self.turn += 1
        wait = TICK_S
        for name, sweep in self.sweeps.items():
            found = sweep.deadlines()
            for tenant_id in self._turns(name, [tenant for tenant, seconds in found if seconds <= 0]):
                if self.stop.is_set():
                    return 0.0
                if self._advance(name, sweep, tenant_id):
                    wait = 0.0
            wait = min([wait, *(seconds for _tenant, seconds in found if seconds > 0)])
        return wait

    def forever(self) -> None:
        """Passes until told to stop.  A database that went away is waited for, whatever it takes."""
        lost = 0
        while not self.stop.is_set():
            try:
                wait, lost = self.once(), 0
            except (OperationalError, InterfaceError) as problem:
                wait = BACK_OFF_S[min(lost, len(BACK_OFF_S) - 1)]
                lost += 1
                log.warning(
                    "the clock waits for the database", extra={"problem": str(problem), "tries": lost}
                )
                connections.close_all()
            self.stop.wait(wait)
        connections.close_all()

    def _turns(self, name: str, tenant_ids: Sequence[int]) -> Iterable[int]:
        now = time.monotonic()
        ready = [each for each in tenant_ids if self.paused.get((name, each), (0.0, 0.0))[0] <= now]
        start = self.turn % len(ready) if ready else 0
        return [*ready[start:], *ready[:start]]

    def _advance(self, name: str, sweep: Sweep, tenant_id: int) -> bool:
        """Whether rows were moved.  What fails for one tenant is paused for it and keeps nobody else
        waiting.
        """
        try:
            swept = sweep.advance(tenant_id)
        except Exception as problem:
            log.exception("sweep failed", extra={"sweep": name, "tenant_id": tenant_id})
            if isinstance(problem, DatabaseError | InterfaceError):
                connections["default"].close()
            length = min(PAUSE_MAX_S, 2 * self.paused.get((name, tenant_id), (0.0, 0.5))[1])
            self.paused[name, tenant_id] = time.monotonic() + length, length
            return False
        self.paused.pop((name, tenant_id), None)
        if swept.moved:
            LATENESS.labels(name).observe(swept.late_s)
            LATEST.labels(name).set(swept.late_s)
            extra = {
                "sweep": name,
                "tenant_id": tenant_id,
                "moved": swept.moved,
                "late_s": round(swept.late_s, 3),
            }
            log.info("deadlines moved", extra=extra)
        return swept.moved > 0


@dataclass(slots=True)
class Nudger:
    """Asks workers to look where facts or jobs wait.  When nobody looks, it delivers the facts itself."""

    stop: threading.Event = field(default_factory=threading.Event)
    grace_s: float = GRACE_S
    away_s: float = AWAY_S
    asked: dict[tuple[object, ...], tuple[float, float]] = field(
        default_factory=dict
    )  # first seen, last asked

    def once(self) -> None:
        """One pass over waiting facts and jobs."""
        jobs.settle_all()
        waiting = _waiting_facts()
        for tenant_id, age_s in waiting:
            if age_s >= self.away_s and not self.stop.is_set():
                relay.deliver(tenant_id)
        due: list[tuple[object, ...]] = [
            *(("core.tasks.deliver", tenant_id) for tenant_id, age_s in waiting if age_s < self.away_s),
            *(("core.tasks.run_job", tenant_id, job_id) for tenant_id, job_id in jobs.due()),
        ]
        self.asked = {key: seen for key, seen in self.asked.items() if key in set(due)}
        for key in due:
            if self.stop.is_set() or not self._ask(key):
                return

    def forever(self) -> None:
        """Passes until told to stop; whatever goes wrong is tried again."""
        while not self.stop.is_set():
            try:
                self.once()
            except Exception:
                log.exception("nudges wait")
                connections.close_all()
                self.stop.wait(BACK_OFF_S[-1])
            self.stop.wait(TICK_S)
        connections.close_all()

    def _ask(self, key: tuple[object, ...]) -> bool:
        """False when the broker took so long that the others had better wait for the next pass."""
        now = time.monotonic()
        first, last = self.asked.setdefault(key, (now, -AGAIN_S))
        if now - first < self.grace_s or now - last < AGAIN_S:
            return True
        self.asked[key] = first, now
        task, *ids = key
        outbox.nudge(task, *ids)  # type: ignore[arg-type]
        return time.monotonic() - now < SLOW_NUDGE_S


def _waiting_facts() -> list[tuple[int, float]]:
    """Tenants with due facts, and for how long the oldest waits (a plain read as sys)."""
    with connections["sys"].cursor() as cursor:
        cursor.execute(WAITING_FACTS)
        return cursor.fetchall()  # type: ignore[no-any-return]


def sweeps() -> Mapping[str, Sweep]:
    """Every floor's sweeps, from the one table in erp/wiring.py."""
    found: Mapping[str, Sweep] = import_string(settings.SWEEPS)
    return found


def run(stop: threading.Event, *, away_s: float = AWAY_S) -> None:
    """Both threads until `stop` is set; what is under way is finished first."""
    nudger = Nudger(stop, away_s=away_s)
    helper = threading.Thread(target=nudger.forever, name="nudges", daemon=True)
    helper.start()
    Sweeper(sweeps(), stop).forever()
    helper.join(timeout=5)


def run_once(*, away_s: float = AWAY_S) -> None:
    """Everything that is due now, then back: for tests and for a crontab."""
    sweeper = Sweeper(sweeps())
    while sweeper.once() == 0.0:
        pass
    Nudger(grace_s=0.0, away_s=away_s).once()
