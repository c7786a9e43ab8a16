"""What racing processes do.  Imported once by a server process that forks the racers, so that each starts in milliseconds.

Every actor gets a gate that opens for all of them together, and returns what the test looks at.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
django.setup()

from unittest import mock  # noqa: E402  after setup

from core import db  # noqa: E402
from core.tenancy import tenant  # noqa: E402
from inventory.models import HoldKind  # noqa: E402
from inventory.rules.promise import Demand, PromisePlan  # noqa: E402
from inventory.sellable import Standing  # noqa: E402
from inventory.services import allocations, holds, promises, reserving  # noqa: E402
from orders.services import pipeline  # noqa: E402
from tests import builders as make  # noqa: E402
from tests.races.moments import PATIENCE_S, Moment  # noqa: E402
from warehouse.services import waves  # noqa: E402

PAID = datetime(2026, 6, 1, 8, tzinfo=UTC)
Gate = Callable[[], object]


@contextmanager
def first(module: Any, name: str, wait: Callable[[], object]) -> Iterator[None]:
    """Calls of `module.name` wait for something first."""
    real = getattr(module, name)

    def waiting(*args: Any, **kwargs: Any) -> Any:
        wait()
        return real(*args, **kwargs)

    with mock.patch.object(module, name, waiting):
        yield


def slowly(module: Any, name: str, seconds: float) -> AbstractContextManager[None]:
    """Calls of `module.name` pause first: the moment between the look and the write is made long enough to be hit."""
    return first(module, name, partial(time.sleep, seconds))


@contextmanager
def without_anchors() -> Iterator[None]:
    """Take the locks of stock away, to prove that the race is a race."""
    look = promises.plan_with_standing

    def look_only(
        facility_id: int, demands: Sequence[Demand], *, locked: bool
    ) -> tuple[PromisePlan, Standing]:
        return look(facility_id, demands, locked=False)

    with (
        mock.patch.object(promises, "plan_with_standing", look_only),
        mock.patch.object(promises, "lock_anchors", lambda _places: None),
        mock.patch.object(allocations, "lock_anchors", lambda _places: None),
        mock.patch.object(holds, "lock_anchors", lambda _places: None),
        slowly(promises, "add_counters", 0.02),
        slowly(reserving, "_write", 0.02),
        slowly(allocations, "add_counters", 0.02),
    ):
        yield


def push(
    gate: Gate, tenant_id: int, channel_id: int, orders: Mapping[str, int], code: str, batch: int, locks: bool
) -> dict[str, int]:
    """Push orders (number -> units of `code`) in batches; what the pipeline counted."""
    incoming = [
        make.incoming((code, units), number=number, placed_at=PAID, to=make.receiver(phone=number))
        for number, units in orders.items()
    ]
    gate()
    total = pipeline.ProcessResult()
    with nullcontext() if locks else without_anchors():
        for start in range(0, len(incoming), batch):
            part = incoming[start : start + batch]
            total = total.plus(pipeline.push(tenant_id=tenant_id, channel_id=channel_id, incoming=part))
    return {"created": total.created, "unchanged": total.unchanged, "stopped": total.stopped}


def release(
    gate: Gate, tenant_id: int, facility_id: int, limit: int, size: int, locks: bool
) -> tuple[list[int], list[int]]:
    """Release waves until nothing is left twice running; (parcels released, parcels short)."""

    def plain(
        _rank: Any, model: Any, columns: str, where: str, *params: object, order: str = "id", limit: int
    ) -> Any:
        sql = f'SELECT {columns} FROM "{model._meta.db_table}" WHERE tenant_id = %s AND {where} ORDER BY {order} LIMIT %s'
        found = db.rows(sql, tenant_id, *params, limit)
        time.sleep(0.05)
        return found

    released: list[int] = []
    short: list[int] = []
    gate()
    idle = 0
    while idle < 3:
        with mock.patch.object(db, "claim", db.claim if locks else plain), tenant(tenant_id):
            done = waves.release(facility_id=facility_id, limit=limit, size=size)
        released += done.parcel_ids
        short += done.short
        idle = 0 if done.parcel_ids or done.short else idle + 1
        time.sleep(0.01 * bool(idle))
    return released, short


def hold(gate: Gate, tenant_id: int, lot_id: int, waves_first: int, is_over: Moment, locks: bool) -> None:
    """Hold a lot when some waves have been released, and say when that is over."""
    gate()
    until = time.monotonic() + (PATIENCE_S if locks else 10)  # without the locks the releases may have failed
    try:
        while time.monotonic() < until:
            with tenant(tenant_id):
                if db.rows("SELECT count(*) >= %s FROM warehouse_wave", waves_first)[0][0]:
                    break
        with nullcontext() if locks else without_anchors():
            recall(tenant_id, lot_id)
    finally:
        is_over.come()


def recall(tenant_id: int, lot_id: int, before_the_commit: Callable[[], object] = lambda: None) -> None:
    with tenant(tenant_id):
        holds.hold_lots(lot_ids=[lot_id], kind=HoldKind.RECALL, document="D", reason="召回", actor_id=None)
        before_the_commit()


def allocate(
    gate: Gate, tenant_id: int, facility_id: int, limit: int, turns: int, is_held: Moment, locks: bool
) -> list[int]:
    """Release waves one after the other while a hold comes in between; the parcels released.  After `turns` the hold is waited for."""
    released: list[int] = []
    gate()
    for turn in range(40):
        if turn == turns:
            is_held.wait()
        with nullcontext() if locks else without_anchors(), tenant(tenant_id):
            done = waves.release(facility_id=facility_id, limit=limit, size=limit)
        released += done.parcel_ids
        if not done.parcel_ids:
            break
    return released
