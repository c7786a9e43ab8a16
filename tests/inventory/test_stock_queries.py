"""What the pages of stock say is what reserve would do, unit by unit."""

import random

import pytest

from core import db
from core.tenancy import tenant
from inventory import queries
from inventory.models import HoldKind, Sku
from inventory.rules import expiry
from inventory.rules.promise import Demand
from inventory.scanned import read_scanned
from inventory.services import holds, promises
from tests.warehouse.scene import Scene, make_clerk_store, make_scene


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


def explained(scene: Scene, sku_id: int) -> queries.StockRow:
    """The SKU's sum at the warehouse, told the same by both functions."""
    with tenant(scene.tenant_id):
        sku = Sku.objects.get(id=sku_id)
        listed = queries.list_stock([scene.warehouse], {sku_id: sku.min_remaining_days})
        shown = queries.explain_stock([scene.warehouse], sku)
    assert list(shown.rows) == listed
    return queries.sum_stock(listed, sku_id)


def test_every_unit_is_in_one_group(scene: Scene) -> None:
    row = explained(scene, scene.milk)
    assert (row.on_hand, row.expired, row.elsewhere, row.available) == (61, 5, 6, 50)
    assert row.difference == 0
    scene.order([("MILK-800", 12)])
    assert explained(scene, scene.milk).promised == 12
    wave_id = scene.release()
    row = explained(scene, scene.milk)
    assert (row.allocated, row.promised, row.available, row.difference) == (12, 0, 38, 0)
    scene.pick_all(wave_id)
    row = explained(scene, scene.milk)
    assert (row.elsewhere, row.allocated, row.available, row.difference) == (18, 0, 38, 0)
    scene.ship(wave_id)
    row = explained(scene, scene.milk)
    assert (row.on_hand, row.elsewhere, row.available) == (49, 6, 38)


def test_a_hold_moves_units_and_an_expired_lot_stays_expired(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        lots = [scene.lots["M-100"], scene.lots["M-OLD"]]
        holds.hold_lots(lot_ids=lots, kind=HoldKind.HELD, document="Q", reason="抽检", actor_id=None)
    row = explained(scene, scene.milk)
    assert (row.held, row.expired, row.available, row.difference) == (10, 5, 40, 0)


def test_a_minimum_of_its_own_takes_short_dated_units_away(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        Sku.objects.filter(id=scene.milk).update(min_remaining_days=200)
    row = explained(scene, scene.milk)
    assert (row.short_dated, row.available, row.difference) == (10, 40, 0)


def test_more_promised_than_there_is_shows_by_how_much(scene: Scene) -> None:
    scene.order([("MILK-800", 50)])
    with tenant(scene.tenant_id):
        db.execute(
            "UPDATE inventory_promise SET quantity = quantity + 3 WHERE tenant_id = %s AND quantity > 0",
            scene.tenant_id,
        )
    row = explained(scene, scene.milk)
    assert row.available == 0
    assert row.difference == -3
    assert row.is_problem


@pytest.mark.parametrize("seed", range(3))
def test_available_in_bulk_is_what_reserve_accepts(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    scene.order(*[[("MILK-800", chance.randint(1, 6)), ("TEA-1", chance.randint(1, 9))] for _ in range(5)])
    store = make_clerk_store(scene)
    with tenant(scene.tenant_id):
        floors = {
            scene.milk: scene.day(chance.choice([0, 50, 101, 399, 401])),
            scene.tea: scene.day(chance.choice([0, 9_000])),
        }
        bulk = queries.list_available([scene.warehouse, store], floors)
        for (facility_id, sku_id), units in bulk.items():
            assert units == queries.available(facility_id, sku_id, floors[sku_id])
            fits = [Demand(1, floors[sku_id], ((sku_id, units),))] if units else []
            assert not promises.plan(facility_id, fits, locked=False).short
            too_many = [Demand(1, floors[sku_id], ((sku_id, units + 1),))]
            assert promises.plan(facility_id, too_many, locked=False).short


def test_the_promise_law_step_by_step(scene: Scene) -> None:
    scene.order([("MILK-800", 12)])
    with tenant(scene.tenant_id):
        lines = queries.explain_stock([scene.warehouse], Sku.objects.get(id=scene.milk)).lines
    assert [(line.promised, line.fitting, line.is_kept) for line in lines] == [(12, 50, True)]


def test_balances_carry_what_their_last_move_left(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        rows = queries.list_balances([scene.warehouse], scene.milk)
        assert [(row.lot_code, row.on_hand, row.ledger) for row in rows][:2] == [
            ("M-OLD", 5, 5),
            ("M-100", 10, 10),
        ]
        assert all(row.on_hand == row.ledger for row in rows)
        db.execute(
            "UPDATE inventory_balance SET on_hand = 9 WHERE tenant_id = %s AND id = %s",
            scene.tenant_id,
            rows[1].id,
        )
        assert [row.on_hand - row.ledger for row in queries.list_balances([scene.warehouse], scene.milk)][
            1
        ] == -1


def test_the_ledger_of_a_balance_runs_without_a_gap(scene: Scene) -> None:
    for _ in range(4):
        scene.order([("TEA-1", 2)])
        wave_id = scene.release()
        scene.pick_all(wave_id)
        scene.ship(wave_id)
    with tenant(scene.tenant_id):
        (balance,) = queries.list_balances([scene.warehouse], scene.tea)
        rows, cursor = [], None
        while True:
            page = queries.list_ledger(balance.id, before_seq=cursor, limit=2)
            rows += page
            if len(page) < 2:
                break
            cursor = page[-1].seq
        newest = queries.list_recent_moves([scene.warehouse], scene.tea, 3)
    assert [row.seq for row in rows] == [5, 4, 3, 2, 1]
    assert [(row.before, row.change, row.after) for row in rows[:2]] == [(44, -2, 42), (46, -2, 44)]
    assert rows[-1].reference == "R-1187"
    assert [row.seq for row in newest] == [5, 4, 3]


def test_codes_find_goods_and_the_merchants_own_code_wins(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        found = queries.list_goods_by_code(["MILK-800", "6970000012348", "nope", ""])
        assert {code: card.id for code, card in found.items()} == dict.fromkeys(
            ["MILK-800", "6970000012348"], scene.milk
        )
        assert queries.list_barcode_owners(["6970000012348"]) == {"6970000012348": (scene.milk, "MILK-800")}


@pytest.mark.parametrize(
    ("text", "codes", "lot"),
    [
        ("6970000012348", ("6970000012348",), ""),
        ("]E06970000012348", ("6970000012348",), ""),
        ("010697000001234810L-1", ("06970000012348", "6970000012348"), "L-1"),
        ("(01)06970000012348(10)L-1", ("06970000012348", "6970000012348"), "L-1"),
        ("]d2010697000001234810L-1\x1d17280400", ("06970000012348", "6970000012348"), "L-1"),
        ("17280401", ("17280401",), ""),
        ("", (), ""),
        ("]", (), ""),
    ],
)
def test_a_scan_is_read_without_ever_raising(text: str, codes: tuple[str, ...], lot: str) -> None:
    found = read_scanned(text)
    assert (found.codes, found.lot) == (codes, lot)


def test_day_zero_of_gs1_is_the_end_of_the_month() -> None:
    found = read_scanned("]d2010697000001234810L-1\x1d17280200")
    assert found.expires_on is not None
    assert (found.expires_on.month, found.expires_on.day) == (2, 29)
    assert found.expires_on < expiry.NEVER
