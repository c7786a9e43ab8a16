"""A clerk of one store sees that store and nothing of any other place: every page and address, walked with a second facility full of
goods and papers whose names appear nowhere else.

The ids in addresses come from tests/house/world.py, whose warehouse is the other facility here.  What belongs to the whole merchant
(SKUs, categories, suppliers, orders' own pages) may be seen by the roles that may open it; their codes are not of a place.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from core import db
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import (
    Adjustment,
    Allocation,
    Assembly,
    Balance,
    Bin,
    BinKind,
    CountTask,
    Facility,
    Hold,
    PurchaseOrder,
    Receipt,
    StockCount,
    Transfer,
)
from tests import builders as make
from tests.conftest import fresh_tenant
from tests.house.test_two_tenants import ALL, Route
from tests.house.world import World, make_world
from tests.warehouse.people import sign_in
from warehouse.models import Parcel, Wave

FLOORS = ("stock/", "skus/", "counts/", "purchases/", "transfers/", "waves/", "parcels/")
MARK = "ZQXJ"  # in every name and code of the other place, and in nothing else
HIDDEN = {403, 404, 405}
EVERY = bool(os.environ.get("ERP_CAMPAIGN"))
ROLES = (
    Role.STORE,
    Role.WAREHOUSE,
    *((Role.QUALITY, Role.OPERATOR, Role.FINANCE, Role.READONLY) if EVERY else ()),
)
DESTINATIONS = {"transfers/new/"}  # goods are sent to another place by its name
# Arguments that name what belongs to the whole merchant, or to the store itself.
OF_A_PLACE = (
    Adjustment, Allocation, Assembly, Balance, Bin, CountTask, Facility, Hold, Parcel, PurchaseOrder, Receipt, StockCount, Transfer, Wave,
)  # fmt: skip
SHARED = {
    "sku_id", "category_id", "product_id", "picture_id", "bundle_id", "supplier_id", "rule_id", "catalogue_import_id",
    "digest_id", "job_id",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(database: object) -> World:
    """The world's warehouse and everything in it is marked; the store has goods of its own."""
    world = make_world(fresh_tenant())
    with tenant(world.tenant_id):
        store = make.make_store(code="MINE")
        shelf = make.make_bin(store, code="M-1")
        make.make_bin(store, BinKind.TOTE, code="M-T")
        own = make.make_sku(code="OWN")
        make.make_stock(shelf, own, 5, lot="L-OWN")
        world.particular["mine"] = store
        _mark(store)
    return world


def _mark(store: int) -> None:
    """Whatever bears a name and lies elsewhere bears the mark."""
    places = "SELECT id FROM inventory_facility WHERE id <> %s"
    db.execute(
        f"UPDATE inventory_facility SET name = '{MARK}-' || code, code = '{MARK}' || code WHERE id <> %s",
        store,
    )
    db.execute(f"UPDATE inventory_bin SET code = '{MARK}' || code WHERE facility_id IN ({places})", store)
    lots = f"SELECT lot_id FROM inventory_balance WHERE facility_id IN ({places})"
    db.execute(f"UPDATE inventory_lot SET code = '{MARK}' || code WHERE id IN ({lots})", store)
    for table, column in (
        ("inventory_transfer", "number"), ("inventory_stockcount", "number"), ("inventory_adjustment", "number"),
        ("inventory_purchaseorder", "number"), ("warehouse_wave", "code"),
    ):  # fmt: skip
        db.execute(f"UPDATE {table} SET {column} = left('{MARK}' || {column}, 20)")
    db.execute(f"UPDATE inventory_hold SET document = '{MARK}', reason = '{MARK}'")


@pytest.fixture(scope="module")
def clerks(world: World) -> dict[Role, Client]:
    """People bound to the store."""
    return {role: sign_in(world.tenant_id, role, [world.particular["mine"]]) for role in ROLES}


PAGES = [route for route in ALL if route.route.startswith(FLOORS) and route.route not in DESTINATIONS]


def path_of(world: World, route: Route) -> str:
    return route.path({name: world.argument(name, route.view, route.route) for name in route.names})


def leaks(world: World, text: str) -> str:
    """Where the mark or an id of the other place stands, with a little around it; empty when neither does."""
    ids = "|".join(str(world.ids[model]) for model in OF_A_PLACE)
    found = re.search(rf'.{{0,80}}{MARK}.{{0,40}}|[\\w-]+="[^"]*\\b(?:{ids})\\b[^"]*"', text, re.DOTALL)
    return found[0] if found else ""


def text_of(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return bytes(body).decode(errors="replace")


def faults(world: World, route: Route, browser: Client) -> Iterator[str]:
    """What is wrong with this address for this person."""
    path = path_of(world, route)
    answer = browser.get(path)
    if answer.status_code >= 500:
        yield f"GET {path}: {answer.status_code}"
    if answer.status_code == 200 and (leak := leaks(world, text_of(answer))):
        yield f"GET /{route.route} shows: {' '.join(leak.split())}"
    if set(route.names) - SHARED:
        if answer.status_code not in HIDDEN:
            yield f"GET /{route.route} of the other place: {answer.status_code}"
        answer = browser.post(path, {"document": "D", "reason": "试"})
        if answer.status_code not in HIDDEN:
            yield f"POST /{route.route} of the other place: {answer.status_code}"
    elif not route.names and (leak := leaks(world, text_of(browser.post(path, {})))):
        yield f"POST /{route.route} shows: {' '.join(leak.split())}"


@pytest.mark.parametrize("role", ROLES)
def test_who_is_bound_to_a_store_sees_nothing_of_the_rest(
    world: World, clerks: dict[Role, Client], role: Role
) -> None:
    before = world.digests()
    wrong = [said for route in PAGES for said in faults(world, route, clerks[role])]
    assert not wrong, "\n".join(wrong)
    after = world.digests()
    touched = [table for table in before if before[table] != after[table]]
    assert not touched, touched


def test_the_other_place_is_really_there(world: World) -> None:
    """So that the silence above says something: who may see everything reads the mark on these very pages."""
    browser = sign_in(world.tenant_id, Role.OWNER)
    shown = [route.route for route in PAGES if leaks(world, text_of(browser.get(path_of(world, route))))]
    assert len(shown) > 30, shown
