"""Delivers facts from the outbox to their handlers: at least once, each effect once.

One tenant's events are delivered one after the other, in the order in which they were said.  An event whose handler fails waits and is
tried again; the ones after it go on (handlers compare what they find, not what the event says).
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils.module_loading import import_string

from core import db
from core.db_functions import ClockTimestamp
from core.models import Inbox, Outbox
from core.tenancy import current_tenant, tenant

log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], None]
GIVE_UP_AFTER = (
    12  # tries, with the pause doubling from 2 s: about two hours; then it waits for a person, never deleted
)
BATCH = 50


def handlers(topic: str) -> tuple[Handler, ...]:
    """Who listens to this fact, from the one table in erp/wiring.py."""
    wiring: Mapping[str, tuple[Handler, ...]] = import_string(settings.WIRING)
    return wiring.get(topic, ())


def due_tenants() -> list[int]:
    """Tenants with undelivered facts (a plain read as sys)."""
    with connections["sys"].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tenant_id FROM core_outbox WHERE done_at IS NULL AND next_try_at <= clock_timestamp() ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


def deliver(tenant_id: int) -> int:
    """Deliver what is due for one tenant; how many events were finished."""
    finished = 0
    put_off: set[int] = set()
    while events := _due(tenant_id, put_off):
        for event_id, topic, payload in events:
            if _deliver_one(tenant_id, event_id, topic, payload):
                finished += 1
            else:
                put_off.add(event_id)
    return finished


def _due(tenant_id: int, put_off: set[int]) -> list[tuple[int, str, Mapping[str, Any]]]:
    with tenant(tenant_id):
        found = Outbox.objects.filter(done_at__isnull=True, next_try_at__lte=ClockTimestamp()).order_by(
            "at", "id"
        )
        return [(e.id, e.topic, e.payload) for e in found.exclude(id__in=put_off)[:BATCH]]


def _deliver_one(tenant_id: int, event_id: int, topic: str, payload: Mapping[str, Any]) -> bool:
    """Each handler's effect commits with its row in the inbox; the event is done when every handler has one."""
    try:
        for handler in handlers(topic):
            with tenant(tenant_id):
                if _first_time(handler, event_id):
                    handler(payload)
        with tenant(tenant_id):
            Outbox.objects.filter(id=event_id).update(done_at=ClockTimestamp())
        return True
    except Exception as problem:  # whatever a handler raises must not stop the others
        log.exception("handler failed", extra={"topic": topic, "event_id": event_id, "tenant_id": tenant_id})
        if isinstance(problem, DatabaseError):
            connections["default"].close_if_unusable_or_obsolete()
        _put_off(tenant_id, event_id, f"{type(problem).__name__}: {problem}")
        return False


def _first_time(handler: Handler, event_id: int) -> bool:
    name = f"{handler.__module__}.{handler.__qualname__}"
    return bool(
        db.rows(
            f"INSERT INTO {Inbox._meta.db_table} (tenant_id, id, handler, event_id) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (tenant_id, event_id, handler) DO NOTHING RETURNING id",
            current_tenant(),
            db.new_id(),
            name,
            event_id,
        )
    )


def _put_off(tenant_id: int, event_id: int, error: str) -> None:
    with tenant(tenant_id):
        db.execute(
            f"UPDATE {Outbox._meta.db_table} SET attempts = attempts + 1, error = left(%s, 2000), next_try_at ="
            " CASE WHEN attempts + 1 >= %s THEN 'infinity'::timestamptz"
            " ELSE clock_timestamp() + (2 ^ least(attempts + 1, 12)) * interval '1 second' END"
            " WHERE tenant_id = %s AND id = %s",
            error.replace("\x00", ""),
            GIVE_UP_AFTER,
            tenant_id,
            event_id,
        )
