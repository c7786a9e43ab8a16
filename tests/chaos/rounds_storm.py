"""Rounds under kill -9: sweepers and grabbers die at any instant and are started again, until every
dispatch has ended.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

from django.db import DatabaseError, InterfaceError, connections

from core import clockwork, db, invariants
from core.errors import Conflict
from core.tenancy import tenant
from o2o.services import dispatches
from tests.conftest import fresh_tenant
from tests.o2o import scene
from tests.races.rig import context, start_server

OPEN_OFFERS = "SELECT dispatch_id, facility_id FROM o2o_offer WHERE status = 'OPEN' ORDER BY random() LIMIT 2"
PAUSE_S = 0.12  # between two kills


@dataclass
class Storm:
    """What a storm came to."""

    dispatches: int
    kills: int
    seconds: float
    ended: dict[str, int]
    unfinished: int
    told_wrong: list[int]
    broken: list[str]


def storm(*, tenants: int, orders: int, kills: int, round_s: int = 1, limit_s: float = 90) -> Storm:
    """Offer orders, kill a process every moment, and look at what is left.  Works go on until all ended
    and `kills` were given.
    """
    start_server()  # it takes longer than a round, and the rounds run from when they are made
    places = [_city(orders, round_s) for _ in range(tenants)]
    works: list[Callable[[], None]] = [_sweep, _sweep, *[partial(_grab, places)] * 3]
    connections.close_all()
    processes = [_start(work) for work in works]
    began, done, chance = time.monotonic(), 0, random.Random(7)
    try:
        while time.monotonic() - began < limit_s:
            time.sleep(PAUSE_S)
            if done < kills:
                index = chance.randrange(len(works))
                _kill(processes[index])
                processes[index] = _start(works[index])
                done += 1
            elif not _unfinished(places):
                break
    finally:
        for process in processes:
            _kill(process)
    return _verdict(places, done, time.monotonic() - began)


def _city(orders: int, round_s: int) -> tuple[int, list[int], list[int]]:
    tenant_id = fresh_tenant()
    with tenant(tenant_id):
        city = scene.make_city(6, stock=max(3, orders // 8), warehouse_stock=orders)
        scene.set_rounds(scene.round_of(2, round_s), scene.round_of(2, round_s), scene.round_of(2, round_s))
        return tenant_id, city.stores, scene.offer(city, orders)


def _start(work: Callable[[], None]) -> BaseProcess:
    process = context.Process(target=work, daemon=True)
    process.start()
    return process


def _kill(process: BaseProcess) -> None:
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join(10)


def _sweep() -> None:
    clockwork.Sweeper(clockwork.sweeps(), threading.Event()).forever()


def _grab(places: Sequence[tuple[int, list[int], list[int]]]) -> None:
    chance = random.Random()
    while True:
        tenant_id, _stores, _ids = chance.choice(places)
        try:
            with tenant(tenant_id):
                found = db.rows(OPEN_OFFERS)
            for dispatch_id, store in found:
                with tenant(tenant_id), suppress(Conflict):
                    dispatches.grab(dispatch_id=dispatch_id, facility_id=store, actor_id=None)
        except (DatabaseError, InterfaceError):
            connections.close_all()
        time.sleep(0.02)


def _unfinished(places: Sequence[tuple[int, list[int], list[int]]]) -> int:
    return sum(
        _of(tenant_id, "SELECT count(*) FROM o2o_dispatch WHERE status = 'OFFERING'")[0][0]
        for tenant_id, _s, _i in places
    )


def _of(tenant_id: int, sql: str) -> list[tuple[Any, ...]]:
    with tenant(tenant_id):
        return db.rows(sql)


def _verdict(places: Sequence[tuple[int, list[int], list[int]]], kills: int, seconds: float) -> Storm:
    ended: dict[str, int] = {}
    told_wrong, broken, count = [], [], 0
    for tenant_id, _stores, ids in places:
        count += len(ids)
        with tenant(tenant_id):
            for status, number in db.rows("SELECT status, count(*) FROM o2o_dispatch GROUP BY 1"):
                ended[status] = ended.get(status, 0) + number
            told = [
                id_
                for topic in ("DispatchesWon", "DispatchesFellBack")
                for fact in scene.facts(topic)
                for id_ in fact["dispatch_ids"]
            ]
        told_wrong += [id_ for id_ in ids if told.count(id_) != 1]
        broken += [each.name for each in invariants.prove(tenant_id) if not each.name.startswith("orders.")]
    return Storm(count, kills, seconds, ended, ended.get("OFFERING", 0), told_wrong, broken)
