"""The laws of the data, all in one snapshot-sized transaction: cheap enough for every step of a test."""

from django.db import connection

from core import invariants
from core.tenancy import tenant


def broken(tenant_id: int, *prefixes: str) -> list[str]:
    """Laws (whose name starts with one of `prefixes`, or all) that this tenant's rows break, each with its first rows."""
    found = []
    with tenant(tenant_id), connection.cursor() as cursor:
        for law in invariants.list_laws():
            if prefixes and not law.name.startswith(prefixes):
                continue
            cursor.execute(law.sql, list(law.parameters()) or None)
            if rows := cursor.fetchmany(5):
                found.append(f"{law.name} ({law.law}): {rows}")
    return found
