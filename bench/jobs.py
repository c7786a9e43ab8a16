"""script/bench jobs: how long a small import of one merchant takes alone, and beside a huge one of another, with one worker.

script/bench jobs [--huge 10000] [--small 100] [--rounds 3]

One worker process and its broker (nudges, first in first out) as they are in production, orders and stock in PostgreSQL.  Each round a
merchant's huge order file is at work when another merchant's small one is queued; latency is from queued to done, by the database's
clock.  `greedy`: the same without turns, as if a worker stayed with a job to its end.  `cost`: the huge job beside the small ones
next to the huge job alone.  Checks that no unit is lost.  Last line: one JSON object.
"""

import argparse
import json
import queue
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

import django

django.setup()

from django.db import connections

from core import jobs, outbox
from core.models import Job
from core.models.jobs import JobStatus
from core.services.tenants import create_tenant
from core.tenancy import tenant
from inventory.services.catalogue import save_skus
from orders.demo import export
from orders.demo.goods import APPLIANCES
from orders.services import imports
from orders.services.import_results import result
from tests import builders as make

DAY, FAR = datetime(2026, 11, 11), date(2099, 1, 1)  # noqa: DTZ001  as a file writes it
POLL_S = 0.01
NUDGES: "queue.Queue[tuple[int, int] | None]" = queue.Queue()


def hear(task: str, tenant_id: int, *ids: int) -> None:
    """The broker of one worker; only jobs are worked on here."""
    if task == "core.tasks.run_job":
        NUDGES.put((tenant_id, *ids))  # type: ignore[arg-type]


def work() -> None:
    while (nudge := NUDGES.get()) is not None:
        jobs.take_turn(*nudge)
    connections.close_all()


def make_shop(path: Path, orders: int) -> tuple[int, int]:
    """A merchant with goods and the file in its channel; (tenant, import)."""
    tenant_id = create_tenant(name="Bench", slug=f"bench-{uuid4().hex[:12]}")
    with tenant(tenant_id):
        facility = make.make_facility()
        bins = make.make_bins(facility, 4)
        for place, sku in enumerate(save_skus([good.sku for good in APPLIANCES]).values()):
            make.make_stock(bins[place % 4], sku, orders * 10, lot=f"L{place}", expires_on=FAR)
        channel = make.make_channel(facility)
    return tenant_id, imports.register(tenant_id=tenant_id, channel_id=channel, path=path)


def start(shop: tuple[int, int]) -> tuple[int, int]:
    return shop[0], imports.start_recognised(tenant_id=shop[0], import_id=shop[1])


def look(tenant_id: int, job_id: int) -> Job:
    with tenant(tenant_id):
        return Job.objects.get(id=job_id)


def wait_for(started: tuple[int, int], *, rows: int | None = None) -> Job:
    """The job when it has done as many rows, or all."""
    while True:
        job = look(*started)
        if job.status == JobStatus.DONE or (rows is not None and job.rows_done >= rows):
            return job
        assert job.status in (JobStatus.QUEUED, JobStatus.RUNNING), job.error
        time.sleep(POLL_S)


def took_s(job: Job) -> float:
    assert job.finished_at is not None
    return (job.finished_at - job.created_at).total_seconds()


def check(shop: tuple[int, int]) -> None:
    """Every unit of the file is in an order or a problem."""
    with tenant(shop[0]):
        assert result(shop[1]).difference == 0, "units were lost"


def beside(files: dict[str, Path], sizes: dict[str, int]) -> tuple[float, float]:
    """Latency of the small job, and of the huge one that was at work when it came."""
    huge, small = (make_shop(files[name], sizes[name]) for name in ("huge", "small"))
    at_work = start(huge)
    wait_for(at_work, rows=1)
    latency = took_s(wait_for(start(small)))
    whole = took_s(wait_for(at_work))
    check(huge)
    check(small)
    return latency, whole


@contextmanager
def greedy() -> Iterator[None]:
    kept, jobs.TURN_S = jobs.TURN_S, 3600.0
    yield
    jobs.TURN_S = kept


def told(name: str, seconds: list[float]) -> float:
    print(f"{name:28} {statistics.median(seconds):7.2f} s (worst {max(seconds):.2f} s)")
    return round(statistics.median(seconds), 3)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--huge", type=int, default=10_000)
    arguments.add_argument("--small", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    sizes = {"huge": chosen.huge, "small": chosen.small}
    outbox.nudge = hear  # type: ignore[assignment]
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.csv" for name in sizes}
        for name, path in files.items():
            export.write(path, sizes[name], DAY)
        took_s(
            wait_for(start(make_shop(files["huge"], chosen.huge)))
        )  # warm: the first pays for plans and pages
        rounds = range(chosen.rounds)
        alone = [took_s(wait_for(start(make_shop(files["small"], chosen.small)))) for _ in rounds]
        huge_alone = [took_s(wait_for(start(make_shop(files["huge"], chosen.huge)))) for _ in rounds]
        fair = [beside(files, sizes) for _ in rounds]
        with greedy():
            unfair = [beside(files, sizes) for _ in rounds]
    NUDGES.put(None)
    worker.join()
    answer = {
        "alone_s": told("small alone", alone),
        "beside_s": told("small beside huge", [small for small, _huge in fair]),
        "beside_worst_s": round(max(small for small, _huge in fair), 3),
        "greedy_s": told("small beside huge, no turns", [small for small, _huge in unfair]),
        "huge_alone_s": told("huge alone", huge_alone),
        "huge_beside_s": told("huge beside small", [huge for _small, huge in fair]),
    }
    answer["ratio"] = round(answer["beside_s"] / answer["alone_s"], 2)
    answer["cost"] = round(answer["huge_beside_s"] / answer["huge_alone_s"], 2)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
