"""Rounds through the real services: who is asked, who wins, what happens at the deadline."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import db, invariants
from core.errors import Invalid
from core.tenancy import tenant
from inventory.models import HoldKind
from o2o.errors import (
    LotsChanged,
    NoDispatch,
    NotWon,
    OfferGone,
    SharedWave,
    StockGone,
    TakenByOther,
    TooLate,
)
from o2o.picking import list_picks, plan_code
from o2o.services import dispatches
from tests import builders
from tests.o2o import scene
from tests.steps import count_statements
from warehouse.errors import NoTote, NotPickable
from warehouse.models import Handover, ParcelStatus
from warehouse.services import parcels, waves


def grab(tenant_id: int, dispatch_id: int, store: int) -> dispatches.GrabResult:
    with tenant(tenant_id):
        return dispatches.grab(dispatch_id=dispatch_id, facility_id=store, actor_id=None)


def laws(tenant_id: int) -> list[str]:
    """Broken laws of this floor and those below; the scene has no orders, which stand above."""
    return [broken.name for broken in invariants.prove(tenant_id) if not broken.name.startswith("orders.")]


# ── start ──


def test_the_nearest_stores_with_stock_are_asked(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(5)
        empty = scene.add_store(city, 100, 0)
        scene.set_rounds(scene.round_of(2), scene.round_of(2))
        (dispatch_id,) = scene.offer(city)
        assert set(scene.offers(dispatch_id)) == set(city.stores[:2])
        assert empty not in scene.offers(dispatch_id)
        assert scene.promised(city.warehouse) == 1


def test_a_store_that_is_closed_full_or_shut_down_is_passed_over(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(4)
        closed, full, gone, last = city.stores
        now = datetime.now(ZoneInfo("Asia/Shanghai"))
        hours = ((now + timedelta(hours=1)).time(), (now + timedelta(hours=2)).time(), closed)
        db.execute("UPDATE inventory_facility SET opens_at = %s, closes_at = %s WHERE id = %s", *hours)
        db.execute("UPDATE inventory_facility SET capacity = 1 WHERE id = %s", full)
        builders.make_parcel(full, db.new_id())
        db.execute("UPDATE inventory_facility SET is_active = false WHERE id = %s", gone)
        scene.set_rounds(scene.round_of(5))
        (dispatch_id,) = scene.offer(city)
        assert set(scene.offers(dispatch_id)) == {last}


def test_promised_and_held_stock_is_not_offered(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2, stock=3)
        held, free = city.stores
        lot = db.rows("SELECT lot_id FROM inventory_balance WHERE bin_id = %s", city.bins[held])[0][0]
        builders.make_hold(lot, city.sku, kind=HoldKind.RECALL)
        (dispatch_id,) = scene.offer(city, units=3)
        assert set(scene.offers(dispatch_id)) == {free}
    assert grab(tenant_id, dispatch_id, free).is_won
    with tenant(tenant_id):
        ref = scene.make_order(city)
        assert dispatches.start(starts=[scene.start_of(city, ref)]) == ()


def test_an_order_that_no_round_could_serve_is_not_started(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(3, stock=1)
        refs = [scene.make_order(city, units) for units in (1, 2)]
        starts = [scene.start_of(city, ref, units) for ref, units in zip(refs, (1, 2), strict=True)]
        assert dispatches.start(starts=starts) == (refs[0],)
        assert dispatches.start(starts=[]) == ()


def test_a_first_round_that_asks_nobody_is_not_waited_for(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(3)
        scene.set_rounds(scene.round_of(3, radius_m=200), scene.round_of(1, 30, radius_m=5_000))
        (dispatch_id,) = scene.offer(city)
        assert scene.dispatch(dispatch_id)["round"] == 2
        assert scene.offers(dispatch_id) == {city.stores[0]: (2, "OPEN", "")}


def test_a_repeated_start_offers_nothing_twice(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2)
        ref = scene.make_order(city)
        for _ in range(2):
            assert dispatches.start(starts=[scene.start_of(city, ref)]) == (ref,)
        assert db.rows("SELECT count(*) FROM o2o_dispatch WHERE order_ref = %s", ref) == [(1,)]


def test_the_cost_of_a_batch_is_constant(tenant_id: int) -> None:
    def statements(orders: int) -> tuple[int, int]:
        with tenant(tenant_id):
            refs = [scene.make_order(city) for _ in range(orders)]
            starts = [scene.start_of(city, ref) for ref in refs]
            with CaptureQueriesContext(connection) as starting:
                dispatches.start(starts=starts)
            found = db.rows(
                "SELECT id FROM o2o_dispatch WHERE order_ref = ANY (%s::bigint[])", db.array(refs)
            )
            scene.make_due([row[0] for row in found])
        with tenant(tenant_id), CaptureQueriesContext(connection) as advancing:
            assert dispatches.advance_due(limit=100).moved == orders
        return count_statements(starting), count_statements(advancing)

    with tenant(tenant_id):
        city = scene.make_city(8, stock=100)
        db.new_id()
    few, many = statements(2), statements(60)
    assert few == many
    assert max(many) <= 20


@pytest.mark.parametrize(
    "bad", [[], [{"stores": 0, "radius_m": None, "seconds": 60}], [{"stores": 3, "seconds": 0}]]
)
def test_rounds_that_cannot_be_meant_are_refused(tenant_id: int, bad: list[dict[str, int]]) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        scene.set_rounds(*bad)
        with pytest.raises(Invalid):
            dispatches.start(starts=[scene.start_of(city, scene.make_order(city))])


# ── grab ──


def test_the_first_wins_and_the_goods_move_with_it(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(3)
        (dispatch_id,) = scene.offer(city, units=2)
    first, second, third = city.stores
    result = grab(tenant_id, dispatch_id, second)
    assert result.is_won
    assert not result.is_repeat
    assert grab(tenant_id, dispatch_id, second).is_repeat
    with pytest.raises(TakenByOther) as refusal:
        grab(tenant_id, dispatch_id, first)
    assert refusal.value.code == "taken_by_other"
    assert refusal.value.fields["store"] == "2号店"
    with tenant(tenant_id):
        assert {store: row[1] for store, row in scene.offers(dispatch_id).items()} == {
            first: "LOST", second: "WON", third: "LOST",
        }  # fmt: skip
        assert scene.promised(city.warehouse) == 0
        assert scene.promised(second) == 2
        assert scene.parcels_of(result.order_ref) == [(second, ParcelStatus.PLANNED, Handover.STORE)]
        won = {"dispatch_ids": [dispatch_id], "order_refs": [result.order_ref], "facility_ids": [second]}
        assert scene.facts("DispatchesWon") == [won]
    assert laws(tenant_id) == []


def test_without_the_goods_the_offer_closes_and_the_round_goes_on(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2, stock=1)
        one, other = scene.offer(city, 2)
    first, second = city.stores
    assert grab(tenant_id, one, first).is_won
    result = grab(tenant_id, other, first)
    assert isinstance(result.refusal, StockGone)
    with tenant(tenant_id):
        assert scene.offers(other)[first] == (1, "CLOSED", "sold_out")
        assert scene.dispatch(other)["status"] == "OFFERING"
    with pytest.raises(StockGone):
        grab(tenant_id, other, first)
    assert grab(tenant_id, other, second).is_won
    assert laws(tenant_id) == []


def test_a_tap_after_the_deadline_is_too_late_even_before_the_sweep(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        (dispatch_id,) = scene.offer(city)
        scene.make_due([dispatch_id], 0.001)
    with pytest.raises(TooLate):
        grab(tenant_id, dispatch_id, city.stores[0])


def test_a_store_that_was_not_asked_cannot_grab(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2)
        scene.set_rounds(scene.round_of(1))
        (dispatch_id,) = scene.offer(city)
    with pytest.raises(OfferGone):
        grab(tenant_id, dispatch_id, city.stores[1])
    with pytest.raises(NoDispatch):
        grab(tenant_id, dispatch_id + 1, city.stores[0])


def test_another_tenant_sees_nothing_to_grab(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        (dispatch_id,) = scene.offer(city)
    with pytest.raises(NoDispatch):
        grab(other_tenant_id, dispatch_id, city.stores[0])


def test_an_older_round_does_not_count(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2)
        scene.set_rounds(scene.round_of(1), scene.round_of(1))
        (dispatch_id,) = scene.offer(city)
        scene.make_due([dispatch_id])
    with tenant(tenant_id):
        dispatches.advance_due(limit=1)
    with pytest.raises(TooLate):
        grab(tenant_id, dispatch_id, city.stores[0])
    assert grab(tenant_id, dispatch_id, city.stores[1]).is_won


# ── decline, deadline, cancel ──


def test_the_next_round_starts_when_everybody_has_declined(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(4)
        scene.set_rounds(scene.round_of(2), scene.round_of(2))
        (dispatch_id,) = scene.offer(city)
    for store, moved in zip(city.stores[:2], (0, 1), strict=True):
        with tenant(tenant_id):
            dispatches.decline(dispatch_id=dispatch_id, facility_id=store, reason="busy", actor_id=None)
        with tenant(tenant_id):
            assert dispatches.advance_due(limit=9).moved == moved
    with tenant(tenant_id):
        assert scene.dispatch(dispatch_id)["round"] == 2
        assert scene.offers(dispatch_id)[city.stores[0]] == (1, "CLOSED", "busy")
        assert scene.offers(dispatch_id)[city.stores[3]] == (2, "OPEN", "")
    with pytest.raises(OfferGone):
        grab(tenant_id, dispatch_id, city.stores[0])


def test_rounds_end_at_the_warehouse(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(4)
        scene.set_rounds(scene.round_of(2), scene.round_of(2))
        ids = scene.offer(city, 3)
    for asked in (4, 4):
        with tenant(tenant_id):
            scene.make_due(ids)
        with tenant(tenant_id):
            done = dispatches.advance_due(limit=9)
            assert all(len(scene.offers(each)) == asked for each in ids)
    assert done.fell_back == tuple(ids)
    assert done.late_s >= 1
    with tenant(tenant_id):
        refs = [scene.dispatch(each)["order_ref"] for each in ids]
        assert all(scene.parcels_of(ref) == [(city.warehouse, ParcelStatus.PLANNED, 0)] for ref in refs)
        assert scene.facts("DispatchesFellBack") == [{"dispatch_ids": ids, "order_refs": refs}]
        assert {row[1] for row in scene.offers(ids[0]).values()} == {"EXPIRED"}
    assert laws(tenant_id) == []


def test_a_store_that_opens_later_is_asked_in_the_next_round(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        scene.set_rounds(scene.round_of(3), scene.round_of(3))
        (dispatch_id,) = scene.offer(city)
        late = scene.add_store(city, 500, 5)
        scene.make_due([dispatch_id])
    with tenant(tenant_id):
        assert dispatches.advance_due(limit=1).offered == (dispatch_id,)
        assert scene.offers(dispatch_id)[late] == (2, "OPEN", "")


def test_a_snapshot_that_cannot_be_read_sticks_nothing(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        (dispatch_id,) = scene.offer(city)
        db.execute("UPDATE o2o_dispatch SET rules = '{}' WHERE id = %s", dispatch_id)
        scene.make_due([dispatch_id])
    with tenant(tenant_id):
        assert dispatches.advance_due(limit=1).fell_back == (dispatch_id,)


def test_cancel_ends_what_runs_and_names_what_is_won(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2)
        running, won = scene.offer(city, 2)
        refs = {each: scene.dispatch(each)["order_ref"] for each in (running, won)}
    grab(tenant_id, won, city.stores[0])
    for cancelled in ((refs[running],), ()):
        with tenant(tenant_id):
            result = dispatches.cancel(order_refs=list(refs.values()), reason="refund")
            assert result == dispatches.Cancelled(cancelled, (refs[won],))
    with pytest.raises(OfferGone):
        grab(tenant_id, running, city.stores[0])
    with tenant(tenant_id):
        assert scene.facts("DispatchesCancelled") == [
            {"dispatch_ids": [running], "order_refs": [refs[running]]}
        ]
        assert {row[1:] for row in scene.offers(running).values()} == {("CLOSED", "cancelled")}
        assert dispatches.start(starts=[scene.start_of(city, refs[running])]) == (refs[running],)
    assert laws(tenant_id) == []


def test_a_person_may_send_it_to_the_warehouse_once(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        (dispatch_id,) = scene.offer(city)
    with tenant(tenant_id):
        assert dispatches.send_to_warehouse(dispatch_id=dispatch_id, actor_id=7)
    with tenant(tenant_id):
        assert not dispatches.send_to_warehouse(dispatch_id=dispatch_id, actor_id=7)
        assert scene.dispatch(dispatch_id)["status"] == "FALLBACK"
    with pytest.raises(TooLate):
        grab(tenant_id, dispatch_id, city.stores[0])


def test_offers_close_when_a_grab_took_the_last_unit(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2, stock=1)
        one, other = scene.offer(city, 2)
    first, second = city.stores
    grab(tenant_id, one, first)
    with tenant(tenant_id):
        assert dispatches.settle_offers(facility_ids=[first]) == 1
    with tenant(tenant_id):
        assert dispatches.settle_offers(facility_ids=[first]) == 0
        assert scene.offers(other) == {first: (1, "CLOSED", "sold_out"), second: (1, "OPEN", "")}
    grab(tenant_id, other, second)


# ── hand over ──


def test_the_winner_hands_over_once(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(2)
        (dispatch_id,) = scene.offer(city, units=3)
    store = city.stores[0]
    with pytest.raises(NotWon), tenant(tenant_id):
        dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None)
    ref = grab(tenant_id, dispatch_id, store).order_ref
    with tenant(tenant_id):
        picks = list_picks(ref, store)
        assert [(pick.bin_id, pick.quantity) for pick in picks] == [(city.bins[store], 3)]
    with tenant(tenant_id):
        done = dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None, expected=plan_code(picks))
        assert (done.units, done.is_repeat) == (3, False)
    with tenant(tenant_id):
        assert dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None).is_repeat
        assert scene.parcels_of(ref) == [(store, ParcelStatus.SHIPPED, Handover.STORE)]
        assert db.rows(
            "SELECT sum(on_hand), sum(allocated) FROM inventory_balance WHERE facility_id = %s", store
        ) == [(7, 0)]
    assert laws(tenant_id) == []


def test_other_lots_than_the_screen_showed_are_not_handed_over(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        (dispatch_id,) = scene.offer(city)
    store = city.stores[0]
    ref = grab(tenant_id, dispatch_id, store).order_ref
    with tenant(tenant_id):
        shown = plan_code(list_picks(ref, store))
        builders.make_stock(city.bins[store], city.sku, 5, expires_on=date(2099, 1, 1))
    with pytest.raises(LotsChanged), tenant(tenant_id):
        dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None, expected=shown)
    with tenant(tenant_id):
        assert scene.parcels_of(ref)[0][1] == ParcelStatus.PLANNED
        now = plan_code(list_picks(ref, store))
    with tenant(tenant_id):
        assert dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None, expected=now).units == 1


def test_a_hold_or_a_busy_cart_stops_the_hand_over(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        (dispatch_id,) = scene.offer(city)
    store = city.stores[0]
    ref = grab(tenant_id, dispatch_id, store).order_ref
    with tenant(tenant_id):
        wave_id = builders.make_wave(store)
        carts = "UPDATE warehouse_wave SET status = %s WHERE id = %s"
        free = "SELECT id FROM inventory_bin WHERE facility_id = %s AND kind = 3 ORDER BY id"
        (mine, *_rest) = [row[0] for row in db.rows(free, store)]
        other = db.new_id()
        db.execute(
            "INSERT INTO warehouse_wave (tenant_id, id, facility_id, code, status, tote_id, parcel_count)"
            " SELECT tenant_id, %s, facility_id, 'W', 1, %s, 0 FROM warehouse_wave WHERE id = %s",
            other, mine, wave_id,
        )  # fmt: skip
    with pytest.raises(NoTote), tenant(tenant_id):
        dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None)
    with tenant(tenant_id):
        db.execute(carts, 3, other)
    with tenant(tenant_id):
        assert waves.release(facility_id=store, limit=1).parcel_ids
        lot = db.rows("SELECT lot_id FROM inventory_balance WHERE bin_id = %s", city.bins[store])[0][0]
        builders.make_hold(lot, city.sku)
    with pytest.raises(NotPickable), tenant(tenant_id):
        dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None)
    with tenant(tenant_id):
        assert scene.parcels_of(ref)[0][1] == ParcelStatus.RELEASED


def test_a_wave_shared_with_others_is_left_to_its_screen(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        one, other = scene.offer(city, 2)
    store = city.stores[0]
    grab(tenant_id, one, store)
    grab(tenant_id, other, store)
    with tenant(tenant_id):
        assert len(waves.release(facility_id=store, limit=2).parcel_ids) == 2
    with pytest.raises(SharedWave), tenant(tenant_id):
        dispatches.hand_over(dispatch_id=one, actor_id=None)


def test_cancelled_parcels_are_not_handed_over(tenant_id: int) -> None:
    with tenant(tenant_id):
        city = scene.make_city(1)
        (dispatch_id,) = scene.offer(city)
    ref = grab(tenant_id, dispatch_id, city.stores[0]).order_ref
    with tenant(tenant_id):
        parcels.cancel_of_orders(order_refs=[ref])
    with pytest.raises(NotPickable), tenant(tenant_id):
        dispatches.hand_over(dispatch_id=dispatch_id, actor_id=None)
