"""One person in many tabs at the daily limit.  The first test proves that the rig can exceed it."""

import time
from functools import partial
from unittest import mock

import pytest

from core import db
from core.accounts import Role
from core.tenancy import tenant
from orders.errors import UnmaskLimit
from orders.models import Unmasking
from orders.services import unmasking
from orders.services.unmasking import Viewer
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, push
from tests.races.rig import together
from tests.steps import Do

LIMIT, TABS = 5, 4


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


def look(tenant_id: int, user_id: int, order_ids: list[int]) -> str:
    try:
        with tenant(tenant_id):
            return f"left {unmasking.unmask(viewer=Viewer(user_id), order_ids=order_ids, reason='RISK').left}"
    except UnmaskLimit as refusal:
        return refusal.code


def look_without_lock(tenant_id: int, user_id: int, order_ids: list[int]) -> str:
    """What the service would be if it counted without holding anybody up."""
    plain = unmasking._admit

    def unlocked(viewer: Viewer, *, locks: bool) -> object:
        return plain(viewer, locks=False)

    real = unmasking.allowance_of

    def slowly(viewer: Viewer) -> unmasking.Allowance:
        found = real(viewer)
        time.sleep(0.5)
        return found

    with (
        mock.patch.object(unmasking, "_admit", unlocked),
        mock.patch.object(unmasking, "allowance_of", slowly),
    ):
        return look(tenant_id, user_id, order_ids)


def scene(do: Do, orders: int) -> tuple[int, list[int]]:
    """A person who saw all but one of what he may see today, and the orders that he has not seen."""
    shop = do(Shop)
    do(shop.stock, "S", 1_000)
    do(unmasking.set_policy, limit=LIMIT, roles=["OPERATOR"], actor_id=None)
    batch = [make.incoming(("S", 1)) for _ in range(LIMIT - 1 + orders)]
    found = push(do, shop, *batch).order_ids or {}
    ids = [found[one.external_number] for one in batch]
    user_id = do(make.make_member, Role.OPERATOR)
    assert look(do.tenant_id, user_id, ids[: LIMIT - 1]) == "left 1"
    return user_id, ids[LIMIT - 1 :]


def seen(do: Do) -> int:
    return int(do(lambda: Unmasking.objects.values("order").distinct().count()))


def test_the_rig_goes_over_the_limit_when_the_lock_is_taken_away(do: Do) -> None:
    user_id, ids = scene(do, TABS)
    answers = together([partial(look_without_lock, do.tenant_id, user_id, [id_]) for id_ in ids])
    assert answers.count("left 0") > 1
    assert seen(do) > LIMIT


def test_two_tabs_at_the_limit_show_one(do: Do) -> None:
    user_id, ids = scene(do, 2)
    answers = together([partial(look, do.tenant_id, user_id, [id_]) for id_ in ids])
    assert sorted(answers) == ["left 0", "unmask_limit"]
    assert seen(do) == LIMIT
    assert laws.broken(do.tenant_id, "orders.unmasked") == []


def test_many_tabs_never_show_more_than_the_limit(do: Do) -> None:
    user_id, ids = scene(do, TABS * 2)
    answers = together([partial(look, do.tenant_id, user_id, ids[n : n + 2]) for n in range(0, len(ids), 2)])
    assert answers == ["unmask_limit"] * TABS, "two at once do not fit into one"
    answers = together([partial(look, do.tenant_id, user_id, [id_]) for id_ in ids])
    assert answers.count("left 0") == 1
    assert (answers.count("unmask_limit"), seen(do)) == (len(ids) - 1, LIMIT)


def test_the_same_order_in_two_tabs_is_one_of_the_day_and_two_of_the_trail(do: Do) -> None:
    user_id, ids = scene(do, 1)
    assert together([partial(look, do.tenant_id, user_id, ids)] * 2) == ["left 0"] * 2
    assert seen(do) == LIMIT
    assert do(lambda: Unmasking.objects.filter(order=ids[0]).count()) == 2
    assert laws.broken(do.tenant_id, "orders.unmasked") == []


def test_two_people_do_not_wait_for_each_other(do: Do) -> None:
    """The lock is the person's own row: somebody else's long transaction holds nobody up."""
    user_id, ids = scene(do, 1)
    other = do(make.make_member, Role.OPERATOR)
    with tenant(do.tenant_id):
        unmasking.unmask(viewer=Viewer(user_id), order_ids=ids, reason="RISK")
        assert together([partial(look, do.tenant_id, other, ids)]) == [f"left {LIMIT - 1}"]
        assert db.rows("SELECT 1")
