"""Refunds before shipping intercept; what has left is a return; money never exceeds what was paid."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from core import db, options, relay
from core.tenancy import tenant
from orders import options as settings
from orders.errors import RefundClosed, RefundTooMuch
from orders.models import (
    ChannelState,
    GiftRule,
    Order,
    OrderLine,
    OrderStatus,
    Refund,
    RefundBooking,
    RefundState,
    Return,
    ReturnState,
)
from orders.rules.after_sales import Withdrawn
from orders.services import desk, planning, refunds
from orders.services.refunds import Asked, RefundInput
from tests import builders as make
from tests import laws
from tests.orders.services.scene import (
    Shop,
    findings,
    order_of,
    parcels,
    promised,
    push,
    ship_everything,
    status_of,
)
from tests.steps import Do
from warehouse.models import Parcel
from warehouse.services import floor, waves

STOPPED, FULFILLING, SHIPPED, CANCELLED = (
    OrderStatus.STOPPED,
    OrderStatus.FULFILLING,
    OrderStatus.SHIPPED,
    OrderStatus.CANCELLED,
)


@pytest.fixture
def shop(do: Do) -> Shop:
    shop = do(Shop)
    do(shop.stock, "A", 20)
    do(shop.stock, "B", 20)
    return shop


def lines(order_id: int) -> list[int]:
    return list(OrderLine.objects.filter(order=order_id).order_by("id").values_list("id", flat=True))


def ask(do: Do, number: str, external: str = "RF1", minor: int = 0, **more: Any) -> Asked:
    order_id = do(order_of, number).id
    return do(refunds.ask, refunds=[RefundInput(order_id, external, minor, **more)])


def units(do: Do, number: str) -> list[int]:
    return [sum(box.values()) for box in do(parcels, number)]


def booked(refund_id: int) -> dict[int, int]:
    return dict(RefundBooking.objects.filter(refund=refund_id).values_list("order_line", "amount_minor"))


def whole(do: Do, shop: Shop, number: str = "T-1") -> int:
    push(do, shop, make.incoming(("A", 2), ("B", 1), number=number))
    return do(order_of, number).id


def test_a_whole_order_stops_frees_its_stock_and_is_cancelled_when_agreed(do: Do, shop: Shop) -> None:
    order_id = whole(do, shop)
    paid = do(order_of, "T-1").amount_minor
    asked = ask(do, "T-1", minor=paid, is_whole=True)
    assert asked.stopped == (order_id,)
    assert (do(status_of, "T-1"), do(promised), do(parcels, "T-1")) == (STOPPED, 0, [])
    assert set(do(findings, "T-1")) == {planning.REFUND_ASKED}
    assert laws.broken(do.tenant_id) == []
    assert do(desk.release, order_ids=[order_id], actor_id=None).order_ids == ()
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (STOPPED, [])
    do(refunds.agree, refund_ids=asked.new, actor_id=None)
    assert (do(status_of, "T-1"), do(findings, "T-1")) == (CANCELLED, {})
    assert sum(do(booked, asked.new[0]).values()) == paid
    do(refunds.finish, refund_ids=asked.new, actor_id=None)
    assert do(lambda: Refund.objects.get().state) == RefundState.DONE
    assert laws.broken(do.tenant_id) == []


def test_some_units_leave_and_the_rest_is_planned_again_at_once(do: Do, shop: Shop) -> None:
    order_id = whole(do, shop)
    a, _b = do(lines, order_id)
    asked = ask(do, "T-1", minor=100, units=(Withdrawn(a, units=1),))
    assert (do(status_of, "T-1"), units(do, "T-1"), do(promised)) == (FULFILLING, [2], 2)
    assert laws.broken(do.tenant_id) == []
    assert ship_everything(do, shop) == 2
    relay.deliver(do.tenant_id)
    assert do(status_of, "T-1") == SHIPPED
    do(refunds.agree, refund_ids=asked.new, actor_id=None)
    assert do(booked, asked.new[0]) == {a: 100}
    assert laws.broken(do.tenant_id) == []


def test_refused_it_goes_on_as_it_was(do: Do, shop: Shop) -> None:
    order_id = whole(do, shop)
    asked = ask(do, "T-1", minor=1, is_whole=True)
    do(refunds.refuse, refund_ids=asked.new, actor_id=None)
    assert (do(status_of, "T-1"), units(do, "T-1"), do(promised)) == (FULFILLING, [3], 3)
    with pytest.raises(RefundClosed):
        do(refunds.agree, refund_ids=asked.new, actor_id=None)
    a, _b = do(lines, order_id)
    some = ask(do, "T-1", "RF2", 1, units=(Withdrawn(a),))
    assert units(do, "T-1") == [1]
    do(refunds.refuse, refund_ids=some.new, actor_id=None)
    assert (units(do, "T-1"), do(promised), laws.broken(do.tenant_id)) == ([3], 3, [])


def test_what_is_picked_is_stopped_and_what_has_left_is_a_return(do: Do, shop: Shop) -> None:
    whole(do, shop)
    wave = do(waves.release, facility_id=shop.facility, limit=10)
    do(floor.confirm_picks, wave_ids=wave.wave_ids)
    ask(do, "T-1", minor=1, is_whole=True)
    assert do(floor.ship, wave_ids=wave.wave_ids).units == 0
    assert laws.broken(do.tenant_id) == []
    whole(do, shop, "T-2")
    ship_everything(do, shop)
    asked = ask(do, "T-2", "RF9", 1, is_whole=True)
    assert len(asked.return_ids) == 1
    assert do(lambda: Return.objects.get().state) == ReturnState.EXPECTED
    assert do(status_of, "T-2") in (SHIPPED, FULFILLING)
    assert laws.broken(do.tenant_id) == []


def test_asked_twice_it_is_asked_once_and_no_more_than_was_paid(do: Do, shop: Shop) -> None:
    whole(do, shop)
    paid = do(order_of, "T-1").amount_minor
    first = ask(do, "T-1", minor=paid, is_whole=True)
    assert ask(do, "T-1", minor=paid, is_whole=True).new == ()
    with pytest.raises(RefundTooMuch):
        ask(do, "T-1", "RF2", 1)
    do(refunds.refuse, refund_ids=first.new, actor_id=None)
    assert len(ask(do, "T-1", "RF2", paid).new) == 1, "money only: nothing stays here"
    assert (do(status_of, "T-1"), units(do, "T-1")) == (FULFILLING, [3])


def test_a_platform_that_closes_an_order_stops_and_cancels_it(do: Do, shop: Shop) -> None:
    whole(do, shop)
    asked = ask(do, "T-1", minor=500, units=(Withdrawn(do(lines, do(order_of, "T-1").id)[1]),))
    order = make.incoming(("A", 2), ("B", 1), number="T-1")
    for _again in range(2):
        push(do, shop, replace(order, state=int(ChannelState.CLOSED), raw=order.raw + " ", receiver=None))
        relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), do(promised), do(findings, "T-1")) == (CANCELLED, 0, {})
    found = do(lambda: sorted(Refund.objects.values_list("amount_minor", "state")))
    assert found == [(500, RefundState.DONE), (2_500, RefundState.DONE)]
    assert (asked.new != (), laws.broken(do.tenant_id)) == (True, [])


def test_gifts_are_for_others_when_all_is_refunded(do: Do, shop: Shop) -> None:
    gift = do(make.make_sku, code="G")
    do(make.make_stock, shop.bin, gift, 5)
    with tenant(do.tenant_id):
        rule_id = db.new_id()
        db.insert(
            GiftRule, ["id", "name", "conditions", "sku", "quantity"], [(rule_id, "满赠", "{}", gift, 1)]
        )
    whole(do, shop)
    assert units(do, "T-1") == [4]
    asked = ask(do, "T-1", minor=1, is_whole=True)
    do(refunds.agree, refund_ids=asked.new, actor_id=None)
    assert do(lambda: GiftRule.objects.get().given_units) == 0
    assert (do(promised), laws.broken(do.tenant_id)) == (0, [])


def test_stopped_orders_stay_stopped_and_lose_units(do: Do, shop: Shop) -> None:
    push(do, shop, make.incoming(("A", 2), ("B", 1), number="T-1", remark="先别发"))
    a, _b = do(lines, do(order_of, "T-1").id)
    ask(do, "T-1", minor=1, units=(Withdrawn(a),))
    assert (do(status_of, "T-1"), do(promised)) == (STOPPED, 0)
    do(desk.release, order_ids=[do(order_of, "T-1").id], actor_id=None)
    assert (units(do, "T-1"), laws.broken(do.tenant_id)) == ([1], [])


def test_an_unknown_line_is_divided_so_that_it_can_still_become_a_bundle(do: Do, shop: Shop) -> None:
    push(do, shop, make.incoming(("NEW", 3), ("B", 1), number="T-1"))
    new, _b = do(lines, do(order_of, "T-1").id)
    ask(do, "T-1", minor=1, units=(Withdrawn(new, units=1),))
    rows = do(lambda: sorted(OrderLine.objects.values_list("quantity", "withdrawn")))
    assert rows == [(1, 0), (1, 1), (2, 0)]
    do(shop.stock, "NEW", 5)
    do(desk.release, order_ids=[do(order_of, "T-1").id], actor_id=None)
    assert (units(do, "T-1"), laws.broken(do.tenant_id)) == ([3], [])


def test_of_merged_orders_the_one_that_is_refunded_leaves_and_the_others_go_on(do: Do, shop: Shop) -> None:
    with tenant(do.tenant_id):
        options.put(settings.MERGES, value=True)
    to = make.receiver()
    push(do, shop, *(make.incoming(("A", 1), ("B", n), number=f"T-{n}", to=to) for n in (1, 2, 3)))
    relay.deliver(do.tenant_id)
    assert do(lambda: Order.objects.filter(merged_into__isnull=False).count()) == 2
    ask(do, "T-1", minor=1, is_whole=True)
    assert (do(status_of, "T-1"), units(do, "T-2"), units(do, "T-3")) == (STOPPED, [3], [4])
    assert laws.broken(do.tenant_id) == []


def test_a_part_of_merged_orders_keeps_them_together(do: Do, shop: Shop) -> None:
    with tenant(do.tenant_id):
        options.put(settings.MERGES, value=True)
    to = make.receiver()
    push(do, shop, *(make.incoming(("A", 1), ("B", n), number=f"T-{n}", to=to) for n in (1, 2)))
    relay.deliver(do.tenant_id)
    a, _b = do(lines, do(order_of, "T-2").id)
    ask(do, "T-2", minor=1, units=(Withdrawn(a),))
    leader = do(lambda: Order.objects.get(merged_into__isnull=True).id)
    live = do(
        lambda: list(Parcel.objects.filter(ref=leader).exclude(status=5).values_list("units", flat=True))
    )
    assert (live, laws.broken(do.tenant_id)) == ([4], [])


@settings_of(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1_600)), min_size=1, max_size=6), st.randoms())
def test_money_adds_up_whatever_is_refunded_and_in_which_order(
    do: Do, shop: Shop, asked: list[tuple[int, int]], chance: Random
) -> None:
    number = make.unique("P-")
    push(do, shop, make.incoming(("A", 2), ("B", 1), number=number, price_minor=999))
    own = do(lines, do(order_of, number).id)
    ids: list[int] = []
    for n, (line, minor) in enumerate(asked):
        units = () if line == 2 else (Withdrawn(own[line], units=1),)
        try:
            ids += ask(do, number, f"{number}-{n}", minor, units=units).new
        except RefundTooMuch:
            continue
    chance.shuffle(ids)
    for id_ in ids:
        do(refunds.refuse if chance.random() < 0.3 else refunds.agree, refund_ids=[id_], actor_id=None)
    assert laws.broken(do.tenant_id, "orders.refund", "orders.withdrawn", "orders.units") == []
