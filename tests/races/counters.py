"""People who count, and goods that move meanwhile, as racing processes.  tests/races/actors.py has set Django up."""

import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from unittest import mock

from core import db
from core.errors import ERPError
from core.tenancy import tenant
from inventory.models import AdjustmentReason, CountTaskStatus
from inventory.services import counting
from inventory.services.adjusting import AdjustmentLineInput, adjust
from inventory.services.count_review import ask_again, post_count
from inventory.services.counted_lots import CountLine
from inventory.services.receiving import ReceiptInput, receive
from tests.races import actors  # noqa: F401  Django first

Gate = Callable[[], object]


def _plain(
    _rank: Any, model: Any, columns: str, where: str, *params: object, order: str = "id", limit: int = 0
) -> Any:
    sql = f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {where} ORDER BY {order}'
    found = db.rows(f"{sql} LIMIT {limit}" if limit else sql, *params)
    time.sleep(0.01)
    return found


def count_empty(gate: Gate, tenant_id: int, count_id: int, person: int, locks: bool) -> list[int]:
    """Take one task after the other and hand it in empty; the tasks this person had."""
    mine: list[int] = []
    gate()
    with nullcontext() if locks else mock.patch.multiple(db, lock=_plain, claim=_plain):
        for _ in range(200):
            with tenant(tenant_id):
                task = counting.claim_task(count_id=count_id, actor_id=person)
            if task is None:
                break
            mine.append(task.id)
            with tenant(tenant_id):
                counting.hand_in(task_id=task.id, round_=task.round, lines=[], actor_id=person)
    return mine


def trade(
    gate: Gate, tenant_id: int, facility_id: int, bin_id: int, sku_id: int, lot: str, turns: int
) -> int:
    """Units come and go, hand and book together; what stays of it."""
    chance, net = random.Random(bin_id + turns), 0
    gate()
    for turn in range(turns):
        units = chance.randint(1, 3)
        with tenant(tenant_id):
            ((lot_id,),) = db.rows("SELECT id FROM inventory_lot WHERE code = %s", lot)
            if chance.random() < 0.5:
                reference = f"R-{bin_id}-{turns}-{turn}-{chance.random()}"
                line = ReceiptInput(sku_id, lot, bin_id, units)
                receive(facility_id=facility_id, reference=reference, lines=[line])
                net += units
            else:
                lines = [AdjustmentLineInput(bin_id, lot_id, -units)]
                adjust(facility_id=facility_id, reason=AdjustmentReason.DAMAGED, lines=lines, actor_id=None)
                net -= units
        time.sleep(chance.uniform(0, 0.02))
    return net


def count_truly(gate: Gate, tenant_id: int, count_id: int, person: int, missing: int, lot: str) -> int:
    """A person who counts right: at some instant he sees what the book says without the units that are missing.  Rounds he took.

    Goes on until his part of the count is agreed; what is disputed is sent for another round.
    """
    chance, rounds = random.Random(person), 0
    gate()
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        with tenant(tenant_id):
            task = counting.claim_task(count_id=count_id, actor_id=person)
        if task is None:
            with tenant(tenant_id):
                told = dict(db.rows("SELECT status, min(id) FROM inventory_counttask GROUP BY 1"))
                if CountTaskStatus.DISPUTED in told:
                    ask_again(count_id=count_id, task_ids=[told[CountTaskStatus.DISPUTED]], actor_id=None)
                elif not told.keys() & {0, 1, 2}:
                    return rounds
            time.sleep(0.01)
            continue
        time.sleep(chance.uniform(0, 0.05))
        with tenant(tenant_id):
            ((sku_id, seen),) = db.rows(
                "SELECT b.sku_id, b.on_hand FROM inventory_balance b JOIN inventory_lot l ON l.id = b.lot_id WHERE l.code = %s"
                " AND b.bin_id = %s",
                lot,
                task.bin_id,
            )
        time.sleep(chance.uniform(0, 0.05))
        with tenant(tenant_id):
            lines = [CountLine(sku_id, lot, seen - missing)]
            counting.hand_in(task_id=task.id, round_=task.round, lines=lines, actor_id=person)
        rounds += 1
    raise TimeoutError("the bin never came to rest")


def book(gate: Gate, tenant_id: int, count_id: int, person: int) -> str:
    """Press "book" once; what came of it."""
    gate()
    try:
        with tenant(tenant_id):
            done = post_count(count_id=count_id, actor_id=person)
    except ERPError as refusal:
        return refusal.code
    return "again" if done.again else "booked"
