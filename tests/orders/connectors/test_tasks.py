"""Who is asked to work when: each shop in its turn, and a shop with something to say."""

import pytest

from core import outbox
from core.tenancy import tenant
from orders import tasks
from orders.models import ConnectionState
from orders.services import pulling, ship_back
from tests.orders.connectors.scene import Scene, make_scene

Asked = list[tuple[str, int, int]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found: Asked = []
    monkeypatch.setattr(outbox, "nudge", lambda task, *ids: found.append((task, *ids)))
    return found


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id, "tmall", "http://127.0.0.1:1/")


def test_a_shop_is_asked_for_in_its_turn_and_not_while_it_is_left_alone(scene: Scene, asked: Asked) -> None:
    mine = ("orders.tasks.pull", scene.tenant_id, scene.connection_id)
    tasks.pull_due()
    assert mine in asked
    for reason in (
        "next_pull_at = clock_timestamp() + interval '1 minute'",
        "next_pull_at = clock_timestamp(), quiet_until = clock_timestamp() + interval '1 minute'",
        "quiet_until = NULL, lease_until = clock_timestamp() + interval '1 minute'",
        f"lease_until = NULL, state = {ConnectionState.PAUSED.value}",
    ):
        scene.set(reason)
        asked.clear()
        tasks.pull_due()
        assert mine not in asked
    scene.set(f"state = {ConnectionState.ACTIVE.value}")
    tasks.pull_due()
    assert mine in asked


def test_a_shop_with_something_to_say_is_asked_for(scene: Scene, asked: Asked) -> None:
    mine = ("orders.tasks.say", scene.tenant_id, scene.connection_id)
    tasks.say_due()
    assert mine not in asked
    scene.set("next_say_at = clock_timestamp()")
    tasks.say_due()
    assert mine in asked


def test_what_is_left_goes_behind_the_others(
    scene: Scene, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for left in (True, False):
        monkeypatch.setattr(pulling, "run", lambda *ids, left=left: left)
        monkeypatch.setattr(ship_back, "run", lambda *ids, left=left: left)
        asked.clear()
        tasks.pull(scene.tenant_id, scene.connection_id)
        tasks.say(scene.tenant_id, scene.connection_id)
        assert len(asked) == (2 if left else 0)


def test_without_a_connection_a_shipment_costs_one_look(tenant_id: int) -> None:
    with tenant(tenant_id):
        ship_back.on_parcels_shipped({"parcel_ids": [1, 2, 3], "order_refs": []})
