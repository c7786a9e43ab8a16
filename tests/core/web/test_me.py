"""A person's own page: where he gets mail."""

from collections.abc import Callable

import pytest
from django.test import Client

from core.accounts import Role
from core.models import AuditEntry, User
from core.tenancy import tenant
from tests.core.web.people import Person


def test_a_person_says_where_mail_goes(
    member: Callable[[Role], Client], person: Person, tenant_id: int
) -> None:
    client = member(Role.QUALITY)
    assert 'href="/me/"' in client.get("/jobs/").content.decode()
    assert "收提醒的邮箱" in client.get("/me/").content.decode()
    assert client.post("/me/", {"email": " boss@example.com "}).status_code == 302
    assert User.objects.get(id=person.id).email == "boss@example.com"
    assert 'value="boss@example.com"' in client.get("/me/").content.decode()
    with tenant(tenant_id):
        (entry,) = AuditEntry.objects.filter(action="set_email")
        assert (entry.actor_id, entry.object_id, entry.detail) == (person.id, person.id, {})
    assert client.post("/me/", {"email": ""}).status_code == 302
    assert User.objects.get(id=person.id).email == ""


@pytest.mark.parametrize(
    "email", ["boss", "a@b", "a@example.com\nBcc: b@example.com", "x" * 300 + "@example.com"]
)
def test_what_is_no_address_is_refused(member: Callable[[Role], Client], person: Person, email: str) -> None:
    answer = member(Role.OWNER).post("/me/", {"email": email})
    assert answer.status_code == 422
    assert User.objects.get(id=person.id).email == ""


def test_strangers_have_no_page() -> None:
    assert Client().get("/me/").status_code == 302
