"""Receivers that the platform hides: asked about, and merged on its word alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core import options
from core.tenancy import tenant
from orders import options as settings_of_orders
from orders.models import MergeVerdict, Order
from orders.services import asking
from tests import laws
from tests.orders.connectors import dialects
from tests.orders.connectors.platform_server import Shop
from tests.orders.connectors.scene import Scene, make_scene


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture(params=["tmall", "jd"])
def scene(request: pytest.FixtureRequest, tenant_id: int, shop: Shop, settings: object) -> Iterator[Scene]:
    settings.ERP_CONNECTOR_LOOPBACK = True  # type: ignore[attr-defined]
    with dialects.platform(shop, request.param) as url:
        made = make_scene(tenant_id, request.param, url)
        with tenant(tenant_id):
            options.put(settings_of_orders.MERGES, True)
        yield made


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def groups(scene: Scene) -> dict[str, str | None]:
    with tenant(scene.tenant_id):
        numbers = dict(Order.objects.values_list("id", "number"))
        return {
            order.number: numbers[order.merged_into_id] if order.merged_into_id else None
            for order in Order.objects.all()
        }


def ask(scene: Scene) -> int:
    return asking.run(scene.tenant_id, scene.connection_id)


def test_only_what_the_platform_says_is_merged_and_each_answer_is_kept(scene: Scene, shop: Shop) -> None:
    for n, receiver in enumerate(("张**", "张**", "李**")):
        shop.add(f"{7_001 + n}", ("S", 1, 1_000), modified=ago(60 - n), receiver=receiver, token=f"oaid-{n}")
    scene.pull()
    assert set(groups(scene).values()) == {None}
    assert ask(scene) == 1
    assert groups(scene) == {"7001": None, "7002": "7001", "7003": None}
    with tenant(scene.tenant_id):
        assert MergeVerdict.objects.count() == 1
    assert ask(scene) == 0, "what is settled is not asked again"
    assert laws.broken(scene.tenant_id) == []


def test_a_platform_that_does_not_answer_merges_nothing_and_is_asked_again(scene: Scene, shop: Shop) -> None:
    for n in range(2):
        shop.add(f"{7_001 + n}", ("S", 1, 1_000), modified=ago(60 - n), receiver="张**", token=f"oaid-{n}")
    scene.pull()
    shop.faults = ["throttle"]
    assert ask(scene) == 0
    assert set(groups(scene).values()) == {None}
    shop.faults = []
    assert ask(scene) == 1
    assert "7001" in groups(scene).values()
    assert laws.broken(scene.tenant_id) == []
