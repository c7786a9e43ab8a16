"""What is handed to the server while Python goes on: one order of statements, one transaction, no problem unheard."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection

from core import db
from core.db import BEHIND_FROM_ROWS
from core.models import Outbox
from core.tenancy import current_scope, tenant

MANY = BEHIND_FROM_ROWS
GATE = 4711  # an advisory lock that the server waits for


@contextmanager
def a_closed_gate() -> Iterator[threading.Event]:
    """Another connection holds the gate until the event is set, or the block ends."""
    closed, opened = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [GATE])
            closed.set()
            opened.wait(20)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE])
        connection.close()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert closed.wait(10)
    try:
        yield opened
    finally:
        opened.set()
        thread.join(30)


def write(topic: str, count: int = MANY, first_id: int | None = None) -> None:
    ids = list(db.new_ids(count))
    if first_id is not None:
        ids[0] = first_id
    db.insert_behind(Outbox, ["id", "topic", "payload"], [(id_, topic, "{}") for id_ in ids])


def count(topic: str) -> int:
    return int(db.rows("SELECT count(*) FROM core_outbox WHERE topic = %s", topic)[0][0])


def busy() -> bool:
    behind = current_scope().behind
    return behind is not None and behind.is_busy


class TestInOrder:
    def test_the_next_statement_sees_it(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            write("one")
            write("two")
            assert (count("one"), count("two")) == (MANY, MANY)

    def test_so_does_the_orm(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            write("one")
            assert Outbox.objects.filter(topic="one").count() == MANY

    def test_python_goes_on_meanwhile(self, tenant_id: int) -> None:
        with a_closed_gate() as gate, tenant(tenant_id):
            db.execute_behind(MANY, "SELECT pg_advisory_xact_lock(%s)", GATE)
            write("behind the gate")
            assert busy()
            gate.set()
            assert count("behind the gate") == MANY
            assert not busy()

    def test_a_small_one_keeps_its_place(self, tenant_id: int) -> None:
        with a_closed_gate() as gate, tenant(tenant_id):
            db.execute_behind(MANY, "SELECT pg_advisory_xact_lock(%s)", GATE)
            write("small", 1)
            db.execute_behind(1, "UPDATE core_outbox SET topic = 'renamed' WHERE topic = 'small'")
            assert busy()
            gate.set()
            assert (count("small"), count("renamed")) == (0, 1)

    def test_few_rows_are_stored_at_once(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            write("few", MANY - 1)
            assert not busy()

    def test_it_is_there_after_the_end(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            write("kept")
        with tenant(tenant_id):
            assert count("kept") == MANY


class TestProblems:
    def test_one_comes_up_at_the_next_statement(self, tenant_id: int) -> None:
        with pytest.raises(DataError) as caught, tenant(tenant_id):
            write("undone")
            db.execute_behind(MANY, "SELECT 1 / 0")
            count("undone")
        assert caught.value.__notes__ == ["written behind: SELECT 1 / 0"]
        with tenant(tenant_id):
            assert count("undone") == 0

    def test_or_at_the_end_and_nothing_is_kept(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            write("first")
            (taken,) = db.rows("SELECT min(id) FROM core_outbox")[0]
        with pytest.raises(IntegrityError), tenant(tenant_id):
            write("fine")
            write("twice", first_id=taken)
            write("never sent")
        with tenant(tenant_id):
            assert (count("fine"), count("twice"), count("never sent")) == (0, 0, 0)

    def test_a_savepoint_hears_its_own(self, tenant_id: int) -> None:
        with tenant(tenant_id):
            write("before")
            with pytest.raises(DataError), db.savepoint():
                write("inside")
                db.execute_behind(MANY, "SELECT 1 / 0")
            write("after")
            assert (count("before"), count("inside"), count("after")) == (MANY, 0, MANY)

    def test_not_what_was_handed_over_before_it(self, tenant_id: int) -> None:
        with pytest.raises(DataError), tenant(tenant_id):
            db.execute_behind(MANY, "SELECT 1 / 0")
            try:
                with db.savepoint():
                    pytest.fail("a savepoint of a broken transaction")
            except OperationalError:
                pytest.fail("taken for the savepoint's own problem")

    def test_the_first_problem_is_the_one_to_tell(self, tenant_id: int) -> None:
        with a_closed_gate() as gate, pytest.raises(ZeroDivisionError), tenant(tenant_id):
            db.execute_behind(MANY, "SELECT pg_advisory_xact_lock(%s)", GATE)
            db.execute_behind(MANY, "SELECT 1 / 0")
            gate.set()
            raise ZeroDivisionError
        with tenant(tenant_id):
            write("the connection is whole")
            assert count("the connection is whole") == MANY

    def test_nothing_is_sent_after_the_end(self, tenant_id: int) -> None:
        """A statement that began after the rollback would stand alone, and stay."""
        with a_closed_gate() as gate, pytest.raises(KeyError), tenant(tenant_id):
            db.execute_behind(MANY, "SELECT pg_advisory_xact_lock(%s)", GATE)
            write("late")
            threading.Timer(0.05, gate.set).start()  # while the scope ends
            raise KeyError
        with tenant(tenant_id):
            assert count("late") == 0


def test_a_forked_child_has_its_own_threads(tenant_id: int) -> None:
    with tenant(tenant_id):
        write("parent")
    connection.close()
    child = os.fork()
    if not child:
        code = 1
        try:
            with tenant(tenant_id):
                write("child")
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    with tenant(tenant_id):
        assert (count("parent"), count("child")) == (MANY, MANY)
