"""Rules as rows: bad ones are named, good ones find what they say, a dry run writes nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock, db
from core.models import AuditEntry
from inventory.models import Category, Sku
from orders.models import AuditRule, Blocked, FacilityPlan, Finding, Order, OrderStatus
from orders.queries import list_rule_counts
from orders.rules.audit_rules import RULE, Rule
from orders.rules.values import Line
from orders.rules.values import Order as OrderValue
from orders.services import checking, desk, reading
from orders.services.checking import Sight
from orders.services.dry_run import dry_run
from orders.services.rules import (
    AuditRuleInput,
    BadRule,
    FacilityPlanInput,
    NoRule,
    block,
    save_audit_rules,
    save_facility_plans,
    switch,
    unblock,
)
from tests import builders as make
from tests.orders.services.scene import Shop, order_of, push, status_of
from tests.steps import Do
from warehouse.models import Carrier, CarrierPrice
from warehouse.services.carriers import BadCarrier, CarrierInput, NoCarrier, PriceInput, save_carriers

BIG = {"amount_over": 50_000, "currency": "CNY"}


def save(do: Do, *rules: AuditRuleInput) -> tuple[int, ...]:
    return do(save_audit_rules, rules=rules, actor_id=None)


def test_rules_are_made_changed_and_switched(do: Do) -> None:
    big, cod = save(do, AuditRuleInput("大单", BIG), AuditRuleInput("到付", {"is_cod": True}, stops=False))
    save(do, AuditRuleInput("很大的单", BIG | {"amount_over": 90_000}, id=big))
    do(switch, kind="audit_rule", rule_ids=[cod], is_active=False, actor_id=None)
    assert do(checking.list_active) == [Rule(big, "很大的单", BIG | {"amount_over": 90_000})]
    assert do(lambda: AuditEntry.objects.filter(object_kind="audit_rule").count()) == 4


BAD: list[tuple[AuditRuleInput, str]] = [
    (AuditRuleInput("", BIG), "name"),
    (AuditRuleInput("名" * 61, BIG), "name"),
    (AuditRuleInput("大单", BIG), "name"),
    (AuditRuleInput("空", {}), "conditions"),
    (AuditRuleInput("词", {"colour": 1, "is_cod": True}), "colour"),
    (AuditRuleInput("店", {"channels": [123_456]}), "channels"),
    (AuditRuleInput("货", {"skus": [123_456]}), "skus"),
    (AuditRuleInput("类", {"categories": [123_456]}), "categories"),
]


@pytest.mark.parametrize(("rule", "at"), BAD)
def test_what_is_refused_is_named(do: Do, rule: AuditRuleInput, at: str) -> None:
    save(do, AuditRuleInput("大单", BIG))
    with pytest.raises(BadRule) as refusal:
        save(do, rule)
    assert refusal.value.fields["field"] == at
    with pytest.raises(NoRule):
        save(do, AuditRuleInput("别的", BIG, id=123_456))
    with pytest.raises(NoRule):
        do(switch, kind="audit_rule", rule_ids=[123_456], is_active=True, actor_id=None)


def find(do: Do, shop: Shop, conditions: dict[str, Any], **changes: Any) -> bool:
    """Whether a rule finds something in the order of this shop's first SKU."""

    def ask() -> bool:
        sku = Sku.objects.order_by("id").first()
        assert sku is not None
        found = order_of("T-1")
        value = OrderValue(
            found.id, found.receiver_key, "", "", 1_000, 0, 0, found.min_expires_on, found.ship_by,
            has_address=True, needs_address=True, lines=[Line(1, sku.id, 3, 100)],
        )  # fmt: skip
        sight = replace(
            Sight(found.channel_id, found.facility_id, "CNY", "330102", found.placed_at), **changes
        )
        rules = [Rule(1, "r", conditions)]
        hits = checking.find([(value, sight)], reading.get_skus([sku.id]), rules)
        return [f.code for f in hits.get(found.id, ())] == [RULE]

    return do(ask)


def test_what_rules_ask_beside_the_order_is_read(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 9, weight_g=500)
    push(do, shop, make.incoming(("A", 3), number="T-1", placed_at=make.PLACED_AT))

    def dress() -> None:
        category = Category(id=db.new_id(), path="食品/饼干")
        category.save(force_insert=True)
        top = Category(id=db.new_id(), path="食品")
        top.save(force_insert=True)
        Sku.objects.filter(code="A").update(cost_minor=300, category=category)

    do(dress)
    top = do(lambda: Category.objects.get(path="食品").id)
    assert find(do, shop, {"weight_over_g": 1_499})
    assert not find(do, shop, {"weight_over_g": 1_500})
    assert find(do, shop, {"margin_under_percent": 11})
    assert not find(do, shop, {"margin_under_percent": 10})
    assert not find(do, shop, {"margin_under_percent": 11}, currency="USD"), "costs are in yuan"
    assert find(do, shop, {"categories": [top]})
    assert not find(do, shop, {"is_blocked": True})
    assert do(block, order_ids=[do(order_of, "T-1").id], reason="拒收三次", actor_id=None) == 1
    assert find(do, shop, {"is_blocked": True})
    do(unblock, blocked_ids=do(lambda: list(Blocked.objects.values_list("id", flat=True))), actor_id=None)
    assert not find(do, shop, {"is_blocked": True})
    assert find(do, shop, {"hours": hours_around(do)})


def hours_around(do: Do) -> dict[str, int]:
    hour = do(lambda: order_of("T-1").placed_at.astimezone(ZoneInfo("Asia/Shanghai")).hour)
    return {"from": hour, "to": (hour + 1) % 24}


def test_shelf_life_is_asked_of_what_would_go_first(do: Do) -> None:
    shop = do(Shop)
    sku, today = do(make.make_sku, code="MILK"), do(clock.today)
    do(make.make_stock, shop.bin, sku, 9, expires_on=today + timedelta(days=40))
    push(do, shop, make.incoming(("MILK", 3), number="T-1"))
    assert find(do, shop, {"shelf_days_under": 40})
    assert not find(do, shop, {"shelf_days_under": 37})


def test_blocking_a_masked_receiver_is_refused(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 9)
    push(do, shop, replace(make.incoming(("A", 1), number="T-1"), receiver=None))
    with pytest.raises(BadRule):
        do(block, order_ids=[do(order_of, "T-1").id], reason="x", actor_id=None)


def test_a_dry_run_counts_and_writes_nothing(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 99)
    now = do(clock.now)
    push(do, shop, *[make.incoming(("A", n), number=f"T-{n}", placed_at=now) for n in range(1, 7)])
    rows = do(lambda: (Finding.objects.count(), Order.objects.count(), AuditRule.objects.count()))
    result = do(dry_run, rule=Rule(0, "多件", {"units_over": 4}), days=7)
    assert (result.looked_at, result.found, result.is_cut) == (6, 2, False)
    assert set(result.first) == {do(order_of, "T-5").id, do(order_of, "T-6").id}
    assert do(lambda: (Finding.objects.count(), Order.objects.count(), AuditRule.objects.count())) == rows


def test_what_a_rule_stopped_is_counted(do: Do) -> None:
    shop = do(Shop)
    (rule,) = save(do, AuditRuleInput("大单", BIG))
    ids = [do(make.make_order, shop.channel, shop.facility) for _ in range(3)]
    for order_id in ids:
        do(make.make_finding, order_id, code=RULE)
    do(lambda: Finding.objects.filter(code=RULE).update(rule_id=rule))
    assert do(list_rule_counts, [rule, rule + 1]) == {rule: (3, 3)}


def test_plans_of_facilities(do: Do) -> None:
    shop = do(Shop)
    (plan,) = do(
        save_facility_plans,
        plans=[FacilityPlanInput(shop.facility, 5, ("33", "3101"), 800, 120)],
        actor_id=None,
    )
    (again,) = do(save_facility_plans, plans=[FacilityPlanInput(shop.facility)], actor_id=None)
    found = do(FacilityPlan.objects.get)
    assert (again, found.id, found.regions, found.daily_parcels) == (plan, plan, [], None)
    for bad in (
        FacilityPlanInput(shop.facility, regions=("3x",)),
        FacilityPlanInput(shop.facility, priority=99_999),
        FacilityPlanInput(shop.facility, daily_parcels=-1),
        FacilityPlanInput(shop.facility, cost_minor=-1),
    ):
        with pytest.raises(BadRule):
            do(save_facility_plans, plans=[bad], actor_id=None)
    with pytest.raises(NoRule):
        do(save_facility_plans, plans=[FacilityPlanInput(123_456)], actor_id=None)


def test_carriers_with_their_prices(do: Do) -> None:
    prices = [PriceInput("", first_minor=600), PriceInput("54", is_served=False)]
    ids = do(
        save_carriers,
        carriers=[CarrierInput("SF", "顺丰", 30_000, prices=prices), CarrierInput("ZTO", "中通")],
        actor_id=None,
    )
    do(save_carriers, carriers=[CarrierInput("SF", "顺丰标快", takes_cod=True, id=ids[0])], actor_id=None)
    assert do(lambda: CarrierPrice.objects.filter(carrier=ids[0]).count()) == 2, "the table stays"
    do(save_carriers, carriers=[CarrierInput("SF", "顺丰", prices=prices[:1], id=ids[0])], actor_id=None)
    assert do(lambda: CarrierPrice.objects.filter(carrier=ids[0]).count()) == 1
    assert do(lambda: Carrier.objects.get(id=ids[0]).weight_g) is None
    for bad in (
        CarrierInput("ZTO", "又一个中通"),
        CarrierInput("", "没代号"),
        CarrierInput("X", ""),
        CarrierInput("X", "x", weight_g=0),
        CarrierInput("X", "x", priority=5_000),
        CarrierInput("X", "x", shipping_classes=["冷" * 21]),
        CarrierInput("X", "x", prices=[PriceInput("3")]),
        CarrierInput("X", "x", prices=[PriceInput(""), PriceInput("")]),
        CarrierInput("X", "x", prices=[PriceInput("", first_g=0)]),
        CarrierInput("X", "x", prices=[PriceInput("", step_minor=-1)]),
    ):
        with pytest.raises(BadCarrier):
            do(save_carriers, carriers=[bad], actor_id=None)
    with pytest.raises(NoCarrier):
        do(save_carriers, carriers=[CarrierInput("Y", "y", id=123_456)], actor_id=None)


def test_an_order_that_meets_a_rule_stops_and_a_person_lets_it_go(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 9)
    (many, any_) = save(
        do, AuditRuleInput("多件", {"units_over": 2}), AuditRuleInput("都标", {"lines_over": 0}, stops=False)
    )
    push(do, shop, make.incoming(("A", 3), number="T-1"), make.incoming(("A", 1), number="T-2"))
    assert (do(status_of, "T-1"), do(status_of, "T-2")) == (OrderStatus.STOPPED, OrderStatus.FULFILLING)
    found = do(lambda: set(Finding.objects.values_list("order__number", "rule_id", "stops")))
    assert found == {("T-1", many, True), ("T-1", any_, False), ("T-2", any_, False)}
    assert do(list_rule_counts, [many, any_]) == {many: (1, 1), any_: (2, 2)}
    order_id = do(order_of, "T-1").id
    assert do(desk.release, order_ids=[order_id], actor_id=None).order_ids == (order_id,)
