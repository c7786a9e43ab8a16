"""Reservations next to the same work in bare SQL, in one run on one server.

script/bench reserve --seconds 2

Hot: every order wants one SKU.  Zipf: one to three lines over 240 SKUs, the n-th wanted as often as 1/n^1.1.  Each with 1, 8 and 32
processes, one order a transaction and a hundred.  Both sides get the same orders on equal tables with rows of the same shape, constraints,
foreign keys and locks; stock is short of the demand, so the end is a fight for the last units.  Both sides run in turn, `--rounds` times.
After each run of ours: laws of stock proved, units promised are units granted.  With one process the rows of both sides are compared.
Last line: one JSON object.
"""

import argparse
import json
import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any

import django
import psycopg2

django.setup()

from django.db import Error, connections

from bench import rig
from bench.bare_sql import reserve as bare
from bench.bare_sql.reserve import Bare, Order
from core import invariants
from core.services.tenants import create_tenant
from core.tenancy import tenant
from inventory.queries import first_sellable
from inventory.services.catalogue import BinInput, SkuInput, create_bins, create_facility, save_skus
from inventory.services.receiving import ReceiptInput, receive
from inventory.services.reserving import ReserveInput, ReserveLine, reserve

SKUS, LOTS, SKEW = 240, 4, 1.1
PROCESSES, BATCHES = (1, 8, 32), (1, 100)
SERVED = 0.95  # of the units that are wanted are there
SHIP_BY = datetime(2026, 11, 13, tzinfo=UTC)
FORK = multiprocessing.get_context("fork")
Worker = Callable[[Sequence[Sequence[Order]]], int]


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant with its stock, before anybody wants any."""

    tenant_id: int
    facility_id: int
    first_sellable: date


@dataclass(slots=True)
class Side:
    """What one side did over all rounds of a case."""

    seconds: float = 0.0
    granted: int = 0
    states: list[dict[str, Any]] = field(default_factory=list)


def demand(mix: str, n: int, today: date) -> list[list[tuple[int, int, date]]]:
    """Orders as (SKU's number, units, minimum expiry) lines, the same for the same arguments."""
    luck = random.Random(f"{mix} {n}")
    days = [today + timedelta(days=days) for days in (3, 33, 63)]
    weights = list(accumulate(1 / k**SKEW for k in range(1, SKUS + 1)))
    orders = []
    for _ in range(n):
        count = 1 if mix == "hot" else luck.randint(1, 3)
        skus = [0] if mix == "hot" else sorted(set(luck.choices(range(SKUS), cum_weights=weights, k=count)))
        day = luck.choice(days)
        orders.append([(sku, 1 if mix == "hot" else luck.randint(1, 3), day) for sku in skus])
    return orders


def seed(orders: Sequence[Sequence[tuple[int, int, date]]], today: date) -> tuple[Place, list[Order]]:
    """A fresh tenant whose stock serves most of these orders; every SKU has its anchor."""
    wanted = [0] * SKUS
    for lines in orders:
        for sku, units, _day in lines:
            wanted[sku] += units
    tenant_id = create_tenant(name="占用", slug=f"bench-{random.SystemRandom().randrange(10**12)}")
    with tenant(tenant_id):
        facility_id = create_facility(code="WH", name="Bench")
        bins = create_bins(facility_id, [BinInput(f"B{i:04}", sequence=i) for i in range(SKUS * LOTS)])
        ids = list(save_skus([SkuInput(f"SKU{i}", f"SKU{i}") for i in range(SKUS)]).values())
        lots = [
            ReceiptInput(sku, f"L{s}-{k}", bins[s * LOTS + k], units, today + timedelta(days=90 + 30 * k))
            for s, sku in enumerate(ids)
            for k, units in enumerate(_shares(max(1, int(wanted[s] * SERVED))))
            if units
        ]
        receive(facility_id=facility_id, reference="opening", lines=lots)
        floor = first_sellable()
        # Nobody can have so many: this makes the anchors and nothing else.
        too_many = tuple(ReserveLine(0, sku, 2**30) for sku in ids)
        assert not reserve(
            facility_id=facility_id, requests=[ReserveInput(1, too_many, today, SHIP_BY)]
        ).granted
    made = [
        Order(n, tuple((line, ids[sku], units) for line, (sku, units, _day) in enumerate(lines)), lines[0][2], SHIP_BY)
        for n, lines in enumerate(orders, 1)
    ]  # fmt: skip
    with closing(rig.admin()) as admin, admin.cursor() as cursor:
        bare.prepare(cursor, tenant_id)
        cursor.execute("SET search_path = public")
        cursor.execute(
            "VACUUM ANALYZE inventory_sku, inventory_lot, inventory_balance, inventory_bin, inventory_promise, inventory_hold"
        )
        cursor.execute("CHECKPOINT")
    return Place(tenant_id, facility_id, floor), made


def _shares(units: int) -> list[int]:
    return [units // LOTS + (k < units % LOTS) for k in range(LOTS)]


def ours(place: Place) -> Worker:
    def work(batches: Sequence[Sequence[Order]]) -> int:
        granted = 0
        for batch in batches:
            requests = [
                ReserveInput(o.owner, tuple(ReserveLine(*line) for line in o.lines), o.min_expires_on, o.ship_by)
                for o in batch
            ]  # fmt: skip
            with tenant(place.tenant_id):
                granted += len(reserve(facility_id=place.facility_id, requests=requests).granted)
        return granted

    return work


def plain(place: Place) -> Worker:
    def work(batches: Sequence[Sequence[Order]]) -> int:
        with closing(rig.admin()) as connection:
            connection.autocommit = False
            side = Bare(connection, place.tenant_id, place.facility_id, place.first_sellable)
            return sum(len(side.reserve(batch)) for batch in batches)

    return work


def _worker(work: Worker, batches: Sequence[Sequence[Order]], gate: Any, answers: Any) -> None:
    """Nothing is tried again: a deadlock or a lock that is waited for too long ends the benchmark."""
    work(())  # connected before the gate opens
    gate.wait()
    began = time.monotonic()
    try:
        granted = work(batches)
        answers.put((began, time.monotonic(), granted, ""))
    except (Error, psycopg2.Error) as problem:
        answers.put((began, time.monotonic(), 0, f"{type(problem).__name__}: {problem}"))
    connections.close_all()


def run(work: Worker, orders: Sequence[Order], processes: int, batch: int, side: Side) -> None:
    """All orders dealt out to the processes, which start together; adds to what the side did."""
    connections.close_all()
    gate, answers = FORK.Barrier(processes), FORK.SimpleQueue()
    hands = [orders[k::processes] for k in range(processes)]
    workers = [
        FORK.Process(
            target=_worker,
            args=(work, [hand[i : i + batch] for i in range(0, len(hand), batch)], gate, answers),
        )
        for hand in hands
    ]
    for worker in workers:
        worker.start()
    found = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    if failed := [row[3] for row in found if row[3]]:
        raise SystemExit(f"{len(failed)} of {processes} processes failed, the first: {failed[0]}")
    side.seconds += max(row[1] for row in found) - min(row[0] for row in found)
    side.granted += sum(row[2] for row in found)


STATE = """
SELECT (SELECT coalesce(sum(quantity), 0) FROM {0}.inventory_promise WHERE tenant_id = %(t)s),
    (SELECT coalesce(sum(quantity), 0) FROM {0}.inventory_reservation WHERE tenant_id = %(t)s),
    (SELECT count(DISTINCT owner_ref) FROM {0}.inventory_reservation WHERE tenant_id = %(t)s),
    (SELECT coalesce(sum(greatest(p.units - b.units, 0)), 0) FROM
        (SELECT sku_id, sum(quantity) AS units FROM {0}.inventory_promise WHERE tenant_id = %(t)s GROUP BY 1) p
        LEFT JOIN (SELECT sku_id, sum(on_hand) AS units FROM {0}.inventory_balance WHERE tenant_id = %(t)s GROUP BY 1) b USING (sku_id))
"""


def check(place: Place, schema: str) -> dict[str, Any]:
    """The end state of one side, by SQL that neither side uses."""
    with closing(rig.admin()) as admin, admin.cursor() as cursor:
        cursor.execute(STATE.format(schema), {"t": place.tenant_id})
        ((promised, reserved, owners, oversold),) = cursor.fetchall()
        rows = bare.end_state(cursor, schema, place.tenant_id)
    return {
        "promised": promised,
        "reserved": reserved,
        "owners": owners,
        "oversold": int(oversold),
        "rows": rows,
    }


def deadlocks() -> int:
    with closing(rig.admin()) as admin, admin.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchall()[0][0])


def case(mix: str, processes: int, batch: int, n: int, rounds: int) -> dict[str, Any]:
    """One case, both sides in turn."""
    mine, theirs, before, is_true = Side(), Side(), deadlocks(), True
    today = datetime.now(UTC).date()
    for turn in range(rounds):
        place, orders = seed(demand(mix, n, today), today)
        sides = [(plain(place), theirs, bare.SCHEMA), (ours(place), mine, "public")]
        for work, side, schema in sides if turn % 2 else reversed(sides):
            earlier = side.granted
            run(work, orders, processes, batch, side)
            state = check(place, schema)
            side.states.append(state)
            is_true &= state["promised"] == state["reserved"]
            is_true &= state["owners"] == side.granted - earlier
        is_true &= not [one for one in invariants.prove(place.tenant_id) if one.name.startswith("inventory.")]
    found = {
        "mix": mix,
        "processes": processes,
        "batch": batch,
        "orders": n * rounds,
        "reservations_per_s": round(mine.granted / mine.seconds),
        "bare_sql_per_s": round(theirs.granted / theirs.seconds),
        "ratio": round((mine.granted / mine.seconds) / (theirs.granted / theirs.seconds), 3),
        "granted": mine.granted,
        "bare_sql_granted": theirs.granted,
        "deadlocks": deadlocks() - before,
        "oversold": max(state["oversold"] for side in (mine, theirs) for state in side.states),
        "equals_ledger": is_true,
    }
    if processes == 1:
        pairs = zip(mine.states, theirs.states, strict=True)
        found["equal_rows"] = all(one["rows"] == other["rows"] for one, other in pairs)
    print(json.dumps(found), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="script/bench reserve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="about how long one side works on one round of a case"
    )
    parser.add_argument("--orders", type=int, help="orders a round, instead of --seconds")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--processes", type=int, nargs="+", default=PROCESSES)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--mixes", nargs="+", default=("hot", "zipf"))
    asked = parser.parse_args()
    cases = []
    for batch in asked.batches:
        n = asked.orders or _orders_in(asked.seconds, batch)
        cases += [case(mix, p, batch, n, asked.rounds) for mix in asked.mixes for p in asked.processes]
    worst = {
        "ratio": min(one["ratio"] for one in cases),
        "deadlocks": sum(one["deadlocks"] for one in cases),
        "oversold": max(one["oversold"] for one in cases),
        "equals_ledger": all(one["equals_ledger"] for one in cases),
        "equal_rows": all(one.get("equal_rows", True) for one in cases),
    }
    print(json.dumps({"bench": "reserve", "worst": worst, "cases": cases}))


def _orders_in(seconds: float, batch: int) -> int:
    """How many orders one process of ours does in this time."""
    today, probe = datetime.now(UTC).date(), 100 * batch if batch == 1 else 20 * batch
    place, orders = seed(demand("zipf", probe, today), today)
    run(ours(place), orders, 1, batch, side := Side())
    return max(probe, int(probe / side.seconds * seconds))


if __name__ == "__main__":
    main()
