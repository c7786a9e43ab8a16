"""Stories on the floor, without workers."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # a conftest is read before Django is set up
    from tests.steps import Do


@pytest.fixture
def do(tenant_id: int) -> "Do":
    from tests.steps import Do

    return Do(tenant_id)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are not nudged: a test delivers when it wants to."""
    from core import outbox

    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)
