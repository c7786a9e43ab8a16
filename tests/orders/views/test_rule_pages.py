"""Pages of rules: who may change them, what bad input is told, what a dry run says."""

from typing import Any

import pytest
from django.test import Client

from core import db
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import Category, Sku
from orders.models import AuditRule, Blocked, FacilityPlan, Finding
from orders.rules.audit_rules import RULE
from orders.services.rules import AuditRuleInput, save_audit_rules
from tests.builders import incoming
from tests.orders.views.scene import KETTLE, Desk, make_desk
from tests.orders.views.test_workbench import text
from warehouse.models import Carrier, CarrierPrice


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


FORM: dict[str, Any] = {"name": "大单", "stops": "yes", "currency": "CNY", "amount_over": "500"}


def save(client: Client, path: str = "/orders/rules/new/", **fields: Any) -> str:
    answer = client.post(path, FORM | fields)
    return "" if answer.status_code == 302 else answer.content.decode()


def test_a_rule_is_written_read_again_and_switched(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    with tenant(desk.tenant_id):
        Category(id=db.new_id(), path="厨房/水壶").save(force_insert=True)
    told = save(
        client, amount_under="900.5", skus=f"{KETTLE}、{KETTLE}", categories="厨房/水壶", remark_has="急，退",
        regions="西藏、新疆 4403", is_cod="yes", hour_from="22", hour_to="6", channels=[desk.channel_id],
        discount_over_percent="30", units_over="5",
    )  # fmt: skip
    assert told == ""
    with tenant(desk.tenant_id):
        rule = AuditRule.objects.get()
        kettle = Sku.objects.get(code=KETTLE).id
    assert rule.conditions["amount_under"] == 90_050
    assert rule.conditions["regions"] == ["54", "65", "4403"]
    assert rule.conditions["skus"] == [kettle]
    assert rule.conditions["hours"] == {"from": 22, "to": 6}
    page = text(client, f"/orders/rules/{rule.id}/")
    for shown in ("900.50", "西藏自治区、新疆维吾尔自治区、深圳市", KETTLE, "厨房/水壶", "急、退"):
        assert shown in page, shown
    assert save(client, f"/orders/rules/{rule.id}/", name="大一点") == ""
    listed = text(client, "/orders/rules/")
    assert "大一点" in listed
    assert "实付超过 ¥500.00" in listed
    assert client.post(f"/orders/rules/{rule.id}/switch/", {"on": "0"}).status_code == 302
    with tenant(desk.tenant_id):
        assert not AuditRule.objects.get().is_active


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "这一项要填"),
        ({"amount_over": ""}, "至少写一个条件"),
        ({"amount_over": "多"}, "要填数字"),
        ({"regions": "火星"}, "不认得“火星”是哪里"),
        ({"skus": "没有的"}, "没有 没有的 这个商品"),
        ({"categories": "没有的"}, "没有“没有的”这个类目"),
        ({"hour_from": "3"}, "两个钟点都要选"),
        ({"hour_from": "3", "hour_to": "3"}, "超出能填的范围"),
        ({"discount_over_percent": "101"}, "最多 100"),
        ({"remark_has": "长" * 41}, "里有词太长"),
    ],
)
def test_bad_rules_are_told_where(desk: Desk, fields: dict[str, Any], said: str) -> None:
    assert said in save(desk.client(Role.OPERATOR), **fields)
    with tenant(desk.tenant_id):
        assert not AuditRule.objects.exists()


def test_two_rules_cannot_have_one_name(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    assert save(client) == ""
    assert "已经有一条叫“大单”" in save(client)


def test_a_dry_run_names_the_orders_and_writes_nothing(desk: Desk) -> None:
    desk.take(*(incoming((KETTLE, n), number=f"T-{n}") for n in range(1, 6)))
    client = desk.client(Role.OPERATOR)
    answer = client.post("/orders/rules/try/", FORM | {"amount_over": "30", "days": "30"}).content.decode()
    assert "<b>2</b>" in answer
    assert "占 40.0%" in answer
    assert "T-5" in answer
    assert "T-3" not in answer
    assert "至少写一个条件" in client.post("/orders/rules/try/", FORM | {"amount_over": ""}).content.decode()
    with tenant(desk.tenant_id):
        assert not AuditRule.objects.exists()
        assert not Finding.objects.filter(code=RULE).exists()


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.QUALITY, Role.FINANCE, Role.READONLY])
def test_others_read_rules(desk: Desk, role: Role) -> None:
    with tenant(desk.tenant_id):
        (rule,) = save_audit_rules(rules=[AuditRuleInput("到付", {"is_cod": True})], actor_id=None)
    client = desk.client(role)
    assert "到付" in text(client, "/orders/rules/") + text(client, f"/orders/rules/{rule}/")
    for path in ("/orders/plans/", "/orders/carriers/", "/orders/blocked/", "/orders/gifts/"):
        text(client, path)
    assert client.post(f"/orders/rules/{rule}/switch/", {"on": "0"}).status_code == 403
    assert client.post("/orders/rules/new/", FORM).status_code == 302
    assert client.post(f"/orders/plans/{desk.facility_id}/", {}).status_code == 403
    assert client.post("/orders/carriers/new/", {}).status_code == 403
    with tenant(desk.tenant_id):
        assert AuditRule.objects.filter(is_active=True).count() == 1


def test_a_facility_plan(desk: Desk) -> None:
    client, path = desk.client(Role.OPERATOR), f"/orders/plans/{desk.facility_id}/"
    form = {"priority": "5", "regions": "浙江、3101", "daily_parcels": "", "cost": "1.20", "is_active": "on"}
    assert client.post(path, form).status_code == 302
    with tenant(desk.tenant_id):
        plan = FacilityPlan.objects.get()
    assert (plan.regions, plan.cost_minor, plan.daily_parcels) == (["33", "3101"], 120, None)
    assert "浙江省、3101" in text(client, path)
    assert "不认得“火星”" in client.post(path, form | {"regions": "火星"}).content.decode()


def test_a_carrier_and_its_table(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    form: dict[str, Any] = {
        "code": "SF", "name": "顺丰", "weight_g": "30000", "priority": "0", "is_active": "on", "takes_cod": "on",
        "shipping_classes": "冷链、易碎", "region": ["", "西藏", ""], "is_served": ["yes", "no", "yes"],
        "first_g": ["1000", "", ""], "first": ["12", "0", ""], "step_g": ["", "", ""], "step": ["6.5", "", ""],
        "cod": ["", "", ""],
    }  # fmt: skip
    assert client.post("/orders/carriers/new/", form).status_code == 302
    with tenant(desk.tenant_id):
        carrier = Carrier.objects.get()
        rows = list(CarrierPrice.objects.order_by("region").values_list("region", "is_served", "step_minor"))
    assert carrier.shipping_classes == ["冷链", "易碎"]
    assert rows == [("", True, 650), ("54", False, 0)]
    path = f"/orders/carriers/{carrier.id}/"
    assert "西藏自治区" in text(client, path)
    for change, said in (
        ({"region": ["火星", "", ""]}, "第 1 行的地区“火星”"),
        ({"first": ["贵", "0", ""]}, "第 1 行的“贵”不是价钱"),
        ({"first_g": ["0", "", ""]}, "第 1 行的“0”不是重量"),
        ({"region": ["西藏", "54", ""]}, "的地区写了两次"),
        ({"weight_g": "0"}, "最少 1"),
    ):
        assert said in client.post(path, form | change).content.decode(), said
    assert "代号“SF”已经有快递用了" in client.post("/orders/carriers/new/", form).content.decode()


def test_somebody_is_blocked_and_let_go(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), remark="慢点"))
    client = desk.client(Role.OPERATOR)
    assert client.post(f"/orders/{order}/block/", {"reason": "拒收三次"}).status_code == 302
    page = text(client, "/orders/blocked/")
    assert "拒收三次" in page
    assert "****" in page, "masked"
    with tenant(desk.tenant_id):
        (blocked,) = Blocked.objects.values_list("id", flat=True)
    assert client.post(f"/orders/blocked/{blocked}/remove/").status_code == 302
    assert "名单是空的" in text(client, "/orders/blocked/")


def test_gift_rules(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    form = {
        "name": "满三百送滤网",
        "sku": KETTLE,
        "quantity": "1",
        "priority": "0",
        "currency": "CNY",
        "from_minor": "300",
        "min_units": "1",
    }
    assert client.post("/orders/gifts/new/", form | {"is_active": "on"}).status_code == 302
    page = text(client, "/orders/gifts/")
    assert "满三百送滤网" in page
    assert "¥300.00" in page
    assert "没有 X 这个商品" in client.post("/orders/gifts/new/", form | {"sku": "X"}).content.decode()
