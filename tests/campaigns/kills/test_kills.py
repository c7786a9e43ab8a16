"""The full dose of kills: ERP_KILLS of them (200 unless told otherwise) while a file of ERP_ORDERS orders (4,000) goes to the dock."""

import os
from pathlib import Path

import pytest

from tests import laws
from tests.chaos import journey
from tests.conftest import fresh_tenant

pytestmark = [pytest.mark.campaign, pytest.mark.usefixtures("database")]


def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    kills, orders = int(os.environ.get("ERP_KILLS", "200")), int(os.environ.get("ERP_ORDERS", "4000"))
    path = tmp_path / "orders.csv"
    calm = journey.prepare(fresh_tenant(), path, orders)
    journey.travel(calm, lambda: None)
    expected, met, rounds = journey.summary(calm.tenant_id), 0, 0
    while met < kills:
        rounds += 1
        killed = journey.prepare(fresh_tenant(), path, orders)
        met += journey.travel_under_fire(killed, kills=kills - met, longest_s=0.5, seed=rounds)
        assert laws.broken(killed.tenant_id) == []
        found = journey.summary(killed.tenant_id)
        for part, rows in expected.items():
            assert found[part] == rows, part
        print(f"{met} kills met a working process, over {rounds} files of {orders} orders; end states equal")
