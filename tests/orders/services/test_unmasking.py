"""Receivers in clear: who may, why, how many a day, and the trace that each leaves."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from core import clock, options
from core.accounts import Role
from core.errors import ERPError
from core.models import ApiKey, AuditEntry, Membership
from core.tenancy import tenant
from orders import options as settings
from orders.models import Order, Unmasking
from orders.rules.incoming import Receiver
from orders.services import unmasking
from orders.services.unmasking import Gap, Unmasked, Viewer
from tests import builders as make
from tests import laws
from tests.conftest import fresh_tenant
from tests.orders.services.scene import Shop, push
from tests.steps import Do

TO = Receiver("王敏", "13800001111", "浙江省", "杭州市", "西湖区", "文三路 90 号")
HIDDEN = Receiver("王**", "138****1111", "浙江省", "杭州市", "西湖区", "文三路****", is_masked=True)


@pytest.fixture
def shop(do: Do) -> Shop:
    made = do(Shop)
    do(made.stock, "S", 1_000)
    return made


def orders(do: Do, shop: Shop, count: int = 1, to: Receiver | None = TO) -> list[int]:
    batch = [make.incoming(("S", 1), to=to) for _ in range(count)]
    found = push(do, shop, *batch).order_ids or {}
    return [found[one.external_number] for one in batch]


def member(do: Do, role: Role = Role.OPERATOR, facility_ids: Sequence[int] = ()) -> Viewer:
    return Viewer(user_id=do(make.make_member, role, facility_ids=facility_ids))


def look(do: Do, viewer: Viewer, ids: Sequence[int], reason: str = "DELIVERY", **more: Any) -> Unmasked:
    found: Unmasked = do(unmasking.unmask, viewer=viewer, order_ids=ids, reason=reason, **more)
    return found


def refusal(do: Do, viewer: Viewer, ids: Sequence[int], reason: str = "DELIVERY", **more: Any) -> str:
    with pytest.raises(ERPError) as refused:
        look(do, viewer, ids, reason, **more)
    return refused.value.code


def traces(do: Do) -> list[tuple[Any, ...]]:
    """Rows beside the entries of the trail that they name."""
    return do(
        lambda: [
            (row.order_id, row.user_id, row.reason, row.note, entry.object_id, entry.actor_id, entry.detail)
            for row in Unmasking.objects.order_by("at", "id")
            for entry in [AuditEntry.objects.get(id=row.entry_id, action="unmask", object_kind="order")]
        ]
    )


def test_what_is_shown_is_whole_and_leaves_a_row_and_an_entry(do: Do, shop: Shop) -> None:
    ids, viewer = orders(do, shop, 2), member(do)
    done = look(do, viewer, [ids[1], ids[0], ids[1]], "OTHER", note=" 快递说找不到 ")
    assert [(one.order_id, one.receiver, one.gap) for one in done.orders] == [
        (ids[1], TO, None),
        (ids[0], TO, None),
    ]
    assert (done.left, done.limit) == (48, 50)
    detail = {"reason": "OTHER", "note": "快递说找不到", "source": "STORED"}
    assert sorted(traces(do)) == sorted(
        [(id_, viewer.user_id, "OTHER", "快递说找不到", id_, viewer.user_id, detail) for id_ in ids]
    )
    assert laws.broken(do.tenant_id) == []


def test_the_trail_and_the_row_hold_nothing_that_was_seen(do: Do, shop: Shop) -> None:
    look(do, member(do), orders(do, shop))
    kept = do(lambda: str(list(Unmasking.objects.values())) + str(list(AuditEntry.objects.values())))
    assert not [word for word in (TO.name, TO.phone, TO.street) if word in kept]


@pytest.mark.parametrize("role", Role)
def test_only_owner_and_operator_see_unless_others_were_named(do: Do, shop: Shop, role: Role) -> None:
    ids, viewer = orders(do, shop), member(do, role, [shop.facility])
    may = {Role.OWNER, Role.OPERATOR}
    assert (role in may) == (not _refused(do, viewer, ids))
    do(unmasking.set_policy, limit=50, roles=["QUALITY", "FINANCE"], actor_id=None)
    may = {Role.OWNER, Role.QUALITY, Role.FINANCE}
    assert (role in may) == (not _refused(do, viewer, ids))
    do(options.put, settings.UNMASK_ROLES, [one.value for one in Role])  # as no service would
    may.add(Role.OPERATOR)
    assert (role in may) == (not _refused(do, viewer, ids)), "warehouse, store and read-only never"


def _refused(do: Do, viewer: Viewer, ids: Sequence[int]) -> bool:
    try:
        look(do, viewer, ids)
    except ERPError as refused:
        assert refused.code == "may_not_unmask"
        return True
    return False


@pytest.mark.parametrize("roles", [["WAREHOUSE"], ["STORE"], ["READONLY"], ["OWNER"], ["NOBODY"]])
def test_who_may_never_see_cannot_be_named(do: Do, roles: list[str]) -> None:
    with pytest.raises(ERPError, match="这个角色"):
        do(unmasking.set_policy, limit=50, roles=roles, actor_id=None)


@pytest.mark.parametrize("limit", [-1, 10_001])
def test_a_limit_is_within_reason(do: Do, limit: int) -> None:
    with pytest.raises(ERPError, match="填 0 到"):
        do(unmasking.set_policy, limit=limit, roles=[], actor_id=None)


def test_who_was_put_out_sees_nothing_even_in_an_open_page(do: Do, shop: Shop) -> None:
    ids, viewer = orders(do, shop), member(do)
    look(do, viewer, ids)
    do(lambda: Membership.objects.filter(user_id=viewer.user_id or 0).update(is_active=False))
    assert refusal(do, viewer, ids) == "may_not_unmask"
    assert refusal(do, Viewer(user_id=1), ids) == "may_not_unmask"


def test_orders_of_other_places_and_other_merchants_are_not_there(do: Do, shop: Shop) -> None:
    ids, elsewhere = orders(do, shop), do(make.make_facility)
    assert refusal(do, member(do, facility_ids=[elsewhere]), ids) == "order_not_found"
    assert look(do, member(do, facility_ids=[shop.facility]), ids).orders[0].receiver == TO
    stranger = fresh_tenant()
    with tenant(stranger):
        other = Viewer(user_id=make.make_member(Role.OWNER))
    with tenant(stranger), pytest.raises(ERPError) as refused:
        unmasking.unmask(viewer=other, order_ids=ids, reason="DELIVERY")
    assert refused.value.code == "order_not_found"
    assert refusal(do, other, ids) == "may_not_unmask", "somebody else's owner is nobody here"
    assert len(traces(do)) == 1


def test_one_order_that_is_not_there_shows_none(do: Do, shop: Shop) -> None:
    ids = orders(do, shop)
    assert refusal(do, member(do), [*ids, 1]) == "order_not_found"
    assert traces(do) == []


@pytest.mark.parametrize(
    ("reason", "note", "code"),
    [
        ("", "", "reason_needed"),
        ("WHIM", "", "reason_needed"),
        ("OTHER", "  ", "note_needed"),
        ("RISK", "长" * 201, "too_long"),
        ("RISK", "a\0b", "too_long"),
    ],
)
def test_without_a_reason_nothing_is_shown(do: Do, shop: Shop, reason: str, note: str, code: str) -> None:
    assert refusal(do, member(do), orders(do, shop), reason, note=note) == code
    assert traces(do) == []


def test_a_request_has_one_to_a_hundred_orders(do: Do, shop: Shop) -> None:
    assert refusal(do, member(do), []) == "bad_number"
    assert refusal(do, member(do), range(1, 102)) == "bad_number"


def test_the_limit_counts_different_orders_of_one_person_and_one_day(do: Do, shop: Shop) -> None:
    do(unmasking.set_policy, limit=3, roles=["OPERATOR"], actor_id=None)
    ids, viewer, other = orders(do, shop, 5), member(do), member(do)
    assert look(do, viewer, ids[:2]).left == 1
    assert look(do, viewer, ids[:2]).left == 1, "seen again: recorded, not counted"
    assert refusal(do, viewer, ids[2:4]) == "unmask_limit"
    assert look(do, viewer, [ids[0], ids[2]]).left == 0
    assert refusal(do, viewer, [ids[3]]) == "unmask_limit"
    assert look(do, other, ids[:3]).left == 0, "another person's day is another"
    assert len(traces(do)) == 9
    assert laws.broken(do.tenant_id) == []


def test_the_next_day_of_the_merchant_begins_anew(do: Do, shop: Shop) -> None:
    do(unmasking.set_policy, limit=1, roles=["OPERATOR"], actor_id=None)
    ids, viewer = orders(do, shop, 2), member(do)
    with clock.pinned(date(2026, 6, 1)):
        look(do, viewer, ids[:1])
        assert refusal(do, viewer, ids[1:]) == "unmask_limit"
    with clock.pinned(date(2026, 6, 1) + timedelta(days=1)):
        assert look(do, viewer, ids[1:]).left == 0


def test_a_limit_of_nothing_closes_it_for_the_owner_too(do: Do, shop: Shop) -> None:
    do(unmasking.set_policy, limit=0, roles=["OPERATOR"], actor_id=None)
    assert refusal(do, member(do, Role.OWNER), orders(do, shop)) == "unmask_limit"


def test_what_the_platform_keeps_is_said_and_costs_nothing(do: Do, shop: Shop) -> None:
    ids, viewer = orders(do, shop, to=HIDDEN), member(do)
    done = look(do, viewer, ids)
    assert [(one.receiver, one.gap) for one in done.orders] == [(None, Gap.PLATFORM_KEEPS)]
    assert done.left == 50
    assert traces(do) == []


def test_a_street_that_is_stored_is_shown_beside_what_is_hidden(do: Do, shop: Shop) -> None:
    half = Receiver("王**", "138****1111", "浙江省", "杭州市", "西湖区", "文三路 90 号", is_masked=True)
    done = look(do, member(do), orders(do, shop, to=half))
    assert [(one.receiver, one.gap) for one in done.orders] == [(half, Gap.PLATFORM_KEEPS)]
    assert len(traces(do)) == 1


def test_an_order_for_no_door_has_nobody(do: Do, shop: Shop) -> None:
    (id_,) = orders(do, shop)
    do(lambda: Order.objects.filter(id=id_).update(receiver=None, receiver_mask=""))
    assert look(do, member(do), [id_]).orders[0].gap == Gap.NO_RECEIVER


def test_a_key_needs_its_scope_and_has_a_day_of_its_own(do: Do, shop: Shop) -> None:
    do(unmasking.set_policy, limit=1, roles=[], actor_id=None)
    ids = orders(do, shop, 2)
    key = Viewer(key_id=do(make.make_api_key))
    weak = Viewer(key_id=int(do(make.make_token, "orders:read", "orders:write").split("_")[2]))
    assert look(do, key, ids[:1]).left == 0
    assert refusal(do, key, ids[1:]) == "unmask_limit"
    assert refusal(do, weak, ids) == "may_not_unmask"
    do(lambda: ApiKey.objects.filter(id=key.key_id or 0).update(revoked_at=clock.now()))
    assert refusal(do, key, ids[:1]) == "may_not_unmask"
    assert laws.broken(do.tenant_id) == []


def test_many_orders_cost_no_more_statements(do: Do, shop: Shop, django_assert_max_num_queries: Any) -> None:
    ids, viewer = orders(do, shop, 40), member(do)
    look(do, viewer, ids[:1])
    with tenant(do.tenant_id), django_assert_max_num_queries(8):
        unmasking.unmask(viewer=viewer, order_ids=ids[1:40], reason="DELIVERY")
