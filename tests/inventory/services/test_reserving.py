"""Reserve for many: whole or not at all, first come first served, in two trips; and row by row what bare SQL does on tables alike."""

import itertools
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from bench.bare_sql import reserve as bare
from bench.bare_sql.reserve import Bare, Order
from core import clock, db
from core.tenancy import tenant
from inventory.errors import BadQuantity
from inventory.models import BinKind, Hold
from inventory.queries import available, first_sellable
from inventory.rules.promise import Shortage
from inventory.services.reserving import ReserveInput, ReserveLine, ReserveResult, reserve
from script.house.roles import connect
from tests import builders as make
from tests import laws
from tests.inventory.services import stock
from tests.inventory.services.stock import DAY
from tests.inventory.services.test_moving import Counter

SHIP_BY = datetime(2026, 11, 13, 8, tzinfo=UTC)


def wish(owner: int, *lines: tuple[int, int], day: date = DAY, priority: int = 0) -> ReserveInput:
    rows = tuple(ReserveLine(owner * 10 + n, sku, units) for n, (sku, units) in enumerate(lines))
    return ReserveInput(owner, rows, day, SHIP_BY, priority)


def test_first_come_first_served_and_whole_or_not_at_all(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, one, two = make.make_facility(), make.make_sku(), make.make_sku()
        bin_id = make.make_bin(facility)
        make.make_stock(bin_id, one, 10)
        make.make_stock(bin_id, two, 3)
        wishes = [
            wish(1, (one, 4)),
            wish(2, (one, 1), (two, 4)),
            wish(3, (one, 6), (two, 3)),
            wish(4, (one, 1)),
        ]
        done = reserve(facility_id=facility, requests=wishes)
        assert done == ReserveResult((1, 3), (Shortage(2, two, 4, 3), Shortage(4, one, 1, 0)))
        assert [stock.reserved(owner) for owner in (1, 2, 3, 4)] == [4, 0, 9, 0]
        assert available(facility, one, DAY) == available(facility, two, DAY) == 0
        lines = "SELECT line_ref, quantity, priority, ship_by FROM inventory_reservation WHERE owner_ref = 3 ORDER BY 1"
        assert db.rows(lines) == [(30, 6, 0, SHIP_BY), (31, 3, 0, SHIP_BY)]
    assert not laws.broken(tenant_id, "inventory.")


def test_a_quantity_of_nothing_is_refused(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        for units in (0, -1):
            with pytest.raises(BadQuantity):
                reserve(facility_id=facility, requests=[wish(1, (sku, units))])
        assert reserve(facility_id=facility, requests=[]) == ReserveResult((), ())


def test_goods_of_another_tenant_are_not_there(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        make.make_stock(make.make_bin(facility), sku, 10)
        reserve(facility_id=facility, requests=[wish(1, (sku, 1))])
    with pytest.raises(IntegrityError), tenant(tenant_id):
        reserve(facility_id=facility, requests=[wish(2, (sku, 1))])
    with tenant(other_tenant_id):
        assert available(facility, sku, DAY) == 9


def test_a_thousand_owners_cost_what_one_costs(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        bins, skus = make.make_bins(facility, 20), [make.make_sku() for _ in range(20)]
        for bin_id, sku in zip(bins, skus, strict=True):
            make.make_stock(bin_id, sku, 500)
    for count in (1, 1_000, 1):
        wishes = [wish(n, (skus[n % 20], 1), (skus[n % 7], 1)) for n in range(1, count + 1)]
        with tenant(tenant_id), connection.execute_wrapper(counter := Counter()):
            assert len(reserve(facility_id=facility, requests=wishes).granted) == count
        assert counter.count == 2
    assert not laws.broken(tenant_id, "inventory.")


# Bare SQL, the other side of script/bench reserve.


@pytest.fixture
def cursor(admin_url: str) -> Iterator[Any]:
    with closing(connect(admin_url)) as admin, admin.cursor() as opened:
        yield opened
        opened.execute(f"DROP SCHEMA IF EXISTS {bare.SCHEMA} CASCADE")


def odd_stock(luck: random.Random) -> tuple[int, list[int]]:
    """A facility with every kind of bin, lots that expire, expired, never expire, and holds of every scope; all anchors made."""
    facility, skus = make.make_facility(), [make.make_sku() for _ in range(4)]
    kinds = [kind for kind in BinKind if kind != BinKind.TRANSIT]  # nothing is received on the road
    bins = [make.make_bin(facility, kind) for kind in kinds] + make.make_bins(facility, 6)
    days = [None, clock.today() - timedelta(1), clock.today(), clock.today() + timedelta(1), date(2099, 1, 1)]
    lots = []
    for sku in skus:
        for _ in range(8):
            bin_id, day = luck.choice(bins), luck.choice(days)
            lots.append((make.make_stock(bin_id, sku, luck.randint(1, 6), expires_on=day), sku, bin_id))
    for lot, sku, bin_id in luck.sample(lots, 4):
        of_lot = {"lot": lot, "sku": sku}
        scope = luck.choice([of_lot, {**of_lot, "facility": facility}, {"bin": bin_id}])
        row = {"id": db.new_id(), "kind": "HELD", "document": "D", "reason": "抽检", **scope}
        db.insert(Hold, list(row), [tuple(row.values())])
    reserve(facility_id=facility, requests=[wish(1, *((sku, 10_000) for sku in skus))])
    return facility, skus


@pytest.mark.parametrize("seed", range(4))
def test_bare_sql_ends_with_the_same_rows(tenant_id: int, cursor: Any, admin_url: str, seed: int) -> None:
    luck = random.Random(seed)
    with tenant(tenant_id):
        facility, skus = odd_stock(luck)
        floor = first_sellable()
    bare.prepare(cursor, tenant_id)
    days = [DAY, date(2090, 1, 1), date(2099, 1, 1), date(2099, 1, 2)]
    batches, owners = [], itertools.count(2)
    for _ in range(12):
        batch = []
        for owner in itertools.islice(owners, luck.choice([1, 1, 5])):
            chosen = luck.sample(skus, luck.randint(1, 3))
            rows = tuple((owner * 10 + n, sku, luck.randint(1, 3)) for n, sku in enumerate(chosen))
            batch.append(Order(owner, rows, luck.choice(days), SHIP_BY, luck.randint(0, 2)))
        batches.append(batch)
    with closing(connect(admin_url)) as plain:
        plain.autocommit = False
        side = Bare(plain, tenant_id, facility, floor)
        theirs = [side.reserve(batch) for batch in batches]
    mine = []
    for batch in batches:
        requests = [
            ReserveInput(o.owner, tuple(ReserveLine(*line) for line in o.lines), o.min_expires_on, o.ship_by, o.priority)
            for o in batch
        ]  # fmt: skip
        with tenant(tenant_id):
            mine.append(list(reserve(facility_id=facility, requests=requests).granted))
    assert mine == theirs
    assert 0 < sum(map(len, mine)) < sum(map(len, batches)), "some were short"
    assert bare.end_state(cursor, "public", tenant_id) == bare.end_state(cursor, bare.SCHEMA, tenant_id)
    assert not laws.broken(tenant_id, "inventory.")


SHAPE = {
    "columns": "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns"
    " WHERE table_schema = %s AND table_name = %s ORDER BY 1",
    "constraints": "SELECT contype, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = (%s || '.' || %s)::regclass AND contype <> 'n' ORDER BY 1, 2",
    "indexes": "SELECT replace(regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON'), 'ON {}.', 'ON ') FROM pg_indexes"
    " WHERE schemaname = %s AND tablename = %s ORDER BY 1",
    "options": "SELECT reloptions FROM pg_class WHERE oid = (%s || '.' || %s)::regclass",
}


def test_bare_sql_works_on_tables_of_the_same_shape(tenant_id: int, cursor: Any) -> None:
    bare.prepare(cursor, tenant_id)
    for table in bare.TABLES:
        for what, sql in SHAPE.items():
            found = []
            for schema in ("public", bare.SCHEMA):
                cursor.execute(f"SET search_path = {schema}")
                cursor.execute(sql.format(schema), [schema, f"inventory_{table}"])
                found.append(cursor.fetchall())
            mine = found[0]
            if what == "constraints":  # keys to tables that reserve does not touch
                mine = [c for c in mine if c[0] != "f" or any(f"inventory_{t}(" in c[1] for t in bare.TABLES)]
            assert mine == found[1], (table, what)
