"""Bundles leave as their parts: units, money and stock of the parts, in one step with everything else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from core import clock, db
from inventory.services import bundles
from orders.models import OrderLine, OrderStatus
from orders.rules import audit
from orders.services import desk
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, status_of
from tests.steps import Do

BULKY, RIDES = 2, 0


def make_set(code: str, *parts: tuple[str, int]) -> None:
    bundles.save_bundles([bundles.BundleInput(code, f"{code} 套装", parts=parts)])


def lines_of(number: str) -> list[tuple[str, int, int | None]]:
    found = OrderLine.objects.filter(order_id=order_of(number).id).order_by("id")
    codes = dict(db.rows("SELECT id, code FROM inventory_sku"))
    return [(codes.get(line.sku_id, line.external_code), line.quantity, line.amount_minor) for line in found]


def test_a_bundle_is_its_parts_in_stock_in_parcels_and_in_money(do: Do) -> None:
    shop = do(Shop)
    vacuum, filters = (
        do(make.make_sku, code="VACUUM", parcel_rule=BULKY),
        do(make.make_sku, code="FILTER", parcel_rule=RIDES),
    )
    do(db.execute, "UPDATE inventory_sku SET cost_minor = 60000 WHERE code = 'VACUUM'")
    do(db.execute, "UPDATE inventory_sku SET cost_minor = 1500 WHERE code = 'FILTER'")
    for sku in (vacuum, filters):
        do(make.make_stock, shop.bin, sku, 50)
    do(make_set, "CLEAN-SET", ("VACUUM", 1), ("FILTER", 3))
    push(do, shop, make.incoming(("CLEAN-SET", 2), ("FILTER", 1), number="T-1", price_minor=99_999))
    assert do(status_of, "T-1") == OrderStatus.FULFILLING
    assert do(findings, "T-1") == {}, "the parts cost together what the bundle cost"
    found = do(lines_of, "T-1")
    assert [(code, units) for code, units, _ in found] == [("FILTER", 6), ("VACUUM", 2), ("FILTER", 1)]
    assert sum(amount or 0 for _c, _u, amount in found[:2]) == 2 * 99_999
    assert found[2][2] is None
    assert [set(parcel) for parcel in do(parcels, "T-1")] == [{vacuum, filters}, {vacuum}]
    assert laws.broken(do.tenant_id) == []


def test_a_code_that_turns_out_to_be_a_bundle_is_taken_apart_on_release(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    do(shop.stock, "B", 10)
    push(do, shop, make.incoming(("LATER", 2), number="T-1"))
    assert set(do(findings, "T-1")) == {audit.SKU_UNMAPPED}
    do(make_set, "LATER", ("A", 2), ("B", 1))
    id_ = do(order_of, "T-1").id
    assert do(desk.release, order_ids=[id_], actor_id=None).order_ids == (id_,)
    assert [(code, units) for code, units, _ in do(lines_of, "T-1")] == [("A", 4), ("B", 2)]
    assert sum(amount or 0 for _c, _u, amount in do(lines_of, "T-1")) == 2_000
    assert laws.broken(do.tenant_id) == []


def test_a_presale_waits_for_its_day_and_is_not_late(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 10)
    day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    push(do, shop, replace(make.incoming(("A", 1), number="P-1"), wait_until=day))
    assert set(do(findings, "P-1")) == {"PRESALE_WAITS"}
    order = do(order_of, "P-1")
    assert order.ship_by == day + timedelta(hours=48)
    assert do(desk.release, order_ids=[order.id], actor_id=None).stopped == (order.id,)
    with patch.object(clock, "now", lambda: day + timedelta(minutes=1)):
        assert do(desk.release, order_ids=[order.id], actor_id=None).order_ids == (order.id,)
    assert laws.broken(do.tenant_id) == []
