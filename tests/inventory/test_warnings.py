"""Warnings: each kind says what it should, at the stage it should; pages, tables, roles."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.test import Client

from core import clock, db, options
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import BinKind, MoveKind, Sku
from inventory.options import AGEING_DAYS, EXPIRY_DAY_SELLS, NEAR_EXPIRY_DAYS
from inventory.queries.warnings import (
    Place,
    StockWarning,
    Wanted,
    WarningKind,
    count_warnings,
    list_category_ids,
    list_warnings,
)
from inventory.services.ledger import MoveRow, write_moves
from inventory.services.safety import SafetyInput, save_safety
from inventory.views import warnings as views
from tests import builders as make
from tests.warehouse.people import sign_in

K = WarningKind


@dataclass
class Shop:
    tenant_id: int
    facility: int
    bin: int
    milk: int
    today: date

    def stock(self, lot: str, units: int, days: int | None, sku: int | None = None) -> int:
        expires_on = None if days is None else self.today + timedelta(days)
        return make.make_stock(self.bin, sku or self.milk, units, lot=lot, expires_on=expires_on)

    def found(self, kind: WarningKind, **changes: object) -> dict[str, StockWarning]:
        wanted = Wanted([self.facility], **changes)  # type: ignore[arg-type]
        return {row.lot_code: row for row in list_warnings(kind, wanted, limit=999)}

    def ship(self, lot: int, units: int) -> None:
        move = MoveRow(MoveKind.SHIP, units, make.balance_of(self.bin, lot), None, db.new_id())
        write_moves([move], actor_id=None)


@pytest.fixture
def shop(tenant_id: int) -> Iterator[Shop]:
    with tenant(tenant_id):
        facility = make.make_facility(code="HZ", name="杭州仓")
        milk = make.make_sku(code="MILK", name="奶粉")
        Sku.objects.filter(id=milk).update(cost_minor=250)
        yield Shop(tenant_id, facility, make.make_bin(facility, code="A-1"), milk, clock.today())


def test_days_and_stages_follow_the_one_definition(shop: Shop) -> None:
    for days in (-1, 0, 1, 7, 8, 90, 91, 92):
        shop.stock(f"D{days}", 2, days)
    shop.stock("NEVER", 2, None)
    assert {lot: row.days for lot, row in shop.found(K.EXPIRED).items()} == {"D-1": -2, "D0": -1}
    near = shop.found(K.NEAR_EXPIRY)
    assert {lot: (row.days, row.stage) for lot, row in near.items()} == {
        "D1": (0, 7), "D7": (6, 7), "D8": (7, 30), "D90": (89, 90),
    }  # fmt: skip
    assert list(near) == ["D1", "D7", "D8", "D90"]
    assert set(shop.found(K.NEAR_EXPIRY, stage=7)) == {"D1", "D7"}
    options.put(EXPIRY_DAY_SELLS, True)
    assert set(shop.found(K.EXPIRED)) == {"D-1"}
    assert shop.found(K.NEAR_EXPIRY)["D0"].days == 0
    options.put(NEAR_EXPIRY_DAYS, [2, "x", 0])
    assert set(shop.found(K.NEAR_EXPIRY)) == {"D0", "D1"}


def test_only_bins_that_sell_count(shop: Shop) -> None:
    damaged = make.make_bin(shop.facility, BinKind.DAMAGED)
    make.make_stock(damaged, shop.milk, 3, lot="BROKEN", expires_on=shop.today - timedelta(5))
    lot = shop.stock("OLD", 4, -5)
    make.make_hold(lot, shop.milk)
    assert {lot: row.units for lot, row in shop.found(K.EXPIRED).items()} == {"OLD": 4}


def test_one_lot_in_two_bins_is_one_row_with_its_money(shop: Shop) -> None:
    shop.stock("L", 3, 5)
    other = make.make_bin(shop.facility)
    make.make_stock(other, shop.milk, 4, lot="L", expires_on=shop.today + timedelta(5))
    cheap = make.make_sku(code="CHEAP")
    shop.stock("U", 900, 3, sku=cheap)
    rows = list_warnings(K.NEAR_EXPIRY, Wanted([shop.facility]), by_money=True, limit=9)
    assert [(row.lot_code, row.units, row.money_minor) for row in rows] == [("L", 7, 1750), ("U", 900, None)]
    assert [row.lot_code for row in list_warnings(K.NEAR_EXPIRY, Wanted([shop.facility]), limit=9)] == [
        "U",
        "L",
    ]


@pytest.mark.parametrize("by_money", [False, True])
@pytest.mark.parametrize("kind", [K.NEAR_EXPIRY, K.SELLING_OUT])
def test_pages_join_without_gap_both_ways(shop: Shop, kind: WarningKind, by_money: bool) -> None:
    for number in range(11):
        shop.stock(f"L{number}", 1 + number % 3, 20 + number // 4)
    wanted = Wanted([shop.facility])
    whole = [row.id for row in list_warnings(kind, wanted, by_money=by_money, limit=99)]
    assert len(whole) == 11
    seen: list[int] = []
    place = None
    while rows := list_warnings(kind, wanted, by_money=by_money, beyond=place, limit=4):
        seen += [row.id for row in rows]
        place = Place(rows[-1].key, rows[-1].id)
    assert seen == whole
    back = list_warnings(kind, wanted, by_money=by_money, beyond=place, is_back=True, limit=4)
    assert [row.id for row in back] == whole[-5:-1]


def test_low_stock_is_what_reserve_would_accept(shop: Shop) -> None:
    tea = make.make_sku(code="TEA")
    rows = [SafetyInput(shop.facility, sku, 10, 20) for sku in (shop.milk, tea)]
    save_safety(rows=rows, actor_id=None)
    shop.stock("OLD", 50, -1)
    shop.stock("NEW", 9, 300)
    shop.stock("T", 10, None, sku=tea)
    (row,) = list_warnings(K.LOW_STOCK, Wanted([shop.facility]), limit=9)
    assert (row.sku_code, row.units, row.at_risk, row.minimum) == ("MILK", 9, 1, 10)


def test_ageing_counts_from_the_day_it_came(shop: Shop) -> None:
    lots = {days: shop.stock(f"A{days}", 1, None) for days in (89, 90, 200)}
    for days, lot in lots.items():
        came = shop.today - timedelta(days)
        db.execute("UPDATE inventory_lot SET received_on = %s WHERE id = %s", came, lot)
    found = shop.found(K.AGEING)
    assert [(lot, row.days, row.stage) for lot, row in found.items()] == [("A200", 200, 180), ("A90", 90, 90)]
    assert set(shop.found(K.AGEING, stage=180)) == {"A200"}
    options.put(AGEING_DAYS, [200])
    assert set(shop.found(K.AGEING)) == {"A200"}


def test_what_will_be_left_at_the_present_rate(shop: Shop) -> None:
    sold = shop.stock("SOLD", 60, None)
    shop.ship(sold, 56)
    shop.stock("SOON", 10, 3)  # two a day, three days of sale: six go
    shop.stock("LATER", 30, 20)
    shop.stock("HELD", 30, 20)
    held = db.rows("SELECT id FROM inventory_lot WHERE code = 'HELD'")[0][0]
    make.make_hold(held, shop.milk)
    found = shop.found(K.SELLING_OUT)
    assert {lot: (row.units, row.at_risk, row.shipped) for lot, row in found.items()} == {"SOON": (10, 4, 56)}
    assert found["SOON"].money_minor == 1000
    Sku.objects.filter(id=shop.milk).update(min_remaining_days=10)
    assert shop.found(K.SELLING_OUT)["LATER"].at_risk == 30 - 2 * 10
    db.execute("UPDATE inventory_sku SET min_remaining_days = 0")


def test_counts_are_of_the_lists(shop: Shop) -> None:
    shop.stock("OLD", 1, -1)
    shop.stock("NEAR", 1, 5)
    save_safety(rows=[SafetyInput(shop.facility, shop.milk, 10, 20)], actor_id=None)
    wanted = Wanted([shop.facility])
    assert count_warnings(wanted) == {kind: len(list_warnings(kind, wanted, limit=99)) for kind in K}
    assert count_warnings(Wanted([0])) == dict.fromkeys(K, 0)


def test_a_category_holds_what_lies_below_it(shop: Shop) -> None:
    from inventory.models import Category

    ids = [db.new_id() for _ in range(3)]
    db.insert(Category, ["id", "path"], list(zip(ids, ("食品", "食品/奶粉", "食品店"), strict=True)))
    Sku.objects.filter(id=shop.milk).update(category_id=ids[1])
    shop.stock("OLD", 1, -1)
    assert sorted(list_category_ids("食品")) == sorted(ids[:2])
    assert set(shop.found(K.EXPIRED, category_ids=ids[:2])) == {"OLD"}
    assert set(shop.found(K.EXPIRED, category_ids=[ids[2]])) == set()
    assert set(shop.found(K.EXPIRED, category_ids=[])) == set()


@pytest.fixture
def sick(tenant_id: int) -> Shop:
    """A shop with something of every kind, closed."""
    with tenant(tenant_id):
        facility = make.make_facility(code="HZ", name="杭州仓")
        milk = make.make_sku(code="=MILK", name="奶粉")
        Sku.objects.filter(id=milk).update(cost_minor=250)
        shop = Shop(tenant_id, facility, make.make_bin(facility, code="A-1"), milk, clock.today())
        shop.stock("OLD", 4, -1)
        shop.stock("NEAR", 6, 5)
        save_safety(rows=[SafetyInput(facility, milk, 100, 200)], actor_id=None)
    return shop


@pytest.mark.parametrize("kind", list(K))
def test_every_kind_has_its_page(sick: Shop, kind: WarningKind) -> None:
    keeper = sign_in(sick.tenant_id, Role.WAREHOUSE)
    page = keeper.get(f"/stock/warnings/?kind={kind}")
    assert page.status_code == 200
    assert len(page.context["rows"]) == (0 if kind == K.AGEING else 1)
    counts = keeper.get(f"/stock/warnings/counts/?kind={kind}").content.decode()
    assert "过期 <b" in counts


def test_costs_are_for_those_who_may_see_them(sick: Shop) -> None:
    def text(client: Client, path: str) -> str:
        return client.get(path).content.decode()

    for role, sees in (
        (Role.OPERATOR, True),
        (Role.FINANCE, True),
        (Role.WAREHOUSE, False),
        (Role.QUALITY, False),
    ):
        client = sign_in(sick.tenant_id, role)
        assert ("10.00" in text(client, "/stock/warnings/?kind=EXPIRED&sort=money")) is sees
        assert ("10.00" in table(client, "kind=EXPIRED")) is sees


def test_who_may_write_off_is_led_there(sick: Shop) -> None:
    for role, may in ((Role.WAREHOUSE, True), (Role.READONLY, False)):
        page = sign_in(sick.tenant_id, role).get("/stock/warnings/?kind=EXPIRED").content.decode()
        assert ('href="/stock/expired/' in page) is may


def test_a_clerk_sees_his_store_only(sick: Shop) -> None:
    with tenant(sick.tenant_id):
        store = make.make_store()
    clerk = sign_in(sick.tenant_id, Role.STORE, [store])
    assert clerk.get(f"/stock/warnings/?facility={sick.facility}").context["rows"] == []


def table(client: Client, query: str) -> str:
    return b"".join(client.get(f"/stock/warnings/export/?{query}")).decode("utf-8-sig")


def test_tables_leave_without_formulas(sick: Shop) -> None:
    owner = sign_in(sick.tenant_id, Role.OWNER)
    text = table(owner, "kind=EXPIRED")
    assert "'=MILK,奶粉,OLD" in text
    assert len(text.strip().splitlines()) == 2
    book = b"".join(owner.get("/stock/warnings/export/?kind=EXPIRED&format=xlsx"))
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")
    assert b">=MILK<" in sheet
    assert b"<f>" not in sheet


@pytest.mark.parametrize("kind", [K.EXPIRED, K.SELLING_OUT])
def test_a_table_has_every_row_however_many(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch, kind: WarningKind
) -> None:
    monkeypatch.setattr(views, "PART", 3)
    monkeypatch.setattr(views, "XLSX_MOST", 8)
    with tenant(tenant_id):
        facility = make.make_facility()
        shop = Shop(tenant_id, facility, make.make_bin(facility), make.make_sku(), clock.today())
        for number in range(8):
            shop.stock(f"L{number}", 2, -number // 2 if kind == K.EXPIRED else 20 + number // 2)
    client = sign_in(tenant_id, Role.OWNER)
    lines = table(client, f"kind={kind}").strip().splitlines()
    assert sorted(line.split(",")[4] for line in lines[1:]) == [f"L{number}" for number in range(8)]
    path = f"/stock/warnings/export/?kind={kind}&format=xlsx"
    assert b"".join(client.get(path))
    monkeypatch.setattr(views, "XLSX_MOST", 7)
    refused = client.get(path)
    assert refused.status_code == 422
    assert "下载 CSV" in refused.content.decode()


def test_a_cursor_of_nobody_is_refused(sick: Shop) -> None:
    owner = sign_in(sick.tenant_id, Role.OWNER)
    assert owner.get("/stock/warnings/?after=nonsense").status_code == 422
    assert owner.get("/stock/warnings/?kind=nonsense&stage=x&facility=x&sort=x").status_code == 200
