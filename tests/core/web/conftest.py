"""Fixtures for the tests of pages.  Django is not ready when this is read: imports stand inside."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.conftest import fresh_tenant
from tests.core.web.people import PASSWORD, Person

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts import Role


@pytest.fixture
def fresh() -> Callable[[], int]:
    """Makes a new tenant each time it is called; for tests that run one body many times."""
    return fresh_tenant


@pytest.fixture
def person() -> Person:
    from core.services.accounts import create_user

    username = f"p{uuid4().hex[:12]}@example.com"
    return Person(create_user(username=username, name="周敏", password=PASSWORD), username)


@pytest.fixture
def member(person: Person, tenant_id: int) -> "Callable[[Role], Client]":
    """Signs the person in as a member of the test's tenant."""
    from django.test import Client

    from core.services.accounts import join
    from core.tenancy import tenant

    def sign_in(role: "Role") -> Client:
        with tenant(tenant_id):
            join(user_id=person.id, role=role)
        client = Client()
        answer = client.post("/signin/", {"username": person.username, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return sign_in


@pytest.fixture
def second_company(person: Person) -> int:
    """Another company of the same person."""
    from core.accounts import Role
    from core.services.accounts import join
    from core.services.tenants import create_tenant
    from core.tenancy import tenant

    made = create_tenant(name="牧汀乳品", slug=f"t{uuid4().hex[:12]}")
    with tenant(made):
        join(user_id=person.id, role=Role.QUALITY)
    return made
