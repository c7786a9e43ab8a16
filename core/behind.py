"""Writes that the server works on while Python makes the next rows.

A chunk of orders costs about as much in the server as in Python; one waiting for the other, each core is idle half of the time.  What
nobody reads before it is stored may be handed over here: the scope's statements are sent in their order by another thread, and the next
statement that is not handed over, a savepoint or the end of the transaction waits for them (`settle`).  What they raise comes up there.

Nothing else changes: one connection, one transaction, one order of statements.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connections
from django.db.backends.utils import CursorWrapper

from core.tenancy import DEFAULT, Scope, find_scope

MOST_THREADS = 64  # each scope uses one while it has writes under way; idle ones are used again


class _Pool:
    """The threads of this process; a forked child has its own."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.threads: ThreadPoolExecutor | None = None

    def submit(self, work: Callable[[], None]) -> "Future[None]":
        with self.guard:
            if self.threads is None:
                self.threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="behind")
            return self.threads.submit(work)


_pool = _Pool()
os.register_at_fork(after_in_child=_pool.__init__)  # type: ignore[misc]  # the parent's threads are not there


class Writes:
    """The statements of one scope that are under way, in their order."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[tuple[CursorWrapper, str, Sequence[Any]]] = deque()
        self._runner: Future[None] | None = None
        self._problem: BaseException | None = None

    def add(self, sql: str, params: Sequence[Any]) -> None:
        cursor = connections[DEFAULT].cursor()
        with self._guard:
            self._waiting.append((cursor, sql, params))
            is_idle = self._runner is None
            if is_idle:
                self._runner = _pool.submit(self._run)
        if is_idle:
            time.sleep(
                0
            )  # else the other thread begins when the interpreter next switches by itself, 5 ms later

    @property
    def is_busy(self) -> bool:
        return self._runner is not None or self._problem is not None

    def _run(self) -> None:
        while True:
            with self._guard:
                if self._problem is not None:
                    self._waiting.clear()  # the transaction is broken: they could only say that
                if not self._waiting:
                    self._runner = None
                    return
                cursor, sql, params = self._waiting.popleft()
            try:
                with cursor:
                    cursor.execute(sql, params)
            except BaseException as problem:  # noqa: BLE001  raised where it is waited for
                problem.add_note(f"written behind: {' '.join(sql.split())[:120]}")
                self._problem = problem

    def settle(self) -> None:
        """Wait until all is written.  Raises what the first that failed raised, once."""
        while (runner := self._runner) is not None:
            runner.result()
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem


def put(scope: Scope, sql: str, params: Sequence[Any]) -> None:
    """Hand one statement over, to be sent after those that were handed over before."""
    if scope.behind is None:
        scope.behind = Writes()
    scope.behind.add(sql, params)


def wait(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Around every statement of a connection: what was handed over comes first.  The thread that sends it has no scope."""
    scope = find_scope()
    if scope is not None and scope.behind is not None and context["connection"].alias == DEFAULT:
        scope.behind.settle()
    return execute(sql, params, many, context)


def watch(connection: Any, **kwargs: object) -> None:
    """Every new connection waits like that, Django's own queries included."""
    if wait not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, wait)
