"""What must be true at every commit, as SQL that returns no row.

Each floor lists its laws in its `invariants.py`.  A law is one statement, so it sees one snapshot: whatever commits meanwhile is seen
whole or not at all.  It runs in the scope of one tenant; row-level security keeps the rest out of sight.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, connections
from django.utils.module_loading import autodiscover_modules

from core.tenancy import TenantForeignKey, TenantRow, tenant

SHOWN = 20  # rows of one broken law that are kept


def no_parameters() -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Invariant:
    """One law.  `sql` returns the rows that break it; `parameters` are asked for inside the tenant's scope."""

    name: str
    law: str
    sql: str
    parameters: Callable[[], tuple[Any, ...]] = no_parameters


@dataclass(frozen=True, slots=True)
class Broken:
    """A law and the first rows that break it, as (column, value) pairs."""

    name: str
    law: str
    rows: tuple[tuple[tuple[str, Any], ...], ...]


_laws: dict[str, Invariant] = {}


def register(*laws: Invariant) -> None:
    """Add laws; called once, at import, by each floor's `invariants.py`."""
    for law in laws:
        if law.name in _laws:
            raise ValueError(f"invariant {law.name} registered twice")
        _laws[law.name] = law


def list_laws() -> list[Invariant]:
    """Every law of every floor, and one for each id that is copied without a foreign key."""
    autodiscover_modules("invariants")
    return [*_laws.values(), *_copies()]


def prove(tenant_id: int) -> Iterator[Broken]:
    """The laws that this tenant's rows break.  One transaction a law: a long proof holds no snapshot back."""
    for law in list_laws():
        with tenant(tenant_id), connection.cursor() as cursor:
            cursor.execute(law.sql, law.parameters() or None)
            names = [column.name for column in cursor.description]
            rows = cursor.fetchmany(SHOWN)
        if rows:
            yield Broken(law.name, law.law, tuple(tuple(zip(names, row, strict=True)) for row in rows))


def list_tenants() -> list[tuple[int, str]]:
    """(id, slug) of every tenant."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT id, slug FROM core_tenant ORDER BY id")
        return [(tenant_id, slug) for tenant_id, slug in cursor.fetchall()]


def _copies() -> Iterator[Invariant]:
    for model in apps.get_models():
        if not issubclass(model, TenantRow):
            continue
        table = model._meta.db_table
        for field in model._meta.local_fields:
            if isinstance(field, TenantForeignKey) and field.is_copied:
                parent = field.related_model._meta.db_table
                yield Invariant(
                    f"core.copy.{table}.{field.column}",
                    f"every {table}.{field.column} is the id of a row of the same tenant",
                    f'SELECT c.id, c."{field.column}" FROM "{table}" c LEFT JOIN "{parent}" p'
                    f' ON p.tenant_id = c.tenant_id AND p.id = c."{field.column}"'
                    f' WHERE c."{field.column}" IS NOT NULL AND p.id IS NULL',
                )


register(
    Invariant(
        "core.outbox.delivered",
        "every fact is delivered, or will be tried again within three hours",
        "SELECT id, topic, attempts, left(error, 200) AS error FROM core_outbox"
        " WHERE done_at IS NULL AND next_try_at > clock_timestamp() + interval '3 hours'",
    ),
    Invariant(
        "core.inbox.known",
        "every effect belongs to a fact",
        "SELECT i.id, i.handler, i.event_id FROM core_inbox i LEFT JOIN core_outbox o"
        " ON o.tenant_id = i.tenant_id AND o.id = i.event_id WHERE o.id IS NULL",
    ),
    Invariant(
        "core.job.not_stuck",
        "every unfinished job is due now, or somebody holds its lease for less than an hour",
        "SELECT id, kind, status, lease_until FROM core_job WHERE status IN ('QUEUED', 'RUNNING')"
        " AND (lease_until > clock_timestamp() + interval '1 hour' OR (status = 'RUNNING' AND lease_token IS NULL))",
    ),
    Invariant(
        "core.idempotency.answered",
        "every idempotency key that was committed has its answer",
        "SELECT id, key FROM core_idempotentrequest WHERE status < 200 OR response = ''",
    ),
)
