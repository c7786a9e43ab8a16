"""Held, assigned, noted: many at once, what can be taken back is taken back, and release lets it go on."""

import pytest
from django.db import connection

from core import db
from core.accounts import Role
from core.errors import Invalid
from core.models import AuditEntry
from orders.models import Order, OrderStatus
from orders.queries import list_stamps
from orders.services import desk, marking
from orders.services.planning import HELD
from tests import builders as make
from tests import laws
from tests.orders.services import scene
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, status_of
from tests.steps import Do
from warehouse.services import waves


def ids_of(do: Do, *numbers: str) -> list[int]:
    return [do(order_of, number).id for number in numbers]


def test_hold_takes_parcels_and_stock_back_and_release_gives_them_again(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 5)
    push(do, shop, make.incoming(("A", 2), number="T-1"), make.incoming(("A", 3), number="T-2"))
    (one, two) = ids_of(do, "T-1", "T-2")
    done = do(marking.hold, order_ids=[one], reason=" 等客服回话 ", actor_id=7)
    assert done == marking.Marked((one,))
    assert (do(status_of, "T-1"), do(status_of, "T-2")) == (OrderStatus.STOPPED, OrderStatus.FULFILLING)
    assert do(findings, "T-1") == {HELD: (True, {"reason": "等客服回话"})}
    assert (do(parcels, "T-1"), do(scene.promised)) == ([], 3)
    assert do(marking.hold, order_ids=[one], reason="再挂", actor_id=7).left == (one,), "it is held already"
    assert do(desk.release, order_ids=[one], actor_id=7).order_ids == (one,)
    assert (do(status_of, "T-1"), do(findings, "T-1"), do(scene.promised)) == (OrderStatus.FULFILLING, {}, 5)
    assert laws.broken(do.tenant_id) == [] and two


def test_a_stopped_order_is_held_as_well_and_one_on_the_floor_comes_off_it(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 5)
    push(
        do,
        shop,
        make.incoming(("A", 1), number="REMARK", remark="颜色换成蓝的"),
        make.incoming(("A", 1), number="FLOOR"),
    )
    do(waves.release, facility_id=shop.facility, limit=10)
    remark, floor = ids_of(do, "REMARK", "FLOOR")
    done = do(marking.hold, order_ids=[remark, floor], reason="查一下", actor_id=None)
    assert (done.order_ids, done.left) == ((remark, floor), ())
    assert set(do(findings, "REMARK")) == {"BUYER_REMARK", HELD}
    assert do(status_of, "FLOOR") == OrderStatus.STOPPED
    assert do(parcels, "FLOOR") == []
    do(desk.release, order_ids=[floor], actor_id=None)
    assert scene.ship_everything(do, shop) == 1
    again = do(marking.hold, order_ids=[remark, floor], reason="又查", actor_id=None)
    assert (again.order_ids, again.left) == ((), (remark, floor))
    assert laws.broken(do.tenant_id) == []


def test_what_changed_since_it_was_seen_is_not_held(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 5)
    push(do, shop, make.incoming(("A", 1), number="T-1"), make.incoming(("A", 1), number="T-2"))
    one, two = ids_of(do, "T-1", "T-2")
    seen = do(list_stamps, [one, two])
    do(marking.hold, order_ids=[one], reason="先挂", actor_id=None)
    do(desk.release, order_ids=[one], actor_id=None)
    done = do(marking.hold, order_ids=[one, two], reason="都挂", actor_id=None, seen=seen)
    assert (done.order_ids, done.changed) == ((two,), (one,))


@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_hold_wants_a_reason(do: Do, reason: str) -> None:
    with pytest.raises(Invalid):
        do(marking.hold, order_ids=[1], reason=reason, actor_id=None)


def test_assign_and_note_leave_a_trail_and_no_new_stamp(do: Do) -> None:
    shop = do(Shop)
    push(do, shop, make.incoming(("NOPE", 1), number="T-1"), make.incoming(("NOPE", 1), number="T-2"))
    ids, member = ids_of(do, "T-1", "T-2"), do(make.make_member, Role.OPERATOR)
    before = do(list_stamps, ids)
    assert do(marking.assign, order_ids=ids, assignee_id=member, actor_id=member).order_ids == tuple(
        sorted(ids)
    )
    assert do(marking.note, order_ids=ids, text=" 等新编码 ", actor_id=member).left == ()
    rows = do(lambda: list(Order.objects.order_by("id").values_list("assignee_id", "note")))
    assert rows == [(member, "等新编码")] * 2
    assert do(list_stamps, ids) == before
    actions = do(
        lambda: sorted(AuditEntry.objects.filter(object_id__in=ids).values_list("action", flat=True))
    )
    assert actions == ["assign", "assign", "note", "note"]
    do(marking.assign, order_ids=ids, assignee_id=None, actor_id=member)
    assert do(lambda: Order.objects.filter(assignee_id__isnull=False).count()) == 0
    with pytest.raises(Invalid):
        do(marking.assign, order_ids=ids, assignee_id=987_654, actor_id=member)


def test_a_hold_costs_the_same_for_many(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 500)
    push(do, shop, *[make.incoming(("A", 1), number=f"T-{n}") for n in range(41)])
    first, *many = ids_of(do, *[f"T-{n}" for n in range(41)])
    one = statements(do, [first])
    assert statements(do, many) == one


def statements(do: Do, order_ids: list[int]) -> int:
    found: list[str] = []

    def count(execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        found.append(sql)
        return execute(sql, params, many, context)

    def held() -> None:
        db.new_ids(200)
        with connection.execute_wrapper(count):
            marking.hold(order_ids=order_ids, reason="盘点", actor_id=None)

    do(held)
    return len([sql for sql in found if "nextval" not in sql])
