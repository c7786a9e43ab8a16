"""Stock told to channels: the number that reserve would accept, shared, coalesced, said through throttling, lies and deaths."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from core import clock, db, options, relay
from core.tenancy import tenant
from inventory.models import Facility
from inventory.queries.availability import list_available_for
from inventory.rules.promise import Demand
from inventory.rules.shelf_life import Buyer
from inventory.services.holds import clear_hold
from inventory.services.promises import plan
from orders import options as settings
from orders.connectors.errors import Refused, Throttled, Unauthorized, Unreachable
from orders.connectors.interface import Capabilities, Outcome
from orders.connectors.interface import StockLevel as Said
from orders.models import Channel, ChannelState, FacilityPlan, LevelState, Listing, StockLevel, StockOut
from orders.rules.ship_back import Carries
from orders.services import connections, pipeline, stock_out, stock_saying, stock_setup
from orders.services.connections import ConnectionInput
from orders.services.stock_setup import ListingInput, StrategyInput
from tests import builders as make
from tests.steps import Do

CREDENTIALS = {"app_key": "1", "secret": "22222222", "session": "33333333"}


class Platform:
    """A platform that keeps what it is told, and behaves as `moods` say, one a call; afterwards it is well."""

    capabilities = Capabilities(Carries.ALL, stock=True)

    def __init__(self) -> None:
        self.stock: dict[tuple[str, str], int] = {}
        self.moods: list[Any] = []
        self.calls = 0

    def push_stock(self, levels: Sequence[Said]) -> Iterator[Outcome]:
        self.calls += 1
        mood = self.moods.pop(0) if self.moods else None
        for place, level in enumerate(levels):
            if callable(mood):
                answer = mood(place, level)
                if answer is None:
                    continue
                if isinstance(answer, Outcome):
                    yield answer
                    continue
            self.stock[level.item, level.sku] = level.units
            yield Outcome(level.key)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    found = Platform()
    monkeypatch.setattr(stock_saying, "open_connector", lambda *_args: found)
    return found


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


class Shop:
    """A facility with goods and channels that list them as item S, T, …"""

    def __init__(self, do: Do) -> None:
        self.do = do
        self.facility = do(make.make_facility)
        self.bin = do(make.make_bin, self.facility)
        self.skus: dict[str, int] = {}

    def goods(self, code: str, units: int, **stock: Any) -> int:
        self.skus[code] = self.do(make.make_sku, code=code)
        if units:
            self.do(make.make_stock, self.bin, self.skus[code], units, **stock)
        return self.skus[code]

    def channel(self, *codes: str, is_connected: bool = True, **values: Any) -> int:
        channel_id = self.do(make.make_channel, self.facility)
        self.do(Channel.objects.filter(id=channel_id).update, platform="tmall", **values)
        if is_connected:
            self.do(connections.save, connection=ConnectionInput(channel_id, CREDENTIALS), actor_id=None)
        self.do(stock_setup.switch, channel_id=channel_id, is_on=True, every_s=0, actor_id=None)
        listings = [ListingInput(channel_id, self.skus[code], f"i-{code}") for code in codes]
        self.do(stock_setup.save_listings, listings=listings, actor_id=None)
        return channel_id

    def look(self) -> int:
        relay.deliver(self.do.tenant_id)
        return stock_out.refresh(self.do.tenant_id)

    def say(self, channel_id: int) -> None:
        self.set("next_at = clock_timestamp(), lease_until = NULL")
        self.do(
            db.execute,
            "UPDATE orders_connection SET quiet_until = NULL WHERE tenant_id = %s",
            self.do.tenant_id,
        )
        while stock_saying.run(self.do.tenant_id, channel_id):
            pass

    def set(self, assignments: str) -> None:
        self.do(
            db.execute, f"UPDATE orders_stockout SET {assignments} WHERE tenant_id = %s", self.do.tenant_id
        )

    def push(self, channel_id: int, *orders: Any) -> None:
        pipeline.push(tenant_id=self.do.tenant_id, channel_id=channel_id, incoming=orders)

    def level(self, channel_id: int, code: str) -> StockLevel:
        return self.do(StockLevel.objects.get, channel_id=channel_id, sku_id=self.skus[code])

    def units(self, channel_id: int) -> dict[str, int | None]:
        names = {sku_id: code for code, sku_id in self.skus.items()}
        rows = self.do(lambda: list(StockLevel.objects.filter(channel_id=channel_id)))
        return {names[row.sku_id]: row.units for row in rows}

    def out(self, channel_id: int) -> StockOut:
        return self.do(StockOut.objects.get, channel_id=channel_id)


@pytest.fixture
def shop(do: Do) -> Shop:
    return Shop(do)


def test_a_number_is_what_reserve_would_accept(shop: Shop, do: Do) -> None:
    today = do(clock.today)
    shop.goods("S", 30, expires_on=today + timedelta(days=20))
    do(make.make_stock, shop.bin, shop.skus["S"], 12, expires_on=today + timedelta(days=200))
    channel = shop.channel("S", min_days=60)
    shop.look()
    facts = do(Channel.objects.get, id=channel)
    with tenant(do.tenant_id):
        leaves_on = clock.day_of(clock.now() + timedelta(hours=facts.ship_within_h))
        expected = list_available_for(
            [shop.facility], [shop.skus["S"]], Buyer(channel, None, 60), leaves_on=leaves_on
        )
    assert shop.units(channel) == {"S": 12} == {"S": expected[shop.facility, shop.skus["S"]]}
    with tenant(do.tenant_id):
        floor = leaves_on + timedelta(days=60)
        for units, is_short in ((12, False), (13, True)):
            demand = Demand(1, floor, ((shop.skus["S"], units),))
            assert bool(plan(shop.facility, [demand], locked=False).short) is is_short


def test_reserved_and_waiting_units_are_not_for_sale(shop: Shop) -> None:
    shop.goods("S", 50)
    channel = shop.channel("S")
    shop.push(channel, make.incoming(("S", 8), number="T1"))
    shop.push(channel, make.incoming(("S", 3), ("NOPE", 1), number="T2"))  # stands still: unmapped
    shop.look()
    assert shop.units(channel) == {"S": 39}
    parts = shop.level(channel, "S").parts
    assert (parts["reservable"], parts["waiting"]) == (42, 3)


def test_what_the_platform_calls_unpaid_or_closed_does_not_wait(shop: Shop) -> None:
    shop.goods("S", 50)
    channel = shop.channel("S")
    for number, state in enumerate((ChannelState.UNPAID, ChannelState.CLOSED, ChannelState.DEPOSIT)):
        shop.push(channel, replace(make.incoming(("S", 5), number=f"N{number}"), state=state))
    shop.look()
    assert shop.units(channel) == {"S": 45}


def test_channels_of_one_pool_share_it(shop: Shop, do: Do) -> None:
    shop.goods("S", 100)
    first, second = shop.channel("S"), shop.channel("S")
    shop.look()
    assert shop.units(first) == shop.units(second) == {"S": 50}
    rows = [StrategyInput(first, None, 100, 20), StrategyInput(second, shop.skus["S"], 100, None, 7)]
    do(stock_setup.save_strategies, strategies=rows, actor_id=None)
    shop.look()
    assert (shop.units(first), shop.units(second)) == ({"S": 20}, {"S": 73})
    do(options.put, settings.STOCK_MAY_OVERLAP, True)
    do(stock_out.mark, sku_ids=[shop.skus["S"]])
    shop.look()
    assert (shop.units(first), shop.units(second)) == ({"S": 20}, {"S": 93})


def test_a_routed_channel_sells_from_all_facilities_with_a_plan(shop: Shop, do: Do) -> None:
    shop.goods("S", 10)
    other = do(make.make_facility)
    do(make.make_stock, do(make.make_bin, other), shop.skus["S"], 7)
    with tenant(do.tenant_id):
        for facility_id in (shop.facility, other):
            FacilityPlan(id=db.new_id(), facility_id=facility_id).save(force_insert=True)
    channel = shop.channel("S", is_routed=True)
    shop.look()
    assert shop.units(channel) == {"S": 17}
    do(Facility.objects.filter(id=other).update, is_active=False)
    shop.set("swept_at = NULL")
    shop.look()
    assert shop.units(channel) == {"S": 10}
    assert shop.out(channel).missed_count == 1  # no fact had told of it


def test_facts_mark_only_their_goods_and_many_changes_are_one_number(shop: Shop, do: Do) -> None:
    for code in ("S", "T"):
        shop.goods(code, 50)
    channel = shop.channel("S", "T")
    shop.look()
    shop.push(channel, make.incoming(("S", 1), number="A"))
    shop.push(channel, make.incoming(("S", 2), number="B"))
    relay.deliver(do.tenant_id)
    assert shop.level(channel, "S").marked_at is not None
    assert shop.level(channel, "T").marked_at is None
    assert stock_out.refresh(do.tenant_id) == 1
    assert shop.units(channel) == {"S": 47, "T": 50}
    hold = do(make.make_hold, do(lambda: make.make_lot(shop.skus["T"])), shop.skus["T"])
    assert hold
    do(clear_hold, hold_id=hold, actor_id=None)
    relay.deliver(do.tenant_id)
    assert shop.level(channel, "T").marked_at is not None


def test_statements_stay_the_same_with_more_channels_and_goods(shop: Shop, do: Do) -> None:
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    def count() -> int:
        seen.clear()
        shop.set("swept_at = NULL")
        with database.execute_wrapper(note):
            stock_out.refresh(do.tenant_id)
        return sum("nextval" not in sql for sql in seen)

    shop.goods("S0", 5)
    shop.channel("S0")
    few = count()
    codes = [f"S{number}" for number in range(30)]
    for code in codes[1:]:
        shop.goods(code, 5)
    for _ in range(3):
        shop.channel(*codes)
    assert count() == few


def test_said_with_delay_measured(shop: Shop, platform: Platform) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    shop.look()
    shop.say(channel)
    level, out = shop.level(channel, "S"), shop.out(channel)
    assert platform.stock == {("i-S", ""): 9}
    assert (level.state, level.said_units, level.due_at, level.changed_at) == (LevelState.SAID, 9, None, None)
    assert level.delay_ms is not None and level.delay_ms >= 0
    assert (out.said_count, out.delay_ms_sum) == (1, level.delay_ms)
    shop.look()
    shop.say(channel)
    assert platform.calls == 1  # nothing new is nothing to say


def test_listings_of_one_sku_share_its_number(shop: Shop, do: Do, platform: Platform) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    more = [ListingInput(channel, shop.skus["S"], "i-S2", "v")]
    do(stock_setup.save_listings, listings=more, actor_id=None)
    shop.look()
    shop.say(channel)
    assert platform.stock == {("i-S", ""): 5, ("i-S2", "v"): 4}


def test_throttled_waits_as_long_as_told_and_loses_nothing(shop: Shop, platform: Platform) -> None:
    for code in ("S", "T"):
        shop.goods(code, 9)
    channel = shop.channel("S", "T")
    shop.look()
    platform.moods = [lambda place, level: Outcome(level.key, Throttled(40)) if place else True]
    shop.say(channel)
    out = shop.out(channel)
    assert out.failures == 0 and out.error_code == "throttled" and out.next_at is not None
    states = sorted(shop.level(channel, code).state for code in ("S", "T"))
    assert states == [LevelState.WAITING, LevelState.SAID]
    assert not stock_saying.run(shop.do.tenant_id, channel)  # not before its time
    assert platform.calls == 1
    shop.say(channel)
    assert platform.stock == {("i-S", ""): 9, ("i-T", ""): 9}
    assert shop.out(channel).error_code == ""


@pytest.mark.parametrize("problem", [Unreachable("no_connection", "gone"), Unauthorized("bad", "no")])
def test_a_shop_that_dies_is_left_alone_longer_each_time(
    shop: Shop, platform: Platform, problem: Exception
) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    shop.look()

    def die(_place: int, _level: Said) -> None:
        raise problem

    platform.moods = [die, die]
    shop.say(channel)
    first = shop.out(channel)
    shop.say(channel)
    second = shop.out(channel)
    assert (first.failures, second.failures) == (1, 2)
    assert shop.level(channel, "S").said_at is None
    shop.say(channel)
    assert shop.level(channel, "S").state == LevelState.SAID
    assert shop.out(channel).failures == 0


def test_one_thing_refused_stops_no_other(shop: Shop, platform: Platform) -> None:
    for code in ("S", "T"):
        shop.goods(code, 9)
    channel = shop.channel("S", "T")
    shop.look()
    platform.moods = [
        lambda _p, level: Outcome(level.key, Refused("gone", "no such item")) if level.item == "i-S" else True
    ]
    shop.say(channel)
    refused = shop.level(channel, "S")
    assert (refused.state, refused.code, refused.attempts) == (LevelState.REFUSED, "gone", 1)
    assert shop.level(channel, "T").state == LevelState.SAID
    shop.do(stock_saying.say_now, channel_id=channel, actor_id=None)
    shop.look()
    shop.say(channel)
    assert shop.level(channel, "S").state == LevelState.SAID


def test_a_liar_answers_for_others_or_not_at_all(shop: Shop, platform: Platform) -> None:
    for code in ("S", "T"):
        shop.goods(code, 9)
    channel = shop.channel("S", "T")
    shop.look()
    platform.moods = [lambda place, level: Outcome(9_999) if place else None]
    shop.say(channel)
    for code in ("S", "T"):
        level = shop.level(channel, code)
        assert (level.state, level.code, level.said_units) == (LevelState.WAITING, "no_answer", None)


def test_a_worker_that_dies_says_the_numbers_again(shop: Shop, platform: Platform) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    shop.look()

    def killed(_place: int, level: Said) -> None:
        platform.stock[level.item, level.sku] = level.units
        raise KeyboardInterrupt

    platform.moods = [killed]
    shop.set("next_at = clock_timestamp()")
    with pytest.raises(KeyboardInterrupt):
        stock_saying.run(shop.do.tenant_id, channel)
    assert not stock_saying.run(shop.do.tenant_id, channel)  # its lease holds
    shop.say(channel)
    assert (shop.level(channel, "S").state, platform.calls) == (LevelState.SAID, 2)


def test_a_change_while_a_number_is_said_is_said_after_it(shop: Shop, platform: Platform) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    shop.look()

    def sells(_place: int, _level: Said) -> bool:
        shop.push(channel, make.incoming(("S", 4), number="meanwhile"))
        shop.look()
        return True

    platform.moods = [sells]
    shop.say(channel)
    assert platform.stock == {("i-S", ""): 5}
    assert shop.level(channel, "S").state == LevelState.SAID


def test_oversold_units_are_counted_until_the_next_number(shop: Shop, platform: Platform) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    shop.look()
    shop.say(channel)
    shop.push(channel, make.incoming(("S", 8), number="A"))
    shop.push(channel, make.incoming(("S", 3), number="B"))
    for _twice in range(2):
        relay.deliver(shop.do.tenant_id)
    assert (shop.level(channel, "S").oversold_units, shop.out(channel).oversold_units) == (2, 2)
    shop.look()
    assert shop.units(channel) == {"S": 0}
    shop.say(channel)
    assert (shop.level(channel, "S").oversold_units, shop.out(channel).oversold_units) == (0, 2)


def test_the_clock_asks_for_a_look_and_the_minute_for_a_word(shop: Shop, do: Do) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    assert dict(stock_out.deadlines())[do.tenant_id] <= 0
    assert stock_out.advance(do.tenant_id).moved == 1
    assert stock_out.advance(do.tenant_id).moved == 0
    shop.look()
    assert dict(stock_out.deadlines())[do.tenant_id] > 500
    assert (do.tenant_id, channel) in list(stock_saying.list_say_due(1_000))


def test_a_listing_taken_away_gives_its_part_to_the_others(shop: Shop, do: Do) -> None:
    shop.goods("S", 100)
    first, second = shop.channel("S"), shop.channel("S")
    shop.look()
    ids = do(lambda: list(Listing.objects.filter(channel_id=first).values_list("id", flat=True)))
    do(stock_setup.remove_listings, listing_ids=ids, actor_id=None)
    shop.look()
    assert (shop.units(first), shop.units(second)) == ({}, {"S": 100})
    do(stock_setup.switch, channel_id=second, is_on=False, every_s=15, actor_id=None)
    shop.look()
    assert shop.level(second, "S").due_at is None


def test_a_number_the_platform_has_for_a_day_is_said_anew(shop: Shop, platform: Platform) -> None:
    shop.goods("S", 9)
    channel = shop.channel("S")
    shop.look()
    shop.say(channel)
    shop.do(
        db.execute,
        "UPDATE orders_stocklevel SET said_at = said_at - interval '25 hours' WHERE tenant_id = %s",
        shop.do.tenant_id,
    )
    platform.stock.clear()
    shop.set("swept_at = NULL")
    shop.look()
    shop.say(channel)
    assert platform.stock == {("i-S", ""): 9}
