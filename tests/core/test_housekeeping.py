"""What is old and done is forgotten; what is new, or not done, or proves something, stays."""

import pytest
from django.db import ProgrammingError

from core import db, housekeeping, invariants, outbox, relay
from core.services import accounts
from core.tenancy import tenant
from tests import builders as make
from tests.conftest import fresh_tenant


def heard(_payload: object) -> None:
    accounts.record("heard", "event", None, actor_id=None)


def ages(tenant_id: int) -> list[int]:
    with tenant(tenant_id):
        return [
            row[0]
            for row in db.rows(
                "SELECT extract(day FROM clock_timestamp() - coalesce(done_at, at))::int FROM core_outbox ORDER BY 1"
            )
        ]


def test_only_what_is_old_and_done_is_forgotten(tenant_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "nudge", lambda *_asked: None)
    monkeypatch.setattr(relay, "handlers", lambda _topic: (heard,))
    other = fresh_tenant()
    for each in (tenant_id, other):
        with tenant(each):
            for _ in range(3):
                outbox.emit("Said", {})
            make.make_idempotent_request(make.make_api_key())
            make.make_idempotent_request(make.make_api_key())
        relay.deliver(each)
        with tenant(each):
            db.execute(
                "UPDATE core_outbox SET done_at = CASE n WHEN 1 THEN done_at - interval '31 days' WHEN 2 THEN NULL ELSE done_at END,"
                " at = at - interval '90 days' FROM (SELECT id AS fact, row_number() OVER (ORDER BY id) AS n FROM core_outbox) o"
                " WHERE id = fact"
            )
            db.execute(
                "UPDATE core_idempotentrequest SET created_at = created_at - interval '8 days'"
                " WHERE id = (SELECT min(id) FROM core_idempotentrequest)"
            )
    assert housekeeping.forget() >= 4
    for each in (tenant_id, other):
        assert ages(each) == [0, 90], "the fact nobody heard waits, however old"
        with tenant(each):
            assert db.rows("SELECT count(*) FROM core_inbox") == [(2,)]
            assert db.rows("SELECT count(*) FROM core_idempotentrequest") == [(1,)]
        assert not [found.name for found in invariants.prove(each) if found.name.startswith("core.inbox")]
    assert housekeeping.forget() == 0


def test_the_app_may_not_forget(tenant_id: int) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), tenant(tenant_id):
        db.rows("SELECT core_forget(0, 0, 1)")
