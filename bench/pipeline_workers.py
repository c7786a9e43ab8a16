"""Several workers next to one: orders a second of the whole machine, by the wall clock.

Each worker is a process of its own, as in life.  First every worker has a merchant of its own; then all work for one merchant, whose
orders share stock rows.
"""

import statistics
from multiprocessing import get_context
from typing import Any

from django.db import connections

from bench import rig
from bench.pipeline import Merchant, check, count, fill, incoming, make_merchant, work
from core import db
from core.db import forget_ids

START = get_context("spawn")
LONGEST_S = 3_600


def against_one(orders: int, chunk: int, runs: int, workers: int) -> dict[str, Any]:
    """One worker, several with a merchant each, several with one merchant; in turn."""
    alone, apart, shared = [], [], []
    for run in range(runs):
        alone.append(orders / _together([make_merchant()], orders, chunk, run))
        own = [make_merchant() for _ in range(workers)]
        apart.append(workers * orders / _together(own, orders, chunk, run))
        one = make_merchant()
        shared.append(workers * orders / _together([one] * workers, orders, chunk, run))
    median = statistics.median
    return {
        "workers": workers,
        "ratio": round(median(apart) / median(alone), 3),
        "ratio_one_merchant": round(median(shared) / median(alone), 3),
        "orders_per_s": {
            name: [round(each) for each in found]
            for name, found in (("one_worker", alone), ("merchants_apart", apart), ("one_merchant", shared))
        },
    }


def _together(merchants: list[Merchant], orders: int, chunk: int, run: int) -> float:
    """Seconds from the start of all to the end of the last; checked."""
    different = {merchant.tenant_id: merchant for merchant in merchants}
    each = len(merchants) // len(different)
    for merchant in different.values():
        fill(merchant, orders * each)
    before = {id_: count(id_, "") for id_ in different}
    connections.close_all()
    gate, spans = START.Barrier(len(merchants)), START.Queue()
    processes = [
        START.Process(target=_worker, args=(gate, spans, merchant, orders, chunk, f"{run}w{number}"))
        for number, merchant in enumerate(merchants)
    ]
    for process in processes:
        process.start()
    found = [spans.get(timeout=LONGEST_S) for _ in processes]
    for process in processes:
        process.join()
    failed = [problem for *_span, problem in found if problem]
    if failed:
        raise SystemExit(f"a worker failed: {failed[0]}")
    for id_ in different:
        check(id_, orders * each, before[id_])
    return float(max(end for _start, end, _ in found) - min(start for start, _end, _ in found))


def _worker(gate: Any, spans: Any, merchant: Merchant, orders: int, chunk: int, tag: str) -> None:
    """One process: made ready, then let go with the others."""
    import time

    forget_ids()
    made = incoming(orders, tag)
    clock = rig.Clock(db.rows("SELECT pg_backend_pid()")[0][0], is_overlapped=True)
    gate.wait(LONGEST_S)
    start, problem = time.monotonic(), ""
    try:
        work(clock, merchant, made, chunk)
    except Exception as failure:  # noqa: BLE001  said by the parent
        problem = f"{type(failure).__name__}: {failure}"
    spans.put((start, time.monotonic(), problem))
