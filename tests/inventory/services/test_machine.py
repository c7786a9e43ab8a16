"""A small dose of the stock machine; the full one is `script/test --campaign stock`."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.inventory.services.machine import StockMachine


def test_whatever_happens_to_stock_every_law_holds() -> None:
    small = settings(
        max_examples=10,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(StockMachine, settings=small)
