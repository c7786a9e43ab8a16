"""Paused, killed, resumed, again and again: what comes out is what comes out undisturbed; what is cancelled stands as far as it says."""

from functools import partial
from pathlib import Path

import pytest

from core import db
from core.job_wishes import Wish
from core.models import Job
from core.models.jobs import JobStatus
from core.tenancy import tenant
from tests import laws
from tests.chaos import journey

KILLS = 8


def test_a_job_paused_and_killed_again_and_again_ends_where_an_undisturbed_one_ends(
    tenant_id: int, other_tenant_id: int, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    calm = journey.prepare(other_tenant_id, path, 200)
    calm_s = journey.travel_calmly(calm)
    expected = journey.summary(calm.tenant_id)
    stormy = journey.prepare(tenant_id, path, 200)
    met = journey.travel_under_fire(stormy, kills=KILLS, longest_s=calm_s / KILLS, seed=11, is_meddled=True)
    assert met >= KILLS // 2
    assert laws.broken(tenant_id) == []
    found = journey.summary(tenant_id)
    for part, rows in expected.items():
        assert found[part] == rows, part


@pytest.mark.parametrize("least", [0, 1, 60])
def test_a_job_killed_and_cancelled_leaves_what_it_says_it_did(
    tenant_id: int, tmp_path: Path, least: int
) -> None:
    stormy = journey.prepare(tenant_id, tmp_path / "orders.csv", 200)
    journey.shoot(stormy, partial(journey.wait_for_orders, tenant_id, least))
    journey.meddle(stormy, [Wish.CANCEL])
    journey.travel(stormy, lambda: None)
    with tenant(tenant_id):
        found = list(Job.objects.order_by("id"))
        ((orders,),) = db.rows("SELECT count(*) FROM orders_channelorder")
    assert {job.status for job in found} == {JobStatus.CANCELLED}
    assert least <= orders < 200
    assert orders == found[0].cursor.get("counts", {}).get("created", 0)
    assert (orders > 0) == (found[0].rows_done > 0)
    assert laws.broken(tenant_id) == []
