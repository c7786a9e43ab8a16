"""A neighbour that does not answer is left alone for a while, then asked again."""

import time

import pytest

from core.circuit import Circuit


def test_it_opens_when_tripped_and_closes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    circuit = Circuit(pause_s=5)
    assert not circuit.is_open
    circuit.trip()
    assert circuit.is_open
    now = 1_004.9
    assert circuit.is_open
    circuit.trip()
    now = 1_009.8
    assert circuit.is_open
    now = 1_009.9
    assert not circuit.is_open
