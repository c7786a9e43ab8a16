"""Which warehouse ships, with whom: over all orders together, with the reason kept, and never more than is there."""

from dataclasses import replace
from typing import Any

import pytest

from core import db
from orders.models import Channel, FacilityPlan, OrderStatus
from orders.rules.incoming import IncomingOrder, Receiver
from orders.services import desk
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, findings, order_of, push, status_of
from tests.steps import Do
from warehouse.models import Carrier, CarrierPrice, Parcel

HANGZHOU = Receiver("梅兰", "13800001111", "浙江省", "杭州市", "西湖区", "文三路 1 号")
CHENGDU = Receiver("竹菊", "13900002222", "四川省", "成都市", "锦江区", "春熙路 2 号")


class Two:
    """A shop that any of two warehouses may serve: one near Hangzhou, one near Chengdu."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.east = self.shop.facility
        self.west = make.make_facility()
        self.west_bin = make.make_bin(self.west)
        for facility, lat, lng in (
            (self.east, 30_270_000, 120_150_000),
            (self.west, 30_660_000, 104_070_000),
        ):
            db.execute(
                "UPDATE inventory_facility SET lat_e6 = %s, lng_e6 = %s WHERE id = %s", lat, lng, facility
            )
            db.insert(FacilityPlan, ["id", "facility"], [(db.new_id(), facility)])
        Channel.objects.filter(id=self.shop.channel).update(is_routed=True)

    def stock(self, code: str, east: int, west: int) -> None:
        sku = make.make_sku(code=code)
        for bin_id, units in ((self.shop.bin, east), (self.west_bin, west)):
            if units:
                make.make_stock(bin_id, sku, units, lot=make.unique("L"))


@pytest.fixture
def two(do: Do) -> Two:
    return do(Two)


def to(receiver: Receiver, number: str, *lines: tuple[str, int]) -> IncomingOrder:
    return make.incoming(*lines, number=number, to=replace(receiver, phone=make.unique("1")))


def at(number: str) -> int:
    return int(order_of(number).facility_id)


def reason(number: str) -> dict[str, Any]:
    return dict((order_of(number).decided or {})["route"])


def test_the_nearest_with_all_goods_ships(do: Do, two: Two) -> None:
    do(two.stock, "A", 5, 5)
    push(do, two.shop, to(HANGZHOU, "T-1", ("A", 1)), to(CHENGDU, "T-2", ("A", 1)))
    assert (do(at, "T-1"), do(at, "T-2")) == (two.east, two.west)
    assert do(reason, "T-2")["reason"] == "BEST"
    parcels = do(lambda: {p.ref: p.facility_id for p in Parcel.objects.all()})
    assert set(parcels.values()) == {two.east, two.west}
    assert laws.broken(do.tenant_id) == []


def test_nobody_loses_the_last_unit_to_somebody_who_has_a_choice(do: Do, two: Two) -> None:
    """Both want A from the east, which has one; only the second can also get its B nowhere else."""
    do(two.stock, "A", 1, 1)
    do(two.stock, "B", 1, 0)
    first, second = to(HANGZHOU, "T-1", ("A", 1)), to(HANGZHOU, "T-2", ("A", 1), ("B", 1))
    push(do, two.shop, first, second)
    assert (do(status_of, "T-1"), do(status_of, "T-2")) == (OrderStatus.FULFILLING,) * 2
    assert (do(at, "T-1"), do(at, "T-2")) == (two.west, two.east)
    assert laws.broken(do.tenant_id) == []


def test_an_order_that_was_short_goes_where_goods_came_in(do: Do, two: Two) -> None:
    do(two.stock, "A", 0, 0)
    push(do, two.shop, to(HANGZHOU, "T-1", ("A", 2)))
    assert set(do(findings, "T-1")) == {"STOCK_SHORT"}
    do(lambda: make.make_stock(two.west_bin, db.rows("SELECT id FROM inventory_sku")[0][0], 2))
    id_ = do(order_of, "T-1").id
    assert do(desk.release, order_ids=[id_], actor_id=None).order_ids == (id_,)
    assert do(at, "T-1") == two.west
    assert do(reason, "T-1")["reason"] == "ONLY_ONE_WITH_ALL"
    assert laws.broken(do.tenant_id) == []


def make_carrier(code: str, *prices: tuple[str, int], **values: Any) -> int:
    id_ = db.new_id()
    Carrier(id=id_, code=code, name=code, **values).save(force_insert=True)
    for region, first_minor in prices:
        CarrierPrice(
            id=db.new_id(), carrier_id=id_, region=region, first_minor=first_minor, step_minor=100
        ).save(force_insert=True)
    return id_


def brought(number: str) -> list[tuple[int | None, int | None]]:
    found = Parcel.objects.filter(ref=order_of(number).id).exclude(status=5).order_by("id")
    return [(parcel.carrier_id, parcel.freight_minor) for parcel in found]


def test_the_cheapest_carrier_that_goes_there_and_takes_it(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 50)
    do(shop.stock, "HEAVY", 50, weight_g=9_000)
    near = do(make_carrier, "NEAR", ("33", 500), weight_g=10_000)
    wide = do(make_carrier, "WIDE", ("", 900), weight_g=30_000)
    push(
        do,
        shop,
        to(HANGZHOU, "T-1", ("A", 1)),
        to(CHENGDU, "T-2", ("A", 1)),
        to(HANGZHOU, "T-3", ("HEAVY", 2)),
    )
    assert do(brought, "T-1") == [(near, 500)]
    assert do(brought, "T-2") == [(wide, 900)]
    assert do(brought, "T-3") == [(wide, 900 + 17 * 100)], (
        "18 kg: too heavy for the near one, and one parcel for the wide one"
    )
    assert laws.broken(do.tenant_id) == []


def test_an_order_that_nobody_brings_stops_and_says_why(do: Do) -> None:
    shop = do(Shop)
    do(shop.stock, "A", 50)
    near = do(make_carrier, "NEAR", ("33", 500))
    push(do, shop, to(CHENGDU, "T-1", ("A", 1)))
    assert do(findings, "T-1") == {"NO_CARRIER": (True, {"refused": f"{near}:NOT_SERVED"})}
    do(make_carrier, "WIDE", ("", 900))
    id_ = do(order_of, "T-1").id
    assert do(desk.release, order_ids=[id_], actor_id=None).order_ids == (id_,)
    assert laws.broken(do.tenant_id) == []
