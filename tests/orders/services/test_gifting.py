"""Gifts go along once an order and once a buyer, never more than there are, and never hold up what was bought."""

from dataclasses import replace
from typing import Any

import pytest

from core import db
from orders.models import GiftGiven, GiftRule, OrderStatus
from orders.rules.incoming import IncomingOrder
from orders.services import gifting, pipeline
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, status_of
from tests.races.rig import together
from tests.steps import Do


def make_rule(sku: int, **values: Any) -> int:
    id_ = db.new_id()
    GiftRule(id=id_, name=make.unique("G"), sku_id=sku, quantity=1, **values).save(force_insert=True)
    return id_


def given(rule: int) -> int:
    return int(GiftRule.objects.get(id=rule).given_units)


@pytest.fixture
def shop(do: Do) -> Shop:
    shop = do(Shop)
    do(shop.stock, "A", 500)
    return shop


def sample(do: Do, shop: Shop, units: int) -> int:
    do(shop.stock, "SAMPLE", units)
    return int(do(lambda: db.rows("SELECT id FROM inventory_sku WHERE code = 'SAMPLE'")[0][0]))


def bought(number: str, units: int = 1, buyer: str = "") -> IncomingOrder:
    return replace(make.incoming(("A", units), number=number, price_minor=10_000), buyer=buyer)


def test_a_gift_travels_with_what_was_bought_and_costs_nothing(do: Do, shop: Shop) -> None:
    gift = sample(do, shop, 10)
    rule = do(make_rule, gift, conditions={"from_minor": 20_000})
    push(do, shop, bought("SMALL"), bought("LARGE", 3))
    assert [gift in parcel for parcel in do(parcels, "SMALL")] == [False]
    assert [parcel.get(gift) for parcel in do(parcels, "LARGE")] == [1]
    assert do(findings, "LARGE") == {}, "a gift changes no amount"
    assert do(given, rule) == 1
    assert push(do, shop, bought("LARGE", 3)).unchanged == 1
    assert do(given, rule) == 1
    assert laws.broken(do.tenant_id) == []


def test_what_is_not_there_is_not_given_and_stops_nothing(do: Do, shop: Shop) -> None:
    gift = sample(do, shop, 2)
    do(make_rule, gift)
    push(do, shop, *[bought(f"T-{n}") for n in range(4)])
    assert sum(parcel.get(gift, 0) for n in range(4) for parcel in do(parcels, f"T-{n}")) == 2
    assert {do(status_of, f"T-{n}") for n in range(4)} == {OrderStatus.FULFILLING}
    assert laws.broken(do.tenant_id) == []


def test_once_a_buyer_is_once_and_an_order_given_up_gives_back(do: Do, shop: Shop) -> None:
    rule = do(make_rule, sample(do, shop, 50), is_once_per_buyer=True, most_units=2)
    push(do, shop, bought("T-1", buyer="mei"), bought("T-2", buyer="mei"))
    push(
        do,
        shop,
        bought("T-3", buyer="mei"),
        bought("T-4", buyer="zhu"),
        bought("T-5", buyer="ju"),
        bought("T-6"),
    )
    assert do(given, rule) == 2
    assert do(lambda: {row.order_id for row in GiftGiven.objects.all()}) == {
        do(order_of, "T-1").id,
        do(order_of, "T-4").id,
    }
    do(gifting.take_back, [do(order_of, "T-1").id])
    push(do, shop, bought("T-7", buyer="ju"))
    assert do(given, rule) == 2
    assert laws.broken(do.tenant_id) == []


def test_the_last_gift_and_the_same_buyer_are_not_won_twice_by_many_at_once(do: Do, shop: Shop) -> None:
    gift = sample(do, shop, 50)
    rule = do(make_rule, gift, is_once_per_buyer=True, most_units=3)
    open_end = do(make_rule, gift, is_once_per_buyer=True)
    works = [
        lambda n=n: (
            pipeline.push(
                tenant_id=do.tenant_id,
                channel_id=shop.channel,
                incoming=[bought(f"R-{n}-{k}", buyer=f"buyer-{k}") for k in range(5)],
            ).created
        )
        for n in range(4)
    ]
    assert together(works) == [5] * 4
    assert (do(given, rule), do(given, open_end)) == (3, 5)
    assert laws.broken(do.tenant_id) == []
