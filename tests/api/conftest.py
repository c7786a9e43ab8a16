"""Callers with keys.  Django is set up after this module is read, so what needs it is imported when it is used."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.client import Api


def caller(tenant_id: int) -> "Api":
    """Somebody with a new key of this tenant that may do everything."""
    from core.tenancy import tenant
    from tests.api.client import Api
    from tests.builders import make_token

    with tenant(tenant_id):
        return Api(make_token())


@pytest.fixture
def api(tenant_id: int) -> "Api":
    """A caller of a fresh tenant who may do everything."""
    return caller(tenant_id)


@pytest.fixture
def stranger(other_tenant_id: int) -> "Api":
    """A caller of another fresh tenant."""
    return caller(other_tenant_id)
