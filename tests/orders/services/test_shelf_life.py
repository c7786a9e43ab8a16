"""How long goods must still last, through the real pipeline: by SKU, category, channel and customer."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock, db, options, relay
from inventory import queries
from inventory.models import Category, MoveKind, ShelfLifeRule, Sku
from inventory.queries.availability import list_available_for
from inventory.rules.shelf_life import Buyer
from inventory.services import moving
from inventory.services.ledger import MoveRow
from orders import options as settings
from orders.models import OrderStatus
from orders.services import desk, planning
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, ship_everything, status_of
from tests.steps import Do
from warehouse.services import parcels as warehouse_parcels

STOPPED, FULFILLING = OrderStatus.STOPPED, OrderStatus.FULFILLING
SHIP_WITHIN = 2  # days, as the channel promises


def rule(**values: Any) -> int:
    """A rule of the tenant; a category by its path."""
    path = values.pop("category", None)
    if path is not None:
        category_id = db.new_id()
        db.insert(Category, ["id", "path"], [(category_id, path)])
        values["category"] = category_id
    rule_id = db.new_id()
    db.insert(ShelfLifeRule, ["id", *values], [(rule_id, *values.values())])
    return rule_id


def lasting(shop: Shop, code: str, units: int, days: int, **sku: Any) -> int:
    """A SKU with units that last `days` days after the latest ship date of an order of now; the SKU."""
    sku_id = make.make_sku(code=code, **sku)
    leaves_on = max(clock.today(), clock.day_of(datetime.now(UTC) + timedelta(days=SHIP_WITHIN)))
    make.make_stock(shop.bin, sku_id, units, expires_on=leaves_on + timedelta(days=days + 1))
    return sku_id


def other_channel(shop: Shop, **facts: Any) -> Shop:
    """The same warehouse, another shop."""
    other = Shop.__new__(Shop)
    other.facility, other.bin, other.carts = shop.facility, shop.bin, shop.carts
    other.channel = make.make_channel(shop.facility, **facts)
    return other


def wanted(number: str) -> dict[int, date]:
    """SKU -> minimum expiry that was promised to an order."""
    found = db.rows(
        "SELECT r.sku_id, r.min_expires_on FROM inventory_reservation r JOIN warehouse_parcel p ON p.id = r.owner_ref"
        " WHERE p.ref = %s",
        order_of(number).id,
    )
    return dict(found)


def test_a_lot_with_30_days_left_is_refused_where_60_are_wanted_and_taken_where_20_are(do: Do) -> None:
    shop = do(Shop)
    strict, easy = do(other_channel, shop), do(other_channel, shop)
    do(lasting, shop, "MILK", 5, 30)
    do(rule, channel_ref=strict.channel, min_days=60)
    do(rule, channel_ref=easy.channel, min_days=20)
    push(do, strict, make.incoming(("MILK", 1), number="T-60"))
    push(do, easy, make.incoming(("MILK", 1), number="T-20"))
    push(do, shop, make.incoming(("MILK", 1), number="T-0"))
    assert [do(status_of, number) for number in ("T-60", "T-20", "T-0")] == [STOPPED, FULFILLING, FULFILLING]
    ((_stops, detail),) = do(findings, "T-60").values()
    assert (detail["wanted"], detail["available"]) == (1, 0)
    assert not laws.broken(do.tenant_id)


@pytest.mark.parametrize(("days", "status"), [(29, FULFILLING), (30, FULFILLING), (31, STOPPED)])
@pytest.mark.parametrize("said_by", ["sku", "channel", "rule", "category"])
def test_the_day_itself_counts_whoever_says_it(do: Do, said_by: str, days: int, status: OrderStatus) -> None:
    shop = do(Shop)
    sku_id = do(lasting, shop, "MILK", 5, 30)
    if said_by == "sku":
        do(Sku.objects.filter(id=sku_id).update, min_remaining_days=days)
    elif said_by == "channel":
        shop = do(other_channel, shop, min_days=days)
    elif said_by == "rule":
        do(rule, sku=sku_id, min_days=days)
    else:
        do(rule, category="食品", min_days=days)
        do(_put_under, sku_id, "食品/饼干")
    push(do, shop, make.incoming(("MILK", 1), number="T-1"))
    assert do(status_of, "T-1") == status


def _put_under(sku_id: int, path: str) -> None:
    category_id = db.new_id()
    db.insert(Category, ["id", "path"], [(category_id, path)])
    Sku.objects.filter(id=sku_id).update(category=category_id)


def test_every_line_has_its_own_minimum(do: Do) -> None:
    shop = do(Shop)
    milk, bread = do(lasting, shop, "MILK", 5, 200), do(lasting, shop, "BREAD", 5, 3)
    tea = do(make.make_sku, code="TEA")
    do(make.make_stock, shop.bin, tea, 5)
    do(rule, sku=milk, min_days=180)
    push(do, shop, make.incoming(("MILK", 1), ("BREAD", 1), ("TEA", 1), number="T-1"))
    assert do(status_of, "T-1") == FULFILLING
    days = do(wanted, "T-1")
    assert (days[milk] - days[bread]).days == 180
    assert days[bread] == days[tea]
    assert do(order_of, "T-1").min_expires_on == days[milk]
    assert len(do(parcels, "T-1")) == 1
    assert not laws.broken(do.tenant_id)


def test_a_shop_for_short_dated_goods_takes_what_others_refuse(do: Do) -> None:
    shop = do(Shop)
    outlet = do(other_channel, shop, min_days=90)
    sku_id = do(lasting, shop, "MILK", 5, 10)
    do(Sku.objects.filter(id=sku_id).update, min_remaining_days=60)
    do(rule, channel_ref=outlet.channel, min_days=7, replaces=True)
    push(do, shop, make.incoming(("MILK", 1), number="T-SHOP"))
    push(do, outlet, make.incoming(("MILK", 1), number="T-OUT"))
    assert [do(status_of, n) for n in ("T-SHOP", "T-OUT")] == [STOPPED, FULFILLING]


def test_a_customer_is_the_receiver_and_others_are_not_asked(do: Do) -> None:
    shop = do(Shop)
    do(lasting, shop, "MILK", 9, 30)
    hospital = make.receiver(name="市一医院", phone="13900001111")
    push(do, shop, make.incoming(("MILK", 1), number="T-1", to=hospital))
    do(rule, customer_ref=do(order_of, "T-1").receiver_key, min_days=180)
    push(
        do,
        shop,
        make.incoming(("MILK", 1), number="T-2", to=hospital),
        make.incoming(("MILK", 1), number="T-3"),
    )
    assert [do(status_of, n) for n in ("T-1", "T-2", "T-3")] == [FULFILLING, STOPPED, FULFILLING]


def test_the_desk_asks_the_rules_of_today(do: Do) -> None:
    shop = do(Shop)
    do(lasting, shop, "MILK", 5, 30)
    rule_id = do(rule, channel_ref=shop.channel, min_days=60)
    push(do, shop, make.incoming(("MILK", 1), number="T-1"))
    order = do(order_of, "T-1")
    assert do(desk.release, order_ids=[order.id], actor_id=None).stopped == (order.id,)
    do(ShelfLifeRule.objects.filter(id=rule_id).update, min_days=20)
    assert do(desk.release, order_ids=[order.id], actor_id=None).order_ids == (order.id,)
    again = do(order_of, "T-1")
    assert (order.min_expires_on - again.min_expires_on).days == 40
    assert set(do(wanted, "T-1").values()) == {again.min_expires_on}
    assert planning.STOCK_SHORT not in do(findings, "T-1")
    assert not laws.broken(do.tenant_id)


def test_a_tenant_without_rules_pays_no_statement_and_one_with_rules_one(do: Do) -> None:
    shop = do(Shop)
    do(lasting, shop, "MILK", 50, 30)
    push(do, shop, make.incoming(("MILK", 1)))
    plain = statements(do, shop)
    do(rule, channel_ref=shop.channel, min_days=20)
    push(do, shop, make.incoming(("MILK", 1)))  # the first promise for another date makes its row
    assert statements(do, shop) == plain + 1


def statements(do: Do, shop: Shop) -> int:
    """How many it takes to push five orders."""
    with CaptureQueriesContext(connection) as asked:
        push(do, shop, *[make.incoming(("MILK", 1)) for _ in range(5)])
    return sum("nextval" not in query["sql"] for query in asked.captured_queries)


def test_what_a_channel_may_be_promised_is_what_the_pipeline_takes(do: Do) -> None:
    shop = do(Shop)
    strict = do(other_channel, shop)
    sku_id = do(lasting, shop, "MILK", 3, 10)
    make_more = make.make_stock
    do(make_more, shop.bin, sku_id, 4, expires_on=do(clock.today) + timedelta(days=400))
    do(rule, channel_ref=strict.channel, min_days=60)
    counted = {
        shop_.channel: do(list_available_for, [shop.facility], [sku_id], Buyer(shop_.channel))[
            shop.facility, sku_id
        ]
        for shop_ in (shop, strict)
    }
    assert counted == {shop.channel: 7, strict.channel: 4}
    push(do, strict, make.incoming(("MILK", 5), number="T-5"), make.incoming(("MILK", 4), number="T-4"))
    assert [do(status_of, n) for n in ("T-5", "T-4")] == [STOPPED, FULFILLING]


class TestOneLotAParcel:
    """Goods that cannot be promised without their lot: two and two and two from lots of three and three fails."""

    @staticmethod
    def shop(do: Do, *lots: int, **sku: Any) -> tuple[Shop, int]:
        shop = do(Shop)
        sku_id = do(make.make_sku, code="INK", **sku)
        do(Sku.objects.filter(id=sku_id).update, one_lot_per_parcel=True)
        for units in lots:
            do(make.make_stock, shop.bin, sku_id, units)
        return shop, sku_id

    def test_three_orders_of_two(self, do: Do) -> None:
        shop, _sku = self.shop(do, 3, 3)
        push(do, shop, *[make.incoming(("INK", 2), number=f"T-{n}") for n in (1, 2, 3)])
        assert [do(status_of, f"T-{n}") for n in (1, 2, 3)] == [FULFILLING, FULFILLING, STOPPED]
        ((_stops, detail),) = do(findings, "T-3").values()
        assert (detail["wanted"], detail["available"], detail["one_lot"]) == (2, 1, "yes")
        assert not laws.broken(do.tenant_id)
        assert ship_everything(do, shop) == 4
        assert not laws.broken(do.tenant_id)

    def test_an_order_of_two_parcels_may_have_two_lots(self, do: Do) -> None:
        shop, sku_id = self.shop(do, 3, 3)
        do(Sku.objects.filter(id=sku_id).update, parcel_rule=4, case_quantity=3)
        push(do, shop, make.incoming(("INK", 6), number="T-1"))
        assert do(status_of, "T-1") == FULFILLING
        assert do(parcels, "T-1") == [{sku_id: 3}, {sku_id: 3}]
        assert not laws.broken(do.tenant_id)

    def test_beside_goods_of_any_lot_all_or_nothing(self, do: Do) -> None:
        shop, sku_id = self.shop(do, 3)
        do(shop.stock, "PAPER", 1)
        both = [make.incoming(("INK", 2), ("PAPER", 1), number=f"T-{n}") for n in (1, 2)]
        push(do, shop, *both, make.incoming(("INK", 1), number="T-3"))
        assert [do(status_of, f"T-{n}") for n in (1, 2, 3)] == [FULFILLING, STOPPED, FULFILLING]
        assert do(available_now, shop, sku_id) == 0
        assert not laws.broken(do.tenant_id)
        assert ship_everything(do, shop) == 4

    def test_a_cancelled_order_gives_its_lot_back(self, do: Do) -> None:
        shop, sku_id = self.shop(do, 3)
        push(do, shop, make.incoming(("INK", 3), number="T-1"))
        assert do(available_now, shop, sku_id) == 0
        do(warehouse_parcels.cancel_of_orders, order_refs=[do(order_of, "T-1").id])
        assert do(available_now, shop, sku_id) == 3
        assert not laws.broken(do.tenant_id, "inventory.", "warehouse.")

    def test_a_lost_lot_stops_the_order_that_had_it(self, do: Do) -> None:
        shop, _sku = self.shop(do, 3, 5)
        push(do, shop, make.incoming(("INK", 3), number="T-1"))
        balance_id = do(
            db.rows, "SELECT balance_id FROM inventory_allocation WHERE tenant_id = %s", do.tenant_id
        )[0][0]
        do(
            moving.move_stock,
            facility_id=shop.facility,
            moves=[MoveRow(MoveKind.LOST, 1, balance_id, None, 1)],
            actor_id=None,
        )
        do(options.put, settings.SHORT_GOES_ON, False)
        relay.deliver(do.tenant_id)
        assert do(status_of, "T-1") == STOPPED
        assert do(desk.release, order_ids=[do(order_of, "T-1").id], actor_id=None).stopped == ()
        assert not laws.broken(do.tenant_id)
        assert ship_everything(do, shop) == 3


def available_now(shop: Shop, sku_id: int) -> int:
    return list_available_for([shop.facility], [sku_id], Buyer(shop.channel))[shop.facility, sku_id]


def test_the_latest_ship_date_is_a_day_at_the_merchants_place(do: Do) -> None:
    """20:30 in Greenwich is the next morning in Shanghai, on the way in and when the desk looks again."""
    shop = do(Shop)
    at = datetime.combine(do(clock.today) + timedelta(days=30), time(20, 30), UTC)
    do(make.make_stock, shop.bin, do(make.make_sku, code="MILK"), 5)
    do(make.make_sku, code="TEA")
    do(rule, min_days=10)
    push(do, shop, make.incoming(("MILK", 1), number="T-in", placed_at=at))
    push(do, shop, make.incoming(("TEA", 1), number="T-late", placed_at=at))
    local = at.date() + timedelta(days=SHIP_WITHIN + 1)
    due = do(queries.minimum_expiry, local, 10)
    assert {do(order_of, number).min_expires_on for number in ("T-in", "T-late")} == {due}
    do(desk.release, order_ids=[do(order_of, "T-late").id], actor_id=None)
    assert do(order_of, "T-late").min_expires_on == due
