"""script/bench grab: many stores tap one order at once, and thousands of rounds run out.

Part one: STORES stores tap the same order at the same instant, ROUNDS times, served by two processes of eight
threads, as the web does.  Each time is from the tap to the answer, the wait for a free thread included.
Part two: ROWS open rounds whose deadlines lie over SPREAD seconds, moved by one clock; each lateness is from
the deadline to the instant at which the row ended, by the database's clock.
"""

import argparse
import multiprocessing
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django

django.setup()

from django.db import connections

from core import clockwork, db, invariants
from core.errors import Conflict
from core.services.tenants import create_tenant
from core.tenancy import tenant
from o2o.services import dispatches
from tests.o2o import scene

PROCESSES, THREADS = 2, 8
FORK = multiprocessing.get_context("fork")


def tap(tenant_id: int, dispatch_id: int, store: int, since: float) -> tuple[str, float]:
    try:
        with tenant(tenant_id):
            answer = dispatches.grab(dispatch_id=dispatch_id, facility_id=store, actor_id=None)
        word = "won" if answer.is_won else "stock_gone"
    except Conflict as refusal:
        word = refusal.code
    return word, time.monotonic() - since


def serve(tenant_id: int, gate: Any, asked: Any, answered: Any) -> None:
    """One web process: waits for the gong, answers its share of taps, again and again."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: db.rows("SELECT 1"), range(THREADS)))
        while (share := asked.get()) is not None:
            dispatch_id, stores = share
            gate.wait()
            since = time.monotonic()
            answered.put(
                list(pool.map(lambda store, d=dispatch_id, s=since: tap(tenant_id, d, store, s), stores))
            )


def taps(stores: int, rounds: int) -> None:
    tenant_id = create_tenant(name="抢单", slug="bench-grab")
    with tenant(tenant_id):
        city = scene.make_city(stores, stock=rounds + 1, warehouse_stock=rounds)
        scene.set_rounds(scene.round_of(None, 3_600))
        ids = scene.offer(city, rounds)
    connections.close_all()
    gate, answered = FORK.Barrier(PROCESSES), FORK.Queue()
    queues = [FORK.Queue() for _ in range(PROCESSES)]
    workers = [FORK.Process(target=serve, args=(tenant_id, gate, each, answered)) for each in queues]
    for worker in workers:
        worker.start()
    seconds: list[float] = []
    for dispatch_id in ids:
        for number, each in enumerate(queues):
            each.put((dispatch_id, city.stores[number::PROCESSES]))
        found = [one for _ in queues for one in answered.get()]
        words = Counter(word for word, _s in found)
        if words["won"] != 1 or sum(words.values()) != stores:
            raise SystemExit(f"not one winner: {words}")
        seconds += [s for _w, s in found]
    for each in queues:
        each.put(None)
    for worker in workers:
        worker.join()
    prove(tenant_id)
    print(f"grab: {stores} stores, {rounds} rounds, one winner each; tap to answer {spread_of(seconds)}")


def lateness(rows: int, spread_s: float) -> None:
    tenant_id = create_tenant(name="到点", slug="bench-deadlines")
    with tenant(tenant_id):
        city = scene.make_city(5, stock=10, warehouse_stock=rows)
        scene.set_rounds(scene.round_of(3, 3_600))
        ids = [
            each for start in range(0, rows, 1_000) for each in scene.offer(city, min(1_000, rows - start))
        ]
        db.execute(
            "UPDATE o2o_dispatch d SET deadline = clock_timestamp() + interval '2 seconds' + u.n * %s * interval '1 second'"
            " FROM unnest(%s::bigint[]) WITH ORDINALITY u(id, n) WHERE d.id = u.id",
            spread_s / rows,
            db.array(ids),
        )
        due = dict(db.rows("SELECT id, deadline FROM o2o_dispatch"))
    sweeper = clockwork.Sweeper(clockwork.sweeps(), threading.Event())
    used = time.process_time()
    until = time.monotonic() + spread_s + 60
    while time.monotonic() < until:
        wait = sweeper.once()
        if wait == clockwork.TICK_S and not dict(clockwork.sweeps()["o2o.rounds"].deadlines()).get(tenant_id):
            break
        time.sleep(wait)
    used = time.process_time() - used
    with tenant(tenant_id):
        ended = db.rows("SELECT id, ended_at FROM o2o_dispatch WHERE status = 'FALLBACK'")
    if len(ended) != rows:
        raise SystemExit(f"{rows - len(ended)} rounds were not moved")
    late = [(at - due[id_]).total_seconds() for id_, at in ended]
    prove(tenant_id)
    print(
        f"deadlines: {rows} open rounds over {spread_s:g} s, one clock ({used:.1f} s of CPU); late {spread_of(late)}"
    )


def prove(tenant_id: int) -> None:
    broken = [each.name for each in invariants.prove(tenant_id) if not each.name.startswith("orders.")]
    if broken:
        raise SystemExit(f"broken: {broken}")


def spread_of(seconds: Sequence[float]) -> str:
    cut = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"p50 {cut[49] * 1e3:.0f} ms, p99 {cut[98] * 1e3:.0f} ms, max {max(seconds) * 1e3:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench grab", description=__doc__)
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--spread", type=float, default=60.0, metavar="SECONDS")
    asked = parser.parse_args()
    taps(asked.stores, asked.rounds)
    lateness(asked.rows, asked.spread)


if __name__ == "__main__":
    main()
