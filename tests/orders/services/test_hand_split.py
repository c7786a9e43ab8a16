"""Parcels by hand: seen first, made exactly so, kept through whatever comes, and undone exactly."""

import pytest

from core import options
from orders import options as settings
from orders.errors import BadOrder, WrongState
from orders.models import OrderLine, OrderStatus
from orders.services import desk, hand_split
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, order_of, parcels, push, ship_everything, status_of
from tests.steps import Do
from warehouse.services import waves


@pytest.fixture
def shop(do: Do) -> Shop:
    shop = do(Shop)
    for code in ("A", "B"):
        do(shop.stock, code, 50)
    push(do, shop, make.incoming(("A", 4), ("B", 1), number="T-1"))
    return shop


def lines() -> list[tuple[int, int, int]]:
    """(line, SKU, units)"""
    order = order_of("T-1")
    return list(
        OrderLine.objects.filter(order_id=order.id).order_by("id").values_list("id", "sku_id", "quantity")
    )


def test_what_was_seen_is_what_is_made_and_undone_exactly(do: Do, shop: Shop) -> None:
    id_ = do(order_of, "T-1").id
    (a, sku_a, _), (b, sku_b, _) = do(lines)
    before = do(parcels, "T-1")
    wanted = [[(a, 3)], [(a, 1), (b, 1)]]
    seen = do(hand_split.preview, order_id=id_, wanted=wanted)
    assert [parcel.weight_g for parcel in seen.parcels] == [1500, 1000]
    assert do(parcels, "T-1") == before, "looking changes nothing"
    assert do(hand_split.split, order_id=id_, wanted=wanted, actor_id=None) == ()
    assert do(parcels, "T-1") == [{sku_a: 3}, {sku_a: 1, sku_b: 1}]
    assert laws.broken(do.tenant_id) == []
    do(hand_split.undo, order_id=id_, actor_id=None)
    assert do(parcels, "T-1") == before
    assert do(order_of, "T-1").decided is None
    assert ship_everything(do, shop) == 5
    assert laws.broken(do.tenant_id) == []


def test_units_that_do_not_add_up_are_named_and_nothing_changes(do: Do, shop: Shop) -> None:
    id_ = do(order_of, "T-1").id
    (a, sku_a, _), (b, sku_b, _) = do(lines)
    with pytest.raises(BadOrder) as refused:
        do(hand_split.split, order_id=id_, wanted=[[(a, 5)], []], actor_id=None)
    assert [(p["code"], p["line"], p["units"]) for p in refused.value.fields["problems"]] == [
        ("EMPTY", None, 0),
        ("TOO_MANY", a, 1),
        ("MISSING", b, 1),
    ]
    assert do(hand_split.preview, order_id=id_, wanted=[[(a, 1)]]).problems
    assert do(parcels, "T-1") == [{sku_a: 4, sku_b: 1}]


def test_what_is_too_heavy_for_the_carrier_is_refused(do: Do, shop: Shop) -> None:
    id_ = do(order_of, "T-1").id
    (a, sku_a, _), (b, sku_b, _) = do(lines)
    do(options.put, settings.PARCEL_LIMIT_G, 1_200)
    with pytest.raises(Exception, match="限制"):
        do(hand_split.split, order_id=id_, wanted=[[(a, 4)], [(b, 1)]], actor_id=None)
    assert do(parcels, "T-1") == [{sku_a: 4, sku_b: 1}]


def test_a_stopped_order_keeps_the_wish_and_one_on_the_floor_is_left_alone(do: Do, shop: Shop) -> None:
    push(do, shop, make.incoming(("A", 2), ("B", 2), number="T-2", remark="先别发"))
    order = do(order_of, "T-2")
    assert order.status == OrderStatus.STOPPED
    ids = do(
        lambda: list(OrderLine.objects.filter(order_id=order.id).order_by("id").values_list("id", flat=True))
    )
    wanted = [[(ids[0], 1), (ids[1], 1)]] * 2
    do(hand_split.split, order_id=order.id, wanted=wanted, actor_id=None)
    assert do(status_of, "T-2") == OrderStatus.STOPPED
    do(desk.release, order_ids=[order.id], actor_id=None)
    assert [sum(parcel.values()) for parcel in do(parcels, "T-2")] == [2, 2]
    do(waves.release, facility_id=shop.facility, limit=10)
    with pytest.raises(WrongState):
        do(hand_split.undo, order_id=order.id, actor_id=None)
    assert laws.broken(do.tenant_id) == []
