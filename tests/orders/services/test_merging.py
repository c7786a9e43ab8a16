"""One receiver, one set of parcels: never two people, and exactly two orders again when they part."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core import db, options, relay
from orders import options as settings
from orders.errors import CannotPart
from orders.models import MergeVerdict, Order, OrderStatus
from orders.rules.incoming import IncomingOrder, Receiver
from orders.services import desk, merging, stopping
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, ship_everything, status_of
from tests.steps import Do
from warehouse.services import waves

MEI = Receiver("梅兰", "13800001111", "浙江省", "杭州市", "西湖区", "文三路 1 号")
PAID = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def shop(do: Do) -> Shop:
    shop = do(Shop)
    do(options.put, settings.MERGES, True)
    for code in ("A", "B", "C"):
        do(shop.stock, code, 20)
    return shop


def sold(code: str, units: int, number: str, to: Receiver = MEI, minutes: int = 0) -> IncomingOrder:
    return make.incoming((code, units), number=number, to=to, placed_at=PAID + timedelta(minutes=minutes))


def id_of(number: str) -> int:
    return int(order_of(number).id)


def leader_of(number: str) -> str | None:
    leader = order_of(number).merged_into_id
    return None if leader is None else str(Order.objects.get(id=leader).number)


def goods(number: str) -> list[dict[str, int]]:
    codes = dict(db.rows("SELECT id, code FROM inventory_sku"))
    return [{codes[sku]: units for sku, units in parcel.items()} for parcel in parcels(number)]


def answer(shop: Shop, asked: dict[int, str], groups: list[list[int]]) -> None:
    """The platform said which of these go to one receiver."""
    row = (db.new_id(), shop.channel, json.dumps([list(pair) for pair in asked.items()]), json.dumps(groups))
    db.insert(MergeVerdict, ["id", "channel", "asked", "groups"], [row])


def rows_of(number: str) -> tuple[object, ...]:
    return db.rows(
        "SELECT status, facility_id, receiver_key, amount_minor, min_expires_on, ship_by, decided, merged_into_id FROM orders_order"
        " WHERE number = %s",
        number,
    )[0]


def test_two_orders_of_one_receiver_leave_in_one_parcel(do: Do, shop: Shop) -> None:
    push(
        do,
        shop,
        sold("A", 2, "T-1"),
        sold("B", 1, "T-2", minutes=5),
        sold("C", 1, "T-3", replace(MEI, street="别处")),
    )
    before = {n: do(rows_of, n) for n in ("T-1", "T-2", "T-3")}
    done = do(merging.merge, order_ids=[do(id_of, "T-2")])
    assert done.groups == ((do(id_of, "T-1"), do(id_of, "T-2")),)
    assert do(goods, "T-1") == [{"A": 2, "B": 1}]
    assert do(goods, "T-2") == []
    assert (do(leader_of, "T-2"), do(leader_of, "T-3")) == ("T-1", None)
    assert (do(order_of, "T-2").decided or {})["merge"]["proof"] == "RECEIVER"
    assert laws.broken(do.tenant_id) == []
    assert do(merging.merge, order_ids=[do(id_of, "T-1"), do(id_of, "T-2")]).groups == (), (
        "again changes nothing"
    )
    assert do(stopping.part, order_ids=[do(id_of, "T-2")]) == (do(id_of, "T-1"), do(id_of, "T-2"))
    assert {n: do(rows_of, n) for n in before} == before
    assert (do(goods, "T-1"), do(goods, "T-2")) == ([{"A": 2}], [{"B": 1}])
    assert laws.broken(do.tenant_id) == []


def test_a_group_grows_and_is_shipped_as_one(do: Do, shop: Shop) -> None:
    push(do, shop, sold("A", 1, "T-2", minutes=3), sold("B", 1, "T-3", minutes=4))
    do(merging.merge, order_ids=[do(id_of, "T-2")])
    push(do, shop, sold("C", 1, "T-1"))
    do(merging.merge, order_ids=[do(id_of, "T-1")])
    assert (do(leader_of, "T-2"), do(leader_of, "T-3"), do(leader_of, "T-1")) == ("T-1", "T-1", None)
    assert do(goods, "T-1") == [{"C": 1, "A": 1, "B": 1}]
    assert ship_everything(do, shop) == 3
    with pytest.raises(CannotPart):
        do(stopping.part, order_ids=[do(id_of, "T-3")])
    assert laws.broken(do.tenant_id, "inventory") == []


@pytest.mark.parametrize("seed", range(6))
def test_two_people_with_the_same_mask_never_travel_together(do: Do, shop: Shop, seed: int) -> None:
    """In any order of arrival; unless the platform itself says that they are one."""
    hidden = Receiver("梅**", "138****1111", "浙江省", "杭州市", "西湖区", "文三路****", is_masked=True)
    orders = [
        replace(sold("A", 1, f"M-{n}", hidden, minutes=n), receiver_token=f"oaid-{n}") for n in range(3)
    ]
    orders.append(replace(sold("B", 1, "M-3", hidden, minutes=3)))
    random.Random(seed).shuffle(orders)
    for order in orders:
        push(do, shop, order)
        assert do(merging.merge, order_ids=[do(id_of, order.external_number)]).groups == ()
    assert all(do(leader_of, f"M-{n}") is None for n in range(4))
    asked = {do(id_of, f"M-{n}"): f"oaid-{n}" for n in range(3)}
    do(answer, shop, asked, [[do(id_of, "M-0"), do(id_of, "M-1")]])
    do(merging.merge, order_ids=[do(id_of, "M-0")])
    assert [do(leader_of, f"M-{n}") for n in range(4)] == [None, "M-0", None, None]
    assert (do(order_of, "M-1").decided or {})["merge"]["proof"] == "VERDICT"
    assert laws.broken(do.tenant_id) == []


def test_what_does_not_fit_together_stays_apart(do: Do, shop: Shop) -> None:
    """Stock goes to whole orders: two that could be promised alone and not as one would lose by merging."""
    do(options.put, settings.PARCEL_LIMIT_G, 100)
    push(do, shop, sold("A", 1, "T-1"))
    assert do(status_of, "T-1") == OrderStatus.STOPPED
    do(options.put, settings.PARCEL_LIMIT_G, 30_000)
    push(do, shop, sold("A", 1, "T-2", minutes=1), sold("A", 1, "T-3", minutes=2))
    do(options.put, settings.PARCEL_LIMIT_G, 100)
    done = do(merging.merge, order_ids=[do(id_of, "T-2")])
    assert done.groups == () and done.apart == (do(id_of, "T-2"),)
    assert (do(goods, "T-2"), do(goods, "T-3")) == ([{"A": 1}], [{"A": 1}])
    assert laws.broken(do.tenant_id) == []


def test_the_address_of_one_of_two_changes_and_no_parcel_carries_the_others_goods(do: Do, shop: Shop) -> None:
    push(do, shop, sold("A", 1, "T-1"), sold("B", 1, "T-2", minutes=5))
    do(merging.merge, order_ids=[do(id_of, "T-1")])
    before = do(waves.release, facility_id=shop.facility, limit=10).wave_ids
    assert before, "it is being picked already"
    moved = replace(sold("B", 1, "T-2", replace(MEI, street="莫干山路 9 号"), minutes=5), raw="moved")
    assert push(do, shop, moved).changed == 1
    assert (do(goods, "T-1"), do(goods, "T-2")) == ([{"A": 1}], [])
    assert do(status_of, "T-2") == OrderStatus.STOPPED
    assert do(findings, "T-2")["ADDRESS_CHANGED"][0]
    assert laws.broken(do.tenant_id) == []
    do(desk.release, order_ids=[do(id_of, "T-2")], actor_id=None)
    assert do(goods, "T-2") == [{"B": 1}]
    assert do(merging.merge, order_ids=[do(id_of, "T-1"), do(id_of, "T-2")]).groups == ()
    assert ship_everything(do, shop) == 2
    assert laws.broken(do.tenant_id, "inventory") == []


def test_facts_bring_orders_together_without_a_click(do: Do, shop: Shop) -> None:
    push(do, shop, sold("A", 1, "T-1"))
    push(do, shop, sold("B", 1, "T-2", minutes=5))
    relay.deliver(do.tenant_id)
    assert do(leader_of, "T-2") == "T-1"
    assert laws.broken(do.tenant_id) == []
