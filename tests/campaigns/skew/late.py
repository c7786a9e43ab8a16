"""A plugin of pytest: of the chosen files only tests that race, and threads go on from a barrier at odd moments, as processes do."""

import inspect
import os
import random
import threading

import pytest

from tests.races.rig import dawdle

SIGNS = ("together(", "threading.Barrier(")  # of a test outside tests/races that lets many go together


class LateBarrier(threading.Barrier):
    """Lets its threads go together, each to dawdle; who came first is chance, who goes on first hangs on the seed too."""

    def wait(self, timeout: float | None = None) -> int:
        place = super().wait(timeout)
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        dawdle(random.Random(f"{os.environ['RACE_SKEW']} {test} {place}"))
        return place


def pytest_configure() -> None:
    threading.Barrier = LateBarrier  # type: ignore[misc]


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    items[:] = [item for item in items if races(item)]


def races(item: pytest.Function) -> bool:
    source = inspect.getsource(item.function)
    return "races" in item.path.parts or any(sign in source for sign in SIGNS)
