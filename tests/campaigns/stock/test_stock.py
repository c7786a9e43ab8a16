"""The stock machine in full: thousands of steps over two tenants, every law after each.

`ERP_EXAMPLES` walks of `ERP_STEPS` steps (200 of 60 unless told otherwise), from a seed that is printed on failure.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.inventory.services.machine import StockMachine

pytestmark = [pytest.mark.campaign, pytest.mark.usefixtures("database")]


def test_whatever_happens_to_stock_every_law_holds() -> None:
    large = settings(
        max_examples=int(os.environ.get("ERP_EXAMPLES", "200")),
        stateful_step_count=int(os.environ.get("ERP_STEPS", "60")),
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(StockMachine, settings=large)
