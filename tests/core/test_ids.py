"""Ids: known before the insert, nobody else's, small enough for JavaScript."""

import os
import threading

from django.db import connection, connections

from core import db


def test_ids_of_threads_are_all_different() -> None:
    found: list[int] = []
    start = threading.Barrier(6, timeout=20)

    def work() -> None:
        start.wait()
        mine = [id_ for size in (1, 3, 700, 1, 4_000, 2) for id_ in db.new_ids(size)]
        found.extend(mine)
        connection.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == len(set(found)) == 6 * 4_707


def test_a_forked_child_does_not_hand_out_its_parents_ids() -> None:
    db.new_ids(1)  # the parent holds most of a block now
    read, write = os.pipe()
    connections.close_all()  # a connection must not be shared with the child
    child = os.fork()
    if child == 0:
        ids = db.new_ids(50)
        os.write(write, ",".join(map(str, ids)).encode())
        os._exit(0)  # nothing of pytest's may run twice
    os.close(write)
    with os.fdopen(read) as pipe:
        theirs = [int(one) for one in pipe.read().split(",")]
    assert os.waitpid(child, 0)[1] == 0
    assert len(set(theirs) | set(db.new_ids(50))) == 100


def test_a_request_larger_than_a_block_is_served_whole() -> None:
    ids = db.new_ids(2 * db.BLOCK + 17)
    assert len(ids) == len(set(ids)) == 2 * db.BLOCK + 17
    assert max(ids) < 2**53
    assert min(ids) > 0


def test_no_ids_for_nobody() -> None:
    assert list(db.new_ids(0)) == []
    assert list(db.new_ids(-1)) == []
