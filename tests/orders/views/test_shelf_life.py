"""The page of rules about remaining shelf life."""

import pytest

from core import db
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import Category, ShelfLifeRule
from orders.models import Order
from tests.builders import incoming
from tests.orders.views.scene import KETTLE, Desk, make_desk

ADDRESS = "/channels/shelf-life/"


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def rules(desk: Desk) -> list[tuple[int, bool, str]]:
    with tenant(desk.tenant_id):
        return list(ShelfLifeRule.objects.order_by("id").values_list("min_days", "replaces", "note"))


def test_a_rule_is_added_changed_by_what_it_names_and_removed(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    assert "还没有规则" in client.get(ADDRESS).content.decode()
    with tenant(desk.tenant_id):
        category = db.new_id()
        db.insert(Category, ["id", "path"], [(category, "小家电")])
    form = {"sku": KETTLE, "category": str(category), "min_days": "60", "note": "进店标准"}
    assert client.post(ADDRESS, form).status_code == 302
    assert client.post(ADDRESS, form | {"min_days": "90", "replaces": "on"}).status_code == 302
    assert rules(desk) == [(90, True, "进店标准")]
    shown = client.get(ADDRESS).content.decode()
    assert all(word in shown for word in (KETTLE, "小家电", "90 天", "只按这条", "进店标准"))
    with tenant(desk.tenant_id):
        rule_id = ShelfLifeRule.objects.get().id
    assert client.post(f"{ADDRESS}{rule_id}/remove/").status_code == 302
    assert rules(desk) == []
    assert client.post(f"{ADDRESS}{rule_id}/remove/").status_code == 404


def test_a_customer_is_named_by_an_order_and_shown_by_the_mask(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    (order_id,) = desk.take(incoming((KETTLE, 1)))
    with tenant(desk.tenant_id):
        order = Order.objects.get(id=order_id)
    assert client.post(ADDRESS, {"customer_of": order.number, "min_days": "180"}).status_code == 302
    with tenant(desk.tenant_id):
        assert ShelfLifeRule.objects.get().customer_ref == order.receiver_key
    assert order.receiver_mask in client.get(ADDRESS).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("sku", "NOPE"), ("customer_of", "T-0"), ("min_days", "-1"), ("min_days", ""), ("channel", "7")],
)
def test_what_is_wrong_is_said_at_its_field(desk: Desk, field: str, value: str) -> None:
    answer = desk.client(Role.OPERATOR).post(ADDRESS, {"min_days": "30"} | {field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert rules(desk) == []


def test_who_may_not_act_reads(desk: Desk) -> None:
    client = desk.client(Role.QUALITY)
    shown = client.get(ADDRESS)
    assert shown.status_code == 200
    assert shown.context["form"] is None
    client.post(ADDRESS, {"min_days": "30"})
    assert rules(desk) == []
    assert desk.client(Role.STORE).get(ADDRESS).status_code == 403
