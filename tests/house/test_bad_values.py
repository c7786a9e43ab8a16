"""No value that a person or a program can send makes a 500: it is refused in words, and what was there stays.

Every form of every page is sent with each of its fields spoiled in turn; every address is asked with every parameter that any view
reads, spoiled; every body of the API with each of its fields spoiled.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from drf_spectacular.generators import SchemaGenerator

from core.tenancy import tenant
from inventory.models import Bin, Facility
from tests.api.client import Api
from tests.builders import unique
from tests.conftest import fresh_tenant
from tests.house.forms import Form, forms_of
from tests.house.source import FLOORS, sources
from tests.house.test_two_tenants import ALL, Route, signed_in
from tests.house.world import World, make_world

SPOILED = (
    "9" * 30, "\0", "99999-12-31", "9" * 5_000, "-1", "2147483648", "٣", "²", "1e400", "x" * 3_000,
    "9" * 18,
)  # fmt: skip
SPOILED_JSON: tuple[Any, ...] = (
    (1 << 63) - 1, "99999-12-31T00:00:00Z", -1, "9" * 400, "\u202e", "x" * 5_000, [], {}, None, True, 1e18,
)  # fmt: skip
EVERY = bool(os.environ.get("ERP_CAMPAIGN"))  # each field with each value; else each field with one, in turn
PAGES = [route for route in ALL if not route.is_api]
KEPT = {"csrfmiddlewaretoken"}
NEEDLESS = {"signout/", "language/"}  # about the browser, not about the merchant's data


@pytest.fixture(scope="module")
def world(database: object) -> World:
    return make_world(fresh_tenant())


def names_read() -> list[str]:
    """Every parameter that a view reads from an address."""
    found: set[str] = set()
    for source in sources(*FLOORS):
        if "/views" in source.name or "/web/" in source.name:
            found.update(re.findall(r"GET(?:\.get|\.getlist)?[\[(]\"(\w+)\"", source.text))
    return sorted(found)


def path_of(world: World, route: Route) -> str:
    return route.path({name: world.argument(name, route.view, route.route) for name in route.names})


@pytest.mark.parametrize("value", SPOILED if EVERY else SPOILED[:3], ids=lambda value: ascii(value)[:20])
def test_no_parameter_breaks_a_page(world: World, value: str) -> None:
    browser, names = signed_in(world), names_read()
    broken = [
        route.route
        for route in PAGES
        if route.route not in NEEDLESS
        and browser.get(path_of(world, route), dict.fromkeys(names, value)).status_code >= 500
    ]
    assert not broken


def test_no_field_of_a_form_breaks_a_page(world: World) -> None:
    broken, turn = set(), 0
    for form in every_form(world):
        browser = signed_in(world)
        for name in sorted(form.fields.keys() - KEPT):
            for value in _some(SPOILED, turn):
                answer = browser.post(form.action, form.fields | {name: value})
                if answer.status_code >= 500:
                    broken.add(f"{form.action} {name} {ascii(value)[:40]}")
            turn += 1
    assert turn > 100, "the forms of the pages were found"
    assert not broken


def test_no_field_of_a_body_breaks_the_api(world: World) -> None:
    broken, turn, api = set(), 0, Api(world.token)
    for path, method, body in every_body(world):
        for place in _leaves(body):
            for value in _some(SPOILED_JSON, turn):
                data = json.dumps(_spoiled(body, place, value))
                headers = {"Authorization": f"Bearer {world.token}", "Idempotency-Key": unique("bad-")}
                answer = api.client.generic(
                    method, path, data, content_type="application/json", headers=headers
                )
                if answer.status_code >= 500:
                    broken.add(f"{method} {path} {place} {ascii(value)[:40]}")
            turn += 1
    assert turn > 100, "the bodies of the API were found"
    assert not broken


def test_a_list_that_is_named_by_its_filters_takes_no_number_for_a_kind(world: World) -> None:
    """The choice "all of this list" carries the filters of the list inside one field."""
    path, browser = f"/stock/places/{world.ids[Facility]}/archive-bins/", signed_in(world)
    for query in (f"kind={'9' * 4_000}", f"kind={'9' * 30}", "zone=%00", "q=%00"):
        answer = browser.post(f"{path}", {"all": "1", "query": f"{query}&only=archived"})
        assert answer.status_code in {302, 422}, query
    with tenant(world.tenant_id):
        assert Bin.objects.filter(is_active=True).exists()


def _some(values: tuple[Any, ...], turn: int) -> tuple[Any, ...]:
    """All of them in a campaign; else one, and over the fields all of them come round."""
    return values if EVERY else (values[turn % len(values)],)


def every_body(world: World) -> Iterator[tuple[str, str, Any]]:
    """(address, method, a sound-looking body) of everything that the API's own description takes."""
    schema = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    routes = {re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{route.route}"): route for route in ALL if route.is_api}
    for path, methods in schema["paths"].items():
        route = routes.get(path) or routes.get(path.replace("{id}", "{pk}"))
        for method, told in methods.items():
            content = told.get("requestBody", {}).get("content", {}).get("application/json")
            if content and route:
                yield path_of(world, route), method.upper(), _sample(content["schema"], schema, "")


def _sample(shape: dict[str, Any], schema: dict[str, Any], name: str) -> Any:
    if ref := shape.get("$ref"):
        return _sample(schema["components"]["schemas"][ref.rpartition("/")[2]], schema, name)
    for many in ("allOf", "oneOf", "anyOf"):
        if many in shape:
            return _sample(shape[many][0], schema, name)
    if "enum" in shape:
        return shape["enum"][0]
    kind = shape.get("type")
    kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
    if kind == "object":
        return {key: _sample(inner, schema, key) for key, inner in shape.get("properties", {}).items()}
    if kind == "array":
        return [_sample(shape["items"], schema, name)]
    if kind in {"integer", "number"}:
        return max(1, int(shape.get("minimum", 1)))
    if kind == "boolean":
        return True
    known = {"date": "2031-01-01", "date-time": "2031-01-01T08:00:00+08:00", "decimal": "1.00"}
    named = {
        "facility": "WH",
        "bin": "A-1",
        "sku": "S",
        "lot": "L1",
        "code": "S",
        "from_facility": "WH",
        "to_facility": "WH2",
    }
    return known.get(str(shape.get("format")), named.get(name, "X"))


def _leaves(body: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        if isinstance(value, dict | list):
            yield from _leaves(value, (*place, key))
        else:
            yield (*place, key)


def _spoiled(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    if not place:
        return value
    copy: Any = dict(body) if isinstance(body, dict) else list(body)
    copy[place[0]] = _spoiled(body[place[0]], place[1:], value)
    return copy


def every_form(world: World) -> Iterator[Form]:
    """The forms that any page offers, each once for its address and fields."""
    browser, seen = signed_in(world), set()
    for route in PAGES:
        if route.route in NEEDLESS:
            continue
        path = path_of(world, route)
        answer = browser.get(path)
        if answer.status_code != 200 or "text/html" not in answer.headers.get("Content-Type", ""):
            continue
        for form in forms_of(answer.content.decode(), path):
            key = (re.sub(r"\d+", "N", urlsplit(form.action).path), tuple(sorted(form.fields)))
            if form.method == "POST" and key not in seen and form.action.strip("/") + "/" not in NEEDLESS:
                seen.add(key)
                yield form
