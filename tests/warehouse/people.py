"""Signed-in browsers of Django's test client."""

from collections.abc import Sequence

from django.test import Client

from core import db
from core.accounts import Role
from core.services import accounts
from core.tenancy import tenant
from tests import builders


def sign_in(tenant_id: int, role: Role, facility_ids: Sequence[int] = ()) -> Client:
    """A new person of this role, signed in by the form."""
    with tenant(tenant_id):
        name = builders.unique(f"w{db.new_id()}-")
        user_id = accounts.create_user(username=name, name="王芳", password=builders.PASSWORD)
        accounts.join(user_id=user_id, role=role, facility_ids=facility_ids)
    client = Client()
    answer = client.post("/signin/", {"username": name, "password": builders.PASSWORD})
    assert answer.status_code == 302
    return client
