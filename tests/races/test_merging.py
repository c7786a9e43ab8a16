"""Orders of few receivers come in, are merged, parted, moved, picked and shipped by many hands at once."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from core import db, options
from core.errors import ERPError
from core.tenancy import tenant
from orders import options as settings
from orders.rules.incoming import IncomingOrder, Receiver
from orders.services import desk, merging, pipeline, stopping
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop
from tests.races.rig import together
from tests.races.test_stock import deadlocks
from tests.steps import Do
from warehouse.services import floor, waves

PAID = datetime(2026, 6, 1, 8, tzinfo=UTC)
ORDERS, PEOPLE = 24, 3


def order(number: int, moves: int = 0) -> IncomingOrder:
    """Order `number` of one of a few people, who has moved so often."""
    to = Receiver(f"客{number % PEOPLE}", "13800001111", "浙江省", "杭州市", "西湖区", f"文三路 {moves} 号")
    made = make.incoming(("A", 1 + number % 2), ("B", 1), number=f"R-{number}", to=to)
    return replace(made, placed_at=PAID + timedelta(minutes=number), raw=f"{number} {moves}")


def ids() -> list[int]:
    return [row[0] for row in db.rows("SELECT id FROM orders_order ORDER BY id")]


def push(tenant_id: int, shop: Shop, luck: random.Random) -> None:
    batch = [order(luck.randrange(ORDERS), luck.choice((0, 0, 0, 1, 2))) for _ in range(3)]
    pipeline.push(tenant_id=tenant_id, channel_id=shop.channel, incoming=batch)


def merge(tenant_id: int, _shop: Shop, luck: random.Random) -> None:
    with tenant(tenant_id):
        merging.merge(order_ids=luck.sample(found, min(6, len(found))) if (found := ids()) else ())


def part(tenant_id: int, _shop: Shop, luck: random.Random) -> None:
    with tenant(tenant_id):
        stopping.part(order_ids=luck.sample(found, min(3, len(found))) if (found := ids()) else ())


def release(tenant_id: int, _shop: Shop, _luck: random.Random) -> None:
    with tenant(tenant_id):
        desk.release(order_ids=ids(), actor_id=None)


def ship(tenant_id: int, shop: Shop, luck: random.Random) -> None:
    with tenant(tenant_id):
        made = waves.release(facility_id=shop.facility, limit=4).wave_ids
    if made and luck.random() < 0.7:
        with tenant(tenant_id):
            floor.confirm_picks(wave_ids=made)
        with tenant(tenant_id):
            floor.ship(wave_ids=made)


def keep_at(
    work: Callable[[int, Shop, random.Random], None], tenant_id: int, shop: Shop, seed: int
) -> Counter[str]:
    """How often it was done, and how often refused in which words."""
    luck, told = random.Random(seed), Counter[str]()
    for _ in range(12):
        try:
            work(tenant_id, shop, luck)
            told["done"] += 1
        except ERPError as refusal:
            told[refusal.code] += 1
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_no_parcel_carries_what_is_not_its_receivers(do: Do, admin_url: str, seed: int) -> None:
    shop = do(partial(Shop, carts=8))
    do(options.put, settings.MERGES, True)
    for code in ("A", "B"):
        do(shop.stock, code, 200)
    pipeline.push(tenant_id=do.tenant_id, channel_id=shop.channel, incoming=[order(n) for n in range(6)])
    before = deadlocks(admin_url)
    works = [push, merge, part, release, ship, merge]
    told = together(
        [partial(keep_at, work, do.tenant_id, shop, seed * 100 + n) for n, work in enumerate(works)]
    )
    for work, said in zip(works, told, strict=True):
        is_too_late = work is part and set(said) == {"cannot_part"}  # all groups had left before he came
        assert said["done"] or is_too_late, (work.__name__, said)
    assert laws.broken(do.tenant_id) == []
    # Whose goods a parcel on its way carries, by the address that each order has now.
    mixed = do(
        db.rows,
        "SELECT p.id FROM warehouse_parcel p JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id"
        " JOIN orders_orderline x ON x.tenant_id = l.tenant_id AND x.id = l.ref"
        " JOIN orders_order o ON o.tenant_id = x.tenant_id AND o.id = x.order_id"
        " JOIN orders_order h ON h.tenant_id = p.tenant_id AND h.id = p.ref"
        " WHERE p.status < 4 AND o.receiver_key <> h.receiver_key",
    )
    assert mixed == []
    assert deadlocks(admin_url) == before


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)
