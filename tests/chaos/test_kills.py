"""SIGKILL at random moments: what comes out is what comes out undisturbed.  The full dose: `script/test --campaign kills`."""

from pathlib import Path

from tests import laws
from tests.chaos import journey

KILLS = 18


def test_a_worker_killed_again_and_again_ends_where_an_undisturbed_one_ends(
    tenant_id: int, other_tenant_id: int, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    calm = journey.prepare(other_tenant_id, path, 300)
    calm_s = journey.travel_calmly(calm)
    expected = journey.summary(calm.tenant_id)
    assert laws.broken(calm.tenant_id) == []
    assert {row[1] for row in expected["orders"]} == {1, 4}, "some stop and all others are shipped"
    killed = journey.prepare(tenant_id, path, 300)
    met = journey.travel_under_fire(killed, kills=KILLS, longest_s=calm_s / KILLS, seed=7)
    assert met >= KILLS // 2, "a machine that has more time now than in the calm run is through sooner"
    assert laws.broken(killed.tenant_id) == []
    found = journey.summary(killed.tenant_id)
    for part, rows in expected.items():
        assert found[part] == rows, part
