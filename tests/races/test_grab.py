"""Many stores grab one order at the same instant.  The first test proves that the rig can make two win."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from core import db, invariants
from core.errors import Conflict
from core.tenancy import tenant
from o2o.services import dispatches
from tests.o2o import scene
from tests.races.rig import together

STORES = 50


def grab_without_lock(tenant_id: int, dispatch_id: int, store: int) -> str:
    """Read, think, write: what the service would be without its lock."""
    with tenant(tenant_id):
        ((status,),) = db.rows("SELECT status FROM o2o_dispatch WHERE id = %s", dispatch_id)
        if status != "OFFERING":
            return "taken_by_other"
        time.sleep(0.05)
        db.execute(
            "UPDATE o2o_dispatch SET status = 'WON', winner_id = %s, deadline = NULL, ended_at = clock_timestamp()"
            " WHERE id = %s",
            store,
            dispatch_id,
        )
    return "won"


def grab(tenant_id: int, dispatch_id: int, store: int) -> str:
    try:
        with tenant(tenant_id):
            result = dispatches.grab(dispatch_id=dispatch_id, facility_id=store, actor_id=None)
        return "stock_gone" if result.refusal else "again" if result.is_repeat else "won"
    except Conflict as refusal:
        return refusal.code


def decline(tenant_id: int, dispatch_id: int, store: int) -> str:
    with tenant(tenant_id):
        dispatches.decline(dispatch_id=dispatch_id, facility_id=store, reason="busy", actor_id=None)
    return "declined"


def cancel(tenant_id: int, order_ref: int) -> str:
    with tenant(tenant_id):
        done = dispatches.cancel(order_refs=[order_ref], reason="refund")
    return "cancelled" if done.order_refs else "too late to cancel" if done.won else "nothing to cancel"


def advance(tenant_id: int) -> str:
    with tenant(tenant_id):
        return f"fell back {len(dispatches.advance_due(limit=10).fell_back)}"


def offered(
    tenant_id: int, stores: int = STORES, orders: int = 1, stock: int = 3
) -> tuple[scene.City, list[int]]:
    with tenant(tenant_id):
        city = scene.make_city(stores, stock=stock)
        scene.set_rounds(scene.round_of(None))
        return city, scene.offer(city, orders)


def laws(tenant_id: int) -> list[str]:
    return [broken.name for broken in invariants.prove(tenant_id) if not broken.name.startswith("orders.")]


def test_the_rig_makes_two_win_when_the_lock_is_taken_away(tenant_id: int) -> None:
    for _heat in range(10):
        city, (dispatch_id,) = offered(tenant_id, 8)
        works = [partial(grab_without_lock, tenant_id, dispatch_id, store) for store in city.stores]
        if together(works).count("won") > 1:
            return
    pytest.fail("no two ever won without the lock: the races below prove nothing")


def test_fifty_stores_tap_at_once_and_one_wins(tenant_id: int) -> None:
    city, (dispatch_id,) = offered(tenant_id)
    answers = Counter(together([partial(grab, tenant_id, dispatch_id, store) for store in city.stores]))
    assert answers == {"won": 1, "taken_by_other": STORES - 1}
    with tenant(tenant_id):
        found = scene.dispatch(dispatch_id)
        assert found["status"] == "WON"
        assert scene.promised(city.warehouse) == 0
        assert {store: scene.promised(store) for store in city.stores} == {
            store: int(store == found["winner_id"]) for store in city.stores
        }
        assert [facility for facility, _s, _h in scene.parcels_of(found["order_ref"])] == [found["winner_id"]]
        assert len(scene.facts("DispatchesWon")) == 1
    assert laws(tenant_id) == []


def test_a_finger_that_taps_thirty_times_wins_once(tenant_id: int) -> None:
    city, (dispatch_id,) = offered(tenant_id, 1)
    answers = Counter(together([partial(grab, tenant_id, dispatch_id, city.stores[0])] * 30))
    assert answers == {"won": 1, "again": 29}
    with tenant(tenant_id):
        assert scene.promised(city.stores[0]) == 1
        assert len(scene.facts("DispatchesWon")) == 1


def test_a_store_takes_no_more_orders_than_it_has_goods(tenant_id: int) -> None:
    city, ids = offered(tenant_id, 1, orders=20, stock=7)
    answers = Counter(
        together([partial(grab, tenant_id, dispatch_id, city.stores[0]) for dispatch_id in ids])
    )
    assert answers == {"won": 7, "stock_gone": 13}
    with tenant(tenant_id):
        assert scene.promised(city.stores[0]) == 7
        assert scene.promised(city.warehouse) == 13
    assert laws(tenant_id) == []


def test_grab_decline_cancel_and_deadline_end_a_dispatch_once(tenant_id: int) -> None:
    city, ids = offered(tenant_id, 4, orders=6, stock=10)
    with tenant(tenant_id):
        refs = {each: scene.dispatch(each)["order_ref"] for each in ids}
        db.execute(
            "UPDATE o2o_dispatch SET deadline = clock_timestamp() + interval '2.5 seconds' WHERE id = ANY (%s::bigint[])",
            db.array(ids[:2]),
        )
    works: list[Callable[[], str]] = [
        partial(grab, tenant_id, each, store) for each in ids for store in city.stores[:3]
    ]
    works += [partial(decline, tenant_id, each, city.stores[3]) for each in ids]
    works += [partial(cancel, tenant_id, refs[each]) for each in ids]
    works += [partial(advance, tenant_id)] * 3
    together(works)
    with tenant(tenant_id):
        scene.make_due([each for each in ids if scene.dispatch(each)["status"] == "OFFERING"])
    with tenant(tenant_id):
        dispatches.advance_due(limit=20)
        ended = [scene.dispatch(each)["status"] for each in ids]
        told = [
            id_
            for topic in ("Won", "FellBack", "Cancelled")
            for fact in scene.facts(f"Dispatches{topic}")
            for id_ in fact["dispatch_ids"]
        ]
    assert "OFFERING" not in ended
    assert sorted(told) == sorted(ids)
    assert laws(tenant_id) == []
