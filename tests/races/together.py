"""The rig of the races: real processes that start at the same instant, each with connections of its own."""

import multiprocessing
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connections

from core import db

WAIT_S = 60


def together(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each work in a process; all are let go at once.  What they returned, in no order; a failure is
    raised.
    """
    connections.close_all()  # an inherited socket would be spoken on by two
    fork = multiprocessing.get_context("fork")
    gate, answers = fork.Barrier(len(works)), fork.SimpleQueue()
    processes = [fork.Process(target=_run, args=(work, gate, answers), daemon=True) for work in works]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join(WAIT_S)
    failed = [text for is_done, text in found if not is_done]
    if failed:
        raise AssertionError(f"{len(failed)} of {len(works)} failed, the first:\n{failed[0]}")
    return [answer for _is_done, answer in found]


def _run(work: Callable[[], Any], gate: Barrier, answers: Any) -> None:
    try:
        db.rows("SELECT 1")  # connected before the gate opens
        gate.wait(WAIT_S)
        answers.put((True, work()))
    except BaseException:  # noqa: BLE001
        answers.put((False, traceback.format_exc()))
    finally:
        connections.close_all()
