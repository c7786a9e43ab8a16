"""The outbox and its relay: said with the effect or not at all, delivered at least once, each effect once, in order."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import db, outbox, relay
from core.circuit import Circuit
from core.models import AuditEntry, Outbox
from core.services import accounts
from core.tenancy import current_tenant, tenant

Payload = Mapping[str, Any]
Wire = Callable[..., None]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """wire(Said=[handler, …]): who listens, for this test.  Workers are not nudged: the test delivers."""
    monkeypatch.setattr(outbox, "nudge", lambda task, *ids: None)

    def set_handlers(**table: Sequence[relay.Handler]) -> None:
        monkeypatch.setattr(relay, "handlers", lambda topic: tuple(table.get(topic, ())))

    return set_handlers


def heard(payload: Payload) -> None:
    accounts.record("heard", "event", payload["n"], actor_id=None)


def also_heard(payload: Payload) -> None:
    accounts.record("also heard", "event", payload["n"], actor_id=None)


def effects(tenant_id: int, action: str = "heard") -> list[int | None]:
    with tenant(tenant_id):
        return list(
            AuditEntry.objects.filter(action=action).order_by("at", "id").values_list("object_id", flat=True)
        )


def say(tenant_id: int, *numbers: int) -> list[int]:
    with tenant(tenant_id):
        return [outbox.emit("Said", {"n": n}) for n in numbers]


def event(tenant_id: int, event_id: int) -> Outbox:
    with tenant(tenant_id):
        return Outbox.objects.get(id=event_id)


def make_due(tenant_id: int) -> None:
    """Let the pause pass."""
    with tenant(tenant_id):
        db.execute(
            "UPDATE core_outbox SET next_try_at = clock_timestamp() WHERE next_try_at < 'infinity' AND done_at IS NULL"
        )


def test_nothing_is_said_when_the_transaction_rolls_back(tenant_id: int, wire: Wire) -> None:
    wire(Said=[heard])
    with pytest.raises(ZeroDivisionError), tenant(tenant_id):
        outbox.emit("Said", {"n": 1})
        raise ZeroDivisionError
    assert relay.deliver(tenant_id) == 0
    assert effects(tenant_id) == []


def test_the_nudge_comes_once_a_transaction_and_only_after_the_commit(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudges: list[tuple[object, ...]] = []
    monkeypatch.setattr(outbox, "nudge", lambda *asked: nudges.append(asked))
    with pytest.raises(ZeroDivisionError), tenant(tenant_id):
        outbox.emit("Said", {})
        raise ZeroDivisionError
    with tenant(tenant_id):
        outbox.emit("Said", {})
        outbox.emit("Said", {})
        assert nudges == []
    assert nudges == [("core.tasks.deliver", tenant_id)]


def test_a_broker_that_is_away_is_left_alone_and_loses_nothing(
    tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []

    class Task:
        @staticmethod
        def apply_async(**_options: object) -> None:
            calls.append(1)
            raise ConnectionError("away")

    monkeypatch.setattr(outbox, "_broker", Circuit(pause_s=60))
    monkeypatch.setattr(outbox, "import_string", lambda _name: Task)
    for n in range(5):
        say(tenant_id, n)
    assert len(calls) == 1
    with tenant(tenant_id):
        assert Outbox.objects.filter(done_at=None).count() == 5


def test_each_effect_happens_once_over_a_hundred_deliveries(tenant_id: int, wire: Wire) -> None:
    wire(Said=[heard, also_heard])
    ids = say(tenant_id, 1, 2)
    for _ in range(100):
        relay.deliver(tenant_id)
        with tenant(tenant_id):  # the message comes again: a relay was killed before it said "done"
            db.execute("UPDATE core_outbox SET done_at = NULL WHERE id = ANY (%s::bigint[])", db.array(ids))
    assert effects(tenant_id) == [1, 2]
    assert effects(tenant_id, "also heard") == [1, 2]


def test_eight_relays_at_once_have_one_effect_in_order(tenant_id: int, wire: Wire) -> None:
    wire(Said=[heard, also_heard])
    numbers = list(range(30))
    say(tenant_id, *numbers)
    start = threading.Barrier(8, timeout=20)

    def work() -> None:
        start.wait()
        relay.deliver(tenant_id)
        connection.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert effects(tenant_id) == numbers
    assert effects(tenant_id, "also heard") == numbers
    with tenant(tenant_id):
        assert not Outbox.objects.filter(done_at=None).exists()


def test_a_handler_that_fails_halfway_leaves_nothing_and_is_tried_again(tenant_id: int, wire: Wire) -> None:
    tries: list[int] = []

    def shaky(payload: Payload) -> None:
        accounts.record("shaky", "event", payload["n"], actor_id=None)
        tries.append(payload["n"])
        if len(tries) < 3:
            raise RuntimeError("half of it")

    wire(Said=[heard, shaky, also_heard])
    (event_id,) = say(tenant_id, 7)
    for attempt in (1, 2):
        assert relay.deliver(tenant_id) == 0
        waiting = event(tenant_id, event_id)
        assert (waiting.attempts, waiting.done_at) == (attempt, None)
        assert "RuntimeError: half of it" in waiting.error
        assert effects(tenant_id, "shaky") == effects(tenant_id, "also heard") == []
        make_due(tenant_id)
    assert relay.deliver(tenant_id) == 1
    assert effects(tenant_id) == effects(tenant_id, "shaky") == effects(tenant_id, "also heard") == [7]
    assert event(tenant_id, event_id).done_at is not None


def test_a_handler_that_breaks_the_transaction_is_put_off_too(tenant_id: int, wire: Wire) -> None:
    wire(Said=[lambda _payload: db.execute("SELECT 1/0")])
    (event_id,) = say(tenant_id, 1)
    assert relay.deliver(tenant_id) == 0
    assert "division by zero" in event(tenant_id, event_id).error


def test_events_are_delivered_in_the_order_they_were_said(tenant_id: int, wire: Wire) -> None:
    wire(Said=[heard])
    for n in range(120):  # more than a batch, over several transactions
        say(tenant_id, n)
    assert relay.deliver(tenant_id) == 120
    assert effects(tenant_id) == list(range(120))


def test_a_long_backlog_is_read_a_batch_at_a_time(tenant_id: int, wire: Wire) -> None:
    wire(Said=[heard])
    say(tenant_id, *range(relay.BATCH * 3 + 1))
    with CaptureQueriesContext(connection) as asked:
        assert relay.deliver(tenant_id) == relay.BATCH * 3 + 1
    reads = [one["sql"] for one in asked if one["sql"].startswith("SELECT") and "core_outbox" in one["sql"]]
    assert len(reads) == 5
    assert all(sql.endswith(f"LIMIT {relay.BATCH}") for sql in reads)


def test_one_that_fails_does_not_stop_the_ones_after_it(tenant_id: int, wire: Wire) -> None:
    def picky(payload: Payload) -> None:
        if payload["n"] == 2:
            raise RuntimeError("not this one")
        heard(payload)

    wire(Said=[picky])
    say(tenant_id, 1, 2, 3)
    assert relay.deliver(tenant_id) == 2
    assert effects(tenant_id) == [1, 3]


def test_the_pause_doubles_and_then_it_waits_for_a_person(tenant_id: int, wire: Wire) -> None:
    def never(_payload: Payload) -> None:
        raise RuntimeError("never")

    wire(Said=[never])
    (event_id,) = say(tenant_id, 1)
    pauses = []
    for _ in range(relay.GIVE_UP_AFTER - 1):
        assert relay.deliver(tenant_id) == 0
        assert relay.deliver(tenant_id) == 0  # not due: not tried
        with tenant(tenant_id):
            pauses.append(
                round(
                    db.rows(
                        "SELECT extract(epoch FROM next_try_at - clock_timestamp())::float8 FROM core_outbox"
                    )[0][0]
                )
            )
        make_due(tenant_id)
    assert pauses == [2**n for n in range(1, relay.GIVE_UP_AFTER)]
    relay.deliver(tenant_id)
    with tenant(tenant_id):
        assert db.rows(
            "SELECT next_try_at = 'infinity', attempts, done_at FROM core_outbox WHERE id = %s", event_id
        ) == [(True, relay.GIVE_UP_AFTER, None)]
    make_due(tenant_id)
    relay.deliver(tenant_id)
    with tenant(tenant_id):
        assert db.rows("SELECT attempts FROM core_outbox WHERE id = %s", event_id) == [(relay.GIVE_UP_AFTER,)]


def test_handlers_work_in_the_tenant_of_the_event(tenant_id: int, other_tenant_id: int, wire: Wire) -> None:
    seen: list[int] = []
    wire(Said=[lambda _payload: seen.append(current_tenant())])
    say(tenant_id, 1)
    say(other_tenant_id, 1)
    assert {tenant_id, other_tenant_id} <= set(relay.due_tenants())
    assert relay.deliver(tenant_id) == 1
    assert seen == [tenant_id]
    assert other_tenant_id in relay.due_tenants()
    assert tenant_id not in relay.due_tenants()


def test_a_fact_nobody_listens_to_is_done(tenant_id: int, wire: Wire) -> None:
    wire()
    (event_id,) = say(tenant_id, 1)
    assert relay.deliver(tenant_id) == 1
    assert event(tenant_id, event_id).done_at is not None
