"""Rules about remaining shelf life, and what a channel could be promised, over REST."""

import random
from datetime import date, timedelta

import pytest

from core import clock, db
from core.tenancy import tenant
from inventory.models import Category, HoldKind, ShelfLifeRule, Sku
from inventory.queries.availability import list_available_for, list_floors_for
from inventory.rules.promise import Demand
from inventory.rules.shelf_life import Buyer
from inventory.services import holds, promises
from tests import builders as make
from tests.api.client import Api
from tests.inventory.services import stock


def test_rules_are_set_by_codes_changed_by_what_they_name_and_removed(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility(code="WH")
        sku, channel = make.make_sku(code="MILK"), make.make_channel(facility, code="tm")
        db.insert(Category, ["id", "path"], [(db.new_id(), "食品")])
    asked = [
        {"min_days": 60, "sku": "MILK", "channel": "tm"},
        {"min_days": 30, "category": "食品", "note": "进店标准"},
        {"min_days": 7, "channel": "tm", "replaces": True},
    ]
    first = api.post("shelf-life-rules/", {"rules": asked}).json()["ids"]
    again = api.post("shelf-life-rules/", {"rules": [{**asked[0], "min_days": 90}]}).json()["ids"]
    assert again == first[:1]
    rows = {row["id"]: row for row in api.all("shelf-life-rules/")}
    assert [rows[id_]["min_days"] for id_ in first] == [90, 30, 7]
    assert (rows[first[0]]["sku_id"], rows[first[0]]["channel_id"]) == (sku, channel)
    assert rows[first[2]]["replaces"] is True
    assert [row["id"] for row in api.all("shelf-life-rules/", channel=channel)] == sorted(
        [first[0], first[2]]
    )
    assert api.post(f"shelf-life-rules/{first[1]}/remove/").json()["note"] == "进店标准"
    assert api.post(f"shelf-life-rules/{first[1]}/remove/").status_code == 404
    assert len(api.all("shelf-life-rules/")) == 2


def test_what_is_not_there_is_named_at_its_place(api: Api, tenant_id: int) -> None:
    asked = [
        {"min_days": 1},
        {"min_days": 2, "sku": "NOPE", "channel": "nope", "category": "无", "customer_of": "T-0"},
    ]
    answer = api.post("shelf-life-rules/", {"rules": asked})
    assert answer.status_code == 422, answer.content.decode()
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        f"#/rules/1/{name}" for name in ("sku", "channel", "category", "customer_of")
    }
    with tenant(tenant_id):
        assert not ShelfLifeRule.objects.exists()
    twice = api.post("shelf-life-rules/", {"rules": [{"min_days": 1}, {"min_days": 2}]})
    assert twice.json()["code"] == "rule_twice"
    assert api.post("shelf-life-rules/", {"rules": [{"min_days": -1}]}).status_code == 422


def test_what_a_channel_could_be_promised(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        warehouse, other = make.make_facility(code="WH"), make.make_facility(code="WH2")
        shelf, sku = make.make_bin(warehouse), make.make_sku(code="MILK")
        strict = make.make_channel(warehouse, code="tm", min_days=60)
        make.make_stock(shelf, sku, 3, expires_on=clock.today() + timedelta(days=40))
        make.make_stock(shelf, sku, 4, expires_on=clock.today() + timedelta(days=400))
    (row,) = api.all("availability/")
    assert (row["sku"], row["places"]) == (
        "MILK",
        [{"facility_id": warehouse, "available": 7}, {"facility_id": other, "available": 0}],
    )
    (row,) = api.all("availability/", channel=strict, facility=warehouse, code="MILK")
    assert row["places"] == [{"facility_id": warehouse, "available": 4}]
    for asked in ({"channel": 7}, {"facility": 7}):
        assert api.get("availability/", **asked).status_code == 404


@pytest.mark.parametrize("seed", range(6))
def test_reserve_takes_exactly_what_is_available_and_not_one_more(tenant_id: int, seed: int) -> None:
    chance = random.Random(seed)
    with tenant(tenant_id):
        places = [make.make_facility() for _ in range(2)]
        shelves = {place: make.make_bin(place) for place in places}
        skus = [make.make_sku() for _ in range(3)]
        today = clock.today()
        lots = [
            make.make_stock(shelves[place], sku, chance.randint(1, 9), expires_on=_day(chance, today))
            for place in places
            for sku in skus
            for _ in range(3)
        ]
        channel = 77
        for _ in range(4):
            rule = (
                db.new_id(),
                chance.choice([None, *skus]),
                chance.choice([None, channel]),
                chance.randint(0, 200),
            )
            if not ShelfLifeRule.objects.filter(sku=rule[1], channel_ref=rule[2]).exists():
                db.insert(ShelfLifeRule, ["id", "sku", "channel_ref", "min_days"], [rule])
        Sku.objects.filter(id=skus[0]).update(min_remaining_days=chance.randint(0, 100))
    with tenant(tenant_id):
        for place in places:
            for sku in skus:
                stock.reserve(place, (sku, chance.randint(1, 5)), day=_day(chance, today) or today)
    with tenant(tenant_id):
        holds.hold_lots(
            lot_ids=[chance.choice(lots)], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None
        )
    with tenant(tenant_id):
        buyer = Buyer(channel, None, chance.choice([0, 30]))
        floors = list_floors_for(skus, buyer)
        counted = list_available_for(places, skus, buyer)
        assert set(counted) == {(place, sku) for place in places for sku in skus}
        for (place, sku), units in counted.items():
            exactly = [Demand(1, floors[sku], ((sku, units),))] if units else []
            assert not promises.plan(place, exactly, locked=False).short
            assert promises.plan(place, [Demand(1, floors[sku], ((sku, units + 1),))], locked=False).short


def _day(chance: random.Random, today: date) -> date | None:
    after = chance.choice([-1, 0, 1, 30, 90, 250, None])
    return None if after is None else today + timedelta(days=after)
