"""Every trade of stock at work in its own process, and SIGKILL at random moments; what the tables say afterwards."""

import random
import signal
import time
from typing import Any
from unittest import mock

from core import db, live, outbox
from core.tenancy import tenant
from tests.races import storm
from tests.races.rig import PATIENCE_S, context
from tests.races.storm import Yard

UNTIL_KILLED_S = 86_400


def _trader(yard: Yard, kind: str, seed: int, pipe: Any) -> None:
    def gate() -> None:
        db.rows("SELECT 1")
        pipe.send("ready")

    with (
        mock.patch.object(outbox, "nudge", lambda *_asked: None),
        mock.patch.object(live, "push", lambda *_told: None),
    ):
        storm.trade(gate, yard, kind, UNTIL_KILLED_S, seed)


def _start(yard: Yard, kind: str, seed: int) -> Any:
    ours, theirs = context.Pipe()
    process = context.Process(target=_trader, args=(yard, kind, seed, theirs), daemon=True)
    process.start()
    assert ours.poll(PATIENCE_S), "a trader did not start"
    return process


def trade_under_fire(yard: Yard, *, kills: int, seed: int, moves: int = 0) -> int:
    """Keep every trade at work and kill one of them `kills` times; then, when more than `moves` were written, all.  Kills that met a
    process at work.
    """
    luck, met, started = random.Random(seed), 0, len(storm.TRADES)
    kinds = list(storm.TRADES)
    processes = [_start(yard, kind, n) for n, kind in enumerate(kinds, 1)]
    for _ in range(kills):
        time.sleep(luck.uniform(0, 0.1))
        victim = luck.randrange(len(kinds))
        met += _kill(processes[victim])
        started += 1
        processes[victim] = _start(yard, kinds[victim], started)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and _moves(yard) <= moves:
        time.sleep(0.05)
    return met + sum(map(_kill, processes))


def _moves(yard: Yard) -> int:
    with tenant(yard.tenant_id):
        return int(db.rows("SELECT count(*) FROM inventory_move")[0][0])


def _kill(process: Any) -> bool:
    process.kill()
    process.join(PATIENCE_S)
    return bool(process.exitcode == -signal.SIGKILL)
