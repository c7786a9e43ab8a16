"""A process that dies in the middle of a step, as the database sees it: its connection is gone, nothing was said."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


class Killed(BaseException):
    """The end of the process.  No service may catch it."""


class _Death:
    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        self.left -= 1
        if self.left == 0:
            connection.connection.close()
            raise Killed
        return found


@contextmanager
def dies_after(statements: int) -> Iterator[None]:
    """The connection breaks off right after this many statements; a fresh one is made afterwards."""
    try:
        with connection.execute_wrapper(_Death(statements)):
            yield
    finally:
        connection.close()
