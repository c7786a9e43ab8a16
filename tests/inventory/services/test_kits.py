"""Kits: made of what is there, expired with their first part, and nothing lost when they come apart."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from core import clock, db
from core.errors import Invalid
from core.tenancy import tenant
from inventory.errors import BadQuantity, LotDiffers, SerialTaken, StockShort, UnknownGoods, WrongState
from inventory.models import (
    Assembly,
    Balance,
    BinKind,
    HoldKind,
    Lot,
    LotLink,
    Move,
    MoveKind,
    RecipePart,
    Sku,
)
from inventory.models.goods import Tracking
from inventory.services.assembling import PartLot, assemble
from inventory.services.assembly_papers import AssemblyResult
from inventory.services.holds import PlaceToHold, hold_places
from inventory.services.recipes import RecipeInput, save_recipes
from inventory.services.taking_apart import take_apart
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.inventory.services.stock import must_reserve
from traceability.queries import get_equation, list_places


@dataclass
class Bench:
    """Two cups and a lid make a set.  10 cups of lot C1 (expires first), 20 of C2, 12 lids of L1."""

    tenant_id: int
    facility: int
    shelf: int
    bench: int
    kit: int
    cup: int
    lid: int
    c1: int
    c2: int
    l1: int

    def assemble(self, quantity: int, *parts: tuple[int, int], **said: object) -> AssemblyResult:
        named = [PartLot(lot, units) for lot, units in parts]
        return assemble(
            **{  # type: ignore[arg-type]
                "facility_id": self.facility,
                "sku_id": self.kit,
                "quantity": quantity,
                "bin_id": self.bench,
                "parts": named,
                "actor_id": 7,
                **said,
            }
        )

    def apart(self, lot: int, quantity: int, assembly_id: int | None = None) -> AssemblyResult:
        return take_apart(
            facility_id=self.facility,
            lot_id=lot,
            bin_id=self.bench,
            quantity=quantity,
            to_bin_id=self.shelf,
            actor_id=7,
            assembly_id=assembly_id,
        )


def days(count: int) -> date:
    return clock.today() + timedelta(days=count)


def units(lot: int) -> int:
    return sum(Balance.objects.filter(lot=lot).values_list("on_hand", flat=True))


def links(assembly_id: int) -> set[tuple[int, int, int, int]]:
    rows = LotLink.objects.filter(assembly=assembly_id)
    return set(rows.values_list("from_lot", "to_lot", "quantity", "made"))


@pytest.fixture
def bench(tenant_id: int) -> Bench:
    with tenant(tenant_id):
        facility = make.make_facility()
        shelf, table = make.make_bin(facility, code="A-1"), make.make_bin(facility, code="KIT-1")
        kit, cup, lid = (make.make_sku(code=code, name=code) for code in ("SET", "CUP", "LID"))
        save_recipes(recipes=[RecipeInput("SET", [("CUP", 2), ("LID", 1)])], actor_id=7)
        c1 = make.make_stock(shelf, cup, 10, lot="C1", expires_on=days(60))
        c2 = make.make_stock(shelf, cup, 20, lot="C2", expires_on=days(90))
        l1 = make.make_stock(shelf, lid, 12, lot="L1")
        return Bench(tenant_id, facility, shelf, table, kit, cup, lid, c1, c2, l1)


def test_a_kit_is_made_of_its_parts_first_expired_first(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        done = bench.assemble(6)
        assert done.number.startswith("KIT-")
        lot = Lot.objects.get(id=done.lot_id)
        assert (lot.code, lot.expires_on, lot.produced_on) == (done.number, days(60), clock.today())
        assert (units(bench.c1), units(bench.c2), units(bench.l1), units(lot.pk)) == (0, 18, 6, 6)
        assert links(done.assembly_id) == {
            (bench.c1, lot.pk, 10, 6),
            (bench.c2, lot.pk, 2, 6),
            (bench.l1, lot.pk, 6, 6),
        }
        kinds = Move.objects.filter(document_id=done.assembly_id).values_list("kind", flat=True)
        assert sorted(kinds) == [MoveKind.USED, MoveKind.USED, MoveKind.USED, MoveKind.MADE]
        for lot_id in (bench.c1, bench.c2, bench.l1, lot.pk):
            assert get_equation(lot_id, list_places(lot_id)).closes
    assert not laws.broken(bench.tenant_id, "inventory.")


def test_named_lots_are_used_and_the_date_is_theirs(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        done = bench.assemble(3, (bench.c2, 6), lot_code="S-1")
        assert Lot.objects.get(id=done.lot_id).expires_on == days(90)
        assert (units(bench.c1), units(bench.c2), units(bench.l1)) == (10, 14, 9)
        again = bench.assemble(1, (bench.c2, 2), lot_code="S-1")
        assert again.lot_id == done.lot_id
        with pytest.raises(LotDiffers):
            bench.assemble(1, (bench.c1, 2), lot_code="S-1")
    assert not laws.broken(bench.tenant_id, "inventory.")


def test_its_own_shelf_life_ends_earlier(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        Sku.objects.filter(id=bench.kit).update(shelf_life_days=30)
        assert Lot.objects.get(id=bench.assemble(1).lot_id).expires_on == days(30)


def test_a_part_that_is_short_is_named_with_what_is_possible(bench: Bench) -> None:
    with tenant(bench.tenant_id), pytest.raises(StockShort) as refusal:
        bench.assemble(13)
    assert refusal.value.fields == {"part": "LID", "have": 12, "want": 13, "possible": 12}
    with tenant(bench.tenant_id), pytest.raises(StockShort) as refusal:
        bench.assemble(6, (bench.c1, 12))
    assert refusal.value.fields == {"part": "CUP", "lot": "C1", "have": 10, "want": 12}
    with tenant(bench.tenant_id):
        assert not Assembly.objects.exists()


def test_what_is_held_expired_or_a_parcels_is_not_used(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        make.make_hold(bench.c1, bench.cup)
        owner = must_reserve(bench.facility, (bench.cup, 16))
        stock.allocate(bench.facility, owner)
        with pytest.raises(StockShort) as refusal:
            bench.assemble(3)
        assert (refusal.value.fields["have"], refusal.value.fields["possible"]) == (4, 2)
        with pytest.raises(StockShort):
            bench.assemble(1, (bench.c1, 2))
        assert bench.assemble(2).moved is not None
        assert stock.allocated(owner) == {bench.c2: 16}
    assert not laws.broken(bench.tenant_id, "inventory.")


def test_promises_that_no_longer_fit_give_way(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        owner = must_reserve(bench.facility, (bench.lid, 10))
        done = bench.assemble(5)
        assert done.moved is not None
        assert done.moved.broken_owners == (owner,)
    assert not laws.broken(bench.tenant_id, "inventory.")


def test_a_form_sent_twice_counts_once(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        paper = db.new_id()
        first = bench.assemble(2, assembly_id=paper)
        second = bench.assemble(2, assembly_id=paper)
        assert (second.is_new, second.number, second.lot_id) == (False, first.number, first.lot_id)
        assert units(first.lot_id) == 2
        other = db.new_id()
        assert bench.apart(first.lot_id, 1, other).is_new
        assert not bench.apart(first.lot_id, 1, other).is_new
        assert units(first.lot_id) == 1


def test_the_cost_is_written_only_where_there_is_none(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        Sku.objects.filter(id=bench.cup).update(cost_minor=150)
        assert bench.assemble(1).cost_minor is None
        assert Sku.objects.get(id=bench.kit).cost_minor is None
        Sku.objects.filter(id=bench.lid).update(cost_minor=40)
        assert bench.assemble(1).cost_minor == 340
        assert Sku.objects.get(id=bench.kit).cost_minor == 340
        Sku.objects.filter(id=bench.lid).update(cost_minor=50)
        assert bench.assemble(1).cost_minor == 350
        assert Sku.objects.get(id=bench.kit).cost_minor == 340


def test_taken_apart_in_steps_each_lot_gets_back_what_it_gave(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        done = bench.assemble(6)
        first = bench.apart(done.lot_id, 4)
        assert links(first.assembly_id) == {
            (done.lot_id, bench.c1, 4, 7),
            (done.lot_id, bench.c2, 4, 1),
            (done.lot_id, bench.l1, 4, 4),
        }
        bench.apart(done.lot_id, 2)
        assert (units(bench.c1), units(bench.c2), units(bench.l1), units(done.lot_id)) == (10, 20, 12, 0)
        for lot in (bench.c1, bench.c2, bench.l1, done.lot_id):
            assert get_equation(lot, list_places(lot)).closes
    assert not laws.broken(bench.tenant_id, "inventory.")


def test_kits_from_outside_come_apart_by_the_recipe(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        lot = make.make_stock(bench.bench, bench.kit, 3, lot="OUT", expires_on=days(5))
        bench.apart(lot, 2)
        cups = Lot.objects.get(sku=bench.cup, code="OUT")
        assert (cups.expires_on, units(cups.pk)) == (days(5), 4)
        RecipePart.objects.filter(sku=bench.kit).delete()
        with pytest.raises(WrongState) as refusal:
            bench.apart(lot, 1)
        assert refusal.value.code == "no_recipe"
    assert not laws.broken(bench.tenant_id, "inventory.")


def test_kits_that_are_held_or_a_parcels_stay_whole(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        lot = bench.assemble(4).lot_id
        stock.allocate(bench.facility, must_reserve(bench.facility, (bench.kit, 3)))
        with pytest.raises(StockShort) as refusal:
            bench.apart(lot, 2)
        assert (refusal.value.fields["have"], refusal.value.fields["want"]) == (1, 2)
        hold_places(
            places=[PlaceToHold(bench.facility, bench.bench)],
            kind=HoldKind.HELD,
            document="D",
            reason="看一看",
            actor_id=7,
        )
        with pytest.raises(WrongState) as held:
            bench.apart(lot, 1)
        assert held.value.code == "kit_held"


def test_serial_numbers_are_said_and_never_guessed(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        Sku.objects.filter(id__in=(bench.lid, bench.kit)).update(tracking=Tracking.SERIAL)
        serials = [make.make_stock(bench.shelf, bench.lid, 1, lot=f"SN{n}") for n in range(2)]
        with pytest.raises(BadQuantity) as refusal:
            bench.assemble(1, lot_code="K1")
        assert refusal.value.code == "serials_missing"
        with pytest.raises(BadQuantity) as refusal:
            bench.assemble(2, *((serial, 1) for serial in serials))
        assert refusal.value.code == "serial_missing"
        done = bench.assemble(1, (serials[0], 1), lot_code="K1")
        with pytest.raises(SerialTaken):
            bench.assemble(1, (serials[1], 1), lot_code="K1")
        bench.apart(done.lot_id, 1)
        assert units(serials[0]) == 1
    assert not laws.broken(bench.tenant_id, "inventory.")


@pytest.mark.parametrize("quantity", [0, -1, 2**31])
def test_a_quantity_that_makes_no_sense_is_refused(bench: Bench, quantity: int) -> None:
    with tenant(bench.tenant_id), pytest.raises(BadQuantity):
        bench.assemble(quantity)
    with tenant(bench.tenant_id), pytest.raises(BadQuantity):
        bench.apart(bench.c1, quantity)


def test_what_is_wrong_is_said_in_words(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        tote = make.make_bin(bench.facility, BinKind.TOTE)
        other = make.make_stock(bench.shelf, make.make_sku(code="X"), 5, lot="X1")
        for said, code in (
            ({"bin_id": tote}, "work_bin"),
            ({"sku_id": bench.cup}, "no_recipe"),
        ):
            with pytest.raises(WrongState) as refusal:
                bench.assemble(1, **said)
            assert refusal.value.code == code
        with pytest.raises(BadQuantity) as wrong:
            bench.assemble(1, (other, 5))
        assert wrong.value.code == "not_a_part"
        with pytest.raises(BadQuantity):
            bench.assemble(2, (bench.c1, 3))


# ── recipes ──


def test_a_kit_of_kits_is_allowed_and_a_circle_is_not(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        make.make_sku(code="BOX")
        save_recipes(recipes=[RecipeInput("BOX", [("SET", 2)])], actor_id=None)
        with pytest.raises(Invalid) as refusal:
            save_recipes(recipes=[RecipeInput("CUP", [("BOX", 1)])], actor_id=None)
        assert refusal.value.code == "recipe_cycle"
        codes = refusal.value.fields["codes"]
        assert set(codes) == {"BOX", "SET", "CUP"}
        assert codes[0] == codes[-1]
        with pytest.raises(Invalid):
            save_recipes(
                recipes=[RecipeInput("LID", [("CUP", 1)]), RecipeInput("CUP", [("LID", 1)])], actor_id=None
            )


def test_a_recipe_is_exactly_what_was_said_last(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        save_recipes(recipes=[RecipeInput("SET", [("CUP", 3)])], actor_id=7)
        assert list(RecipePart.objects.values_list("part", "quantity")) == [(bench.cup, 3)]
        save_recipes(recipes=[RecipeInput("SET", [])], actor_id=7)
        assert not RecipePart.objects.exists()


def test_what_a_recipe_cannot_be(bench: Bench) -> None:
    with tenant(bench.tenant_id):
        for parts in ([("CUP", 0)], [("CUP", 1), ("CUP", 2)]):
            with pytest.raises(Invalid) as refusal:
                save_recipes(recipes=[RecipeInput("SET", parts)], actor_id=7)
            assert refusal.value.code == "bad_recipe"
        with pytest.raises(UnknownGoods) as unknown:
            save_recipes(recipes=[RecipeInput("SET", [("NONE", 1)])], actor_id=7)
        assert unknown.value.fields["codes"] == ["NONE"]
        Sku.objects.filter(id=bench.lid).update(is_active=False)
        save_recipes(recipes=[RecipeInput("SET", [("LID", 2), ("CUP", 2)])], actor_id=7)
        make.make_sku(code="NEW")
        with pytest.raises(WrongState):
            save_recipes(recipes=[RecipeInput("NEW", [("LID", 1)])], actor_id=7)
