"""Holds overlap and are cleared one by one: stock sells exactly when none is open, whatever their kinds and scopes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import product

import pytest

from core import relay
from core.tenancy import tenant
from inventory.errors import StockHeld, UnknownGoods, UnknownPlace
from inventory.models import Hold, HoldKind
from inventory.queries import available
from inventory.services import holds
from inventory.services.holds import PlaceToHold, clear_hold, hold_lots, hold_places
from tests import builders as make
from tests import laws
from tests.inventory.services import stock

LONG_AGO = date(2025, 1, 1)


@dataclass(frozen=True)
class Goods:
    tenant_id: int
    facility: int
    bin: int
    sku: int
    lot: int

    def sells(self) -> int:
        with tenant(self.tenant_id):
            return available(self.facility, self.sku, LONG_AGO)


@pytest.fixture
def goods(tenant_id: int) -> Goods:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id = make.make_bin(facility)
        return Goods(tenant_id, facility, bin_id, sku, make.make_stock(bin_id, sku, 10))


SCOPES: dict[str, Callable[[Goods], PlaceToHold | None]] = {
    "lot": lambda goods: None,
    "facility": lambda goods: PlaceToHold(goods.facility),
    "bin": lambda goods: PlaceToHold(goods.facility, goods.bin),
    "lot at facility": lambda goods: PlaceToHold(goods.facility, lot_id=goods.lot),
    "lot in bin": lambda goods: PlaceToHold(goods.facility, goods.bin, goods.lot),
}


def put_hold(goods: Goods, scope: str, kind: HoldKind) -> int:
    place = SCOPES[scope](goods)
    with tenant(goods.tenant_id):
        if place is None:
            return hold_lots(lot_ids=[goods.lot], kind=kind, document="D", reason="抽检", actor_id=None)[0]
        return hold_places(places=[place], kind=kind, document="D", reason="抽检", actor_id=None)[0]


@pytest.mark.parametrize("kinds", list(product(HoldKind, HoldKind)), ids="-".join)
@pytest.mark.parametrize("scopes", list(product(SCOPES, SCOPES)), ids=", ".join)
def test_two_holds_cleared_in_both_orders(
    goods: Goods, scopes: tuple[str, str], kinds: tuple[HoldKind, HoldKind]
) -> None:
    for order in (0, 1), (1, 0):
        opened = [put_hold(goods, scope, kind) for scope, kind in zip(scopes, kinds, strict=True)]
        assert goods.sells() == 0
        with tenant(goods.tenant_id):
            clear_hold(hold_id=opened[order[0]], actor_id=None)
        assert goods.sells() == 0, "one is still open"
        with tenant(goods.tenant_id):
            clear_hold(hold_id=opened[order[1]], actor_id=None)
        assert goods.sells() == 10


def test_a_hold_stops_its_place_and_no_other(goods: Goods) -> None:
    with tenant(goods.tenant_id):
        beside = make.make_bin(goods.facility)
        other_lot = make.make_stock(goods.bin, goods.sku, 3)
        make.make_stock(beside, goods.sku, 4, lot="X")
        elsewhere = make.make_facility()
        make.make_stock(make.make_bin(elsewhere), goods.sku, 7)
    expected = {"lot": 7, "facility": 0, "bin": 4, "lot at facility": 7, "lot in bin": 7}
    for scope, left in expected.items():
        hold = put_hold(goods, scope, HoldKind.HELD)
        assert goods.sells() == left, scope
        with tenant(goods.tenant_id):
            assert available(elsewhere, goods.sku, LONG_AGO) == 7
            clear_hold(hold_id=hold, actor_id=None)
    assert other_lot != goods.lot
    assert goods.sells() == 17


def test_promises_give_way(goods: Goods) -> None:
    with tenant(goods.tenant_id):
        make.make_stock(make.make_bin(goods.facility), goods.sku, 5)
        strong = stock.must_reserve(goods.facility, (goods.sku, 5))
        weak = stock.must_reserve(goods.facility, (goods.sku, 8), days=1)
    put_hold(goods, "bin", HoldKind.HELD)
    with tenant(goods.tenant_id):
        assert (stock.reserved(strong), stock.reserved(weak)) == (5, 0)
    assert not laws.broken(goods.tenant_id, "inventory.")


def test_goods_that_come_later_are_held_too(goods: Goods) -> None:
    put_hold(goods, "facility", HoldKind.QUARANTINE)
    with tenant(goods.tenant_id):
        make.make_stock(make.make_bin(goods.facility), goods.sku, 5)
    assert goods.sells() == 0


def test_places_and_lots_of_elsewhere_are_refused(goods: Goods, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        foreign = make.make_facility()
        foreign_bin, foreign_lot = make.make_bin(foreign), make.make_lot(make.make_sku())
    with tenant(goods.tenant_id):
        other_bin = make.make_bin(make.make_facility())
    wrong = [
        (PlaceToHold(foreign), UnknownPlace),
        (PlaceToHold(goods.facility, foreign_bin), UnknownPlace),
        (PlaceToHold(goods.facility, other_bin), UnknownPlace),
        (PlaceToHold(goods.facility, lot_id=foreign_lot), UnknownGoods),
    ]
    for place, error in wrong:
        with pytest.raises(error), tenant(goods.tenant_id):
            hold_places(places=[place], kind=HoldKind.HELD, document="D", reason="r", actor_id=None)
    with tenant(goods.tenant_id):
        assert not Hold.objects.exists()


def test_a_hold_is_cleared_once(goods: Goods) -> None:
    hold = put_hold(goods, "bin", HoldKind.HELD)
    with tenant(goods.tenant_id):
        holds.clear_hold(hold_id=hold, actor_id=None)
    with pytest.raises(StockHeld), tenant(goods.tenant_id):
        holds.clear_hold(hold_id=hold, actor_id=None)


def test_goods_that_came_in_the_instant_of_the_hold(goods: Goods, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hold looked before they were there, and they were promised before it was: the second look settles it."""
    with tenant(goods.tenant_id):
        owner = stock.must_reserve(goods.facility, (goods.sku, 4))
    monkeypatch.setattr(holds, "_covered", lambda places: [])
    put_hold(goods, "bin", HoldKind.HELD)
    monkeypatch.undo()
    assert laws.broken(goods.tenant_id, "inventory.promise_law")
    relay.deliver(goods.tenant_id)
    assert laws.broken(goods.tenant_id, "inventory.") == []
    with tenant(goods.tenant_id):
        assert stock.reserved(owner) == 0
