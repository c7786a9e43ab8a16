"""A lease: one holder at a time, kept by working, lost when its time is over, and never by who comes too late."""

from datetime import UTC, datetime, timedelta

import pytest

from core import db
from core.lease import Lease
from core.models import Job
from core.tenancy import tenant
from tests import builders as make
from tests.steps import Do

LEASE = Lease(Job)


@pytest.fixture
def do(tenant_id: int) -> Do:
    return Do(tenant_id)


@pytest.fixture
def row(do: Do) -> int:
    return do(make.make_job)


def take(do: Do, row: int, where: str = "true") -> int | None:
    with tenant(do.tenant_id):
        found = LEASE.take(row, where=where, returning="t.id")
    assert found is None or found[1] == (row,)
    return found[0] if found else None


def held(do: Do, row: int, token: int) -> bool:
    with tenant(do.tenant_id):
        return LEASE.hold(row, token) is not None


def until(do: Do, row: int) -> datetime:
    found: datetime = do(db.rows, "SELECT lease_until FROM core_job WHERE id = %s", row)[0][0]
    return found


def expire(do: Do, row: int) -> None:
    do(
        db.execute,
        "UPDATE core_job SET lease_until = clock_timestamp() - interval '1 second' WHERE id = %s",
        row,
    )


def test_one_at_a_time(do: Do, row: int) -> None:
    first = take(do, row)
    assert first is not None
    assert take(do, row) is None
    assert held(do, row, first)
    assert not held(do, row, first + 1)
    assert take(do, 1) is None, "no such row"


def test_what_must_hold_is_asked_in_the_same_statement(do: Do, row: int) -> None:
    assert take(do, row, "false") is None
    assert take(do, row) is not None


def test_who_is_too_slow_finds_that_another_has_it(do: Do, row: int) -> None:
    slow = take(do, row)
    assert slow is not None
    expire(do, row)
    fast = take(do, row)
    assert fast is not None
    assert not held(do, row, slow)
    assert held(do, row, fast)


def test_working_keeps_it_and_giving_it_back_ends_it(do: Do, row: int) -> None:
    token = take(do, row)
    expire(do, row)
    with tenant(do.tenant_id):
        assert LEASE.hold(row, token or 0, "id, lease_token") == (row, token)
        LEASE.extend(row)
    assert until(do, row) > datetime.now(UTC) + timedelta(seconds=LEASE.seconds - 60)
    assert take(do, row) is None
    do(db.execute, f"UPDATE core_job SET {LEASE.ends} WHERE id = %s", row)
    assert take(do, row) is not None
