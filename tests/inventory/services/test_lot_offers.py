"""Lots that could be picked instead: what the list says is what the change does."""

from datetime import date, timedelta
from random import Random

import pytest

from core import clock, db, outbox
from core.tenancy import tenant
from inventory.errors import LotRefused, UnknownGoods, UnknownPlace
from inventory.models import BinKind, HoldKind, Sku
from inventory.services import holds
from inventory.services.lot_changes import change_lot, list_offers
from tests import builders as make
from tests.inventory.services import stock

JUNE = date(2099, 6, 1)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)


class Taken(Exception):
    """The change was made, and is taken back."""


def tried(allocation_id: int, balance_id: int) -> str:
    """What change_lot says; empty when it does it.  Nothing is left of it."""
    try:
        with db.savepoint():
            change_lot(allocation_id=allocation_id, to_balance_id=balance_id, actor_id=None)
            raise Taken
    except Taken:
        return ""
    except (LotRefused, UnknownPlace) as refusal:
        return refusal.message


@pytest.mark.parametrize("seed", range(6))
def test_a_lot_is_offered_exactly_if_it_may_be_taken(tenant_id: int, seed: int) -> None:
    chance = Random(seed)
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        if seed % 3 == 2:
            Sku.objects.filter(id=sku).update(one_lot_per_parcel=True)
        kinds = (BinKind.PICK, BinKind.STORAGE, BinKind.RECEIVING)
        bins = [make.make_bin(facility, kind) for kind in kinds]
        lots = [
            make.make_stock(chance.choice(bins), sku, chance.randint(1, 6), expires_on=date(2099, month, 1))
            for month in range(1, 9)
        ]
        make.make_stock(bins[0], sku, 9, expires_on=clock.today() - timedelta(days=1))
        make.make_stock(bins[0], sku, 3, expires_on=None)
        owners = [
            owner
            for _ in range(4)
            if (
                owner := stock.reserve(
                    facility, (sku, chance.randint(1, 3)), day=chance.choice([stock.DAY, JUNE])
                )
            )
        ]
        stock.allocate(facility, owners[0])
        holds.hold_lots(
            lot_ids=[chance.choice(lots)], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None
        )
        found = db.rows("SELECT id FROM inventory_allocation WHERE owner_ref = %s", owners[0])
    for (allocation_id,) in found:
        with tenant(tenant_id):
            offers = list_offers(allocation_id)
            assert sum(offer.is_current for offer in offers) == 1
            for offer in offers:
                said = tried(allocation_id, offer.balance_id)
                assert bool(said) == bool(offer.refusal), (offer, said)
                if "现在不能拣" not in said:
                    assert said == offer.refusal


def test_a_picked_line_is_offered_nothing_and_a_line_that_is_gone_is_missing(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        bin_id, tote = make.make_bin(facility), make.make_bin(facility, BinKind.TOTE)
        make.make_stock(bin_id, sku, 5, expires_on=JUNE)
        make.make_stock(bin_id, sku, 5, expires_on=JUNE)
        owner = stock.must_reserve(facility, (sku, 2))
        stock.allocate(facility, owner)
        stock.pick(tote, owner)
        ((allocation_id,),) = db.rows("SELECT id FROM inventory_allocation WHERE owner_ref = %s", owner)
        offers = list_offers(allocation_id)
        assert [offer.is_current for offer in offers].count(True) == 1
        assert all(offer.is_current or "拣走了" in offer.refusal for offer in offers)
        with pytest.raises(UnknownGoods):
            list_offers(db.new_id())
