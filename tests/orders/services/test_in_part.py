"""Ship what is there now, the rest later: by the machine, by hand, taken back, and the rest when goods come."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from core import db, options, relay
from core.errors import Conflict
from inventory.models import HoldKind, Sku
from inventory.services import holds
from orders import options as settings
from orders import shortages
from orders.errors import WrongState
from orders.models import Channel, ChannelState, OrderLine, OrderStatus
from orders.queries import list_stamps
from orders.rules import audit
from orders.rules.after_sales import Withdrawn
from orders.rules.incoming import IncomingOrder
from orders.services import desk, hand_split, in_part, marking, merging, pipeline, placing, planning, refunds
from orders.services.placing import NewAddress
from orders.services.refunds import RefundInput
from tests import builders as make
from tests import laws
from tests.orders.services import scene
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, status_of
from tests.steps import Do, count_statements
from warehouse.models import Parcel, ParcelStatus
from warehouse.services import floor, waves

STOPPED, FULFILLING, SHIPPED = OrderStatus.STOPPED, OrderStatus.FULFILLING, OrderStatus.SHIPPED
BULKY, RIDES = 2, 0


@pytest.fixture
def shop(do: Do) -> Shop:
    """Two vacuums, a stand and plenty of filters; the tenant sends what is there."""
    shop = do(Shop)
    do(shop.stock, "VACUUM", 2, parcel_rule=BULKY)
    do(shop.stock, "STAND", 1)
    do(shop.stock, "FILTER", 50)
    do(options.put, settings.READY_NOW, True)
    return shop


def three_vacuums(number: str = "T-1", **more: Any) -> IncomingOrder:
    return make.incoming(("VACUUM", 3), ("STAND", 1), ("FILTER", 7), number=number, **more)


def sku(code: str) -> int:
    return int(Sku.objects.get(code=code).id)


def boxes(do: Do, number: str) -> list[dict[str, int]]:
    """The live parcels of an order by code."""
    names = do(lambda: dict(Sku.objects.values_list("id", "code")))
    return [{names[id_]: units for id_, units in box.items()} for box in do(parcels, number)]


def come(do: Do, shop: Shop, code: str, units: int) -> None:
    do(lambda: make.make_stock(shop.bin, sku(code), units))


def id_of(do: Do, number: str) -> int:
    return int(do(order_of, number).id)


def lines(do: Do, number: str) -> dict[str, int]:
    """Code -> line."""
    return do(
        lambda: dict(OrderLine.objects.filter(order_id=order_of(number).id).values_list("sku__code", "id"))
    )


FIRST = [{"VACUUM": 1, "STAND": 1, "FILTER": 7}, {"VACUUM": 1}]


def test_what_is_there_goes_with_its_accessories_and_the_rest_by_itself_when_it_comes(
    do: Do, shop: Shop
) -> None:
    done = push(do, shop, three_vacuums())
    assert (done.stopped, done.parcels) == (1, 2)
    assert (do(status_of, "T-1"), set(do(findings, "T-1"))) == (STOPPED, {planning.STOCK_SHORT})
    assert (boxes(do, "T-1"), laws.broken(do.tenant_id)) == (FIRST, [])
    assert scene.ship_everything(do, shop) == 10
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (STOPPED, [])
    come(do, shop, "VACUUM", 1)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), boxes(do, "T-1")) == (FULFILLING, [*FIRST, {"VACUUM": 1}])
    assert (do(findings, "T-1"), laws.broken(do.tenant_id)) == ({}, [])
    assert scene.ship_everything(do, shop) == 1
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, [])


def test_the_rest_may_join_before_the_first_part_has_left(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    come(do, shop, "VACUUM", 1)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), boxes(do, "T-1")) == (FULFILLING, [*FIRST, {"VACUUM": 1}])
    assert scene.ship_everything(do, shop) == 11
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, [])


def test_without_leave_nothing_goes_and_nothing_is_asked(do: Do, shop: Shop) -> None:
    do(options.put, settings.READY_NOW, False)
    push(do, shop, three_vacuums())
    assert (do(status_of, "T-1"), boxes(do, "T-1"), do(scene.promised)) == (STOPPED, [], 0)


@pytest.mark.parametrize(("of_tenant", "of_channel", "goes"), [
    (True, None, True), (True, False, False), (False, True, True), (False, None, False),
])  # fmt: skip
def test_the_shop_has_its_own_say(
    do: Do, shop: Shop, of_tenant: bool, of_channel: bool | None, goes: bool
) -> None:
    do(options.put, settings.READY_NOW, of_tenant)
    do(lambda: Channel.objects.filter(id=shop.channel).update(ready_now=of_channel))
    push(do, shop, three_vacuums())
    assert bool(boxes(do, "T-1")) is goes
    assert laws.broken(do.tenant_id) == []


def test_whole_orders_come_before_parts_whatever_their_deadline(do: Do, shop: Shop) -> None:
    early, late = three_vacuums("EARLY"), make.incoming(("VACUUM", 2), number="LATE")
    late = replace(late, placed_at=early.placed_at.replace(year=early.placed_at.year + 1))
    push(do, shop, early, late)
    assert (do(status_of, "LATE"), boxes(do, "LATE")) == (FULFILLING, [{"VACUUM": 1}, {"VACUUM": 1}])
    assert boxes(do, "EARLY") == [{"STAND": 1, "FILTER": 7}]
    assert laws.broken(do.tenant_id) == []


def test_of_two_short_orders_the_earlier_gets_what_is_left(do: Do, shop: Shop) -> None:
    early, late = three_vacuums("EARLY"), make.incoming(("VACUUM", 3), ("FILTER", 1), number="LATE")
    late = replace(late, placed_at=early.placed_at.replace(year=early.placed_at.year + 1))
    push(do, shop, late, early)
    assert (boxes(do, "EARLY"), boxes(do, "LATE")) == (FIRST, [{"FILTER": 1}])
    assert laws.broken(do.tenant_id) == []


def test_a_guess_that_another_was_faster_than_is_made_again(
    do: Do, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes a vacuum between the look and the lock: the part is planned anew, never promised twice."""
    real = planning.prove
    stolen: list[int] = []

    def prove(plan: planning.Plan) -> None:
        if not stolen:
            stolen.append(1)
            plan.standing.clear()
            raise pipeline.GuessedWrong
        real(plan)

    monkeypatch.setattr(planning, "prove", prove)
    push(do, shop, three_vacuums())
    assert (stolen, boxes(do, "T-1"), laws.broken(do.tenant_id)) == ([1], FIRST, [])


def test_things_that_ride_or_cost_nothing_never_go_alone(do: Do, shop: Shop) -> None:
    do(shop.stock, "MANUAL", 9, parcel_rule=RIDES)
    do(shop.stock, "SAFE", 0, parcel_rule=BULKY)
    order = make.incoming(("SAFE", 1), ("MANUAL", 1), ("FILTER", 1), number="T-1")
    free = replace(order.lines[2], unit_price_minor=0)
    push(do, shop, replace(order, lines=(*order.lines[:2], free), amount_minor=2_000))
    assert (do(status_of, "T-1"), boxes(do, "T-1")) == (STOPPED, [])


def test_money_at_the_door_is_never_asked_for_goods_that_are_not_there(do: Do, shop: Shop) -> None:
    push(do, shop, replace(three_vacuums(), cod_minor=11_000))
    assert (do(status_of, "T-1"), boxes(do, "T-1")) == (STOPPED, [])
    do(in_part.go, order_ids=[id_of(do, "T-1")], actor_id=None)
    assert boxes(do, "T-1") == []


def test_an_order_that_something_else_stops_stays_whole(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums(remark="周末再送"))
    assert set(do(findings, "T-1")) == {audit.BUYER_REMARK}
    done = do(in_part.go, order_ids=[id_of(do, "T-1")], actor_id=None)
    assert (done.in_part, boxes(do, "T-1")) == ((), [])
    done = do(desk.release, order_ids=[id_of(do, "T-1")], actor_id=None)
    assert (done.order_ids, done.in_part, boxes(do, "T-1")) == ((), (id_of(do, "T-1"),), FIRST)
    assert laws.broken(do.tenant_id) == []


# ── by hand ──


def test_by_hand_it_is_seen_first_and_then_sent_so(do: Do, shop: Shop) -> None:
    do(options.put, settings.READY_NOW, False)
    push(do, shop, three_vacuums(), make.incoming(("VACUUM", 9), number="T-2"))
    ids = [id_of(do, "T-1"), id_of(do, "T-2")]
    one, two = do(in_part.preview, order_ids=ids)
    vacuum = lines(do, "T-1")["VACUUM"]
    assert [sum(i.quantity for i in p.items) for p in one.parcels] == [9, 1]
    assert one.waits == ((vacuum, do(sku, "VACUUM"), 1),)
    assert (two.parcels, two.codes) == ((), (planning.STOCK_SHORT,)), "the first takes what is there"
    assert (boxes(do, "T-1"), do(order_of, "T-1").decided, do(scene.promised)) == ([], None, 0)
    done = do(in_part.go, order_ids=ids, actor_id=None)
    assert (done.in_part, done.order_ids) == ((ids[0],), ())
    assert (boxes(do, "T-1"), boxes(do, "T-2"), laws.broken(do.tenant_id)) == (FIRST, [], [])
    come(do, shop, "VACUUM", 4)
    relay.deliver(do.tenant_id)
    assert do(status_of, "T-1") == FULFILLING
    assert boxes(do, "T-2") == [{"VACUUM": 1}] * 3, "what was said of it stays said"
    assert laws.broken(do.tenant_id) == []


def test_an_order_that_changed_since_it_was_seen_is_left_alone(do: Do, shop: Shop) -> None:
    do(options.put, settings.READY_NOW, False)
    push(do, shop, three_vacuums())
    id_ = id_of(do, "T-1")
    done = do(in_part.go, order_ids=[id_], actor_id=None, seen={id_: "0.0"})
    assert (done.changed, boxes(do, "T-1"), do(order_of, "T-1").decided) == ((id_,), [], None)


def test_taken_back_as_far_as_nothing_has_left_and_the_machine_keeps_off(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    id_ = id_of(do, "T-1")
    wave_ids = do(waves.release, facility_id=shop.facility, limit=1).wave_ids
    do(floor.confirm_picks, wave_ids=wave_ids)
    do(floor.ship, wave_ids=wave_ids)
    assert do(in_part.take_back, order_ids=[id_], actor_id=None).order_ids == (id_,)
    left = do(lambda: Parcel.objects.filter(ref=id_).exclude(status=5).values_list("status", flat=True).get())
    assert (left, do(status_of, "T-1"), do(scene.promised)) == (ParcelStatus.SHIPPED, STOPPED, 0)
    assert laws.broken(do.tenant_id) == []
    do(desk.release, order_ids=[id_], actor_id=None)
    relay.deliver(do.tenant_id)
    assert len(boxes(do, "T-1")) == 1, "not in part any more"
    come(do, shop, "VACUUM", 1)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), len(boxes(do, "T-1"))) == (FULFILLING, 3)
    assert laws.broken(do.tenant_id) == []
    again = do(in_part.take_back, order_ids=[id_], actor_id=None)
    assert (again.order_ids, again.left) == ((), (id_,)), "it is on its way whole"


def test_parcels_by_hand_and_another_address_wait_until_it_is_taken_back(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    id_ = id_of(do, "T-1")
    with pytest.raises(WrongState):
        do(hand_split.preview, order_id=id_, wanted=None)
    new = NewAddress("上海市", "上海市", "静安区")
    with pytest.raises(Conflict):
        do(placing.edit_receiver, order_id=id_, address=new, actor_id=None)
    do(in_part.take_back, order_ids=[id_], actor_id=None)
    do(placing.edit_receiver, order_id=id_, address=new, actor_id=None)
    do(hand_split.preview, order_id=id_, wanted=None)


# ── what else happens to such an order ──


def ask(do: Do, *units: Withdrawn) -> None:
    do(refunds.ask, refunds=[RefundInput(id_of(do, "T-1"), make.unique("RF"), 0, units)])


def test_a_refund_of_the_rest_lets_the_part_go_as_a_whole_order(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    ask(do, Withdrawn(lines(do, "T-1")["VACUUM"], units=1))
    assert (do(status_of, "T-1"), boxes(do, "T-1"), do(findings, "T-1")) == (FULFILLING, FIRST, {})
    assert laws.broken(do.tenant_id) == []


def test_a_refund_of_the_rest_after_the_part_has_left_ends_the_order(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    scene.ship_everything(do, shop)
    relay.deliver(do.tenant_id)
    ask(do, Withdrawn(lines(do, "T-1")["VACUUM"], units=1))
    assert (do(status_of, "T-1"), do(findings, "T-1"), laws.broken(do.tenant_id)) == (SHIPPED, {}, [])


def test_a_refund_of_something_that_was_to_leave_plans_the_part_again(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    ask(do, Withdrawn(lines(do, "T-1")["FILTER"], units=5))
    assert boxes(do, "T-1") == [{"VACUUM": 1, "STAND": 1, "FILTER": 2}, {"VACUUM": 1}]
    assert (do(status_of, "T-1"), set(do(findings, "T-1"))) == (STOPPED, {planning.STOCK_SHORT})
    assert laws.broken(do.tenant_id) == []


def test_the_whole_money_back_takes_the_part_off_the_road(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    id_ = id_of(do, "T-1")
    do(refunds.ask, refunds=[RefundInput(id_, "RF", 11_000, is_whole=True)])
    assert (do(status_of, "T-1"), boxes(do, "T-1"), do(scene.promised)) == (STOPPED, [], 0)
    assert laws.broken(do.tenant_id) == []


def test_held_it_is_off_the_road_and_released_it_goes_in_part_again(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    id_ = id_of(do, "T-1")
    do(marking.hold, order_ids=[id_], reason="等客户", actor_id=None)
    assert (boxes(do, "T-1"), laws.broken(do.tenant_id)) == ([], [])
    relay.deliver(do.tenant_id)
    assert boxes(do, "T-1") == [], "a hold is not lifted by goods"
    do(desk.release, order_ids=[id_], actor_id=None)
    assert (boxes(do, "T-1"), laws.broken(do.tenant_id)) == (FIRST, [])


def test_stock_lost_under_the_part_takes_the_part_away(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    lots = do(db.rows, "SELECT l.id FROM inventory_lot l JOIN inventory_sku s ON s.tenant_id = l.tenant_id"
              " AND s.id = l.sku_id WHERE s.code = 'VACUUM'")  # fmt: skip
    do(holds.hold_lots, lot_ids=[lots[0][0]], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
    relay.deliver(do.tenant_id)
    assert do(status_of, "T-1") == STOPPED
    assert all("VACUUM" not in box for box in boxes(do, "T-1"))
    assert laws.broken(do.tenant_id) == []


def test_a_platform_that_calls_it_shipped_after_the_first_parcel_gets_the_rest(do: Do, shop: Shop) -> None:
    first = three_vacuums()
    push(do, shop, first)
    scene.ship_everything(do, shop)
    relay.deliver(do.tenant_id)
    push(do, shop, replace(first, state=ChannelState.SHIPPED, raw="shipped"))
    come(do, shop, "VACUUM", 1)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "T-1"), len(boxes(do, "T-1"))) == (FULFILLING, 3)


def test_one_that_the_platform_calls_shipped_before_we_shipped_does_not_go(do: Do, shop: Shop) -> None:
    first = three_vacuums()
    push(do, shop, first)
    push(do, shop, replace(first, state=ChannelState.SHIPPED, raw="shipped"))
    do(desk.release, order_ids=[id_of(do, "T-1")], actor_id=None)
    assert set(do(findings, "T-1")) == {planning.NOT_TO_SHIP}
    assert (boxes(do, "T-1"), laws.broken(do.tenant_id)) == ([], []), "what was to leave is taken off too"


def test_orders_that_stand_still_in_part_are_merged_with_nothing_and_merged_ones_part(
    do: Do, shop: Shop
) -> None:
    do(options.put, settings.MERGES, True)
    push(
        do,
        shop,
        make.incoming(("VACUUM", 2), number="A", to=make.receiver()),
        make.incoming(("FILTER", 1), number="B", to=make.receiver()),
    )
    do(merging.merge, order_ids=[id_of(do, "A"), id_of(do, "B")])
    lots = do(db.rows, "SELECT l.id FROM inventory_lot l JOIN inventory_sku s ON s.tenant_id = l.tenant_id"
              " AND s.id = l.sku_id WHERE s.code = 'VACUUM'")  # fmt: skip
    do(holds.hold_lots, lot_ids=[lots[0][0]], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
    relay.deliver(do.tenant_id)
    come(do, shop, "VACUUM", 1)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "A"), do(status_of, "B"), laws.broken(do.tenant_id)) == (STOPPED, STOPPED, [])
    assert boxes(do, "A") == [{"FILTER": 1}, {"VACUUM": 1}], "the lost one left the filter, then one came"
    come(do, shop, "VACUUM", 1)
    relay.deliver(do.tenant_id)
    assert (do(status_of, "A"), do(status_of, "B")) == (FULFILLING, FULFILLING)
    assert scene.ship_everything(do, shop) == 3
    relay.deliver(do.tenant_id)
    assert (do(status_of, "A"), do(status_of, "B"), laws.broken(do.tenant_id)) == (SHIPPED, SHIPPED, [])


def test_what_is_bought_for_it_is_only_what_still_waits(do: Do, shop: Shop) -> None:
    push(do, shop, three_vacuums())
    short = do(shortages.list_short, [shop.facility])
    assert {key: n for key, n in short.items() if n} == {(shop.facility, do(sku, "VACUUM")): 1}


def test_an_order_short_of_everything_waits_untouched_until_goods_come(do: Do, shop: Shop) -> None:
    do(options.put, settings.READY_NOW, False)
    push(do, shop, make.incoming(("VACUUM", 3), number="T-1"))
    before = do(list_stamps, [id_of(do, "T-1")])
    come(do, shop, "STAND", 5)
    relay.deliver(do.tenant_id)
    assert do(list_stamps, [id_of(do, "T-1")]) == before, "other goods do not touch it"
    do(options.put, settings.SHORT_GOES_ON, False)
    come(do, shop, "VACUUM", 5)
    relay.deliver(do.tenant_id)
    assert do(status_of, "T-1") == STOPPED, "the tenant wants to release by hand"


# ── cost, and chance ──


def statements(do: Do, shop: Shop, n: int, lines_: tuple[tuple[str, int], ...]) -> int:
    batch = [make.incoming(*lines_) for _ in range(n)]
    with CaptureQueriesContext(connection) as seen:
        push(do, shop, *batch)
    return count_statements(seen)


def test_it_costs_nothing_where_nobody_is_short_and_the_same_for_one_as_for_many(do: Do, shop: Shop) -> None:
    do(shop.stock, "GONE", 0)
    whole, part = (("FILTER", 1),), (("FILTER", 1), ("GONE", 1))
    do(options.put, settings.READY_NOW, False)
    statements(do, shop, 1, whole)  # the first promise of a day makes its counter
    off = statements(do, shop, 2, whole)
    do(options.put, settings.READY_NOW, True)
    assert statements(do, shop, 2, whole) == off
    assert statements(do, shop, 1, part) == statements(do, shop, 12, part)


def test_looking_by_hand_costs_the_same_for_one_as_for_many(do: Do, shop: Shop) -> None:
    do(shop.stock, "GONE", 0)
    do(options.put, settings.READY_NOW, False)
    push(do, shop, *[make.incoming(("FILTER", 1), ("GONE", 1), number=f"N-{n}") for n in range(9)])
    ids = [id_of(do, f"N-{n}") for n in range(9)]
    costs = []
    for some in (ids[:1], ids):
        with CaptureQueriesContext(connection) as seen:
            assert len(do(in_part.preview, order_ids=some)) == len(some)
        costs.append(count_statements(seen))
    assert costs[0] == costs[1]


@given(st.data())
@settings_of(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_comes_in_whatever_order_no_unit_is_promised_twice_and_all_leave_in_the_end(
    do: Do, data: st.DataObject
) -> None:
    shop = do(lambda: Shop(carts=1))
    codes = [make.unique("S") for _ in range(3)]
    there = data.draw(st.lists(st.integers(0, 6), min_size=3, max_size=3))
    rules = data.draw(st.lists(st.sampled_from([1, BULKY, RIDES]), min_size=3, max_size=3))
    for code, units, rule in zip(codes, there, rules, strict=True):
        do(shop.stock, code, units, parcel_rule=rule)
    do(options.put, settings.READY_NOW, True)
    wanted = data.draw(st.lists(st.lists(st.tuples(st.sampled_from(codes), st.integers(1, 4)),
                       min_size=1, max_size=3), min_size=1, max_size=4))  # fmt: skip
    numbers = [make.unique("H") for _ in wanted]
    push(do, shop, *[make.incoming(*of, number=n) for of, n in zip(wanted, numbers, strict=True)])
    assert laws.broken(do.tenant_id) == []
    for code in data.draw(st.permutations(codes)):
        come(do, shop, code, data.draw(st.integers(1, 3)))
        if data.draw(st.booleans()):
            scene.ship_everything(do, shop)
        relay.deliver(do.tenant_id)
        assert laws.broken(do.tenant_id) == []
    for code in codes:
        come(do, shop, code, 60)
    relay.deliver(do.tenant_id)
    scene.ship_everything(do, shop)
    relay.deliver(do.tenant_id)
    assert [do(status_of, n) for n in numbers] == [SHIPPED] * len(numbers)
    assert laws.broken(do.tenant_id) == []
