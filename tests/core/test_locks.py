"""Locks are taken downwards in rank, sorted, and never waited for without an end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from core import db
from core.db import LockOrder, Rank
from core.models import Job
from core.tenancy import NoTenant, tenant
from inventory.models import Balance, Bin
from o2o.models import Dispatch
from orders.models import Order
from tests import builders as make
from warehouse.models import Parcel


@contextmanager
def meanwhile(tenant_id: int, work: Callable[[], object]) -> Iterator[None]:
    """Another transaction has done `work` and keeps its locks until the block ends."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with tenant(tenant_id):
            work()
            held.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert held.wait(10)
    yield
    done.set()
    thread.join(60)
    assert not thread.is_alive()


def lock_job(job_id: int) -> list[tuple[int, ...]]:
    return db.lock(Rank.JOB, Job, "id", "id = %s", job_id)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Rank.STOCK, Rank.WAVE),
        (Rank.PARCEL, Rank.ORDER),
        (Rank.PARCEL, Rank.DISPATCH),
        (Rank.ORDER, Rank.JOB),
    ],
)
def test_a_lock_of_a_lower_rank_is_refused(tenant_id: int, first: Rank, second: Rank) -> None:
    with tenant(tenant_id):
        db.lock(first, Order, "id", "id = 1")
        with pytest.raises(LockOrder):
            db.lock(second, Order, "id", "id = 1")
        with pytest.raises(LockOrder):
            db.claim(second, Order, "id", "id = 1", limit=1)
        with pytest.raises(LockOrder):
            db.lock_sql(second, "SELECT 1")


def test_locks_downwards_and_of_one_rank_are_fine(tenant_id: int) -> None:
    with tenant(tenant_id):
        assert db.lock(Rank.JOB, Job, "id", "id = 1") == []
        assert db.lock(Rank.ORDER, Order, "id", "id = 1") == []
        assert db.lock(Rank.DISPATCH, Dispatch, "id", "id = 1") == []
        assert db.lock(Rank.PARCEL, Parcel, "id", "id = 1") == []
        for _ in range(2):
            assert db.lock(Rank.STOCK, Balance, "id", "id = 1") == []
    with tenant(tenant_id):
        db.lock(Rank.JOB, Job, "id", "id = 1")  # the next transaction starts from the top


def test_a_lock_needs_a_tenant() -> None:
    with pytest.raises(NoTenant):
        db.lock(Rank.JOB, Job, "id", "id = 1")


def test_a_savepoint_undone_gives_its_ranks_back(tenant_id: int) -> None:
    with tenant(tenant_id) as scope:
        db.lock(Rank.DOCUMENT, Job, "id", "id = 1")
        with pytest.raises(ZeroDivisionError), db.savepoint():
            db.lock(Rank.STOCK, Balance, "id", "id = 1")
            scope.memo["nudged"] = True
            raise ZeroDivisionError
        assert "nudged" not in scope.memo
        db.lock(Rank.ORDER, Order, "id", "id = 1")
        with db.savepoint():
            db.lock(Rank.STOCK, Balance, "id", "id = 1")
        with pytest.raises(LockOrder):
            db.lock(Rank.ORDER, Order, "id", "id = 1")


def test_a_lock_that_waits_too_long_is_an_error(tenant_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant(tenant_id):
        job = make.make_job()
    monkeypatch.setattr("core.tenancy.LOCK_TIMEOUT", "50ms")
    with (
        meanwhile(tenant_id, lambda: lock_job(job)),
        pytest.raises(OperationalError, match="lock timeout"),
        tenant(tenant_id),
    ):
        lock_job(job)
    with tenant(tenant_id):
        assert lock_job(job) == [(job,)]


def test_the_lock_timeout_is_set_in_every_scope_and_ends_with_it(tenant_id: int) -> None:
    with tenant(tenant_id):
        assert db.rows("SHOW lock_timeout") == [("10s",)]
    assert db.rows("SHOW lock_timeout") == [("0",)]


def test_a_claim_skips_what_is_locked_elsewhere(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        bins = make.make_bins(facility, 4)

    def claim(limit: int) -> list[int]:
        return [
            row[0]
            for row in db.claim(
                Rank.WAVE, Bin, "id", "facility_id = %s", facility, order="sequence", limit=limit
            )
        ]

    with meanwhile(tenant_id, lambda: claim(2)), tenant(tenant_id):
        assert claim(10) == bins[2:]


def test_own_rows_do_not_wait_and_ranks_start_anew(tenant_id: int) -> None:
    with tenant(tenant_id):
        mine, theirs = make.make_job(), make.make_job()
    with meanwhile(tenant_id, lambda: lock_job(theirs)):
        with tenant(tenant_id):
            db.lock(Rank.STOCK, Balance, "id", "id = 1")
            with db.own_rows():
                assert lock_job(mine) == [(mine,)]
            assert db.rows("SHOW lock_timeout") == [("10s",)]
            with pytest.raises(LockOrder):
                lock_job(mine)
        with pytest.raises(OperationalError, match="lock timeout"), tenant(tenant_id), db.own_rows():
            lock_job(theirs)


def test_a_lock_does_not_block_key_checks_of_other_writers(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility = make.make_facility()
        channel = make.make_channel(facility)
        order = make.make_order(channel, facility)
    with meanwhile(tenant_id, lambda: db.lock(Rank.ORDER, Order, "id", "id = %s", order)), tenant(tenant_id):
        db.execute("SET LOCAL lock_timeout = '100ms'")
        assert make.make_finding(order)


def test_a_lock_never_reaches_another_tenant(tenant_id: int, other_tenant_id: int) -> None:
    with tenant(tenant_id):
        job = make.make_job()
    with tenant(other_tenant_id):
        assert lock_job(job) == []
