"""Runs actors in real processes that start together, and hands back what each returned or raised.

The racers are forked from a server process that has loaded Django, never connected and has one thread.  Forking the process
that runs the tests would be quicker to write, and hang: a child inherits locks that other threads hold, and nobody there to
open them.

With `RACE_SKEW=SEED` the racers do not go on together from a gate: half of them at once, the others up to half a second later, so that
the first of two wins clearly, the second does, or neither.  What each waits hangs on the seed, the test, the race and the racer only.
`script/test --campaign skew` does it with many seeds; the suite never does.
"""

import multiprocessing
import os
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any
from unittest import mock

import cloudpickle

PATIENCE_S = 60
SKEW_S = 0.5
RACER = "racer"  # what its connection is called
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["pytest", "tests.races.actors", "tests.races.storm", "tests.chaos.journey"])
_races_of = Counter[str]()


def start_server() -> None:
    """Where the first process of a session would wait until all modules are loaded: it has them now."""
    process = context.Process(target=int)
    process.start()
    process.join(PATIENCE_S)


def lucks(racers: int) -> list[random.Random | None]:
    """What decides how long each racer of a test's next race waits behind its gates; None: it does not."""
    seed = os.environ.get("RACE_SKEW")
    if not seed:
        return [None] * racers
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    _races_of[test] += 1
    return [random.Random(f"{seed} {test} {_races_of[test]} {place}") for place in range(racers)]


def dawdle(luck: random.Random | None) -> None:
    """Go on at once, or a moment later than others: half of the racers have no more than 20 ms to wait."""
    if luck:
        time.sleep(luck.uniform(0, luck.choice((0.02, SKEW_S))))


def _racer(
    actor: Callable[..., Any],
    args: tuple[Any, ...],
    barrier: Any,
    luck: random.Random | None,
    answer: Connection,
) -> None:
    from django.db import connections

    from core import db, live, outbox

    def gate() -> None:
        db.rows("SELECT set_config('application_name', %s, false)", RACER)  # connected before the start
        barrier.wait(PATIENCE_S)
        dawdle(luck)

    try:
        with (  # the first nudge of a process takes a second, in which nobody would race
            mock.patch.object(outbox, "nudge", lambda *_asked: None),
            mock.patch.object(live, "push", lambda *_told: None),
        ):
            answer.send((actor(gate, *args), ""))
    except BaseException as problem:  # noqa: BLE001  handed to the test
        answer.send((f"{type(problem).__name__}: {problem}", traceback.format_exc()))
    finally:
        connections.close_all()


class Failed(AssertionError):
    """A racer raised, or died without a word."""


def race(*racers: tuple[Callable[..., Any], Sequence[Any]], may_fail: bool = False) -> list[Any]:
    """What each racer returned, in the given order; with `may_fail` the words of what it raised stand in its place."""
    barrier = context.Barrier(len(racers))
    running = []
    for (actor, args), luck in zip(racers, lucks(len(racers)), strict=True):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=_racer, args=(actor, tuple(args), barrier, luck, theirs), daemon=True
        )
        process.start()
        theirs.close()  # so that a racer's end is the end of its pipe
        running.append((process, ours))
    found = [_answer(process, answer) for process, answer in running]
    failures = [trace for _value, trace in found if trace]
    if failures and not may_fail:
        raise Failed(f"{len(failures)} of {len(racers)} failed, the first:\n{failures[0]}")
    return [value for value, _trace in found]


def _answer(process: Any, answer: Connection) -> tuple[Any, str]:
    try:
        found: tuple[Any, str] = answer.recv()
    except EOFError:
        process.join(PATIENCE_S)
        found = (None, f"the process ended with {process.exitcode} and no answer")
    answer.close()
    process.join(PATIENCE_S)
    return found


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Race works that need no gate of their own, closures too; what each returned, in the given order."""
    return race(*[(_perform, (cloudpickle.dumps(work),)) for work in works])


def _perform(gate: Callable[[], None], packed: bytes) -> Any:
    work = cloudpickle.loads(packed)  # it loads the modules that the work is from
    gate()
    return work()
