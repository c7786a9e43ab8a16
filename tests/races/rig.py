"""Runs actors in real processes that start together, and hands back what each returned or raised."""

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

PATIENCE_S = 60
# Racers are forked from one process that has loaded Django and never connected.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.races.actors", "tests.races.storm", "tests.chaos.journey"])


def _racer(place: int, actor: Callable[..., Any], args: tuple[Any, ...], barrier: Any, results: Any) -> None:
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
            results.put((place, actor(gate, *args), ""))
    except Exception as problem:  # noqa: BLE001  handed to the test
        results.put((place, f"{type(problem).__name__}: {problem}", traceback.format_exc()))
    finally:
        connections.close_all()


class Failed(AssertionError):
    """A racer raised."""


def race(*racers: tuple[Callable[..., Any], Sequence[Any]], may_fail: bool = False) -> list[Any]:
    """What each racer returned, in the given order; with `may_fail` the words of what it raised stand in its place."""
    barrier, results = context.Barrier(len(racers)), context.SimpleQueue()
    processes = [
        context.Process(target=_racer, args=(place, actor, tuple(args), barrier, results), daemon=True)
        for place, (actor, args) in enumerate(racers)
    ]
    for process in processes:
        process.start()
    found = sorted((results.get() for _ in processes), key=lambda result: result[0])
    for process in processes:
        process.join(PATIENCE_S)
    failures = [trace for _place, _value, trace in found if trace]
    if failures and not may_fail:
        raise Failed("\n".join(failures))
    return [value for _place, value, _trace in found]
