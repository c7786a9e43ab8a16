"""Every address of the product, asked by one merchant with another merchant's ids.

The list is read from the URL map, so a new address is in it by itself.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from core.models import User
from tests.conftest import fresh_tenant
from tests.house.world import World, make_world

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
CLOSED = {301, 302, 403, 404, 405, 415, 429}
NOT_THERE = {403, 404, 405}
NOBODYS = (1 << 53) - 7  # an id that no row has


@dataclass(frozen=True)
class Route:
    """One address: its text with places for arguments, their names, its view."""

    route: str
    names: tuple[str, ...]
    view: Any

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/")

    @property
    def is_public(self) -> bool:
        return bool(getattr(self.view, "is_public", False))

    def path(self, values: dict[str, int]) -> str:
        text = self.route
        for name, value in values.items():
            start = text.rindex("<", 0, text.index(f"{name}>"))
            text = text[:start] + str(value) + text[text.index(">", start) + 1 :]
        return f"/{text}"


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Route]:
    """Every pattern of the URL map, flat.  Patterns that are no plain routes (the API's catch-all) have no arguments of ours."""
    for entry in (resolver or get_resolver()).url_patterns:
        if not isinstance(entry.pattern, RoutePattern):
            continue
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        else:
            assert isinstance(entry, URLPattern)
            names = tuple(part.partition(">")[0].rpartition(":")[2] for part in route.split("<")[1:])
            yield Route(route, names, entry.callback)


ALL = list(routes())
WITH_IDS = [route for route in ALL if route.names]
WITHOUT_IDS = [route for route in ALL if not route.names]


@pytest.fixture(scope="module")
def here(database: object) -> World:
    """The merchant who asks."""
    return make_world(fresh_tenant())


@pytest.fixture(scope="module")
def there(database: object) -> World:
    """The merchant whose ids are asked for."""
    return make_world(fresh_tenant())


def signed_in(world: World) -> Client:
    """A browser in which the owner of this merchant is signed in."""
    user = User.objects.get(id=world.user_id)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "core.web.auth.AccountBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["tenant_id"] = world.tenant_id
    session.create()
    client = Client(raise_request_exception=False)
    client.cookies["cf_session"] = str(session.session_key)
    return client


def ask(
    world: World,
    route: Route,
    method: str,
    path: str,
    fields: dict[str, Any] | None = None,
    browser: Client | None = None,
) -> Any:
    """One request as the owner, or with the key that may do everything."""
    if route.is_api:
        body = {"facility": "WH", "document": "D-1", "reason": "试试", "kind": "HELD", **(fields or {})}
        headers = {"Authorization": f"Bearer {world.token}"}
        if method != "GET":
            headers["Idempotency-Key"] = f"{method}{path}{world.tenant_id}".replace("/", "-")[:120]
        client = Client(raise_request_exception=False)
        data = b"" if method == "GET" else json.dumps(body).encode()
        return client.generic(method, path, data, content_type="application/json", headers=headers)
    client = browser or signed_in(world)
    if method == "POST":
        return client.post(path, {"document": "D-1", "reason": "试试", **(fields or {})})
    return client.generic(method, path)


@pytest.mark.parametrize("route", WITH_IDS, ids=lambda route: route.route)
def test_foreign_ids_are_not_there(route: Route, here: World, there: World) -> None:
    own = {name: here.argument(name, route.view, route.route) for name in route.names}
    before, browser = there.digests(), signed_in(here)
    for foreign in route.names:
        path = route.path(own | {foreign: there.argument(foreign, route.view, route.route)})
        for method in METHODS:
            answer = ask(here, route, method, path, browser=browser)
            allowed = CLOSED if route.is_public else NOT_THERE
            assert answer.status_code in allowed, (
                f"{method} {path}: {answer.status_code}\n{answer.content[:1000]!r}"
            )
            if method in {"GET", "POST"}:
                missing = ask(here, route, method, route.path(own | {foreign: NOBODYS}), browser=browser)
                assert missing.status_code == answer.status_code, (
                    f"{method} {path}: foreign and missing differ"
                )
    assert there.digests() == before


@pytest.mark.parametrize("route", WITH_IDS, ids=lambda route: route.route)
def test_own_ids_are_there(route: Route, here: World) -> None:
    """So that a 404 above says something: the same address with the asker's own ids is found."""
    path = route.path({name: here.argument(name, route.view, route.route) for name in route.names})
    answer = ask(here, route, "GET", path)
    assert answer.status_code in {200, 302, 405}, (
        f"GET {path}: {answer.status_code}\n{answer.content[:1000]!r}"
    )


@pytest.mark.parametrize("route", WITH_IDS, ids=lambda route: route.route)
def test_strangers_are_sent_to_the_door(route: Route, there: World) -> None:
    path = route.path({name: there.argument(name, route.view, route.route) for name in route.names})
    for method in METHODS:
        answer = Client(raise_request_exception=False).generic(method, path)
        allowed = {401} if route.is_api else {302, 403, 405}
        assert answer.status_code in allowed, f"{method} {path}: {answer.status_code}"


@pytest.mark.parametrize("route", WITHOUT_IDS, ids=lambda route: route.route)
def test_foreign_ids_in_a_form_reach_nothing(route: Route, here: World, there: World) -> None:
    """Addresses without ids, sent a form full of the other merchant's ids: whatever they answer, nothing of his changes."""
    ids: dict[str, Any] = {f"{model.__name__.lower()}_id": value for model, value in there.ids.items()}
    ids |= {f"{model.__name__.lower()}": value for model, value in there.ids.items()}
    ids |= {f"{model.__name__.lower()}_ids": [value] for model, value in there.ids.items()}
    ids |= {"id": there.ids[next(iter(there.ids))], "tenant": there.tenant_id, "tenant_id": there.tenant_id}
    before = there.digests()
    path = route.path({})
    for method in ("GET", "POST"):
        url = f"{path}?order_id={ids['order_id']}&facility={ids['facility']}" if method == "GET" else path
        answer = ask(here, route, method, url, ids)
        assert answer.status_code < 500, f"{method} {path}: {answer.status_code}\n{answer.content[:2000]!r}"
    assert there.digests() == before


def test_an_address_with_an_unknown_argument_says_what_to_do(here: World) -> None:
    with pytest.raises(LookupError, match=r"ARGUMENTS of tests/house/world\.py"):
        here.argument("pigeon_id", None)
