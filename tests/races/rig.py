"""Runs actors in real processes that start together, and hands back what each returned or raised.

The racers are forked from a server process that has loaded Django, never connected and has one thread.  Forking the process
that runs the tests would be quicker to write, and hang: a child inherits locks that other threads hold, and nobody there to
open them.
"""

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any
from unittest import mock

import cloudpickle

PATIENCE_S = 60
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["pytest", "tests.races.actors", "tests.races.storm", "tests.chaos.journey"])


def _racer(actor: Callable[..., Any], args: tuple[Any, ...], barrier: Any, answer: Connection) -> None:
    from django.db import connections

    from core import db, live, outbox

    def gate() -> None:
        db.rows("SELECT 1")  # connected before the start
        barrier.wait(PATIENCE_S)

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
    for actor, args in racers:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_racer, args=(actor, tuple(args), barrier, theirs), daemon=True)
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
