"""The returns desk: what comes back lies in quarantine with its lot until somebody has looked, and the lot's equation closes."""

import pytest

from core import db, relay
from inventory.models import BinKind
from orders.errors import BadOrder, LotNotKnown, NoQuarantine, NotReturnable, SeveralOrders
from orders.models import (
    FollowKind,
    FollowUp,
    LotProof,
    OrderLine,
    OrderStatus,
    Return,
    ReturnItem,
    ReturnState,
)
from orders.services import arriving, following, inspecting, pipeline, refunds, returns
from orders.services.refunds import RefundInput
from orders.services.returns import ItemInput
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, order_of, parcels, push, ship_everything, status_of
from tests.steps import Do
from traceability.queries import get_equation, list_places
from warehouse.models import Parcel


class Desk(Shop):
    """A shop with one order of 3 A that has left, and bins for what comes back."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.quarantine = make.make_bin(self.facility, BinKind.QUARANTINE)
        self.damaged = make.make_bin(self.facility, BinKind.DAMAGED)


@pytest.fixture
def shop(do: Do) -> Desk:
    shop = do(Desk)
    do(shop.stock, "A", 10)
    push(do, shop, make.incoming(("A", 3), number="T-1"))
    ship_everything(do, shop)
    relay.deliver(do.tenant_id)
    return shop


def sku(do: Do, code: str = "A") -> int:
    return int(do(db.rows, "SELECT id FROM inventory_sku WHERE code = %s", code)[0][0])


def lot(do: Do) -> int:
    return int(
        do(db.rows, "SELECT id FROM inventory_lot WHERE sku_id = %s ORDER BY id LIMIT 1", sku(do))[0][0]
    )


def arrive(do: Do, shop: Desk, number: str) -> arriving.Arrived:
    return do(arriving.arrive, facility_id=shop.facility, tracking_number=number, actor_id=None)


def on_hand(do: Do, bin_id: int) -> int:
    return int(
        do(db.rows, "SELECT coalesce(sum(on_hand), 0)::int FROM inventory_balance WHERE bin_id = %s", bin_id)[
            0
        ][0]
    )


def test_a_refund_of_what_has_left_is_waited_for_taken_in_looked_at_and_closed(do: Do, shop: Desk) -> None:
    order_id = do(order_of, "T-1").id
    asked = do(refunds.ask, refunds=[RefundInput(order_id, "RF1", 1, is_whole=True)])
    assert do(returns.announce, order_id=order_id, tracking_number=" sf 123 ") == asked.return_ids[0]
    came = arrive(do, shop, "SF123")
    assert (came.return_id, came.is_known) == (asked.return_ids[0], True)
    assert arrive(do, shop, "sf123").return_id == came.return_id
    with pytest.raises(BadOrder):
        do(returns.take_in, return_id=came.return_id, items=[ItemInput(sku(do), 0)], actor_id=None)
    (item,) = do(
        returns.take_in, return_id=came.return_id, items=[ItemInput(sku(do), 2, lot(do))], actor_id=None
    )
    row = do(ReturnItem.objects.get)
    assert (row.proof, row.order_line_id is not None, on_hand(do, shop.quarantine)) == (
        LotProof.SENT,
        True,
        2,
    )
    with pytest.raises(NotReturnable):
        do(inspecting.close, return_id=came.return_id, actor_id=None)
    for _again in range(2):
        do(inspecting.inspect, item_id=item, good=1, damaged=1, actor_id=None)
    assert (on_hand(do, shop.quarantine), on_hand(do, shop.damaged), on_hand(do, shop.bin)) == (0, 1, 8)
    with pytest.raises(BadOrder):
        do(inspecting.inspect, item_id=item, good=2, damaged=1, actor_id=None)
    do(inspecting.close, return_id=came.return_id, actor_id=None)
    assert do(lambda: Return.objects.get().state) == ReturnState.CLOSED
    lot_id = lot(do)
    sums = do(lambda: get_equation(lot_id, list_places(lot_id)))
    assert sums.closes
    assert (sums.returned, laws.broken(do.tenant_id)) == (2, [])


def test_our_own_number_comes_straight_back(do: Do, shop: Desk) -> None:
    do(lambda: Parcel.objects.update(tracking_number="YT777"))
    came = arrive(do, shop, "yt 777")
    assert (came.is_new, came.is_known) == (True, True)
    assert do(lambda: Return.objects.get().order_id) == do(order_of, "T-1").id
    assert laws.broken(do.tenant_id) == []


def test_whatever_is_printed_on_it_finds_the_same_return(do: Do, shop: Desk) -> None:
    order_id = do(order_of, "T-1").id
    return_id = do(refunds.ask, refunds=[RefundInput(order_id, "RF1", 1, is_whole=True)]).return_ids[0]
    number, parcel_id = do(lambda: Return.objects.get().number), do(lambda: Parcel.objects.get().id)
    do(returns.announce, order_id=order_id, tracking_number="SF123")
    for text in ("T-1", number, f"p{parcel_id}", f"P-{parcel_id}", "SF 123"):
        came = arrive(do, shop, text)
        assert (came.return_id, came.is_known) == (return_id, True), text
    kept = do(Return.objects.get)
    assert (kept.tracking_number, kept.state) == ("SF123", ReturnState.RECEIVED)
    assert laws.broken(do.tenant_id) == []


def test_what_nobody_asked_for_is_found_by_its_order_or_parcel(do: Do, shop: Desk) -> None:
    parcel_id = do(lambda: Parcel.objects.get().id)
    came = do(
        arriving.arrive, facility_id=shop.facility, tracking_number=f"P{parcel_id}", actor_id=None, note="破"
    )
    found = do(Return.objects.get)
    assert (found.order_id, found.parcel_id, found.note) == (do(order_of, "T-1").id, parcel_id, "破")
    assert [arrive(do, shop, text).return_id for text in ("T-1", f"P{parcel_id}")] == [came.return_id] * 2
    do(lambda: Parcel.objects.update(tracking_number="YT1"))
    again = arrive(do, shop, f"P{parcel_id}")
    assert (again.is_new, do(lambda: Return.objects.get(id=again.return_id).tracking_number)) == (True, "YT1")
    assert arrive(do, shop, "yt1").return_id == again.return_id
    assert laws.broken(do.tenant_id) == []


def test_what_has_not_left_is_not_taken_in(do: Do, shop: Desk) -> None:
    push(do, shop, make.incoming(("A", 1), number="T-2"))
    waiting = do(lambda: Parcel.objects.exclude(status=4).get().id)
    for text in ("T-2", f"P{waiting}"):
        with pytest.raises(NotReturnable):
            arrive(do, shop, text)
    assert not do(Return.objects.exists)
    assert not arrive(do, shop, "P999999999").is_known, "a number that only looks like ours"


def test_one_number_at_two_channels_asks_which(do: Do, shop: Desk) -> None:
    first, other = do(order_of, "T-1").id, do(make.make_channel, shop.facility)
    one = make.incoming(("A", 1), number="T-1")
    second = (pipeline.push(tenant_id=do.tenant_id, channel_id=other, incoming=[one]).order_ids or {})["T-1"]
    came = arrive(do, shop, "T-1")
    assert do(lambda: Return.objects.get().order_id) == first, "nothing of the other one has left"
    ship_everything(do, shop)
    with pytest.raises(SeveralOrders) as refusal:
        arrive(do, shop, "T-1")
    assert sorted(refusal.value.fields["order_ids"]) == sorted((first, second))
    chosen = do(
        arriving.arrive, facility_id=shop.facility, tracking_number="T-1", actor_id=None, order_id=second
    )
    assert chosen.return_id != came.return_id
    assert do(lambda: Return.objects.get(id=chosen.return_id).order_id) == second
    assert laws.broken(do.tenant_id) == []


def test_an_unknown_parcel_is_matched_later(do: Do, shop: Desk) -> None:
    came = arrive(do, shop, "XX-1")
    assert not came.is_known
    do(returns.take_in, return_id=came.return_id, items=[ItemInput(sku(do), 4, lot(do))], actor_id=None)
    assert do(lambda: ReturnItem.objects.get().proof) == LotProof.OTHER
    order_id = do(order_of, "T-1").id
    waited = do(refunds.ask, refunds=[RefundInput(order_id, "RF1", 1, is_whole=True)]).return_ids[0]
    do(returns.match, return_id=came.return_id, order_id=order_id, actor_id=None)
    found = do(lambda: Return.objects.get(id=came.return_id))
    assert (found.state, found.refund_id is not None) == (ReturnState.RECEIVED, True)
    assert do(lambda: Return.objects.get(id=waited).state) == ReturnState.CANCELLED
    assert do(lambda: ReturnItem.objects.get().order_line_id) is None, "4 are more than the 3 that left"
    assert laws.broken(do.tenant_id) == []


def test_more_than_left_is_nobodys_and_a_lot_nobody_knows_is_not_sold(do: Do, shop: Desk) -> None:
    do(lambda: Parcel.objects.update(tracking_number="YT1"))
    came = arrive(do, shop, "YT1")
    items = do(
        returns.take_in,
        return_id=came.return_id,
        items=[ItemInput(sku(do), 2, None, "OTHER-LOT"), ItemInput(sku(do), 2)],
        actor_id=None,
    )
    rows = do(lambda: list(ReturnItem.objects.order_by("id").values_list("proof", "units", "order_line_id")))
    line = do(lambda: OrderLine.objects.get().id)
    tracked = do(db.rows, "SELECT tracking FROM inventory_sku WHERE id = %s", sku(do))[0][0]
    assert rows[0] == (LotProof.OTHER, 2, line)
    assert [row[1:] for row in rows[1:]] == [(1, line), (1, None)]
    if tracked:
        with pytest.raises(LotNotKnown):
            do(inspecting.inspect, item_id=items[1], good=1, damaged=0, actor_id=None)
    assert laws.broken(do.tenant_id) == []


def test_without_a_bin_for_it_nothing_is_taken_in(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 1)
    came = do(arriving.arrive, facility_id=shop.facility, tracking_number="X", actor_id=None)
    with pytest.raises(NoQuarantine):
        do(returns.take_in, return_id=came.return_id, items=[ItemInput(sku(do), 1)], actor_id=None)


def test_an_exchange_goes_through_the_pipeline_once_a_request(do: Do, shop: Desk) -> None:
    order_id = do(order_of, "T-1").id
    for _again in range(2):
        made = do(
            following.follow,
            order_id=order_id,
            kind=FollowKind.EXCHANGE,
            goods=[("A", 1)],
            request="Q1",
            reason="坏了",
        )
    other = do(following.follow, order_id=order_id, kind=FollowKind.RESHIP, goods=[("A", 2)], request="Q2")
    assert (made.number, other.number, made.is_new) == ("T-1-R1", "T-1-R2", False)
    assert do(status_of, "T-1-R1") == OrderStatus.FULFILLING
    assert do(parcels, "T-1-R2") == [{sku(do): 2}]
    assert do(FollowUp.objects.count) == 2
    assert (do(order_of, "T-1-R1").amount_minor, laws.broken(do.tenant_id)) == (0, [])
