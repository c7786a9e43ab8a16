"""The returns desk: what comes back lies in quarantine with its lot until somebody has looked, and the lot's equation closes."""

import pytest

from core import db, relay
from inventory.models import BinKind
from orders.errors import BadOrder, LotNotKnown, NoQuarantine, NotReturnable
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
from orders.services import following, inspecting, refunds, returns
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


def arrive(do: Do, shop: Desk, number: str) -> returns.Arrived:
    return do(returns.arrive, facility_id=shop.facility, tracking_number=number, actor_id=None)


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
    came = do(returns.arrive, facility_id=shop.facility, tracking_number="X", actor_id=None)
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
