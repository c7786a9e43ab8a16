"""Statements of every page and endpoint: at most its budget in query_budgets.json, 12 where it has none; the same at any size."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from core.api.views import ListView
from core.tenancy import tenant
from inventory.models import Facility
from tests.api.client import Api
from tests.builders import incoming, make_bin, make_sku, make_stock
from tests.conftest import fresh_tenant
from tests.house.source import ROOT
from tests.house.test_two_tenants import ALL, Route, ask, signed_in
from tests.house.world import World, make_world

MOST = 12
BUDGETS: dict[str, int] = json.loads((ROOT / "tests" / "house" / "query_budgets.json").read_text())
LISTS = [route for route in ALL if issubclass(getattr(route.view, "cls", object), ListView)]


@pytest.fixture(scope="module")
def world(database: object) -> World:
    return make_world(fresh_tenant())


@contextmanager
def statements() -> Iterator[list[str]]:
    """Everything sent to the database inside the block, session and scope included."""
    seen: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        seen.append(str(sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def cost(world: World, route: Route) -> list[str]:
    """What one GET sends to the database."""
    path = route.path({name: world.argument(name, route.view, route.route) for name in route.names})
    ask(world, route, "GET", path)  # what is read once a process does not count
    browser = signed_in(world)
    with statements() as seen:
        ask(world, route, "GET", path, browser=browser)
    return seen


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.route)
def test_a_page_stays_within_its_budget(route: Route, world: World) -> None:
    seen = cost(world, route)
    most = BUDGETS.get(route.route, MOST)
    listed = "\n".join(" ".join(sql.split())[:160] for sql in seen)
    assert len(seen) <= most, f"{route.route}: {len(seen)} statements, budget {most}\n{listed}"


def test_budgets_are_of_addresses_that_exist() -> None:
    assert set(BUDGETS) <= {route.route for route in ALL}


def test_lists_cost_the_same_with_more_rows(database: object) -> None:
    world = make_world(fresh_tenant())
    before = {route.route: len(cost(world, route)) for route in LISTS}
    with tenant(world.tenant_id):
        bin_id = make_bin(world.ids[Facility])
        for number in range(30):
            make_stock(bin_id, make_sku(barcodes=[f"68{world.tenant_id}{number:04}"]), 1)
    orders = [
        {
            "external_number": f"N{number}",
            "placed_at": "2026-06-01T08:30:00+08:00",
            "amount": "10",
            "lines": [{"code": incoming().external_number, "quantity": 1, "unit_price": "10"}],
        }
        for number in range(30)
    ]
    assert Api(world.token).post("orders/", {"channel": "SHOP", "orders": orders}).json()["created"] == 30
    after = {route.route: len(cost(world, route)) for route in LISTS}
    assert after == before


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.route)
def test_every_sort_of_a_list_is_served_by_an_index(route: Route, world: World) -> None:
    """As the app role, with the planner told to avoid sorting: an index that starts with the tenant gives the order."""
    for name, sort in route.view.cls.sorts.items():
        needs = {need: world_value(world, need) for need in sort.needs}
        query = "&".join([f"sort={name}", *(f"{need}={value}" for need, value in needs.items())])
        page = [
            sql for sql in captured(world, route, f"?{query}") if "ORDER BY" in sql and "LIMIT 101" in sql
        ]
        assert page, f"{route.route}?{query}"
        plan = explain(world, page[0])
        nodes = [line.strip().removeprefix("->").strip() for line in plan.splitlines()]
        assert "Sort" not in nodes, f"{query}\n{plan}"
        assert not any(node.startswith("Seq Scan") for node in nodes), f"{query}\n{plan}"


def world_value(world: World, need: str) -> object:
    values: dict[str, object] = {"status": "STOPPED", "queue_of": world.ids[Facility]}
    return values.get(need) or world.argument(
        "balance_id" if need.endswith("_balance") else f"{need}_id", None
    )


def captured(world: World, route: Route, query: str) -> list[str]:
    """The page's statements with their values in them."""
    seen: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        seen.append(context["cursor"].cursor.query.decode())
        return answer

    path = route.path({name: world.argument(name, route.view, route.route) for name in route.names})
    with connection.execute_wrapper(note):
        answer = ask(world, route, "GET", path + query)
    assert answer.status_code == 200, answer.content
    return seen


def explain(world: World, sql: str) -> str:
    with tenant(world.tenant_id), connection.cursor() as cursor:
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            cursor.execute(f"SET LOCAL {setting} = off")
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql.replace('%', '%%')}")
        return "\n".join(line for (line,) in cursor.fetchall())
