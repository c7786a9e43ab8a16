"""Promise, allocate, pick, ship: units conserved, never promised twice, the weakest gives way."""

from datetime import date, timedelta

import pytest

from core import clock, db, outbox
from core.models import Outbox
from core.tenancy import tenant
from inventory.errors import StockHeld, UnknownGoods
from inventory.models import BinKind, Hold, HoldKind
from inventory.queries import available
from inventory.rules.promise import Demand
from inventory.services import allocations, holds, promises
from inventory.services.promises import GuessedWrong
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.inventory.services.stock import DAY

SOON, LATE = date(2099, 5, 1), date(2099, 9, 1)


class Scene:
    """A facility with a pick bin, a cart, and two lots of one SKU: 10 units that expire first, 5 that expire later."""

    def __init__(self) -> None:
        self.facility, self.sku = make.make_facility(), make.make_sku()
        self.bin, self.tote = make.make_bin(self.facility), make.make_bin(self.facility, BinKind.TOTE)
        self.soon = make.make_stock(self.bin, self.sku, 10, expires_on=SOON)
        self.late = make.make_stock(self.bin, self.sku, 5, expires_on=LATE)

    @property
    def available(self) -> int:
        return available(self.facility, self.sku, DAY)


def hold(*lot_ids: int, kind: HoldKind = HoldKind.HELD) -> tuple[int, ...]:
    return holds.hold_lots(lot_ids=lot_ids, kind=kind, document="D1", reason="抽检不合格", actor_id=None)


def facts(topic: str) -> list[dict[str, list[int]]]:
    return list(Outbox.objects.filter(topic=topic).order_by("at", "id").values_list("payload", flat=True))


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)


def test_units_are_conserved_from_the_shelf_to_the_door(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
    lots = [scene.soon, scene.late]
    with tenant(tenant_id):
        owners = [stock.must_reserve(scene.facility, (scene.sku, n)) for n in (4, 7, 1)]
        assert (scene.available, stock.promised(scene.facility)) == (3, 12)
    assert not laws.broken(tenant_id, "inventory.")
    with tenant(tenant_id):
        done = stock.allocate(scene.facility, *owners)
        assert (done.owners, done.short) == (tuple(owners), ())
        assert stock.promised(scene.facility) == 0
        assert [stock.allocated(o) for o in owners] == [
            {scene.soon: 4},
            {scene.soon: 6, scene.late: 1},
            {scene.late: 1},
        ]
        assert scene.available == 3
    assert not laws.broken(tenant_id, "inventory.")
    with tenant(tenant_id):
        assert stock.pick(scene.tote, *owners).units == 12
        assert stock.pick(scene.tote, *owners).units == 0
        assert [stock.units(lot)["on_hand"] for lot in lots] == [10, 5]
        assert scene.available == 3
    assert not laws.broken(tenant_id, "inventory.")
    with tenant(tenant_id):
        assert stock.ship(*owners) == (12, set())
        assert stock.ship(*owners) == (0, set())
        assert stock.units(scene.soon) == {"received": 10, "on_hand": 0, "allocated": 0, "shipped": 10}
        assert stock.units(scene.late) == {"received": 5, "on_hand": 3, "allocated": 0, "shipped": 2}
        assert scene.available == 3
        assert not db.rows("SELECT 1 FROM inventory_reservation UNION ALL SELECT 1 FROM inventory_allocation")
    assert not laws.broken(tenant_id, "inventory.", "core.copy.inventory")


def test_what_is_not_there_is_not_promised(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        assert stock.reserve(scene.facility, (scene.sku, 16)) is None
        assert stock.reserve(scene.facility, (scene.sku, 6), day=date(2099, 6, 1)) is None
        stock.must_reserve(scene.facility, (scene.sku, 5), day=date(2099, 6, 1))
        assert stock.reserve(scene.facility, (scene.sku, 11)) is None
        stock.must_reserve(scene.facility, (scene.sku, 10))
        assert scene.available == 0
    assert not laws.broken(tenant_id, "inventory.")


def test_two_lines_of_one_request_share_what_is_there(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        assert stock.reserve(scene.facility, (scene.sku, 8), (scene.sku, 8)) is None
        stock.must_reserve(scene.facility, (scene.sku, 8), (scene.sku, 7))


def test_a_guess_that_no_longer_holds_is_said_so_and_writes_nothing(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        demands = [Demand(1, DAY, ((scene.sku, 10),))]
        guess = promises.plan(scene.facility, demands, locked=False)
        stock.must_reserve(scene.facility, (scene.sku, 10))
        with pytest.raises(GuessedWrong):
            promises.commit_plan(scene.facility, demands, guess)
        assert stock.promised(scene.facility) == 10


def test_storage_sells_and_a_cart_a_dock_or_the_past_does_not(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        for kind in set(BinKind) - {BinKind.TRANSIT}:  # nothing is received onto the road
            make.make_stock(make.make_bin(facility, kind), sku, 1)
        make.make_stock(make.make_bin(facility), sku, 100, expires_on=clock.today() - timedelta(1))
        assert available(facility, sku, DAY) == 2  # PICK and STORAGE


class TestHold:
    """A hold stops what is ahead of it, at each stage."""

    def test_reserve(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene()
            hold(scene.soon)
            assert scene.available == 5
            assert stock.reserve(scene.facility, (scene.sku, 6)) is None

    def test_allocate(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene()
            owner = stock.must_reserve(scene.facility, (scene.sku, 8))
            make.make_hold(scene.soon, scene.sku)  # the bare row: its promises were not settled
            assert stock.allocate(scene.facility, owner) == allocations.AllocationResult((), (owner,))
            assert stock.reserved(owner) == 8

    def test_pick(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene()
            held, other = (
                stock.must_reserve(scene.facility, (scene.sku, 8)),
                stock.must_reserve(scene.facility, (scene.sku, 7)),
            )
            stock.allocate(
                scene.facility, held, other
            )  # the other one takes 2 of the first lot and 5 of the second
            hold(scene.late)
            done = stock.pick(scene.tote, held, other)
            assert (done.units, done.held_owners) == (8, (other,))
            assert stock.allocated(other) == {scene.soon: 2, scene.late: 5}
        assert not laws.broken(tenant_id, "inventory.")

    def test_ship(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            scene = Scene()
            first, second = (
                stock.must_reserve(scene.facility, (scene.sku, 8)),
                stock.must_reserve(scene.facility, (scene.sku, 7)),
            )
            stock.allocate(scene.facility, first, second)
            stock.pick(scene.tote, first, second)
            hold(scene.late, kind=HoldKind.RECALL)
            assert stock.ship(first, second) == (8, {second})
            assert stock.units(scene.late)["shipped"] == 0
        assert not laws.broken(tenant_id, "inventory.")

    @pytest.mark.parametrize("scope", ["facility", "bin"])
    def test_of_a_place_stops_its_sale(self, tenant_id: int, scope: str) -> None:
        with tenant(tenant_id):
            scene = Scene()
            place = scene.facility if scope == "facility" else scene.bin
            db.insert(
                Hold, ["id", "kind", scope, "document", "reason"], [(db.new_id(), "HELD", place, "D", "漏水")]
            )
            assert scene.available == 0


def test_the_weakest_promise_gives_way_and_it_is_said(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        strong = stock.must_reserve(scene.facility, (scene.sku, 4), priority=5, days=9)
        early = stock.must_reserve(scene.facility, (scene.sku, 1), days=0)
        weak = stock.must_reserve(scene.facility, (scene.sku, 6), days=3)
        weaker = stock.must_reserve(scene.facility, (scene.sku, 4), days=5)
        hold(scene.soon)
        assert {o: stock.reserved(o) for o in (strong, early, weak, weaker)} == {
            strong: 4,
            early: 1,
            weak: 0,
            weaker: 0,
        }
        assert facts("PromisesBroken") == [{"facility_id": scene.facility, "owner_refs": [weaker, weak]}]
        assert stock.promised(scene.facility) == 5
    assert not laws.broken(tenant_id, "inventory.")


def test_a_hold_that_takes_nothing_promised_breaks_nothing(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owner = stock.must_reserve(scene.facility, (scene.sku, 5))
        hold(scene.soon)
        assert (stock.reserved(owner), facts("PromisesBroken")) == (5, [])


def test_clearing_one_of_two_holds_leaves_the_other(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        (first,), (second,) = hold(scene.soon), hold(scene.soon, kind=HoldKind.RECALL)
        holds.clear_hold(hold_id=first, actor_id=None)
        assert scene.available == 5
        with pytest.raises(StockHeld):
            holds.clear_hold(hold_id=first, actor_id=None)
        holds.clear_hold(hold_id=second, actor_id=None)
        assert scene.available == 15
        with pytest.raises(UnknownGoods):
            holds.clear_hold(hold_id=1, actor_id=None)


def test_a_lot_of_another_tenant_cannot_be_held_or_cleared(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        theirs = Scene()
        (hold_id,) = hold(theirs.soon)
    with tenant(tenant_id):
        with pytest.raises(UnknownGoods):
            hold(theirs.late)
        with pytest.raises(UnknownGoods):
            holds.clear_hold(hold_id=hold_id, actor_id=None)


def test_unreserve_gives_back_what_is_left(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene = Scene()
        owners = [stock.must_reserve(scene.facility, (scene.sku, n)) for n in (4, 7)]
        assert promises.unreserve(owners[:1]) == 4
        assert promises.unreserve(owners[:1]) == 0
        assert (scene.available, stock.reserved(owners[1])) == (8, 7)
    assert not laws.broken(tenant_id, "inventory.")


def test_promises_move_to_another_facility_whole_or_not_at_all(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene, other_sku = Scene(), make.make_sku()
        make.make_stock(scene.bin, other_sku, 5)
        store = make.make_store()
        shelf = make.make_bin(store)
        make.make_stock(shelf, scene.sku, 3)
        owner = stock.must_reserve(scene.facility, (scene.sku, 2), (other_sku, 2))
        assert not promises.move_reservations([owner], scene.facility, store)  # the store lacks the second
        assert (stock.promised(scene.facility), stock.promised(store)) == (4, 0)
        make.make_stock(shelf, other_sku, 2)
        assert promises.move_reservations([owner], scene.facility, store)
        assert (stock.promised(scene.facility), stock.promised(store)) == (0, 4)
        assert stock.reserved(owner) == 4
        assert not promises.move_reservations([owner], scene.facility, store)  # not there any more
        assert stock.allocate(store, owner).owners == (owner,)
    assert not laws.broken(tenant_id, "inventory.", "core.copy.inventory")


def test_an_owner_that_lost_part_of_its_promise_is_not_allocated_in_part(tenant_id: int) -> None:
    with tenant(tenant_id):
        scene, other_sku = Scene(), make.make_sku()
        lot = make.make_stock(scene.bin, other_sku, 5)
        owner = stock.must_reserve(scene.facility, (scene.sku, 2), (other_sku, 2))
        hold(lot)
        assert stock.reserved(owner) == 2
        done = allocations.allocate(facility_id=scene.facility, owner_units={owner: 4})
        assert (done.owners, done.short) == ((), (owner,))
        assert stock.allocated(owner) == {}
