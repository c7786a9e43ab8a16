"""A neighbour that does not answer is left alone for a while, then asked again."""

import time

import pytest

from core.circuit import Circuit


def test_it_opens_when_tripped_and_closes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    circuit = Circuit(pause_s=5)

    def opens_at(instant: float) -> bool:
        nonlocal now
        now = instant
        return circuit.is_open

    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert not opens_at(1_000.0)
    circuit.trip()
    assert [opens_at(t) for t in (1_000.0, 1_004.9, 1_005.0)] == [True, True, False]
    assert opens_at(1_004.0)
    circuit.trip()
    assert [opens_at(t) for t in (1_008.9, 1_009.0)] == [True, False], "tripped again, it waits anew"
