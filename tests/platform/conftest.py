"""What the platform's own tests share: state folders that even an unprivileged server can enter."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from script.house.processes import reap
from script.house.state import State


@pytest.fixture
def state() -> Iterator[State]:
    """A state folder for this test, inside the run's own; whatever runs from it ends with the test."""
    made = State(Path(os.environ["ERP_TEST_RUN"]) / f"state-{token_hex(4)}")
    yield made
    reap(made.folder, patience_s=3)
    shutil.rmtree(made.folder, ignore_errors=True)
