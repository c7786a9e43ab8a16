"""Say a fact in the transaction that makes it true.  The only place that hands work to the broker.

Facts are plural and in the past tense: one event carries the ids of a whole batch.  Celery and Redis are a nudge: what they lose, the
clock process finds in the tables.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string

from core import db
from core.circuit import Circuit
from core.models import Outbox
from core.tenancy import current_scope

log = logging.getLogger(__name__)
_broker = Circuit()


def emit(topic: str, payload: Mapping[str, Any]) -> int:
    """Write one fact; returns the event's id.  `payload` is JSON: ids, numbers, words; never a person's data."""
    scope = current_scope()
    event_id = db.new_id()
    db.insert_behind(Outbox, ["id", "topic", "payload"], [(event_id, topic, json.dumps(payload))])
    if "nudged" not in scope.memo:
        scope.memo["nudged"] = True
        tenant_id = scope.tenant_id
        transaction.on_commit(lambda: nudge("core.tasks.deliver", tenant_id))
    return event_id


def nudge(task: str, *ids: int) -> None:
    """Ask a worker to look now.  May be lost without harm, so a broker that is away is only worth a line in the log."""
    if _broker.is_open:
        return
    try:
        import_string(task).apply_async(args=ids, retry=False)
    except Exception as problem:  # noqa: BLE001  any broker failure: the clock asks again
        _broker.trip()
        log.warning("nudge lost", extra={"task": task, "problem": str(problem)})
